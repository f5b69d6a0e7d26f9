//! The command line.

pub(crate) mod convert;
pub(crate) mod eval;
pub(crate) mod model;
pub(crate) mod plugin;
mod tracker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use ocellus_core::Power;

use self::convert::ConvertCommand;
use self::eval::EvalCommand;
use self::model::ModelCommand;
use self::plugin::PluginCommand;
use self::tracker::TrackerArgs;

/// Video analytics whose rules are WebAssembly plugins.
///
/// Cameras, models and tracking run natively; what a site concludes from the tracks is a plugin that
/// is uploaded and swapped while the cameras run. Start with `ocellus demo`.
#[derive(Debug, Parser)]
#[command(name = "ocellus", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the cameras and rules of a config file, with REST, WebSocket and the web page.
    Serve(ServeArgs),
    /// Run two synthetic cameras with two rules, to look at in a browser. Needs no camera and no config.
    Demo(DemoArgs),
    /// Detect, track and decide over a recording, as fast as the machine allows.
    Analyze(Box<AnalyzeArgs>),
    /// Run a rule over tracks that `analyze --tracks` wrote; the same tracks give the same events.
    Replay(ReplayArgs),
    /// Run the tracker over detections in MOTChallenge text.
    Track(TrackArgs),
    /// Hold tracks, or what a rule made of them, against ground truth.
    #[command(subcommand)]
    Eval(EvalCommand),
    /// Settings of other systems as this one takes them.
    #[command(subcommand)]
    Convert(ConvertCommand),
    /// Synthetic cameras with exact ground truth.
    #[command(subcommand)]
    Scene(SceneCommand),
    /// Get models, and look at them.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Make rule plugins: from a new project to a rule on a running host.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Compile a component for the host that starts this.
    #[command(hide = true)]
    CompileComponent(CompileArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// What the host says.
    pub(crate) order: String,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The config file (TOML); config/ocellus.toml is an annotated example.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after this many seconds; otherwise with Ctrl-C.
    #[arg(long = "for", value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub(crate) for_seconds: Option<u64>,
    /// Address of the web page; only this machine may be named here. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:8080")]
    pub(crate) address: SocketAddr,
    /// Folder with line-crossing.wasm and parking.wasm; beside the program where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// Folder for events and rule state; a temporary one where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DetectArgs {
    /// The detection model: an ONNX file, or the name of a model that `ocellus model` has put here; the bundled one, which
    /// knows only the synthetic scenes, where not given.
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) model: Option<PathBuf>,
    /// Folder of models that have a name [default: ocellus/models in the user's data folder]
    #[arg(long, value_name = "DIR", env = "OCELLUS_MODELS")]
    pub(crate) models: Option<PathBuf>,
    /// Names of the classes to keep, separated by commas; all where not given.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) classes: Option<Vec<String>>,
    /// Lowest confidence of a detection, 0 to 1 [default: the lowest that the tracker takes]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub(crate) confidence: Option<f32>,
    /// Overlap (intersection over union) above which two boxes of a class are one object, 0 to 1.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, default_value_t = 0.45)]
    pub(crate) iou: f32,
    /// Threads for the model, at most 4 a core or 64; 0 takes one a core.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>, default_value_t = 0)]
    pub(crate) threads: usize,
    /// What computes: cpu, cuda or cuda:1.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub(crate) device: ocellus_inference::Device,
}

#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// A rule plugin; may be given several times.
    #[arg(long = "rule", value_name = "FILE.wasm")]
    pub(crate) rules: Vec<PathBuf>,
    /// The rule's settings, JSON or @FILE; one for each --rule, in the same order.
    #[arg(long = "settings", value_name = "JSON|@FILE")]
    pub(crate) settings: Vec<String>,
    /// The rule's name in events, one for each --rule [default: the plugin's name]
    #[arg(long = "rule-name", value_name = "NAME")]
    pub(crate) names: Vec<ocellus_core::Name>,
    /// What the rules may do beyond seeing tracks: embeddings, readings, messages, key-value or wall-clock. May be
    /// given several times. Addresses are never called over a recording.
    #[arg(long = "grant", value_name = "POWER", value_parser = power)]
    pub(crate) grants: Vec<Power>,
    /// Where events go, one JSON object a line; `-` is standard output.
    #[arg(long, value_name = "OUT.jsonl")]
    pub(crate) events: Option<PathBuf>,
}

