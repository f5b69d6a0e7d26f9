//! Which vehicles of a frame are looked at for their plates, and whose a plate is.

use std::cmp::Reverse;
use std::time::Duration;

use ocellus_core::tracker::TrackerSettings;
use ocellus_core::{Detection, Point, Rect, Size, TimeUs};
use ocellus_inference::ReadPlate;

use super::settings::PlatesSpec;
use crate::camera::appearance::{moved, sure};

/// IoU from which a detection may be a track.
const MAY_BE: f32 = 0.3;
/// What share of a vehicle's box is looked at beyond each of its edges: boxes are often a little tight.
const AROUND: f32 = 0.05;

/// What a lane would like to know of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PlateWish {
    /// Its box at `time`, in pixels.
    pub(crate) rect: Rect,
    /// How its middle moved then, in pixels a second.
    pub(crate) velocity: [f32; 2],
    pub(crate) time: TimeUs,
    /// When it was looked at last.
    pub(crate) looked: Option<TimeUs>,
    /// Whether its plate is known well enough.
    pub(crate) is_sure: bool,
}

/// A frame in which to choose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlateChoice<'a> {
    pub(crate) time: TimeUs,
    pub(crate) size: Size,
    pub(crate) detections: &'a [Detection],
    pub(crate) wishes: &'a [PlateWish],
}

/// A part of a picture in which plates are looked for, and the detections that this is a look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlatePart {
    pub(crate) rect: Rect,
    pub(crate) detections: Vec<usize>,
}

/// A look at a vehicle: what its plate says, if it was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlateLook(pub(crate) Option<ReadPlate>);

/// What is to be read of one camera.
#[derive(Debug, Clone)]
pub(crate) struct PlatePlan {
    budget: usize,
    refresh: Duration,
    min_width: f32,
    /// For each class whether it has plates.
    classes: Vec<bool>,
    /// Confidence from which a detection becomes or continues a track for sure.
    sure: f32,
}

impl PlatePlan {
    /// The plan of a camera whose detector knows these classes; none where nothing is to be read.
    pub(crate) fn new(spec: &PlatesSpec, tracker: &TrackerSettings, classes: &[String]) -> Option<PlatePlan> {
        (spec.budget > 0).then(|| PlatePlan {
            budget: usize::try_from(spec.budget).unwrap_or(usize::MAX),
            refresh: spec.refresh(),
            min_width: spec.min_width,
            classes: spec.wanted(classes),
            sure: sure(tracker),
        })
    }

    /// Looks in a frame.
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// The parts of the picture that are worth a look, the most pressing first. The budget is not applied.
    ///
    /// A picture that is not larger than `input`, which the finder of plates sees, is looked at as a whole: that
    /// costs one look for all of its vehicles.
    pub(crate) fn parts(&self, frame: PlateChoice<'_>, input: Size) -> Vec<PlatePart> {
        let wanted = self.choose(frame);
        let Size { width, height } = frame.size;
        if wanted.is_empty() {
            return Vec::new();
        }
        if width <= input.width && height <= input.height {
            let rect = Rect::new(0.0, 0.0, width as f32, height as f32);
            return vec![PlatePart { rect, detections: wanted }];
        }
        let part = |index: usize| {
            let rect = around(&frame.detections[index].rect).clamped(frame.size);
            PlatePart { rect, detections: vec![index] }
        };
        wanted.into_iter().map(part).collect()
    }

    /// The detections that are worth a look, as indices: those never looked at first, then those looked at longest ago, of
    /// equals the widest.
    fn choose(&self, frame: PlateChoice<'_>) -> Vec<usize> {
        let mut wanted: Vec<_> = frame
            .detections
            .iter()
            .enumerate()
            .filter(|(_, detection)| self.is_fit(detection))
            .filter_map(|(index, detection)| {
                let looked = match known(&detection.rect, frame) {
                    Some(wish) if wish.is_sure => return None,
                    Some(wish) => wish.looked,
                    None => None,
                };
                let age = looked.map(|looked| frame.time.since(looked));
                if age.is_some_and(|age| age < self.refresh) {
                    return None;
                }
                Some((age.is_some(), Reverse(age), Reverse(detection.rect.width.round() as u32), index))
            })
            .collect();
        wanted.sort();
        wanted.into_iter().map(|(.., index)| index).collect()
    }

