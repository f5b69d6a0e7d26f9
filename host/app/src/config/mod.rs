//! The config file: read whole, checked whole, before anything starts.

mod embedder;
mod plates;
mod plugins;
mod recordings;
mod rule;
mod second;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ocellus_core::Name;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CalibrationSpec, CameraSettings, EmbeddingSpec, Mount, PlatesSpec, RegionSpec, TrackerSpec,
};
use ocellus_store::Retention;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::args::check_threads;
use crate::models;

pub(crate) use self::embedder::EmbedderConfig;
pub(crate) use self::plates::PlatesConfig;
pub(crate) use self::plugins::{PluginsConfig, read_small};
pub(crate) use self::recordings::RecordingsConfig;
pub(crate) use self::rule::RuleConfig;

/// The config file of `ocellus serve`. Paths are relative to the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The web server.
    #[serde(default)]
    pub(crate) server: ServerConfig,
    /// What lasts.
    #[serde(default)]
    pub(crate) store: StoreConfig,
    /// The detection model.
    #[serde(default)]
    pub(crate) model: ModelConfig,
    /// The embedding model; none where not given.
    pub(crate) embedder: Option<EmbedderConfig>,
    /// The models that read number plates; none where not given.
    pub(crate) plates: Option<PlatesConfig>,
    /// Whose plugins are taken, and what compiling one may use.
    #[serde(default)]
    pub(crate) plugins: PluginsConfig,
    /// Recordings of cameras' tracks.
    #[serde(default)]
    pub(crate) recordings: RecordingsConfig,
    /// Cameras. They are read-only over REST; others can be added there.
    #[serde(default, rename = "camera")]
    pub(crate) cameras: Vec<CameraConfig>,
    /// Rules. They are read-only over REST; others can be added there.
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<RuleConfig>,
}

/// The web server: REST, WebSocket, the page, metrics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerConfig {
    /// Address and port. Any address but this machine's own needs a token.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "SocketAddr")]
    pub(crate) address: SocketAddr,
    /// Who knows this token may do everything; 16 characters or more.
    pub(crate) token: Option<String>,
    /// Host names, besides this machine's own, under which it may be called without a token.
    pub(crate) allowed_hosts: Vec<String>,
    /// Origins, such as https://dashboard.example, whose pages may call the API.
    pub(crate) allowed_origins: Vec<String>,
    /// WebSocket and MJPEG viewers at a time.
    pub(crate) max_viewers: usize,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_viewers: 10_000,
        }
    }
}

/// Events, plugins and rule state on disk.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreConfig {
    /// The folder; one host a folder.
    pub(crate) folder: PathBuf,
    /// Events older than this many days, at most 36500, are removed; 0 keeps them.
    pub(crate) max_age_days: f64,
    /// When all events take more mebibytes than this, at most 1048576, the oldest are removed; 0 keeps them.
    pub(crate) max_size_mib: u64,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig { folder: PathBuf::from("data"), max_age_days: 30.0, max_size_mib: 1024 }
    }
}

/// A hundred years.
const MOST_AGE_DAYS: f64 = 36_500.0;
/// A tebibyte.
const MOST_SIZE_MIB: u64 = 1 << 20;

impl StoreConfig {
    fn check(&self) -> anyhow::Result<()> {
        let StoreConfig { max_age_days: days, max_size_mib: size, .. } = self;
        ensure!(
            (0.0..=MOST_AGE_DAYS).contains(days),
            "store.max_age_days is {days}, it must be from 0 to {MOST_AGE_DAYS}; 0 keeps events of any age"
        );
        ensure!(
            *size <= MOST_SIZE_MIB,
            "store.max_size_mib is {size}, it must be from 0 to {MOST_SIZE_MIB}; 0 keeps events of any size"
        );
        Ok(())
    }

    /// As the store takes it. The configuration has been checked.
    pub(crate) fn retention(&self) -> Retention {
        let age = Duration::try_from_secs_f64(self.max_age_days * 86_400.0).unwrap_or(Duration::MAX);
        let bytes = self.max_size_mib.saturating_mul(1 << 20);
        Retention { max_age: (!age.is_zero()).then_some(age), max_bytes: (bytes > 0).then_some(bytes) }
    }
}

