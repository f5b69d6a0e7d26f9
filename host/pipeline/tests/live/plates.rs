//! Number plates, on a live site.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ocellus_core::{Detection, Power, Rect, Size, Value};
use ocellus_inference::{Crop, DetectRequest, ReadPlate};
use ocellus_media::SourceSpec;
use ocellus_pipeline::recorded::Ending;
use ocellus_pipeline::{
    CameraSettings, Detector, DetectorError, LiveReader, PlatePrivacy, PlatesSpec, ReadCounts, Reader,
    ReaderError,
};

use crate::journal::{again, written};
use crate::powers::granted;
use crate::site::{TestSite, name, shipped};

/// Sees two cars that stand side by side.
struct Cars([String; 1]);

impl Detector for Cars {
    fn classes(&self) -> &[String] {
        &self.0
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let car = |left| Detection { rect: Rect::new(left, 30.0, 60.0, 60.0), class: 0, confidence: 0.9 };
        Ok(batch.iter().map(|_| vec![car(5.0), car(85.0)]).collect())
    }
}

/// What a reader was asked.
#[derive(Default)]
struct Asked {
    /// Parts of each run.
    runs: Mutex<Vec<Vec<Rect>>>,
    fails: AtomicBool,
}

/// Reads a plate on each car that it is shown, and once in a while something else.
struct Letters(Arc<Asked>, Size);

impl Reader for Letters {
    fn input(&self) -> Size {
        self.1
    }

    fn read(&mut self, parts: &[Crop<'_>]) -> Result<Vec<Vec<ReadPlate>>, ReaderError> {
        if self.0.fails.load(Ordering::Acquire) {
            return Err(ReaderError("it has lost its glasses".to_owned()));
        }
        let mut runs = self.0.runs.lock().unwrap();
        runs.push(parts.iter().map(|part| part.rect).collect());
        let is_odd = runs.len().is_multiple_of(7);
        let plate = |left: f32, text: &str| {
            let rect = Rect::new(left + 20.0, 70.0, 20.0, 6.0);
            ReadPlate { rect, found: 0.9, text: text.to_owned(), confidence: 0.9 }
        };
        let all = [plate(5.0, if is_odd { "LEFT7" } else { "LEFT1" }), plate(85.0, "RIGHT2")];
        let shown = |part: &Crop<'_>| {
            all.iter().filter(|plate| part.rect.contains(plate.rect.centre())).cloned().collect()
        };
        Ok(parts.iter().map(shown).collect())
    }
}

/// A reader whose finder sees so much at once, and the cameras of `spec`.
fn site(cameras: &[&str], input: Size, spec: &PlatesSpec) -> (TestSite, Arc<Asked>) {
    let asked = Arc::<Asked>::default();
    (start(cameras, input, spec, &asked), asked)
}

fn start(cameras: &[&str], input: Size, spec: &PlatesSpec, asked: &Arc<Asked>) -> TestSite {
    let reader = Box::new(Letters(Arc::clone(asked), input));
    let reader = LiveReader { reader, round: Duration::from_secs(10) };
    TestSite::start_reading(Box::new(Cars(["car".into()])), reader, cameras, spec)
}

fn spec() -> PlatesSpec {
    PlatesSpec { min_width: 40.0, refresh_seconds: 0.0, ..PlatesSpec::default() }
}

const SMALL: Size = Size::new(64, 64);
const LARGE: Size = Size::new(640, 640);

fn reads(site: &TestSite, camera: &str) -> ReadCounts {
    site.site.camera(&name(camera)).unwrap().reads.unwrap()
}

/// What the log's events say, in their order.
fn told(site: &TestSite) -> Vec<String> {
    let plate = |event: ocellus_core::EventRecord| {
        let found = event.event.attributes.into_iter().find(|(key, _)| key == "plate");
        match found {
            Some((_, Value::Text(text))) => format!("{} {text}", event.event.kind),
            other => panic!("{other:?}"),
        }
    };
    site.events("log").into_iter().map(plate).collect()
}

/// A site with a log of plates. The reader reads nothing before the log is there: who comes when all plates are sure hears of
/// none.
fn site_with_log(input: Size, spec: &PlatesSpec) -> (TestSite, Arc<Asked>) {
    let asked = Arc::new(Asked { fails: AtomicBool::new(true), ..Asked::default() });
    let site = start(&["north"], input, spec, &asked);
    let digest = site.site.upload_plugin(shipped("plate-log")).unwrap().digest;
    site.bind_granted(("log", &digest), &["north"], "{}", granted(&[Power::Readings]));
    asked.fails.store(false, Ordering::Release);
    (site, asked)
}

#[test]
fn every_plate_is_logged_once_and_nothing_is_looked_at_any_more_when_all_are_sure() {
    let (site, asked) = site_with_log(SMALL, &spec());
    site.wait_until("both are logged", |_| told(&site).len() == 2);
    let mut told = told(&site);
    told.sort();
    assert_eq!(told, ["plate LEFT1", "plate RIGHT2"]);
    site.wait_until("both are sure", |_| {
        let before = reads(&site, "north").made;
        let frames = site.frames("north");
        site.wait_until("some more frames", |_| site.frames("north") > frames + 5);
        before == reads(&site, "north").made
    });
    let runs = asked.runs.lock().unwrap();
    assert!(runs.iter().all(|run| run.len() == 1), "the budget is one: {runs:?}");
    let counts = reads(&site, "north");
    assert_eq!((counts.made, counts.skipped), (runs.len() as u64, counts.wanted - counts.made));
    assert!(counts.skipped > 0 && counts.plates == counts.made, "{counts:?}");
}

