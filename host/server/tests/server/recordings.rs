//! Recordings of cameras over REST.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use ocellus_pipeline::record::{RecordEnd, RecordReader, unpack};
use ocellus_server::ServerOptions;
use serde_json::json;

use crate::host::{TestHost, request};

const YARD: &str = r#"{"name":"yard","source":"scene:parking-lot?seed=5","frame_rate":25}"#;
const SWITCH: &str = "/api/v1/cameras/yard/recording";

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_recorded_between_two_calls_and_the_file_is_read_whole() {
    let host = TestHost::start(ServerOptions::default()).await;
    host.json(Method::POST, "/api/v1/cameras", YARD).await;
    let switch = async |method: Method| host.send(request(method, SWITCH).body(Body::empty()).unwrap()).await;
    let on = switch(Method::PUT).await;
    assert_eq!((on.status, &on.json()["recording"]["on"]), (StatusCode::OK, &json!(true)), "{}", on.text());
    host.frames("yard", 6).await;
    let health = host.get("/health").await.json().to_string();
    assert!(health.contains("\"recordings\"") && health.contains("of 1 cameras"), "{health}");
    assert_eq!(switch(Method::DELETE).await.status, StatusCode::NO_CONTENT);
    let list = async || host.get("/api/v1/recordings?camera=yard").await.json()["recordings"].clone();
    let mut files = list().await;
    // The writer ends the file beside the call.
    while files[0]["open"] != json!(false) {
        host.frames("yard", 1).await;
        files = list().await;
    }
    let files = files.as_array().unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    let path = format!("/api/v1/recordings/yard/{}", files[0]["file"].as_str().unwrap());
    let got = host.get(&path).await;
    assert_eq!((got.status, got.header("content-type")), (StatusCode::OK, "application/gzip"));
    assert!(got.header("content-disposition").contains("yard-"), "{:?}", got.headers);
    let mut reader = RecordReader::new(unpack(&got.bytes[..]).unwrap()).unwrap();
    assert_eq!(reader.header().classes, ["car"]);
    let mut frames = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        assert!(frames > 0 || frame.time.0 == files[0]["from_us"].as_u64().unwrap());
        frames += 1;
    }
    let status = host.get("/api/v1/cameras/yard").await.json()["recording"].clone();
    assert_eq!((reader.end(), &status["frames"]), (Some(RecordEnd::Whole), &json!(frames)), "{status}");
    assert!(frames >= 5 && status["missed"] == 0, "{status}");
    assert!(host.get("/metrics").await.text().contains("ocellus_recording_frames_total{camera=\"yard\"}"));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_recording_is_not_found_and_a_declared_camera_is_read_only() {
    let host = TestHost::start(ServerOptions::default()).await;
    for path in ["gate/00000000000000000001.jsonl.gz", "gate/..%2F..%2Fdata", "none/x"] {
        host.get(&format!("/api/v1/recordings/{path}")).await.problem(404, "not-found");
    }
    host.get("/api/v1/recordings/a%20b/x").await.problem(400, "bad-name");
    assert_eq!(host.get("/api/v1/recordings").await.json(), json!({"recordings": []}));
    let on = request(Method::PUT, "/api/v1/cameras/gate/recording").body(Body::empty()).unwrap();
    host.send(on).await.problem(409, "read-only");
    host.end().await;
}
