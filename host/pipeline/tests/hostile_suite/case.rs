//! What a hostile component is, and what must become of it.

use ocellus_pipeline::RuleCameraStatus;

use crate::made::{self, Speaks};
use crate::site::{guest, marked, marked_in, probe};

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
    /// The guest `powers` with these settings, and every power granted. `{server}` in them is the host and port of the
    /// stage's server.
    Powers(&'static str),
    /// The same without any power.
    Powerless(&'static str),
    /// The same with a deed in its marks.
    PowersMarked(&'static str, &'static str),
    /// A later version of it that does this.
    PowersSuccessor(&'static str),
    /// The same, slow in each frame and bound with a small share of call time.
    PowersDrip(&'static str),
    /// The component of `tests/guests/hand_v0_2.wat` with code in the marked places, and every power granted.
    HandV02(&'static [(&'static str, &'static str)]),
    /// The same with code in later calls of `process` only.
    LateV02(&'static str),
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
    /// The same, and what the failed call wrote under keys is gone.
    Forgets,
    /// It does no harm, and its figures say what became of its attempts.
    Harmless(Shown),
}

/// Whether a rule's figures say what they should.
pub(crate) type Shown = fn(&RuleCameraStatus) -> bool;

/// Cases of rows.
pub(crate) fn named(rows: impl Iterator<Item = (&'static str, Made, Stops, &'static str)>) -> Vec<Case> {
    rows.map(|(name, made, stops, says)| Case { name, made, stops, says }).collect()
}

impl Made {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Made::Bytes(make) => make(),
            Made::Text(text) => made::component(text),
            Made::Hand(parts) => made::hand(Speaks::V01, parts.iter().copied()),
            Made::Grown(parts) => {
                let parts = parts();
                made::hand(Speaks::V01, parts.iter().map(|(mark, code)| (*mark, code.as_str())))
            }
            Made::Late(code) => made::hand(Speaks::V01, [("late", *code)]),
            Made::Parts(parts) => made::hand(Speaks::V01, parts.iter().copied()),
            Made::Marked(deed, _) => marked(&[("@deed=", deed)]),
            Made::Mark(mark, text) => marked(&[(mark, text)]),
            Made::Successor(deed) => marked(&[("@version=", "2.0.0"), ("@deed=", deed)]),
            Made::Settings(_) | Made::Drip => probe(),
            Made::Powers(_) | Made::Powerless(_) | Made::PowersDrip(_) => guest("powers"),
            Made::PowersMarked(deed, _) => marked_in("powers", &[("@deed=", deed)]),
            Made::PowersSuccessor(deed) => marked_in("powers", &[("@version=", "2.0.0"), ("@deed=", deed)]),
            Made::HandV02(parts) => made::hand(Speaks::V02, parts.iter().copied()),
            Made::LateV02(code) => made::hand(Speaks::V02, [("late", *code)]),
        }
    }

    pub(crate) fn settings(&self) -> &'static str {
        match self {
            Made::Settings(settings) | Made::Marked(_, settings) => settings,
            Made::Drip => r#"{"do":"slow","after":3}"#,
            Made::Powers(settings)
            | Made::Powerless(settings)
            | Made::PowersMarked(_, settings)
            | Made::PowersDrip(settings) => settings,
            _ => "{}",
        }
    }

    /// Whether it is the guest `powers` as it stands.
    pub(crate) fn is_plain_powers(&self) -> bool {
        matches!(self, Made::Powers(_) | Made::Powerless(_) | Made::PowersDrip(_))
    }

    /// Whether it is granted every power.
    pub(crate) fn is_granted(&self) -> bool {
        let granted = matches!(
            self,
            Made::PowersMarked(..) | Made::PowersSuccessor(_) | Made::HandV02(_) | Made::LateV02(_)
        );
        granted || (self.is_plain_powers() && !matches!(self, Made::Powerless(_)))
    }

    /// Whether it has little call time a second.
    pub(crate) fn is_held_short(&self) -> bool {
        matches!(self, Made::Drip | Made::PowersDrip(_))
    }

    /// Whether it has one instance for all cameras.
    pub(crate) fn is_of_the_site(&self) -> bool {
        matches!(self, Made::PowersMarked("describe-site", _))
    }
}
