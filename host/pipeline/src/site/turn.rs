//! Changes of one thing are made one at a time, and changes of different ones beside each other where they may be.
//!
//! Not a lock around the frame path: frames, status and events never wait for a turn. It keeps, for
//! example, a camera from being removed while a rule is being bound to it. A rule that takes long to configure holds
//! nobody's changes of other rules and cameras, least of all a roll-back.

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
    /// One rule.
    Rule(Name),
    /// The shadow of a rule; how many there are is limited, so one begins at a time.
    Shadow(Name),
    /// The settings of one camera, or a new one.
    Camera(Name),
    /// What others stand on, such as a camera that goes; nothing else is changed meanwhile.
    Alone(String),
}

#[derive(Debug)]
pub(crate) struct Turns {
    /// What is being changed.
    taken: Mutex<Vec<Subject>>,
    freed: Condvar,
    patience: Duration,
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
            Subject::Shadow(name) => write!(f, "the shadow of rule {name}"),
            Subject::Camera(name) => write!(f, "camera {name}"),
            Subject::Alone(of) => f.write_str(of),
        }
    }
}

impl Subject {
    /// Whether the two may not be changed at the same time.
    fn excludes(&self, other: &Subject) -> bool {
        use Subject::{Alone, Camera, Rule, Shadow};
        match (self, other) {
            (Alone(_), _) | (_, Alone(_)) | (Shadow(_), Shadow(_)) => true,
            (Rule(one), Rule(other) | Shadow(other)) | (Shadow(one), Rule(other)) => one == other,
            (Camera(one), Camera(other)) => one == other,
            (Camera(_), Rule(_) | Shadow(_)) | (Rule(_) | Shadow(_), Camera(_)) => false,
        }
    }
}

impl Turns {
    pub(crate) fn take(&self, of: Subject) -> Result<Turn<'_>, SiteError> {
        let (mut taken, _) = self
            .freed
            .wait_timeout_while(self.taken(), self.patience, |taken| {
                taken.iter().any(|other| other.excludes(&of))
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = taken.iter().find(|other| other.excludes(&of)) {
            return Err(SiteError::Busy { of: holder.to_string() });
        }
        taken.push(of.clone());
        Ok(Turn { turns: self, subject: of })
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Subject>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.taken();
        if let Some(place) = taken.iter().position(|subject| *subject == self.subject) {
            taken.swap_remove(place);
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

    fn removal() -> Subject {
        Subject::Alone("camera gate".to_owned())
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
    fn settings_of_cameras_wait_for_no_rule_and_one_shadow_begins_at_a_time() {
        let name = |name: &str| Name::new(name).unwrap();
        let turns = impatient();
        let slow = turns.take(rule("slow")).unwrap();
        let of_camera = turns.take(Subject::Camera(name("gate"))).unwrap();
        assert_waits(&turns, Subject::Camera(name("gate")), "camera gate");
        turns.take(Subject::Camera(name("yard"))).unwrap();
        let shadow = turns.take(Subject::Shadow(name("b"))).unwrap();
        assert_waits(&turns, Subject::Shadow(name("c")), "the shadow of rule b");
        assert_waits(&turns, rule("b"), "the shadow of rule b");
        assert_waits(&turns, Subject::Shadow(name("slow")), "rule slow");
        drop((slow, of_camera, shadow));
        turns.take(removal()).unwrap();
    }

    #[test]
    fn what_others_stand_on_is_changed_alone() {
        let turns = impatient();
        let of_rule = turns.take(rule("a")).unwrap();
        assert_waits(&turns, removal(), "rule a");
        drop(of_rule);
        let of_camera = turns.take(removal()).unwrap();
        assert_waits(&turns, rule("b"), "camera gate");
        assert_waits(&turns, removal(), "camera gate");
        drop(of_camera);
        turns.take(rule("b")).unwrap();
    }

    #[test]
    fn who_waits_goes_on_when_all_that_stands_in_the_way_is_done() {
        let turns = Turns::default();
        thread::scope(|scope| {
            let held = [turns.take(rule("a")).unwrap(), turns.take(rule("b")).unwrap()];
            let waiting = scope.spawn(|| turns.take(removal()).map(drop));
            drop(held);
            waiting.join().unwrap().unwrap();
        });
    }
}
