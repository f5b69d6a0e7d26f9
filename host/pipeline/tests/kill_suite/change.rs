//! The changes that are killed, in the order in which they are made.

use ocellus_pipeline::{RulePolicy, RuleSettings, Site, SiteError};
use ocellus_store::Digest;

use crate::stand::{CAMERAS, name, version};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    UploadFirst,
    Bind,
    UploadSecond,
    Activate,
    RollBack,
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
    /// The rule's active version, and those before it.
    pub(crate) rule: Option<(Digest, Vec<Digest>)>,
}

impl Change {
    pub(crate) const ALL: [Change; 10] = [
        Change::UploadFirst,
        Change::Bind,
        Change::UploadSecond,
        Change::Activate,
        Change::RollBack,
        Change::Promote,
        Change::Restart,
        Change::End,
        Change::RemoveRule,
        Change::RemovePlugin,
    ];

    /// Makes the change.
    pub(crate) fn make(self, site: &Site) -> Result<(), SiteError> {
        let rule = name("count");
        let [first, second] = [0, 1].map(|number| digest(number).to_string());
        match self {
            Change::UploadFirst => site.upload_plugin(version(0)).map(drop),
            Change::UploadSecond => site.upload_plugin(version(1)).map(drop),
            Change::Bind => site.put_rule(settings(first)).map(drop),
            Change::Activate => site.activate(&rule, &second, None).map(drop),
            Change::RollBack => site.roll_back(&rule).map(drop),
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
    pub(crate) fn around(self) -> (Standing, Standing) {
        let [first, second] = [digest(0), digest(1)];
        let standing = |plugins: &[Digest], rule| Standing { plugins: plugins.to_vec(), rule };
        let both = [first, second];
        let nothing = standing(&[], None);
        let uploaded = standing(&[first], None);
        let bound = standing(&[first], Some((first, vec![])));
        let ready = standing(&both, Some((first, vec![])));
        let activated = standing(&both, Some((second, vec![first])));
        let back = standing(&both, Some((first, vec![second])));
        let removed = standing(&both, None);
        match self {
            Change::UploadFirst => (nothing, uploaded),
            Change::Bind => (uploaded, bound),
            Change::UploadSecond => (bound, ready),
            Change::Activate => (ready, activated),
            Change::RollBack => (activated, back),
            Change::Promote => (back, activated),
            Change::Restart | Change::End => (activated.clone(), activated),
            Change::RemoveRule => (activated, removed),
            Change::RemovePlugin => (removed, uploaded),
        }
    }
}

fn digest(number: usize) -> Digest {
    Digest::of(&version(number))
}

fn settings(plugin: String) -> RuleSettings {
    RuleSettings {
        name: name("count"),
        plugin,
        cameras: CAMERAS.map(name).to_vec(),
        settings: "{}".to_owned(),
        policy: RulePolicy::default(),
        grants: None,
    }
}
