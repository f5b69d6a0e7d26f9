//! What all objects do together: that is the camera, and can be told from the boxes alone.

use super::object::Object;
use super::overlap::{Edges, Overlap, OverlapFinder};
use super::scene::Scene;
use crate::track::TrackState;

/// Fewer objects than this tell nothing of the camera.
const FEWEST: usize = 5;
/// How many times its own standard error a median must be, to be no chance.
const SIGNIFICANCE: f32 = 3.0;
/// Standard deviations in a median absolute deviation, of a normal distribution.
const NORMAL: f32 = 1.4826;
/// Boxes that overlap by less are not compared.
const FLOOR: f32 = 0.2;

/// Measures what is common to all objects; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct CommonMotion {
    overlaps: OverlapFinder,
    rows: Vec<Edges>,
    columns: Vec<Edges>,
    /// The best overlap of each row and of each column.
    best_of_row: Vec<Option<Overlap>>,
    best_of_column: Vec<Option<Overlap>>,
    values: [Vec<f32>; 4],
}

impl CommonMotion {
    /// By how many pixels, x and y, the boxes lie beside the places where believed objects in sight are expected:
    /// the medians over the pairs that overlap each other best. Zero where it may be chance.
    pub(super) fn shift(&mut self, scene: &Scene) -> [f32; 2] {
        let in_sight = scene.objects.iter().filter(|object| object.state == TrackState::Confirmed);
        self.rows.clear();
        self.rows.extend(in_sight.clone().map(|object| Edges::new(&object.filter.rect(), 0.0)));
        if self.rows.len() < FEWEST || scene.sightings.len() < FEWEST {
            return [0.0; 2];
        }
        self.columns.clear();
        self.columns.extend(scene.sightings.iter().map(|sighting| Edges::new(&sighting.detection.rect, 0.0)));
        self.find_best();
        let [across, down, ..] = &mut self.values;
        across.clear();
        down.clear();
        for (object, best) in in_sight.zip(&self.best_of_row) {
            let Some(best) = best.filter(|best| self.best_of_column[best.column as usize] == Some(*best))
            else {
                continue;
            };
            let seen = scene.sightings[best.column as usize].detection.rect.centre();
            let expected = object.filter.rect().centre();
            across.push(seen.x - expected.x);
            down.push(seen.y - expected.y);
        }
        [significant(across), significant(down)]
    }

    fn find_best(&mut self) {
        self.best_of_row.clear();
        self.best_of_row.resize(self.rows.len(), None);
        self.best_of_column.clear();
        self.best_of_column.resize(self.columns.len(), None);
        for overlap in self.overlaps.find(&self.rows, &self.columns, FLOOR) {
            let row = &mut self.best_of_row[overlap.row as usize];
            let column = &mut self.best_of_column[overlap.column as usize];
            for best in [row, column] {
                if best.is_none_or(|best| overlap.iou > best.iou) {
                    *best = Some(*overlap);
                }
            }
        }
    }

    /// By what this frame's sightings corrected place and speed, x and y each: the medians.
    pub(super) fn correction(&mut self, objects: &[Object]) -> [f32; 4] {
        self.values.iter_mut().for_each(Vec::clear);
        for object in seen(objects) {
            for (values, value) in self.values.iter_mut().zip(object.correction) {
                values.push(value);
            }
        }
        self.values.each_mut().map(|values| if values.len() < FEWEST { 0.0 } else { median(values) })
    }

    /// The speed, in pixels a step, x and y, that the objects seen in this frame have in common. Zero where it may
    /// be chance.
    pub(super) fn drift(&mut self, objects: &[Object]) -> [f32; 2] {
        let [across, down, ..] = &mut self.values;
        across.clear();
        down.clear();
        for object in seen(objects) {
            let [x, y, ..] = object.filter.lanes().velocity;
            across.push(x);
            down.push(y);
        }
        [significant(across), significant(down)]
    }
}

fn seen(objects: &[Object]) -> impl Iterator<Item = &Object> {
    objects.iter().filter(|object| object.state == TrackState::Confirmed && object.seen_as.is_some())
}

/// The median of the values, or 0 where it may be chance. Changes them.
pub(super) fn significant(values: &mut [f32]) -> f32 {
    if values.len() < FEWEST {
        return 0.0;
    }
    let middle = median(values);
    values.iter_mut().for_each(|value| *value = (*value - middle).abs());
    let error = NORMAL * median(values) / (values.len() as f32).sqrt();
    if middle.abs() > SIGNIFICANCE * error { middle } else { 0.0 }
}

/// The middle one of at least one value.
fn median(values: &mut [f32]) -> f32 {
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_told_from_trembling() {
        assert_eq!(significant(&mut [0.5, -0.4, 0.3, -0.6, 0.1, -0.2]), 0.0);
        assert_eq!(significant(&mut [4.9, 5.1, 5.0, 5.2, 4.8, -90.0]), 5.0);
        assert_eq!(significant(&mut [3.0; 5]), 3.0);
        assert_eq!(significant(&mut [0.0; 5]), 0.0);
        assert_eq!(significant(&mut [3.0; 4]), 0.0, "too few");
    }
}
