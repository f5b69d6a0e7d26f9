//! What is kept of a track: the piece of one person's way that one camera saw.

use ocellus_sdk::prelude::*;

use crate::look::{Look, print};

/// Looks kept beside the newest one.
const MOST_KEPT: usize = 3;
/// Looks more alike than this tell nothing new.
const ALIKE: f32 = 0.92;
/// Steps of the way that are kept.
const MOST_STEPS: usize = 8;
/// Time over which a velocity is measured.
const VELOCITY_US: u64 = 1_300_000;
/// Time over which it is measured how somebody came.
const ENTRY_US: u64 = 1_800_000;
/// The least for one.
const LEAST_US: u64 = 400_000;
/// Slower than this is standing.
const LEAST_WALKING_MPS: f32 = 0.4;
/// Looks after which it is known what a track looks like: the first ones, at the picture's edge, show half of it.
const SETTLED: u32 = 5;
/// How much less like itself a track is once somebody else comes into its looks, which are smoothed.
const DRIFT: f32 = 0.05;
/// What a look adds to how like itself a track usually is.
const USUAL_SHARE: f32 = 0.1;
/// How long a tracker has followed somebody else at most before looks, which are smoothed, show it.
const CUT_US: u64 = 12_000_000;
/// Looks in a row that are less like itself than usual, of a track that may have gone over to somebody else.
const DRIFTING: u32 = 2;
/// Times a track must be seen to count.
const LEAST_SIGHTINGS: u32 = 3;
/// Metres and picture heights further from the origin than this are no places.
const FURTHEST: f32 = 1e6;

/// A camera's handle and a track of it.
pub(crate) type Key = (u32, u64);

/// Where somebody was at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedStep", into = "SavedStep")]
pub(crate) struct Step {
    pub(crate) us: u64,
    /// The foot point in picture heights.
    pub(crate) foot: [f32; 2],
    /// The box's height in picture heights.
    pub(crate) height: f32,
    /// The same on the map in metres, with its standard deviation.
    pub(crate) map: Option<[f32; 3]>,
}

/// A step as a state has it: there are many.
type SavedStep = (u64, [f32; 2], f32, Option<[f32; 3]>);

impl From<SavedStep> for Step {
    fn from((us, foot, height, map): SavedStep) -> Step {
        Step { us, foot, height, map }
    }
}

impl From<Step> for SavedStep {
    fn from(Step { us, foot, height, map }: Step) -> SavedStep {
        (us, foot, height, map)
    }
}

impl Step {
    /// Where a track is in a frame; none for a box that is nowhere.
    pub(crate) fn of(frame: &Frame, track: &TrackView<'_>) -> Option<Step> {
        let aspect = frame.size.width.max(1) as f32 / frame.size.height.max(1) as f32;
        let (foot, height) = (track.foot(), track.rect().height);
        let is_sane = foot.x.abs() <= 10.0 && foot.y.abs() <= 10.0 && (1e-4..=10.0).contains(&height);
        let map = track.ground().and_then(|ground| {
            let sigma = if ground.sigma_m.is_finite() { ground.sigma_m.clamp(0.0, 100.0) } else { 1.0 };
            let is_near = ground.x_m.abs() < FURTHEST && ground.y_m.abs() < FURTHEST;
            is_near.then_some([ground.x_m, ground.y_m, sigma])
        });
        is_sane.then_some(Step { us: frame.time.0, foot: [foot.x * aspect, foot.y], height, map })
    }
}

/// How somebody moves: picture heights and metres a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Motion {
    pub(crate) foot: [f32; 2],
    pub(crate) map: Option<[f32; 2]>,
}

impl Motion {
    fn between(from: &Step, to: &Step) -> Option<Motion> {
        let elapsed_us = to.us.saturating_sub(from.us);
        if elapsed_us < LEAST_US {
            return None;
        }
        let seconds = elapsed_us as f32 / 1e6;
        let way = |a: f32, b: f32| (b - a) / seconds;
        let map = from.map.zip(to.map).map(|([x, y, _], [x2, y2, _])| [way(x, x2), way(y, y2)]);
        Some(Motion { foot: [way(from.foot[0], to.foot[0]), way(from.foot[1], to.foot[1])], map })
    }
}

