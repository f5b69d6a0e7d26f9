//! What a rule writes to its log, within its allowance.

use std::collections::VecDeque;

use ocellus_core::TimeUs;

/// Lines kept until they are drained; beyond it the oldest go.
const CAPACITY: usize = 1024;
/// Bytes of one line; the rest is cut.
const LINE_BYTES: usize = 4096;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the rule's author.
    Debug,
    /// For the curious.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

impl LogLevel {
    /// `debug`, `info`, `warn` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

/// One line of a rule's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Time of the frame during whose call it was written.
    pub time: TimeUs,
    /// How much it matters; standard output is `Info`, standard error `Error`.
    pub level: LogLevel,
    /// The text, without line breaks at its end.
    pub message: String,
}

/// The lines since the last drain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logs {
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// Lines lost since the last drain: over the allowance, or pushed out undrained.
    pub dropped: u64,
}

/// A bounded log with an allowance of bytes a second of frame time.
#[derive(Debug)]
pub(crate) struct RuleLog {
    lines: VecDeque<LogLine>,
    dropped: u64,
    dropped_in_total: u64,
    per_second: usize,
    window: TimeUs,
    used: usize,
}

impl RuleLog {
    pub(crate) fn new(per_second: usize) -> RuleLog {
        RuleLog {
            lines: VecDeque::new(),
            dropped: 0,
            dropped_in_total: 0,
            per_second,
            window: TimeUs(0),
            used: 0,
        }
    }

    /// Takes a line written at frame time `now`.
    pub(crate) fn write(&mut self, now: TimeUs, level: LogLevel, text: &str) {
        if now.since(self.window).as_secs() >= 1 || now < self.window {
            self.window = now;
            self.used = 0;
        }
        let message = cut(text.trim_end(), LINE_BYTES);
        // An empty line costs as well, or a flood of them would be free.
        let cost = message.len().max(16);
        if self.used.saturating_add(cost) > self.per_second {
            self.drop_one();
            return;
        }
        self.used += cost;
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
            self.drop_one();
        }
        self.lines.push_back(LogLine { time: now, level, message: message.to_owned() });
    }

    pub(crate) fn drain(&mut self) -> Logs {
        Logs { lines: self.lines.drain(..).collect(), dropped: std::mem::take(&mut self.dropped) }
    }

    pub(crate) fn dropped_in_total(&self) -> u64 {
        self.dropped_in_total
    }

    fn drop_one(&mut self) {
        self.dropped += 1;
        self.dropped_in_total += 1;
    }
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between two characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_at_the_allowance_and_counted_and_the_next_second_is_free_again() {
        let mut log = RuleLog::new(1_000);
        for _ in 0..100 {
            log.write(TimeUs(5), LogLevel::Info, &"x".repeat(100));
        }
        let logs = log.drain();
        assert_eq!((logs.lines.len(), logs.dropped), (10, 90));
        log.write(TimeUs(999_999), LogLevel::Info, "late");
        assert_eq!(log.drain().dropped, 1);
        log.write(TimeUs(1_000_005), LogLevel::Info, "next");
        assert_eq!(log.drain().lines[0].message, "next");
        assert_eq!(log.dropped_in_total(), 91);
    }

    #[test]
    fn undrained_lines_push_out_the_oldest() {
        let mut log = RuleLog::new(usize::MAX);
        for index in 0..CAPACITY + 3 {
            log.write(TimeUs(0), LogLevel::Info, &index.to_string());
        }
        let logs = log.drain();
        assert_eq!((logs.lines.len(), logs.dropped), (CAPACITY, 3));
        assert_eq!(logs.lines[0].message, "3");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let mut log = RuleLog::new(usize::MAX);
        log.write(TimeUs(0), LogLevel::Info, &"ä".repeat(LINE_BYTES));
        assert_eq!(log.drain().lines[0].message.len(), LINE_BYTES);
        assert_eq!(cut("aä", 2), "a");
    }
}
