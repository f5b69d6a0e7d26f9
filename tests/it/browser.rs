//! The console in a real browser: on the demo, through the life of a rule, and with signed plugins.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use ocellus_tests::program::{repository, target_folder};
use ocellus_tests::{Host, guest, plugin};

const CAMERA: &str = "[[camera]]\nname = \"gate\"\nsource = \"scene:crossing?seed=3\"\n";

/// The shipped component with a note appended: the same plugin under another digest.
fn changed(folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(plugin("line-crossing")).unwrap();
    // A custom section: id 0, its length, then a name with its length.
    bytes.extend([0, 5, 4]);
    bytes.extend(b"note");
    let path = folder.join("changed.wasm");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Writes a test guest to `folder` with some of its texts replaced: each by one that is not longer, filled with spaces.
fn rewritten(folder: &Path, (from, to): (&str, &str), texts: &[(&str, &str)]) {
    let mut bytes = std::fs::read(guest(from)).unwrap();
    for (old, new) in texts {
        assert!(new.len() <= old.len(), "{new:?} is longer than {old:?}");
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes());
        assert!(at.is_some(), "{from} has no {old:?}");
        let at = at.unwrap();
        let filled = format!("{new:<width$}", width = old.len());
        bytes[at..at + old.len()].copy_from_slice(filled.as_bytes());
    }
    std::fs::write(folder.join(to).with_extension("wasm"), bytes).unwrap();
}

/// The plugins of `lifecycle.mjs`.
fn write_plugins(folder: &Path) {
    let version = "@version=1.0.0";
    let deed = "@deed=                    ";
    rewritten(folder, ("powers", "modest"), &[(deed, "@deed=describe-modest")]);
    rewritten(folder, ("powers", "powers"), &[(version, "@version=2.0.0")]);
    rewritten(folder, ("probe", "steady"), &[]);
    rewritten(folder, ("probe", "double"), &[(version, "@version=2.0.0"), (deed, "@deed=process-double")]);
    rewritten(folder, ("probe", "failing"), &[(version, "@version=3.0.0"), (deed, "@deed=process-trap")]);
    let markup = [
        (version, "@version=4.0.0"),
        ("Misbehaves\n on   request.", "<img src=x onerror=z=1>"),
        ("trapped on request", "<b onclick=z=1>hi"),
    ];
    rewritten(folder, ("probe", "hostile"), &markup);
    std::fs::copy(plugin("line-crossing"), folder.join("line-crossing.wasm")).unwrap();
}

/// Runs a script of `tests/browser` against the host.
fn drive(script: &str, host: &Host, args: &[&str]) {
    let output = Command::new("node")
        .arg(script)
        .args(["--url", &format!("{}/", host.url), "--screenshots"])
        .arg(target_folder().join("screenshots"))
        .args(args)
        .current_dir(repository("tests/browser"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_browser_sees_pictures_and_events_and_activates_an_uploaded_version() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = target_folder().join("plugins");
    let args = ["demo", "--address", "127.0.0.1:0", "--plugins", plugins.to_str().unwrap()];
    let host = Host::start(folder.path(), &args);
    let changed = changed(folder.path());
    drive("console.mjs", &host, &["--rule", "line-crossing", "--plugin", changed.to_str().unwrap()]);
}

#[test]
fn an_operator_runs_the_whole_life_of_a_rule_from_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = tempfile::tempdir().unwrap();
    write_plugins(plugins.path());
    let host = Host::serve(folder.path(), CAMERA);
    drive("lifecycle.mjs", &host, &["--plugins", plugins.path().to_str().unwrap()]);
}

#[test]
fn the_page_uploads_a_signed_plugin_and_shows_why_an_unsigned_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::from_bytes(&[7; 32]);
    let component = folder.path().join("line.wasm");
    std::fs::copy(plugin("line-crossing"), &component).unwrap();
    let signature = STANDARD.encode(key.sign(&std::fs::read(&component).unwrap()).to_bytes());
    std::fs::write(folder.path().join("line.wasm.sig"), signature + "\n").unwrap();
    let keys = STANDARD.encode(key.verifying_key().as_bytes());
    let host = Host::serve(folder.path(), &format!("[plugins]\ntrusted_keys = [\"{keys}\"]\n{CAMERA}"));
    drive("signed.mjs", &host, &["--plugin", component.to_str().unwrap()]);
}

#[test]
fn an_operator_calibrates_a_camera_on_its_picture() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), CAMERA);
    let yard = serde_json::json!({"name": "yard", "source": "scene:road?seed=3"});
    let added = host.send_json("POST", "/api/v1/cameras", &yard);
    assert_eq!(added.status, 201, "{added:?}");
    host.wait_until("/api/v1/cameras/yard", "pictures", |body| body["frames"].as_u64() > Some(2));
    drive("calibration.mjs", &host, &["--camera", "yard"]);
}
