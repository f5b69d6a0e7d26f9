//! What is changed on a camera that goes on: its region and its calibration.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use ocellus_server::ServerOptions;
use serde_json::json;

use crate::host::{TestHost, name, request, within};

const YARD: &str = r#"{"name":"yard","source":"scene:parking-lot?seed=5","frame_rate":25}"#;
/// The one car that the test's detector sees stands at (0.1625, 0.28125) of the scene's picture.
const AROUND: &str = r#"{"areas":[[[0.0,0.0],[0.5,0.0],[0.5,0.5],[0.0,0.5]]]}"#;
const ELSEWHERE: &str = r#"{"areas":[[[0.5,0.5],[1.0,0.5],[1.0,1.0],[0.5,1.0]]]}"#;
const CORNERS: &str = r#"{"points":[{"picture":[0.1,0.9],"ground":[0,0]},{"picture":[0.9,0.9],"ground":[6,0]},
    {"picture":[0.7,0.1],"ground":[6,30]},{"picture":[0.2,0.1],"ground":[0,30]}]}"#;

impl TestHost {
    async fn yard() -> TestHost {
        let host = TestHost::start(ServerOptions::default()).await;
        let added = host.json(Method::POST, "/api/v1/cameras", YARD).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
        host
    }

    async fn delete(&self, path: &str) -> StatusCode {
        self.send(request(Method::DELETE, path).body(Body::empty()).unwrap()).await.status
    }

    /// Waits for a frame of the yard in which `holds` is true of the number of tracks and of those with a place.
    async fn yard_with(&self, holds: impl Fn(usize, usize) -> bool) {
        let mut live = self.site.live(&name("yard")).unwrap();
        loop {
            let (frame, _) = within(live.next()).await.unwrap();
            let placed = frame.tracks.iter().filter(|track| track.ground.is_some()).count();
            if holds(frame.tracks.len(), placed) {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_set_on_a_running_camera_ends_the_tracks_outside_and_is_counted() {
    let host = TestHost::yard().await;
    host.yard_with(|tracks, _| tracks == 1).await;
    let set = host.json(Method::PUT, "/api/v1/cameras/yard/region", ELSEWHERE).await;
    assert_eq!(
        (set.status, &set.json()["region"]["crop"]),
        (StatusCode::OK, &json!(false)),
        "{}",
        set.text()
    );
    host.yard_with(|tracks, _| tracks == 0).await;
    let seen = host.get("/api/v1/cameras/yard").await.json();
    assert!(seen["ignored"]["outside"].as_u64() > Some(0) && seen["ignored"]["masked"] == 0, "{seen}");
    let metrics = host.get("/metrics").await.text();
    assert!(metrics.contains(r#"ocellus_camera_detections_ignored_total{camera="yard",reason="outside"}"#));
    let set = host.json(Method::PUT, "/api/v1/cameras/yard/region", AROUND).await;
    assert_eq!(set.status, StatusCode::OK);
    host.yard_with(|tracks, _| tracks == 1).await;
    let mut live = host.site.live(&name("yard")).unwrap();
    let (frame, _) = within(live.next()).await.unwrap();
    assert!(frame.overlays.iter().any(|(who, shapes)| who.as_str() == "region" && shapes.len() == 1));
    assert_eq!(host.delete("/api/v1/cameras/yard/region").await, StatusCode::NO_CONTENT);
    assert_eq!(host.get("/api/v1/cameras/yard").await.json()["region"], json!(null));
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calibration_is_tried_set_and_taken_away_while_the_camera_goes_on() {
    let host = TestHost::yard().await;
    let tried = host.json(Method::POST, "/api/v1/cameras/yard/calibration/check", CORNERS).await.json();
    assert!(tried["lines"].as_array().unwrap().len() > 5 && tried["spacing_m"] == 5.0, "{tried}");
    assert_eq!(host.get("/api/v1/cameras/yard").await.json()["calibration"], json!(null));
    host.yard_with(|tracks, placed| tracks == 1 && placed == 0).await;
    let set = host.json(Method::PUT, "/api/v1/cameras/yard/calibration", CORNERS).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    assert_eq!(set.json()["calibration"]["given"]["points"].as_array().unwrap().len(), 4);
    host.yard_with(|_, placed| placed == 1).await;
    assert_eq!(host.delete("/api/v1/cameras/yard/calibration").await, StatusCode::NO_CONTENT);
    host.yard_with(|tracks, placed| tracks == 1 && placed == 0).await;
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_and_what_the_config_file_declares_is_refused_with_the_reason() {
    let host = TestHost::yard().await;
    let put = async |path: &str, body: &str| host.json(Method::PUT, path, body).await;
    let region = "/api/v1/cameras/yard/region";
    for (body, says) in [
        ("{}", "neither areas nor masks"),
        (r#"{"areas":[[[0,0],[1,0]]]}"#, "region.areas[0]: a polygon needs at least 3 corners"),
        (r#"{"masks":[[[0,0],[1,0],[2,1]]]}"#, "region.masks[0][2] is [2, 1]"),
        (r#"{"areas":[],"crop":true}"#, "region.areas is empty"),
        (r#"{"zones":[]}"#, "zones"),
    ] {
        let said = put(region, body).await.problem(422, "invalid");
        assert!(said.contains(says), "{body}: {said}");
    }
    let three = r#"{"points":[{"picture":[0,0],"ground":[0,0]}]}"#;
    assert!(put("/api/v1/cameras/yard/calibration", three).await.problem(422, "invalid").contains("1 pairs"));
    let tried = host.json(Method::POST, "/api/v1/cameras/yard/calibration/check", three).await;
    assert!(tried.problem(422, "invalid").contains("1 pairs"));
    for (path, body) in [("region", AROUND), ("calibration", CORNERS)] {
        let declared = put(&format!("/api/v1/cameras/gate/{path}"), body).await.problem(409, "read-only");
        assert!(declared.contains("/etc/ocellus/site.toml"), "{declared}");
        put(&format!("/api/v1/cameras/none/{path}"), body).await.problem(404, "not-found");
    }
    let bad = r#"{"name":"b","source":"scene:road","region":{"areas":[[[0,0],[1,1]]]}}"#;
    let bad = host.json(Method::POST, "/api/v1/cameras", bad).await.problem(422, "invalid");
    assert!(bad.contains("camera b: region.areas[0]"), "{bad}");
    host.end().await;
}
