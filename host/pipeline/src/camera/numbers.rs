//! Track numbers that are not given twice, not even by the next run of the program: rules keep what they know of
//! a track under its number, and their state outlasts a restart.

/// Numbers set aside at a time.
pub(crate) const BLOCK: u64 = 1000;

/// The numbers that a camera may give without asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrackNumbers {
    first: u64,
    reserved: u64,
}

impl TrackNumbers {
    /// Those of a block that begins with `first`.
    pub(crate) fn block(first: u64) -> TrackNumbers {
        TrackNumbers { first, reserved: first.saturating_add(BLOCK - 1) }
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Whether it is time to set the next block aside: half of the last one is left.
    pub(crate) fn run_short(&self, last: u64) -> bool {
        last.saturating_add(BLOCK / 2) > self.reserved
    }

    pub(crate) fn extend(&mut self) {
        self.reserved = self.reserved.saturating_add(BLOCK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_block_is_asked_for_while_half_of_the_last_is_left() {
        let mut numbers = TrackNumbers::block(2001);
        assert!(numbers.first() == 2001 && !numbers.run_short(2500) && numbers.run_short(2501));
        numbers.extend();
        assert!(!numbers.run_short(3500) && numbers.run_short(3501));
    }
}
