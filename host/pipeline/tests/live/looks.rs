//! What tracks look like, on a live site.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ocellus_core::{Detection, Embedding, Power, Rect, Value};
use ocellus_inference::{Crop, DetectRequest};
use ocellus_media::SourceSpec;
use ocellus_pipeline::recorded::Ending;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, Embedder, EmbedderError, EmbeddingSpec, LiveEmbedder, LookCounts,
};

use crate::journal::{again, written};
use crate::powers::granted;
use crate::site::{TestSite, guest, name};

const PEOPLE: u8 = 5;
const DIMENSION: usize = 16;

/// Sees five people who stand side by side.
struct People([String; 1]);

impl Detector for People {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let person = |place| {
            let rect = Rect::new(5.0 + 30.0 * f32::from(place), 30.0, 20.0, 40.0);
            Detection { rect, class: 0, confidence: 0.9 }
        };
        Ok(batch.iter().map(|_| (0..PEOPLE).map(person).collect()).collect())
    }
}

/// What an embedder was asked.
#[derive(Default)]
struct Asked {
    /// Boxes of each run.
    runs: Mutex<Vec<Vec<Rect>>>,
    fails: AtomicBool,
}

/// Says of a person where they stand, and a little of how often it was asked.
struct Painter(Arc<Asked>);

impl Embedder for Painter {
    fn embed(&mut self, crops: &[Crop<'_>]) -> Result<Vec<Option<Embedding>>, EmbedderError> {
        if self.0.fails.load(Ordering::Acquire) {
            return Err(EmbedderError("it is blind today".to_owned()));
        }
        let mut runs = self.0.runs.lock().unwrap();
        runs.push(crops.iter().map(|crop| crop.rect).collect());
        let wave = (runs.len() as f32 * 0.3).sin();
        let look = |crop: &Crop<'_>| {
            let mut values = [0.1; DIMENSION];
            values[(crop.rect.x / 30.0) as usize] = 1.0;
            values[DIMENSION - 1] = wave;
            Embedding::new(&values)
        };
        Ok(crops.iter().map(look).collect())
    }
}

fn site(cameras: &[&str], spec: &EmbeddingSpec) -> (TestSite, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let embedder =
        LiveEmbedder { embedder: Box::new(Painter(Arc::clone(&asked))), round: Duration::from_secs(10) };
    (TestSite::start_looking(Box::new(People(["person".into()])), embedder, cameras, spec), asked)
}

fn looks(site: &TestSite, camera: &str) -> LookCounts {
    site.site.camera(&name(camera)).unwrap().looks.unwrap()
}

fn number(events: &[ocellus_core::EventRecord], key: &str) -> Option<i64> {
    let attributes = &events.last()?.event.attributes;
    match attributes.iter().find(|(name, _)| name == key)?.1 {
        Value::Integer(number) => Some(number),
        _ => None,
    }
}

#[test]
fn the_budget_holds_and_everybody_is_looked_at_in_the_end_and_then_nobody() {
    let spec = EmbeddingSpec { budget: 2, refresh_seconds: 3600.0, classes: None };
    let (site, asked) = site(&["north"], &spec);
    let digest = site.site.upload_plugin(guest("powers")).unwrap().digest;
    site.bind_granted(("who", &digest), &["north"], "{}", granted(&[Power::Embeddings]));
    let all = i64::from(PEOPLE) * DIMENSION as i64;
    site.wait_until("the rule sees all of them", |_| number(&site.events("who"), "embeddings") == Some(all));
    let after = site.frames("north") + 30;
    site.wait_until("it goes on", |_| site.frames("north") > after);
    let counts = looks(&site, "north");
    let runs = asked.runs.lock().unwrap();
    assert!(runs.iter().all(|run| (1..=2).contains(&run.len())), "{runs:?}");
    // Two frames may be under way before a lane has said that it knows enough.
    assert!((5..=12).contains(&counts.embedded), "{counts:?}");
    assert_eq!(counts.embedded, runs.iter().map(Vec::len).sum::<usize>() as u64);
    assert!(counts.skipped >= 3 && counts.wanted == counts.embedded + counts.skipped, "{counts:?}");
}

