//! What holds for every tracker.

use ocellus_core::tracker::{
    Association, BotSortSettings, ByteTrackSettings, CameraMotion, DeepSortSettings, MotionModel, Observed,
    Tracker, TrackerKind, TrackerSettings,
};
use ocellus_core::{Detection, Rect, TimeUs, TrackState};

use crate::support::{Random, detection};

fn all() -> impl Iterator<Item = (TrackerKind, TrackerSettings)> {
    TrackerKind::ALL.into_iter().map(|kind| (kind, TrackerSettings::default_of(kind)))
}

/// All with this many tracks at most.
fn with_most(kind: TrackerKind, most: u32) -> TrackerSettings {
    let mut settings = TrackerSettings::default_of(kind);
    match &mut settings {
        TrackerSettings::ByteTrack(settings) => settings.max_tracks = most,
        TrackerSettings::BotSort(settings) => settings.max_tracks = most,
        TrackerSettings::DeepSort(settings) => settings.max_tracks = most,
    }
    settings
}

fn at(frame: u32) -> TimeUs {
    TimeUs(u64::from(frame) * 33_333)
}

/// A number that a broken model might give.
fn odd(random: &mut Random) -> f32 {
    match random.below(12) {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        3 => 1e30,
        4 => -1e9,
        5 => 0.0,
        6 => f32::MIN_POSITIVE,
        _ => random.between(-200.0, 2_000.0),
    }
}

#[test]
fn nothing_that_is_shown_breaks_a_tracker() {
    for (kind, settings) in all() {
        let mut random = Random::new(31);
        let mut tracker = Tracker::new(settings).unwrap();
        let (mut time, mut last_id) = (10_000_000_u64, 0);
        for frame in 0..1_500 {
            let mut draw = || {
                let rect = Rect::new(odd(&mut random), odd(&mut random), odd(&mut random), odd(&mut random));
                let near = Rect::new(
                    random.between(0.0, 300.0),
                    random.between(0.0, 200.0),
                    random.between(5.0, 90.0),
                    random.between(5.0, 90.0),
                );
                let rect = if random.below(3) == 0 { rect } else { near };
                let confidence = if random.below(20) == 0 { f32::NAN } else { random.between(0.0, 1.0) };
                Detection { rect, class: random.below(3) as u32, confidence }
            };
            let detections: Vec<Detection> = (0..25).map(|_| draw()).collect();
            let looks: Vec<Vec<f32>> = (0..random.below(30))
                .map(|_| {
                    (0..[0, 1, 4, 4, 4, 7][random.below(6) as usize]).map(|_| odd(&mut random)).collect()
                })
                .collect();
            let looks: Vec<Option<&[f32]>> =
                looks.iter().map(|look| (look.len() != 1).then_some(look.as_slice())).collect();
            let rows = std::array::from_fn(|_| std::array::from_fn(|_| odd(&mut random) / 100.0));
            let motion = (random.below(4) == 0).then(|| CameraMotion::new(rows));
            time = match random.below(50) {
                0 => time.saturating_sub(3_000_000),
                1 => time + 4_000_000_000,
                2..5 => time,
                _ => time + random.below(100_000),
            };
            let observed = Observed::new(TimeUs(time), &detections);
            let seen = tracker.update(&observed.with_embeddings(&looks).with_camera_motion(motion));

            assert_eq!(seen.tracks.len(), seen.seen_as.len());
            assert!(seen.tracks.windows(2).all(|pair| pair[0].id < pair[1].id), "{kind} {frame}");
            let mut used: Vec<usize> = seen.seen_as.iter().copied().flatten().collect();
            used.sort_unstable();
            assert!(
                used.windows(2).all(|pair| pair[0] < pair[1]),
                "{kind} {frame}: one detection, two tracks"
            );
            for (track, seen_as) in seen.iter() {
                assert!(track.rect.is_finite(), "{kind} {frame}: {track:?}");
                assert_eq!(seen_as.is_none(), track.state == TrackState::Lost, "{kind} {frame}: {track:?}");
                let found = seen_as.map(|index| detections[index]);
                assert!(found.is_none_or(|found| found.rect.is_finite() && found.rect.width > 0.0));
            }
            let newest = seen.tracks.last().map_or(0, |track| track.id);
            assert!(newest <= tracker.last_id() && last_id <= tracker.last_id(), "{kind} {frame}");
            last_id = tracker.last_id();
        }
        assert!(last_id > 100, "{kind} followed something");
    }
}

