//! Requests to a running host.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// How long a host may take to answer at all.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take in all: it compiles what is uploaded, and large plugins take a while.
const WHOLE: Duration = Duration::from_secs(120);
/// Bytes that are sent without asking first whether they are wanted.
const AT_ONCE: usize = 16 << 10;
/// Bytes of an answer.
const ANSWER_BYTES: u64 = 4 << 20;

/// A host and what shows that we may talk to it.
pub(super) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// A request's body.
pub(super) struct Body<'a> {
    pub(super) kind: &'static str,
    pub(super) bytes: &'a [u8],
    /// A header more.
    pub(super) signature: Option<String>,
}

impl Client {
    /// For a host at `url`, with or without `/api/v1`.
    pub(super) fn new(url: &str, token: Option<String>) -> anyhow::Result<Client> {
        let base = url.trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches('/');
        // Before any other message would show it.
        ensure!(
            !base.contains('@'),
            "the host's address has a user name or a password in it; leave them out, a host takes a token: --token"
        );
        ensure!(
            !base.starts_with("https://"),
            "{url} wants TLS, which this command does not speak; name the host itself, as http://HOST:PORT, through \
             a tunnel if it is far"
        );
        ensure!(
            base.starts_with("http://") && base.len() > "http://".len(),
            "{url} is no host; write one such as http://127.0.0.1:8080"
        );
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .max_redirects(0)
            .build()
            .into();
        Ok(Client { agent, base: base.to_owned(), token })
    }

    /// The host as it was named.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// GET; `None` where there is nothing.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let request = self.request("GET", path).body(()).context("the request")?;
        let (status, body) = self.answer(self.agent.run(request))?;
        if status == 404 {
            return Ok(None);
        }
        taken("this", status, body).map(Some)
    }

    /// POST or PUT; `what` says in an error what was refused.
    pub(super) fn send(
        &self,
        (method, path): (&str, &str),
        body: Body<'_>,
        what: &str,
    ) -> anyhow::Result<Value> {
        let mut request = self.request(method, path).header("content-type", body.kind);
        if body.bytes.len() > AT_ONCE {
            // A host that refuses without looking at the body closes, and its words would be lost.
            request = request.header("expect", "100-continue");
        }
        if let Some(signature) = body.signature {
            request = request.header("ocellus-signature", signature);
        }
        let request = request.body(body.bytes).context("the request")?;
        let (status, body) = self.answer(self.agent.run(request))?;
        taken(what, status, body)
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn answer(&self, result: Result<Response<ureq::Body>, ureq::Error>) -> anyhow::Result<(u16, Value)> {
        let mut response = result.map_err(|error| self.unreached(error))?;
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES)
            .read_to_string()
            .with_context(|| format!("the answer of {}", self.base))?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Why there is no answer, for people.
    fn unreached(&self, error: ureq::Error) -> anyhow::Error {
        let base = &self.base;
        match error {
            ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => nobody(base, &error),
            ureq::Error::Io(ref cause) if cause.kind() == ErrorKind::ConnectionRefused => nobody(base, cause),
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => nobody(base, &error),
            ureq::Error::Timeout(_) => {
                anyhow!("{base} did not answer within {} s; it may still be at work", WHOLE.as_secs())
            }
            error => anyhow!("no answer from {base} ({error}); is the address right?"),
        }
    }
}

fn nobody(base: &str, cause: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!(
        "no host answers at {base} ({cause}); start one with `ocellus serve` or `ocellus demo`, or correct the address"
    )
}

/// The answer, or the host's problem document in words.
fn taken(what: &str, status: u16, body: Value) -> anyhow::Result<Value> {
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let Some(detail) = text("detail") else {
        bail!("the answer to {what} was {status}, and not from an Ocellus host; is the address right?");
    };
    let field = text("field").map_or(String::new(), |field| format!(" (field {field})"));
    let title = text("title").unwrap_or("refused").to_lowercase();
    let remedy = if status == 401 { "; give it with --token or in OCELLUS_TOKEN" } else { "" };
    bail!("the host refused {what}: {title}: {detail}{field}{remedy}")
}