/// A power that can be granted over a recording.
fn power(text: &str) -> Result<Power, String> {
    let possible = || Power::ALL.into_iter().filter(|power| *power != Power::Webhook);
    let names = || possible().map(Power::as_str).collect::<Vec<_>>().join(", ");
    possible().find(|power| power.as_str() == text).ok_or_else(|| format!("write one of {}", names()))
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    /// A video file, or a synthetic camera such as `scene:crossing?seed=3` with --frames 900.
    pub(crate) input: String,
    #[command(flatten)]
    pub(crate) detect: DetectArgs,
    /// Detections in the place of a model's: MOTChallenge text (lines of frame,-1,x,y,w,h,confidence; all people), or the
    /// truth that `scene render` wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub(crate) detections: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tracker: TrackerArgs,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Where tracks go, to be replayed: a header line, one line a frame, and a line that ends the file.
    #[arg(long, value_name = "OUT.jsonl")]
    pub(crate) tracks: Option<PathBuf>,
    /// The camera's name in events [default: the input's file name]
    #[arg(long, value_name = "NAME")]
    pub(crate) camera: Option<ocellus_core::Name>,
    /// Which part of the picture counts, JSON or @FILE, as a camera of the config file has it: {"areas": [...], "masks": [...]}
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) region: Option<String>,
    /// How the picture lies on the ground, JSON or @FILE, as a camera of the config file has it: {"points": [...]}
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) calibration: Option<String>,
    /// The camera pans, zooms, or is carried: its motion is measured and taken out of the tracks' motion.
    #[arg(long)]
    pub(crate) moving_camera: bool,
    #[command(flatten)]
    pub(crate) embed: EmbedArgs,
    #[command(flatten)]
    pub(crate) plates: PlatesArgs,
    /// End after this many frames.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub(crate) frames: Option<u64>,
}

/// What says what tracks look like.
#[derive(Debug, Args)]
pub(crate) struct EmbedArgs {
    /// An embedding model, an ONNX file or a name as with --model: rules with the power `embeddings`, BoT-SORT and DeepSORT then see what tracks look like.
    #[arg(long, value_name = "MODEL")]
    pub(crate) embed: Option<PathBuf>,
    /// Detections that are looked at in a frame, 1 to 64.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u32>, default_value_t = 4, requires = "embed")]
    pub(crate) embed_budget: u32,
    /// Names of the classes that are looked at, separated by commas; all that are kept where not given.
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "embed")]
    pub(crate) embed_classes: Option<Vec<String>>,
}

/// What reads number plates.
#[derive(Debug, Args)]
pub(crate) struct PlatesArgs {
    /// A detector of number plates (ONNX): rules with the power `readings` then see what vehicles' plates say.
    #[arg(long, value_name = "MODEL", requires = "read")]
    pub(crate) plates: Option<PathBuf>,
    /// A reader of their text (ONNX), with a model.toml beside it that names its characters.
    #[arg(long, value_name = "MODEL", requires = "plates")]
    pub(crate) read: Option<PathBuf>,
    /// What may be read, such as A-Z0-9; all that the reader knows where not given.
    #[arg(long, value_name = "A-Z0-9", requires = "read")]
    pub(crate) characters: Option<String>,
    /// How they are read, JSON or @FILE, as a camera of the config file has it: {"budget": 2, "min_width": 60}
    #[arg(long, value_name = "JSON|@FILE", requires = "read")]
    pub(crate) plates_settings: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Tracks that `analyze --tracks` wrote, or a rule's journal from a host (POST /api/v1/rules/NAME/journal). Tracks of
    /// several cameras are shown together, in the order of their times: a rule of site scope sees them all.
    #[arg(required = true)]
    pub(crate) tracks: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrackArgs {
    /// Detections: lines of frame,-1,x,y,w,h,confidence
    pub(crate) detections: PathBuf,
    /// Where tracks go: lines of frame,id,x,y,w,h,confidence,-1,-1,-1; `-` is standard output.
    #[arg(long, value_name = "TRACKS")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) tracker: TrackerArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SceneCommand {
    /// Render a synthetic camera to a video file, with its ground truth.
    Render(SceneRenderArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SceneRenderArgs {
    /// Which scene: parking-lot, crossing, road or plates, or a camera of a plaza: 'plaza?view=0&views=3&overlap=off'.
    pub(crate) scene: String,
    /// The same seed gives the same pictures and the same truth.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many frames.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>, default_value_t = 300)]
    pub(crate) frames: u64,
    /// The video file (MP4).
    #[arg(long, value_name = "CLIP.mp4")]
    pub(crate) out: PathBuf,
    /// Where the ground truth goes: a header line, then one JSON object a frame.
    #[arg(long, value_name = "TRUTH.jsonl")]
    pub(crate) truth: Option<PathBuf>,
    /// Where the settings of the matching rule go, ready for `--settings @FILE`: of parking for parking-lot, of
    /// line-crossing for crossing, road and plates.
    #[arg(long, value_name = "SETTINGS.json")]
    pub(crate) settings: Option<PathBuf>,
    /// Where the camera's calibration goes, ready for `analyze --calibration @FILE` and for a camera's settings.
    #[arg(long, value_name = "CALIBRATION.json")]
    pub(crate) calibration: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The file.
    pub(crate) file: PathBuf,
}

/// Reads a whole number, and says so where it is none: `-1` is no mistyped flag.
pub(crate) fn whole_number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "use a whole number from 0 on".to_owned())
}

/// Reads an address to listen on.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "use an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

/// Refuses more threads than are of any use; starting tens of thousands takes minutes and gigabytes.
pub(crate) fn check_threads(key: &str, threads: usize) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = cores.saturating_mul(4).max(64);
    anyhow::ensure!(
        threads <= most,
        "{key} is {threads}; use 0, one a core, or at most {most} on this machine"
    );
    Ok(())
}