#[test]
fn the_plates_in_view_are_listed_with_a_picture_each() {
    let (site, _) = site(&["north"], LARGE, &spec());
    let plates = || site.site.plates(&name("north")).unwrap();
    site.wait_until("both are known", |_| plates().len() == 2);
    for seen in plates() {
        assert!(seen.in_view && seen.first <= seen.last, "{seen:?}");
        let jpeg = site.site.plate_picture(&name("north"), seen.plate.track).unwrap();
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
    }
    let error = site.site.plate_picture(&name("north"), 999).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no picture of a plate (none is kept where plates.privacy is mask or hash) of track \"999\""
    );
    assert!(site.site.plates(&name("south")).is_err());
}

#[test]
fn a_small_picture_is_looked_at_once_for_all_of_its_vehicles() {
    let (site, asked) = site(&["north"], LARGE, &spec());
    site.wait_until("it is looked at", |_| reads(&site, "north").made > 3);
    let runs = asked.runs.lock().unwrap();
    assert!(runs.iter().all(|run| **run == [Rect::new(0.0, 0.0, 160.0, 128.0)]), "{runs:?}");
    drop(runs);
    let counts = reads(&site, "north");
    assert!(counts.plates > counts.made, "{counts:?}");
}

#[test]
fn a_rule_is_told_nothing_of_what_the_camera_hides() {
    let key = "a key of some length".to_owned();
    for privacy in [PlatePrivacy::Mask { shown: 1 }, PlatePrivacy::Hash { key }] {
        let (site, _) = site_with_log(LARGE, &PlatesSpec { privacy: privacy.clone(), ..spec() });
        site.wait_until("both are logged", |_| told(&site).len() >= 2);
        let journal = written(site.site.record_rule(&name("log"), &name("north"), 20).unwrap());
        let journal = String::from_utf8(journal).unwrap();
        for text in [told(&site).join(" "), journal] {
            assert!(!text.contains("LEFT") && !text.contains("EFT1") && !text.contains("IGHT"), "{text}");
        }
        let plates = site.site.plates(&name("north")).unwrap();
        assert!(!plates.is_empty() && plates.iter().all(|seen| seen.plate.picture.is_none()), "{plates:?}");
        if matches!(privacy, PlatePrivacy::Mask { .. }) {
            let mut told = told(&site);
            told.sort();
            assert_eq!(told, ["plate L****", "plate R*****"]);
        }
    }
}

#[test]
fn a_journal_holds_what_was_read() {
    let (site, _) = site(&["north"], LARGE, &spec());
    let digest = site.site.upload_plugin(shipped("plate-log")).unwrap().digest;
    site.bind_granted(("log", &digest), &["north"], "{}", granted(&[Power::Readings]));
    let journal = written(site.site.record_rule(&name("log"), &name("north"), 30).unwrap());
    let report = again(&journal, shipped("plate-log"));
    assert_eq!((report.calls, &report.different, &report.ending), (30, &None, &Ending::Whole));
    let text = String::from_utf8(journal).unwrap();
    assert!(text.starts_with(r#"{"format":"ocellus-journal","version":4"#), "{}", &text[..80]);
}

#[test]
fn a_reader_that_fails_costs_no_frame_and_is_named_until_it_works_again() {
    let (site, asked) = site(&["north"], LARGE, &spec());
    let health = |site: &ocellus_pipeline::Site| {
        site.health().components.into_iter().find(|component| component.name == "plates").unwrap()
    };
    asked.fails.store(true, Ordering::Release);
    site.wait_until("it is named", |site| health(site).detail.contains("it has lost its glasses"));
    let frames = site.frames("north");
    site.wait_until("frames go on", |_| site.frames("north") > frames + 10);
    asked.fails.store(false, Ordering::Release);
    site.wait_until("it works again", |site| health(site).ready);
}

#[test]
fn a_camera_that_wants_plates_read_is_refused_by_a_host_without_models_for_it() {
    let site = TestSite::start(&["north"]);
    assert!(site.site.camera(&name("north")).unwrap().reads.is_none());
    let mut south = CameraSettings::new(name("south"), SourceSpec::parse("scene:crossing?seed=9").unwrap());
    let classes = Some(vec!["person".to_owned()]);
    south.plates = Some(PlatesSpec { classes, ..PlatesSpec::default() });
    let error = site.site.add_camera(south.clone()).unwrap_err().to_string();
    assert!(error.contains("this host reads none") && error.contains("[plates]"), "{error}");
    south.plates = Some(PlatesSpec { budget: 99, ..PlatesSpec::default() });
    let error = site.site.add_camera(south).unwrap_err().to_string();
    assert!(error.contains("plates.budget is 99"), "{error}");
}
