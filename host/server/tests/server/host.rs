//! A host for tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures::StreamExt;
use http_body_util::BodyExt;
use ocellus_core::{Detection, Name, Rect};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, RecordingSettings, Site, SiteParts, SiteSettings,
};
use ocellus_runtime::{Runtime, RuntimeOptions, TrustedKeys};
use ocellus_server::{ConnectionLimits, ServeReport, ServerOptions, Shutdown, router, serve};
use ocellus_store::Database;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt;

use crate::http::Answer;

/// Longest wait for anything that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Sees one car, always in the same place.
struct OneCar([String; 1]);

impl Detector for OneCar {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let car = Detection { rect: Rect::new(64.0, 48.0, 80.0, 60.0), class: 0, confidence: 0.9 };
        Ok(batch.iter().map(|_| vec![car]).collect())
    }
}

/// A site with one scene camera `gate`, and the server over it.
pub(crate) struct TestHost {
    pub(crate) site: Site,
    pub(crate) router: Router,
    pub(crate) shutdown: Shutdown,
    _folder: Arc<tempfile::TempDir>,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn camera(text: &str) -> CameraSettings {
    CameraSettings::new(name(text), SourceSpec::parse("scene:crossing?seed=3").unwrap())
}

impl TestHost {
    pub(crate) async fn start(options: ServerOptions) -> TestHost {
        TestHost::with_cameras(vec![camera("gate")], options).await
    }

    /// Takes only plugins that one of these keys has signed.
    pub(crate) async fn with_keys(trusted_keys: TrustedKeys) -> TestHost {
        let runtime = RuntimeOptions { trusted_keys, ..RuntimeOptions::default() };
        TestHost::with(vec![camera("gate")], runtime, ServerOptions::default()).await
    }

    /// Cameras as of a config file.
    pub(crate) async fn with_cameras(cameras: Vec<CameraSettings>, options: ServerOptions) -> TestHost {
        TestHost::with(cameras, RuntimeOptions::default(), options).await
    }

    async fn with(cameras: Vec<CameraSettings>, runtime: RuntimeOptions, options: ServerOptions) -> TestHost {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().to_owned();
        let start = move || {
            let parts = SiteParts {
                embedder: None,
                reader: None,
                detector: Box::new(OneCar(["car".into()])),
                runtime: Runtime::new(runtime).unwrap(),
                database: Database::open(&path.join("data")).unwrap().database,
            };
            let config_file = Some("/etc/ocellus/site.toml".into());
            let recordings = Some(RecordingSettings {
                folder: path.join("recordings"),
                file_span: Duration::from_secs(600),
                file_bytes: 1 << 24,
                max_bytes: 1 << 28,
                keep_free_bytes: 0,
            });
            Site::start(parts, SiteSettings { config_file, cameras, recordings, ..Default::default() })
                .unwrap()
        };
        let site = tokio::task::spawn_blocking(start).await.unwrap();
        let shutdown = options.shutdown.clone();
        TestHost { router: router(site.clone(), options), site, shutdown, _folder: folder }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = within(self.router.clone().oneshot(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = within(body.collect()).await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_owned().into()).unwrap()).await
    }

    /// Waits until rules have seen `count` more frames of the camera.
    pub(crate) async fn frames(&self, camera: &str, count: usize) {
        let mut live = self.site.live(&name(camera)).unwrap();
        for _ in 0..count {
            within(live.next()).await.unwrap();
        }
    }

    /// Serves on a socket of its own. Small buffers, so that a reader that stops is soon felt.
    pub(crate) fn listen(&self) -> (SocketAddr, JoinHandle<ServeReport>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let serving =
            serve(listener, self.router.clone(), self.shutdown.clone(), ConnectionLimits::default());
        (address, tokio::spawn(serving))
    }

    pub(crate) async fn end(self) {
        self.shutdown.begin();
        let report =
            tokio::task::spawn_blocking(move || self.site.shutdown(Duration::from_secs(20))).await.unwrap();
        assert_eq!(report.still_running, Vec::<String>::new());
    }
}

pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, "localhost:8080")
}

/// Opens a WebSocket, or gives the status with which it was refused.
pub(crate) async fn connect(address: SocketAddr, path: &str) -> Result<Socket, StatusCode> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = within(socket.connect(address)).await.unwrap();
    let request = format!("ws://{address}{path}").into_client_request().unwrap();
    match within(client_async(request, stream)).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status()),
        Err(error) => panic!("{error}"),
    }
}

/// The next message that is no ping.
pub(crate) async fn next(socket: &mut Socket) -> Message {
    loop {
        match within(socket.next()).await.expect("the connection ended").expect("a message") {
            Message::Ping(_) | Message::Pong(_) => {}
            message => return message,
        }
    }
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing came in a minute")
}
