//! Rules named on the command line.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ocellus_core::{Name, Power};
use ocellus_pipeline::recorded::{RecordedRule, RuleSource};
use ocellus_runtime::{Backtrace, CompilerLimits, CompilerProcess, Grants, Runtime, RuntimeOptions, Upload};

use super::files::{self, Files};
use crate::args::RuleArgs;
use crate::config::{PluginsConfig, read_small};

/// Larger files are no plugins; reading stops before memory does.
const MAX_PLUGIN_BYTES: u64 = 64 << 20;
/// Over a recording a call may take seconds, so a coarse clock is enough, and saves half a percent of CPU.
const RECORDED_TICK: Duration = Duration::from_millis(50);

/// Verifies, binds and probes all rules of the command line for a camera with these classes.
pub(crate) fn prepare(
    args: &RuleArgs,
    camera: &Name,
    classes: &Arc<[String]>,
) -> anyhow::Result<Vec<RecordedRule>> {
    prepare_on(args, &[(camera.clone(), Arc::clone(classes))])
}

/// The same for several cameras, each with its classes.
pub(crate) fn prepare_on(
    args: &RuleArgs,
    cameras: &[(Name, Arc<[String]>)],
) -> anyhow::Result<Vec<RecordedRule>> {
    ensure!(
        args.settings.len() <= args.rules.len(),
        "{} --settings for {} --rule: give at most one for each rule",
        args.settings.len(),
        args.rules.len()
    );
    ensure!(
        args.names.len() <= args.rules.len(),
        "{} --rule-name for {} --rule: give at most one for each rule",
        args.names.len(),
        args.rules.len()
    );
    if args.rules.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = runtime(RECORDED_TICK)?;
    let grants = Grants::new(args.grants.iter().copied().collect(), &[])?;
    let mut rules = Vec::new();
    for (index, path) in args.rules.iter().enumerate() {
        let settings = match args.settings.get(index) {
            Some(text) => settings_text(text)?,
            None => "{}".to_owned(),
        };
        let source = RuleSource {
            origin: path.display().to_string(),
            component: read_plugin(path)?,
            settings,
            name: args.names.get(index).cloned(),
            grants: grants.clone(),
        };
        rules.push(RecordedRule::prepare_on(&runtime, &source, cameras)?);
    }
    Ok(rules)
}

/// Where the rules of live cameras run: compiled in processes of their own, signed where keys are configured.
pub(crate) fn live_runtime(config: &PluginsConfig) -> anyhow::Result<Runtime> {
    let options = RuntimeOptions {
        cache_dir: cache_dir(),
        compiler: Some(compiler(config.compiler_limits())?),
        trusted_keys: config.trusted_keys()?,
        ..RuntimeOptions::default()
    };
    Ok(Runtime::new(options)?)
}

/// Where a rule runs over recorded tracks for its author: a trap names the source lines.
pub(crate) fn trial_runtime() -> anyhow::Result<Runtime> {
    let options = RuntimeOptions { backtrace: Backtrace::Lines, ..options(RECORDED_TICK) };
    Ok(Runtime::new(options)?)
}

fn runtime(tick: Duration) -> anyhow::Result<Runtime> {
    Ok(Runtime::new(options(tick))?)
}

/// With the compiled-component cache of this user.
fn options(tick: Duration) -> RuntimeOptions {
    RuntimeOptions { cache_dir: cache_dir(), tick, ..RuntimeOptions::default() }
}

/// This very program with its hidden subcommand. The link goes to the program that runs, also when another one was
/// put in its place meanwhile.
fn compiler(limits: CompilerLimits) -> anyhow::Result<CompilerProcess> {
    let running = Path::new("/proc/self/exe");
    let program = match running.exists() {
        true => running.to_owned(),
        false => std::env::current_exe().context("where this program is")?,
    };
    Ok(CompilerProcess { program, args: vec!["compile-component".into()], limits })
}

/// `$XDG_CACHE_HOME/ocellus/compiled`, or under `~/.cache`.
fn cache_dir() -> Option<PathBuf> {
    let set =
        |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("ocellus").join("compiled"))
}

/// All that a plugin may ask for, for its author's own trials; addresses are never called in these.
pub(crate) fn grant_all() -> Grants {
    let powers = Power::ALL.into_iter().filter(|power| *power != Power::Webhook).collect();
    Grants::new(powers, &[]).unwrap_or_default()
}

/// The files that rules are read from and written to.
pub(crate) fn name_files(args: &RuleArgs, files: &mut Files) {
    for path in &args.rules {
        files.input("--rule", Some(path));
    }
    for file in args.settings.iter().filter_map(|text| text.strip_prefix('@')) {
        files.input("--settings", Some(Path::new(file)));
    }
    files.output("--events", args.events.as_deref());
}

pub(crate) fn read_plugin(path: &Path) -> anyhow::Result<Vec<u8>> {
    files::expect_regular("plugin", path)?;
    let about = || format!("plugin {} cannot be read", path.display());
    let mut bytes = Vec::new();
    // A file may grow while it is read.
    let file = std::fs::File::open(path).with_context(about)?;
    file.take(MAX_PLUGIN_BYTES + 1).read_to_end(&mut bytes).with_context(about)?;
    ensure!(
        bytes.len() as u64 <= MAX_PLUGIN_BYTES,
        "plugin {} has more than {MAX_PLUGIN_BYTES} bytes; plugins are far smaller",
        path.display()
    );
    Ok(bytes)
}

/// Bytes of a signature's file; one has a line of 88 characters.
const SIGNATURE_BYTES: u64 = 4096;

/// A plugin with the signature that lies beside it as FILE.sig, if one does.
pub(crate) fn read_signed_plugin(path: &Path) -> anyhow::Result<Upload> {
    let upload = Upload::new(read_plugin(path)?);
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    let signature = PathBuf::from(name);
    if !signature.exists() {
        return Ok(upload);
    }
    let text = read_small(&signature, SIGNATURE_BYTES)
        .with_context(|| format!("signature {} cannot be read", signature.display()))?;
    Ok(upload.signed(text))
}

/// JSON itself, or the text of the file after an `@`.
pub(crate) fn settings_text(text: &str) -> anyhow::Result<String> {
    json_text("--settings", text)
}

/// JSON that was given as it is or as `@FILE`.
pub(crate) fn json_text(option: &str, text: &str) -> anyhow::Result<String> {
    let (text, origin) = match text.strip_prefix('@') {
        Some(file) => {
            let read = std::fs::read_to_string(file);
            (read.with_context(|| format!("{option}: the file {file} cannot be read"))?, file.to_owned())
        }
        None => (text.to_owned(), option.to_owned()),
    };
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
        bail!("{origin} is not JSON: {error}; give an object, or @FILE");
    }
    Ok(text)
}
