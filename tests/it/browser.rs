//! The console in a real browser, on the demo.

use std::path::Path;
use std::process::Command;

use ocellus_tests::program::{repository, target_folder};
use ocellus_tests::{Host, plugin};

/// The shipped component with a note appended: the same plugin under another digest.
fn changed(folder: &Path) -> std::path::PathBuf {
    let mut bytes = std::fs::read(plugin("line-crossing")).unwrap();
    // A custom section: id 0, its length, then a name with its length.
    bytes.extend([0, 5, 4]);
    bytes.extend(b"note");
    let path = folder.join("changed.wasm");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_browser_sees_pictures_and_events_and_activates_an_uploaded_version() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = target_folder().join("plugins");
    let args = ["demo", "--address", "127.0.0.1:0", "--plugins", plugins.to_str().unwrap()];
    let host = Host::start(folder.path(), &args);
    let screenshots = target_folder().join("screenshots");
    let output = Command::new("node")
        .arg("console.mjs")
        .args(["--url", &format!("{}/", host.url), "--rule", "line-crossing", "--plugin"])
        .arg(changed(folder.path()))
        .arg("--screenshots")
        .arg(&screenshots)
        .current_dir(repository("tests/browser"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
