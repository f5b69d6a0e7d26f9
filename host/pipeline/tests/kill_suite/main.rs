//! Kills a site at every step of every change, starts it again on what is left, and looks.
//!
//! A step is what a kill can tell apart: a call that changes a file of the data folder, before it and halfway through
//! what it writes, and a lane that has changed, at once and after so many frames that all it hands over has reached the
//! disk. A child process runs the change once to the end and says its steps;
//! then another child is killed at each of them. This is a program of its own, since it puts itself between the
//! program and the system's calls.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod change;
mod child;
mod left;
mod lines;
mod stand;
mod steps;
mod subject;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use self::change::Change;
use self::child::{Told, run};
use self::left::{Base, Killed};
use self::subject::Subject;

/// Children at a time.
const AT_A_TIME: usize = 4;

/// Steps that every suite of steps must have met: without them the suite would look at nothing.
const LANDMARKS: [(Change, &str); 7] = [
    (Change::UploadFirst, "write plugins"),
    (Change::UploadFirst, "rename plugins"),
    (Change::Bind, "rule added"),
    (Change::Activate, "rule swapped"),
    (Change::Activate, "write sled"),
    (Change::RollBack, "rule swapped"),
    (Change::Breach, "rule swapped"),
];

#[test]
fn a_kill_at_any_step_leaves_one_whole_version_and_what_was_acknowledged() {
    kill_at_every_step(Subject::Cameras, |killed| println!("{killed}"));
}

#[test]
fn a_kill_at_any_step_leaves_one_whole_version_of_a_site_rule() {
    kill_at_every_step(Subject::Site, |killed| println!("{killed}"));
}

/// The name of a subject's test.
fn test_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Cameras => "a_kill_at_any_step_leaves_one_whole_version_and_what_was_acknowledged",
        Subject::Site => "a_kill_at_any_step_leaves_one_whole_version_of_a_site_rule",
    }
}

/// Says of each change at how many steps it was killed.
fn kill_at_every_step(subject: Subject, tell: impl Fn(String)) {
    child::play_part();
    let root = tempfile::tempdir().unwrap();
    let mut base = Base::empty(&root.path().join("empty"), subject);
    for change in Change::ALL {
        let folder = root.path().join(format!("{change:?}"));
        copy(&base.folder, &folder);
        let whole = run((change, subject), &folder, None);
        assert!(whole.did && whole.ended, "{change:?} does not even work without a kill: {whole:?}");
        for (_, landmark) in LANDMARKS.iter().filter(|(of, _)| *of == change) {
            let places = if landmark.starts_with("rule") { subject.places() } else { &[""] };
            for landmark in places.iter().map(|place| format!("{landmark} {place}")) {
                let is_met = whole.steps.iter().any(|step| step.starts_with(landmark.trim_end()));
                assert!(is_met, "{change:?} has no step {landmark:?}: {:?}", whole.steps);
            }
        }
        let next = base.after(&folder, &whole);
        if subject == Subject::Cameras || change.is_of_rule() {
            kill_at_each(change, &whole, (&base, &next));
            tell(format!("{change:?}: {} of {} steps", choose(&whole.steps).len(), whole.steps.len()));
        }
        base = next;
    }
}

/// Several at a time: a child mostly waits, for its cameras and the disk.
fn kill_at_each(change: Change, whole: &Told, (base, next): (&Base, &Base)) {
    let chosen = choose(&whole.steps);
    let steps = Mutex::new(chosen.iter());
    // A function of its own, so that nobody holds the lock for longer.
    let next_step = || steps.lock().unwrap_or_else(PoisonError::into_inner).next();
    let kill = || {
        while let Some(step) = next_step() {
            let folder = base.folder.with_file_name(format!("{change:?} {step}").replace('/', "_"));
            copy(&base.folder, &folder);
            let told = run((change, base.subject), &folder, Some(step));
            Killed { change, step, told: &told, base, next }.check(&folder);
            fs::remove_dir_all(&folder).unwrap();
        }
    };
    thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(kill))));
}

/// The steps to kill at: all, but while a change takes its time the database also writes events, again and again; of
/// these many writes, the first and the last and some in between.
fn choose(steps: &[String]) -> Vec<&String> {
    const ENDS: usize = 8;
    const EVERY: usize = 8;
    let is_write = |step: &String| step.starts_with("write sled");
    let writes = steps.iter().filter(|step| is_write(step)).count();
    let mut written = 0;
    let is_chosen = |step: &&String| {
        let number = written;
        written += usize::from(is_write(step));
        !is_write(step) || number < ENDS || number + ENDS >= writes || number % EVERY == 0
    };
    steps.iter().filter(is_chosen).collect()
}

/// The folder without its ballast, which only costs time.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "ballast" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
