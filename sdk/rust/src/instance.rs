//! A rule as the host drives it: texts and columns in, texts and output out.

use ocellus_core::{FrameInfo, Message, Powers, TimeUs};

use crate::output::Output;
use crate::rule::{Rule, Scope};
use crate::site::Site;
use crate::tracks::{Columns, Tracks};

/// What a rule says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// [`Rule::NAME`].
    pub name: &'static str,
    /// [`Rule::VERSION`].
    pub version: &'static str,
    /// [`Rule::SUMMARY`].
    pub summary: &'static str,
    /// [`Rule::settings_schema`].
    pub settings_schema: String,
    /// [`Rule::SCOPE`].
    pub scope: Scope,
    /// [`Rule::POWERS`].
    pub powers: Powers,
}

/// A rule and its site, before and after it is configured. [`export!`](crate::export) makes one; the
/// test harness drives the same.
pub struct Instance<R> {
    rule: Option<R>,
    site: Site,
}

impl<R: Rule> std::fmt::Debug for Instance<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the rule itself: an author need not derive Debug for their tests.
        f.debug_struct(R::NAME).field("site", &self.site).finish_non_exhaustive()
    }
}

impl<R: Rule> Default for Instance<R> {
    fn default() -> Instance<R> {
        Instance::new()
    }
}

impl<R: Rule> Instance<R> {
    /// Not configured yet.
    #[must_use]
    pub const fn new() -> Instance<R> {
        Instance { rule: None, site: Site::new(Vec::new()) }
    }

    /// What the rule says of itself.
    #[must_use]
    pub fn describe() -> Description {
        Description {
            name: R::NAME,
            version: R::VERSION,
            summary: R::SUMMARY,
            settings_schema: R::settings_schema(),
            scope: R::SCOPE,
            powers: R::POWERS,
        }
    }

    /// Reads the settings and makes the rule. A rule that stood before stays when this fails.
    ///
    /// # Errors
    /// The place in the settings and what is wrong there.
    pub fn configure(&mut self, settings: &str, site: Site) -> Result<(), String> {
        let settings: serde_json::Value = serde_json::from_slice(settings.as_bytes())
            .map_err(|error| format!("settings are not JSON: {error}"))?;
        let settings = serde_path_to_error::deserialize(settings).map_err(|error| {
            let path = error.path().to_string();
            let what = error.into_inner();
            if path == "." { format!("settings: {what}") } else { format!("settings: {path}: {what}") }
        })?;
        self.rule = Some(R::configure(settings, &site).map_err(|error| format!("settings: {error}"))?);
        self.site = site;
        Ok(())
    }

    /// The topics that the rule wants to hear of.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        self.rule.as_ref().map_or_else(Vec::new, Rule::topics)
    }

    /// Tells the rule what others have said, before the frame that comes next.
    ///
    /// # Errors
    /// That it was not configured.
    pub fn hear(&mut self, messages: &[Message]) -> Result<(), String> {
        let rule = self.rule()?;
        messages.iter().for_each(|message| rule.hear(message));
        Ok(())
    }

    /// Shows the rule one frame.
    ///
    /// # Errors
    /// The rule's own, or that it was not configured.
    pub fn process(&mut self, frame: &FrameInfo, columns: Columns) -> Result<Output, String> {
        let classes = self.site.camera(frame.camera).map(|camera| camera.classes.clone());
        let tracks = Tracks::new(columns, classes.unwrap_or_default());
        self.rule()?.process(frame, &tracks)
    }

    /// Tells the rule that the stream ended.
    ///
    /// # Errors
    /// The rule's own, or that it was not configured.
    pub fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        self.rule()?.finish(time)
    }

    /// The rule's state as JSON; empty when it was not configured or its state cannot be written.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let Some(rule) = &self.rule else { return Vec::new() };
        serde_json::to_vec(&rule.save()).unwrap_or_else(|error| {
            crate::log::error(format!("the state cannot be written as JSON: {error}"));
            Vec::new()
        })
    }

    /// Gives the rule a state that `version` saved.
    ///
    /// # Errors
    /// Why it cannot be read, or the rule's own refusal.
    pub fn restore(&mut self, state: &[u8], version: &str) -> Result<(), String> {
        let rule = self.rule()?;
        let state = serde_json::from_slice(state).and_then(serde_json::from_value).map_err(|error| {
            format!("the state of version {version} cannot be read by {}: {error}", R::VERSION)
        })?;
        rule.restore(state, version)
    }

    /// Asks the rule.
    ///
    /// # Errors
    /// The request is not JSON, or the rule's own refusal.
    pub fn query(&mut self, request: &str) -> Result<String, String> {
        let request = read_request(request)?;
        let answer = self.rule()?.query(request)?;
        serde_json::to_string(&answer).map_err(|error| format!("the answer cannot be written: {error}"))
    }

    /// Hands the rule an operator's correction.
    ///
    /// # Errors
    /// The request is not JSON, or the rule's own refusal.
    pub fn command(&mut self, time: TimeUs, request: &str) -> Result<Output, String> {
        let request = read_request(request)?;
        self.rule()?.command(time, request)
    }

    fn rule(&mut self) -> Result<&mut R, String> {
        self.rule.as_mut().ok_or_else(|| format!("rule {} was not configured", R::NAME))
    }
}

fn read_request(request: &str) -> Result<serde_json::Value, String> {
    // A question without words is a fair question.
    if request.trim().is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_slice(request.as_bytes()).map_err(|error| format!("the request is not JSON: {error}"))
}
