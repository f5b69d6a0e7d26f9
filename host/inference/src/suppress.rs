//! Non-maximum suppression: of boxes that show the same object, the best one stays.

use ocellus_core::Rect;

use crate::classes::ClassFilter;
use crate::decode::Candidate;

/// Two boxes of different vehicle classes that overlap by more than this IoU are one vehicle.
const SAME_VEHICLE_IOU: f32 = 0.6;

/// How many boxes are looked at and reported at most, a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The best so many candidates are looked at; a low threshold cannot explode the work.
    pub(crate) candidates: usize,
    /// The best so many are reported.
    pub(crate) detections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { candidates: 3000, detections: 300 }
    }
}

/// What one picture's candidates are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judgement<'j> {
    /// Boxes of one class that overlap by more than this are one object; none where the model has already
    /// suppressed duplicates.
    pub(crate) iou: Option<f32>,
    /// The classes to report.
    pub(crate) classes: Option<&'j ClassFilter>,
}

/// Suppresses duplicates. Keeps its working memory.
#[derive(Debug)]
pub(crate) struct Suppressor {
    limits: Limits,
    /// For each class whether it is a vehicle.
    vehicles: Vec<bool>,
    kept: Vec<Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    rect: Rect,
    area: f32,
    class: u32,
    vehicle: Vehicle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vehicle {
    Yes,
    No,
}

impl Suppressor {
    pub(crate) fn new(limits: Limits, vehicles: Vec<bool>) -> Suppressor {
        Suppressor { limits, vehicles, kept: Vec::new() }
    }

    /// Leaves in `candidates` the boxes to report, best first. The same input gives the same output,
    /// whatever its order.
    ///
    /// Classes that are not wanted are left out only after vehicles have been compared: a bus that also
    /// looks a little like a car is no car for one who asks for cars only.
    pub(crate) fn suppress(&mut self, candidates: &mut Vec<Candidate>, judgement: Judgement<'_>) {
        let best_first = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row));
        if candidates.len() > self.limits.candidates && self.limits.candidates > 0 {
            candidates.select_nth_unstable_by(self.limits.candidates - 1, best_first);
            candidates.truncate(self.limits.candidates);
        }
        candidates.sort_unstable_by(best_first);
        self.kept.clear();
        let mut reported = 0;
        for index in 0..candidates.len() {
            let candidate = candidates[index];
            let wanted = judgement.classes.is_none_or(|filter| filter.allows(candidate.class));
            let vehicle = self.vehicle(candidate.class);
            if !wanted && vehicle == Vehicle::No {
                continue;
            }
            let kept =
                Kept { rect: candidate.rect, area: candidate.rect.area(), class: candidate.class, vehicle };
            if self.kept.iter().any(|better| same_object(better, &kept, judgement.iou)) {
                continue;
            }
            if wanted {
                candidates[reported] = candidate;
                reported += 1;
                if reported == self.limits.detections {
                    break;
                }
            } else if self.kept.len() >= self.limits.detections * 2 {
                // So many vehicles that nobody asked for: they may no longer cost time.
                continue;
            }
            self.kept.push(kept);
        }
        candidates.truncate(reported);
    }

    fn vehicle(&self, class: u32) -> Vehicle {
        match usize::try_from(class).ok().and_then(|class| self.vehicles.get(class)) {
            Some(true) => Vehicle::Yes,
            Some(false) | None => Vehicle::No,
        }
    }
}

