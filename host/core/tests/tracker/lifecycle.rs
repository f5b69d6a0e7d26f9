//! How tracks come, stay and go.

use ocellus_core::tracker::{Association, ByteTrackSettings, ClassMatching, Observed, Tracker};
use ocellus_core::{Detection, Rect, TimeUs, Track, TrackState};

use crate::support::{Random, Run, detection, seconds};

fn at_rate(frame_rate: f32) -> ByteTrackSettings {
    ByteTrackSettings { frame_rate, ..Default::default() }
}

fn ids(tracks: &[Track], state: TrackState) -> Vec<u64> {
    tracks.iter().filter(|track| track.state == state).map(|track| track.id).collect()
}

#[test]
fn bad_settings_make_no_tracker() {
    let error = Tracker::new(at_rate(0.0)).unwrap_err();
    assert_eq!(error.to_string(), "frame_rate is 0: use a number from 0.001 to 1000");
}

#[test]
fn objects_of_the_first_frame_are_believed_at_once_and_later_ones_on_second_sight() {
    let mut run = Run::new(at_rate(30.0));
    let tracks = run.see(&[detection(0.0, 0.0, 0.9)]);
    assert_eq!(ids(&tracks, TrackState::Confirmed), [1]);
    let both = [detection(0.0, 0.0, 0.9), detection(500.0, 0.0, 0.9)];
    let tracks = run.see(&both);
    assert_eq!(ids(&tracks, TrackState::Confirmed), [1]);
    assert_eq!(ids(&tracks, TrackState::Tentative), [2]);
    let tracks = run.see(&both);
    assert_eq!(ids(&tracks, TrackState::Confirmed), [1, 2]);
    assert_eq!(tracks[1].first_seen, TimeUs(33_333));
}

#[test]
fn what_was_seen_once_only_is_forgotten_and_its_id_never_used_again() {
    let mut run = Run::new(at_rate(30.0));
    run.see(&[]);
    run.see(&[detection(0.0, 0.0, 0.9)]);
    assert!(run.see(&[]).is_empty());
    let tracks = run.see(&[detection(0.0, 0.0, 0.9)]);
    assert_eq!(ids(&tracks, TrackState::Tentative), [2]);
}

#[test]
fn an_unsure_box_continues_a_track_and_starts_none() {
    let mut run = Run::new(at_rate(30.0));
    run.see(&[detection(0.0, 0.0, 0.9)]);
    let tracks =
        run.see(&[detection(1.0, 0.0, 0.2), detection(400.0, 0.0, 0.2), detection(0.0, 300.0, 0.65)]);
    assert_eq!(ids(&tracks, TrackState::Confirmed), [1]);
    assert_eq!((tracks.len(), tracks[0].confidence), (1, 0.2));
}

#[test]
fn a_box_below_the_floor_is_no_sighting_unless_there_is_no_floor() {
    for (floor, seen) in [(0.1, false), (0.0, true)] {
        let mut run = Run::new(ByteTrackSettings { track_low_thresh: floor, ..Default::default() });
        run.see(&[detection(0.0, 0.0, 0.9)]);
        let tracks = run.see(&[detection(0.0, 0.0, 0.05)]);
        assert_eq!(tracks[0].state == TrackState::Confirmed, seen, "floor {floor}");
    }
}

#[test]
fn a_track_out_of_sight_moves_on_and_is_found_again() {
    let mut run = Run::new(at_rate(30.0));
    for step in 0..20 {
        run.see(&[detection(step as f32 * 6.0, 0.0, 0.9)]);
    }
    let tracks = run.see_nothing(15);
    assert_eq!(ids(&tracks, TrackState::Lost), [1]);
    assert!((tracks[0].rect.x - 34.0 * 6.0).abs() < 8.0, "{:?}", tracks[0].rect);
    let tracks = run.see(&[detection(35.0 * 6.0, 0.0, 0.9)]);
    assert_eq!(ids(&tracks, TrackState::Confirmed), [1]);
}

#[test]
fn a_lost_track_is_kept_for_seconds_whatever_the_frame_rate() {
    for rate in [10.0, 30.0, 60.0] {
        let frames = rate as u32;
        let mut run = Run::new(at_rate(rate));
        run.see(&[detection(0.0, 0.0, 0.9)]);
        assert_eq!(ids(&run.see_nothing(frames), TrackState::Lost), [1], "at {rate}");
        assert!(run.see_nothing(1).is_empty(), "at {rate}");

        let mut run = Run::new(at_rate(rate));
        run.see(&[detection(0.0, 0.0, 0.9)]);
        run.see_nothing(frames - 1);
        let tracks = run.see(&[detection(0.0, 0.0, 0.9)]);
        assert_eq!(ids(&tracks, TrackState::Confirmed), [1], "at {rate}");
    }
}

