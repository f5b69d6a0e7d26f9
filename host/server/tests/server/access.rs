//! Tokens and pages of other sites.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use ocellus_server::{ServerOptions, Token};

use crate::host::{TestHost, connect, request};

const SECRET: &str = "correct-horse-battery";

fn with_token() -> ServerOptions {
    ServerOptions { token: Some(Token::new(SECRET).unwrap()), ..ServerOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nothing_is_told_but_health_and_the_page() {
    let host = TestHost::start(with_token()).await;
    for path in [
        "/api/v1/cameras",
        "/api/v1/cameras/gate/snapshot",
        "/api/v1/cameras/none",
        "/metrics",
        "/api/v1/events",
    ] {
        let answer = host.get(path).await;
        assert!(answer.problem(401, "unauthorized").contains("server.token"));
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    for wrong in ["wrong-horse-battery-x", "", SECRET.to_uppercase().as_str(), &SECRET[..20]] {
        let bearer =
            request(Method::GET, "/api/v1/cameras").header(header::AUTHORIZATION, format!("Bearer {wrong}"));
        host.send(bearer.body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
        host.get(&format!("/api/v1/cameras?token={wrong}")).await.problem(401, "unauthorized");
    }
    let basic =
        request(Method::GET, "/api/v1/cameras").header(header::AUTHORIZATION, format!("Basic {SECRET}"));
    host.send(basic.body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
    assert_eq!(host.get("/").await.status, StatusCode::OK);
    host.frames("gate", 1).await;
    let health = host.get("/health").await.json();
    assert!(
        health["components"].as_array().unwrap().iter().all(|part| part.get("detail").is_none()),
        "{health}"
    );
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_everything_in_the_header_or_the_query() {
    let host = TestHost::start(with_token()).await;
    let bearer =
        request(Method::GET, "/api/v1/cameras").header(header::AUTHORIZATION, format!("Bearer {SECRET}"));
    assert_eq!(host.send(bearer.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
    assert_eq!(host.get(&format!("/api/v1/events?token={SECRET}&limit=1")).await.status, StatusCode::OK);
    let (address, serving) = host.listen();
    assert_eq!(connect(address, "/ws/v1/cameras/gate").await.unwrap_err(), StatusCode::UNAUTHORIZED);
    assert!(connect(address, &format!("/ws/v1/cameras/gate?token={SECRET}")).await.is_ok());
    host.end().await;
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_can_neither_change_nor_watch_anything() {
    let host = TestHost::start(ServerOptions::default()).await;
    let from = |method: Method, path: &str, name: &str, value: &str| {
        let request =
            request(method, path).header(name, value).header(header::CONTENT_TYPE, "application/wasm");
        request.body(Body::from("x")).unwrap()
    };
    for origin in ["http://evil.example", "http://localhost:9999", "null", "http://127.0.0.1:8080"] {
        let answer = host.send(from(Method::POST, "/api/v1/plugins", "origin", origin)).await;
        assert!(answer.problem(403, "foreign-origin").contains(origin));
        host.send(from(Method::DELETE, "/api/v1/cameras/gate", "origin", origin))
            .await
            .problem(403, "foreign-origin");
    }
    let fetched = from(Method::POST, "/api/v1/plugins", "sec-fetch-site", "cross-site");
    host.send(fetched).await.problem(403, "foreign-origin");
    // A page may fetch what it cannot read; recording a rule is more than that.
    let journal = "/api/v1/rules/none/journal?camera=gate";
    for mode in ["cors", "navigate", "no-cors"] {
        let asked = request(Method::POST, journal).header("sec-fetch-site", "cross-site");
        let asked = asked.header("origin", "http://evil.example").header("sec-fetch-mode", mode);
        host.send(asked.body(Body::empty()).unwrap()).await.problem(403, "foreign-origin");
        assert_eq!(host.get(journal).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let image = from(Method::GET, "/api/v1/cameras/gate/snapshot", "sec-fetch-site", "cross-site");
    host.send(image).await.problem(403, "foreign-origin");
    let socket = request(Method::GET, "/ws/v1/cameras/gate")
        .header("upgrade", "websocket")
        .header("connection", "upgrade");
    let socket = socket.header("origin", "http://evil.example").body(Body::empty()).unwrap();
    host.send(socket).await.problem(403, "foreign-origin");
    // The console itself: it comes as far as the plugin's refusal.
    let own = host.send(from(Method::POST, "/api/v1/plugins", "origin", "http://localhost:8080")).await;
    own.problem(422, "plugin-refused");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_hostile_dns_points_here_is_not_answered() {
    let host =
        TestHost::start(ServerOptions { allowed_hosts: vec!["cams.lan".into()], ..ServerOptions::default() })
            .await;
    let called = async |name: &str| {
        let request = axum::http::Request::get("/api/v1/cameras").header(header::HOST, name);
        host.send(request.body(Body::empty()).unwrap()).await
    };
    for foreign in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example"] {
        assert!(called(foreign).await.problem(421, "unknown-host").contains("server.allowed_hosts"));
    }
    for known in ["localhost", "127.0.0.1:8080", "[::1]:8080", "cams.lan:8080"] {
        assert_eq!(called(known).await.status, StatusCode::OK, "{known}");
    }
    let nameless = axum::http::Request::get("/api/v1/cameras").body(Body::empty()).unwrap();
    host.send(nameless).await.problem(400, "bad-request");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_the_operator_allows_may_call() {
    let allowed_origins = vec!["https://wall.example".to_owned()];
    let host = TestHost::start(ServerOptions { allowed_origins, ..with_token() }).await;
    let call = request(Method::GET, "/api/v1/cameras").header("origin", "https://wall.example");
    let call = call.header(header::AUTHORIZATION, format!("Bearer {SECRET}")).body(Body::empty()).unwrap();
    let answer = host.send(call).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (StatusCode::OK, "https://wall.example")
    );
    host.end().await;
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_is_never_logged() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let host = TestHost::start(with_token()).await;
    host.get(&format!("/api/v1/cameras?token={SECRET}")).await;
    host.get(&format!("/api/v1/events?token={SECRET}&limit=x")).await;
    host.get("/api/v1/cameras?token=wrong-horse-battery").await;
    let bearer =
        request(Method::POST, "/api/v1/cameras").header(header::AUTHORIZATION, format!("Bearer {SECRET}"));
    host.send(bearer.body(Body::from("{")).unwrap()).await;
    host.end().await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("/api/v1/events") && text.contains("401"), "{text}");
    assert!(!text.contains("horse-battery"), "{text}");
}
