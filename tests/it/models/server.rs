//! The other side of `ocellus model pull`, which is not always well disposed.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A server of one file, which it gives as the path wants it to. Its threads end with the process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    file: Vec<u8>,
    heads: Mutex<Vec<String>>,
    counts: Mutex<HashMap<String, usize>>,
}

/// A request, and how many came for its path before.
struct Asked {
    path: String,
    before: usize,
    /// The first byte that it wants, and whether only of this version.
    from: Option<usize>,
    version: Option<String>,
}

impl Server {
    pub(crate) fn of(file: Vec<u8>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { file, heads: Mutex::default(), counts: Mutex::default() });
        let told = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                std::thread::spawn(move || converse(stream, &told));
            }
        });
        Server { address, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The heads of all requests so far, in small letters.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One request a connection.
fn converse(mut stream: TcpStream, shared: &Shared) {
    let Ok(head) = read_head(&mut stream) else { return };
    let header = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    };
    let path = head.split(' ').nth(1).unwrap_or("").trim_start_matches('/').to_owned();
    let from = header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let version = header("if-range");
    shared.heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let mut counts = shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let count = counts.entry(path.clone()).or_default();
    let asked = Asked { path, before: *count, from, version };
    *count += 1;
    drop(counts);
    // Whoever asked may have gone.
    let _ = answer(&mut stream, &shared.file, &asked);
}

fn answer(stream: &mut TcpStream, file: &[u8], asked: &Asked) -> std::io::Result<()> {
    let (half, is_first) = (file.len() / 2, asked.before == 0);
    match asked.path.as_str() {
        // Gives half and goes, the first time.
        "cut" | "cut-without-version" | "cut-and-changed" | "cut-and-no-ranges" | "cut-and-lies"
            if is_first =>
        {
            head(stream, asked, ("200 OK", file.len()), None)?;
            stream.write_all(&file[..half])
        }
        "cut-and-no-ranges" => {
            head(stream, asked, ("200 OK", file.len()), None)?;
            stream.write_all(file)
        }
        "cut-and-lies" if asked.from.is_some() => {
            let range = format!("bytes 7-{}/{}", file.len() - 1, file.len());
            head(stream, asked, ("206 Partial Content", file.len() - 7), Some(&range))?;
            stream.write_all(&file[7..])
        }
        "always-cut" => {
            head(stream, asked, ("200 OK", file.len()), None)?;
            stream.write_all(&file[..100])
        }
        // Gives half and says nothing more, the first time.
        "hangs" if is_first => {
            head(stream, asked, ("200 OK", file.len()), None)?;
            stream.write_all(&file[..half])?;
            drain(stream)
        }
        "silent" => drain(stream),
        "slow" => {
            head(stream, asked, ("200 OK", file.len()), None)?;
            for piece in file.chunks(file.len() / 20 + 1) {
                stream.write_all(piece)?;
                std::thread::park_timeout(Duration::from_millis(20));
            }
            Ok(())
        }
        "wrong" => {
            let wrong: Vec<u8> = file.iter().map(|byte| byte ^ 1).collect();
            head(stream, asked, ("200 OK", wrong.len()), None)?;
            stream.write_all(&wrong)
        }
        "short" => {
            head(stream, asked, ("200 OK", 12), None)?;
            stream.write_all(b"another file")
        }
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[0; 65_536])?;
            }
        }
        "busy" if asked.before < 2 => head(stream, asked, ("503 Service Unavailable", 0), None),
        "moved" => stream.write_all(
            b"HTTP/1.1 302 Found\r\nlocation: /whole\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        "missing" => head(stream, asked, ("404 Not Found", 0), None),
        "closed" => head(stream, asked, ("403 Forbidden", 0), None),
        _ => give(stream, file, asked),
    }
}

/// As a good server does: the rest where a part of this version is wanted, else the whole.
fn give(stream: &mut TcpStream, file: &[u8], asked: &Asked) -> std::io::Result<()> {
    let is_same = asked.version.as_deref().is_none_or(|version| version == tag(asked));
    match asked.from.filter(|_| is_same) {
        Some(from) if from >= file.len() => {
            head(stream, asked, ("416 Range Not Satisfiable", 0), Some(&format!("bytes */{}", file.len())))
        }
        Some(from) => {
            let range = format!("bytes {from}-{}/{}", file.len() - 1, file.len());
            head(stream, asked, ("206 Partial Content", file.len() - from), Some(&range))?;
            stream.write_all(&file[from..])
        }
        None => {
            head(stream, asked, ("200 OK", file.len()), None)?;
            stream.write_all(file)
        }
    }
}

/// The version of the file.
fn tag(asked: &Asked) -> &'static str {
    match (asked.path.as_str(), asked.before) {
        ("cut-and-changed", 1..) => "\"second\"",
        _ => "\"first\"",
    }
}

fn head(
    stream: &mut TcpStream,
    asked: &Asked,
    (status, length): (&str, usize),
    range: Option<&str>,
) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n");
    if asked.path != "cut-without-version" {
        text.push_str(&format!("etag: {}\r\n", tag(asked)));
    }
    if let Some(range) = range {
        text.push_str(&format!("content-range: {range}\r\n"));
    }
    stream.write_all(text.as_bytes())?;
    stream.write_all(b"\r\n")
}

/// Says nothing until the other side goes.
fn drain(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 4096])? > 0 {}
    Err(ErrorKind::UnexpectedEof.into())
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&part[..read]);
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&request[..end]).to_ascii_lowercase());
        }
    }
}
