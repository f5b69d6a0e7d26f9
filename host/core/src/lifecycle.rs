//! What can become of a plugin version in a rule, and why.

use std::fmt;

/// Where a plugin version stands, as far as its rule is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionState {
    /// Verified, compiled and stored; no rule runs it because of that.
    Uploaded,
    /// The rule runs it.
    Active,
    /// It runs beside the active one on the same tracks, and only its comparison is kept.
    Shadow,
    /// Another version took its place, or the rule was removed.
    Retired,
    /// It failed; the rule does not run it until an operator activates it again.
    Quarantined,
    /// It was refused; nothing changed.
    Refused,
    /// It asks for powers that the rule's operator has not seen, and is not run until they say what it gets.
    Waiting,
    /// It was deleted.
    Removed,
}

/// What moved a version into its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// An operator uploaded or deleted a plugin.
    Upload,
    /// An operator bound a rule, or changed its cameras or settings.
    Bind,
    /// An operator activated a version.
    Activate,
    /// An operator went back to a former version.
    RollBack,
    /// An operator started, promoted or dropped a shadow.
    Shadow,
    /// The version did worse than its predecessor or its limits allow, and the host went back by itself.
    Breach,
    /// The version failed too often.
    Strikes,
    /// The host started.
    Start,
    /// An operator removed the rule.
    Remove,
}

impl VersionState {
    /// All of them.
    pub const ALL: [VersionState; 8] = [
        VersionState::Uploaded,
        VersionState::Active,
        VersionState::Shadow,
        VersionState::Retired,
        VersionState::Quarantined,
        VersionState::Refused,
        VersionState::Waiting,
        VersionState::Removed,
    ];

    /// Its name in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            VersionState::Uploaded => "uploaded",
            VersionState::Active => "active",
            VersionState::Shadow => "shadow",
            VersionState::Retired => "retired",
            VersionState::Quarantined => "quarantined",
            VersionState::Refused => "refused",
            VersionState::Waiting => "waiting",
            VersionState::Removed => "removed",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<VersionState> {
        VersionState::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 9] = [
        Cause::Upload,
        Cause::Bind,
        Cause::Activate,
        Cause::RollBack,
        Cause::Shadow,
        Cause::Breach,
        Cause::Strikes,
        Cause::Start,
        Cause::Remove,
    ];

    /// Its name in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Upload => "upload",
            Cause::Bind => "bind",
            Cause::Activate => "activate",
            Cause::RollBack => "roll-back",
            Cause::Shadow => "shadow",
            Cause::Breach => "breach",
            Cause::Strikes => "strikes",
            Cause::Start => "start",
            Cause::Remove => "remove",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_and_stands_once() {
        for state in VersionState::ALL {
            assert_eq!(VersionState::named(state.as_str()), Some(state));
        }
        for cause in Cause::ALL {
            assert_eq!(Cause::named(cause.as_str()), Some(cause));
        }
        assert_eq!((VersionState::named("Active"), Cause::named("")), (None, None));
    }
}
