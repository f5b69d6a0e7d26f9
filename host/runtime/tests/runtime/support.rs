//! Guests, built once, and short ways to a running rule.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use ocellus_core::{CameraHandle, FrameInfo, Name, Rect, Size, TimeUs, Track, TrackState};
use ocellus_runtime::{
    Binding, BoundCamera, CallError, Compiled, DeadlineMode, Grants, Instance, Limits, Probed, Runtime,
    RuntimeOptions, TrackColumns,
};

pub(crate) const CAMERA: CameraHandle = CameraHandle(4);

/// The bytes of a crate in `tests/guests`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(build);
    std::fs::read(folder.join(format!("{name}.wasm"))).expect("the guest was built")
}

/// The probe with its marks overwritten: `[("@deed=", "describe-loop")]`.
pub(crate) fn marked(marks: &[(&str, &str)]) -> Vec<u8> {
    marked_in("probe", marks)
}

/// The same of another guest.
pub(crate) fn marked_in(name: &str, marks: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = guest(name);
    for (mark, text) in marks {
        let starts: Vec<usize> =
            (0..bytes.len() - mark.len()).filter(|&at| bytes[at..].starts_with(mark.as_bytes())).collect();
        assert_eq!(starts.len(), 1, "{mark} stands once in the component");
        let start = starts[0] + mark.len();
        let room = bytes[start..].iter().take_while(|&&byte| byte != 0 && byte != b'@').count();
        assert!(text.len() <= room, "{text} fits into {room} bytes");
        bytes[start..start + text.len()].copy_from_slice(text.as_bytes());
    }
    bytes
}

/// Builds the guests unless they are newer than all their sources.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("guests");
    let folder = target.join("wasm32-wasip2/release");
    let sources = [root.join("tests/guests"), root.join("wit")];
    let newest = sources.iter().map(|path| newest(path)).max().expect("there are sources");
    let stamp = folder.join(".ocellus-built");
    if std::fs::metadata(&stamp).and_then(|file| file.modified()).is_ok_and(|built| built > newest) {
        return folder;
    }
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(root.join("tests/guests"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(&stamp, b"").expect("the stamp is written");
    folder
}

fn newest(path: &Path) -> SystemTime {
    let metadata = std::fs::metadata(path).expect("a source");
    if metadata.is_file() {
        return metadata.modified().expect("a time");
    }
    let entries = std::fs::read_dir(path).expect("a folder");
    entries.map(|entry| newest(&entry.expect("an entry").path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A runtime that keeps compiled guests between tests.
pub(crate) fn runtime() -> Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let start = || {
        let cache_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-guests"));
        Runtime::new(RuntimeOptions { cache_dir, max_instances: 64, ..RuntimeOptions::default() })
    };
    RUNTIME.get_or_init(|| start().expect("the engine starts")).clone()
}

pub(crate) fn compiled(bytes: Vec<u8>) -> Compiled {
    runtime().load(bytes).expect("a sound component")
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// A binding whose time limits no busy machine reaches; tests of those set their own.
pub(crate) fn binding(settings: &str) -> Binding {
    let classes: Arc<[String]> = ["person", "car"].map(str::to_owned).into();
    Binding {
        rule: name("gate"),
        settings: settings.to_owned(),
        cameras: vec![BoundCamera { handle: CAMERA, name: name("north"), classes }],
        limits: Limits::default(),
        grants: Grants::none(),
        deadline: DeadlineMode::Recorded,
    }
}

pub(crate) fn probed_with(bytes: Vec<u8>, binding: Binding) -> Probed {
    compiled(bytes).bind(binding).expect("a sound binding").probe().expect("passes its trial")
}

/// A probe that does `deed` from its second frame on; the first belongs to the trial.
pub(crate) fn probed(deed: &str) -> Probed {
    probed_with(guest("probe"), binding(&format!(r#"{{"do":"{deed}","after":2}}"#)))
}

/// The same with the time limits of live cameras.
pub(crate) fn live(settings: &str) -> Binding {
    let limits = Limits { setup: Duration::from_millis(200), ..Limits::default() };
    Binding { limits, deadline: DeadlineMode::Live, ..binding(settings) }
}

/// An instance that has seen one frame and does `deed` in the next.
pub(crate) fn instance(deed: &str) -> Instance {
    worked_in(&probed(deed))
}

/// An instance that has seen one frame.
pub(crate) fn worked_in(probed: &Probed) -> Instance {
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    instance.process(&frame(0), &TrackColumns::new()).expect("the first frame is harmless");
    instance
}

/// The error of the second frame under `deed`.
pub(crate) fn failure(deed: &str) -> (CallError, Instance) {
    let mut instance = instance(deed);
    let error = instance.process(&frame(1), &TrackColumns::new()).expect_err("fails");
    (error, instance)
}

/// Frame `sequence` of a camera with ten frames a second.
pub(crate) fn frame(sequence: u64) -> FrameInfo {
    let time = TimeUs(1_000_000 + sequence * 100_000);
    FrameInfo { camera: CAMERA, sequence, time, size: Size::new(640, 360) }
}

pub(crate) fn track(id: u64) -> Track {
    Track {
        id,
        class: 1,
        confidence: 0.5,
        state: TrackState::Confirmed,
        rect: Rect::new(64.0, 36.0, 128.0, 72.0),
        first_seen: TimeUs(17),
        ground: None,
    }
}
