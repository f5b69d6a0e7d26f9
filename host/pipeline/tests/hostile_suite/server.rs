//! The other side of webhooks, which is not well disposed.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A server that answers as the path wants it to. Its threads end with the process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                std::thread::spawn(move || converse(stream, &told));
            }
        });
        Server { address, heads }
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers requests until one of both sides has enough.
fn converse(mut stream: TcpStream, heads: &Mutex<Vec<String>>) {
    while let Ok(head) = read_request(&mut stream) {
        let path = head.split(' ').nth(1).unwrap_or("").to_owned();
        heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        let answered = match path.rsplit('/').next().unwrap_or("") {
            "silent" => drain(&mut stream),
            "drip" => drip(&mut stream),
            "endless-head" => without_end(&mut stream, b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n"),
            "endless-body" => without_end(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n", b"and more and more"),
            "no-http" => stream.write_all(b"\0\xff\r\n\r\n"),
            "closes" => return,
            "redirect" => answer(&mut stream, "307 Temporary Redirect\r\nlocation: /admin"),
            "breaks" => answer(&mut stream, "500 Internal Server Error"),
            _ => answer(&mut stream, "204 No Content"),
        };
        if answered.is_err() {
            return;
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
}

/// Says nothing until the other side goes.
fn drain(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 4096])? > 0 {}
    Err(ErrorKind::UnexpectedEof.into())
}

fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ")?;
    loop {
        stream.write_all(b"x")?;
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn without_end(stream: &mut TcpStream, first: &[u8], then: &[u8]) -> std::io::Result<()> {
    stream.write_all(first)?;
    let more = then.repeat(1000);
    loop {
        stream.write_all(&more)?;
    }
}

/// The head of the next request; its body is read and forgotten.
fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&part[..read]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + length {
            return Ok(head);
        }
    }
}
