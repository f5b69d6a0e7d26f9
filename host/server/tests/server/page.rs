//! The console is served whole and safely.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use ocellus_server::ServerOptions;

use crate::host::{TestHost, request};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_all_its_files_are_served_under_a_strict_policy() {
    let host = TestHost::start(ServerOptions::default()).await;
    let page = host.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    for path in ocellus_console::paths() {
        let file = host.get(&format!("/{path}")).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        let policy = file.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("cross-origin-resource-policy"), "same-origin");
    }
    let text = page.text();
    assert!(
        !text.contains("<script>") && !text.contains("style=") && !text.contains("onclick"),
        "inline code"
    );
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let host = TestHost::start(ServerOptions::default()).await;
    let tag = host.get("/js/main.js").await.header("etag").to_owned();
    let again = request(Method::GET, "/js/main.js").header(header::IF_NONE_MATCH, tag);
    let again = host.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    host.get("/js/../../Cargo.toml").await.problem(404, "not-found");
    host.json(Method::POST, "/", "{}").await.problem(405, "method-not-allowed");
    host.end().await;
}
