//! Changes to cameras and rules are made one at a time.
//!
//! Not a lock around the frame path: frames, status and events never wait for a turn. It keeps, for
//! example, a camera from being removed while a rule is being bound to it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::SiteError;

/// How long a change waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// What the one who has it changes.
    taken: Mutex<Option<String>>,
    freed: Condvar,
}

/// The right to change the site, until dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// `of` is what is going to be changed.
    pub(crate) fn take(&self, of: String) -> Result<Turn<'_>, SiteError> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .freed
            .wait_timeout_while(taken, PATIENCE, |taken| taken.is_some())
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = taken.as_ref().filter(|_| waited.timed_out()) {
            return Err(SiteError::Busy { of: of.clone() });
        }
        *taken = Some(of);
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.freed.notify_one();
    }
}
