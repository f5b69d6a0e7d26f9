//! The house's arrows point one way.

use std::collections::BTreeMap;
use std::process::Command;

/// Which crates of the workspace a crate may depend on. Development dependencies do not count.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let core = "ocellus-core";
    let engines = ["ocellus-media", "ocellus-inference", "ocellus-runtime", "ocellus-store"];
    let mut allowed = BTreeMap::from([
        (core, vec![]),
        ("ocellus-console", vec![]),
        ("ocellus-sdk", vec![core]),
        ("ocellus-tests", vec![]),
    ]);
    for rule in [
        "line-crossing",
        "parking",
        "parking-levels",
        "plate-log",
        "reid-association",
        "speeding",
        "traffic-stats",
        "zones",
    ] {
        allowed.insert(rule, vec!["ocellus-sdk"]);
    }
    for engine in engines {
        allowed.insert(engine, vec![core]);
    }
    let mut pipeline = engines.to_vec();
    pipeline.push(core);
    allowed.insert("ocellus-pipeline", pipeline.clone());
    let server = vec![
        core,
        "ocellus-media",
        "ocellus-runtime",
        "ocellus-store",
        "ocellus-pipeline",
        "ocellus-console",
    ];
    allowed.insert("ocellus-server", server);
    pipeline.extend(["ocellus-pipeline", "ocellus-server", "ocellus-console"]);
    allowed.insert("ocellus-app", pipeline);
    allowed
}

/// An engine and the only crate that may use it.
const OWNERS: &[(&str, &str)] = &[
    ("ort", "ocellus-inference"),
    ("wasmtime", "ocellus-runtime"),
    ("wasmtime-wasi", "ocellus-runtime"),
    ("sled", "ocellus-store"),
    ("opencv", "ocellus-media"),
    ("ffmpeg-next", "ocellus-media"),
    ("retina", "ocellus-media"),
    ("axum", "ocellus-server"),
];

fn packages() -> Vec<serde_json::Value> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn normal_dependencies(package: &serde_json::Value) -> Vec<String> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn crates_depend_only_along_the_allowed_arrows() {
    let allowed = allowed();
    let packages = packages();
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let may = allowed.get(name).unwrap_or_else(|| panic!("{name} has no place in the house yet"));
        for dependency in normal_dependencies(package) {
            let is_ours = names.contains(&dependency.as_str());
            assert!(
                !is_ours || may.contains(&dependency.as_str()),
                "forbidden arrow: {name} -> {dependency}"
            );
        }
    }
}

#[test]
fn each_engine_has_one_owner() {
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        for dependency in normal_dependencies(&package) {
            if let Some((engine, owner)) = OWNERS.iter().find(|(engine, _)| *engine == dependency) {
                assert_eq!(&name, owner, "{engine} belongs to {owner}");
            }
        }
    }
}