#[test]
fn without_a_buffer_a_track_ends_in_the_first_frame_that_misses_it() {
    let mut run = Run::new(ByteTrackSettings { track_buffer: 0, ..Default::default() });
    run.see(&[detection(0.0, 0.0, 0.9)]);
    assert_eq!(ids(&run.see(&[detection(0.0, 0.0, 0.9)]), TrackState::Confirmed), [1]);
    assert!(run.see(&[]).is_empty());
}

#[test]
fn dropped_frames_do_not_break_a_moving_track() {
    let mut run = Run::new(at_rate(30.0));
    let mut random = Random::new(11);
    let mut frame = 0_u32;
    // 10 px a frame: five dropped frames move a box of 50 px beyond its last place.
    for step in 0..60 {
        let tracks = run.see(&[detection(frame as f32 * 10.0, 0.0, 0.9)]);
        assert_eq!(ids(&tracks, TrackState::Confirmed), [1], "frame {frame}");
        let dropped = if step < 10 { 0 } else { random.below(6) as u32 };
        run.drop_frames(dropped);
        frame += 1 + dropped;
    }
}

#[test]
fn frames_further_apart_than_the_buffer_still_keep_what_stands_still() {
    let mut tracker = Tracker::new(at_rate(30.0)).unwrap();
    for frame in 0..5 {
        let tracks =
            tracker.update(&Observed::new(TimeUs(frame * 2_000_000), &[detection(0.0, 0.0, 0.9)])).tracks;
        assert_eq!(ids(tracks, TrackState::Confirmed), [1]);
    }
    // After an outage of a minute nobody knows.
    let tracks = tracker.update(&Observed::new(TimeUs(68_000_000), &[detection(0.0, 0.0, 0.9)])).tracks;
    assert_eq!(ids(tracks, TrackState::Tentative), [2]);
}

#[test]
fn time_that_stands_still_or_goes_back_is_harmless() {
    let mut tracker = Tracker::new(at_rate(30.0)).unwrap();
    for time in [5_000_000, 5_000_000, 4_000_000, 0] {
        let tracks = tracker.update(&Observed::new(TimeUs(time), &[detection(0.0, 0.0, 0.9)])).tracks;
        assert_eq!(ids(tracks, TrackState::Confirmed), [1]);
        assert!(tracks[0].rect.is_finite());
    }
}

#[test]
fn detections_that_are_no_boxes_are_counted_and_otherwise_ignored() {
    let mut run = Run::new(at_rate(30.0));
    let good = detection(0.0, 0.0, 0.9);
    run.see(&[good]);
    let rects = [
        Rect::new(f32::NAN, 0.0, 50.0, 100.0),
        Rect::new(0.0, 0.0, f32::INFINITY, 100.0),
        Rect::new(0.0, 0.0, 50.0, 0.0),
        Rect::new(0.0, 0.0, -50.0, 100.0),
        Rect::new(1e30, 0.0, 50.0, 100.0),
        Rect::new(0.0, 0.0, 50.0, f32::MIN_POSITIVE),
    ];
    let mut detections: Vec<Detection> =
        rects.iter().map(|&rect| Detection { rect, class: 0, confidence: 0.9 }).collect();
    detections.push(detection(0.0, 0.0, f32::NAN));
    detections.push(good);
    for _ in 0..3 {
        let tracks = run.see(&detections);
        assert_eq!(ids(&tracks, TrackState::Confirmed), [1]);
        assert_eq!((tracks.len(), tracks[0].rect), (1, good.rect));
    }
    assert_eq!(run.tracker().ignored().unusable_detections, 21);
}

#[test]
fn a_flood_of_detections_is_bounded_and_counted() {
    let mut run = Run::new(ByteTrackSettings { max_tracks: 10, ..Default::default() });
    let flood = |x: f32| -> Vec<Detection> {
        (0..30).map(|i| detection(x + i as f32 * 100.0, 0.0, 0.7 + i as f32 * 0.005)).collect()
    };
    let tracks = run.see(&flood(0.0));
    assert_eq!(tracks.len(), 10);
    // The most confident stay.
    assert!(tracks.iter().all(|track| track.confidence > 0.79), "{tracks:?}");
    let tracks = run.see(&flood(50_000.0));
    assert_eq!(ids(&tracks, TrackState::Lost).len(), 10);
    let ignored = run.tracker().ignored();
    assert_eq!((ignored.surplus_detections, ignored.surplus_tracks), (40, 10));
}

#[test]
fn two_objects_that_cross_keep_their_ids() {
    let mut run = Run::new(at_rate(30.0));
    let mut last = Vec::new();
    for step in 0..60 {
        let step = step as f32;
        last = run.see(&[detection(step * 8.0, 0.0, 0.9), detection(480.0 - step * 8.0, 12.0, 0.9)]);
    }
    assert_eq!(ids(&last, TrackState::Confirmed), [1, 2]);
    assert!(last[0].rect.x > 400.0 && last[1].rect.x < 80.0, "{last:?}");
}

