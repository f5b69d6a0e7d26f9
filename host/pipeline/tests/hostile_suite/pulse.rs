//! Whether the machine itself kept this process waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const BEAT: Duration = Duration::from_millis(10);

/// A thread that only sleeps and wakes. Where it wakes late, a camera's thread may have done so too, whatever the
/// host does.
pub(crate) struct Pulse {
    late_ms: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    pub(crate) fn start() -> Pulse {
        let (late_ms, ended) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (counted, end) = (Arc::clone(&late_ms), Arc::clone(&ended));
        let beat = move || {
            while !end.load(Ordering::Relaxed) {
                let slept = Instant::now();
                std::thread::sleep(BEAT);
                let late = slept.elapsed().saturating_sub(BEAT * 4);
                counted.fetch_add(u64::try_from(late.as_millis()).unwrap(), Ordering::Relaxed);
            }
        };
        Pulse { late_ms, ended, thread: Some(std::thread::spawn(beat)) }
    }

    /// How long it was kept waiting in all, short waits apart.
    pub(crate) fn late(&self) -> Duration {
        Duration::from_millis(self.late_ms.load(Ordering::Relaxed))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
