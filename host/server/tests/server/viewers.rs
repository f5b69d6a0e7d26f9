//! Viewers: what they get, what they miss, and that nobody's pictures are encoded.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use ocellus_server::{ServeReport, ServerOptions};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tower::ServiceExt;

use crate::host::{Socket, TestHost, camera, connect, name, next, request, within};

fn text(message: Message) -> Value {
    match message {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("not a text: {other:?}"),
    }
}

/// A frame's text and its picture.
async fn frame(socket: &mut Socket) -> (Value, Vec<u8>) {
    let said = text(next(socket).await);
    assert_eq!(said["type"], "frame");
    match next(socket).await {
        Message::Binary(picture) => (said, picture.to_vec()),
        other => panic!("no picture after {said}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_gets_each_frame_as_text_and_its_picture() {
    let host = TestHost::start(ServerOptions::default()).await;
    host.frames("gate", 10).await;
    let (address, _serving) = host.listen();
    let mut socket = connect(address, "/ws/v1/cameras/gate?height=120").await.unwrap();
    let mut last = None;
    for _ in 0..5 {
        let (said, picture) = frame(&mut socket).await;
        assert_eq!(&picture[..2], [0xff, 0xd8], "not a JPEG");
        assert_eq!((&said["camera"], &said["skipped"]), (&Value::from("gate"), &Value::from(0)));
        let track = &said["tracks"][0];
        assert_eq!(track["label"], "car");
        let size = (said["width"].as_f64().unwrap(), said["height"].as_f64().unwrap());
        let left = track["box"][0].as_f64().unwrap();
        assert!((left - 64.0 / size.0).abs() < 0.01, "{track}");
        let sequence = said["frame"].as_u64().unwrap();
        assert!(last.is_none_or(|last| sequence == last + 1), "{last:?} then {sequence}");
        last = Some(sequence);
    }
    drop(socket);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_viewer_gets_the_newest_frame_next_and_is_told_what_it_missed() {
    let host = TestHost::start(ServerOptions::default()).await;
    let (address, _serving) = host.listen();
    let mut socket = connect(address, "/ws/v1/cameras/gate?quality=95").await.unwrap();
    let (first, _) = frame(&mut socket).await;
    // It reads nothing for so long that the buffers between us are full many times over.
    host.frames("gate", 60).await;
    let newest = host.site.camera(&name("gate")).unwrap().frames;
    let mut last = first["frame"].as_u64().unwrap();
    let mut missed = 0;
    while last < newest {
        let (said, _) = frame(&mut socket).await;
        let (sequence, skipped) = (said["frame"].as_u64().unwrap(), said["skipped"].as_u64().unwrap());
        assert_eq!(sequence, last + 1 + skipped, "frames are neither lost untold nor told twice");
        missed += skipped;
        last = sequence;
    }
    assert!(missed > 0, "nothing was skipped");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_encoded_for_nobody() {
    let host = TestHost::start(ServerOptions::default()).await;
    let encoded = || host.site.camera(&name("gate")).unwrap().encoded;
    host.frames("gate", 10).await;
    assert_eq!(encoded(), 0);
    let (address, _serving) = host.listen();
    // Texts alone need no picture.
    let mut reader = connect(address, "/ws/v1/cameras/gate?pictures=false").await.unwrap();
    for _ in 0..5 {
        assert_eq!(text(next(&mut reader).await)["type"], "frame");
    }
    assert_eq!(encoded(), 0);
    // A viewer gets pictures; two of the same view share them.
    let mut viewers = [
        connect(address, "/ws/v1/cameras/gate?height=120").await.unwrap(),
        connect(address, "/ws/v1/cameras/gate?height=120").await.unwrap(),
    ];
    for viewer in &mut viewers {
        for _ in 0..5 {
            frame(viewer).await;
        }
    }
    let status = host.site.camera(&name("gate")).unwrap();
    assert!(status.encoded > 0 && status.encoded <= status.frames, "{} of {}", status.encoded, status.frames);
    // When they go, it ends.
    for viewer in &mut viewers {
        viewer.close(None).await.unwrap();
        while let Some(Ok(_)) = within(viewer.next()).await {}
    }
    while host.site.camera(&name("gate")).unwrap().viewers > 0 {
        host.frames("gate", 1).await;
    }
    host.frames("gate", 2).await;
    let after = encoded();
    host.frames("gate", 10).await;
    assert_eq!(encoded(), after);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_viewers_than_the_limit() {
    let host = TestHost::start(ServerOptions { max_viewers: 2, ..ServerOptions::default() }).await;
    let (address, _serving) = host.listen();
    let first = connect(address, "/ws/v1/cameras/gate").await.unwrap();
    let _second = connect(address, "/ws/v1/events").await.unwrap();
    assert_eq!(connect(address, "/ws/v1/cameras/gate").await.unwrap_err(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = host.get("/api/v1/cameras/gate/stream.mjpeg").await;
    assert!(refused.problem(503, "too-many-viewers").contains("server.max_viewers"));
    assert!(!refused.header("retry-after").is_empty());
    drop(first);
    // Its place is free when the host has noticed, at its next frame at the latest.
    while host.shutdown.viewers() > 1 {
        host.frames("gate", 1).await;
    }
    assert!(connect(address, "/ws/v1/cameras/gate").await.is_ok());
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_before_the_upgrade() {
    let host = TestHost::start(ServerOptions::default()).await;
    let (address, _serving) = host.listen();
    assert_eq!(connect(address, "/ws/v1/cameras/none").await.unwrap_err(), StatusCode::NOT_FOUND);
    assert_eq!(connect(address, "/ws/v1/cameras/gate?height=1").await.unwrap_err(), StatusCode::BAD_REQUEST);
    assert_eq!(connect(address, "/ws/v1/events?sort=up").await.unwrap_err(), StatusCode::BAD_REQUEST);
    host.get("/ws/v1/cameras/gate").await.problem(426, "upgrade-required");
    assert_eq!(host.site.camera(&name("gate")).unwrap().viewers, 0);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_and_waited_for() {
    let host = TestHost::start(ServerOptions::default()).await;
    let (address, serving) = host.listen();
    let mut sockets = [
        connect(address, "/ws/v1/cameras/gate?height=120").await.unwrap(),
        connect(address, "/ws/v1/events").await.unwrap(),
    ];
    frame(&mut sockets[0]).await;
    host.shutdown.begin();
    for socket in &mut sockets {
        let reason = loop {
            if let Message::Close(reason) = next(socket).await {
                break reason.expect("a reason");
            }
        };
        assert_eq!((reason.code, reason.reason.as_str()), (CloseCode::Away, "the host is shutting down"));
        // The close is answered by the next poll.
        while let Some(Ok(_)) = within(socket.next()).await {}
    }
    assert_eq!(within(serving).await.unwrap(), ServeReport::default());
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_of_a_removed_camera_are_told() {
    let host = TestHost::with_cameras(Vec::new(), ServerOptions::default()).await;
    let site = host.site.clone();
    tokio::task::spawn_blocking(move || site.add_camera(camera("yard"))).await.unwrap().unwrap();
    let (address, _serving) = host.listen();
    let mut socket = connect(address, "/ws/v1/cameras/yard?height=120").await.unwrap();
    frame(&mut socket).await;
    let delete = request(Method::DELETE, "/api/v1/cameras/yard").body(Body::empty()).unwrap();
    assert_eq!(host.send(delete).await.status, StatusCode::NO_CONTENT);
    let reason = loop {
        if let Message::Close(reason) = next(&mut socket).await {
            break reason.expect("a reason");
        }
    };
    assert_eq!(reason.reason.as_str(), "the camera was removed");
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_talks_too_much_is_let_go() {
    let host = TestHost::start(ServerOptions::default()).await;
    let (address, _serving) = host.listen();
    let mut socket = connect(address, "/ws/v1/events").await.unwrap();
    socket.send(Message::Text("x".repeat(10_000).into())).await.unwrap();
    // Closed or cut, but ended.
    while let Some(Ok(_)) = within(socket.next()).await {}
    while host.shutdown.viewers() > 0 {
        host.frames("gate", 1).await;
    }
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mjpeg_stream_is_whole_jpegs_and_ends_with_its_client() {
    let host = TestHost::start(ServerOptions::default()).await;
    let ask =
        request(Method::GET, "/api/v1/cameras/gate/stream.mjpeg?height=120").body(Body::empty()).unwrap();
    let response = host.router.clone().oneshot(ask).await.unwrap();
    assert_eq!(response.headers()["content-type"], "multipart/x-mixed-replace; boundary=frame");
    let mut body = response.into_body();
    for _ in 0..3 {
        let part = within(body.frame()).await.unwrap().unwrap().into_data().unwrap();
        let start = part.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let head = std::str::from_utf8(&part[..start]).unwrap();
        let jpeg = &part[start..part.len() - 2];
        assert!(head.starts_with("--frame\r\nContent-Type: image/jpeg\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", jpeg.len())), "{head}");
        assert_eq!((&jpeg[..2], &jpeg[jpeg.len() - 2..]), (&[0xff, 0xd8][..], &[0xff, 0xd9][..]));
    }
    assert_eq!(host.site.camera(&name("gate")).unwrap().viewers, 1);
    drop(body);
    assert_eq!(host.site.camera(&name("gate")).unwrap().viewers, 0);
    assert_eq!(host.shutdown.viewers(), 0);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_is_told_to_who_watches_and_a_close_is_answered() {
    let host = TestHost::start(ServerOptions::default()).await;
    let (address, serving) = host.listen();
    let mut socket = connect(address, "/ws/v1/transitions").await.unwrap();
    let upload = crate::host::request(Method::POST, "/api/v1/plugins")
        .header(axum::http::header::CONTENT_TYPE, "application/wasm");
    host.send(upload.body(axum::body::Body::from("not a component")).unwrap())
        .await
        .problem(422, "plugin-refused");
    let told = next(&mut socket).await.into_text().unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["type"], &told["state"]), (&"transition".into(), &"refused".into()), "{told}");
    socket.close(None).await.unwrap();
    assert!(next(&mut socket).await.is_close(), "the close frame is answered");
    host.end().await;
    drop(serving);
}
