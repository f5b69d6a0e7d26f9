//! A running host, over REST.

use std::collections::{BTreeMap, BTreeSet};

use ocellus_tests::{Host, plugin};
use serde_json::{Value, json};

/// A config with scene cameras and no rules.
fn cameras(names: &[&str]) -> String {
    let camera = |(seed, name): (usize, &&str)| {
        format!("[[camera]]\nname = \"{name}\"\nsource = \"scene:crossing?seed={}\"\n", seed + 3)
    };
    names.iter().enumerate().map(camera).collect()
}

fn line_rule(digest: &str, cameras: &[&str]) -> Value {
    let line = json!({"name": "gate", "from": [0.5, 0.0], "to": [0.5, 1.0], "entry": "left-to-right"});
    json!({"plugin": digest, "cameras": cameras, "settings": {"lines": [line]}})
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let config = cameras(&["gate"]);
    let mut host = Host::serve(folder.path(), &config);
    let digest = host.upload(&plugin("line-crossing"));
    let answer = host.send_json("PUT", "/api/v1/rules/count", &line_rule(&digest, &["gate"]));
    assert!(answer.status < 300, "{answer:?}");
    let page = host.wait_until("/api/v1/events?limit=1000&order=oldest", "an event", |body| {
        body["events"].as_array().is_some_and(|events| events.len() >= 2)
    });
    let before: BTreeMap<u64, Value> = by_sequence(&page);
    host.kill();
    let host = Host::serve(folder.path(), &config);
    let rule = host.get("/api/v1/rules/count");
    assert_eq!(rule.body["plugin"]["digest"], json!(digest), "{rule:?}");
    let after = by_sequence(&host.get("/api/v1/events?limit=1000&order=oldest").body);
    for (sequence, event) in before {
        assert_eq!(after.get(&sequence), Some(&event));
    }
}

#[test]
fn every_acknowledged_correction_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let rule = plugin("parking-levels");
    let config = format!(
        "{}[[rule]]\nname = \"levels\"\nplugin = \"{}\"\ncameras = [\"gate\"]\ngrants = {{ powers = [\"messages\"] }}\n[rule.settings]\nlocation = \"station\"\n\
         levels = [{{ id = \"roof\", unseen = 100 }}]\n",
        cameras(&["gate"]),
        rule.display()
    );
    let car = json!({"camera": "gate", "request": {"level": "roof", "change": 1}});
    let mut given = 0;
    for round in 1..=3 {
        let mut host = Host::serve(folder.path(), &config);
        host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(2));
        // One and then several at once: each is acknowledged when it is on the disk.
        for _ in 0..round {
            let answer = host.send_json("POST", "/api/v1/rules/levels/command", &car);
            assert_eq!(answer.status, 204, "{answer:?}");
            given += 1;
        }
        host.kill();
    }
    let host = Host::serve(folder.path(), &config);
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(2));
    let question = json!({"camera": "gate", "request": {}});
    let said = host.send_json("POST", "/api/v1/rules/levels/query", &question);
    assert_eq!(said.body["answer"]["levels"][0]["spots"]["occupied"], given, "{said:?}");
}

#[test]
fn sixty_corrections_at_once_are_all_taken() {
    let folder = tempfile::tempdir().unwrap();
    let rule = plugin("parking-levels");
    let config = format!(
        "{}[[rule]]\nname = \"levels\"\nplugin = \"{}\"\ncameras = [\"gate\"]\ngrants = {{ powers = [\"messages\"] }}\n\
         [rule.settings]\nlevels = [{{ id = \"roof\", unseen = 100 }}]\n",
        cameras(&["gate"]),
        rule.display()
    );
    let host = Host::serve(folder.path(), &config);
    let car = json!({"camera": "gate", "request": {"level": "roof", "change": 1}});
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let give = || host.send_json("POST", "/api/v1/rules/levels/command", &car).status;
        let sensors: Vec<_> = (0..60).map(|_| scope.spawn(give)).collect();
        sensors.into_iter().map(|sensor| sensor.join().unwrap()).collect()
    });
    assert_eq!(statuses, [204; 60]);
    let question = json!({"camera": "gate", "request": {}});
    let said = host.send_json("POST", "/api/v1/rules/levels/query", &question);
    assert_eq!(said.body["answer"]["levels"][0]["spots"]["occupied"], 60, "{said:?}");
}

