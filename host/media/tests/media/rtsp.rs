use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ocellus_core::Size;
use ocellus_media::{OpenOptions, PacketRead, SourceError, SourceKind, VideoCodec};

use crate::support::*;

/// GStreamer's RTSP server, ended with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts it on `port`, 0 for any; `None`, said visibly, where GStreamer is not installed.
    fn start(port: u16) -> Option<Server> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/rtsp_server.py");
        // The system's Python: another one on the path would not find Debian's GStreamer bindings.
        let started = Command::new("/usr/bin/python3")
            .args([script, &port.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut line = String::new();
        let process = started.ok().and_then(|mut process| {
            BufReader::new(process.stdout.take()?).read_line(&mut line).ok()?;
            Some(process)
        });
        match (process, line.strip_prefix("ready ").and_then(|port| port.trim().parse().ok())) {
            (Some(process), Some(port)) => Some(Server { process, port }),
            (process, _) => {
                if let Some(mut process) = process {
                    let _ = process.kill();
                    let _ = process.wait();
                }
                eprintln!(
                    "SKIPPED: GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)"
                );
                None
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("rtsp://127.0.0.1:{}{path}", self.port)
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Patience for a server that starts its encoder on a busy machine.
fn patient() -> OpenOptions {
    OpenOptions {
        open_timeout: Duration::from_secs(20),
        read_timeout: Duration::from_secs(10),
        ..OpenOptions::default()
    }
}

#[test]
fn every_codec_and_transport_gives_pictures_in_time_order() {
    let Some(server) = Server::start(0) else { return };
    for path in ["/h264", "/h264?transport=udp", "/h265", "/jpeg"] {
        let mut source =
            open_text(&server.url(path), &patient()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(
            (source.info().size, source.info().kind),
            (Size::new(320, 240), SourceKind::Live),
            "{path}"
        );
        let pictures: Vec<_> = (0..20).map(|_| source.read().unwrap().unwrap()).collect();
        assert_times_increase(&pictures);
        let span = (pictures[19].time - pictures[0].time).as_secs_f64();
        assert!((0.9..3.0).contains(&span), "{path}: 19 intervals of 1/15 s took {span} s of media time");
        let first = digest(&pictures[..1]);
        assert!(
            pictures.iter().any(|picture| digest(std::slice::from_ref(picture)) != first),
            "{path} stands still"
        );
    }
}

#[test]
fn the_encoded_packets_stay_at_hand_from_a_key_frame_on() {
    let Some(server) = Server::start(0) else { return };
    let mut source = open_text(&server.url("/h264"), &patient()).unwrap();
    let feed = source.packets().unwrap();
    for _ in 0..20 {
        source.read().unwrap();
    }
    let parameters = feed.parameters().unwrap();
    assert_eq!((parameters.codec, parameters.size), (VideoCodec::H264, Some(Size::new(320, 240))));
    assert!(parameters.rfc6381.starts_with("avc1."), "{}", parameters.rfc6381);
    let mut reader = feed.reader();
    let Some(PacketRead::Packet(first)) = reader.try_next() else { panic!("no packet") };
    assert!(first.is_key && first.data.starts_with(&[0, 0, 0, 1]));
    drop(source);
    while let Some(read) = reader.try_next() {
        if read == PacketRead::Closed {
            return;
        }
    }
    panic!("the feed did not close");
}

#[test]
fn a_killed_server_is_an_error_and_a_restarted_one_opens_again() {
    let Some(mut server) = Server::start(0) else { return };
    let mut source = open_text(&server.url("/h264"), &patient()).unwrap();
    source.read().unwrap();
    server.kill();
    let error = read_all(&mut *source).1.unwrap();
    assert!(matches!(error, SourceError::Lost { .. } | SourceError::Stalled { .. }), "{error}");
    let message = refusal(&server.url("/h264"), &impatient());
    assert!(message.contains("onnect"), "{message}");
    drop(source);
    let server = Server::start(server.port).unwrap();
    let mut source = open_text(&server.url("/h264"), &patient()).unwrap();
    assert!(source.read().unwrap().is_some());
}

#[test]
fn logins_work_and_refusals_never_show_them() {
    let Some(server) = Server::start(0) else { return };
    let with = |login: &str, path: &str| format!("rtsp://{login}127.0.0.1:{}{path}", server.port);
    let mut source = open_text(&with("me:p%40ss@", "/secret"), &patient()).unwrap();
    assert!(source.read().unwrap().is_some());
    for (url, expected) in [
        (with("me:hunter2@", "/secret"), "refused the user name or the password"),
        (with("", "/secret"), "asks for a login"),
        (with("me:p%40ss@", "/nowhere?token=hunter2"), "no such stream"),
        (with("", "/vp8"), "set the camera to H.264, H.265 or MJPEG"),
    ] {
        let message = refusal(&url, &patient());
        assert!(message.contains(expected), "{message}");
        for secret in ["hunter2", "p%40ss", "p@ss"] {
            assert!(!message.contains(secret), "{message}");
        }
    }
    assert!(refusal("rtsps://127.0.0.1/h264", &patient()).contains("rtsps is not supported"));
}

#[test]
fn a_server_that_accepts_and_says_nothing_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://me:hunter2@{}/h264", listener.local_addr().unwrap());
    let error = open_text(&url, &impatient()).err().unwrap();
    assert!(matches!(error, SourceError::OpenTimeout { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn a_server_that_speaks_something_else_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://me:hunter2@{}/h264?token=hunter2", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nhunter2");
    });
    let message = refusal(&url, &impatient());
    assert!(!message.contains("hunter2"), "{message}");
    server.join().unwrap();
}
