//! Where a camera's tracks stand on the ground.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Calibration, Covariance, GroundFilter, GroundState};
use crate::geometry::{GroundPoint, Size};
use crate::time::TimeUs;
use crate::track::{Ground, Track, TrackState};

/// How far off a box's bottom edge is, as a share of the box's height, one standard deviation.
const FOOT_SHARE: f64 = 0.03;
/// How far off its middle is, as a share of the box's width.
const MIDDLE_SHARE: f64 = 0.03;
/// The least of both, as a share of the picture's height.
const LEAST: f64 = 0.001;
/// How much less is known of the foot of a box that the picture's edge cuts and has cut for long.
const CUT: f64 = 40.0;
/// Seconds for which a box that the edge cuts says nothing: one that walks out keeps its speed, and one that stays
/// there comes to rest in the end.
const CUT_S: f64 = 1.0;
/// A box is cut within so many pixels of the edge, or of its own standard deviations, whichever is more: what the
/// tracker says of a box that grows and then is cut swings to and fro about the edge, and one taken for whole stands
/// still while the vehicle drives on.
const EDGE_PX: f64 = 2.0;
const EDGE_SIGMAS: f64 = 2.0;

/// How far over the ground the lowest part of a vehicle's front and rear is, in metres: the bumper, which its box ends
/// at, hides ground that lies further away. From 9 m above that makes a car 2 % too fast.
const BUMPER_M: f64 = 0.2;
/// What has bumpers, as models name it.
const WITH_BUMPERS: [&str; 4] = ["car", "truck", "bus", "van"];

/// How far over the ground the lower edge of boxes of a class is, in metres.
#[must_use]
pub fn clearance_m(class: &str) -> f64 {
    if WITH_BUMPERS.contains(&class) { BUMPER_M } else { 0.0 }
}

/// The ground under one camera's tracks.
#[derive(Debug)]
pub struct GroundTracks {
    calibration: Arc<Calibration>,
    /// Of each class, how far over the ground the lower edge of its boxes is, in metres.
    clearances: Vec<f64>,
    placed: BTreeMap<u64, Placed>,
}

/// What is known of a track's place.
#[derive(Debug, Clone)]
struct Placed {
    filter: GroundFilter,
    /// When its box was last seen whole.
    whole_s: f64,
}

/// Where a box stands.
struct Foot {
    place: GroundPoint,
    error: Covariance,
    is_cut: bool,
}

impl GroundTracks {
    /// No track is placed yet. `classes` are the names of the classes that tracks have.
    #[must_use]
    pub fn new(calibration: Arc<Calibration>, classes: &[String]) -> GroundTracks {
        let clearances = classes.iter().map(|class| clearance_m(class)).collect();
        GroundTracks { calibration, clearances, placed: BTreeMap::new() }
    }

    /// Says of each track where it stands. A track that is not in `tracks` is forgotten.
    pub fn place(&mut self, time: TimeUs, size: Size, tracks: &mut [Track]) {
        let mut former = std::mem::take(&mut self.placed);
        for track in tracks {
            let before = former.remove(&track.id);
            let Some(placed) = self.seen(time, size, track, before) else { continue };
            track.ground = Some(ground(&placed.filter.state()));
            self.placed.insert(track.id, placed);
        }
    }

    /// Its place after this frame; none of a track that was never seen on the ground.
    fn seen(&self, time: TimeUs, size: Size, track: &Track, former: Option<Placed>) -> Option<Placed> {
        let time_s = time.0 as f64 / 1e6;
        let foot = match track.state {
            // Its box is a prediction, which is no measurement.
            TrackState::Lost => None,
            TrackState::Tentative | TrackState::Confirmed => self.measure(size, track),
        };
        let Some(mut placed) = former else {
            let Foot { place, error, .. } = foot?;
            return Some(Placed { filter: GroundFilter::new(time_s, place, error), whole_s: time_s });
        };
        let told = foot.filter(|foot| !foot.is_cut || time_s - placed.whole_s > CUT_S);
        match told {
            Some(Foot { place, error, is_cut }) => {
                placed.filter.see(time_s, place, error);
                if !is_cut {
                    placed.whole_s = time_s;
                }
            }
            None => placed.filter.pass(time_s),
        }
        Some(placed)
    }

    fn measure(&self, size: Size, track: &Track) -> Option<Foot> {
        let (rect, foot) = (&track.rect, track.rect.foot());
        let height = f64::from(size.height);
        let least = LEAST * height;
        let width = f64::from(size.width);
        let across = (MIDDLE_SHARE * f64::from(rect.width)).max(least);
        let down = (FOOT_SHARE * f64::from(rect.height)).max(least);
        let near = |error: f64| EDGE_PX.max(EDGE_SIGMAS * error);
        let is_cut_below = f64::from(rect.bottom()) > height - near(down);
        let is_cut_beside =
            f64::from(rect.x) < near(across) || f64::from(rect.right()) > width - near(across);
        let doubt = |is_cut| if is_cut { CUT } else { 1.0 };
        let (across, down) = (across * doubt(is_cut_beside), down * doubt(is_cut_below));
        let noise = Covariance::of_sigmas(across, down);
        let (seen, error) = self.calibration.locate([foot.x.into(), foot.y.into()], noise, size)?;
        let class = usize::try_from(track.class).unwrap_or(usize::MAX);
        let place = self.calibration.under(seen, self.clearances.get(class).copied().unwrap_or_default());
        Some(Foot { place, error, is_cut: is_cut_below || is_cut_beside })
    }
}

