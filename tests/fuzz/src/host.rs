//! A server over a site that runs: a scene as its camera, and the component by hand as its rule.

use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt;
use ocellus_core::{Detection, Name};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, RulePolicy, RuleSettings, Site, SiteParts, SiteSettings,
};
use ocellus_runtime::{AbiVersion, Runtime, RuntimeOptions};
use ocellus_server::{ServerOptions, router};
use ocellus_store::Database;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime as Tasks;
use tower::ServiceExt;

use crate::hand;

/// Answers each question with the `{}` that stands there.
const ANSWER: &[(&str, &str)] = &[(
    ";;query;;",
    "(i32.store (i32.const 0x204) (i32.const 0x90)) (i32.store (i32.const 0x208) (i32.const 2))",
)];

/// Sees nothing.
struct Nothing([String; 1]);

impl Detector for Nothing {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        Ok(batch.iter().map(|_| Vec::new()).collect())
    }
}

/// One host for all inputs of a process: camera `gate`, rule `steady`, plugin `hand`.
pub struct Host {
    tasks: Tasks,
    router: Router,
    _folder: tempfile::TempDir,
}

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, which is JSON.
    ///
    /// # Panics
    /// Where it is not.
    #[must_use]
    pub fn parsed<T: DeserializeOwned>(&self) -> T {
        let text = || String::from_utf8_lossy(&self.body).into_owned();
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", text()))
    }
}

impl Host {
    /// The host.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn get() -> &'static Host {
        static HOST: OnceLock<Host> = OnceLock::new();
        HOST.get_or_init(|| Host::start().unwrap_or_else(|error| panic!("{error}")))
    }

    fn start() -> Result<Host, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let source = SourceSpec::parse("scene:crossing?seed=1&width=160&height=128&fps=1")?;
        let parts = SiteParts {
            embedder: None,
            reader: None,
            detector: Box::new(Nothing(["person".to_owned()])),
            runtime: Runtime::new(RuntimeOptions { max_instances: 32, ..RuntimeOptions::default() })?,
            database: Database::open(folder.path())?.database,
        };
        let gate = Name::new("gate")?;
        let cameras = vec![CameraSettings::new(gate.clone(), source)];
        let site = Site::start(parts, SiteSettings { cameras, ..SiteSettings::default() })?;
        let plugin = site.upload_plugin(hand::component(AbiVersion::V0_2, ANSWER))?.digest;
        site.put_rule(RuleSettings {
            name: Name::new("steady")?,
            plugin,
            cameras: vec![gate],
            settings: "{}".to_owned(),
            policy: RulePolicy::default(),
            grants: Some(hand::grants().clone()),
        })?;
        let tasks = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let router = router(site, ServerOptions::default());
        Ok(Host { tasks, router, _folder: folder })
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send((method, path), "application/json", body)
    }

    /// Asks with a query, if it can stand in an address.
    #[must_use]
    pub fn query(&self, path: &str, query: &str) -> Option<Answer> {
        let uri = format!("{path}?{query}").parse::<Uri>().ok()?;
        Some(self.send(("GET", &uri.to_string()), "application/json", b""))
    }

    /// Sends anything.
    ///
    /// # Panics
    /// Where `kind` cannot stand in a header, or the server gives no answer.
    #[must_use]
    pub fn send(&self, (method, path): (&str, &str), kind: &str, body: &[u8]) -> Answer {
        let kind = HeaderValue::from_str(kind).unwrap_or_else(|error| panic!("{error}"));
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.header("content-type", kind).body(Body::from(body.to_vec()));
        let request = request.unwrap_or_else(|error| panic!("{error}"));
        self.tasks.block_on(async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap_or_else(|error| panic!("{error}"));
            Answer { status, body: body.to_bytes().to_vec() }
        })
    }
}