#[test]
fn a_rule_without_the_power_sees_nothing_of_it() {
    let (site, _) = site(&["north"], &EmbeddingSpec::default());
    let digest = site.site.upload_plugin(guest("powers")).unwrap().digest;
    site.bind_granted(("who", &digest), &["north"], "{}", granted(&[]));
    site.wait_until("all are known", |_| looks(&site, "north").embedded >= 5);
    let before = site.events("who").len();
    site.wait_until("the rule sees them", |_| site.events("who").len() > before + 3);
    assert_eq!(number(&site.events("who"), "embeddings"), Some(0));
}

#[test]
fn a_camera_that_goes_away_takes_nothing_of_the_others() {
    let spec = EmbeddingSpec { refresh_seconds: 0.0, ..EmbeddingSpec::default() };
    let (site, _) = site(&["north"], &spec);
    let mut south = CameraSettings::new(
        name("south"),
        SourceSpec::parse("scene:crossing?seed=9&width=160&height=128&fps=25").unwrap(),
    );
    south.embedding = Some(spec);
    site.site.add_camera(south).unwrap();
    site.wait_until("both are looked at", |_| {
        looks(&site, "north").embedded > 20 && looks(&site, "south").embedded > 20
    });
    site.site.remove_camera(&name("south")).unwrap();
    let before = looks(&site, "north").embedded;
    site.wait_until("the other one is looked at", |_| looks(&site, "north").embedded > before + 20);
}

#[test]
fn an_embedder_that_fails_costs_no_frame_and_is_named_until_it_works_again() {
    let spec = EmbeddingSpec { refresh_seconds: 0.0, ..EmbeddingSpec::default() };
    let (site, asked) = site(&["north"], &spec);
    let health = |site: &ocellus_pipeline::Site| {
        site.health().components.into_iter().find(|component| component.name == "embedder").unwrap()
    };
    site.wait_until("it works", |site| health(site).ready && site.camera(&name("north")).unwrap().frames > 2);
    asked.fails.store(true, Ordering::Release);
    site.wait_until("it is named", |site| health(site).detail.contains("it is blind today"));
    let (frames, skipped) = (site.frames("north"), looks(&site, "north").skipped);
    site.wait_until("frames go on", |_| site.frames("north") > frames + 10);
    assert!(looks(&site, "north").skipped > skipped);
    asked.fails.store(false, Ordering::Release);
    site.wait_until("it works again", |site| health(site).ready);
}

#[test]
fn a_journal_holds_what_tracks_looked_like() {
    let spec = EmbeddingSpec { refresh_seconds: 0.0, ..EmbeddingSpec::default() };
    let (site, _) = site(&["north"], &spec);
    let digest = site.site.upload_plugin(guest("powers")).unwrap().digest;
    site.bind_granted(("who", &digest), &["north"], "{}", granted(&[Power::Embeddings]));
    site.wait_until("all are known", |_| looks(&site, "north").embedded > 30);
    let journal = written(site.site.record_rule(&name("who"), &name("north"), 40).unwrap());
    let report = again(&journal, guest("powers"));
    assert_eq!((report.calls, &report.different, &report.ending), (40, &None, &Ending::Whole));
    let text = String::from_utf8(journal).unwrap();
    assert!(text.starts_with(r#"{"format":"ocellus-journal","version":3"#), "{}", &text[..80]);
    let said = text.matches(r#""embedding":""#).count();
    assert!(said > 40, "every frame has something new: {said}");
    // Another look at one of them, and the rule says something else.
    let at = text.rfind(r#""embedding":""#).unwrap() + r#""embedding":""#.len();
    let mut other = text.clone();
    other.replace_range(at..at + 4, "fwEC");
    assert!(again(other.as_bytes(), guest("powers")).different.is_some());
}

#[test]
fn a_camera_that_wants_looks_is_refused_by_a_host_without_an_embedder() {
    let site = TestSite::start(&["north"]);
    assert!(site.site.camera(&name("north")).unwrap().looks.is_none());
    let mut south = CameraSettings::new(name("south"), SourceSpec::parse("scene:crossing?seed=9").unwrap());
    south.embedding = Some(EmbeddingSpec::default());
    let error = site.site.add_camera(south.clone()).unwrap_err().to_string();
    assert!(error.contains("no embedder") && error.contains("[embedder]"), "{error}");
    south.embedding = Some(EmbeddingSpec { budget: 99, ..EmbeddingSpec::default() });
    let error = site.site.add_camera(south).unwrap_err().to_string();
    assert!(error.contains("embedding.budget is 99"), "{error}");
}
