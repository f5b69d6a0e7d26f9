//! The appearance of a track over many pictures.

use super::{Embedding, unit_scale};
use crate::geometry::{Rect, Size};

/// Sightings that the mean goes back to: with full weights the newest has a tenth, as BoT-SORT's 0.9 says.
const MEMORY: f64 = 9.0;
/// Weights below this say nothing.
const LEAST_WEIGHT: f32 = 0.02;
/// Pixels from the picture's edge within which a box is cut by it.
const EDGE_PX: f32 = 2.0;
/// What is left of the weight of a box for each edge that cuts it: how much is out of sight cannot be seen.
const CUT: f32 = 0.5;

/// A track's embedding, smoothed over its sightings.
///
/// A weighted mean at first, so that a bad first picture does not stay; then an exponential moving average with the
/// weight of [`MEMORY`] sightings behind it (Aharon et al., "BoT-SORT", 2022, section 3.3, with momentum 0.9).
#[derive(Debug, Clone)]
pub struct SmoothEmbedding {
    mean: Vec<f32>,
    weight: f64,
    current: Embedding,
}

impl SmoothEmbedding {
    /// The appearance at the first sighting, of a weight in 0..1.
    #[must_use]
    pub fn new(first: &Embedding, weight: f32) -> SmoothEmbedding {
        SmoothEmbedding {
            mean: first.as_slice().to_vec(),
            weight: f64::from(sane(weight).max(LEAST_WEIGHT)),
            current: first.rounded(),
        }
    }

    /// Another sighting, of a weight in 0..1. One of another dimension, or of next to no weight, is left out.
    pub fn see(&mut self, embedding: &Embedding, weight: f32) {
        let weight = sane(weight);
        if embedding.dimension() != self.mean.len() || weight < LEAST_WEIGHT {
            return;
        }
        let weight = f64::from(weight);
        let share = weight / (self.weight + weight);
        for (mean, value) in self.mean.iter_mut().zip(embedding.as_slice()) {
            *mean += ((f64::from(*value) - f64::from(*mean)) * share) as f32;
        }
        self.weight = (self.weight + weight).min(MEMORY);
        // Two opposite ones cancel out; the next sighting gives it a direction again.
        let Some(scale) = unit_scale(&self.mean) else { return };
        for mean in &mut self.mean {
            *mean = (f64::from(*mean) * scale) as f32;
        }
        if let Some(embedding) = Embedding::new(&self.mean) {
            self.current = embedding.rounded();
        }
    }

    /// What it looks like, as [`Embedding::rounded`] gives it. The same one, shared, until the next sighting.
    #[must_use]
    pub fn current(&self) -> &Embedding {
        &self.current
    }
}

fn sane(weight: f32) -> f32 {
    if weight.is_finite() { weight.clamp(0.0, 1.0) } else { 0.0 }
}

/// How much of an object its box shows, 0..1: less where boxes of `others` that stand in front of it cover it, where
/// the box reaches beyond the picture, and half for each edge of the picture that cuts it.
///
/// Of two objects on a floor that a camera looks down on, the one whose box ends lower stands in front. Boxes are in
/// pixels; `others` may hold the box itself, which does not cover itself.
#[must_use]
pub fn visibility(rect: &Rect, others: impl IntoIterator<Item = Rect>, picture: Size) -> f32 {
    let area = rect.width * rect.height;
    if !(area > 0.0 && area.is_finite()) {
        return 0.0;
    }
    let (width, height) = (picture.width as f32, picture.height as f32);
    let inside = overlap(rect, &Rect::new(0.0, 0.0, width, height)) / area;
    let mut covered = 0.0;
    for other in others {
        if other.is_finite() && other != *rect && other.bottom() >= rect.bottom() {
            covered += overlap(rect, &other) / area;
        }
    }
    let edges = [
        rect.x < EDGE_PX,
        rect.y < EDGE_PX,
        rect.right() > width - EDGE_PX,
        rect.bottom() > height - EDGE_PX,
    ];
    let cut = edges.iter().filter(|is_cut| **is_cut).fold(1.0, |left, _| left * CUT);
    (inside * (1.0 - covered).max(0.0) * cut).clamp(0.0, 1.0)
}

