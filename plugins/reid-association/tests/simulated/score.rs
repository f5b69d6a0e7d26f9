//! How well identities that a rule gives are those of the people, over all cameras together.

use std::collections::BTreeMap;

use ocellus_sdk::Output;
use ocellus_sdk::core::Value;
use ocellus_sdk::core::eval::{LabelledBox, Role, Sequence, TruthBox};

use crate::world::Shot;

/// Who each track is from a time on, as the events say.
#[derive(Default)]
pub(crate) struct Said {
    tracks: BTreeMap<(String, u64), Vec<(i64, i64)>>,
    pub(crate) counts: BTreeMap<String, usize>,
}

impl Said {
    pub(crate) fn hear(&mut self, output: &Output) {
        for event in output.events() {
            *self.counts.entry(event.kind.clone()).or_default() += 1;
            let find =
                |key: &str| event.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value);
            let number = |key: &str| match find(key) {
                Some(Value::Integer(number)) => *number,
                other => panic!("{key} of {} is {other:?}", event.kind),
            };
            match event.kind.as_str() {
                "identity" | "seen-again" => {
                    let Some(Value::Text(camera)) = find("camera") else { panic!("no camera") };
                    let track = event.track.unwrap();
                    let said = self.tracks.entry((camera.clone(), track)).or_default();
                    let since = number("since_us");
                    said.retain(|(known, _)| *known < since);
                    said.push((since, number("identity")));
                }
                "merged" => {
                    let (into, gone) = (number("identity"), number("gone"));
                    for (_, id) in self.tracks.values_mut().flatten() {
                        if *id == gone {
                            *id = into;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn identity(&self, camera: &str, track: u64, us: i64) -> Option<u64> {
        let said = self.tracks.get(&(camera.to_owned(), track))?;
        let (_, id) = said.iter().rev().find(|(since, _)| *since <= us).or(said.first())?;
        u64::try_from(*id).ok()
    }

    /// IDF1 over all views: the frames of one camera after those of the other.
    pub(crate) fn idf1(&self, shots: &[Shot], name: impl Fn(u32) -> String) -> f64 {
        let (mut truth, mut tracks) = (Vec::new(), Vec::new());
        for (frame, shot) in (1_u32..).zip(shots) {
            let us = (shot.time * 1e6).round() as i64;
            let camera = name(shot.camera);
            for seen in &shot.seen {
                let x = seen.person as f64 * 100.0;
                let label = |id: u64| LabelledBox { frame, id, x, y: 0.0, width: 50.0, height: 50.0 };
                truth.push(TruthBox { label: label(seen.person), role: Role::Counted });
                if let Some(id) = self.identity(&camera, seen.track, us) {
                    tracks.push(label(id));
                }
            }
        }
        tracks.sort_by_key(|one| (one.frame, one.id));
        // Who is twice in one picture for a moment is there once.
        tracks.dedup_by_key(|one| (one.frame, one.id));
        Sequence::new(truth, tracks).unwrap().score().unwrap().identity.idf1()
    }
}
