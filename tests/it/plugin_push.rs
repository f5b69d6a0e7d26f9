//! `ocellus plugin push` against a running host.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;

use ocellus_tests::{Finished, Host, ocellus, plugin};

use crate::commands::{LINE, text_of};

const CAMERA: &str = "[[camera]]\nname = \"gate\"\nsource = \"scene:crossing?seed=3\"\n";

fn push(url: &str, file: &Path, rest: &[&str], code: i32) -> Finished {
    let finished = ocellus(&[&["plugin", "push", url, text_of(file)], rest].concat());
    assert_eq!(finished.code, code, "{rest:?}: {}{}", finished.stdout, finished.stderr);
    finished
}

#[test]
fn a_push_binds_a_rule_and_then_switches_it() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), CAMERA);
    let file = plugin("line-crossing");
    let alone = push(&host.url, &file, &[], 0);
    assert!(alone.stdout.contains("uploaded  line-crossing"), "{}", alone.stdout);
    let lost = push(&host.url, &file, &["--rule", "count"], 2);
    assert!(lost.stderr.contains("--camera"), "{}", lost.stderr);
    let bound = push(&host.url, &file, &["--rule", "count", "--camera", "gate", "--settings", LINE], 0);
    assert!(bound.stdout.contains("bound     rule count on gate"), "{}", bound.stdout);
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(5));
    let again = push(&host.url, &file, &["--rule", "count"], 0);
    assert!(again.stdout.contains("unchanged rule count runs this very file"), "{}", again.stdout);
    let mut bytes = std::fs::read(&file).unwrap();
    // A custom section more: the same plugin under another digest.
    bytes.extend([0, 2, 1, b'n']);
    let changed = folder.path().join("changed.wasm");
    std::fs::write(&changed, bytes).unwrap();
    let switched = push(&host.url, &changed, &["--rule", "count"], 0);
    assert!(switched.stdout.contains("switched  rule count on gate from frame"), "{}", switched.stdout);
    let before = host.get("/api/v1/rules/count").body;
    let settings = LINE.replace("\"l\"", "\"other\"");
    push(&host.url, &file, &["--rule", "count", "--settings", &settings], 0);
    let after = host.get("/api/v1/rules/count").body;
    assert_eq!(after["settings"]["lines"][0]["name"], "other");
    for key in ["limits", "on_failure"] {
        assert_eq!(after[key], before[key], "{key}");
    }
}

#[test]
fn what_the_host_refuses_is_said_in_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), CAMERA);
    let file = plugin("line-crossing");
    let native = folder.path().join("native.wasm");
    std::fs::write(&native, b"\x7fELF\x02\x01\x01").unwrap();
    let refused = push(&host.url, &native, &[], 2);
    assert!(
        refused.stderr.contains("plugin refused") && refused.stderr.contains("precompiled"),
        "{}",
        refused.stderr
    );
    let bad = ["--rule", "count", "--camera", "gate", "--settings", r#"{"lanes":[]}"#];
    let refused = push(&host.url, &file, &bad, 2);
    assert!(refused.stderr.contains("lanes"), "{}", refused.stderr);
    let refused = push(&host.url, &file, &["--rule", "count", "--camera", "nosuch"], 2);
    assert!(refused.stderr.contains("nosuch"), "{}", refused.stderr);
    assert_eq!(host.get("/api/v1/rules/count").status, 404);
}

#[test]
fn a_host_with_a_token_is_told_it_and_one_without_an_answer_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let token = "0123456789abcdef0123456789abcdef";
    // The first [server] table is the test's own.
    let host = Host::serve(folder.path(), &format!("token = \"{token}\"\n{CAMERA}"));
    let file = plugin("parking");
    let refused = push(&host.url, &file, &[], 2);
    assert!(refused.stderr.contains("token"), "{}", refused.stderr);
    let wrong = push(&host.url, &file, &["--token", "0123456789abcdef0123456789abcdee"], 2);
    assert!(wrong.stderr.contains("token") && !wrong.stderr.contains("abcdee"), "{}", wrong.stderr);
    push(&host.url, &file, &["--token", token], 0);
    for (url, part) in [
        ("http://127.0.0.1:9", "no host answers"),
        ("https://127.0.0.1:9", "TLS"),
        ("127.0.0.1:9", "http://"),
        ("http://", "http://"),
    ] {
        let refused = push(url, &file, &[], 2);
        assert!(refused.stderr.contains(part), "{url}: {}", refused.stderr);
    }
}

#[test]
fn the_signature_beside_a_plugin_goes_along() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.wasm");
    std::fs::copy(plugin("parking"), &file).unwrap();
    let key = folder.path().join("key");
    assert_eq!(ocellus(&["plugin", "keygen", "--out", text_of(&key)]).code, 0);
    assert_eq!(ocellus(&["plugin", "sign", text_of(&file), "--key", text_of(&key)]).code, 0);
    let signature = std::fs::read_to_string(folder.path().join("rule.wasm.sig")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // A host keeps to itself what it was sent, so this one only listens.
    let heard = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim_end().to_owned();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = r#"{"name":"parking","version":"1.0.0","digest":"d"}"#;
        let head_out = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        reader.into_inner().write_all((head_out + answer).as_bytes()).unwrap();
        (head, body)
    });
    push(&url, &file, &[], 0);
    let (head, body) = heard.join().unwrap();
    assert_eq!(head[0], "POST /api/v1/plugins HTTP/1.1");
    let sent = head.iter().find_map(|line| line.strip_prefix("ocellus-signature: ")).unwrap();
    assert_eq!(sent, signature.trim());
    assert_eq!(body, std::fs::read(&file).unwrap());
}
