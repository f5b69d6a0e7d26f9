//! Ids that change at the line: every crossing is counted once, and none is made up.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use line_crossing::LineCrossing;
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use serde_json::json;

fn person(id: u64, x: f32, y: f32) -> TrackBuilder {
    track(id, "person").sized(0.06, 0.24).foot_at(x, y)
}

/// Entries and exits after these frames, a tenth of a second apart.
fn count(frames: Vec<Vec<TrackBuilder>>) -> (f64, f64) {
    let settings = json!({"lines": [{"name": "door", "from": [0.5, 0.1], "to": [0.5, 0.9]}]});
    let mut harness = Harness::<LineCrossing>::new(settings).unwrap();
    for (index, tracks) in frames.into_iter().enumerate() {
        harness.frame(index as f64 / 10.0, tracks).unwrap();
    }
    let output = harness.finish(1e3).unwrap();
    (output.measured("door.entries").unwrap(), output.measured("door.exits").unwrap())
}

#[test]
fn a_new_id_beyond_the_line_goes_on_for_the_one_that_vanished_before_it() {
    let frames = vec![
        vec![person(1, 0.44, 0.5)],
        vec![person(1, 0.46, 0.5)],
        vec![person(1, 0.48, 0.5)],
        vec![person(1, 0.5, 0.5).lost(), person(2, 0.5, 0.5).tentative()],
        vec![person(1, 0.52, 0.5).lost(), person(2, 0.52, 0.5)],
        vec![person(2, 0.54, 0.5)],
        vec![person(2, 0.6, 0.5)],
    ];
    assert_eq!(count(frames), (1.0, 0.0));
}

#[test]
fn a_new_id_right_on_the_line_knows_where_the_old_one_came_from() {
    let frames = vec![
        vec![person(1, 0.47, 0.5)],
        vec![person(1, 0.49, 0.5)],
        vec![person(2, 0.5, 0.5)],
        vec![person(2, 0.503, 0.5)],
        vec![person(2, 0.53, 0.5)],
        vec![person(2, 0.56, 0.5)],
    ];
    assert_eq!(count(frames), (1.0, 0.0));
}

#[test]
fn an_id_that_changes_after_the_crossing_does_not_count_it_again() {
    let frames = vec![
        vec![person(1, 0.46, 0.5)],
        vec![person(1, 0.49, 0.5)],
        vec![person(1, 0.53, 0.5)],
        vec![person(2, 0.54, 0.5)],
        vec![person(2, 0.56, 0.5)],
        vec![person(1, 0.58, 0.5)],
        vec![person(1, 0.6, 0.5)],
    ];
    assert_eq!(count(frames), (1.0, 0.0));
}

#[test]
fn a_tracker_that_flickers_between_two_ids_counts_once() {
    let xs = [0.44, 0.46, 0.48, 0.49, 0.5, 0.51, 0.52, 0.54, 0.58];
    let frames = xs.into_iter().enumerate().map(|(index, x)| vec![person(1 + index as u64 % 2, x, 0.5)]);
    assert_eq!(count(frames.collect()), (1.0, 0.0));
}

#[test]
fn one_that_comes_far_away_much_later_or_of_another_size_is_someone_else() {
    let gone = |then: TrackBuilder, after: usize| {
        let mut frames = vec![vec![person(1, 0.47, 0.5)], vec![person(1, 0.47, 0.5)]];
        frames.extend((0..after).map(|_| Vec::new()));
        frames.extend([vec![then.clone()], vec![then]]);
        count(frames)
    };
    assert_eq!(gone(person(2, 0.53, 0.5), 2), (1.0, 0.0), "this one it is");
    assert_eq!(gone(person(2, 0.9, 0.5), 2), (0.0, 0.0), "far away");
    assert_eq!(gone(person(2, 0.53, 0.85), 2), (0.0, 0.0), "far below");
    assert_eq!(gone(person(2, 0.53, 0.5), 25), (0.0, 0.0), "much later");
    assert_eq!(gone(person(2, 0.53, 0.5).sized(0.01, 0.06), 2), (0.0, 0.0), "much smaller");
    assert_eq!(gone(person(2, 0.53, 0.5).sized(0.0, 0.0), 2), (0.0, 0.0), "without a size");
}

#[test]
fn one_who_was_there_before_takes_nobodys_place() {
    // 2 stands beyond the line all the while, is hidden, and is seen again when 1 has vanished.
    let frames = vec![
        vec![person(1, 0.4, 0.5), person(2, 0.53, 0.5)],
        vec![person(1, 0.44, 0.5), person(2, 0.53, 0.5)],
        vec![person(1, 0.47, 0.5)],
        vec![person(1, 0.48, 0.5)],
        vec![person(2, 0.53, 0.5)],
        vec![person(2, 0.54, 0.5)],
    ];
    assert_eq!(count(frames), (0.0, 0.0));
}

#[test]
fn two_who_change_ids_at_once_are_matched_one_for_one_to_the_nearest() {
    let frames = vec![
        vec![person(1, 0.47, 0.4), person(2, 0.53, 0.6)],
        vec![person(1, 0.48, 0.4), person(2, 0.52, 0.6)],
        vec![person(3, 0.51, 0.4), person(4, 0.49, 0.6)],
        vec![person(3, 0.53, 0.4), person(4, 0.47, 0.6)],
        vec![person(3, 0.56, 0.4), person(4, 0.44, 0.6)],
    ];
    assert_eq!(count(frames), (1.0, 1.0));
}

#[test]
fn one_who_took_a_place_leaves_none_behind_for_a_third() {
    let frames = vec![
        vec![person(1, 0.46, 0.5)],
        vec![person(1, 0.48, 0.5)],
        vec![person(2, 0.52, 0.5), person(3, 0.54, 0.5)],
        vec![person(2, 0.54, 0.5), person(3, 0.56, 0.5)],
        vec![person(2, 0.56, 0.5), person(3, 0.6, 0.5)],
    ];
    assert_eq!(count(frames), (1.0, 0.0));
}

#[test]
fn a_swap_within_a_change_of_ids_counts_once() {
    let settings = json!({"lines": [{"name": "door", "from": [0.5, 0.1], "to": [0.5, 0.9]}]});
    let mut harness = Harness::<LineCrossing>::new(settings).unwrap();
    let xs = [(1, 0.46), (1, 0.48), (2, 0.5), (2, 0.52), (2, 0.56)];
    for (index, (id, x)) in xs.into_iter().enumerate() {
        harness.frame(index as f64 / 10.0, [person(id, x, 0.5)]).unwrap();
        harness.swap().unwrap();
    }
    assert_eq!(harness.finish(1.0).unwrap().measured("door.entries"), Some(1.0));
}
