//! The steps of a change, as this process comes to them, and the one at which it is killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::child;

static COUNTING: AtomicBool = AtomicBool::new(false);
static STEPS: Mutex<Steps> =
    Mutex::new(Steps { folder: PathBuf::new(), target: None, counts: BTreeMap::new(), names: Vec::new() });

/// What was met so far.
struct Steps {
    folder: PathBuf,
    target: Option<String>,
    counts: BTreeMap<String, u32>,
    names: Vec<String>,
}

/// How much of a write is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Whole,
    /// Half of it; then comes [`die`].
    Half,
}

/// From now on steps that change `folder` count, and the one called `target` is the last.
pub(crate) fn count(folder: &Path, target: Option<String>) {
    let mut steps = lock();
    steps.folder = folder.to_owned();
    steps.target = target;
    COUNTING.store(true, Ordering::SeqCst);
}

/// Counts no more; the names of all steps, in their order.
pub(crate) fn counted() -> Vec<String> {
    COUNTING.store(false, Ordering::SeqCst);
    std::mem::take(&mut lock().names)
}

/// Whether steps count.
pub(crate) fn is_counting() -> bool {
    COUNTING.load(Ordering::SeqCst)
}

/// The process comes to a step.
pub(crate) fn reach(what: &str) {
    if is_counting() && lock().is_target(what) {
        die();
    }
}

/// A lane has changed, and the site is about to go on. A second step comes a while later, with the same to do.
pub(crate) fn reach_lane(what: &str) {
    reach(what);
    if child::can_linger() {
        let is_late = is_counting() && lock().is_target(&format!("{what}, a while later"));
        if is_late {
            child::linger();
            die();
        }
    }
}

/// The process is about to change the file or folder at `path`.
pub(crate) fn reach_change(what: &str, path: &Path) {
    if let Some(place) = place(path) {
        reach(&format!("{what} {place}"));
    }
}

/// The process is about to write `length` bytes to the file at `path`; how many of them it shall.
pub(crate) fn reach_write(path: &Path, length: usize) -> Write {
    let Some(place) = place(path) else { return Write::Whole };
    let mut steps = lock();
    let name = steps.next(&format!("write {place}"));
    let half = format!("{name}, half of it");
    let target = steps.target.clone();
    steps.names.push(name.clone());
    if length > 1 {
        steps.names.push(half.clone());
    }
    if target.as_ref() == Some(&name) {
        die();
    }
    if length > 1 && target == Some(half) { Write::Half } else { Write::Whole }
}

/// Ends the process as `kill -9` does.
#[expect(unsafe_code, reason = "the standard library kills only its children")]
pub(crate) fn die() -> ! {
    // SAFETY: no memory is touched, and nothing runs after it.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    loop {
        std::thread::park();
    }
}

impl Steps {
    /// Notes a step of a kind; whether the process is killed at it.
    fn is_target(&mut self, what: &str) -> bool {
        let name = self.next(what);
        self.names.push(name.clone());
        self.target == Some(name)
    }

    /// The name of the next step of a kind: the kind and its count.
    fn next(&mut self, what: &str) -> String {
        let count = self.counts.entry(what.to_owned()).or_default();
        *count += 1;
        format!("{what} {count}")
    }
}

/// The part of the counted folder that a path is in.
fn place(path: &Path) -> Option<String> {
    if !is_counting() {
        return None;
    }
    let steps = lock();
    let first = path.strip_prefix(&steps.folder).ok()?.components().next()?;
    Some(first.as_os_str().to_string_lossy().into_owned())
}

fn lock() -> MutexGuard<'static, Steps> {
    STEPS.lock().unwrap_or_else(PoisonError::into_inner)
}
