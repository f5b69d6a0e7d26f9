//! Versions that misbehave when they are handed the state of a sound one.

use crate::case::Case;
use crate::case::Made::Successor;
use crate::case::Stops::AtActivation;

pub(crate) fn cases() -> Vec<Case> {
    [
        ("restore-loops", "restore-loop", "restore: stopped after its time limit of 10 ms"),
        ("restore-traps", "restore-trap", "restore: the rule trapped"),
        ("restore-recurses", "restore-recurse", "its call stack is exhausted"),
        ("restore-hoards", "restore-allocate", "restore: "),
        ("restore-exits", "restore-exit", "it called exit("),
        ("restore-sleeps", "restore-sleep", "which stands still"),
        ("restore-refuses", "restore-refuse", "I start afresh"),
        ("restore-shouts", "restore-log-long", "restore: the rule handed the host more than 1048576 bytes"),
    ]
    .into_iter()
    .map(|(name, deed, says)| Case { name, made: Successor(deed), stops: AtActivation, says })
    .collect()
}
