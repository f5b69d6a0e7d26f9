//! `ocellus plugin push`: a plugin to a running host.

use std::io::Write;

use anyhow::{Context, ensure};
use ocellus_core::{Name, Power};
use serde_json::{Value, json};

use super::client::{Body, Client};
use super::{keys, sign, words};
use crate::args::plugin::PushArgs;
use crate::commands::rules;
use crate::exit::Outcome;

pub(crate) fn run(args: &PushArgs) -> anyhow::Result<Outcome> {
    ensure!(
        args.webhooks.is_empty() || args.grants.contains(&Power::Webhook),
        "--webhook says which addresses a rule may call with the power webhook; give it that with --grant webhook"
    );
    let client = Client::new(&args.url, args.token.clone())?;
    let settings = args.settings.as_deref().map(rules::settings_text).transpose()?;
    let settings = settings.map(|text| serde_json::from_str::<Value>(&text)).transpose()?;
    let component = rules::read_plugin(&args.file)?;
    let signature = sign::read(&keys::beside(&args.file, "sig"))?;
    let is_signed = signature.is_some();
    eprintln!(
        "uploading {} ({}{}) to {}",
        args.file.display(),
        words::bytes(component.len()),
        if is_signed { ", signed" } else { "" },
        client.base()
    );
    let body =
        Body { kind: "application/wasm", bytes: &component, signature: signature.as_ref().map(sign::text) };
    let plugin = client.send(("POST", "/plugins"), body, &args.file.display().to_string())?;
    let digest = text(&plugin, "digest")?;
    let mut out = std::io::stdout();
    writeln!(out, "uploaded  {} {}  {digest}", text(&plugin, "name")?, text(&plugin, "version")?)?;
    let Some(rule) = &args.rule else { return Ok(Outcome::Done) };
    let path = format!("/rules/{rule}");
    let known = client.get(&path)?;
    if let Some(rule) = &known {
        warn_of(rule, digest);
    }
    match known {
        Some(known)
            if args.cameras.is_empty()
                && settings.is_none()
                && args.grants.is_empty()
                && known["plugin"]["digest"].as_str() == Some(digest)
                && quarantine(&known, digest).is_none() =>
        {
            writeln!(out, "unchanged rule {rule} runs this very file; was it built (and copied) again?")?;
        }
        Some(_) if args.cameras.is_empty() && settings.is_none() => {
            activate(&client, rule, (digest, grants(args)))?;
        }
        known => bind(&client, &wanted(args, digest, settings, known.as_ref())?, rule)?,
    }
    if let Some(rule) = client.get(&path)? {
        warn_of_refusals(&rule);
    }
    Ok(Outcome::Done)
}

/// What the rule went through with this version before.
fn warn_of(rule: &Value, digest: &str) {
    if let Some(reason) = quarantine(rule, digest) {
        eprintln!("warning: the host took this version back before: {reason}");
    }
}

/// Why the host took a version back, if it did.
fn quarantine<'r>(rule: &'r Value, digest: &str) -> Option<&'r str> {
    let mut versions = rule["quarantined"].as_array()?.iter();
    let version = versions.find(|version| version["digest"] == digest)?;
    Some(version["reason"].as_str().unwrap_or("?"))
}

/// Powers that the version asks for and was not granted: it runs, and goes without.
fn warn_of_refusals(rule: &Value) {
    let words = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let granted = words(&rule["grants"]["powers"]);
    let refused: Vec<String> =
        words(&rule["asks"]).into_iter().filter(|power| !granted.contains(power)).collect();
    if !refused.is_empty() {
        eprintln!(
            "note: it asks for {}, which it is not granted; --grant {} grants it",
            refused.join(", "),
            refused.join(" --grant ")
        );
    }
}

/// The rule as it is to be; what is not given stays as it is on the host.
fn wanted(
    args: &PushArgs,
    digest: &str,
    settings: Option<Value>,
    known: Option<&Value>,
) -> anyhow::Result<Value> {
    let mut cameras: Vec<Value> = args.cameras.iter().map(|camera| camera.as_str().into()).collect();
    if cameras.is_empty() {
        let bound = known.and_then(|rule| rule["watches"].as_array());
        cameras = bound.into_iter().flatten().cloned().collect();
    }
    ensure!(!cameras.is_empty(), "there is no such rule on the host yet; name its cameras with --camera");
    let mut wanted = json!({ "plugin": digest, "cameras": cameras });
    let kept = |key: &str| known.map(|rule| rule[key].clone()).filter(|value| !value.is_null());
    wanted["settings"] = settings.or_else(|| kept("settings")).unwrap_or_else(|| json!({}));
    for key in ["limits", "on_failure"] {
        if let Some(value) = kept(key) {
            wanted[key] = value;
        }
    }
    if let Some(grants) = grants(args) {
        wanted["grants"] = grants;
    }
    Ok(wanted)
}

/// What the rule may do beyond seeing tracks, where that was said.
fn grants(args: &PushArgs) -> Option<Value> {
    let powers: Vec<&str> = args.grants.iter().map(|power| power.as_str()).collect();
    (!powers.is_empty()).then(|| json!({ "powers": powers, "webhooks": args.webhooks }))
}

fn bind(client: &Client, wanted: &Value, rule: &Name) -> anyhow::Result<()> {
    let answer =
        client.send(("PUT", &format!("/rules/{rule}")), json_body(&wanted.to_string()), &about(rule))?;
    let cameras = answer["cameras"].as_array().into_iter().flatten();
    let cameras: Vec<&str> = cameras.filter_map(|entry| entry["camera"].as_str()).collect();
    writeln!(std::io::stdout(), "bound     rule {rule} on {}", cameras.join(", "))?;
    tell_where(client, rule)
}

fn activate(client: &Client, rule: &Name, (digest, grants): (&str, Option<Value>)) -> anyhow::Result<()> {
    let mut body = json!({ "plugin": digest });
    if let Some(grants) = grants {
        body["grants"] = grants;
    }
    let body = body.to_string();
    let answer = client.send(("POST", &format!("/rules/{rule}/activate")), json_body(&body), &about(rule))?;
    let mut out = std::io::stdout();
    for entry in answer["cameras"].as_array().into_iter().flatten() {
        let state = if entry["state"] == "carried" {
            "with the state of the version before"
        } else {
            "without state"
        };
        let (camera, frame) = (entry["camera"].as_str().unwrap_or("?"), &entry["at_frame"]);
        writeln!(out, "switched  rule {rule} on {camera} from frame {frame}, {state}")?;
    }
    tell_where(client, rule)
}

fn tell_where(client: &Client, rule: &Name) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "events    {}/api/v1/events?rule={rule}", client.base())?;
    Ok(())
}

fn about(rule: &Name) -> String {
    format!("rule {rule}")
}

fn json_body(text: &str) -> Body<'_> {
    Body { kind: "application/json", bytes: text.as_bytes(), signature: None }
}

fn text<'a>(answer: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    answer[key].as_str().with_context(|| format!("the host's answer has no {key}; is it of another version?"))
}
