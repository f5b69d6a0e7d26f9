//! A running host on a free port of this machine.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::ocellus_command;

/// A running `ocellus serve` or `ocellus demo`; killed when dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Everything it needs lies here.
    pub folder: PathBuf,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

/// How long anything is waited for before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

impl Host {
    /// Starts `ocellus serve` in `folder` with this config text, on a free port.
    #[must_use]
    pub fn serve(folder: &Path, config: &str) -> Host {
        Host::launch(folder, &mut Host::command(folder, config))
    }

    /// Starts the program and waits until it names its address.
    #[must_use]
    pub fn start(folder: &Path, args: &[&str]) -> Host {
        Host::launch(folder, ocellus_command().args(args))
    }

    /// The command `ocellus serve` in `folder` with this config text, on a free port.
    #[must_use]
    pub fn command(folder: &Path, config: &str) -> Command {
        let path = folder.join("ocellus.toml");
        std::fs::write(&path, format!("[server]\naddress = \"127.0.0.1:0\"\n{config}")).unwrap();
        let mut command = ocellus_command();
        command.args(["serve", "--config", path.to_str().unwrap()]);
        command
    }

    /// Starts a command and waits until it names its address.
    #[must_use]
    pub fn launch(folder: &Path, command: &mut Command) -> Host {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        let url = loop {
            let Some(Ok(line)) = lines.next() else {
                let _ = child.wait();
                panic!("the host did not start:\n{}", seen.join("\n"));
            };
            let address = line.split_whitespace().find(|word| word.starts_with("http://"));
            if let Some(address) = address {
                break address.trim_end_matches('/').to_owned();
            }
            seen.push(line);
        };
        // What it says later is passed on, so that its pipe never fills.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("host: {line}")));
        Host { child, url, folder: folder.to_owned() }
    }

    /// GET, as JSON.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        answer(agent().get(format!("{}{path}", self.url)).call())
    }

    /// POST without a body, answered by text; anything but success fails the test.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        let mut response = agent().post(format!("{}{path}", self.url)).send_empty().unwrap();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        assert!(response.status().is_success(), "{path}: {text}");
        text
    }

    /// POST with a body.
    #[must_use]
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let request = agent().post(format!("{}{path}", self.url)).header("content-type", content_type);
        answer(request.send(body))
    }

    /// Uploads a component with what shall be its signature.
    #[must_use]
    pub fn upload_signed(&self, component: &[u8], signature: Option<&str>) -> Answer {
        let request =
            agent().post(format!("{}/api/v1/plugins", self.url)).header("content-type", "application/wasm");
        let request = match signature {
            Some(signature) => request.header("ocellus-signature", signature),
            None => request,
        };
        answer(request.send(component))
    }

    /// POST or PUT with a JSON body.
    #[must_use]
    pub fn send_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.url);
        let request = match method {
            "PUT" => agent().put(url),
            _ => agent().post(url),
        };
        answer(request.header("content-type", "application/json").send(body.to_string().as_bytes()))
    }

    /// DELETE.
    #[must_use]
    pub fn delete(&self, path: &str) -> Answer {
        answer(agent().delete(format!("{}{path}", self.url)).call())
    }

    /// Uploads a component and gives its digest.
    #[must_use]
    pub fn upload(&self, component: &Path) -> String {
        let bytes = std::fs::read(component).unwrap();
        let answer = self.post("/api/v1/plugins", "application/wasm", &bytes);
        assert!(answer.status < 300, "{answer:?}");
        answer.body["digest"].as_str().unwrap().to_owned()
    }

    /// Asks again until `done` likes the answer.
    pub fn wait_until(&self, path: &str, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if done(&answer.body) {
                return answer.body;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {:?}", answer.body);
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and the exit code.
    pub fn terminate(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = result.unwrap();
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().unwrap_or_default();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}
