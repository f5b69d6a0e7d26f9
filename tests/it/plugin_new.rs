//! `ocellus plugin new`: what it makes builds and tests with nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocellus_tests::program::{repository, target_folder};
use ocellus_tests::{Finished, ocellus};

use crate::commands::{recorded_tracks, text_of};

const LANGUAGES: [&str; 3] = ["rust", "js", "python"];

fn new(name: &str, language: &str, folder: &Path) -> Finished {
    ocellus(&["plugin", "new", name, "--lang", language, "--dir", text_of(folder)])
}

/// A fresh project in a folder that stays the same, so that what was built for it before is of use.
fn fresh(language: &str) -> PathBuf {
    let folder = target_folder().join("guests/new").join(language);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let finished = new("first-plugin", language, &folder);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    folder
}

/// Runs a command in a project to its good end.
fn run(folder: &Path, command: &mut Command) {
    let output = command.current_dir(folder).output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{command:?} in {}: {said}", folder.display());
}

fn passes_the_check(component: &Path) {
    let finished = ocellus(&["plugin", "check", text_of(component), "--settings", r#"{"seconds": 2}"#]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(
        finished.stdout.contains("first-plugin") && finished.stdout.contains("passed"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_bad_name_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    for name in ["", "two words", "../escape", "-x", "ä", &"x".repeat(65)] {
        let finished = new(name, "rust", &project);
        assert_eq!(finished.code, 2, "{name}: {}", finished.stderr);
        assert!(!project.exists(), "{name}");
    }
}

#[test]
fn a_folder_with_files_in_it_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.txt");
    std::fs::write(&file, "mine").unwrap();
    for place in [folder.path(), &file] {
        let finished = new("first-plugin", "js", place);
        assert_eq!(finished.code, 2, "{}", finished.stderr);
        assert!(finished.stderr.contains(text_of(place)), "{}", finished.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_project_prints_the_commands_of_its_readme_and_has_no_placeholder_left() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let finished = new("gate-1.north", language, folder.path());
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        let readme = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
        let block = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
        assert!(block.contains("plugin push") && block.contains("--rule gate-1.north"), "{block}");
        for line in block.lines() {
            let arguments = line.strip_prefix("ocellus ").unwrap_or(line);
            assert!(finished.stdout.contains(arguments), "{language}: {line}");
        }
        for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                assert!(!text.contains("{{"), "{}", entry.path().display());
            }
        }
        assert!(folder.path().join(".gitignore").is_file() && folder.path().join("vendor/wit").is_dir());
    }
}

#[test]
fn a_new_rust_project_tests_and_builds_with_the_sdk_it_brings() {
    let folder = fresh("rust");
    // The versions that are here already; an author's cargo takes them from the registry.
    std::fs::copy(repository("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let target = target_folder().join("guests/new-rust");
    let cargo = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(args).arg("--offline").env("CARGO_TARGET_DIR", &target);
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        run(&folder, &mut command);
    };
    cargo(&["test"]);
    cargo(&["build", "--release", "--target", "wasm32-wasip2"]);
    passes_the_check(&target.join("wasm32-wasip2/release/first_plugin.wasm"));
}

#[test]
fn a_new_javascript_project_tests_and_builds_with_the_sdk_it_brings_and_a_fault_names_its_line() {
    let folder = fresh("js");
    let modules = repository("sdk/js/node_modules");
    assert!(modules.is_dir(), "{} is missing; run `make setup-sdk` first", modules.display());
    // What `npm install` does, without the registry.
    let link = |to: &Path, at: &str| {
        let at = folder.join(at);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, at).unwrap();
    };
    link(&modules.canonicalize().unwrap(), "vendor/sdk/js/node_modules");
    link(&folder.join("vendor/sdk/js"), "node_modules/@ocellus/sdk");
    let build = folder.join("vendor/sdk/js/build.mjs");
    std::fs::set_permissions(&build, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    link(&build, "node_modules/.bin/ocellus-build");
    run(&folder, Command::new("npm").args(["test", "--silent"]));
    run(&folder, Command::new("npm").args(["run", "build", "--silent"]));
    let component = folder.join("first-plugin.wasm");
    passes_the_check(&component);
    let rule = folder.join("rule.js");
    let text = std::fs::read_to_string(&rule).unwrap();
    let before = text.lines().take_while(|line| !line.contains("new Output()")).count();
    let faulty =
        text.replacen("new Output();", "new Output();\nif (frame.sequence === 7) undefined.boom();", 1);
    std::fs::write(&rule, faulty).unwrap();
    run(&folder, Command::new("npm").args(["run", "build", "--silent"]));
    let tracks = folder.join("tracks.jsonl");
    std::fs::write(&tracks, recorded_tracks(2)).unwrap();
    let finished = ocellus(&["plugin", "test", text_of(&component), "--tracks", text_of(&tracks)]);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    for part in ["failed at frame 7", "'boom' of undefined", &format!("rule.js:{})", before + 2)] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
}

#[test]
fn a_new_python_project_tests_and_builds_with_the_sdk_it_brings() {
    let folder = fresh("python");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"));
    let packages = cache.join("ocellus/sdk-python");
    assert!(packages.is_dir(), "{} is missing; run `make setup-sdk` first", packages.display());
    let path = format!("{}:{}", text_of(&folder.join("vendor/sdk/python")), text_of(&packages));
    let python = |args: &[&str]| run(&folder, Command::new("python3").args(args).env("PYTHONPATH", &path));
    python(&["-m", "unittest"]);
    python(&["-m", "ocellus_sdk.build", "rule.py", "-o", "first-plugin.wasm"]);
    passes_the_check(&folder.join("first-plugin.wasm"));
}
