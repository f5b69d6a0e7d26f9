//! A host that takes only signed plugins, from its config file to its answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use ocellus_tests::{Host, ocellus, plugin};
use serde_json::json;

const CAMERA: &str = "[[camera]]\nname = \"gate\"\nsource = \"scene:crossing?seed=3\"\n";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn keys() -> String {
    format!("[plugins]\ntrusted_keys = [\"{}\"]\n", STANDARD.encode(key().verifying_key().as_bytes()))
}

fn signature(bytes: &[u8]) -> String {
    STANDARD.encode(key().sign(bytes).to_bytes())
}

#[test]
fn an_upload_needs_a_signature_and_shows_who_signed() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), &(keys() + CAMERA));
    let component = std::fs::read(plugin("line-crossing")).unwrap();
    let sound = signature(&component);
    for (sent, says) in [
        (None, "it is not signed"),
        (Some("%%%"), "not base64"),
        (Some(&sound[..84]), "63 bytes"),
        (Some(signature(b"another component").as_str()), "changed after it was signed"),
    ] {
        let refused = host.upload_signed(&component, sent);
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(refused.body["type"], "urn:ocellus:problem:signature-refused", "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(says) && detail.contains("ocellus plugin sign FILE.wasm"), "{detail}");
    }
    assert_eq!(host.get("/api/v1/plugins").body["plugins"], json!([]));
    let taken = host.upload_signed(&component, Some(&sound));
    assert_eq!(taken.status, 201, "{taken:?}");
    assert_eq!(taken.body["signer"].as_str().map(str::len), Some(16), "{taken:?}");
    assert_eq!(host.get("/api/v1/plugins").body["plugins"][0]["signer"], taken.body["signer"]);
}

#[test]
fn a_plugin_of_the_config_file_needs_its_signature_beside_it_and_takes_its_limits_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let component = std::fs::read(plugin("line-crossing")).unwrap();
    std::fs::write(folder.path().join("line.wasm"), &component).unwrap();
    let config = format!(
        "{}{CAMERA}[[rule]]\nname = \"count\"\nplugin = \"./line.wasm\"\ncameras = [\"gate\"]\non_failure = \
         \"disable\"\nlimits = {{ call_ms = 7, memory_kib = 8192 }}\n[rule.settings]\nlines = [{{ name = \"gate\", \
         from = [0.5, 0.0], to = [0.5, 1.0], entry = \"left-to-right\" }}]\n",
        keys()
    );
    let path = folder.path().join("unsigned.toml");
    std::fs::write(&path, format!("[server]\naddress = \"127.0.0.1:0\"\n{config}")).unwrap();
    let refused = ocellus(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("it is not signed"), "{}", refused.stderr);

    std::fs::write(folder.path().join("line.wasm.sig"), signature(&component) + "\n").unwrap();
    let host = Host::serve(folder.path(), &config);
    let rule = host.get("/api/v1/rules/count").body;
    assert_eq!(rule["on_failure"], "disable", "{rule}");
    assert_eq!(rule["limits"]["call_ms"], 7, "{rule}");
    assert_eq!((&rule["limits"]["memory_kib"], &rule["limits"]["events"]), (&json!(8192), &json!(1000)));
}
