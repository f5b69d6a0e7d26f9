//! `ocellus plugin inspect`: what a plugin says of itself.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Context;
use ocellus_runtime::Compiled;

use crate::args::FileArgs;
use crate::commands::rules;
use crate::config::PluginsConfig;
use crate::exit::Outcome;

pub(crate) fn run(args: &FileArgs) -> anyhow::Result<Outcome> {
    let bytes = rules::read_plugin(&args.file)?;
    let about = || format!("plugin {}", args.file.display());
    let plugin = rules::live_runtime(&PluginsConfig::default())?.load(bytes).with_context(about)?;
    let mut text = described(&plugin)?;
    writeln!(text, "settings  {}", plugin.description().settings_schema)?;
    write!(std::io::stdout(), "{text}")?;
    Ok(Outcome::Done)
}

/// All but the settings.
pub(super) fn described(plugin: &Compiled) -> anyhow::Result<String> {
    let (description, artifact) = (plugin.description(), plugin.artifact());
    let mut text = String::new();
    writeln!(text, "name      {}", description.name)?;
    writeln!(text, "version   {}", description.version)?;
    writeln!(text, "summary   {}", description.summary)?;
    writeln!(text, "scope     {}", description.scope)?;
    writeln!(text, "contract  ocellus:plugin {}", artifact.abi)?;
    writeln!(text, "size      {} bytes", artifact.bytes.len())?;
    writeln!(text, "digest    {}", artifact.digest)?;
    let asks =
        if description.powers.is_none() { "nothing".to_owned() } else { description.powers.to_string() };
    writeln!(text, "asks for  {asks}")?;
    writeln!(text, "imports   {}", artifact.imports.join("\n          "))?;
    Ok(text)
}
