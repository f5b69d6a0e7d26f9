//! The command line of `ocellus eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ocellus_core::Name;

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// How good tracks are: HOTA, MOTA, IDF1 and their parts.
    ///
    /// As TrackEval has them, with the preprocessing of MOTChallenge. Give --truth and --tracks several times for
    /// several sequences; the last row is then all of them together.
    Tracks(EvalTracksArgs),
    /// How far a rule's counts are off.
    Counts(EvalEventsArgs),
    /// For how long a rule was wrong about parking spaces.
    Occupancy(EvalEventsArgs),
    /// How far a rule's speeds are off.
    Speeds(EvalSpeedsArgs),
}

/// Who reads the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// People: rows and columns; shares in percent.
    Table,
    /// Programs: one JSON object; shares from 0 to 1.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct EvalTracksArgs {
    /// Ground truth: MOTChallenge text, or what `scene render --truth` wrote; once a sequence.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) truth: Vec<PathBuf>,
    /// Tracks: MOTChallenge text, or what `analyze --tracks` wrote; once a sequence, in the same order.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) tracks: Vec<PathBuf>,
    /// The sequences are cameras before which an identity is the same: they are scored as one.
    #[arg(long)]
    pub(crate) shared_ids: bool,
    /// Events of a rule such as reid-association: each track is called after the identity that it has there, and the
    /// cameras are scored as one.
    #[arg(long, value_name = "EVENTS.jsonl")]
    pub(crate) identities: Option<PathBuf>,
    /// Only boxes of these classes, separated by commas; in files that name their classes.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) classes: Option<Vec<String>>,
    /// How the result is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct EvalEventsArgs {
    /// What happened: a JSON file (see docs/operating.md), or what `scene render --truth` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: PathBuf,
    /// What the rule said: JSON lines as `analyze --events` writes them.
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) events: PathBuf,
    /// Only events of this camera.
    #[arg(long, value_name = "NAME")]
    pub(crate) camera: Option<Name>,
    /// Only events of this rule.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<Name>,
    /// How far an event may be from the moment that it tells of.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, default_value_t = 1.0)]
    pub(crate) tolerance: f64,
    /// How the result is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct EvalSpeedsArgs {
    #[command(flatten)]
    pub(crate) events: EvalEventsArgs,
    /// The kind of the events that have speeds.
    #[arg(long, value_name = "KIND", default_value = "passage")]
    pub(crate) kind: String,
    /// What `analyze --tracks` wrote of the same frames: says which vehicle of a scene an event is about. With the truth
    /// of a scene, and with that only.
    #[arg(long, value_name = "TRACKS.jsonl")]
    pub(crate) tracks: Option<PathBuf>,
    /// The attribute that is the speed, in km/h.
    #[arg(long, value_name = "NAME", default_value = "speed_kmh")]
    pub(crate) attribute: String,
}