/// The detection model, shared by all cameras.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelConfig {
    /// An ONNX file, or the name of a model that is here; the bundled one, which knows only the synthetic scenes, where not given.
    pub(crate) file: Option<PathBuf>,
    /// Folder of models that have a name; OCELLUS_MODELS, else ocellus/models in the user's data folder, where not given.
    pub(crate) folder: Option<PathBuf>,
    /// Threads that share one inference, at most 4 a core or 64; 0 takes one a core.
    pub(crate) threads: usize,
    /// What computes: cpu, cuda or cuda:1.
    pub(crate) device: Option<String>,
}

/// A camera.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraConfig {
    /// Unique; letters, digits, '.', '_' and '-'.
    pub(crate) name: String,
    /// rtsp://…, http://… (MJPEG), usb:0, a video file (clip.mp4, file:clip.mp4?loop=true), or scene:crossing?seed=3.
    pub(crate) source: String,
    /// Lowest confidence of a detection, 0 to 1; the lowest that the tracker takes where not given.
    pub(crate) confidence: Option<f32>,
    /// Overlap above which two boxes of a class are one object, 0 to 1 (0.45).
    pub(crate) iou: Option<f32>,
    /// Names of the classes to keep; all where not given.
    pub(crate) classes: Option<Vec<String>>,
    /// Highest rate at which frames are taken, a second; the source's own where not given.
    pub(crate) frame_rate: Option<f32>,
    /// How the camera stands: fixed, or moving (it pans, zooms, or is carried), so that its motion is measured.
    #[serde(default)]
    pub(crate) mount: Mount,
    /// The tracker.
    #[serde(default)]
    pub(crate) tracker: TrackerSpec,
    /// Whether its tracks are recorded (false).
    #[serde(default)]
    pub(crate) record: bool,
    /// Which part of its picture counts: what stands elsewhere, or in a mask, is not tracked.
    pub(crate) region: Option<RegionSpec>,
    /// How its picture lies on the ground: rules then see positions in metres and speeds.
    pub(crate) calibration: Option<CalibrationSpec>,
    /// How its tracks are looked at, with an [embedder]: rules with the power `embeddings` then see their appearance.
    pub(crate) embedding: Option<EmbeddingSpec>,
    /// How number plates are read, with [plates]: rules with the power `readings` then see them. None are read without.
    pub(crate) plates: Option<PlatesSpec>,
}

impl Config {
    /// Reads and checks a config file. Camera sources are taken from its folder in [`CameraConfig::settings`].
    pub(crate) fn read(path: &Path) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("config file {} cannot be read", path.display()))?;
        let mut config: Config =
            toml::from_str(&text).with_context(|| format!("config file {}", path.display()))?;
        let base = path.parent().unwrap_or(Path::new("."));
        config.store.folder = base.join(&config.store.folder);
        config.recordings.resolve(base);
        if let Some(file) = &mut config.model.file {
            *file = models::relative_to(base, file);
        }
        if let Some(folder) = &mut config.model.folder {
            *folder = base.join(&*folder);
        }
        if let Some(embedder) = &mut config.embedder {
            embedder.resolve(base);
        }
        if let Some(plates) = &mut config.plates {
            plates.resolve(base);
        }
        for rule in &mut config.rules {
            if is_file_name(&rule.plugin) {
                rule.plugin = base.join(&rule.plugin).to_string_lossy().into_owned();
            }
        }
        let about = || format!("config file {}", path.display());
        config.plugins.read_keys(base).with_context(about)?;
        config.check().with_context(about)?;
        Ok(config)
    }

    /// What one field alone cannot show.
    fn check(&self) -> anyhow::Result<()> {
        if let Some(token) = &self.server.token {
            ocellus_server::Token::new(token)?;
        }
        self.server.allowed_hosts.iter().try_for_each(|host| check_host(host))?;
        self.server.allowed_origins.iter().try_for_each(|origin| check_origin(origin))?;
        self.store.check()?;
        self.recordings.check()?;
        self.plugins.check()?;
        self.plugins.trusted_keys()?;
        check_threads("model.threads", self.model.threads)?;
        if let Some(embedder) = &self.embedder {
            embedder.check()?;
        }
        if let Some(plates) = &self.plates {
            plates.check()?;
        }
        for camera in self.cameras.iter().filter(|camera| camera.plates.is_some()) {
            ensure!(
                self.plates.is_some(),
                "camera {:?} has plates, and there is no reader of them; name the models in [plates], or leave it out",
                camera.name
            );
        }
        for camera in self.cameras.iter().filter(|camera| camera.embedding.is_some()) {
            ensure!(
                self.embedder.is_some(),
                "camera {:?} has embedding, and there is no embedder; name its model in [embedder], or leave it out",
                camera.name
            );
        }
        let names: Vec<&str> = self.cameras.iter().map(|camera| camera.name.as_str()).collect();
        for (index, name) in names.iter().enumerate() {
            ensure!(!names[..index].contains(name), "two cameras are named {name:?}; names are unique");
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let twice = self.rules[..index].iter().any(|other| other.name == rule.name);
            ensure!(!twice, "two rules are named {:?}; names are unique", rule.name);
            rule.check()?;
        }
        Ok(())
    }
}