#[test]
fn ten_thousand_detections_are_bounded_and_counted() {
    let crowd: Vec<Detection> = (0..10_000_u16)
        .map(|i| detection(f32::from(i % 100) * 60.0, f32::from(i / 100) * 110.0, 0.75 + f32::from(i) * 2e-5))
        .collect();
    let look = [0.6_f32, 0.8];
    let looks = vec![Some(&look[..]); crowd.len()];
    for kind in TrackerKind::ALL {
        let mut tracker = Tracker::new(with_most(kind, 200)).unwrap();
        for frame in 0..5 {
            let seen = tracker.update(&Observed::new(at(frame), &crowd).with_embeddings(&looks));
            assert_eq!(seen.tracks.len(), 200, "{kind}");
            // The most confident stay, and are told by where the caller has them.
            assert!(seen.seen_as.iter().all(|index| index.is_some_and(|index| index >= 9_800)), "{kind}");
        }
        assert_eq!(tracker.ignored().surplus_detections, 5 * 9_800, "{kind}");
    }
}

#[test]
fn the_same_frames_give_the_same_tracks_bit_for_bit() {
    for (kind, settings) in all() {
        let run = || -> String {
            let mut tracker = Tracker::new(settings.clone()).unwrap();
            let mut random = Random::new(78);
            let mut told = String::new();
            for frame in 0..150 {
                let mut draw = |_| {
                    let (x, y) = (random.between(0.0, 300.0), random.between(0.0, 200.0));
                    detection(x.round(), y.round(), random.between(0.0, 1.0))
                };
                let detections: Vec<Detection> = (0..20).map(&mut draw).collect();
                let looks: Vec<Vec<f32>> =
                    (0..20).map(|_| (0..9).map(|_| random.between(-1.0, 1.0)).collect()).collect();
                let looks: Vec<Option<&[f32]>> = looks.iter().map(|look| Some(look.as_slice())).collect();
                let seen = tracker.update(&Observed::new(at(frame), &detections).with_embeddings(&looks));
                told.push_str(&format!("{seen:?}"));
            }
            told
        };
        assert_eq!(run(), run(), "{kind}");
    }
}

#[test]
fn what_a_track_was_seen_as_is_told_by_the_callers_list() {
    let unusable = Detection { rect: Rect::new(0.0, 0.0, 0.0, 0.0), class: 0, confidence: 0.9 };
    for (kind, settings) in all() {
        let mut tracker = Tracker::new(settings).unwrap();
        for frame in 0..4 {
            let both = [unusable, detection(400.0, 0.0, 0.9), unusable, detection(0.0, 0.0, 0.8)];
            tracker.update(&Observed::new(at(frame), &both));
        }
        let swapped = [detection(0.0, 0.0, 0.8), unusable, detection(400.0, 0.0, 0.9)];
        let seen = tracker.update(&Observed::new(at(4), &swapped));
        let pairs: Vec<(u64, f32, Option<usize>)> =
            seen.iter().map(|(track, index)| (track.id, track.rect.x, index)).collect();
        assert_eq!(pairs, [(1, 400.0, Some(2)), (2, 0.0, Some(0))], "{kind}");
        let seen = tracker.update(&Observed::new(at(5), &swapped[..1]));
        assert_eq!(seen.seen_as, [None, Some(0)], "{kind}");
    }
}

#[test]
fn a_track_that_was_away_for_most_of_an_hour_is_still_a_track() {
    for kind in TrackerKind::ALL {
        let mut settings = TrackerSettings::default_of(kind);
        match &mut settings {
            TrackerSettings::ByteTrack(settings) => settings.track_buffer = 108_000,
            TrackerSettings::BotSort(settings) => settings.track_buffer = 108_000,
            TrackerSettings::DeepSort(settings) => settings.track_buffer = 108_000,
        }
        for rect in [Rect::new(200.0, 100.0, 50.0, 100.0), Rect::new(-4e6, -4e6, 8e6, 8e6)] {
            let parked = [Detection { rect, class: 0, confidence: 0.9 }];
            let mut tracker = Tracker::new(settings.clone()).unwrap();
            for frame in 0..30 {
                tracker.update(&Observed::new(at(frame), &parked));
            }
            for second in 0..3_500 {
                let seen = tracker.update(&Observed::new(TimeUs(1_000_000 * (second + 1)), &[]));
                assert!(seen.tracks.iter().all(|track| track.rect.is_finite()), "{kind} {second}");
            }
            for frame in 0..5 {
                let time = TimeUs(3_501_000_000) + std::time::Duration::from_millis(33 * frame);
                let seen = tracker.update(&Observed::new(time, &parked));
                assert!(seen.tracks.iter().all(|track| track.rect.is_finite()), "{kind}");
                assert_eq!((seen.tracks[0].id, seen.seen_as[0]), (1, Some(0)), "{kind} {rect:?}");
            }
        }
    }
}

