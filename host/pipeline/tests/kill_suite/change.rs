//! The changes that are killed, in the order in which they are made.

use ocellus_pipeline::{Site, SiteError};
use ocellus_store::Digest;

use crate::stand::{self, name};
use crate::subject::{self, RULE, Subject};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    UploadFirst,
    Bind,
    UploadSecond,
    Activate,
    RollBack,
    /// The second version traps, and the host goes back by itself.
    Breach,
    Promote,
    Restart,
    End,
    RemoveRule,
    RemovePlugin,
}

/// What there is of plugins and of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Versions that are kept.
    pub(crate) plugins: Vec<Digest>,
    /// The rule's versions.
    pub(crate) rule: Option<Versions>,
}

/// The versions of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) active: Digest,
    /// Those before it.
    pub(crate) previous: Vec<Digest>,
    /// Those in quarantine.
    pub(crate) quarantined: Vec<Digest>,
}

impl Change {
    pub(crate) const ALL: [Change; 11] = [
        Change::UploadFirst,
        Change::Bind,
        Change::UploadSecond,
        Change::Activate,
        Change::RollBack,
        Change::Breach,
        Change::Promote,
        Change::Restart,
        Change::End,
        Change::RemoveRule,
        Change::RemovePlugin,
    ];

    /// Whether it changes the rule; what becomes of plugins does not depend on what rules they are for.
    pub(crate) fn is_of_rule(self) -> bool {
        !matches!(self, Change::UploadFirst | Change::UploadSecond | Change::RemovePlugin)
    }

    /// What comes before the change in the same process, and is not killed.
    pub(crate) fn prepare(self, subject: Subject, site: &Site) {
        if self == Change::Breach {
            Change::Activate.make(subject, site).unwrap();
            stand::at_work(site);
        }
    }

    /// Makes the change.
    pub(crate) fn make(self, subject: Subject, site: &Site) -> Result<(), SiteError> {
        let rule = name(RULE);
        let [first, second] = [0, 1].map(|number| subject.digest(number).to_string());
        match self {
            Change::UploadFirst => site.upload_plugin(subject.version(0)).map(drop),
            Change::UploadSecond => site.upload_plugin(subject.version(1)).map(drop),
            Change::Bind => site.put_rule(Subject::settings(first)).map(drop),
            Change::Activate => site.activate(&rule, &second, None).map(drop),
            Change::RollBack => site.roll_back(&rule).map(drop),
            Change::Breach => {
                subject::trap(site);
                stand::wait_until("the host goes back", || site.rule(&rule).unwrap().digest == first);
                Ok(())
            }
            Change::Promote => {
                site.shadow(&rule, &second)?;
                site.promote_shadow(&rule, None).map(drop)
            }
            Change::RemoveRule => site.remove_rule(&rule),
            Change::RemovePlugin => site.remove_plugin(&second),
            Change::Restart | Change::End => Ok(()),
        }
    }

    /// What there is before it and after it.
    pub(crate) fn around(self, subject: Subject) -> (Standing, Standing) {
        let [first, second] = [0, 1].map(|number| subject.digest(number));
        let standing = |plugins: &[Digest], rule| Standing { plugins: plugins.to_vec(), rule };
        let versions = |active, previous: &[Digest], quarantined: &[Digest]| {
            let (previous, quarantined) = (previous.to_vec(), quarantined.to_vec());
            Some(Versions { active, previous, quarantined })
        };
        let both = [first, second];
        let nothing = standing(&[], None);
        let uploaded = standing(&[first], None);
        let bound = standing(&[first], versions(first, &[], &[]));
        let ready = standing(&both, versions(first, &[], &[]));
        let activated = standing(&both, versions(second, &[first], &[]));
        let back = standing(&both, versions(first, &[second], &[]));
        let fallen = standing(&both, versions(first, &[second], &[second]));
        let removed = standing(&both, None);
        match self {
            Change::UploadFirst => (nothing, uploaded),
            Change::Bind => (uploaded, bound),
            Change::UploadSecond => (bound, ready),
            Change::Activate => (ready, activated),
            Change::RollBack => (activated, back),
            Change::Breach => (activated, fallen),
            Change::Promote => (fallen, activated),
            Change::Restart | Change::End => (activated.clone(), activated),
            Change::RemoveRule => (activated, removed),
            Change::RemovePlugin => (removed, uploaded),
        }
    }
}
