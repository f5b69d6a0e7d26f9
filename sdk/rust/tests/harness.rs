//! The fake host keeps the contract's promises and tells when a test breaks one.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::core::event::Overlay;
use ocellus_sdk::log::Level;
use ocellus_sdk::prelude::*;
use ocellus_sdk::test::{Harness, check_schema, track};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What the mean is multiplied with.
    factor: f64,
}

/// Adds up positions, so that its state is a number that JSON could round.
struct Mean {
    factor: f64,
    sum: Sum,
}

#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
struct Sum {
    total: f64,
    smallest: f32,
}

impl Rule for Mean {
    const NAME: &'static str = "mean";
    const VERSION: &'static str = "1.2.3";
    const SUMMARY: &'static str = "Adds up.";
    type Settings = Settings;
    type State = Sum;

    fn configure(settings: Settings, site: &Site) -> Result<Mean, String> {
        log::info(format!("on {}", site.cameras()[0].name));
        Ok(Mean { factor: settings.factor, sum: Sum::default() })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let mut output = Output::new();
        for track in tracks {
            let at = track.centre();
            self.sum.total += f64::from(at.x) * self.factor / 3.0;
            self.sum.smallest = self.sum.smallest.min(at.x / -7.0);
            output
                .event("seen")
                .track(track.id())
                .attribute("frame", frame.sequence as i64)
                .attribute("x", at.x);
            output.draw_label(at, Tone::Good, track.class_name().unwrap_or("?"));
        }
        if tracks.get(13).is_some() {
            return Err("unlucky".to_owned());
        }
        Ok(output)
    }

    fn save(&self) -> Sum {
        self.sum.clone()
    }

    fn restore(&mut self, state: Sum, version: &str) -> Result<(), String> {
        if version.starts_with("0.") {
            return Err(format!("{version} added up otherwise"));
        }
        self.sum = state;
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        Ok(json!([request, self.sum.total]))
    }
}

fn mean() -> Harness<Mean> {
    Harness::new(json!({"factor": 0.7})).unwrap()
}

#[test]
fn frames_are_numbered_and_time_must_increase() {
    let mut harness = mean();
    for (time, sequence) in [(0.0, 0), (0.1, 1), (0.2, 2)] {
        let output = harness.frame(time, [track(1, "car").centre_at(0.25, 0.5)]).unwrap();
        let attributes = &output.events()[0].attributes;
        assert_eq!(attributes[0], ("frame".to_owned(), Value::Integer(sequence)));
        assert_eq!(attributes[1], ("x".to_owned(), Value::Number(0.25)));
        assert!(matches!(&output.overlays()[0], Overlay::Label { text, .. } if text == "car"));
    }
    assert!(harness.frame(0.2, []).unwrap_err().contains("does not increase"));
    assert!(harness.frame(0.3, [track(1, "cat")]).unwrap_err().contains("\"cat\" is none of"));
}

#[test]
fn a_tracks_first_sight_is_remembered() {
    struct Ages;
    impl Rule for Ages {
        const NAME: &'static str = "ages";
        const VERSION: &'static str = "0.1.0";
        const SUMMARY: &'static str = "Measures ages.";
        type Settings = Empty;
        type State = ();

        fn configure(_settings: Empty, _site: &Site) -> Result<Ages, String> {
            Ok(Ages)
        }

        fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
            let mut output = Output::new();
            for track in tracks {
                output.measure(track.id().to_string(), frame.time.since(track.first_seen()).as_secs_f64());
            }
            Ok(output)
        }
    }
    #[derive(Deserialize, JsonSchema)]
    struct Empty {}

    let mut harness = Harness::<Ages>::new(json!({})).unwrap();
    harness.frame(1.0, [track(1, "person")]).unwrap();
    let output = harness.frame(1.5, [track(1, "person"), track(2, "person")]).unwrap();
    assert_eq!((output.measured("1"), output.measured("2")), (Some(0.5), Some(0.0)));
    harness.swap().unwrap();
    assert!(harness.query(&json!(1)).unwrap_err().contains("ages answers no queries"));
    assert!(harness.command(2.0, &json!(1)).unwrap_err().contains("ages takes no commands"));
    assert_eq!(harness.finish(2.0).unwrap(), Output::new());
}

#[test]
fn a_state_comes_back_bit_for_bit() {
    let mut harness = mean();
    let mut x = 0.1_f32;
    for step in 0..2000 {
        x = (x * 3.7 + 0.013).fract();
        harness.frame(f64::from(step + 1), [track(1, "car").centre_at(x, 0.5)]).unwrap();
        let before: Sum = serde_json::from_slice(&harness.save()).unwrap();
        harness.swap().unwrap();
        let after: Sum = serde_json::from_slice(&harness.save()).unwrap();
        assert_eq!(
            (before.total.to_bits(), before.smallest.to_bits()),
            (after.total.to_bits(), after.smallest.to_bits())
        );
    }
}

#[test]
fn what_a_rule_says_reaches_the_test() {
    let mut harness = mean();
    assert_eq!(harness.log(), [(Level::Info, "on camera".to_owned())]);
    assert_eq!(harness.frame(0.0, [track(13, "car")]).unwrap_err(), "unlucky");
    let refusal = harness.restore(&harness.save(), "0.9.0").unwrap_err();
    assert_eq!(refusal, "0.9.0 added up otherwise");
    assert_eq!(harness.query(&json!({"a": 1})).unwrap()[0], json!({"a": 1}));
}

#[test]
fn the_schema_comes_from_the_type_and_a_stale_file_is_told() {
    let schema: Json = serde_json::from_str(&Mean::settings_schema()).unwrap();
    assert_eq!(schema["properties"]["factor"]["description"], "What the mean is multiplied with.");
    assert_eq!(schema["additionalProperties"], false);
    assert!(check_schema::<Mean>("/nonexistent/schema.json").is_err());
}

#[test]
fn geometry_in_settings_says_its_format() {
    #[derive(Deserialize, JsonSchema)]
    struct Drawn {
        #[expect(dead_code, reason = "only its schema is asked for")]
        place: Position,
        #[expect(dead_code, reason = "only its schema is asked for")]
        area: Outline,
    }
    struct Draws;
    impl Rule for Draws {
        const NAME: &'static str = "draws";
        const VERSION: &'static str = "0.1.0";
        const SUMMARY: &'static str = "Takes geometry.";
        type Settings = Drawn;
        type State = ();

        fn configure(_settings: Drawn, _site: &Site) -> Result<Draws, String> {
            Ok(Draws)
        }

        fn process(&mut self, _frame: &Frame, _tracks: &Tracks) -> Result<Output, String> {
            Ok(Output::new())
        }
    }
    let schema: Json = serde_json::from_str(&Draws::settings_schema()).unwrap();
    assert_eq!(schema["$defs"]["Position"]["format"], "point");
    assert_eq!(schema["$defs"]["Outline"]["format"], "polygon");
    let refusal = Harness::<Draws>::new(json!({"place": [0, 0], "area": [[0, "x"]]})).unwrap_err();
    assert!(refusal.contains("area[0][1]"), "{refusal}");
}