#[test]
fn a_pan_that_is_told_does_not_break_tracks() {
    let pan = CameraMotion::new([[1.0, 0.0, -70.0], [0.0, 1.0, 0.0]]);
    for (kind, settings) in all() {
        let run = |motion: Option<CameraMotion>| {
            let mut tracker = Tracker::new(settings.clone()).unwrap();
            let mut last = 0;
            for frame in 0..12_u8 {
                let shift = 70.0 * f32::from(frame.saturating_sub(5));
                let people: Vec<Detection> = (0..6_u8)
                    .map(|i| detection(800.0 - shift + f32::from(i) * 83.0, 40.0 * f32::from(i % 2), 0.9))
                    .collect();
                let motion = motion.filter(|_| frame > 5);
                let seen =
                    tracker.update(&Observed::new(at(frame.into()), &people).with_camera_motion(motion));
                assert!(seen.tracks.iter().all(|track| track.rect.is_finite()));
                last = tracker.last_id();
            }
            last
        };
        assert_eq!(run(Some(pan)), 6, "{kind}");
        assert_eq!(run(Some(CameraMotion::new([[f32::NAN; 3]; 2]))), run(None), "{kind}");
    }
}

/// Two who stand close together and change places between two frames. Returns the ids that the two detections had
/// before, and have after.
fn change_of_places(settings: TrackerSettings, looks: [Option<&[f32]>; 2]) -> [[u64; 2]; 2] {
    let mut tracker = Tracker::new(settings).unwrap();
    let mut ids = Vec::new();
    for frame in 0..11 {
        let (first, second) = if frame < 10 { (400.0, 414.0) } else { (416.0, 398.0) };
        let both = [detection(first, 0.0, 0.9), detection(second, 0.0, 0.9)];
        let seen = tracker.update(&Observed::new(at(frame), &both).with_embeddings(&looks));
        let id_of = |index| seen.iter().find(|(_, was)| *was == Some(index)).map_or(0, |(track, _)| track.id);
        ids.push([id_of(0), id_of(1)]);
    }
    [ids[9], ids[10]]
}

#[test]
fn looks_tell_apart_who_motion_alone_mistakes() {
    let (red, blue) = ([1.0, 0.1, 0.0], [0.0, 0.1, 1.0]);
    for settings in [TrackerSettings::from(BotSortSettings::default()), DeepSortSettings::default().into()] {
        let kind = settings.kind();
        let [before, after] = change_of_places(settings.clone(), [Some(&red), Some(&blue)]);
        assert_eq!(before, after, "{kind} with looks");
        // Unknown, or of no use: by motion alone.
        for looks in [[None, None], [Some(&[f32::NAN; 3][..]), Some(&[])]] {
            let [before, after] = change_of_places(settings.clone(), looks);
            assert_eq!(before, [after[1], after[0]], "{kind} with {looks:?}");
        }
    }
}

#[test]
fn embeddings_of_no_use_are_counted_by_those_who_look() {
    let seen = [detection(0.0, 0.0, 0.9), detection(300.0, 0.0, 0.9), detection(600.0, 0.0, 0.9)];
    let looks: [Option<&[f32]>; 3] = [Some(&[1.0, 0.0]), Some(&[1.0, 0.0, 0.0]), Some(&[f32::NAN, 0.0])];
    for (kind, settings) in all() {
        let mut tracker = Tracker::new(settings).unwrap();
        tracker.update(&Observed::new(at(0), &seen).with_embeddings(&looks));
        let expected = if kind == TrackerKind::ByteTrack { 0 } else { 2 };
        assert_eq!(tracker.ignored().unusable_embeddings, expected, "{kind}");
    }
}

#[test]
fn deepsort_believes_after_so_many_sightings_in_a_row() {
    let mut tracker = Tracker::new(DeepSortSettings::default()).unwrap();
    let seen = [detection(0.0, 0.0, 0.9)];
    let states: Vec<TrackState> =
        (0..4).map(|frame| tracker.update(&Observed::new(at(frame), &seen)).tracks[0].state).collect();
    use TrackState::{Confirmed, Tentative};
    assert_eq!(states, [Tentative, Confirmed, Confirmed, Confirmed]);
    let mut tracker = Tracker::new(DeepSortSettings { n_init: 1, ..Default::default() }).unwrap();
    assert_eq!(tracker.update(&Observed::new(at(0), &seen)).tracks[0].state, Confirmed);
    let mut tracker = Tracker::new(DeepSortSettings { n_init: 3, ..Default::default() }).unwrap();
    let third = (0..3).map(|frame| tracker.update(&Observed::new(at(frame), &seen)).tracks[0].state);
    assert_eq!(third.collect::<Vec<_>>(), [Tentative, Tentative, Confirmed]);
}

