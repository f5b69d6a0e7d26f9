//! What viewers cost: thousands of WebSocket viewers of one 10 fps camera, beside the budget.
//!
//! `cargo run --release -p ocellus-server --example viewers [-- VIEWERS SECONDS]`
//!
//! The viewers live in a second process, which only reads. Processor time of this process with all of
//! them, less what it takes with one (the camera itself), divided by the messages sent.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement, not a part of the host")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use ocellus_core::{Detection, Name, Rect};
use ocellus_inference::DetectRequest;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{CameraSettings, Detector, DetectorError, Site, SiteParts, SiteSettings};
use ocellus_runtime::{Runtime, RuntimeOptions};
use ocellus_server::{ConnectionLimits, ServerOptions, router, serve};
use ocellus_store::Database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// DESIGN's budget for one message.
const BUDGET_US: f64 = 8.0;

struct FourCars([String; 1]);

impl Detector for FourCars {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let car = |x| Detection { rect: Rect::new(x, 48.0, 80.0, 60.0), class: 0, confidence: 0.9 };
        Ok(batch.iter().map(|_| [0.0, 100.0, 200.0, 300.0].map(car).to_vec()).collect())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|word| word == "watch") {
        return watch(arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    }
    let number =
        |index: usize, default: usize| arguments.get(index).map_or(default, |text| text.parse().unwrap());
    let (viewers, seconds) = (number(1, 2000), number(2, 10));
    let folder = tempfile::tempdir().unwrap();
    let camera = CameraSettings {
        frame_rate: Some(10.0),
        ..CameraSettings::new(Name::new("gate").unwrap(), SourceSpec::parse("scene:crossing?seed=3").unwrap())
    };
    let parts = SiteParts {
        embedder: None,
        reader: None,
        detector: Box::new(FourCars(["car".into()])),
        runtime: Runtime::new(RuntimeOptions { cache_dir: None, ..Default::default() }).unwrap(),
        database: Database::open(folder.path()).unwrap().database,
    };
    let site = Site::start(parts, SiteSettings { cameras: vec![camera], ..Default::default() }).unwrap();
    let options = ServerOptions { max_viewers: 100_000, ..Default::default() };
    let shutdown = options.shutdown.clone();
    let app = router(site.clone(), options);
    // One thread serves all viewers: the budget speaks of one core.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let limits = ConnectionLimits { connections: 100_000, ..Default::default() };
    let serving = runtime.spawn(serve(listener, app, shutdown.clone(), limits));

    let alone = measure(address, 1, seconds);
    let many = measure(address, viewers, seconds);
    let messages = (many.bytes as f64 / alone.bytes as f64) * 2.0 * seconds as f64 * alone.rate;
    let frames = messages / 2.0;
    let cost = (many.cpu_us - alone.cpu_us) / messages;
    println!("viewers                        {viewers}");
    println!("bytes a frame                  {:.0}", alone.bytes as f64 / (seconds as f64 * alone.rate));
    println!("frames sent a second           {:.0} of {}", frames / seconds as f64, viewers * 10);
    println!("CPU a message (text, picture)  {cost:.2} µs   budget {BUDGET_US} µs");
    println!(
        "resident memory a viewer       {:.1} KiB",
        (many.resident - alone.resident) / 1024.0 / viewers as f64
    );
    shutdown.begin();
    runtime.block_on(serving).unwrap();
    let _ = site.shutdown(Duration::from_secs(5));
}

struct Measured {
    cpu_us: f64,
    bytes: u64,
    rate: f64,
    resident: f64,
}

fn measure(address: SocketAddr, viewers: usize, seconds: usize) -> Measured {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program)
        .args(["watch", &address.to_string(), &viewers.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut total = || -> (u64, u64) {
        let line = lines.next().unwrap().unwrap();
        let (bytes, frames) = line.split_once(' ').unwrap();
        (bytes.parse().unwrap(), frames.parse().unwrap())
    };
    let mut ask = child.stdin.take().unwrap();
    total();
    ask.write_all(b"\n").unwrap();
    let (before, frames_before) = total();
    let cpu_before = cpu_us();
    std::thread::sleep(Duration::from_secs(seconds as u64));
    let cpu_us = cpu_us() - cpu_before;
    ask.write_all(b"\n").unwrap();
    let (after, frames) = total();
    let resident = resident();
    child.kill().unwrap();
    child.wait().unwrap();
    Measured {
        cpu_us,
        bytes: after - before,
        rate: (frames - frames_before) as f64 / seconds as f64,
        resident,
    }
}

/// The other process: connects, says so, and tells on each line how many bytes all viewers have read and
/// how many pictures the first one.
fn watch(address: SocketAddr, viewers: usize) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (bytes, frames) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for index in 0..viewers {
        let (bytes, frames) = (Arc::clone(&bytes), Arc::clone(&frames));
        let mut stream = runtime.block_on(TcpStream::connect(address)).unwrap();
        let request = "GET /ws/v1/cameras/gate?quality=80 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        runtime.block_on(stream.write_all(request.as_bytes())).unwrap();
        runtime.spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
                if index == 0 {
                    let pictures =
                        buffer[..read].windows(4).filter(|bytes| *bytes == [0xff, 0xd8, 0xff, 0xe0]).count();
                    frames.fetch_add(pictures as u64, Ordering::Relaxed);
                }
            }
        });
    }
    std::thread::sleep(Duration::from_secs(2));
    let mut stdout = std::io::stdout();
    let mut stdin = std::io::stdin();
    loop {
        writeln!(stdout, "{} {}", bytes.load(Ordering::Relaxed), frames.load(Ordering::Relaxed)).unwrap();
        stdout.flush().unwrap();
        if stdin.read(&mut [0]).unwrap() == 0 {
            return;
        }
    }
}

/// User and system time of this process, from `/proc`.
fn cpu_us() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap() * 10_000.0).sum()
}

fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
}
