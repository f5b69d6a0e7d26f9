//! One component at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::CompilerError;

/// Components that may wait while one is compiled.
pub(super) const WAITING: usize = 4;

/// Whose turn it is to compile.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    waiting: usize,
}

/// The turn of whoever holds it; the next one's when it is dropped.
pub(super) struct Turn<'q>(&'q Queue);

impl Queue {
    /// Waits for the turn.
    ///
    /// # Errors
    /// [`CompilerError::Busy`] at once where [`WAITING`] others wait already.
    pub(super) fn enter(&self) -> Result<Turn<'_>, CompilerError> {
        let mut state = self.lock();
        if state.running {
            if state.waiting == WAITING {
                return Err(CompilerError::Busy { waiting: WAITING });
            }
            state.waiting += 1;
            let waited = self.free.wait_while(state, |state| state.running);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.running = true;
        Ok(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().running = false;
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_has_the_turn_some_wait_and_more_are_refused_at_once() {
        let queue = Queue::default();
        let (said, had) = channel();
        std::thread::scope(|scope| {
            let first = queue.enter().unwrap();
            for _ in 0..WAITING {
                let (queue, said) = (&queue, said.clone());
                scope.spawn(move || {
                    let turn = queue.enter().unwrap();
                    said.send(queue.lock().running).unwrap();
                    drop(turn);
                });
            }
            while queue.lock().waiting < WAITING {
                std::thread::yield_now();
            }
            assert_eq!(queue.enter().err(), Some(CompilerError::Busy { waiting: WAITING }));
            assert!(had.try_recv().is_err(), "nobody had the turn meanwhile");
            drop(first);
        });
        drop(said);
        assert_eq!(had.iter().collect::<Vec<_>>(), [true; WAITING]);
        drop(queue.enter().unwrap());
    }
}