/// A track, or the part of one since it became somebody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tracklet {
    pub(crate) camera: u32,
    pub(crate) track: u64,
    /// Who it is; nobody yet.
    pub(crate) identity: Option<u64>,
    pub(crate) first: Step,
    pub(crate) last: Step,
    pub(crate) sightings: u32,
    /// The last two seconds, one step a round.
    trail: Vec<Step>,
    /// How it came.
    pub(crate) entry: Option<Motion>,
    /// How it moves now, or left.
    pub(crate) exit: Option<Motion>,
    /// Seconds that it was seen walking, and the mean of its speed in metres a second.
    walked: (f32, f32),
    newest: Option<Look>,
    /// Looks unlike each other, the first one first.
    kept: Vec<Look>,
    print: u32,
    /// Looks in a row that are another's, and when that began.
    pub(crate) odd: u32,
    pub(crate) odd_us: u64,
    /// Looks so far, up to those after which it is known.
    #[serde(default)]
    settled: u32,
    /// How like itself it usually is, as a cosine, and when it last was.
    #[serde(default)]
    usual: f32,
    #[serde(default)]
    own_us: u64,
    /// Looks since then.
    #[serde(default)]
    off: u32,
    /// When it began to be this person, where it is the later part of a track; 0 where it is the first.
    #[serde(default)]
    taken_us: u64,
    /// Its end was cut off: where it ends is where somebody else was.
    pub(crate) is_cut: bool,
    pub(crate) decided_us: u64,
    pub(crate) weighed_us: u64,
    /// The identity that it would rather be, as of the last look at it.
    pub(crate) leaning: Option<u64>,
    /// An operator said who it is.
    pub(crate) is_told: bool,
    /// Who it is not, as an operator said.
    pub(crate) apart: Vec<u64>,
}

impl Tracklet {
    pub(crate) fn new((camera, track): Key, first: Step) -> Tracklet {
        Tracklet {
            camera,
            track,
            identity: None,
            first,
            last: first,
            sightings: 0,
            trail: Vec::new(),
            entry: None,
            exit: None,
            walked: (0.0, 0.0),
            newest: None,
            kept: Vec::new(),
            print: 0,
            odd: 0,
            odd_us: 0,
            settled: 0,
            usual: 1.0,
            own_us: 0,
            off: 0,
            taken_us: 0,
            is_cut: false,
            decided_us: 0,
            weighed_us: 0,
            leaning: None,
            is_told: false,
            apart: Vec::new(),
        }
    }

    pub(crate) fn key(&self) -> Key {
        (self.camera, self.track)
    }

    pub(crate) fn length_us(&self) -> u64 {
        self.last.us.saturating_sub(self.first.us)
    }

    /// Seen often enough to be anybody.
    pub(crate) fn counts(&self) -> bool {
        self.sightings >= LEAST_SIGHTINGS
    }

    /// Seen again.
    pub(crate) fn see(&mut self, step: Step) {
        self.last = step;
        self.sightings = self.sightings.saturating_add(1);
    }

    /// Takes a step of the trail, once a round.
    pub(crate) fn walk(&mut self) {
        let since = self.last.us.saturating_sub(VELOCITY_US);
        let earlier = self.trail.iter().find(|step| step.us >= since);
        if let Some(motion) = earlier.and_then(|earlier| Motion::between(earlier, &self.last)) {
            self.exit = Some(motion);
            let elapsed_s =
                self.trail.last().map_or(0.0, |last| self.last.us.saturating_sub(last.us) as f32 / 1e6);
            let speed = motion.map.map_or(0.0, |[x, y]| x.hypot(y));
            if speed > LEAST_WALKING_MPS {
                let (seconds, mean) = &mut self.walked;
                *seconds = (*seconds + elapsed_s).min(60.0);
                *mean += (speed - *mean) * (elapsed_s / seconds.max(1e-3)).min(1.0);
            }
        }
        if self.length_us() <= ENTRY_US {
            self.entry = Motion::between(&self.first, &self.last).or(self.entry);
        }
        if self.trail.len() >= MOST_STEPS {
            self.trail.remove(0);
        }
        self.trail.push(self.last);
    }

    /// How fast it walks, where it was seen to for long enough.
    pub(crate) fn pace_mps(&self) -> Option<f32> {
        let (seconds, mean) = self.walked;
        (seconds >= 1.0).then_some(mean)
    }

    /// How it came, as far as that is known.
    pub(crate) fn came(&self) -> Option<Motion> {
        self.entry.or(self.exit)
    }

    /// The way is over and no more needed.
    pub(crate) fn forget_trail(&mut self) {
        self.trail = Vec::new();
    }

    /// The steps of the last seconds.
    pub(crate) fn trail(&self) -> &[Step] {
        &self.trail
    }

    /// Where on the map it was at a time within its trail, with the standard deviation.
    pub(crate) fn map_at(&self, us: u64) -> Option<[f32; 3]> {
        let after = self.trail.iter().chain([&self.last]).position(|step| step.us >= us)?;
        let to = self.trail.get(after).unwrap_or(&self.last);
        let from = self.trail.get(after.checked_sub(1)?)?;
        let span_us = to.us.saturating_sub(from.us);
        if span_us == 0 || span_us > 2 * VELOCITY_US {
            return to.map;
        }
        let share = us.saturating_sub(from.us) as f32 / span_us as f32;
        let ([x, y, sigma], [x2, y2, sigma2]) = (from.map?, to.map?);
        Some([x + (x2 - x) * share, y + (y2 - y) * share, sigma.max(sigma2)])
    }

