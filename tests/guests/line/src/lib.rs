//! The benches' rule as a component.

mod rule;

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "rule" });

use std::cell::RefCell;

use ocellus::plugin::types::{Event, Scope};

use rule::Line;

thread_local! {
    static LINE: RefCell<Line> = RefCell::default();
}

struct LineRule;

fn output(crossed: Vec<u64>) -> Output {
    let events = crossed
        .into_iter()
        .map(|id| Event { kind: "crossing".into(), track: Some(id), attributes: Vec::new() })
        .collect();
    Output {
        events,
        measurements: Vec::new(),
        overlays: Vec::new(),
        publications: Vec::new(),
        webhooks: Vec::new(),
    }
}

impl Guest for LineRule {
    fn describe() -> Description {
        Description {
            name: "line".into(),
            version: "1.0.0".into(),
            summary: "Counts changes of side.".into(),
            settings_schema: "{}".into(),
            scope: Scope::Camera,
            powers: Powers::EMBEDDINGS,
        }
    }

    fn configure(_: String, _: Vec<Camera>, _: Powers) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn process(_: Frame, tracks: Tracks, _: Vec<Message>) -> Result<Output, String> {
        Ok(output(LINE.with_borrow_mut(|line| line.frame(&tracks.ids, &tracks.boxes))))
    }

    fn finish(_: Moment) -> Result<Output, String> {
        Ok(output(Vec::new()))
    }

    fn save() -> Vec<u8> {
        LINE.with_borrow(|line| line.crossings.to_le_bytes().to_vec())
    }

    fn restore(state: Vec<u8>, _: String) -> Result<(), String> {
        let bytes = state.try_into().map_err(|_| "not my state")?;
        LINE.with_borrow_mut(|line| line.crossings = u64::from_le_bytes(bytes));
        Ok(())
    }

    fn query(_: String) -> Result<String, String> {
        Ok(LINE.with_borrow(|line| line.crossings.to_string()))
    }

    fn command(_: Moment, _: String) -> Result<Output, String> {
        Ok(output(Vec::new()))
    }
}

export!(LineRule);
