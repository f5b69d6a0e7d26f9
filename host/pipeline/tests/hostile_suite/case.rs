//! What a hostile component is, and what must become of it.

use ocellus_runtime::RuleHealth;

use crate::made;
use crate::site::{marked, probe};

/// One row of the tables.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) made: Made,
    pub(crate) stops: Stops,
    /// A piece of what the site's API must say of it.
    pub(crate) says: &'static str,
}

/// How its bytes come about.
pub(crate) enum Made {
    /// Any bytes.
    Bytes(fn() -> Vec<u8>),
    /// Any component, as text.
    Text(&'static str),
    /// The component of `tests/guests/hand.wat` with code in the marked places.
    Hand(&'static [(&'static str, &'static str)]),
    /// The same where the code is too long to be written down.
    Grown(fn() -> Vec<(&'static str, String)>),
    /// The same with code in later calls of `process` only.
    Late(&'static str),
    /// The same with code in four places.
    Parts([(&'static str, &'static str); 4]),
    /// The probe with a text over one of its marks.
    Mark(&'static str, &'static str),
    /// A later version of the probe that does this.
    Successor(&'static str),
    /// The probe with a deed in its marks and these settings.
    Marked(&'static str, &'static str),
    /// The probe as it is, with these settings.
    Settings(&'static str),
    /// The probe, slow in each frame and bound with a small share of call time.
    Drip,
}

/// Where it must be refused or stopped.
pub(crate) enum Stops {
    /// It is not taken.
    AtUpload,
    /// It is not bound; the trial finds it out.
    AtBind,
    /// The operator who asks it is told.
    AtQuery(&'static str),
    /// The operator who corrects it is told.
    AtCommand(&'static str),
    /// Its sound predecessor goes on.
    AtActivation,
    /// It is in quarantine after the first failure.
    Running,
    /// It comes back each time, until it has failed too often or is removed.
    Again,
    /// It breaks a rule that costs nobody anything, goes on, and its last error says so.
    Warned,
    /// It does no harm, and its figures say what became of its attempts.
    Harmless(fn(&RuleHealth) -> bool),
}

impl Made {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Made::Bytes(make) => make(),
            Made::Text(text) => made::component(text),
            Made::Hand(parts) => made::hand(parts.iter().copied()),
            Made::Grown(parts) => {
                let parts = parts();
                made::hand(parts.iter().map(|(mark, code)| (*mark, code.as_str())))
            }
            Made::Late(code) => made::hand([("late", *code)]),
            Made::Parts(parts) => made::hand(parts.iter().copied()),
            Made::Marked(deed, _) => marked(&[("@deed=", deed)]),
            Made::Mark(mark, text) => marked(&[(mark, text)]),
            Made::Successor(deed) => marked(&[("@version=", "2.0.0"), ("@deed=", deed)]),
            Made::Settings(_) | Made::Drip => probe(),
        }
    }

    pub(crate) fn settings(&self) -> &'static str {
        match self {
            Made::Settings(settings) | Made::Marked(_, settings) => settings,
            Made::Drip => r#"{"do":"slow","after":3}"#,
            _ => "{}",
        }
    }
}