/// Area that two boxes share.
fn overlap(a: &Rect, b: &Rect) -> f32 {
    let width = a.right().min(b.right()) - a.x.max(b.x);
    let height = a.bottom().min(b.bottom()) - a.y.max(b.y);
    if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Size = Size::new(640, 480);

    fn towards(axis: usize) -> Embedding {
        let mut values = [0.0; 16];
        values[axis] = 1.0;
        Embedding::new(&values).unwrap()
    }

    #[test]
    fn a_bad_first_picture_does_not_stay() {
        let mut smooth = SmoothEmbedding::new(&towards(0), 0.1);
        smooth.see(&towards(1), 1.0);
        assert!(smooth.current().cosine(&towards(1)).unwrap() > 0.99);
    }

    #[test]
    fn one_odd_picture_among_many_changes_little() {
        let mut smooth = SmoothEmbedding::new(&towards(0), 1.0);
        for _ in 0..50 {
            smooth.see(&towards(0), 1.0);
        }
        smooth.see(&towards(1), 1.0);
        assert!(smooth.current().cosine(&towards(0)).unwrap() > 0.99);
        for _ in 0..30 {
            smooth.see(&towards(1), 1.0);
        }
        assert!(smooth.current().cosine(&towards(1)).unwrap() > 0.99, "it follows what stays");
    }

    #[test]
    fn without_weight_or_with_another_dimension_nothing_changes() {
        let mut smooth = SmoothEmbedding::new(&towards(0), 1.0);
        let before = smooth.current().clone();
        smooth.see(&towards(1), 0.0);
        smooth.see(&towards(1), f32::NAN);
        smooth.see(&Embedding::new(&[1.0; 32]).unwrap(), 1.0);
        assert!(smooth.current().is_same(&before));
    }

    #[test]
    fn opposite_appearances_never_leave_it_without_a_direction() {
        let opposite = Embedding::new(&towards(0).as_slice().iter().map(|value| -value).collect::<Vec<_>>());
        let mut smooth = SmoothEmbedding::new(&towards(0), 1.0);
        smooth.see(&opposite.clone().unwrap(), 1.0);
        assert_eq!(smooth.current(), &towards(0).rounded());
        smooth.see(&towards(2), 1.0);
        assert!(smooth.current().cosine(&towards(2)).unwrap() > 0.9);
    }

    #[test]
    fn a_box_that_stands_behind_another_shows_less_and_the_one_in_front_does_not() {
        let behind = Rect::new(100.0, 100.0, 50.0, 100.0);
        let front = Rect::new(125.0, 120.0, 50.0, 100.0);
        let both = [behind, front];
        assert!((visibility(&behind, both, PICTURE) - 0.6).abs() < 1e-6);
        assert_eq!(visibility(&front, both, PICTURE), 1.0);
        assert_eq!(visibility(&behind, [behind, Rect::new(90.0, 90.0, 200.0, 200.0)], PICTURE), 0.0);
    }

    #[test]
    fn an_edge_of_the_picture_costs_and_nonsense_is_worth_nothing() {
        assert_eq!(visibility(&Rect::new(100.0, 380.0, 50.0, 100.0), [], PICTURE), 0.5);
        assert_eq!(visibility(&Rect::new(0.0, 380.0, 50.0, 100.0), [], PICTURE), 0.25);
        assert_eq!(visibility(&Rect::new(-50.0, 100.0, 100.0, 100.0), [], PICTURE), 0.25);
        for wrong in [f32::NAN, f32::INFINITY, -1.0, 0.0] {
            assert_eq!(visibility(&Rect::new(10.0, 10.0, wrong, 10.0), [], PICTURE), 0.0);
        }
        let nonsense = Rect::new(f32::NAN, 0.0, 10.0, f32::INFINITY);
        assert_eq!(visibility(&Rect::new(100.0, 100.0, 50.0, 100.0), [nonsense], PICTURE), 1.0);
    }
}
