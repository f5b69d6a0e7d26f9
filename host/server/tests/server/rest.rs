//! REST: what is refused, how it is said, and what is done.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use ocellus_runtime::TrustedKey;
use ocellus_server::ServerOptions;

use crate::host::{TestHost, request};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_that_names_it() {
    let host = TestHost::start(ServerOptions::default()).await;
    for path in ["/api/v1/cameras/none", "/api/v1/cameras/none/snapshot", "/api/v1/cameras/none/stream.mjpeg"]
    {
        let answer = host.get(path).await;
        assert!(answer.problem(404, "not-found").contains("no camera \"none\""));
        assert_eq!(answer.json()["instance"], path);
    }
    assert!(host.get("/api/v1/rules/none").await.problem(404, "not-found").contains("none"));
    assert!(host.get("/api/v1/plugins/0000").await.problem(404, "not-found").contains("0000"));
    assert!(host.get("/api/v2/cameras").await.problem(404, "not-found").contains("openapi.json"));
    assert!(host.get("/api/v1/cameras/a%20b").await.problem(400, "bad-name").contains("a b"));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_take_is_refused_with_those_it_takes() {
    let host = TestHost::start(ServerOptions::default()).await;
    let answer = host.json(Method::PATCH, "/api/v1/cameras", "{}").await;
    answer.problem(405, "method-not-allowed");
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_used_is_refused_and_the_field_named() {
    let host = TestHost::start(ServerOptions::default()).await;
    let post = async |body: &str| host.json(Method::POST, "/api/v1/cameras", body).await;
    assert!(post("{").await.problem(400, "bad-json").contains("not JSON"));
    let wrong = post(r#"{"name":"yard","source":"scene:road","tracker":{"track_buffer":"long"}}"#).await;
    assert!(wrong.problem(422, "invalid").contains("tracker.track_buffer"));
    assert_eq!(wrong.json()["field"], "tracker.track_buffer");
    let unknown = post(r#"{"name":"yard","source":"scene:road","colour":1}"#).await;
    assert!(unknown.problem(422, "invalid").contains("colour"));
    let range = post(r#"{"name":"yard","source":"scene:road","confidence":2}"#).await;
    assert!(range.problem(422, "invalid").contains("confidence is 2"));
    let source = post(r#"{"name":"yard","source":"rtsp://admin:hunter2@"}"#).await;
    source.problem(422, "bad-source");
    assert!(!source.text().contains("hunter2"), "{}", source.text());
    assert_eq!(source.json()["field"], "source");
    assert!(
        post(r#"{"name":"../yard","source":"scene:road"}"#)
            .await
            .problem(400, "bad-name")
            .contains("../yard")
    );
    let flood = post(&format!(r#"{{"{}":1}}"#, "ä".repeat(100_000))).await;
    flood.problem(422, "invalid");
    assert!(flood.bytes.len() < 10_000, "a refusal of {} bytes", flood.bytes.len());
    let form = request(Method::POST, "/api/v1/cameras").header(header::CONTENT_TYPE, "text/plain");
    let form = host.send(form.body(Body::from("name=yard")).unwrap()).await;
    assert!(form.problem(415, "unsupported-media-type").contains("application/json"));
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
    post(&large).await.problem(413, "too-large");
    assert_eq!(host.site.cameras().len(), 1);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_cannot_be_used_is_refused_and_the_parameter_named() {
    let host = TestHost::start(ServerOptions::default()).await;
    for (query, named) in [
        ("snapshot?height=8", "height is 8"),
        ("snapshot?height=tall", "height"),
        ("snapshot?quality=0", "quality is 0"),
        ("snapshot?quality=300", "quality"),
        ("snapshot?draw=crayon", "draw"),
        ("snapshot?hight=100", "hight"),
        ("stream.mjpeg?quality=-1", "quality"),
    ] {
        let detail = host.get(&format!("/api/v1/cameras/gate/{query}")).await.problem(400, "bad-query");
        assert!(detail.contains(named), "{query}: {detail}");
    }
    for (query, named) in [
        ("limit=0", "limit is 0"),
        ("limit=1001", "limit is 1001"),
        ("order=up", "order"),
        ("from=-1", "from"),
    ] {
        let detail = host.get(&format!("/api/v1/events?{query}")).await.problem(400, "bad-query");
        assert!(detail.contains(named), "{query}: {detail}");
    }
    assert!(host.get("/api/v1/events?camera=a/b").await.problem(400, "bad-name").contains("camera"));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_no_plugin_is_refused_and_nothing_is_kept() {
    let host = TestHost::start(ServerOptions::default()).await;
    let upload = async |kind: &str, body: Vec<u8>| {
        let request = request(Method::POST, "/api/v1/plugins").header(header::CONTENT_TYPE, kind);
        host.send(request.body(Body::from(body)).unwrap()).await
    };
    let garbage = upload("application/wasm", b"not a component".to_vec()).await;
    assert!(garbage.problem(422, "plugin-refused").len() > 30, "{}", garbage.text());
    upload("application/wasm", Vec::new()).await.problem(422, "plugin-refused");
    upload("text/plain", b"x".to_vec()).await.problem(415, "unsupported-media-type");
    let large = vec![0_u8; 33 * 1024 * 1024];
    upload("application/octet-stream", large).await.problem(413, "too-large");
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n";
    let unnamed = upload("multipart/form-data; boundary=b", form.into()).await;
    assert!(unnamed.problem(400, "bad-request").contains("`plugin`"));
    let named = upload("multipart/form-data; boundary=b", form.replace("file", "plugin").into()).await;
    named.problem(422, "plugin-refused");
    upload("multipart/form-data", form.into()).await.problem(400, "bad-request");
    assert_eq!(host.get("/api/v1/plugins").await.json()["plugins"], serde_json::json!([]));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_are_never_sent_whole_are_few_and_take_no_place_once_they_are_gone() {
    let host = TestHost::start(ServerOptions::default()).await;
    let upload = |body: Body| {
        let request =
            request(Method::POST, "/api/v1/plugins").header(header::CONTENT_TYPE, "application/wasm");
        host.send(request.body(body).unwrap())
    };
    let endless = || Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let mut hanging: Vec<_> = (0..8).map(|_| Box::pin(upload(endless()))).collect();
    for upload in &mut hanging {
        assert!(futures::poll!(upload).is_pending());
    }
    let refused = upload(Body::from("late")).await;
    assert!(refused.problem(503, "too-many-uploads").contains("8 uploads"));
    drop(hanging);
    upload(Body::from("in time")).await.problem(422, "plugin-refused");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_without_a_reader_has_no_plates_and_what_is_asked_of_them_is_checked() {
    let host = TestHost::start(ServerOptions::default()).await;
    let yard = r#"{"name":"yard","source":"scene:parking-lot?seed=5"}"#;
    assert_eq!(host.json(Method::POST, "/api/v1/cameras", yard).await.status, StatusCode::CREATED);
    let path = "/api/v1/cameras/yard/plates";
    assert_eq!(host.get(path).await.json(), serde_json::json!({"plates": []}));
    host.get(&format!("{path}?limit=0")).await.problem(400, "bad-query");
    host.get(&format!("{path}/one/picture")).await.problem(400, "bad-request");
    assert!(host.get(&format!("{path}/7/picture")).await.problem(404, "not-found").contains("track \"7\""));
    host.get("/api/v1/cameras/none/plates").await.problem(404, "not-found");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_a_trusted_signature_is_forbidden_whatever_it_is() {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse::<TrustedKey>().unwrap();
    let host = TestHost::with_keys([key].into_iter().collect()).await;
    let upload = async |signature: Option<&[u8]>| {
        let request =
            request(Method::POST, "/api/v1/plugins").header(header::CONTENT_TYPE, "application/wasm");
        let request = match signature {
            Some(signature) => request.header("Ocellus-Signature", signature),
            None => request,
        };
        host.send(request.body(Body::from("not even a component")).unwrap()).await
    };
    let unsigned = upload(None).await.problem(403, "signature-refused");
    assert!(unsigned.contains("it is not signed") && unsigned.contains("ocellus plugin sign"), "{unsigned}");
    let zeros = "A".repeat(86) + "==";
    for (signature, says) in [
        (&b"\xff\xfe"[..], "not base64"),
        (b"AAAA", "3 bytes"),
        (zeros.as_bytes(), "trusted are 21fe31dfa154a261"),
    ] {
        let refused = upload(Some(signature)).await.problem(403, "signature-refused");
        assert!(refused.contains(says), "{refused}");
    }
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_needs_a_plugin_that_is_there() {
    let host = TestHost::start(ServerOptions::default()).await;
    let put = r#"{"plugin":"line-crossing","cameras":["gate"],"settings":{"lines":[]}}"#;
    let answer = host.json(Method::PUT, "/api/v1/rules/door", put).await;
    assert!(answer.problem(404, "not-found").contains("line-crossing"));
    let activate = host.json(Method::POST, "/api/v1/rules/door/activate", r#"{"plugin":"x@1.0.0"}"#).await;
    activate.problem(404, "not-found");
    let query = r#"{"camera":"gate","request":{"what":"counts"}}"#;
    host.json(Method::POST, "/api/v1/rules/door/query", query).await.problem(404, "not-found");
    host.json(Method::POST, "/api/v1/rules/door/command", query).await.problem(404, "not-found");
    let nameless = r#"{"plugin":"x","cameras":["gate","b/d"]}"#;
    assert!(
        host.json(Method::PUT, "/api/v1/rules/door", nameless)
            .await
            .problem(400, "bad-name")
            .contains("cameras[1]")
    );
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_added_seen_and_removed() {
    let host = TestHost::start(ServerOptions::default()).await;
    let body = r#"{"name":"yard","source":"scene:parking-lot?seed=5","frame_rate":5,"classes":["car"]}"#;
    let added = host.json(Method::POST, "/api/v1/cameras", body).await;
    assert_eq!((added.status, added.header("location")), (StatusCode::CREATED, "/api/v1/cameras/yard"));
    assert_eq!(added.json()["declared"], "rest");
    host.json(Method::POST, "/api/v1/cameras", body).await.problem(409, "exists");
    host.frames("yard", 3).await;
    let seen = host.get("/api/v1/cameras/yard").await.json();
    assert_eq!(seen["state"]["kind"], "live");
    assert!(seen["frames"].as_u64() >= Some(3), "{seen}");
    let delete = || request(Method::DELETE, "/api/v1/cameras/yard").body(Body::empty()).unwrap();
    assert_eq!(host.send(delete()).await.status, StatusCode::NO_CONTENT);
    host.send(delete()).await.problem(404, "not-found");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_of_the_config_file_cannot_be_removed_here() {
    let host = TestHost::start(ServerOptions::default()).await;
    let delete = request(Method::DELETE, "/api/v1/cameras/gate").body(Body::empty()).unwrap();
    assert!(host.send(delete).await.problem(409, "read-only").contains("/etc/ocellus/site.toml"));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_a_jpeg_of_the_height_asked_for() {
    let host = TestHost::start(ServerOptions::default()).await;
    host.frames("gate", 2).await;
    let answer = host.get("/api/v1/cameras/gate/snapshot?height=120&draw=plain").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/jpeg"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(jpeg_height(&answer.bytes), 120);
    host.end().await;
}

/// Height in the JPEG's frame header (SOF0).
fn jpeg_height(bytes: &[u8]) -> u16 {
    let at = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a baseline JPEG");
    u16::from_be_bytes([bytes[at + 5], bytes[at + 6]])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_site_where_nothing_happened_are_an_empty_page() {
    let host = TestHost::start(ServerOptions::default()).await;
    let page = host.get("/api/v1/events?camera=gate&order=oldest&limit=10").await.json();
    assert_eq!(page, serde_json::json!({"events": [], "next": null, "damaged": 0}));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_names_the_parts() {
    let host = TestHost::start(ServerOptions::default()).await;
    host.frames("gate", 2).await;
    let answer = host.get("/health").await;
    assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::OK, &serde_json::json!("healthy")));
    let parts: Vec<String> =
        answer.json()["components"].as_array().unwrap().iter().map(|part| part["name"].to_string()).collect();
    for wanted in ["detector", "store", "camera gate"] {
        assert!(parts.contains(&format!("{wanted:?}")), "{parts:?}");
    }
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_is_in_the_log_of_versions() {
    let host = TestHost::start(ServerOptions::default()).await;
    let upload = request(Method::POST, "/api/v1/plugins").header(header::CONTENT_TYPE, "application/wasm");
    let refused = host.send(upload.body(Body::from("not a component")).unwrap()).await;
    refused.problem(422, "plugin-refused");
    let log = host.get("/api/v1/transitions").await.json();
    let newest = &log["transitions"][0];
    assert_eq!((&newest["state"], &newest["cause"]), (&"refused".into(), &"upload".into()), "{log}");
    assert_eq!(newest["digest"], serde_json::Value::Null);
    let other = host.get("/api/v1/transitions?rule=none").await.json();
    assert_eq!(other["transitions"].as_array().unwrap().len(), 0);
    assert!(host.get("/api/v1/transitions?limit=0").await.problem(400, "bad-query").contains("limit"));
    assert!(host.get("/api/v1/events?limit=x").await.problem(400, "bad-query").contains("whole number"));
    host.json(Method::POST, "/api/v1/rules/none/roll-back", "{}").await.problem(404, "not-found");
    host.end().await;
}
