//! Which detections of a frame are looked at.

use std::cmp::Reverse;
use std::time::Duration;

use ocellus_core::tracker::TrackerSettings;
use ocellus_core::tracker::overlap::{Edges, OverlapFinder};
use ocellus_core::{Detection, Rect, Size, TimeUs};

use super::settings::EmbeddingSpec;
use super::{moved, visible};

/// IoU from which a detection may be a track.
const MAY_BE: f32 = 0.3;
/// How much of an object has to show.
const LEAST_VISIBLE: f32 = 0.2;
/// Pixels of a box that say something: width and height.
const LEAST_PX: [f32; 2] = [8.0, 16.0];

/// What a lane would like to know of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wish {
    /// Its box at `time`, in pixels.
    pub(crate) rect: Rect,
    /// How its middle moved then, in pixels a second.
    pub(crate) velocity: [f32; 2],
    pub(crate) time: TimeUs,
    /// When it was looked at last.
    pub(crate) refreshed: Option<TimeUs>,
    /// Whether it was out of sight.
    pub(crate) is_lost: bool,
}

/// A frame in which to choose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub(crate) time: TimeUs,
    pub(crate) size: Size,
    pub(crate) detections: &'a [Detection],
    pub(crate) wishes: &'a [Wish],
}

/// What is to be looked at of one camera.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    budget: usize,
    refresh: Duration,
    /// For each class whether it is looked at.
    classes: Vec<bool>,
    /// Confidence from which a detection becomes or continues a track for sure.
    sure: f32,
}

/// Why a detection is looked at, the most pressing reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// It belongs to no track.
    New,
    /// Its track was never looked at.
    Unknown,
    /// Its track was out of sight: is it the same?
    Lost,
    /// Two could be it, or it could be two.
    Contested,
    /// It was looked at long ago.
    Stale,
}

impl Plan {
    /// The plan of a camera whose detector knows these classes; none where nothing is to be looked at.
    pub(crate) fn new(spec: &EmbeddingSpec, tracker: &TrackerSettings, classes: &[String]) -> Option<Plan> {
        let budget = usize::try_from(spec.budget).unwrap_or(usize::MAX);
        let classes = spec.wanted(classes);
        (budget > 0).then(|| Plan { budget, refresh: spec.refresh(), classes, sure: sure(tracker) })
    }

    /// Detections that may be looked at in a frame.
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// The detections that are worth a look, as indices, the most pressing first. The budget is not applied.
    pub(crate) fn choose(&self, frame: Choice<'_>) -> Vec<usize> {
        let fit: Vec<(usize, f32)> = (0..frame.detections.len())
            .filter_map(|index| Some((index, self.worth(index, frame)?)))
            .collect();
        let columns: Vec<Edges> =
            fit.iter().map(|(index, _)| Edges::new(&frame.detections[*index].rect, 0.0)).collect();
        let rows: Vec<Edges> =
            frame.wishes.iter().map(|wish| Edges::new(&wish.rect_at(frame.time), 0.0)).collect();
        let mut claims = Claims::new(rows.len(), columns.len());
        for overlap in OverlapFinder::default().find(&rows, &columns, MAY_BE) {
            claims.add(overlap.row as usize, overlap.column as usize, overlap.iou);
        }
        let mut wanted: Vec<_> = fit
            .iter()
            .enumerate()
            .filter_map(|(column, (index, worth))| {
                let (reason, age) = self.reason(&claims, column, frame)?;
                Some((reason, Reverse(age), Reverse(OrderedShare(*worth)), *index))
            })
            .collect();
        wanted.sort();
        wanted.into_iter().map(|(.., index)| index).collect()
    }

    /// What a look at a detection is worth; none where it is not worth one.
    fn worth(&self, index: usize, frame: Choice<'_>) -> Option<f32> {
        let detection = &frame.detections[index];
        let class = usize::try_from(detection.class).ok()?;
        let Rect { width, height, .. } = detection.rect;
        let fits = self.classes.get(class) == Some(&true)
            && detection.confidence >= self.sure
            && width >= LEAST_PX[0]
            && height >= LEAST_PX[1]
            && detection.rect.is_finite();
        let shown = if fits { visible(detection, frame.detections, frame.size) } else { 0.0 };
        (shown >= LEAST_VISIBLE).then_some(shown * detection.confidence)
    }

    /// Why a detection is looked at, and how old what is known of it is; none where it need not be.
    fn reason(&self, claims: &Claims, column: usize, frame: Choice<'_>) -> Option<(Reason, Duration)> {
        let Some(row) = claims.best(column) else { return Some((Reason::New, Duration::ZERO)) };
        let wish = frame.wishes.get(row)?;
        let Some(refreshed) = wish.refreshed else { return Some((Reason::Unknown, Duration::ZERO)) };
        let age = frame.time.since(refreshed);
        if wish.is_lost {
            return Some((Reason::Lost, age));
        }
        if claims.is_contested(row, column) {
            return Some((Reason::Contested, age));
        }
        (age >= self.refresh).then_some((Reason::Stale, age))
    }
}

impl Wish {
    fn rect_at(&self, time: TimeUs) -> Rect {
        moved(&self.rect, self.velocity, time.since(self.time).as_secs_f32())
    }
}

/// Which detections could be which tracks.
#[derive(Debug)]
struct Claims {
    /// Of each detection: the tracks that it could be, and the one that it overlaps most.
    columns: Vec<(u32, Option<(usize, f32)>)>,
    /// Of each track: the detections that it could be.
    rows: Vec<u32>,
}

