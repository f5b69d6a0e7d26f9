//! Reports objects that stay in an area for too long.

use std::collections::BTreeMap;

use ocellus_sdk::prelude::*;

/// What the operator sets; the comments appear beside the fields.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds that are too long.
    #[serde(default = "default_seconds")]
    seconds: u64,
    /// Where nobody should stay; the whole picture if left out.
    #[serde(default)]
    area: Option<Outline>,
}

fn default_seconds() -> u64 {
    30
}

/// The rule.
pub struct Stay {
    after_us: u64,
    area: Option<Polygon>,
    state: State,
}

/// What lasts over a restart and a change of version.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Since when each track has been in the area, and whether that was reported.
    since_us: BTreeMap<u64, (u64, bool)>,
}

impl Rule for Stay {
    const NAME: &'static str = "{{name}}";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Reports objects that stay in an area for too long.";
    type Settings = Settings;
    type State = State;

    fn configure(settings: Settings, _site: &Site) -> Result<Stay, String> {
        let area = settings.area.map(|area| area.checked("area")).transpose()?;
        Ok(Stay { after_us: settings.seconds.saturating_mul(1_000_000), area, state: State::default() })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let mut output = Output::new();
        // Who is gone is forgotten, so that the state stays small.
        self.state.since_us.retain(|id, _| tracks.get(*id).is_some());
        for track in tracks.iter().filter(TrackView::is_confirmed) {
            if self.area.as_ref().is_some_and(|area| !area.contains(track.foot())) {
                self.state.since_us.remove(&track.id());
                continue;
            }
            let (since_us, reported) = self.state.since_us.entry(track.id()).or_insert((frame.time.0, false));
            let stayed_us = frame.time.0.saturating_sub(*since_us);
            if stayed_us >= self.after_us && !*reported {
                *reported = true;
                output.event("{{name}}").track(track.id()).attribute("seconds", stayed_us as f64 / 1e6);
            }
        }
        output.measure("present", self.state.since_us.len() as f64);
        if let Some(area) = &self.area {
            output.draw_polygon(area, Tone::Neutral, "{{name}}");
        }
        Ok(output)
    }

    fn save(&self) -> State {
        self.state.clone()
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        self.state = state;
        Ok(())
    }
}

ocellus_sdk::export!(Stay);

#[cfg(test)]
mod tests {
    use ocellus_sdk::test::{Harness, track};
    use serde_json::json;

    use super::*;

    #[test]
    fn somebody_who_stays_is_reported_once() {
        let mut harness = Harness::<Stay>::new(json!({ "seconds": 10 })).unwrap();
        assert!(harness.frame(0.0, [track(1, "person")]).unwrap().events().is_empty());
        assert_eq!(harness.frame(10.0, [track(1, "person")]).unwrap().events().len(), 1);
        assert!(harness.frame(11.0, [track(1, "person")]).unwrap().events().is_empty());
    }

    #[test]
    fn a_change_of_version_forgets_nobody() {
        let mut harness = Harness::<Stay>::new(json!({ "seconds": 10 })).unwrap();
        harness.frame(0.0, [track(1, "person")]).unwrap();
        harness.swap().unwrap();
        assert_eq!(harness.frame(10.0, [track(1, "person")]).unwrap().events().len(), 1);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let refusal = Harness::<Stay>::new(json!({ "second": 10 })).unwrap_err();
        assert!(refusal.contains("unknown field `second`, expected `seconds` or `area`"), "{refusal}");
    }
}
