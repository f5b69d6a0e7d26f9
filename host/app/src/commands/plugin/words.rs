//! Figures and commands, in words.

use std::time::Duration;

/// A time with a unit that suits it: `9.8 µs`, `1.2 ms`, `6.1 s`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = if seconds < 1e-3 {
        (seconds * 1e6, "µs")
    } else if seconds < 1.0 {
        (seconds * 1e3, "ms")
    } else {
        (seconds, "s")
    };
    let digits = if value < 10.0 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// Bytes in MiB or KiB.
pub(super) fn bytes(bytes: usize) -> String {
    if bytes < 1 << 20 {
        return format!("{:.0} KiB", bytes as f64 / 1024.0);
    }
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// `1 event`, `2 events`.
pub(super) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_unit_that_suits_it() {
        let micros = Duration::from_micros;
        assert_eq!(time(Duration::from_nanos(1_910)), "1.9 µs");
        assert_eq!(
            [time(micros(1_200)), time(micros(61_000)), time(micros(6_100_000))],
            ["1.2 ms", "61 ms", "6.1 s"]
        );
    }

    #[test]
    fn a_shell_reads_a_quoted_word_as_it_was() {
        assert_eq!(quoted("a/b-1.wasm"), "a/b-1.wasm");
        assert_eq!(quoted(r#"{"a": 'b'}"#), r#"'{"a": '\''b'\''}'"#);
        assert_eq!(quoted(""), "''");
    }
}
