//! Keys that come to a site which runs unsigned plugins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use ocellus_core::VersionState;
use ocellus_pipeline::{PluginStatus, SiteError, SiteErrorKind, TransitionQuery};
use ocellus_runtime::{RuntimeOptions, TrustedKey, TrustedKeys, Upload};

use crate::site::{TestSite, marked, name, probe_version};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn trusting(seed: u8) -> RuntimeOptions {
    let text = STANDARD.encode(key(seed).verifying_key().as_bytes());
    let trusted_keys: TrustedKeys = [text.parse::<TrustedKey>().unwrap()].into_iter().collect();
    RuntimeOptions { trusted_keys, ..RuntimeOptions::default() }
}

fn signed(seed: u8, bytes: Vec<u8>) -> Upload {
    let signature = STANDARD.encode(key(seed).sign(&bytes).to_bytes());
    Upload::new(bytes).signed(signature)
}

fn shown(host: &TestSite, digest: &str) -> PluginStatus {
    let plugins = host.site.plugins().unwrap();
    plugins.into_iter().find(|plugin| plugin.digest == digest).unwrap()
}

fn is_refused<T>(answer: Result<T, SiteError>, says: &str) {
    let Err(error) = answer else { panic!("it was taken, not refused: {says}") };
    assert_eq!(error.kind(), SiteErrorKind::Forbidden, "{error}");
    assert!(error.to_string().contains(says), "{error}");
    assert!(error.to_string().contains("ocellus plugin sign"), "{error}");
}

#[test]
fn what_runs_unsigned_runs_on_and_nothing_unsigned_is_activated() {
    let host = TestSite::start(&["north"]);
    let [first, second] =
        ["1.0.0", "2.0.0"].map(|version| host.site.upload_plugin(probe_version(version)).unwrap().digest);
    host.bind("gate", &first, &["north"], "{}");

    let host = host.restart_with(trusting(1), &["north"]);
    let gate = name("gate");
    host.wait_until("the rule runs on", |_| host.calls("gate") > 0);
    assert_eq!(shown(&host, &first).signer, None);
    host.bind("gate", &first, &["north"], r#"{"do":"echo"}"#);
    assert_eq!(
        host.site.rule(&gate).unwrap().digest,
        first,
        "its settings are still the operator's to change"
    );
    is_refused(host.site.activate(&gate, &second, None), "probe@2.0.0 is unsigned");
    is_refused(host.site.put_rule(host.rule("gate", &second, &["north"], "{}")), "probe@2.0.0 is unsigned");
    is_refused(host.site.put_rule(host.rule("other", &first, &["north"], "{}")), "probe@1.0.0 is unsigned");
    is_refused(host.site.shadow(&gate, &second).map(|_| ()), "probe@2.0.0 is unsigned");
    let rule = host.site.rule(&gate).unwrap();
    assert_eq!((rule.digest, rule.failure), (first.clone(), None));

    // The same bytes again, with a signature.
    let uploaded = host.site.upload_plugin(signed(1, probe_version("2.0.0"))).unwrap();
    assert_eq!((&uploaded.digest, uploaded.signer.as_ref().map(String::len)), (&second, Some(16)));
    host.site.activate(&gate, &second, None).unwrap();
    is_refused(host.site.roll_back(&gate), "probe@1.0.0 is unsigned");

    let host = host.restart_with(trusting(2), &["north"]);
    host.wait_until("it runs on under other keys", |_| host.calls("gate") > 0);
    assert_eq!(shown(&host, &second).signer, uploaded.signer);
    let signer = uploaded.signer.unwrap();
    let other = host.rule("other", &second, &["north"], "{}");
    is_refused(host.site.put_rule(other), &format!("was signed by key {signer}, which is not trusted"));
    let anew = host.site.upload_plugin(signed(2, probe_version("2.0.0"))).unwrap();
    assert!(anew.signer.is_some_and(|anew| anew != signer));
    host.bind("other", &second, &["north"], "{}");
}

#[test]
fn an_upload_that_nobody_trusted_signed_is_refused_and_written_down() {
    let host = TestSite::start_with(tempfile::tempdir().unwrap(), trusting(1), 25, &["north"]);
    is_refused(host.site.upload_plugin(marked(&[])), "it is not signed");
    is_refused(host.site.upload_plugin(signed(2, marked(&[]))), "another key signed it");
    assert!(host.site.plugins().unwrap().is_empty());
    let told = host.site.transitions(&TransitionQuery::default()).unwrap();
    let details: Vec<&str> = told.iter().map(|record| record.transition.detail.as_str()).collect();
    assert!(told.iter().all(|record| record.transition.state == VersionState::Refused), "{told:?}");
    assert!(details.len() == 2 && details[1].contains("it is not signed"), "{details:?}");
}
