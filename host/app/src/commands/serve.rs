//! `ocellus serve`: the cameras and rules of a config file.

use std::path::Path;

use anyhow::{Context, ensure};
use ocellus_core::Name;
use ocellus_inference::ModelOptions;
use ocellus_pipeline::{DeclaredRule, RuleSettings, SiteError, SiteParts, SiteSettings};
use ocellus_server::{ServerOptions, Token};
use ocellus_store::{Database, Digest};

use super::{detector, host, rules};
use crate::args::ServeArgs;
use crate::config::{Config, RuleConfig, is_file_name};
use crate::exit::Outcome;
use crate::models::Shelf;

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Outcome> {
    let config = Config::read(&args.config)?;
    let about = || format!("config file {}", args.config.display());
    let settings = site_settings(&config, &args.config).with_context(about)?;
    let options = ServerOptions {
        token: config.server.token.as_deref().map(Token::new).transpose()?,
        allowed_hosts: config.server.allowed_hosts.clone(),
        allowed_origins: config.server.allowed_origins.clone(),
        max_viewers: config.server.max_viewers,
        ..ServerOptions::default()
    };
    options.check(config.server.address)?;
    let model = ModelOptions {
        threads: config.model.threads,
        device: config.model.device()?,
        ..ModelOptions::default()
    };
    let shelf = Shelf::configured(config.model.folder.as_deref());
    let embedder = match &config.embedder {
        Some(embedder) => Some(embedder.live(&model, &shelf)?),
        None => None,
    };
    let reader = match &config.plates {
        Some(plates) => Some(plates.live(&model, &shelf)?),
        None => None,
    };
    let parts = SiteParts {
        embedder,
        reader,
        detector: Box::new(detector::load(config.model.file.as_deref(), &shelf, &model)?),
        runtime: rules::live_runtime(&config.plugins)?,
        database: host::open_database(&config.store.folder)?,
    };
    // Before anything starts, so that a slip of the pen costs no camera its first seconds.
    check_rules(&config, &parts.database).with_context(about)?;
    let served = host::run(parts, settings, (config.server.address, options), None, |_, address| {
        eprintln!("ocellus is at http://{address}/");
        Ok(())
    });
    match served {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if error.is::<SiteError>() => Err(error.context(about())),
        Err(error) => Err(error),
    }
}

fn site_settings(config: &Config, file: &Path) -> anyhow::Result<SiteSettings> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let cameras = config.cameras.iter().map(|camera| camera.settings(folder));
    Ok(SiteSettings {
        config_file: Some(file.to_owned()),
        cameras: cameras.collect::<anyhow::Result<_>>()?,
        rules: config.rules.iter().map(declared).collect::<anyhow::Result<_>>()?,
        retention: config.store.retention(),
        recordings: Some(config.recordings.settings(&config.store.folder)),
    })
}

fn declared(rule: &RuleConfig) -> anyhow::Result<DeclaredRule> {
    let about = || format!("rule {:?}", rule.name);
    let cameras = rule.cameras.iter().map(|name| Name::new(name)).collect::<Result<_, _>>();
    let settings = RuleSettings {
        name: Name::new(&rule.name).with_context(about)?,
        plugin: rule.plugin.clone(),
        cameras: cameras.with_context(about)?,
        settings: serde_json::to_string(&rule.settings).with_context(about)?,
        policy: rule.policy(),
        grants: Some(rule.grants.grants().with_context(about)?),
    };
    let component = match is_file_name(&rule.plugin) {
        true => Some(rules::read_signed_plugin(Path::new(&rule.plugin)).with_context(about)?),
        false => None,
    };
    Ok(DeclaredRule { settings, component })
}

/// Whether the cameras and uploaded plugins that rules name are there.
fn check_rules(config: &Config, database: &Database) -> anyhow::Result<()> {
    let mut cameras: Vec<String> = config.cameras.iter().map(|camera| camera.name.clone()).collect();
    cameras.extend(database.cameras()?.iter().map(|camera| camera.name.to_string()));
    for rule in &config.rules {
        for camera in &rule.cameras {
            ensure!(
                cameras.contains(camera),
                "rule {:?}: there is no camera {camera:?}; there are {}",
                rule.name,
                if cameras.is_empty() { "none".to_owned() } else { cameras.join(", ") }
            );
        }
        ensure!(
            is_file_name(&rule.plugin) || is_uploaded(&rule.plugin, database)?,
            "rule {:?}: there is no plugin {:?}; name a .wasm file, or one that was uploaded",
            rule.name,
            rule.plugin
        );
    }
    Ok(())
}

/// Whether a digest, a name or a `name@version` is that of an uploaded plugin.
fn is_uploaded(plugin: &str, database: &Database) -> anyhow::Result<bool> {
    if let Ok(digest) = plugin.parse::<Digest>() {
        return Ok(database.plugin(&digest)?.is_some());
    }
    let (name, version) =
        plugin.split_once('@').map_or((plugin, None), |(name, version)| (name, Some(version)));
    Ok(database.plugins()?.iter().any(|known| {
        known.facts.name.as_str() == name && version.is_none_or(|version| known.facts.version == version)
    }))
}
