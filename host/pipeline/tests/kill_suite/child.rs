//! The child: makes one change on a data folder, says on its standard output what was acknowledged, and is killed.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ocellus_core::EventRecord;
use ocellus_pipeline::Site;

use crate::change::Change;
use crate::lines::Lines;
use crate::stand::{self, CAMERAS, name};
use crate::steps;
use crate::subject::Subject;

/// Set for the child: the folder to work in, the rule and the change to make, the step to be killed at.
const FOLDER: &str = "OCELLUS_KILL_FOLDER";
const SUBJECT: &str = "OCELLUS_KILL_SUBJECT";
const CHANGE: &str = "OCELLUS_KILL_CHANGE";
const STEP: &str = "OCELLUS_KILL_STEP";

/// What a child said before it ended.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The change was acknowledged.
    pub(crate) did: bool,
    /// It was not killed.
    pub(crate) ended: bool,
    /// All its steps, if it was not killed.
    pub(crate) steps: Vec<String>,
    /// Events that were handed on, by sequence: camera, time.
    pub(crate) events: BTreeMap<u64, String>,
    /// The highest track numbers seen, by camera.
    pub(crate) tracks: BTreeMap<String, u64>,
}

/// Runs a child to its end, or until it comes to `step`.
pub(crate) fn run((change, subject): (Change, Subject), folder: &Path, step: Option<&str>) -> Told {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", crate::test_of(subject), "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(SUBJECT, format!("{subject:?}"))
        .env(CHANGE, format!("{change:?}"))
        .env(STEP, step.unwrap_or_default())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let mut told = Told::default();
    // The last line may be torn.
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter_map(|line| line.strip_prefix("told ")?.strip_suffix(" .")) {
        let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
        match what {
            "did" => told.did = true,
            "ended" => told.ended = true,
            "step" => told.steps.push(rest.to_owned()),
            "track" => drop(told.tracks.insert(key.to_owned(), value.parse().unwrap())),
            "event" => {
                let before = told.events.insert(key.parse().unwrap(), value.to_owned());
                assert_eq!(before, None, "event {key} was handed on twice");
            }
            _ => panic!("{line}"),
        }
    }
    let killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(libc::SIGKILL);
    assert!(killed || told.ended, "{change:?}, {step:?}: the child failed: {:?}\n{text}", output.status);
    told
}

/// Plays the child's part where this process is a child; it does not come back then.
pub(crate) fn play_part() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let change = env::var(CHANGE).unwrap();
    let change = Change::ALL.into_iter().find(|one| format!("{one:?}") == change).unwrap();
    let subject = env::var(SUBJECT).unwrap();
    let subject = Subject::ALL.into_iter().find(|one| format!("{one:?}") == subject).unwrap();
    tracing::subscriber::set_global_default(Lines).unwrap();
    play((change, subject), &folder);
    tell("ended");
    std::process::exit(0)
}

fn play((change, subject): (Change, Subject), folder: &Path) {
    let target = env::var(STEP).ok().filter(|step| !step.is_empty());
    let mut met = Vec::new();
    let mut during = |counts: bool, work: &mut dyn FnMut()| {
        if counts {
            steps::count(folder, target.clone());
        }
        work();
        met.extend(steps::counted());
    };
    let mut site = None;
    during(change == Change::Restart, &mut || {
        site = Some(stand::start(folder, stand::open(folder)));
    });
    let site = site.unwrap();
    let mut events = site.subscribe_events();
    std::thread::spawn(move || {
        while let Ok(record) = events.blocking_recv() {
            tell(&format!("event {} {}", record.sequence, identity(&record)));
        }
    });
    for (camera, track) in stand::at_work(&site) {
        tell(&format!("track {camera} {track}"));
    }
    *lock() = Some(site.clone());
    change.prepare(subject, &site);
    during(!matches!(change, Change::Restart | Change::End), &mut || {
        change.make(subject, &site).unwrap();
        tell("did");
    });
    drop(lock().take());
    during(change == Change::End, &mut || stand::end(&site));
    met.iter().for_each(|step| tell(&format!("step {step}")));
}

/// The child's site, while it is at work.
static SITE: Mutex<Option<Site>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Site>> {
    SITE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is a site that can go on for a while.
pub(crate) fn can_linger() -> bool {
    lock().is_some()
}

/// Waits until so many frames have come that what lanes keep of their rules, once a second, is on the disk.
pub(crate) fn linger() {
    const FRAMES: u64 = 100;
    let Some(site) = lock().clone() else { return };
    let frames = || CAMERAS.map(|camera| site.camera(&name(camera)).unwrap().frames);
    let before = frames();
    stand::wait_until("frames go on", || {
        frames().iter().zip(before).all(|(now, before)| *now >= before + FRAMES)
    });
}

/// What tells an event from every other one, whatever its sequence.
pub(crate) fn identity(record: &EventRecord) -> String {
    let attributes = &record.event.attributes;
    format!("{} {} {} {attributes:?}", record.camera, record.time.0, record.event.kind)
}

/// Says a line in one write.
fn tell(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\ntold {line} .\n").as_bytes()).unwrap();
    output.flush().unwrap();
}
