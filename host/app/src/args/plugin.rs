//! The command line of `ocellus plugin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ocellus_core::{Name, Power};

use super::{FileArgs, whole_number};

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Make a project with a small working rule, its tests and the SDK.
    ///
    /// The project builds and tests with nothing but its own files and the package registry of its
    /// language. The commands that come next are printed, and stand in its README.
    New(NewArgs),
    /// Say what a plugin is: name, version, contract, imports, settings.
    Inspect(FileArgs),
    /// Say whether a host would take a plugin, and what it is.
    ///
    /// Verifies and compiles it, asks it who it is, checks its settings schema, and tries it on an empty
    /// frame, as an upload and a binding would. Exit code 0 where it passes, 1 where it does not.
    Check(CheckArgs),
    /// Run a plugin over recorded tracks and show what it reports, logs and costs.
    ///
    /// Exit code 0 where all is well, 1 where the rule fails or its events are not those expected, 3 where the
    /// recording is cut off or Ctrl-C ended the run.
    Test(TestArgs),
    /// Measure what a plugin costs a host: calls, start, compilation, memory.
    Bench(BenchArgs),
    /// Make a key pair for signing plugins (Ed25519).
    Keygen(KeygenArgs),
    /// Sign a plugin: writes FILE.wasm.sig beside it.
    Sign(SignArgs),
    /// Check a plugin against FILE.wasm.sig. Exit code 0 where it is signed with the key, 1 where it is not.
    Verify(VerifyArgs),
    /// Upload a plugin to a running host, and bind it or switch a rule to it.
    ///
    /// FILE.wasm.sig, where it lies beside the plugin, goes along as its signature.
    Push(PushArgs),
}

/// A language with an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust: the smallest and fastest components. Needs cargo and the target wasm32-wasip2.
    Rust,
    /// JavaScript. Needs Node.js 18 or later with npm.
    Js,
    /// Python. Needs Python 3.10 or later with pip.
    Python,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The rule's name: 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit.
    pub(crate) name: Name,
    /// The language to write the rule in.
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: Language,
    /// The folder to make, which must be empty where it is there [default: NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// Settings to try it with, JSON or @FILE; without them {} is tried, and a refusal of that is only a note.
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) settings: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// Tracks that `ocellus analyze --tracks` wrote.
    #[arg(long, value_name = "TRACKS.jsonl")]
    pub(crate) tracks: PathBuf,
    /// The rule's settings, JSON or @FILE.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) settings: String,
    /// The rule's name in events [default: the plugin's name]
    #[arg(long = "rule-name", value_name = "NAME")]
    pub(crate) name: Option<Name>,
    /// What the rule may do beyond seeing tracks: embeddings, readings, messages, key-value or wall-clock; may be given several
    /// times [default: all of these]
    #[arg(long = "grant", value_name = "POWER", value_parser = super::power)]
    pub(crate) grants: Vec<Power>,
    /// Where events go, one JSON object a line, as `ocellus replay` writes them.
    #[arg(long, value_name = "OUT.jsonl")]
    pub(crate) events: Option<PathBuf>,
    /// Events that are expected, as --events wrote them; other events are shown, and end with exit code 1.
    #[arg(long, value_name = "EVENTS.jsonl")]
    pub(crate) expect: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// The rule's settings, JSON or @FILE.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) settings: String,
    /// Tracks that `ocellus analyze --tracks` wrote, instead of synthetic ones.
    #[arg(long, value_name = "TRACKS.jsonl")]
    pub(crate) tracks: Option<PathBuf>,
    /// Seed of the synthetic tracks; the same seed gives the same tracks.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Where the private key goes (PKCS#8 PEM, for its owner only); the public key goes to FILE.pub. Neither may
    /// be there already.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// The private key that `ocellus plugin keygen` wrote.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// The public key, KEY.pub.
    #[arg(long, value_name = "KEY.pub")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The host, such as http://127.0.0.1:8080
    pub(crate) url: String,
    /// The plugin.
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,
    /// The host's token, where it asks for one.
    #[arg(long, value_name = "TOKEN", env = "OCELLUS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The rule to switch to this plugin; with --camera one that is not there yet is bound.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<Name>,
    /// A camera for the rule; may be given several times [default: those it has]
    #[arg(long = "camera", value_name = "NAME", requires = "rule")]
    pub(crate) cameras: Vec<Name>,
    /// The rule's settings, JSON or @FILE [default: those it has, or {}]
    #[arg(long, value_name = "JSON|@FILE", requires = "rule")]
    pub(crate) settings: Option<String>,
    /// What the rule may do beyond seeing tracks: embeddings, readings, messages, key-value, wall-clock or webhook; may be
    /// given several times [default: what it may do already]
    #[arg(long = "grant", value_name = "POWER", requires = "rule", value_parser = any_power)]
    pub(crate) grants: Vec<Power>,
    /// An address that the rule may have called with the power webhook; may be given several times.
    #[arg(long = "webhook", value_name = "URL", requires = "rule")]
    pub(crate) webhooks: Vec<String>,
}

fn any_power(text: &str) -> Result<Power, String> {
    let names = || Power::ALL.map(Power::as_str).join(", ");
    Power::named(text).ok_or_else(|| format!("write one of {}", names()))
}