#[test]
fn a_walker_hidden_behind_another_one_is_the_same_afterwards() {
    let mut run = Run::new(at_rate(30.0));
    let mut last = Vec::new();
    for step in 0..70 {
        let (left, right) = (step as f32 * 6.0, 420.0 - step as f32 * 6.0);
        let mut seen = vec![detection(left, 0.0, 0.9)];
        // While they overlap the detector sees the one in front only.
        if (left - right).abs() > 45.0 {
            seen.push(detection(right, 3.0, 0.9));
        }
        last = run.see(&seen);
    }
    assert_eq!(ids(&last, TrackState::Confirmed), [1, 2], "{last:?}");
    assert!(last[0].rect.x > last[1].rect.x);
}

#[test]
fn a_car_seen_as_a_truck_now_and_then_stays_one_car() {
    let seen = |class: u32| Detection { class, ..detection(0.0, 0.0, 0.8) };
    let mut run = Run::new(at_rate(30.0));
    for step in 0..30 {
        let tracks = run.see(&[seen(if step % 5 == 4 { 7 } else { 2 })]);
        assert_eq!((tracks.len(), tracks[0].id, tracks[0].class), (1, 1, 2));
    }
    let settings = ByteTrackSettings { class_aware: ClassMatching::Require, ..at_rate(30.0) };
    let mut run = Run::new(settings);
    run.see(&[seen(2)]);
    let tracks = run.see(&[seen(7)]);
    assert_eq!(ids(&tracks, TrackState::Lost), [1]);
    assert_eq!(ids(&tracks, TrackState::Tentative), [2]);
    assert_eq!(tracks[1].class, 7);
}

#[test]
fn a_model_that_is_never_sure_can_still_be_followed() {
    for (high, new) in [(0.25, 0.25), (0.4, 0.5)] {
        let settings = ByteTrackSettings {
            track_high_thresh: high,
            new_track_thresh: new,
            frame_rate: 12.0,
            ..Default::default()
        };
        let mut run = Run::new(settings);
        run.see(&[]);
        for step in 0..24 {
            let confidence = if step < 2 { new + 0.01 } else { [0.2, 0.28, 0.45][step % 3] };
            let tracks = run.see(&[detection(step as f32 * 15.0, 0.0, confidence)]);
            let expected = if step == 0 { TrackState::Tentative } else { TrackState::Confirmed };
            assert_eq!(ids(&tracks, expected), [1], "step {step} with {high} and {new}");
        }
    }
}

#[test]
fn the_older_identity_survives_where_two_tracks_are_one_object() {
    for pace in [6.0, 8.0] {
        let mut run = Run::new(at_rate(30.0));
        for _ in 0..10 {
            run.see(&[detection(0.0, 0.0, 0.9)]);
        }
        // The object leaves its track by a jump, and the new track then walks onto the old one's place:
        // slowly, it meets the old box; quickly, the old track claims the detection.
        let mut tracks = Vec::new();
        for step in (0..12).rev() {
            tracks = run.see(&[detection(0.0, step as f32 * pace, 0.9)]);
        }
        assert_eq!(ids(&tracks, TrackState::Confirmed), [1], "pace {pace}: {tracks:?}");
        assert_eq!((tracks.len(), tracks[0].first_seen), (1, TimeUs(0)), "pace {pace}: {tracks:?}");
    }
}

#[test]
fn the_same_detections_give_the_same_tracks_bit_for_bit() {
    for association in [Association::Predicted, Association::LastBox] {
        let run = || -> Vec<Vec<Track>> {
            let mut run = Run::new(ByteTrackSettings { association, ..at_rate(25.0) });
            let mut random = Random::new(77);
            (0..200)
                .map(|_| {
                    let mut draw = |_| {
                        let (x, y) = (random.between(0.0, 300.0), random.between(0.0, 200.0));
                        detection(x.round(), y.round(), random.between(0.0, 1.0))
                    };
                    run.see(&(0..20).map(&mut draw).collect::<Vec<_>>())
                })
                .collect()
        };
        let (first, second) = (run(), run());
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        let ids_sorted = |tracks: &Vec<Track>| tracks.windows(2).all(|pair| pair[0].id < pair[1].id);
        assert!(first.iter().all(ids_sorted));
    }
}

#[test]
fn lost_tracks_report_when_they_were_first_seen() {
    let mut run = Run::new(at_rate(10.0));
    run.see(&[]);
    run.see(&[detection(0.0, 0.0, 0.9)]);
    run.see(&[detection(0.0, 0.0, 0.9)]);
    let tracks = run.see_nothing(3);
    assert_eq!(tracks[0].first_seen, TimeUs(0) + seconds(0.1));
}