/// Callers say a host's name in lower case and it is compared without the port.
fn check_host(host: &str) -> anyhow::Result<()> {
    let is_name = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    let is_address = host.parse::<IpAddr>().is_ok();
    ensure!(
        is_name || is_address,
        "server.allowed_hosts has {host:?}; use a name or an address in small letters without a port, such as \
         cameras.example"
    );
    Ok(())
}

/// Browsers send an origin in lower case, without a path, and without the port that is usual.
fn check_origin(origin: &str) -> anyhow::Result<()> {
    let authority = origin.strip_prefix("https://").map(|authority| (authority, ":443"));
    let authority = authority.or_else(|| origin.strip_prefix("http://").map(|authority| (authority, ":80")));
    let is_sent = authority.is_some_and(|(authority, usual)| {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        check_host(host).is_ok()
            && port.is_none_or(|port| port.parse::<u16>().is_ok())
            && !authority.ends_with(usual)
    });
    ensure!(
        is_sent,
        "server.allowed_origins has {origin:?}; use what browsers send, in small letters and without a path, such \
         as https://dashboard.example or http://192.0.2.7:3000"
    );
    Ok(())
}

/// Reads `server.address`.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    crate::args::address(&text)
        .map_err(|remedy| D::Error::custom(format!("server.address is {text:?}; {remedy}")))
}

/// Whether a rule's `plugin` names a file rather than an uploaded plugin.
pub(crate) fn is_file_name(plugin: &str) -> bool {
    plugin.ends_with(".wasm") || plugin.contains('/')
}

impl CameraConfig {
    /// As the pipeline takes it; the path of a video file is relative to `folder`.
    pub(crate) fn settings(&self, folder: &Path) -> anyhow::Result<CameraSettings> {
        let name = Name::new(&self.name).context("camera.name")?;
        let source =
            SourceSpec::parse(&self.source).with_context(|| format!("camera {:?}: source", self.name))?;
        let source = source.relative_to(folder);
        let mut settings = CameraSettings::new(name, source);
        settings.tracker =
            self.tracker.settings().with_context(|| format!("camera {:?}: tracker", self.name))?;
        settings.confidence = self.confidence.unwrap_or(settings.tracker.lowest_confidence());
        settings.iou = self.iou.unwrap_or(settings.iou);
        settings.classes.clone_from(&self.classes);
        settings.frame_rate = self.frame_rate;
        settings.mount = self.mount;
        settings.record = self.record;
        settings.region.clone_from(&self.region);
        settings.calibration.clone_from(&self.calibration);
        settings.embedding.clone_from(&self.embedding);
        settings.plates.clone_from(&self.plates);
        Ok(settings)
    }
}

impl ModelConfig {
    /// The device, `cpu` where none is named.
    pub(crate) fn device(&self) -> anyhow::Result<ocellus_inference::Device> {
        match self.device.as_deref().unwrap_or("cpu").parse() {
            Ok(device) => Ok(device),
            Err(error) => bail!("model.device: {error}"),
        }
    }
}
