//! What the process itself uses, as the Linux kernel tells it.

use std::time::Duration;

/// Memory and processor time of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: u64,
    pub(crate) cpu: Duration,
}

/// Clock ticks a second in `/proc`: the same on every Linux that Rust's std supports.
const TICKS: u64 = 100;

/// What is used now; `None` where the system has no `/proc`.
pub(crate) fn usage() -> Option<Usage> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some(Usage { resident_bytes: resident(&status)?, cpu: cpu(&stat)? })
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// User and system time, the 14th and 15th field. The second one, the name, may hold anything but ends
/// with the last bracket.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_a_name_with_brackets_and_spaces() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1024 kB\n"), Some(1024 * 1024));
        assert_eq!((cpu("nonsense"), resident("")), (None, None));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(usage().is_some_and(|usage| usage.resident_bytes > 100_000));
    }
}
