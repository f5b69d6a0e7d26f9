//! `ocellus demo`: two synthetic cameras, two rules, a web page.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use ocellus_core::Name;
use ocellus_inference::ModelOptions;
use ocellus_media::SourceSpec;
use ocellus_media::scene::{Scene, SceneKind, SceneSettings};
use ocellus_pipeline::{CameraSettings, RulePolicy, RuleSettings, Site, SiteParts, SiteSettings};
use ocellus_server::ServerOptions;

use super::scene::rule_settings;
use super::{detector, host, rules};
use crate::args::DemoArgs;
use crate::config::{PluginsConfig, RecordingsConfig};
use crate::exit::Outcome;
use crate::models::Shelf;

/// A demo camera with the rule that watches it.
struct Stand {
    camera: &'static str,
    scene: SceneKind,
    seed: u64,
    plugin: &'static str,
}

const STANDS: [Stand; 2] = [
    Stand { camera: "gate", scene: SceneKind::Crossing, seed: 3, plugin: "line-crossing" },
    Stand { camera: "parking-lot", scene: SceneKind::ParkingLot, seed: 5, plugin: "parking" },
];

pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<Outcome> {
    ensure!(
        args.address.ip().is_loopback(),
        "the demo has no token, so it listens on this machine only: use 127.0.0.1 instead of {}",
        args.address.ip()
    );
    let plugins = plugin_folder(args.plugins.as_deref())?;
    let cameras = STANDS.iter().map(Stand::camera_settings).collect::<anyhow::Result<_>>()?;
    let temporary = tempfile::tempdir().context("a temporary folder")?;
    let folder = args.data.as_deref().unwrap_or(temporary.path());
    let recordings = Some(RecordingsConfig::default().settings(folder));
    let settings = SiteSettings { cameras, recordings, ..SiteSettings::default() };
    let parts = SiteParts {
        embedder: None,
        reader: None,
        detector: Box::new(detector::load(None, &Shelf::configured(None), &ModelOptions::default())?),
        runtime: rules::live_runtime(&PluginsConfig::default())?,
        database: host::open_database(folder)?,
    };
    let web = (args.address, ServerOptions::default());
    let limit = args.for_seconds.map(Duration::from_secs);
    let report = host::run(parts, settings, web, limit, |site, address| {
        STANDS.iter().try_for_each(|stand| stand.bind(site, &plugins))?;
        eprintln!("ocellus demo: open http://{address}/ in a browser; Ctrl-C ends it");
        Ok(())
    })?;
    for camera in &report.cameras {
        eprintln!(
            "camera {}: {} frames, {} events, {} dropped",
            camera.name, camera.frames, camera.events, camera.dropped
        );
    }
    Ok(Outcome::Done)
}

fn plugin_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let program = std::env::current_exe().context("where this program is")?;
    let beside = program.ancestors().skip(1).take(2).map(|folder| folder.join("plugins"));
    let mut folders = beside.filter(|folder| folder.is_dir());
    folders.next().with_context(|| {
        "no folder `plugins` beside the program or above it; build them with `make build`, then give --plugins DIR"
    })
}

impl Stand {
    fn camera_settings(&self) -> anyhow::Result<CameraSettings> {
        let source = SourceSpec::parse(&format!("scene:{}?seed={}", self.scene, self.seed))?;
        Ok(CameraSettings::new(Name::new(self.camera)?, source))
    }

    /// Uploads and binds the rule as an operator would, so that an operator can change it. One that
    /// an earlier run of the same data folder left is kept as it is.
    fn bind(&self, site: &Site, plugins: &Path) -> anyhow::Result<()> {
        let name = Name::new(self.plugin)?;
        if site.rule(&name).is_ok() {
            return Ok(());
        }
        let component = rules::read_plugin(&plugins.join(format!("{}.wasm", self.plugin)))?;
        let plugin = site.upload_plugin(component)?.digest;
        let cameras = vec![Name::new(self.camera)?];
        let settings = rule_settings(&Scene::new(SceneSettings::new(self.scene, self.seed))?);
        let (policy, grants) = (RulePolicy::default(), None);
        site.put_rule(RuleSettings { name, plugin, cameras, settings, policy, grants })?;
        Ok(())
    }
}
