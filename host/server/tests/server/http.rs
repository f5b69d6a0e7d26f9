//! An answer and what tests ask of it.

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::Value;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Checks that it is a whole problem document of this status and sort, and gives its detail.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, sort: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["type"], format!("urn:ocellus:problem:{sort}"), "{document}");
        assert_eq!(document["status"], status);
        assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()), "{document}");
        assert!(document["instance"].as_str().is_some_and(|path| path.starts_with('/')), "{document}");
        document["detail"].as_str().expect("a detail").to_owned()
    }
}
