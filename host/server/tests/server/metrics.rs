//! `/metrics`

use ocellus_server::ServerOptions;

use crate::host::{TestHost, camera};

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_in_one_process_tell_their_own_cameras_only() {
    let first = TestHost::with_cameras(vec![camera("north")], ServerOptions::default()).await;
    let second = TestHost::with_cameras(vec![camera("south")], ServerOptions::default()).await;
    first.frames("north", 3).await;
    let answer = first.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    assert!(text.contains("ocellus_camera_state{camera=\"north\",state=\"live\"} 1"), "{text}");
    assert!(!text.contains("south"), "{text}");
    for wanted in [
        "ocellus_camera_events_total{camera=\"north\"}",
        "ocellus_events_written_total",
        "ocellus_store_failing 0",
        "ocellus_camera_frames_total{camera=\"north\"}",
        "ocellus_camera_frames_dropped_total{camera=\"north\"}",
        "ocellus_stage_seconds_total{camera=\"north\",stage=\"detect\"}",
        "ocellus_viewers 0",
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "# TYPE ocellus_rule_call_seconds gauge",
    ] {
        assert!(text.contains(wanted), "no {wanted} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(second.get("/metrics").await.text().contains("camera=\"south\""));
    first.end().await;
    second.end().await;
}
