//! One rule, one sequence of frames with 64 tracks each, behind Ocellus and behind what else could hold it.
//!
//! `ocellus-peers LINE.wasm EXTISM-PLUGIN.wasm` prints one table. Each candidate is given the host's tracks and gives
//! the tracks that crossed; what it takes to bring them over counts. All must count the same crossings.

mod extism_host;
mod frames;
mod measure;
mod native;
mod ocellus;
mod python;

use measure::Figures;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [component, plugin] = arguments.as_slice() else {
        return Err("usage: ocellus-peers LINE.wasm EXTISM-PLUGIN.wasm".into());
    };
    let (component, plugin) = (std::fs::read(component)?, std::fs::read(plugin)?);
    let frames = frames::frames();
    let native = native::run(&frames)?;
    let rows = [
        ("native Rust function", native),
        ("Ocellus, component", ocellus::run(&frames, component)?),
        ("Extism, MessagePack", extism_host::msgpack(&frames, &plugin)?),
        ("Extism, JSON", extism_host::json(&frames, &plugin)?),
        ("Python function, no boundary", python::run(&frames)?),
    ];
    print(&rows);
    for (name, figures) in rows {
        if figures.crossings != native.crossings {
            let (found, expected) = (figures.crossings, native.crossings);
            return Err(format!("{name} counts {found} crossings, the native function {expected}").into());
        }
    }
    println!("{} crossings, the same for all", native.crossings);
    Ok(())
}

fn print(rows: &[(&str, Figures)]) {
    let native = rows[0].1;
    println!("{} tracks a frame, {} frames, µs a frame", frames::TRACKS, measure::TURNS);
    println!("{:<30} {:>8} {:>8} {:>14}", "", "p50", "p99", "p50 ÷ native");
    for (name, Figures { p50_us, p99_us, .. }) in rows {
        println!("{name:<30} {p50_us:>8.2} {p99_us:>8.2} {:>14.1}", p50_us / native.p50_us);
    }
}
