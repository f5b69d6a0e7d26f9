//! What an author writes.

use ocellus_core::{FrameInfo, Message, Powers, TimeUs};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::output::Output;
use crate::site::Site;
use crate::tracks::Tracks;

/// Who shares an instance of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// One instance a camera.
    #[default]
    Camera,
    /// One instance for all cameras of a binding.
    Site,
}

/// A rule: takes its settings once, then sees frame after frame.
///
/// Errors are texts for the operator: lower case, no full stop, naming the setting, its value and what
/// would be right. A panic ends the instance; the host starts a new one from its last saved state.
pub trait Rule: Sized {
    /// 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit.
    const NAME: &'static str;
    /// A semantic version; usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;
    /// Who shares an instance.
    const SCOPE: Scope = Scope::Camera;
    /// What it asks for beyond seeing tracks; [`Site::granted`] says what it got.
    const POWERS: Powers = Powers::NONE;

    /// Read from the JSON object that the operator gives; its JSON Schema is shown to them. Use
    /// `#[serde(deny_unknown_fields)]`, so that a misspelt key is named instead of ignored.
    type Settings: DeserializeOwned + JsonSchema;
    /// All that must last over a restart or a change of version; `()` for a rule without memory. Give
    /// fields that a later version adds `#[serde(default)]`, so that it can read the older state.
    type State: Serialize + DeserializeOwned + Default;

    /// JSON Schema of the settings. Made from their type, unless overridden: a rule that hands out a
    /// text made beforehand (`test::check_schema` keeps it current) is about 80 kB smaller.
    fn settings_schema() -> String {
        crate::settings::schema_of::<Self::Settings>().to_string()
    }

    /// Takes its settings and the cameras it is bound to.
    ///
    /// # Errors
    /// Whatever is wrong with the settings; the binding is refused with this text.
    fn configure(settings: Self::Settings, site: &Site) -> Result<Self, String>;

    /// The topics that it wants to hear of. Needs [`Power::Messages`](ocellus_core::Power::Messages).
    fn topics(&self) -> Vec<String> {
        Vec::new()
    }

    /// Hears what another rule of the site has said; before the frame that it is told with, in a fixed order.
    fn hear(&mut self, message: &Message) {
        let _ = message;
    }

    /// Sees one frame.
    ///
    /// # Errors
    /// Counted and shown to the operator; the rule goes on with the next frame.
    fn process(&mut self, frame: &FrameInfo, tracks: &Tracks) -> Result<Output, String>;

    /// The stream ended: last reports.
    ///
    /// # Errors
    /// Counted and shown to the operator.
    fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        let _ = time;
        Ok(Output::new())
    }

    /// Its state; written as JSON, at most 1 MiB.
    fn save(&self) -> Self::State {
        Self::State::default()
    }

    /// Takes over a state that version `version` of this plugin saved. It was configured just before.
    ///
    /// # Errors
    /// Why the state is of no use; refuses the hand-over.
    fn restore(&mut self, state: Self::State, version: &str) -> Result<(), String> {
        let _ = (state, version);
        Ok(())
    }

    /// Answers a question over REST without changing anything.
    ///
    /// # Errors
    /// What is wrong with the question.
    fn query(&self, request: serde_json::Value) -> Result<serde_json::Value, String> {
        let _ = request;
        Err(format!("rule {} answers no queries", Self::NAME))
    }

    /// Takes an operator's correction.
    ///
    /// # Errors
    /// What is wrong with it; nothing changed.
    fn command(&mut self, time: TimeUs, request: serde_json::Value) -> Result<Output, String> {
        let _ = (time, request);
        Err(format!("rule {} takes no commands", Self::NAME))
    }
}
