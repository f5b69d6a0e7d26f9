//! `ocellus plugin check`: whether a host would take a plugin.

use std::io::Write;

use jsonschema::Validator;
use ocellus_core::{CameraHandle, Name};
use ocellus_inference::COCO_80;
use ocellus_runtime::{Binding, BoundCamera, Call, CallError, Compiled, DeadlineMode, Limits, Probed};
use serde_json::Value;

use super::inspect::described;
use crate::args::plugin::CheckArgs;
use crate::commands::rules;
use crate::config::PluginsConfig;
use crate::exit::Outcome;

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let bytes = rules::read_plugin(&args.file)?;
    let settings = args.settings.as_deref().map(rules::settings_text).transpose()?;
    let refused = |reason: &dyn std::fmt::Display| {
        eprintln!("refused: {}: {reason}", args.file.display());
        Ok(Outcome::Failed)
    };
    let plugin = match rules::live_runtime(&PluginsConfig::default())?.load(bytes) {
        Ok(plugin) => plugin,
        Err(error) => return refused(&error),
    };
    let mut out = std::io::stdout();
    write!(out, "{}", described(&plugin)?)?;
    let schema = match schema(&plugin) {
        Ok(schema) => schema,
        Err(reason) => return refused(&format!("the settings schema is no JSON Schema: {reason}")),
    };
    writeln!(out, "settings  described by a valid JSON Schema")?;
    match trial(&plugin, settings.as_deref().unwrap_or("{}")) {
        Ok(_) => writeln!(out, "trial     passed")?,
        Err(Trial::Refused { own, .. }) if settings.is_none() => {
            writeln!(out, "trial     not made, it wants settings")?;
            eprintln!("note: without settings it says: {own}; try it with --settings");
        }
        Err(trial) => return refused(&trial.into_words()),
    }
    if let Some(text) = settings
        && let Some(fault) = schema.iter_errors(&serde_json::from_str(&text)?).next()
    {
        eprintln!("warning: it takes these settings, and its schema does not: {}", words(&fault));
    }
    Ok(Outcome::Done)
}

/// The plugin's settings schema, ready to check settings with.
fn schema(plugin: &Compiled) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(&plugin.description().settings_schema)
        .map_err(|error| format!("it is not JSON: {error}"))?;
    jsonschema::validator_for(&schema).map_err(|error| words(&error))
}

/// What is wrong, and where.
fn words(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    if place.is_empty() { error.to_string() } else { format!("{error} at {place}") }
}

/// Why a plugin did not pass its trial.
pub(super) enum Trial {
    /// It refuses the settings; the runtime's words and its own.
    Refused { whole: String, own: String },
    /// It broke a limit, or trapped.
    Failed(String),
}

impl Trial {
    /// The runtime's words.
    pub(super) fn into_words(self) -> String {
        match self {
            Trial::Refused { whole, .. } => whole,
            Trial::Failed(words) => words,
        }
    }
}

/// The plugin bound to a camera whose model knows the 80 classes of COCO, and tried on an empty frame.
pub(super) fn trial(plugin: &Compiled, settings: &str) -> Result<Probed, Trial> {
    let camera = BoundCamera {
        handle: CameraHandle(1),
        name: Name::from_lossy("camera", "camera"),
        classes: COCO_80.iter().map(|&class| class.to_owned()).collect(),
    };
    let binding = Binding {
        rule: plugin.description().name.clone(),
        settings: settings.to_owned(),
        cameras: vec![camera],
        limits: Limits::default(),
        grants: rules::grant_all(),
        deadline: DeadlineMode::Live,
    };
    let bound = plugin.bind(binding).map_err(|error| Trial::Failed(error.to_string()))?;
    bound.probe().map_err(|error| match &error.cause {
        CallError::Refused { call: Call::Configure, message } => {
            Trial::Refused { whole: error.to_string(), own: message.clone() }
        }
        _ => Trial::Failed(error.to_string()),
    })
}