/// Four who walk apart from each other, where they are in a frame: two turn back every ten frames.
fn walkers(frame: u32) -> Vec<Detection> {
    let (there, back) = (frame as f32 * 4.0, (frame % 20).min(20 - frame % 20) as f32 * 6.0);
    [(there, 0.0), (900.0 - there, 150.0), (back, 300.0), (500.0 - back, 450.0)]
        .map(|(x, y)| detection(x, y, 0.9))
        .to_vec()
}

/// The largest distance, in pixels, of a track's box from the exact box that it was seen as, once the trackers know
/// how exact boxes are.
fn lag(settings: ByteTrackSettings) -> f32 {
    let mut tracker = Tracker::new(settings).unwrap();
    let mut most = 0.0_f32;
    for frame in 0..400 {
        let seen = walkers(frame % 100);
        for (track, seen_as) in tracker.update(&Observed::new(at(frame), &seen)).iter() {
            let found = seen_as.filter(|_| frame >= 300).map(|index| seen[index].rect.x - track.rect.x);
            most = most.max(found.unwrap_or_default().abs());
        }
    }
    most
}

#[test]
fn bytetrack_follows_exact_boxes_exactly_where_it_learns_and_lags_by_the_paper() {
    let learnt = lag(ByteTrackSettings::default());
    let paper = lag(ByteTrackSettings { motion: MotionModel::Paper, ..Default::default() });
    assert!(learnt < 2.0 && paper > 2.0 * learnt, "{learnt} px, by the paper {paper} px");
}

#[test]
fn the_reference_ports_association_goes_by_the_paper_whatever_the_motion_model() {
    let run = |motion: MotionModel| -> String {
        let association = Association::LastBox;
        let mut tracker =
            Tracker::new(ByteTrackSettings { association, motion, ..Default::default() }).unwrap();
        (0..80)
            .map(|frame| format!("{:?}", tracker.update(&Observed::new(at(frame), &walkers(frame)))))
            .collect()
    };
    assert_eq!(run(MotionModel::Learnt), run(MotionModel::Paper));
}

/// Two people before a camera that jumps to and fro by two fifths of their width, four frames to each side, in a frame. The
/// model of their motion is sure of each jump but those that turn.
fn before_a_jumping_camera(frame: u32) -> Vec<Detection> {
    let across = (frame % 8).abs_diff(4) as f32 * 60.0;
    [300.0, 700.0]
        .map(|x| Detection { rect: Rect::new(x - across, 90.0, 150.0, 280.0), class: 0, confidence: 0.9 })
        .to_vec()
}

#[test]
fn a_camera_that_jumps_to_and_fro_makes_no_new_people() {
    for kind in TrackerKind::ALL {
        let mut tracker = Tracker::new(TrackerSettings::default_of(kind).at_rate(10.0)).unwrap();
        for frame in 0..200_u32 {
            let time = TimeUs(u64::from(frame) * 100_000);
            let seen = before_a_jumping_camera(frame);
            let tracked = tracker.update(&Observed::new(time, &seen));
            let ids: Vec<u64> = tracked.tracks.iter().map(|track| track.id).collect();
            assert_eq!(ids, [1, 2], "{kind}, frame {frame}");
        }
    }
}

#[test]
fn somebody_who_steps_before_a_car_that_is_missed_once_is_not_the_car() {
    let car = Detection { rect: Rect::new(300.0, 300.0, 100.0, 60.0), class: 2, confidence: 0.9 };
    let walker = Detection { rect: Rect::new(340.0, 290.0, 20.0, 70.0), class: 0, confidence: 0.9 };
    for (kind, settings) in all() {
        let mut tracker = Tracker::new(settings).unwrap();
        for frame in 0..10 {
            tracker.update(&Observed::new(at(frame), &[car]));
        }
        let tracked = tracker.update(&Observed::new(at(10), &[walker]));
        let who = tracked.iter().find(|(_, seen_as)| *seen_as == Some(0)).map(|(track, _)| track.id);
        assert_eq!(who, Some(2), "{kind}");
        let tracked = tracker.update(&Observed::new(at(11), &[car, walker]));
        let ids: Vec<u64> = tracked.tracks.iter().map(|track| track.id).collect();
        assert_eq!((ids, tracked.seen_as), (vec![1, 2], &[Some(0), Some(1)][..]), "{kind}");
    }
}
