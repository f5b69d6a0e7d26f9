//! The API's description is whole.

use axum::body::Body;
use axum::http::Method;
use ocellus_server::ServerOptions;
use serde_json::Value;

use crate::host::{TestHost, request};

/// Every route of the server but the console's files.
const ROUTES: [(&str, &str); 43] = [
    ("get", "/health"),
    ("get", "/metrics"),
    ("get", "/api/v1/openapi.json"),
    ("get", "/api/v1/cameras"),
    ("post", "/api/v1/cameras"),
    ("get", "/api/v1/cameras/{name}"),
    ("delete", "/api/v1/cameras/{name}"),
    ("get", "/api/v1/cameras/{name}/plates"),
    ("get", "/api/v1/cameras/{name}/plates/{track}/picture"),
    ("get", "/api/v1/cameras/{name}/snapshot"),
    ("get", "/api/v1/cameras/{name}/stream.mjpeg"),
    ("put", "/api/v1/cameras/{name}/region"),
    ("delete", "/api/v1/cameras/{name}/region"),
    ("put", "/api/v1/cameras/{name}/calibration"),
    ("delete", "/api/v1/cameras/{name}/calibration"),
    ("post", "/api/v1/cameras/{name}/calibration/check"),
    ("put", "/api/v1/cameras/{name}/recording"),
    ("delete", "/api/v1/cameras/{name}/recording"),
    ("get", "/api/v1/recordings"),
    ("get", "/api/v1/recordings/{camera}/{file}"),
    ("get", "/api/v1/plugins"),
    ("post", "/api/v1/plugins"),
    ("get", "/api/v1/plugins/{digest}"),
    ("delete", "/api/v1/plugins/{digest}"),
    ("get", "/api/v1/rules"),
    ("get", "/api/v1/rules/{name}"),
    ("put", "/api/v1/rules/{name}"),
    ("delete", "/api/v1/rules/{name}"),
    ("post", "/api/v1/rules/{name}/activate"),
    ("post", "/api/v1/rules/{name}/query"),
    ("post", "/api/v1/rules/{name}/roll-back"),
    ("get", "/api/v1/rules/{name}/shadow"),
    ("put", "/api/v1/rules/{name}/shadow"),
    ("delete", "/api/v1/rules/{name}/shadow"),
    ("post", "/api/v1/rules/{name}/shadow/promote"),
    ("post", "/api/v1/rules/{name}/command"),
    ("post", "/api/v1/rules/{name}/journal"),
    ("get", "/api/v1/rules/{name}/log"),
    ("get", "/api/v1/transitions"),
    ("get", "/api/v1/events"),
    ("get", "/ws/v1/cameras/{name}"),
    ("get", "/ws/v1/events"),
    ("get", "/ws/v1/transitions"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_and_every_description_is_a_route() {
    let host = TestHost::start(ServerOptions::default()).await;
    let description = host.get("/api/v1/openapi.json").await.json();
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.push((method.clone(), path.clone()));
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{method} {path}");
            assert!(operation["operationId"].is_string(), "{method} {path}");
            let problems = operation["responses"].to_string().contains("application/problem+json");
            assert!(problems || path == "/health" || path == "/api/v1/openapi.json", "{method} {path}");
        }
    }
    let mut known: Vec<(String, String)> =
        ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    described.sort();
    known.sort();
    assert_eq!(described, known);
    // A path that is described is routed: what it answers is not "there is nothing at".
    for (method, path) in &described {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let path = path.replace("{name}", "absent").replace("{digest}", "absent");
        let path = path.replace("{camera}", "absent").replace("{file}", "absent").replace("{track}", "1");
        let answer = host.send(request(method.clone(), &path).body(Body::empty()).unwrap()).await;
        assert_ne!(answer.status.as_u16(), 405, "{method} {path}");
        assert!(!answer.text().contains("there is nothing at"), "{method} {path}");
    }
    host.end().await;
}

#[test]
fn every_reference_of_the_description_resolves() {
    let description = serde_json::to_value(ocellus_server::description()).unwrap();
    let mut references = Vec::new();
    collect(&description, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.push(reference);
            }
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}
