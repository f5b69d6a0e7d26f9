use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use ocellus_media::jpeg::{self, JpegOptions};
use ocellus_media::{SourceError, SourceKind, SourceSpec, Stop, open};

use crate::support::*;

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";

/// Serves one connection: hands the request's text and the socket to `answer`.
fn serve(answer: impl FnOnce(String, TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if socket.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            request.push(byte[0]);
        }
        answer(String::from_utf8(request).unwrap(), socket);
    });
    (host, thread)
}

fn part(number: usize) -> Vec<u8> {
    let jpeg = jpeg::encode(&picture(SIZE, number), &JpegOptions::default()).unwrap();
    let mut part =
        format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
    part.extend(jpeg);
    part.extend(b"\r\n");
    part
}

/// Waits until the other side has gone.
fn linger(mut socket: TcpStream) {
    let _ = socket.read(&mut [0; 64]);
}

#[test]
fn a_stream_gives_its_pictures_and_its_end_is_an_error() {
    let (host, server) = serve(|request, mut socket| {
        assert!(request.starts_with("GET /stream?quality=9 HTTP/1.1\r\n"), "{request}");
        // "me:p@ss" in Base64.
        assert!(request.contains("Basic bWU6cEBzcw=="), "{request}");
        socket.write_all(STREAM.as_bytes()).unwrap();
        for number in 0..5 {
            socket.write_all(&part(number)).unwrap();
        }
    });
    let mut source = open_text(&format!("http://me:p%40ss@{host}/stream?quality=9"), &impatient()).unwrap();
    assert_eq!((source.info().size, source.info().kind), (SIZE, SourceKind::Live));
    let (pictures, error) = read_all(&mut *source);
    assert_eq!(pictures.len(), 5);
    assert_times_increase(&pictures);
    assert!(matches!(&error, Some(SourceError::Lost { .. })), "{error:?}");
    let message = error.unwrap().to_string();
    assert!(!message.contains("p@ss") && !message.contains("p%40ss") && message.contains("***"), "{message}");
    server.join().unwrap();
}

#[test]
fn a_damaged_picture_is_skipped_and_counted() {
    let (host, server) = serve(|_, mut socket| {
        socket.write_all(STREAM.as_bytes()).unwrap();
        socket.write_all(&part(0)).unwrap();
        socket.write_all(b"--frame\r\nContent-Length: 9\r\n\r\nnot jpeg!\r\n").unwrap();
        socket.write_all(&part(1)).unwrap();
    });
    let mut source = open_text(&format!("http://{host}/"), &impatient()).unwrap();
    let (pictures, _) = read_all(&mut *source);
    assert_eq!((pictures.len(), source.damaged()), (2, 1));
    server.join().unwrap();
}

#[test]
fn answers_that_are_no_stream_are_explained() {
    let cases = [
        ("404 Not Found\r\n", "check the path"),
        ("401 Unauthorized\r\n", "asks for a login"),
        ("302 Found\r\nLocation: http://elsewhere/?token=hunter2\r\n", "redirects"),
        ("500 Oops\r\n", "500"),
        ("200 OK\r\nContent-Type: image/jpeg\r\n", "single picture"),
        ("200 OK\r\nContent-Type: text/html; x=hunter2\r\n", "not multipart"),
        ("200 OK\r\n", "no content type"),
        ("200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n", "no boundary"),
        ("200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=\"--\"\r\n", "no boundary"),
    ];
    for (head, expected) in cases {
        let (host, server) = serve(move |_, mut socket| {
            let _ = socket.write_all(format!("HTTP/1.1 {head}\r\n").as_bytes());
        });
        let message = refusal(&format!("http://{host}/stream?token=hunter2"), &impatient());
        assert!(message.contains(expected) && message.contains(&host), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        server.join().unwrap();
    }
}

#[test]
fn a_refused_login_is_told_from_a_missing_one() {
    let (host, server) = serve(|_, mut socket| {
        socket.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let message = refusal(&format!("http://me:hunter2@{host}/"), &impatient());
    assert!(
        message.contains("refused the user name or the password") && !message.contains("hunter2"),
        "{message}"
    );
    server.join().unwrap();
}

#[test]
fn an_endless_part_ends_the_source_within_its_bounds() {
    let (host, server) = serve(|_, mut socket| {
        let _ = socket.write_all(STREAM.as_bytes());
        let _ = socket.write_all(b"--frame\r\n\r\n");
        while socket.write_all(&[b'x'; 1 << 16]).is_ok() {}
    });
    let message = refusal(&format!("http://{host}/"), &impatient());
    assert!(message.contains("larger than 16 MiB"), "{message}");
    server.join().unwrap();
}

#[test]
fn servers_that_hang_time_out_at_every_stage() {
    let (host, server) = serve(|_, socket| linger(socket));
    assert!(matches!(
        open_text(&format!("http://{host}/"), &impatient()).err(),
        Some(SourceError::OpenTimeout { .. })
    ));
    server.join().unwrap();

    let (host, server) = serve(|_, mut socket| {
        socket.write_all(STREAM.as_bytes()).unwrap();
        socket.write_all(&part(0)).unwrap();
        linger(socket);
    });
    let mut source = open_text(&format!("http://{host}/"), &impatient()).unwrap();
    assert!(source.read().unwrap().is_some());
    assert!(matches!(source.read(), Err(SourceError::Stalled { .. })));
    drop(source);
    server.join().unwrap();
}

#[test]
fn a_stop_ends_a_read_that_waits_for_a_silent_server() {
    let (host, server) = serve(|_, mut socket| {
        socket.write_all(STREAM.as_bytes()).unwrap();
        socket.write_all(&part(0)).unwrap();
        linger(socket);
    });
    let stop = Stop::new();
    // A patience that the test would not survive.
    let options =
        ocellus_media::OpenOptions { read_timeout: std::time::Duration::from_secs(3600), ..impatient() };
    let mut source = open(&SourceSpec::parse(&format!("http://{host}/")).unwrap(), &options, &stop).unwrap();
    source.read().unwrap();
    let stopper = std::thread::spawn(move || stop.stop());
    assert!(source.read().unwrap_err().is_stopped());
    drop(source);
    stopper.join().unwrap();
    server.join().unwrap();
}

#[test]
fn no_server_and_no_tls_are_explained() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(refusal(&format!("http://{free}/"), &impatient()).contains("refused"));
    assert!(refusal("https://127.0.0.1/", &impatient()).contains("https is not supported"));
}