    fn is_fit(&self, detection: &Detection) -> bool {
        self.has_plates(detection)
            && detection.confidence >= self.sure
            && detection.rect.width >= self.min_width
            && detection.rect.is_finite()
    }

    fn has_plates(&self, detection: &Detection) -> bool {
        let class = usize::try_from(detection.class).ok();
        class.and_then(|class| self.classes.get(class)) == Some(&true)
    }

    /// What became of each look, by detection: one entry a detection. A plate is that of the vehicle in whose box it
    /// stands lowest, since plates are low on a vehicle and one behind shows above one in front; of several
    /// plates a vehicle has the surest.
    pub(crate) fn assign(
        &self,
        detections: &[Detection],
        looks: &[(PlatePart, Vec<ReadPlate>)],
    ) -> Vec<Option<PlateLook>> {
        let mut assigned = vec![None; detections.len()];
        for (part, plates) in looks {
            for index in &part.detections {
                assigned[*index].get_or_insert(PlateLook(None));
            }
            for plate in plates {
                let Some(owner) = self.owner(detections, plate.rect.centre()) else { continue };
                let Some(PlateLook(held)) = &mut assigned[owner] else { continue };
                if held.as_ref().is_none_or(|held| plate.found > held.found) {
                    *held = Some(plate.clone());
                }
            }
        }
        assigned
    }

    fn owner(&self, detections: &[Detection], at: Point) -> Option<usize> {
        let depth = |rect: &Rect| (at.y - rect.y) / rect.height.max(1.0);
        detections
            .iter()
            .enumerate()
            .filter(|(_, detection)| self.has_plates(detection) && around(&detection.rect).contains(at))
            .max_by(|(_, a), (_, b)| depth(&a.rect).total_cmp(&depth(&b.rect)))
            .map(|(index, _)| index)
    }
}

/// The track that a box is, as far as can be told.
fn known<'a>(rect: &Rect, frame: PlateChoice<'a>) -> Option<&'a PlateWish> {
    let overlap = |wish: &PlateWish| {
        moved(&wish.rect, wish.velocity, frame.time.since(wish.time).as_secs_f32()).iou(rect)
    };
    let near = frame.wishes.iter().map(|wish| (wish, overlap(wish))).filter(|(_, iou)| *iou >= MAY_BE);
    near.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(wish, _)| wish)
}

