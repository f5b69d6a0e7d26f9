//! Whose plugins are taken where the operator trusts keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use ocellus_runtime::{
    KeyError, KeyId, PluginError, Runtime, RuntimeOptions, SignatureError, TrustedKey, Upload, VerifyError,
};

use crate::support::guest;

/// The order of the group, little endian: a signature's second half is below it.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn text(key: &VerifyingKey) -> String {
    STANDARD.encode(key.as_bytes())
}

fn trusted(key: &SigningKey) -> TrustedKey {
    text(&key.verifying_key()).parse().expect("a key")
}

fn runtime(trusted_keys: &[TrustedKey]) -> Runtime {
    let trusted_keys = trusted_keys.iter().cloned().collect();
    Runtime::new(RuntimeOptions { trusted_keys, max_instances: 4, ..RuntimeOptions::default() })
        .expect("starts")
}

/// What becomes of the guest `line` with this signature where key 1 and key 2 are trusted.
fn judged(bytes: Vec<u8>, signature: Option<String>) -> Result<Option<KeyId>, SignatureError> {
    let upload = Upload::new(bytes);
    let upload = match signature {
        Some(signature) => upload.signed(signature),
        None => upload,
    };
    match upload.verify(&runtime(&[trusted(&key(1)), trusted(&key(2))])) {
        Ok(verified) => Ok(verified.artifact().signer),
        Err(VerifyError::Signature(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

fn signed_by(seed: u8, bytes: &[u8]) -> [u8; 64] {
    key(seed).sign(bytes).to_bytes()
}

/// The same signature in another form: its second half plus the order of the group.
fn non_canonical(mut signature: [u8; 64]) -> [u8; 64] {
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(GROUP_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).expect("a byte");
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    signature
}

#[test]
fn what_no_trusted_key_has_signed_is_refused_and_told_how_to_sign() {
    let component = guest("line");
    let encoded = |signature: [u8; 64]| STANDARD.encode(signature);
    let sound = encoded(signed_by(1, &component));
    let no_match = SignatureError::NoMatch { trusted: vec![trusted(&key(1)).id(), trusted(&key(2)).id()] };
    let mut changed = component.clone();
    changed.push(0);
    let mut flipped = signed_by(1, &component);
    flipped[40] ^= 1;
    // Holds for every message under a weak key, and for none under a sound one.
    let mut small_order = [0; 64];
    small_order[0] = 1;
    for (what, bytes, signature, says) in [
        ("nothing", &component, None, SignatureError::Missing),
        ("an empty text", &component, Some(" \n".to_owned()), SignatureError::Missing),
        ("an unknown key", &component, Some(encoded(signed_by(3, &component))), no_match.clone()),
        ("other bytes", &changed, Some(sound.clone()), no_match.clone()),
        ("a flipped bit", &component, Some(encoded(flipped)), no_match.clone()),
        (
            "another form",
            &component,
            Some(encoded(non_canonical(signed_by(1, &component)))),
            no_match.clone(),
        ),
        ("a point of small order", &component, Some(encoded(small_order)), no_match.clone()),
        ("all zeros", &component, Some(encoded([0; 64])), no_match.clone()),
        ("all ones", &component, Some(encoded([0xff; 64])), no_match),
        (
            "65 bytes",
            &component,
            Some(STANDARD.encode([&signed_by(1, &component)[..], &[0]].concat())),
            SignatureError::Length { found: 65 },
        ),
        (
            "63 bytes",
            &component,
            Some(STANDARD.encode(&signed_by(1, &component)[..63])),
            SignatureError::Length { found: 63 },
        ),
    ] {
        let error = judged(bytes.clone(), signature).expect_err(what);
        assert_eq!(error, says, "{what}");
        assert!(error.to_string().contains("ocellus plugin sign FILE.wasm"), "{error}");
    }
    for cut in [1, 2, 3, 5, 60, 87] {
        let error = judged(component.clone(), Some(sound[..cut].to_owned())).expect_err("cut");
        assert!(matches!(error, SignatureError::Encoding { .. } | SignatureError::Length { .. }), "{error}");
    }
    for text in ["not base64 at all", "ключ", &sound.replace('=', ""), &"A".repeat(1 << 20)] {
        let error = judged(component.clone(), Some(text.to_owned())).expect_err("no signature");
        assert!(matches!(error, SignatureError::Encoding { .. } | SignatureError::Length { .. }), "{error}");
        assert!(error.to_string().len() < 300, "{error}");
    }
}

#[test]
fn any_trusted_key_may_sign_and_is_remembered() {
    let component = guest("line");
    for seed in [1, 2] {
        let signature = format!("{}\n", STANDARD.encode(signed_by(seed, &component)));
        assert_eq!(judged(component.clone(), Some(signature)), Ok(Some(trusted(&key(seed)).id())));
    }
    // RFC 8032, test 1; the id is `sha256sum` of the 32 bytes.
    let known: TrustedKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse().expect("a key");
    assert_eq!(known.id().to_string(), "21fe31dfa154a261");
    assert_eq!("21fe31dfa154a261".parse(), Ok(known.id()));
    for wrong in ["", "21fe31dfa154a26", "21FE31DFA154A261", "+1fe31dfa154a261"] {
        assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
    }
}

#[test]
fn the_signature_is_judged_before_the_bytes_are_read_as_anything() {
    let unsigned = Upload::new(b"not a component".to_vec()).verify(&runtime(&[trusted(&key(1))]));
    assert_eq!(unsigned.map(|_| ()), Err(VerifyError::Signature(SignatureError::Missing)));
}

#[test]
fn without_keys_nothing_needs_a_signature_and_none_is_believed() {
    let sound = Upload::new(guest("line")).signed("nonsense").verify(&runtime(&[])).expect("taken");
    assert_eq!(sound.artifact().signer, None);
}

#[test]
fn what_the_host_has_kept_runs_on_when_keys_come() {
    let runtime = runtime(&[trusted(&key(1))]);
    assert!(matches!(
        runtime.load(guest("line")).map(|_| ()),
        Err(PluginError::Verify(VerifyError::Signature(SignatureError::Missing)))
    ));
    let kept = runtime.load(Upload::kept(guest("line"), None)).expect("runs on");
    assert_eq!(kept.artifact().signer, None);
}

#[test]
fn what_is_no_sound_public_key_is_refused_as_such() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = STANDARD.encode(identity);
    for (text, error) in [
        ("", KeyError::Form),
        ("site.pub", KeyError::Form),
        (&STANDARD.encode([7; 31]), KeyError::Form),
        (&STANDARD.encode([7; 33]), KeyError::Form),
        (&weak, KeyError::Weak),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", KeyError::Private),
    ] {
        assert_eq!(text.parse::<TrustedKey>(), Err(error), "{text}");
    }
    // A P-256 key, as `openssl ecparam` makes it, and half a text.
    for pem in [
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
         6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS\n",
    ] {
        let error = pem.parse::<TrustedKey>().expect_err("no key");
        assert!(matches!(error, KeyError::Algorithm { .. }), "{error}");
    }
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
               -----END PUBLIC KEY-----\n";
    assert_eq!(pem.parse(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse::<TrustedKey>());
}