fn same_object(better: &Kept, other: &Kept, iou: Option<f32>) -> bool {
    let threshold = if better.class == other.class {
        match iou {
            Some(iou) => iou,
            None => return false,
        }
    } else if better.vehicle == Vehicle::Yes && other.vehicle == Vehicle::Yes {
        SAME_VEHICLE_IOU
    } else {
        return false;
    };
    let shared = better.rect.intersection_area(&other.rect);
    shared > threshold * (better.area + other.area - shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAR: u32 = 0;
    const TRUCK: u32 = 1;
    const PERSON: u32 = 2;

    fn candidate(x: f32, class: u32, score: f32, row: u32) -> Candidate {
        Candidate { rect: Rect::new(x, 0.0, 10.0, 10.0), class, score, row }
    }

    fn suppressed(mut candidates: Vec<Candidate>, filter: Option<&ClassFilter>) -> Vec<(u32, f32)> {
        let mut suppressor = Suppressor::new(Limits::default(), vec![true, true, false]);
        suppressor.suppress(&mut candidates, Judgement { iou: Some(0.45), classes: filter });
        candidates.iter().map(|candidate| (candidate.class, candidate.score)).collect()
    }

    #[test]
    fn of_overlapping_boxes_of_a_class_the_best_stays() {
        let boxes = vec![
            candidate(1.0, PERSON, 0.5, 0),
            candidate(0.0, PERSON, 0.9, 1),
            candidate(8.0, PERSON, 0.6, 2),
        ];
        assert_eq!(suppressed(boxes, None), [(PERSON, 0.9), (PERSON, 0.6)]);
    }

    #[test]
    fn boxes_of_different_classes_do_not_suppress_each_other() {
        let boxes = vec![candidate(0.0, PERSON, 0.5, 0), candidate(0.0, CAR, 0.9, 1)];
        assert_eq!(suppressed(boxes, None), [(CAR, 0.9), (PERSON, 0.5)]);
    }

    #[test]
    fn one_vehicle_under_two_vehicle_classes_is_one_detection() {
        let same = vec![candidate(0.0, CAR, 0.5, 0), candidate(1.0, TRUCK, 0.6, 1)];
        assert_eq!(suppressed(same, None), [(TRUCK, 0.6)]);
        let beside = vec![candidate(0.0, CAR, 0.5, 0), candidate(4.0, TRUCK, 0.6, 1)];
        assert_eq!(suppressed(beside, None), [(TRUCK, 0.6), (CAR, 0.5)]);
    }

    #[test]
    fn a_truck_is_no_car_for_one_who_asks_for_cars() {
        let classes = ["car", "truck", "person"].map(str::to_owned);
        let cars = ClassFilter::new(&classes, &["car"]).unwrap();
        let boxes =
            vec![candidate(0.0, CAR, 0.5, 0), candidate(0.0, TRUCK, 0.6, 1), candidate(50.0, CAR, 0.3, 2)];
        assert_eq!(suppressed(boxes, Some(&cars)), [(CAR, 0.3)]);
    }

    #[test]
    fn the_number_of_candidates_and_detections_is_bounded() {
        let many: Vec<Candidate> = (0..20_000)
            .map(|row| candidate(row as f32 * 20.0, PERSON, 0.5 + (row as f32) * 1e-5, row))
            .collect();
        let found = suppressed(many, None);
        assert_eq!(found.len(), 300);
        assert!((found[0].1 - 0.69999).abs() < 1e-4);
    }

    /// A generator of reproducible numbers in 0..1.
    fn numbers(seed: u32) -> impl FnMut() -> f32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        }
    }

    fn random_boxes(seed: u32) -> Vec<Candidate> {
        let mut next = numbers(seed);
        (0..200)
            .map(|row| Candidate {
                rect: Rect::new(next() * 100.0, next() * 100.0, 1.0 + next() * 40.0, 1.0 + next() * 40.0),
                class: (next() * 3.0) as u32,
                score: (next() * 50.0).round() / 50.0,
                row,
            })
            .collect()
    }

    #[test]
    fn what_stays_never_overlaps_and_what_goes_overlaps_something_better() {
        for seed in 0..50 {
            let boxes = random_boxes(seed);
            let mut kept = boxes.clone();
            let mut suppressor = Suppressor::new(Limits::default(), vec![true, true, false]);
            suppressor.suppress(&mut kept, Judgement { iou: Some(0.45), classes: None });
            let clashes = |a: &Candidate, b: &Candidate| {
                let threshold = match (a.class, b.class) {
                    (a, b) if a == b => 0.45,
                    (CAR | TRUCK, CAR | TRUCK) => 0.6,
                    _ => 2.0,
                };
                a.rect.iou(&b.rect) > threshold
            };
            for (index, a) in kept.iter().enumerate() {
                assert!(
                    kept[index + 1..].iter().all(|b| !clashes(a, b) && a.score >= b.score),
                    "seed {seed}"
                );
            }
            for gone in boxes.iter().filter(|b| !kept.contains(b)) {
                assert!(
                    kept.iter().any(|a| clashes(a, gone) && a.score >= gone.score),
                    "seed {seed} {gone:?}"
                );
            }
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter() {
        for seed in 0..20 {
            let boxes = random_boxes(seed);
            let mut reversed = boxes.clone();
            reversed.reverse();
            assert_eq!(suppressed(boxes, None), suppressed(reversed, None), "seed {seed}");
        }
    }
}