fn ground(state: &GroundState) -> Ground {
    Ground {
        position_m: [state.place.x_m as f32, state.place.y_m as f32],
        velocity_mps: state.velocity_mps.map(|velocity| velocity.map(|mps| mps as f32)),
        sigma_m: state.sigma_m as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Homography;
    use super::*;
    use crate::geometry::Rect;

    const SIZE: Size = Size::new(1000, 1000);

    /// A picture of 100 m by 100 m, straight from above.
    fn from_above() -> GroundTracks {
        let homography = Homography::new([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 1.0]], [500.0, 500.0]);
        GroundTracks::new(Arc::new(Calibration::from_homography(SIZE, None, homography.unwrap(), 0.5)), &[])
    }

    fn track(id: u64, foot: [f32; 2], state: TrackState) -> Track {
        let rect = Rect::new(foot[0] - 10.0, foot[1] - 40.0, 20.0, 40.0);
        Track { id, class: 0, confidence: 0.9, state, rect, first_seen: TimeUs(0), ground: None }
    }

    #[test]
    fn a_track_that_moves_gets_a_place_and_after_some_frames_a_speed() {
        let mut ground = from_above();
        let mut told = Vec::new();
        for frame in 0..50_u16 {
            // 5 m/s to the right, ten frames a second.
            let mut tracks = [track(7, [100.0 + 5.0 * f32::from(frame), 500.0], TrackState::Confirmed)];
            ground.place(TimeUs(u64::from(frame) * 100_000), SIZE, &mut tracks);
            told.push(tracks[0].ground.unwrap());
        }
        assert_eq!(told[..4].iter().filter(|ground| ground.velocity_mps.is_some()).count(), 0);
        let last = told[49];
        let [vx, vy] = last.velocity_mps.unwrap();
        assert!((vx - 5.0).abs() < 0.2 && vy.abs() < 0.1, "{last:?}");
        assert!((last.position_m[0] - 34.5).abs() < 0.2 && last.sigma_m < 0.2, "{last:?}");
    }

    #[test]
    fn a_lost_track_moves_on_and_one_that_is_gone_is_forgotten() {
        let mut ground = from_above();
        for frame in 0..20_u16 {
            let mut tracks = [track(1, [100.0 + 5.0 * f32::from(frame), 500.0], TrackState::Confirmed)];
            ground.place(TimeUs(u64::from(frame) * 100_000), SIZE, &mut tracks);
        }
        let mut lost = [track(1, [900.0, 900.0], TrackState::Lost)];
        ground.place(TimeUs(2_500_000), SIZE, &mut lost);
        let [x, y] = lost[0].ground.unwrap().position_m;
        assert!(
            (x - 22.5).abs() < 0.5 && (y - 50.0).abs() < 0.2,
            "the box of a lost track is no place: {x} {y}"
        );
        ground.place(TimeUs(2_600_000), SIZE, &mut []);
        assert!(ground.placed.is_empty());
    }

    #[test]
    fn a_box_that_the_edge_cuts_says_little() {
        let mut ground = from_above();
        for frame in 0..30_u16 {
            let mut tracks = [track(1, [500.0, 900.0 + 3.0 * f32::from(frame)], TrackState::Confirmed)];
            ground.place(TimeUs(u64::from(frame) * 100_000), SIZE, &mut tracks);
        }
        // Its foot is out of the picture: the box stops at the edge, the person does not.
        for frame in 30..40_u64 {
            let mut tracks = [track(1, [500.0, 1000.0], TrackState::Confirmed)];
            ground.place(TimeUs(frame * 100_000), SIZE, &mut tracks);
            // It keeps its speed until nobody can know any more.
            let velocity = tracks[0].ground.unwrap().velocity_mps;
            assert!(velocity.is_none_or(|[_, vy]| vy > 2.0), "{velocity:?}");
            assert!(velocity.is_some() || frame > 35, "{frame}");
        }
    }

    #[test]
    fn a_box_that_grows_into_the_picture_and_lags_behind_its_edge_does_not_stand_still() {
        let mut ground = from_above();
        let mut told = 0;
        for frame in 0..40_u16 {
            // Upwards at 20 m/s, 300 px high: until frame 20 the foot is below the picture, and the tracker is off where
            // the box ends.
            let top = 900.0 - 10.0 * f32::from(frame);
            let off = [0.03, 0.01, 0.05, 0.02][usize::from(frame) % 4] * (1000.0 - top);
            let bottom = (top + 300.0).min(1000.0 - off);
            let rect = Rect::new(400.0, top, 80.0, bottom - top);
            let mut tracks = [Track { rect, ..track(1, [0.0; 2], TrackState::Confirmed) }];
            ground.place(TimeUs(u64::from(frame) * 50_000), SIZE, &mut tracks);
            if let Some([_, vy]) = tracks[0].ground.and_then(|ground| ground.velocity_mps) {
                assert!(frame > 20 && vy < -12.0, "frame {frame}: {vy} m/s");
                told += 1;
            }
        }
        assert!(told > 5, "{told}");
    }

    #[test]
    fn the_sky_is_nowhere() {
        let road =
            Homography::new([[1.0, 0.0, -500.0], [0.0, 0.0, 5000.0], [0.0, 1.0, -300.0]], [500.0, 900.0]);
        let calibration = Calibration::from_homography(SIZE, None, road.unwrap(), 1.0);
        let mut ground = GroundTracks::new(Arc::new(calibration), &[]);
        let mut tracks = [track(1, [500.0, 100.0], TrackState::Confirmed)];
        ground.place(TimeUs(0), SIZE, &mut tracks);
        assert_eq!(tracks[0].ground, None);
    }
}
