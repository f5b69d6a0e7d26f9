//! When a call has had its time: processor time, as near as it can be known without asking before every call.
//!
//! The engine counts wall time in ticks. A call that was merely kept waiting by a busy machine has used none of
//! its allowance, so that at the end of its ticks the thread's processor clock decides whether it may go on.
//! Reading that clock costs as much as a short call; so it is first read shortly before the limit, and from
//! the start only for calls of an instance that has lately been that slow.

use std::time::Duration;

use wasmtime::UpdateDeadline;

use crate::ticker::ticks;

/// Wall time that a call may take at most, as a multiple of its limit.
const WALL: u32 = 10;
/// Calls that are clocked from their start after one that was slow.
const WARY: u32 = 100;

/// The time limit of the call that runs.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    tick: Duration,
    limit: Duration,
    /// The thread's processor time when the call began, or an estimate in favour of the limit.
    began: Option<Duration>,
    /// Wall time granted so far.
    granted: Duration,
    wary: u32,
}

/// What the end of the granted ticks means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    GoOn { ticks: u64 },
    Stop,
}

impl Deadline {
    pub(crate) fn new(tick: Duration) -> Deadline {
        Deadline { tick, ..Deadline::default() }
    }

    /// A call with `limit` begins; the ticks until the first look.
    pub(crate) fn begin(&mut self, limit: Duration) -> u64 {
        self.limit = limit;
        self.began = (self.wary > 0).then(processor_time);
        self.wary = self.wary.saturating_sub(1);
        self.granted = self.unseen();
        ticks(self.granted, self.tick)
    }

    /// The granted ticks are over.
    pub(crate) fn expired(&mut self) -> wasmtime::Result<UpdateDeadline> {
        match self.judge(processor_time()) {
            Verdict::GoOn { ticks } => Ok(UpdateDeadline::Continue(ticks)),
            Verdict::Stop => Err(wasmtime::Trap::Interrupt.into()),
        }
    }

    fn judge(&mut self, now: Duration) -> Verdict {
        self.wary = WARY;
        let began = *self.began.get_or_insert(now.saturating_sub(self.unseen()));
        let left = self.limit.saturating_sub(now.saturating_sub(began));
        if left < self.tick / 2 || self.granted >= self.limit * WALL {
            return Verdict::Stop;
        }
        self.granted += left.max(self.tick);
        let ticks = left.as_micros().div_ceil(self.tick.as_micros().max(1));
        Verdict::GoOn { ticks: u64::try_from(ticks).unwrap_or(u64::MAX / 2).max(1) }
    }

    /// Wall time before the first look.
    fn unseen(&self) -> Duration {
        self.limit.saturating_sub((self.limit / 5).max(self.tick * 2))
    }
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const LIMIT: Duration = Duration::from_millis(10);

    fn begun() -> Deadline {
        let mut deadline = Deadline::new(MS);
        assert_eq!(deadline.begin(LIMIT), 9, "the first look comes 2 ms before the limit");
        deadline
    }

    #[test]
    fn a_call_that_computes_all_the_time_is_stopped_at_its_limit() {
        let mut deadline = begun();
        assert_eq!(deadline.judge(MS * 50), Verdict::GoOn { ticks: 2 });
        assert_eq!(deadline.judge(MS * 52), Verdict::Stop);
    }

    #[test]
    fn a_call_that_was_kept_waiting_goes_on() {
        let mut deadline = begun();
        assert_eq!(deadline.judge(MS * 50), Verdict::GoOn { ticks: 2 });
        for _ in 0..5 {
            assert_eq!(deadline.judge(MS * 50), Verdict::GoOn { ticks: 2 }, "no processor time was used");
        }
        assert_eq!(deadline.judge(MS * 51), Verdict::GoOn { ticks: 1 });
        assert_eq!(deadline.judge(MS * 52), Verdict::Stop);
    }

    #[test]
    fn waiting_ends_too() {
        let mut deadline = begun();
        let looks = (0..1000).take_while(|_| deadline.judge(MS * 50) != Verdict::Stop).count();
        assert!((40..=60).contains(&looks), "{looks} looks of 2 ms, up to ten times the limit");
    }

    #[test]
    fn after_a_slow_call_the_next_ones_are_clocked_from_their_start() {
        let mut deadline = begun();
        deadline.judge(MS * 50);
        deadline.begin(LIMIT);
        let began = deadline.began.expect("clocked");
        assert_eq!(deadline.judge(began + MS), Verdict::GoOn { ticks: 9 }, "it has used 1 ms of its 10");
        for _ in 0..=WARY {
            deadline.begin(LIMIT);
        }
        assert_eq!(deadline.began, None);
    }
}
