//! Where a camera's tracks stand on the ground.

use std::collections::BTreeMap;
use std::sync::Arc;

use ocellus_core::calibration::{Calibration, Covariance, GroundFilter, GroundState};
use ocellus_core::{Ground, Size, TimeUs, Track, TrackState};

/// How far off a box's bottom edge is, as a share of the box's height, one standard deviation.
const FOOT_SHARE: f64 = 0.03;
/// How far off its middle is, as a share of the box's width.
const MIDDLE_SHARE: f64 = 0.03;
/// The least of both, as a share of the picture's height.
const LEAST: f64 = 0.001;
/// How much less is known of the foot of a box that the picture's edge cuts: enough that one which walks out keeps
/// its speed for a second, and one that stays there comes to rest in the end.
const CUT: f64 = 40.0;
/// Pixels from the edge within which a box is cut.
const EDGE_PX: f64 = 2.0;

/// The ground under one camera's tracks.
#[derive(Debug)]
pub(crate) struct GroundTracks {
    calibration: Arc<Calibration>,
    filters: BTreeMap<u64, GroundFilter>,
}

impl GroundTracks {
    pub(crate) fn new(calibration: Arc<Calibration>) -> GroundTracks {
        GroundTracks { calibration, filters: BTreeMap::new() }
    }

    /// Says of each track where it stands. A track that is not in `tracks` is forgotten.
    pub(crate) fn place(&mut self, time: TimeUs, size: Size, tracks: &mut [Track]) {
        let mut former = std::mem::take(&mut self.filters);
        for track in tracks {
            let filter = former.remove(&track.id);
            let Some(filter) = self.seen(time, size, track, filter) else { continue };
            track.ground = Some(ground(&filter.state()));
            self.filters.insert(track.id, filter);
        }
    }

    /// Its filter, after this frame; none of a track that was never seen on the ground.
    fn seen(
        &self,
        time: TimeUs,
        size: Size,
        track: &Track,
        former: Option<GroundFilter>,
    ) -> Option<GroundFilter> {
        let time_s = time.0 as f64 / 1e6;
        let measured = match track.state {
            // Its box is a prediction, which is no measurement.
            TrackState::Lost => None,
            TrackState::Tentative | TrackState::Confirmed => self.measure(size, track),
        };
        match (former, measured) {
            (Some(mut filter), Some((place, error))) => {
                filter.see(time_s, place, error);
                Some(filter)
            }
            (Some(mut filter), None) => {
                filter.pass(time_s);
                Some(filter)
            }
            (None, Some((place, error))) => Some(GroundFilter::new(time_s, place, error)),
            (None, None) => None,
        }
    }

    fn measure(&self, size: Size, track: &Track) -> Option<(ocellus_core::GroundPoint, Covariance)> {
        let (rect, foot) = (&track.rect, track.rect.foot());
        let height = f64::from(size.height);
        let least = LEAST * height;
        let is_cut = f64::from(rect.bottom()) > height - EDGE_PX;
        let doubt = if is_cut { CUT } else { 1.0 };
        let across = (MIDDLE_SHARE * f64::from(rect.width)).max(least);
        let down = (FOOT_SHARE * f64::from(rect.height)).max(least) * doubt;
        let noise = Covariance::of_sigmas(across, down);
        self.calibration.locate([foot.x.into(), foot.y.into()], noise, size)
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
    use ocellus_core::Rect;
    use ocellus_core::calibration::Homography;

    use super::*;

    const SIZE: Size = Size::new(1000, 1000);

    /// A picture of 100 m by 100 m, straight from above.
    fn from_above() -> GroundTracks {
        let homography = Homography::new([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 1.0]], [500.0, 500.0]);
        GroundTracks::new(Arc::new(Calibration::from_homography(SIZE, None, homography.unwrap(), 0.5)))
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
        assert!(ground.filters.is_empty());
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
            let [_, vy] = tracks[0].ground.unwrap().velocity_mps.unwrap();
            assert!(vy > 2.0, "{vy}");
        }
    }

    #[test]
    fn the_sky_is_nowhere() {
        let road =
            Homography::new([[1.0, 0.0, -500.0], [0.0, 0.0, 5000.0], [0.0, 1.0, -300.0]], [500.0, 900.0]);
        let calibration = Calibration::from_homography(SIZE, None, road.unwrap(), 1.0);
        let mut ground = GroundTracks::new(Arc::new(calibration));
        let mut tracks = [track(1, [500.0, 100.0], TrackState::Confirmed)];
        ground.place(TimeUs(0), SIZE, &mut tracks);
        assert_eq!(tracks[0].ground, None);
    }
}
