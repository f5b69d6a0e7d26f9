//! Plates that matter.

use std::collections::BTreeMap;

use crate::plate;
use crate::settings::{ListKind, LookAlike, WatchList};

/// All lists.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The list of each plate; the first one, where it is on several.
    lists: BTreeMap<String, (String, ListKind)>,
    look_alike: LookAlike,
    has_allowed: bool,
}

/// What a plate means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Nothing,
    Allowed(String),
    Denied(String),
    /// On no list, where some plates are allowed.
    Unlisted,
}

impl Watch {
    /// Plates that are looked for go before those that are expected.
    pub(crate) fn new(lists: &[WatchList], look_alike: LookAlike) -> Watch {
        let mut watch = Watch { lists: BTreeMap::new(), look_alike, has_allowed: false };
        for kind in [ListKind::Deny, ListKind::Allow] {
            for list in lists.iter().filter(|list| list.kind == kind) {
                watch.has_allowed |= kind == ListKind::Allow;
                for text in list.plates.iter().filter_map(|text| plate::normalised(text)) {
                    let key = watch.key(&text);
                    watch.lists.entry(key).or_insert_with(|| (list.name.clone(), kind));
                }
            }
        }
        watch
    }

    /// Whether there are plates that matter.
    pub(crate) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// What a plate means. Of a masked one nobody can say.
    pub(crate) fn meaning(&self, text: &str) -> Meaning {
        if is_masked(text) {
            return Meaning::Nothing;
        }
        match self.lists.get(&self.key(text)) {
            Some((list, ListKind::Deny)) => Meaning::Denied(list.clone()),
            Some((list, ListKind::Allow)) => Meaning::Allowed(list.clone()),
            None if self.has_allowed => Meaning::Unlisted,
            None => Meaning::Nothing,
        }
    }

    fn key(&self, text: &str) -> String {
        match self.look_alike {
            LookAlike::Different => text.to_owned(),
            LookAlike::Same => plate::simplified(text),
        }
    }
}

/// Whether the camera shows no more than a part of the text.
pub(crate) fn is_masked(text: &str) -> bool {
    text.contains('*')
}

impl Meaning {
    /// The kind of its event, and the list.
    pub(crate) fn event(&self) -> Option<(&'static str, Option<&str>)> {
        match self {
            Meaning::Nothing => None,
            Meaning::Allowed(list) => Some(("plate-allowed", Some(list))),
            Meaning::Denied(list) => Some(("plate-denied", Some(list))),
            Meaning::Unlisted => Some(("plate-unlisted", None)),
        }
    }
}
