//! Who tracks are over cameras, as the events of a rule such as `reid-association` say.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use ocellus_core::eval::LabelledBox;
use serde::Deserialize;

use super::lines::Lines;

/// Where ids begin that nobody else has: for somebody who is said to be in one picture twice.
const NOBODY: u64 = 1 << 63;

/// The identities of tracks: of a camera's track, who it is from a time on.
#[derive(Debug, Default)]
pub(super) struct Identities {
    tracks: BTreeMap<(String, u64), Vec<(u64, u64)>>,
}

/// What is used of an event.
#[derive(Debug, Deserialize)]
struct Event {
    camera: String,
    kind: String,
    #[serde(default)]
    track: Option<u64>,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    #[serde(default)]
    identity: Option<u64>,
    #[serde(default)]
    gone: Option<u64>,
    #[serde(default)]
    camera: Option<String>,
    #[serde(default)]
    since_us: Option<u64>,
}

impl Identities {
    pub(super) fn read(path: &Path) -> anyhow::Result<Identities> {
        let mut lines = Lines::open("events file", path)?;
        let name = lines.name().to_owned();
        let mut identities = Identities::default();
        loop {
            let number = lines.line() + 1;
            let Some(text) = lines.next()? else { return Ok(identities) };
            if text.trim().is_empty() {
                continue;
            }
            let event = serde_json::from_str(text)
                .with_context(|| format!("{name}: line {number} is not an event of such a rule"))?;
            identities.hear(event);
        }
    }

    fn hear(&mut self, event: Event) {
        let Attributes { identity, gone, camera, since_us } = event.attributes;
        let Some(identity) = identity else { return };
        if let ("merged", Some(gone)) = (event.kind.as_str(), gone) {
            let said = self.tracks.values_mut().flatten().filter(|(_, known)| *known == gone);
            said.for_each(|(_, known)| *known = identity);
            return;
        }
        let Some((track, since_us)) = event.track.zip(since_us) else { return };
        let said = self.tracks.entry((camera.unwrap_or(event.camera), track)).or_default();
        said.retain(|(known, _)| *known < since_us);
        if event.kind != "split" {
            said.push((since_us, identity));
        }
    }

    /// Names the boxes of one frame of a camera, at `time_us`, after identities; those of tracks without one are left out.
    pub(super) fn name(&self, camera: &str, time_us: u64, boxes: Vec<LabelledBox>) -> Vec<LabelledBox> {
        let mut named: Vec<LabelledBox> = Vec::with_capacity(boxes.len());
        for one in boxes {
            let Some(said) = self.tracks.get(&(camera.to_owned(), one.id)) else { continue };
            let now = said.iter().rev().find(|(since_us, _)| *since_us <= time_us);
            let Some((_, id)) = now.or(said.first()) else { continue };
            let is_taken = named.iter().any(|other| other.id == *id);
            named.push(LabelledBox { id: if is_taken { NOBODY + one.id } else { *id }, ..one });
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Identities {
        let mut identities = Identities::default();
        for line in lines {
            identities.hear(serde_json::from_str(line).unwrap());
        }
        identities
    }

    fn ids(identities: &Identities, camera: &str, time_us: u64) -> Vec<u64> {
        let one = |id| LabelledBox { frame: 1, id, x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        identities.name(camera, time_us, vec![one(1), one(2), one(3)]).iter().map(|one| one.id).collect()
    }

    const NEW: &str =
        r#"{"camera":"b","kind":"identity","track":1,"attributes":{"identity":1,"camera":"a","since_us":0}}"#;
    const AGAIN: &str = r#"{"camera":"a","kind":"seen-again","track":2,"attributes":{"identity":2,"camera":"a","since_us":5}}"#;

    #[test]
    fn a_track_is_who_it_is_said_to_be_since_then_and_before() {
        let identities = said(&[NEW, AGAIN]);
        assert_eq!(ids(&identities, "a", 9), [1, 2], "the third has no identity");
        assert_eq!(ids(&identities, "a", 0), [1, 2]);
        assert!(ids(&identities, "b", 9).is_empty(), "the attribute says whose track it is");
    }

    #[test]
    fn a_merge_holds_from_the_beginning_and_a_split_from_its_time() {
        let merged = r#"{"camera":"a","kind":"merged","attributes":{"identity":7,"gone":2}}"#;
        assert_eq!(ids(&said(&[AGAIN, merged]), "a", 9), [7]);
        let split = r#"{"camera":"a","kind":"split","track":1,"attributes":{"identity":1,"camera":"a","since_us":4}}"#;
        let after = r#"{"camera":"a","kind":"identity","track":1,"attributes":{"identity":3,"camera":"a","since_us":4}}"#;
        let identities = said(&[NEW, split, after]);
        assert_eq!([ids(&identities, "a", 3), ids(&identities, "a", 4)], [[1], [3]]);
    }

    #[test]
    fn who_is_twice_in_one_picture_is_right_once() {
        let twice = AGAIN.replace("\"identity\":2", "\"identity\":1");
        assert_eq!(ids(&said(&[NEW, &twice]), "a", 9), [1, NOBODY + 2]);
    }
}
