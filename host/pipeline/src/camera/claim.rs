//! Who decides whether a question is still open: the one who asked, or the lane that answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// A command's token. Of taking and withdrawing, whichever comes first holds, so that an operator who was told
/// that nothing changed is told the truth.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claim(Arc<AtomicU8>);

impl Claim {
    /// The lane begins; false where the question was withdrawn.
    pub(crate) fn take(&self) -> bool {
        self.0.compare_exchange(OPEN, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The one who asked gives up; false where the lane has begun.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.compare_exchange(OPEN, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_first_holds() {
        let taken = Claim::default();
        assert!(taken.take() && !taken.withdraw());
        let withdrawn = Claim::default();
        assert!(withdrawn.clone().withdraw() && !withdrawn.take());
    }
}