impl Claims {
    fn new(rows: usize, columns: usize) -> Claims {
        Claims { columns: vec![(0, None); columns], rows: vec![0; rows] }
    }

    fn add(&mut self, row: usize, column: usize, iou: f32) {
        self.rows[row] += 1;
        let (count, best) = &mut self.columns[column];
        *count += 1;
        if best.is_none_or(|(_, most)| iou > most) {
            *best = Some((row, iou));
        }
    }

    fn best(&self, column: usize) -> Option<usize> {
        self.columns[column].1.map(|(row, _)| row)
    }

    fn is_contested(&self, row: usize, column: usize) -> bool {
        self.columns[column].0 > 1 || self.rows[row] > 1
    }
}

/// Confidence from which a tracker believes a detection by itself.
pub(crate) fn sure(tracker: &TrackerSettings) -> f32 {
    match tracker {
        TrackerSettings::ByteTrack(settings) => settings.track_high_thresh,
        TrackerSettings::BotSort(settings) => settings.track_high_thresh,
        TrackerSettings::DeepSort(settings) => settings.min_confidence,
    }
}

/// A share that is a number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OrderedShare(f32);

impl Eq for OrderedShare {}

impl PartialOrd for OrderedShare {
    fn partial_cmp(&self, other: &OrderedShare) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedShare {
    fn cmp(&self, other: &OrderedShare) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeUs = TimeUs(10_000_000);

    fn plan() -> Plan {
        let classes = ["person".to_owned(), "car".to_owned()];
        let spec = EmbeddingSpec { classes: Some(vec!["person".to_owned()]), ..EmbeddingSpec::default() };
        Plan::new(&spec, &TrackerSettings::default(), &classes).unwrap()
    }

    /// A person whose box begins at `x`.
    fn person(x: f32) -> Detection {
        Detection { rect: Rect::new(x, 100.0, 40.0, 100.0), class: 0, confidence: 0.9 }
    }

    fn wish(x: f32, seconds_ago: Option<f32>) -> Wish {
        let refreshed = seconds_ago.map(|seconds| NOW - Duration::from_secs_f32(seconds));
        let rect = person(x).rect;
        Wish { rect, velocity: [0.0; 2], time: NOW, refreshed, is_lost: false }
    }

    fn chosen(detections: &[Detection], wishes: &[Wish]) -> Vec<usize> {
        plan().choose(Choice { time: NOW, size: Size::new(1000, 500), detections, wishes })
    }

    #[test]
    fn new_ones_come_before_unknown_lost_contested_and_stale_ones() {
        let lost = Wish { is_lost: true, ..wish(300.0, Some(0.1)) };
        let detections = [
            person(800.0), // stale
            person(700.0), // fresh: not wanted
            person(500.0), // contested with the next
            person(510.0),
            person(300.0), // lost
            person(200.0), // never looked at
            person(50.0),  // new
        ];
        let wishes = [
            wish(800.0, Some(2.0)),
            wish(700.0, Some(0.1)),
            wish(500.0, Some(0.2)),
            wish(510.0, Some(0.1)),
            lost,
            wish(200.0, None),
        ];
        assert_eq!(chosen(&detections, &wishes), [6, 5, 4, 2, 3, 0]);
    }

    #[test]
    fn of_those_with_the_same_reason_the_longest_neglected_comes_first() {
        let detections = [person(100.0), person(300.0), person(500.0)];
        let wishes = [wish(100.0, Some(1.0)), wish(300.0, Some(9.0)), wish(500.0, Some(3.0))];
        assert_eq!(chosen(&detections, &wishes), [1, 2, 0]);
    }

    #[test]
    fn what_shows_too_little_is_unsure_or_of_another_class_is_not_looked_at() {
        let person = person(100.0);
        for unfit in [
            Detection { class: 1, ..person },
            Detection { class: 7, ..person },
            Detection { confidence: 0.3, ..person },
            Detection { confidence: f32::NAN, ..person },
            Detection { rect: Rect::new(100.0, 100.0, 7.0, 100.0), ..person },
            Detection { rect: Rect::new(100.0, 100.0, 40.0, 10.0), ..person },
            Detection { rect: Rect::new(-500.0, 100.0, 40.0, 100.0), ..person },
            Detection { rect: Rect::new(f32::NAN, 100.0, 40.0, 100.0), ..person },
        ] {
            assert!(chosen(&[unfit], &[]).is_empty(), "{unfit:?}");
        }
        let front = Detection { rect: Rect::new(90.0, 110.0, 80.0, 200.0), ..person };
        assert_eq!(chosen(&[person, front], &[]), [1], "the one behind does not show");
    }

    #[test]
    fn a_track_is_looked_for_where_it_should_be_by_now() {
        let moving =
            Wish { velocity: [200.0, 0.0], time: NOW - Duration::from_millis(500), ..wish(100.0, Some(0.6)) };
        let fresh = Wish { refreshed: Some(NOW - Duration::from_millis(100)), ..moving };
        assert_eq!(chosen(&[person(200.0)], &[fresh]), [] as [usize; 0], "the known one, 100 px further");
        assert_eq!(chosen(&[person(100.0)], &[fresh]), [0], "a new one where it was");
    }

    #[test]
    fn a_budget_of_nothing_is_no_plan() {
        let spec = EmbeddingSpec { budget: 0, ..EmbeddingSpec::default() };
        assert!(Plan::new(&spec, &TrackerSettings::default(), &[]).is_none());
    }
}