    /// What it looked like, the newest look first.
    pub(crate) fn looks(&self) -> impl Iterator<Item = &Look> {
        self.newest.iter().chain(&self.kept)
    }

    pub(crate) fn has_looks(&self) -> bool {
        self.newest.is_some()
    }

    /// Bytes of its looks.
    pub(crate) fn look_bytes(&self) -> usize {
        self.looks().map(Look::size).sum()
    }

    /// Forgets what it looked like; how many bytes that were.
    pub(crate) fn forget_looks(&mut self) -> usize {
        let bytes = self.look_bytes();
        (self.newest, self.kept) = (None, Vec::new());
        bytes
    }

    /// Looks at it, where its embedding is another one than before; `is_odd` judges a new look beside the first one.
    pub(crate) fn look(&mut self, values: &[f32], is_odd: impl Fn(f32) -> bool) {
        let print = print(values);
        if print == self.print {
            return;
        }
        let Some(look) = Look::of(values) else { return };
        self.print = print;
        if self.settled < SETTLED {
            self.settled += 1;
            self.own_us = self.last.us;
            self.kept = vec![look.clone()];
            self.newest = Some(look);
            return;
        }
        let alike = self.kept.first().and_then(|first| first.cosine(&look));
        let is_odd = alike.is_some_and(is_odd);
        if let Some(cosine) = alike {
            if cosine >= self.usual - DRIFT && !is_odd {
                (self.own_us, self.off) = (self.last.us, 0);
            } else {
                self.off = self.off.saturating_add(1);
            }
            self.usual += (cosine - self.usual) * USUAL_SHARE;
        }
        if is_odd {
            if self.odd == 0 {
                self.odd_us = self.last.us;
            }
            self.odd += 1;
            self.newest = Some(look);
            return;
        }
        self.odd = 0;
        self.keep(&look);
        self.newest = Some(look);
    }

    /// What seemed to be another's is its own: people turn round.
    pub(crate) fn accept(&mut self) {
        (self.odd, self.off, self.own_us) = (0, 0, self.last.us);
        if let Some(look) = self.newest.clone() {
            self.keep(&look);
        }
    }

    /// Its newest look.
    pub(crate) fn newest(&self) -> Option<&Look> {
        self.newest.as_ref()
    }

    /// The look by which it is known, and others are judged.
    pub(crate) fn oldest(&self) -> Option<&Look> {
        self.kept.first()
    }

    /// Keeps a look that is unlike the others; where there are enough, it takes the place of the one most like another.
    fn keep(&mut self, look: &Look) {
        let alike = |a: &Look, b: &Look| a.cosine(b).unwrap_or(-1.0);
        let nearest = |index: usize, kept: &[Look]| {
            let others = kept.iter().enumerate().filter(|(other, _)| *other != index);
            others.map(|(_, other)| alike(&kept[index], other)).fold(-1.0, f32::max)
        };
        let new = self.kept.iter().map(|kept| alike(kept, look)).fold(-1.0, f32::max);
        if new >= ALIKE {
            return;
        }
        if self.kept.len() < MOST_KEPT {
            self.kept.push(look.clone());
            return;
        }
        // The first one stays: what comes later is judged by it.
        let places = (1..self.kept.len()).map(|index| (index, nearest(index, &self.kept)));
        if let Some((index, worst)) = places.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            && worst > new
        {
            self.kept[index] = look.clone();
        }
    }

    /// When it began to be who it is.
    pub(crate) fn since_us(&self) -> u64 {
        if self.taken_us > 0 { self.taken_us } else { self.first.us }
    }

    /// Whether it is less and less like itself.
    pub(crate) fn drifts(&self) -> bool {
        self.off >= DRIFTING && !self.is_cut
    }

    /// When somebody else began to come into its looks.
    pub(crate) fn lost_us(&self) -> u64 {
        self.own_us.max(self.last.us.saturating_sub(CUT_US)).clamp(self.first.us, self.last.us)
    }

    /// Cuts off the part since it began to look like another; that part is nobody yet.
    pub(crate) fn cut(&mut self) -> Tracklet {
        let lost_us = self.lost_us();
        // Where it was then may be forgotten: what is known of the part begins a little later.
        let begin = self.trail.iter().find(|step| step.us >= lost_us).copied().unwrap_or(self.last);
        let mut part = Tracklet::new(self.key(), begin);
        part.taken_us = lost_us;
        part.last = self.last;
        part.sightings = LEAST_SIGHTINGS;
        part.print = self.print;
        part.exit = self.exit;
        part.walked = self.walked;
        part.trail = self.trail.iter().filter(|step| step.us >= begin.us).copied().collect();
        part.newest = self.newest.take();
        part.kept = part.newest.iter().cloned().collect();
        self.last = Step { us: lost_us, ..self.last };
        self.is_cut = true;
        self.trail = Vec::new();
        // Later looks may be of both.
        self.kept.truncate(1);
        self.newest = self.kept.first().cloned();
        (self.odd, self.off) = (0, 0);
        part
    }
}
