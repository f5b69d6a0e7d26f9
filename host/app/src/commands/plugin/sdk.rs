//! The SDKs that the program carries, so that a new project needs no checkout of Ocellus.
//!
//! They keep their places to each other: what stands at `sdk/rust` in the repository stands at `vendor/sdk/rust` in
//! a project.

use anyhow::Context;
use rust_embed::RustEmbed;
use toml::{Table, Value};

use crate::args::plugin::Language;

/// A file of a project: its path with `/`, and its content.
pub(super) type File = (String, Vec<u8>);

#[derive(RustEmbed)]
#[folder = "../core/src"]
struct Core;

/// The one contract that the SDKs speak.
#[derive(RustEmbed)]
#[folder = "../../wit/v0.2"]
#[include = "*.wit"]
struct Wit;

#[derive(RustEmbed)]
#[folder = "../../sdk/rust/src"]
struct Rust;

#[derive(RustEmbed)]
#[folder = "../../sdk/rust/template"]
struct RustTemplate;

#[derive(RustEmbed)]
#[folder = "../../sdk/js/src"]
struct Js;

#[derive(RustEmbed)]
#[folder = "../../sdk/js/types"]
struct JsTypes;

#[derive(RustEmbed)]
#[folder = "../../sdk/js/template"]
struct JsTemplate;

#[derive(RustEmbed)]
#[folder = "../../sdk/python/ocellus_sdk"]
#[include = "*.py"]
struct Python;

#[derive(RustEmbed)]
#[folder = "../../sdk/python/template"]
#[exclude = "*.pyc"]
struct PythonTemplate;

/// A file of the repository, by its path there.
macro_rules! single {
    ($path:literal) => {
        ($path.to_owned(), include_bytes!(concat!("../../../../../", $path)).to_vec())
    };
}

const WORKSPACE: &str = include_str!("../../../../../Cargo.toml");
const CORE_MANIFEST: &str = include_str!("../../../../core/Cargo.toml");
const RUST_MANIFEST: &str = include_str!("../../../../../sdk/rust/Cargo.toml");

/// All that a project of this language needs of the SDK, to stand under `vendor/`.
pub(super) fn sources(language: Language) -> anyhow::Result<Vec<File>> {
    let mut files = all::<Wit>("wit/v0.2/");
    match language {
        Language::Rust => {
            files.extend(all::<Core>("host/core/src/"));
            files.extend(all::<Rust>("sdk/rust/src/"));
            files.push(single!("sdk/rust/README.md"));
            files.extend(manifests()?);
        }
        Language::Js => {
            files.extend(all::<Js>("sdk/js/src/"));
            files.extend(all::<JsTypes>("sdk/js/types/"));
            files.push(single!("sdk/js/build.mjs"));
            files.push(single!("sdk/js/package.json"));
            files.push(single!("sdk/js/README.md"));
        }
        Language::Python => {
            files.extend(all::<Python>("sdk/python/ocellus_sdk/"));
            files.push(single!("sdk/python/pyproject.toml"));
            files.push(single!("sdk/python/requirements.txt"));
            files.push(single!("sdk/python/README.md"));
        }
    }
    Ok(files)
}

/// The files of a small working rule, with placeholders.
pub(super) fn template(language: Language) -> Vec<File> {
    match language {
        Language::Rust => all::<RustTemplate>(""),
        Language::Js => all::<JsTemplate>(""),
        Language::Python => all::<PythonTemplate>(""),
    }
}

fn all<Folder: RustEmbed>(under: &str) -> Vec<File> {
    let file = |path: std::borrow::Cow<'static, str>| {
        let content = Folder::get(&path)?.data.into_owned();
        Some((format!("{under}{path}"), content))
    };
    Folder::iter().filter_map(file).collect()
}

/// The manifests of the SDK, of what it is built on, and of the small workspace that they form.
fn manifests() -> anyhow::Result<Vec<File>> {
    let parse = |text: &str| toml::from_str::<Table>(text).context("a manifest of the SDK");
    let mut root = parse(WORKSPACE)?;
    let mut members = Vec::new();
    for (folder, text) in [("host/core", CORE_MANIFEST), ("sdk/rust", RUST_MANIFEST)] {
        let mut manifest = parse(text)?;
        // Tests and benches stay in the repository.
        manifest.remove("dev-dependencies");
        manifest.remove("bench");
        members.push((folder, manifest));
    }
    let workspace = root.get_mut("workspace").and_then(Value::as_table_mut).context("the SDK's workspace")?;
    let folders = members.iter().map(|(folder, _)| Value::from(*folder)).collect::<Vec<_>>();
    workspace.insert("members".into(), folders.into());
    if let Some(dependencies) = workspace.get_mut("dependencies").and_then(Value::as_table_mut) {
        dependencies.retain(|name, _| members.iter().any(|(_, manifest)| depends_on(manifest, name)));
    }
    root.retain(|key, _| key == "workspace");
    let mut files = vec![("Cargo.toml".to_owned(), toml::to_string(&root)?.into_bytes())];
    for (folder, manifest) in members {
        files.push((format!("{folder}/Cargo.toml"), toml::to_string(&manifest)?.into_bytes()));
    }
    Ok(files)
}

/// Whether a manifest names a dependency, on any target.
fn depends_on(manifest: &Table, name: &str) -> bool {
    let named = |table: &Table| {
        table.get("dependencies").and_then(Value::as_table).is_some_and(|list| list.contains_key(name))
    };
    let targets = manifest.get("target").and_then(Value::as_table);
    named(manifest) || targets.is_some_and(|targets| targets.values().filter_map(Value::as_table).any(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_carried_without_what_only_the_repository_needs() {
        for (language, wanted) in [
            (Language::Rust, &["sdk/rust/src/lib.rs", "host/core/src/tracker/mod.rs", "Cargo.toml"][..]),
            (Language::Js, &["sdk/js/build.mjs", "sdk/js/src/test.js", "sdk/js/types/index.d.ts"]),
            (Language::Python, &["sdk/python/ocellus_sdk/build.py", "sdk/python/pyproject.toml"]),
        ] {
            let files = sources(language).unwrap();
            let has = |path: &str| files.iter().any(|(found, _)| found == path);
            assert!(has("wit/v0.2/ocellus.wit"), "{language:?}");
            wanted.iter().for_each(|path| assert!(has(path), "{language:?}: {path}"));
            let stray = |path: &&(String, Vec<u8>)| {
                path.0.contains("/tests/") || path.0.contains("node_modules") || path.0.ends_with(".pyc")
            };
            assert_eq!(files.iter().find(stray).map(|file| &file.0), None);
            let bytes: usize = files.iter().map(|file| file.1.len()).sum();
            assert!(bytes < 1 << 20, "{language:?}: {bytes} bytes");
        }
    }

    #[test]
    fn the_workspace_of_the_rust_sdk_names_what_it_needs_and_no_more() {
        let files = manifests().unwrap();
        let text = String::from_utf8(files[0].1.clone()).unwrap();
        let root: Table = toml::from_str(&text).unwrap();
        let dependencies = root["workspace"]["dependencies"].as_table().unwrap();
        for needed in ["ocellus-core", "serde", "wit-bindgen"] {
            assert!(dependencies.contains_key(needed), "{text}");
        }
        for foreign in ["wasmtime", "axum", "ocellus-sdk"] {
            assert!(!dependencies.contains_key(foreign), "{text}");
        }
        assert!(!text.contains("[profile"), "{text}");
    }
}
