//! Which sightings are within reach of which objects, without asking all pairs.

use super::object::Object;
use super::scene::{Scene, Sighting};

/// An object and a sighting within its reach, by their places in the caller's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) row: u32,
    pub(super) column: u32,
    /// Whether neither is within reach of any other.
    pub(super) is_alone: bool,
}

/// Finds them; keeps its memory from call to call.
#[derive(Debug, Default)]
pub(super) struct Nearness {
    /// The centres of the sightings, from left to right, with their columns.
    centres: Vec<(f32, u32)>,
    /// How many pairs each row and each column is in.
    of_row: Vec<u32>,
    of_column: Vec<u32>,
    found: Vec<Near>,
}

impl Nearness {
    /// The pairs of `rows` (indices of objects) and `columns` (indices of sightings) that `may_be` and are within
    /// reach, by row, then column.
    pub(super) fn find(
        &mut self,
        scene: &Scene,
        (rows, columns): (&[u32], &[u32]),
        may_be: impl Fn(&Object, &Sighting) -> bool,
    ) -> &[Near] {
        self.found.clear();
        self.of_row.clear();
        self.of_row.resize(rows.len(), 0);
        self.of_column.clear();
        self.of_column.resize(columns.len(), 0);
        self.centres.clear();
        let centre = |&index: &u32| scene.sightings[index as usize].detection.rect.centre().x;
        self.centres.extend(columns.iter().map(centre).zip(0..));
        self.centres.sort_unstable_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
        for (&index, row) in rows.iter().zip(0..) {
            let object = &scene.objects[index as usize];
            let start = self.found.len();
            let (from, to) = scene.reach_across(object);
            let first = self.centres.partition_point(|(x, _)| *x < from);
            for &(_, column) in self.centres[first..].iter().take_while(|(x, _)| *x <= to) {
                let sighting = &scene.sightings[columns[column as usize] as usize];
                if scene.is_within_reach(object, sighting) && may_be(object, sighting) {
                    self.of_row[row as usize] += 1;
                    self.of_column[column as usize] += 1;
                    self.found.push(Near { row, column, is_alone: false });
                }
            }
            self.found[start..].sort_unstable_by_key(|near| near.column);
        }
        for near in &mut self.found {
            near.is_alone = self.of_row[near.row as usize] == 1 && self.of_column[near.column as usize] == 1;
        }
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::super::appearance::Memory;
    use super::super::kalman::BoxForm;
    use super::super::observed::{Ignored, Observed};
    use super::super::scene::Nature;
    use super::*;
    use crate::detection::Detection;
    use crate::geometry::Rect;
    use crate::time::TimeUs;
    use crate::track::TrackState;

    /// People all over a picture, of many sizes.
    fn people(seed: &mut u64) -> Vec<Detection> {
        let mut draw = |low: f32, high: f32| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            low + (high - low) * (*seed >> 40) as f32 / (1 << 24) as f32
        };
        let mut person = |_| {
            let rect = Rect::new(draw(-50.0, 800.0), draw(-50.0, 400.0), draw(5.0, 90.0), draw(9.0, 200.0));
            Detection { rect, class: 0, confidence: 0.9 }
        };
        (0..60).map(&mut person).collect()
    }

    #[test]
    fn the_pairs_are_those_that_asking_all_would_find() {
        let mut seed = 5;
        let mut ignored = Ignored::default();
        let (mut found, mut alone) = (0, 0);
        for round in 0..20_u8 {
            let nature = Nature { form: BoxForm::Width, memory: Memory::None, believed_after: 1 };
            let mut scene = Scene::new(nature);
            scene.observe(&Observed::new(TimeUs(0), &people(&mut seed)), 100, &mut ignored);
            (0..60).for_each(|index| scene.start(u64::from(index), TrackState::Confirmed, index));
            scene.predict(f32::from(round % 5), None);
            scene.shift = [f32::from(round) - 9.0, 4.0];
            scene.observe(&Observed::new(TimeUs(1), &people(&mut seed)), 100, &mut ignored);
            let rows: Vec<u32> = (0..60).rev().collect();
            let columns: Vec<u32> = (0..60).filter(|index| index % 7 != 3).collect();
            let is_near = |row: u32, column: u32| {
                let object = &scene.objects[rows[row as usize] as usize];
                scene.is_within_reach(object, &scene.sightings[columns[column as usize] as usize])
            };
            let all = (0..rows.len() as u32)
                .flat_map(|row| (0..columns.len() as u32).map(move |column| (row, column)));
            let expected: Vec<(u32, u32)> = all.filter(|(row, column)| is_near(*row, *column)).collect();
            let mut nearness = Nearness::default();
            let pairs = nearness.find(&scene, (&rows, &columns), |_, _| true);
            assert_eq!(pairs.iter().map(|near| (near.row, near.column)).collect::<Vec<_>>(), expected);
            for near in pairs {
                let rivals =
                    expected.iter().filter(|(row, column)| *row == near.row || *column == near.column);
                assert_eq!(near.is_alone, rivals.count() == 1, "{near:?}");
                alone += u32::from(near.is_alone);
            }
            found += pairs.len();
        }
        assert!(found > 200 && alone > 20, "{found} pairs, {alone} alone");
    }
}
