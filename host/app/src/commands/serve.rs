//! `ocellus serve`: the cameras and rules of a config file.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use ocellus_core::Name;
use ocellus_inference::ModelOptions;
use ocellus_pipeline::{DeclaredRule, RulePolicy, RuleSettings, SiteParts, SiteSettings};
use ocellus_server::{ServerOptions, Token};
use ocellus_store::Retention;

use super::{detector, host, rules};
use crate::args::ServeArgs;
use crate::config::{Config, RuleConfig, StoreConfig, is_file_name};
use crate::exit::Outcome;

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Outcome> {
    let config = Config::read(&args.config)?;
    let settings = site_settings(&config, &args.config)
        .with_context(|| format!("config file {}", args.config.display()))?;
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
    let parts = SiteParts {
        detector: Box::new(detector::load(config.model.file.as_deref(), &model)?),
        runtime: rules::live_runtime()?,
        database: host::open_database(&config.store.folder)?,
    };
    host::run(parts, settings, (config.server.address, options), None, |_, address| {
        eprintln!("ocellus is at http://{address}/");
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn site_settings(config: &Config, file: &Path) -> anyhow::Result<SiteSettings> {
    let cameras = config.cameras.iter().map(crate::config::CameraConfig::settings);
    Ok(SiteSettings {
        config_file: Some(file.to_owned()),
        cameras: cameras.collect::<anyhow::Result<_>>()?,
        rules: config.rules.iter().map(declared).collect::<anyhow::Result<_>>()?,
        retention: retention(&config.store),
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
        policy: RulePolicy::default(),
    };
    let component = match is_file_name(&rule.plugin) {
        true => Some(rules::read_plugin(Path::new(&rule.plugin)).with_context(about)?),
        false => None,
    };
    Ok(DeclaredRule { settings, component })
}

fn retention(store: &StoreConfig) -> Retention {
    Retention {
        max_age: (store.max_age_days > 0.0).then(|| Duration::from_secs_f64(store.max_age_days * 86_400.0)),
        max_bytes: (store.max_size_mib > 0).then_some(store.max_size_mib << 20),
    }
}
