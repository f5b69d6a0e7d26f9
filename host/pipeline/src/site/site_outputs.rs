//! What site rules last said of a camera's picture, for its viewers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ocellus_core::{Name, RuleOutput};

/// By rule.
#[derive(Debug, Default)]
pub(crate) struct SiteOutputs(Mutex<BTreeMap<Name, RuleOutput>>);

impl SiteOutputs {
    /// The rule watches this camera from now on.
    pub(crate) fn expect(&self, rule: Name) {
        self.outputs().insert(rule, RuleOutput::default());
    }

    /// Takes what the rule says, unless it has left the camera meanwhile.
    pub(crate) fn put(&self, rule: &Name, output: RuleOutput) {
        if let Some(last) = self.outputs().get_mut(rule) {
            *last = output;
        }
    }

    pub(crate) fn all(&self) -> Vec<(Name, RuleOutput)> {
        self.outputs().iter().map(|(rule, output)| (rule.clone(), output.clone())).collect()
    }

    pub(crate) fn forget(&self, rule: &Name) {
        self.outputs().remove(rule);
    }

    fn outputs(&self) -> MutexGuard<'_, BTreeMap<Name, RuleOutput>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