fn around(rect: &Rect) -> Rect {
    let (x, y) = (rect.width * AROUND, rect.height * AROUND);
    Rect::new(rect.x - x, rect.y - y, rect.width + 2.0 * x, rect.height + 2.0 * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeUs = TimeUs(10_000_000);
    const LARGE: Size = Size::new(1920, 1080);
    const INPUT: Size = Size::new(640, 640);

    fn plan() -> PlatePlan {
        let classes = ["person".to_owned(), "car".to_owned()];
        PlatePlan::new(&PlatesSpec::default(), &TrackerSettings::default(), &classes).unwrap()
    }

    fn car(x: f32) -> Detection {
        Detection { rect: Rect::new(x, 100.0, 200.0, 100.0), class: 1, confidence: 0.9 }
    }

    fn wish(x: f32, seconds_ago: Option<f32>) -> PlateWish {
        let looked = seconds_ago.map(|seconds| NOW - Duration::from_secs_f32(seconds));
        PlateWish { rect: car(x).rect, velocity: [0.0; 2], time: NOW, looked, is_sure: false }
    }

    fn parts(detections: &[Detection], wishes: &[PlateWish], size: Size) -> Vec<PlatePart> {
        plan().parts(PlateChoice { time: NOW, size, detections, wishes }, INPUT)
    }

    fn order(detections: &[Detection], wishes: &[PlateWish]) -> Vec<usize> {
        parts(detections, wishes, LARGE).into_iter().flat_map(|part| part.detections).collect()
    }

    #[test]
    fn vehicles_never_looked_at_come_first_and_sure_or_fresh_ones_not_at_all() {
        let sure = PlateWish { is_sure: true, ..wish(900.0, Some(9.0)) };
        let wide = Detection { rect: Rect::new(1500.0, 100.0, 300.0, 100.0), ..car(0.0) };
        let detections = [car(0.0), car(300.0), car(600.0), car(900.0), car(1200.0), wide];
        let wishes =
            [wish(0.0, Some(0.2)), wish(300.0, Some(0.5)), wish(600.0, Some(0.01)), sure, wish(1200.0, None)];
        assert_eq!(order(&detections, &wishes), [5, 4, 1, 0]);
    }

    #[test]
    fn what_is_small_unsure_or_no_vehicle_is_not_looked_at() {
        for unfit in [
            Detection { class: 0, ..car(0.0) },
            Detection { class: 9, ..car(0.0) },
            Detection { confidence: 0.2, ..car(0.0) },
            Detection { rect: Rect::new(0.0, 0.0, 79.0, 50.0), ..car(0.0) },
            Detection { rect: Rect::new(f32::NAN, 0.0, 100.0, 50.0), ..car(0.0) },
        ] {
            assert_eq!(order(&[unfit], &[]), [] as [usize; 0], "{unfit:?}");
        }
    }

    #[test]
    fn a_small_picture_is_looked_at_as_a_whole_and_a_large_one_vehicle_by_vehicle() {
        let detections = [car(0.0), car(300.0)];
        let whole = parts(&detections, &[], Size::new(640, 480));
        assert_eq!(whole.len(), 1);
        assert_eq!((whole[0].rect, &*whole[0].detections), (Rect::new(0.0, 0.0, 640.0, 480.0), &[0, 1][..]));
        let each = parts(&detections, &[], LARGE);
        assert_eq!(each.len(), 2);
        assert_eq!(each[0].rect, Rect::new(0.0, 95.0, 210.0, 110.0));
        assert!(parts(&detections, &[wish(0.0, Some(0.0)), wish(300.0, Some(0.0))], LARGE).is_empty());
    }

    fn plate(x: f32, y: f32, found: f32) -> ReadPlate {
        let rect = Rect::new(x, y, 40.0, 10.0);
        ReadPlate { rect, found, text: format!("{x}"), confidence: 0.9 }
    }

    #[test]
    fn a_plate_belongs_to_the_vehicle_on_which_it_stands_low() {
        let behind = car(0.0);
        let front = Detection { rect: Rect::new(20.0, 150.0, 200.0, 120.0), ..car(0.0) };
        let part = PlatePart { rect: Rect::new(0.0, 0.0, 640.0, 480.0), detections: vec![0, 1, 2] };
        // Both boxes hold the first plate.
        let found = vec![
            plate(80.0, 180.0, 0.5),
            plate(90.0, 250.0, 0.5),
            plate(99.0, 250.0, 0.4),
            plate(500.0, 9.0, 0.9),
        ];
        let assigned = plan().assign(&[behind, front, car(400.0)], &[(part, found)]);
        let texts: Vec<_> = assigned
            .iter()
            .map(|look| look.as_ref().map(|PlateLook(plate)| plate.as_ref().map(|plate| plate.text.as_str())))
            .collect();
        assert_eq!(texts, [Some(Some("80")), Some(Some("90")), Some(None)]);
    }

    #[test]
    fn a_plate_of_a_vehicle_that_was_not_asked_for_is_left_alone() {
        let part = PlatePart { rect: Rect::new(0.0, 0.0, 640.0, 480.0), detections: vec![1] };
        let assigned = plan().assign(&[car(0.0), car(300.0)], &[(part, vec![plate(80.0, 180.0, 0.5)])]);
        assert_eq!(assigned, [None, Some(PlateLook(None))]);
    }

    #[test]
    fn a_budget_of_nothing_is_no_plan() {
        let spec = PlatesSpec { budget: 0, ..PlatesSpec::default() };
        assert!(PlatePlan::new(&spec, &TrackerSettings::default(), &["car".to_owned()]).is_none());
    }
}
