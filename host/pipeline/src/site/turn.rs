//! Changes of one rule are made one at a time, and changes of what rules stand on (cameras, plugins) alone.
//!
//! Not a lock around the frame path: frames, status and events never wait for a turn. It keeps, for
//! example, a camera from being removed while a rule is being bound to it. A rule that takes long to configure holds
//! nobody's changes of other rules, least of all a roll-back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ocellus_core::Name;

use super::SiteError;

/// How long a change waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is going to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One rule; other rules may be changed meanwhile.
    Rule(Name),
    /// What rules stand on, such as `camera gate`; nothing else is changed meanwhile.
    Site(String),
}

#[derive(Debug)]
pub(crate) struct Turns {
    taken: Mutex<Taken>,
    freed: Condvar,
    patience: Duration,
}

/// What is being changed.
#[derive(Debug, Default)]
struct Taken {
    rules: BTreeSet<Name>,
    site: Option<String>,
}

/// The right to change something, until dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    subject: Subject,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns { taken: Mutex::default(), freed: Condvar::new(), patience: PATIENCE }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Rule(name) => write!(f, "rule {name}"),
            Subject::Site(of) => f.write_str(of),
        }
    }
}

impl Taken {
    /// What stands in the way of a change.
    fn holder(&self, of: &Subject) -> Option<Subject> {
        if let Some(site) = &self.site {
            return Some(Subject::Site(site.clone()));
        }
        let rule = match of {
            Subject::Rule(name) => self.rules.get(name),
            Subject::Site(_) => self.rules.first(),
        };
        rule.cloned().map(Subject::Rule)
    }
}

impl Turns {
    pub(crate) fn take(&self, of: Subject) -> Result<Turn<'_>, SiteError> {
        let (mut taken, _) = self
            .freed
            .wait_timeout_while(self.taken(), self.patience, |taken| taken.holder(&of).is_some())
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = taken.holder(&of) {
            return Err(SiteError::Busy { of: holder.to_string() });
        }
        match &of {
            Subject::Rule(name) => drop(taken.rules.insert(name.clone())),
            Subject::Site(site) => taken.site = Some(site.clone()),
        }
        Ok(Turn { turns: self, subject: of })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.taken();
        match &self.subject {
            Subject::Rule(name) => drop(taken.rules.remove(name)),
            Subject::Site(_) => taken.site = None,
        }
        drop(taken);
        self.turns.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn rule(name: &str) -> Subject {
        Subject::Rule(Name::new(name).unwrap())
    }

    fn camera() -> Subject {
        Subject::Site("camera gate".to_owned())
    }

    fn impatient() -> Turns {
        Turns { patience: Duration::from_millis(20), ..Turns::default() }
    }

    #[track_caller]
    fn assert_waits(turns: &Turns, of: Subject, for_whom: &str) {
        let error = turns.take(of).unwrap_err().to_string();
        assert!(error.contains(&format!("a change of {for_whom} is under way")), "{error}");
    }

    #[test]
    fn rules_are_changed_beside_each_other_and_each_once_at_a_time() {
        let turns = impatient();
        let first = turns.take(rule("a")).unwrap();
        let second = turns.take(rule("b")).unwrap();
        assert_waits(&turns, rule("a"), "rule a");
        drop(first);
        let again = turns.take(rule("a")).unwrap();
        drop((second, again));
    }

    #[test]
    fn what_rules_stand_on_is_changed_alone() {
        let turns = impatient();
        let of_rule = turns.take(rule("a")).unwrap();
        assert_waits(&turns, camera(), "rule a");
        drop(of_rule);
        let of_camera = turns.take(camera()).unwrap();
        assert_waits(&turns, rule("b"), "camera gate");
        assert_waits(&turns, camera(), "camera gate");
        drop(of_camera);
        turns.take(rule("b")).unwrap();
    }

    #[test]
    fn who_waits_goes_on_when_all_that_stands_in_the_way_is_done() {
        let turns = Turns::default();
        thread::scope(|scope| {
            let held = [turns.take(rule("a")).unwrap(), turns.take(rule("b")).unwrap()];
            let waiting = scope.spawn(|| turns.take(camera()).map(drop));
            drop(held);
            waiting.join().unwrap().unwrap();
        });
    }
}