/// A correction holds from when it is given, whether the camera shows anything or not.
#[test]
fn a_correction_before_the_first_frame_has_the_time_of_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let rule = plugin("parking-levels");
    let config = format!(
        "[[camera]]\nname = \"away\"\nsource = \"rtsp://127.0.0.1:9/away\"\n[[rule]]\nname = \"levels\"\nplugin = \"{}\"\n\
         cameras = [\"away\"]\ngrants = {{ powers = [\"messages\"] }}\n[rule.settings]\nlevels = [{{ id = \"roof\", unseen = 9 }}]\n",
        rule.display()
    );
    let host = Host::serve(folder.path(), &config);
    let clock =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
    let before = clock();
    let request = json!({"camera": "away", "request": {"level": "roof", "occupied": 5, "for_s": 600}});
    let answer = host.send_json("POST", "/api/v1/rules/levels/command", &request);
    assert_eq!(answer.status, 204, "{answer:?}");
    let question = json!({"camera": "away", "request": {}});
    let said = host.send_json("POST", "/api/v1/rules/levels/query", &question);
    let told = &said.body["answer"]["levels"][0]["told"];
    let since = told["since_us"].as_u64().unwrap();
    assert!((before - 2_000_000..=clock()).contains(&since), "{told}");
    assert_eq!(told["until_us"].as_u64().unwrap() - since, 600_000_000, "{told}");
    let events = host.wait_until("/api/v1/events", "the event", |body| {
        body["events"].as_array().is_some_and(|events| !events.is_empty())
    });
    assert!(events["events"][0]["time_us"].as_u64().unwrap() >= before - 2_000_000, "{events}");
}

fn by_sequence(page: &Value) -> BTreeMap<u64, Value> {
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| (event["sequence"].as_u64().unwrap(), event.clone())).collect()
}

#[test]
fn one_bad_camera_neither_slows_the_others_nor_shows_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "[[camera]]\nname = \"bad\"\nsource = \"rtsp://admin:hunter2secret@127.0.0.1:9/stream\"\n";
    let host = Host::serve(folder.path(), &(cameras(&["good"]) + bad));
    let body = host.wait_until("/api/v1/cameras/bad", "the failure", |body| {
        body["state"].to_string().contains("failed") || body.to_string().contains("reason")
    });
    assert!(!body.to_string().contains("hunter2secret"), "{body}");
    host.wait_until("/api/v1/cameras/good", "frames", |body| body["frames"].as_u64() > Some(30));
    for path in ["/health", "/api/v1/cameras", "/metrics"] {
        let answer = host.get(path);
        assert!(!format!("{answer:?}").contains("hunter2secret"), "{path}");
    }
}

#[test]
fn a_terminated_host_ends_in_order_with_code_0() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::serve(folder.path(), &cameras(&["gate"]));
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(5));
    assert_eq!(host.terminate(), 0);
}

#[test]
fn a_second_host_on_the_same_data_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let _host = Host::serve(folder.path(), &cameras(&["gate"]));
    let config = folder.path().join("ocellus.toml");
    let finished = ocellus_tests::ocellus(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(finished.code, 2, "{}", finished.stderr);
    assert!(finished.stderr.contains("another"), "{}", finished.stderr);
}

#[test]
fn an_open_address_without_a_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("open.toml");
    std::fs::write(&config, "[server]\naddress = \"0.0.0.0:0\"\n").unwrap();
    let finished = ocellus_tests::ocellus(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(finished.code, 2, "{}", finished.stderr);
    assert!(finished.stderr.contains("token"), "{}", finished.stderr);
}

#[test]
fn rules_of_the_config_file_are_read_only_and_the_answer_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let rule = format!(
        "[[rule]]\nname = \"fixed\"\nplugin = {:?}\ncameras = [\"gate\"]\n[rule.settings]\nlines = [{{ name = \"g\", from = [0.5, 0.0], to = [0.5, 1.0], entry = \"left-to-right\" }}]\n",
        plugin("line-crossing")
    );
    let host = Host::serve(folder.path(), &(cameras(&["gate"]) + &rule));
    for answer in [
        host.delete("/api/v1/rules/fixed"),
        host.delete("/api/v1/cameras/gate"),
        host.send_json("POST", "/api/v1/rules/fixed/activate", &json!({"plugin": "line-crossing"})),
    ] {
        assert_eq!(answer.status, 409, "{answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains("ocellus.toml"), "{answer:?}");
    }
}

#[test]
fn garbage_uploads_are_refused_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), &cameras(&["gate"]));
    for body in [&b""[..], b"garbage", b"\0asm\x01\0\0\0", b"\x7fELF\x02\x01\x01"] {
        let answer = host.post("/api/v1/plugins", "application/wasm", body);
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert!(!answer.body["detail"].as_str().unwrap_or_default().is_empty(), "{answer:?}");
    }
    let plugins = host.get("/api/v1/plugins").body;
    assert_eq!(plugins["plugins"].as_array().or(plugins.as_array()).map(Vec::len), Some(0), "{plugins}");
}

#[test]
fn events_stay_in_sequence_over_cameras_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::serve(folder.path(), &cameras(&["a", "b"]));
    let digest = host.upload(&plugin("line-crossing"));
    let answer = host.send_json("PUT", "/api/v1/rules/count", &line_rule(&digest, &["a", "b"]));
    assert!(answer.status < 300, "{answer:?}");
    host.wait_until("/api/v1/events?limit=1000", "events", |body| {
        body["events"].as_array().is_some_and(|events| events.len() >= 3)
    });
    let mut seen = BTreeSet::new();
    let mut path = "/api/v1/events?order=oldest&limit=1".to_owned();
    for _ in 0..3 {
        let page = host.get(&path).body;
        assert!(seen.insert(page["events"][0]["sequence"].as_u64().unwrap()), "{page}");
        path = format!("/api/v1/events?order=oldest&limit=1&cursor={}", page["next"]);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
}
