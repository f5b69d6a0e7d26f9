//! Requests: any body and any query through the whole server, over a site that runs.
//!
//! The first byte of an input chooses what is asked for, the rest is the body or the query. Whatever comes back is an
//! answer: never a failure inside the host, and a refusal is a problem document of a few kilobytes. What was taken can
//! be taken again as the API shows it, and can be removed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ocellus_fuzz::host::{Answer, Host};
use serde_json::{Value, json};

/// Bytes of a refusal, which may hold parts of the body.
const REFUSAL: usize = 16 << 10;
const FUZZED: &str = "/api/v1/rules/fuzzed";
const STEADY: &str = "/api/v1/rules/steady";

fuzz_target!(|bytes: &[u8]| {
    let Some((asked, body)) = bytes.split_first() else { return };
    let host = Host::get();
    match asked {
        b'c' => camera(host, body),
        b'r' => rule(host, body),
        b'a' => check(&host.json("POST", &format!("{STEADY}/activate"), body)),
        b's' => {
            check(&host.json("PUT", &format!("{STEADY}/shadow"), body));
            check(&host.json("DELETE", &format!("{STEADY}/shadow"), b""));
        }
        b'q' => check(&host.json("POST", &format!("{STEADY}/query"), body)),
        b'k' => check(&host.json("POST", &format!("{STEADY}/command"), body)),
        b'f' => check(&host.send(("POST", "/api/v1/plugins"), "multipart/form-data; boundary=b", body)),
        b'e' => queried(host, "/api/v1/events", body),
        b't' => queried(host, "/api/v1/transitions", body),
        b'v' => queried(host, "/api/v1/cameras/gate/snapshot", body),
        _ => {}
    }
});

/// Nothing goes wrong inside the host, and whoever is refused is told why in a few words.
fn check(answer: &Answer) {
    let text = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(1000)]).into_owned();
    assert_ne!(answer.status, 500, "{}", text());
    if answer.status < 400 {
        return;
    }
    assert!(answer.body.len() <= REFUSAL, "a refusal of {} bytes: {}", answer.body.len(), text());
    let problem: Value =
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no problem: {}", text()));
    let detail = problem["detail"].as_str().unwrap_or("");
    assert!(!detail.is_empty() && problem["status"] == answer.status, "{problem}");
}

/// A camera that is taken is there, and can be removed.
fn camera(host: &Host, body: &[u8]) {
    if !opens_nothing(body) {
        return;
    }
    let answer = host.json("POST", "/api/v1/cameras", body);
    check(&answer);
    if answer.status != 201 {
        return;
    }
    let added: Value = answer.parsed();
    let path = format!("/api/v1/cameras/{}", added["name"].as_str().unwrap_or(""));
    assert_eq!(host.json("GET", &path, b"").status, 200, "{added}");
    let removed = host.json("DELETE", &path, b"");
    assert_eq!(removed.status, 204, "{}", String::from_utf8_lossy(&removed.body));
}

/// Whether a camera of it, if it is one, opens no file, device or connection: it is a scene, or its name is taken.
fn opens_nothing(body: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(camera) => {
            camera["name"] == "gate"
                || camera["source"].as_str().is_some_and(|source| source.starts_with("scene:"))
        }
        Err(_) => !body.windows(8).any(|part| part == b"\"source\""),
    }
}

/// A rule that is taken is taken again as it is shown, and can be removed.
fn rule(host: &Host, body: &[u8]) {
    let answer = host.json("PUT", FUZZED, body);
    check(&answer);
    if answer.status != 200 {
        return;
    }
    let shown: Value = host.json("GET", FUZZED, b"").parsed();
    let again = json!({
        "plugin": shown["plugin"]["digest"],
        "cameras": shown["watches"],
        "settings": shown["settings"],
        "limits": shown["limits"],
        "on_failure": shown["on_failure"],
        "grants": shown["grants"],
    });
    let again = host.json("PUT", FUZZED, again.to_string().as_bytes());
    assert_eq!(again.status, 200, "{shown}: {}", String::from_utf8_lossy(&again.body));
    let after: Value = host.json("GET", FUZZED, b"").parsed();
    for field in ["plugin", "watches", "settings", "limits", "on_failure", "grants", "asks", "scope"] {
        assert_eq!(shown[field], after[field], "{field}");
    }
    assert_eq!(host.json("DELETE", FUZZED, b"").status, 204);
}

/// A query that can stand in an address.
fn queried(host: &Host, path: &str, query: &[u8]) {
    let Ok(query) = std::str::from_utf8(query) else { return };
    if let Some(answer) = host.query(path, query) {
        check(&answer);
    }
}
