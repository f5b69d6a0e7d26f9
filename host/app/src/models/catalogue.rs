//! The models that the program knows of: a `model.toml` each, and from where to fetch them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use ocellus_core::Name;

use super::Entry;
use crate::commands::files;

/// Every folder of `models/` but those of models that stand there themselves and are given by their file; a test compares.
const EMBEDDED: &[(&str, &str)] = &[
    ("dfine-medium", include_str!("../../../../models/dfine-medium/model.toml")),
    ("dfine-nano", include_str!("../../../../models/dfine-nano/model.toml")),
    ("osnet-x0-25", include_str!("../../../../models/osnet-x0-25/model.toml")),
    ("rf-detr-nano", include_str!("../../../../models/rf-detr-nano/model.toml")),
    ("rf-detr-small", include_str!("../../../../models/rf-detr-small/model.toml")),
    ("scene-nano", include_str!("../../../../models/scene-nano/model.toml")),
    ("yolox-m", include_str!("../../../../models/yolox-m/model.toml")),
    ("yolox-nano", include_str!("../../../../models/yolox-nano/model.toml")),
    ("yolox-s", include_str!("../../../../models/yolox-s/model.toml")),
    ("yolox-tiny", include_str!("../../../../models/yolox-tiny/model.toml")),
];

/// Bytes of a `model.toml`.
const MOST_BYTES: u64 = 1 << 20;

/// Models by name, each with the text of its `model.toml`.
#[derive(Debug)]
pub(crate) struct Catalogue(BTreeMap<String, (Entry, String)>);

impl Catalogue {
    /// What is part of the program, and where `folder` is given, what is in it: `NAME/model.toml`, which goes before.
    /// What cannot be used of it is said on standard error and left out: it is in nobody else's way.
    pub(crate) fn read(folder: Option<&Path>) -> anyhow::Result<Catalogue> {
        let mut models = BTreeMap::new();
        for (name, text) in EMBEDDED {
            models.insert((*name).to_owned(), (Entry::parse(name, text)?, (*text).to_owned()));
        }
        let Some(folder) = folder else { return Ok(Catalogue(models)) };
        let about = || format!("catalogue {}", folder.display());
        for found in std::fs::read_dir(folder).with_context(about)? {
            let found = found.with_context(about)?;
            let file = found.path().join("model.toml");
            let name = found.file_name().to_string_lossy().into_owned();
            if !file.is_file() {
                continue;
            }
            match read_entry(&name, &file) {
                Ok(found) => {
                    models.insert(name, found);
                }
                Err(error) => eprintln!("warning: {} is left out: {error:#}", file.display()),
            }
        }
        Ok(Catalogue(models))
    }

    /// A model with the text of its `model.toml`.
    pub(crate) fn get(&self, name: &str) -> Option<(&Entry, &str)> {
        self.0.get(name).map(|(entry, text)| (entry, text.as_str()))
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(name, (entry, _))| (name.as_str(), entry))
    }

    /// Their names, for a message.
    pub(crate) fn names(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn read_entry(name: &str, file: &Path) -> anyhow::Result<(Entry, String)> {
    ensure!(Name::is_valid(name), "{name:?} is no name of a model");
    let text = files::read_text("model.toml", file, MOST_BYTES)?;
    Ok((Entry::parse("model.toml", &text)?, text))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use ocellus_inference::{AnyModel, ModelError, ModelOptions};

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
    }

    #[test]
    fn every_model_of_the_repository_is_in_the_catalogue() {
        let embedded: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
        let mut found: Vec<String> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| folder().join(name).join("model.toml").is_file())
            .filter(|name| {
                name == super::super::BUNDLED || !folder().join(name).join(format!("{name}.onnx")).exists()
            })
            .collect();
        found.sort();
        assert_eq!(found, embedded);
    }

    #[test]
    fn every_entry_says_what_a_person_must_know_before_using_it() {
        for (name, entry) in Catalogue::read(None).unwrap().iter() {
            assert!(entry.task.is_some() && entry.licence.is_some() && entry.source.is_some(), "{name}");
            if name != super::super::BUNDLED {
                assert!(entry.url.as_deref().unwrap().starts_with("https://"), "{name}");
            }
        }
    }

    #[test]
    fn every_entry_is_a_model_toml_that_the_host_takes() {
        for (name, text) in EMBEDDED {
            let folder = tempfile::tempdir().unwrap();
            // Without the digest, which no other file has.
            let mut table: toml::Table = toml::from_str(text).unwrap();
            table["model"].as_table_mut().unwrap().remove("sha256");
            std::fs::write(folder.path().join("model.toml"), toml::to_string(&table).unwrap()).unwrap();
            let file = folder.path().join("m.onnx");
            std::fs::write(&file, b"no model").unwrap();
            let error = AnyModel::load(&file, &ModelOptions::default()).unwrap_err();
            assert!(!matches!(error, ModelError::Manifest(_)), "{name}: {error}");
        }
    }

    #[test]
    fn a_folder_adds_to_it_and_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        for (name, licence) in [("mine", "MIT"), ("yolox-s", "other")] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            let text = format!("[model]\nlicence = \"{licence}\"");
            std::fs::write(folder.path().join(name).join("model.toml"), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        for (name, text) in [("broken", "[model\n"), ("no name", "[model]\nlicence = \"MIT\"")] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("model.toml"), text).unwrap();
        }
        let catalogue = Catalogue::read(Some(folder.path())).unwrap();
        assert_eq!(catalogue.get("mine").unwrap().0.licence(), "MIT");
        assert_eq!(catalogue.get("yolox-s").unwrap().0.licence(), "other");
        assert!(catalogue.get("yolox-nano").is_some());
        for left_out in ["empty", "broken", "no name"] {
            assert!(catalogue.get(left_out).is_none(), "{left_out}");
        }
    }
}
