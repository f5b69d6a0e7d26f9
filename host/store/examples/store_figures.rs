//! Prints what the store costs here: `cargo run --release -p ocellus-store --example store_figures [EVENTS] [FOLDER]`.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use ocellus_core::{CameraHandle, Event, Name, TimeUs, Value};
use ocellus_store::{
    Database, DatabaseSettings, Digest, Durability, EventQuery, NewEvent, Order, Retention, StateKey,
    StatePlace, StateRecord,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let events = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let base = arguments.next().map_or_else(std::env::temp_dir, Into::into);
    let folder = base.join(format!("ocellus-store-figures-{}", std::process::id()));
    let outcome = measure(&folder, events);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path, events: u64) -> Outcome<()> {
    for (label, durability) in [
        ("append 1 event, on the drive", Durability::PowerLoss),
        ("append 1 event, in the system's cache", Durability::ProcessKill),
    ] {
        let database = open(&folder.join(label.replace(' ', "-")), durability)?;
        time(label, 500, |n| database.append(&[event(n)?]).map(|_| ()).map_err(Into::into))?;
    }

    let data = folder.join("data");
    let database = open(&data, Durability::ProcessKill)?;
    let start = Instant::now();
    for from in (0..events).step_by(500) {
        let batch: Outcome<Vec<NewEvent>> = (from..(from + 500).min(events)).map(event).collect();
        database.append(&batch?)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let full = database.statistics();
    println!("append {events} events, 500 a call: {:.0} events/s", events as f64 / seconds);
    println!(
        "bytes an event: {} counted, {} on the disk",
        full.event_bytes / full.events.max(1),
        full.disk_bytes / full.events.max(1)
    );
    println!("resident: {} MiB", resident()? >> 20);
    drop(database);

    let start = Instant::now();
    let database = open(&data, Durability::ProcessKill)?;
    println!("open with {events} events: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    let camera = |text: &str| Name::new(text).map(Some);
    let all = EventQuery::default();
    let middle = TimeUs(events / 2 * 1000);
    for (label, query) in [
        ("newest 100", all.clone()),
        ("newest 100 of a common camera", EventQuery { camera: camera("camera-1")?, ..all.clone() }),
        ("newest 100 of a rare camera", EventQuery { camera: camera("rare")?, ..all.clone() }),
        (
            "100 of a rare camera and a common kind",
            EventQuery { camera: camera("rare")?, kind: Some("parking".to_owned()), ..all.clone() },
        ),
        (
            "100 of a time in the middle, oldest first",
            EventQuery { from: Some(middle), order: Order::Oldest, ..all.clone() },
        ),
        ("none of two common filters that never meet", {
            EventQuery {
                camera: camera("camera-1")?,
                kind: Some("only-on-camera-2".to_owned()),
                ..all.clone()
            }
        }),
    ] {
        time(label, 50, |_| database.events(&query).map(|_| ()).map_err(Into::into))?;
    }

    for size in [1_000, 4_000, 100_000, 1_000_000] {
        time(&format!("put a state of {size} bytes"), 500, |n| {
            let place = StatePlace::Camera(CameraHandle(u32::try_from(n % 8)?));
            let key = StateKey { rule: Name::new("rule")?, place };
            let bytes = vec![7; size];
            let version = "1.0.0".to_owned();
            let state = StateRecord { version, digest: Digest::of(b""), time: TimeUs(n), bytes };
            database.put_state(&key, &state).map_err(Into::into)
        })?;
    }

    let keep = Retention { max_age: None, max_bytes: Some(full.event_bytes / 2) };
    let start = Instant::now();
    let mut gone = 0;
    loop {
        let expired = database.expire(&keep, TimeUs(0))?;
        gone += expired.events;
        if !expired.more {
            break;
        }
    }
    println!("expire: {:.0} events/s", gone as f64 / start.elapsed().as_secs_f64());
    let half = database.statistics();
    println!(
        "after expiring {gone}: {} MiB on the disk, before {}",
        half.disk_bytes >> 20,
        full.disk_bytes >> 20
    );
    println!("resident: {} MiB", resident()? >> 20);
    Ok(())
}

fn open(folder: &Path, durability: Durability) -> Outcome<Database> {
    let settings = DatabaseSettings { durability, ..DatabaseSettings::default() };
    Ok(Database::open_with(folder, &settings)?.database)
}

fn event(number: u64) -> Outcome<NewEvent> {
    let camera =
        if number.is_multiple_of(10_000) { "rare".to_owned() } else { format!("camera-{}", number % 8) };
    let kind = match number % 8 {
        2 => "only-on-camera-2",
        n if n % 2 == 0 => "parking",
        _ => "line-crossing",
    };
    let attributes = vec![
        ("line".to_owned(), Value::Text("door".to_owned())),
        ("direction".to_owned(), Value::Text("entry".to_owned())),
    ];
    Ok(NewEvent {
        time: TimeUs(number * 1000),
        frame: number,
        camera: Name::new(&camera)?,
        rule: Name::new("line-crossing")?,
        event: Event { kind: kind.to_owned(), track: Some(number / 3), attributes },
    })
}

fn time(label: &str, rounds: u64, mut call: impl FnMut(u64) -> Outcome<()>) -> Outcome<()> {
    let mut times = Vec::new();
    for round in 0..rounds {
        let start = Instant::now();
        call(round)?;
        times.push(start.elapsed());
    }
    times.sort();
    let at = |share: usize| {
        times.get(times.len() * share / 100).copied().unwrap_or(Duration::ZERO).as_secs_f64() * 1e6
    };
    println!("{label}: {:.0} µs p50, {:.0} µs p99", at(50), at(99));
    Ok(())
}

fn resident() -> Outcome<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).unwrap_or("0").parse::<u64>()? * 4096)
}
