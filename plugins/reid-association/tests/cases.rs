//! Who is the same person, case by case.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::Output;
use ocellus_sdk::core::{Power, Value};
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use reid_association::Association;
use serde_json::{Value as Json, json};

const NORTH: u32 = 1;
const SOUTH: u32 = 2;
const CAMERAS: [&str; 2] = ["north", "south"];

/// A rule on two cameras that sees looks.
fn start(settings: Json) -> Harness<Association> {
    Harness::on_cameras(settings, &CAMERAS, [Power::Embeddings]).unwrap()
}

/// What person number `who` looks like, with a little of somebody else in it.
fn look(who: usize, other: f32) -> Vec<f32> {
    let mut numbers = vec![0.0; 16];
    numbers[who] = 1.0;
    numbers[15] = other;
    numbers
}

fn person(id: u64) -> TrackBuilder {
    track(id, "person")
}

/// An event as a line: kind, track and identity, and `gone` or the camera.
fn lines(output: &Output) -> Vec<String> {
    let line = |event: &ocellus_sdk::core::Event| {
        let find =
            |key: &str| event.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let number = |key: &str| match find(key) {
            Some(Value::Integer(number)) => *number,
            other => panic!("{key} is {other:?}"),
        };
        match event.kind.as_str() {
            "merged" => format!("merged {} {}", number("identity"), number("gone")),
            kind => format!("{kind} {} is {}", event.track.unwrap(), number("identity")),
        }
    };
    output.events().iter().map(line).collect()
}

/// Shows `camera` the same tracks ten times a second, from `from` to `to` seconds; gives the events.
fn show(
    harness: &mut Harness<Association>,
    camera: u32,
    (from, to): (f64, f64),
    tracks: impl Fn(f64) -> Vec<TrackBuilder>,
) -> Vec<String> {
    let mut said = Vec::new();
    for frame in (from * 10.0).round() as u32..(to * 10.0).round() as u32 {
        let time = f64::from(frame) / 10.0 + f64::from(camera) * 0.001;
        said.extend(lines(&harness.frame_of(camera, time, tracks(f64::from(frame) / 10.0)).unwrap()));
    }
    said
}

#[test]
fn somebody_who_leaves_one_camera_and_comes_to_another_is_known_by_looks() {
    let mut harness = start(json!({}));
    let said = show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1).embedding(&look(0, 0.1))]);
    assert_eq!(said, ["identity 1 is 1"]);
    let said = show(&mut harness, SOUTH, (20.0, 23.0), |_| {
        vec![
            person(7).foot_at(0.2, 0.8).embedding(&look(0, 0.2)),
            person(8).foot_at(0.8, 0.8).embedding(&look(3, 0.2)),
        ]
    });
    assert_eq!(said, ["seen-again 7 is 1", "identity 8 is 2"]);
}

#[test]
fn what_an_event_says_is_where_somebody_was_and_how_long_they_were_away() {
    let mut harness = start(json!({}));
    show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1).embedding(&look(0, 0.1))]);
    let mut events = Vec::new();
    for frame in 0..20 {
        let time = 20.0 + f64::from(frame) / 10.0;
        let output = harness.frame_of(SOUTH, time, [person(7).embedding(&look(0, 0.2))]).unwrap();
        events.extend(output.events().to_vec());
        if frame == 19 {
            assert_eq!(output.measured("present"), Some(1.0));
            assert_eq!((output.measured("known"), output.measured("identities")), (Some(1.0), Some(1.0)));
            assert_eq!(output.overlays().len(), 1, "a label");
        }
    }
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let expected = [
        ("identity", Value::Integer(1)),
        ("camera", Value::from("south")),
        ("since_us", Value::Integer(20_000_000)),
        ("evidence", Value::Number(6.0)),
        ("from", Value::from("north")),
        ("seconds", Value::Number(17.1)),
    ];
    let expected: Vec<(String, Value)> = expected.map(|(key, value)| (key.to_owned(), value)).to_vec();
    assert_eq!((event.track, &event.attributes), (Some(7), &expected));
}

#[test]
fn two_in_one_picture_are_two_however_alike_they_are() {
    let mut harness = start(json!({}));
    let said = show(&mut harness, NORTH, (0.0, 3.0), |_| {
        vec![
            person(1).foot_at(0.2, 0.8).embedding(&look(0, 0.1)),
            person(2).foot_at(0.8, 0.8).embedding(&look(0, 0.1)),
        ]
    });
    assert_eq!(said, ["identity 1 is 1", "identity 2 is 2"]);
    let said = show(&mut harness, SOUTH, (10.0, 13.0), |_| {
        vec![
            person(5).foot_at(0.2, 0.8).embedding(&look(0, 0.1)),
            person(6).foot_at(0.8, 0.8).embedding(&look(0, 0.1)),
        ]
    });
    assert_eq!(said, ["seen-again 5 is 1", "seen-again 6 is 2"]);
}

#[test]
fn two_cameras_that_see_somebody_in_one_place_see_one_person_without_any_looks() {
    let mut harness = start(json!({}));
    let mut said = Vec::new();
    for frame in 0..30 {
        let time = f64::from(frame) / 10.0;
        let (x, y) = (2.0 + 1.2 * time as f32, 5.0);
        let here = |id| person(id).ground(x, y);
        let there = |id| person(id).ground(x + 0.3, y - 0.2);
        let far = |id| person(id).ground(12.0 - x, 1.0).foot_at(0.9, 0.9);
        said.extend(lines(&harness.frame_of(NORTH, time, [here(1)]).unwrap()));
        said.extend(lines(&harness.frame_of(SOUTH, time, [there(4), far(5)]).unwrap()));
    }
    assert_eq!(said, ["identity 1 is 1", "seen-again 4 is 1", "identity 5 is 2"]);
}

#[test]
fn nobody_is_faster_than_people_are() {
    let at = |x: f32| move |_: f64| vec![person(1).ground(x, 0.0).embedding(&look(0, 0.1))];
    for (metres, said) in [(8.0, "seen-again 1 is 1"), (80.0, "identity 1 is 2")] {
        let mut harness = start(json!({}));
        show(&mut harness, NORTH, (0.0, 3.0), at(0.0));
        assert_eq!(show(&mut harness, SOUTH, (8.0, 11.0), at(metres)), [said], "{metres} m in 5 s");
    }
}

#[test]
fn a_track_that_is_lost_and_found_again_under_another_number_goes_on() {
    let mut harness = start(json!({}));
    let walk = |id: u64| move |time: f64| vec![person(id).foot_at(0.2 + 0.05 * time as f32, 0.8)];
    assert_eq!(show(&mut harness, NORTH, (0.0, 4.0), walk(1)), ["identity 1 is 1"]);
    assert_eq!(show(&mut harness, NORTH, (5.0, 8.0), walk(2)), ["seen-again 2 is 1"]);
    // Far from where it would be by now.
    let elsewhere = |time: f64| vec![person(3).foot_at(0.1 - 0.01 * (time as f32 - 9.0), 0.4)];
    assert_eq!(show(&mut harness, NORTH, (9.0, 12.0), elsewhere), ["identity 3 is 2"]);
}

#[test]
fn without_looks_map_or_ways_everybody_is_somebody_new() {
    let mut harness = start(json!({}));
    show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1)]);
    assert_eq!(show(&mut harness, SOUTH, (6.0, 9.0), |_| vec![person(1)]), ["identity 1 is 2"]);
}

#[test]
fn a_way_that_takes_a_known_time_tells_who_comes_without_looks() {
    let link = json!({"from": "north", "exit": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]], "to": "south", "min_s": 4, "max_s": 8});
    let cases =
        [(8.0, 0.7, "seen-again 9 is 1"), (8.0, 0.2, "identity 9 is 2"), (20.0, 0.7, "identity 9 is 2")];
    for (comes_s, x, said) in cases {
        let mut harness = start(json!({"links": [link]}));
        show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1).foot_at(x, 0.8)]);
        let found = show(&mut harness, SOUTH, (comes_s, comes_s + 3.0), |_| vec![person(9)]);
        assert_eq!(found, [said], "leaves at {x}, comes after {comes_s} s");
    }
}

#[test]
fn a_way_on_the_map_needs_no_names_of_cameras() {
    let link = json!({"exit_m": [10, 0], "entry_m": [30, 0], "min_s": 10, "max_s": 25, "both_ways": true});
    let mut harness = start(json!({"links": [link]}));
    let east = |time: f64| vec![person(1).ground(10.0 - 1.2 * (3.0 - time as f32), 0.0)];
    let on = |time: f64| vec![person(6).ground(30.0 + 1.2 * (time as f32 - 19.0), 0.0)];
    assert_eq!(show(&mut harness, NORTH, (0.0, 3.0), east), ["identity 1 is 1"]);
    assert_eq!(show(&mut harness, SOUTH, (19.0, 22.0), on), ["seen-again 6 is 1"]);
}

#[test]
fn ways_that_looks_proved_are_learned_and_tell_later_who_comes_without_looks() {
    let mut harness = start(json!({}));
    let right = |id: u64, look: Option<Vec<f32>>| {
        move |_: f64| {
            let one = person(id).foot_at(0.9, 0.6);
            vec![look.as_ref().map_or(one.clone(), |look| one.embedding(look))]
        }
    };
    let left = |id: u64, look: Option<Vec<f32>>| {
        move |_: f64| {
            let one = person(id).foot_at(0.1, 0.6);
            vec![look.as_ref().map_or(one.clone(), |look| one.embedding(look))]
        }
    };
    for who in 0..8_u32 {
        let (id, begin) = (u64::from(who) + 1, f64::from(who) * 40.0);
        let look = Some(look(who as usize, 0.1));
        show(&mut harness, NORTH, (begin, begin + 3.0), right(id, look.clone()));
        show(&mut harness, SOUTH, (begin + 10.0, begin + 13.0), left(id, look));
    }
    show(&mut harness, NORTH, (400.0, 403.0), right(20, None));
    assert_eq!(show(&mut harness, SOUTH, (410.0, 413.0), left(20, None)), ["seen-again 20 is 9"]);
    show(&mut harness, NORTH, (500.0, 503.0), right(21, None));
    assert_eq!(show(&mut harness, SOUTH, (530.0, 533.0), left(21, None)), ["identity 21 is 11"], "too late");
}

#[test]
fn a_track_that_becomes_another_person_is_cut_there() {
    let mut harness = start(json!({}));
    let both = |time: f64| {
        // The trackers of two who pass each other go over to the other one at 6 s.
        let (a, b) = if time < 6.0 { (0, 1) } else { (1, 0) };
        let seed = (time * 2.0).floor() as f32 * 1e-4;
        vec![
            person(1).foot_at(0.4, 0.8).embedding(&look(a, 0.1 + seed)),
            person(2).foot_at(0.6, 0.8).embedding(&look(b, 0.1 + seed)),
        ]
    };
    assert_eq!(show(&mut harness, NORTH, (0.0, 6.0), both), ["identity 1 is 1", "identity 2 is 2"]);
    let said = show(&mut harness, NORTH, (6.0, 12.0), both);
    assert_eq!(said, ["split 1 is 1", "split 2 is 2", "seen-again 1 is 2", "seen-again 2 is 1"]);
}

/// What a smoothed look is that goes over from one person to another at `from` seconds: a little more of the other one
/// with each picture.
fn going_over(time: f64, from: f64, (one, other): (usize, usize)) -> Vec<f32> {
    let pictures = (time * 3.0).floor() as f32;
    let share = 1.0 - 0.87_f32.powf(((time - from) * 3.0).floor().max(0.0) as f32);
    let mut numbers = look(one, 0.1);
    numbers[one] = 1.0 - share;
    numbers[other] += share;
    numbers[14] = 0.02 * (pictures * 1.7).sin();
    numbers
}

#[test]
fn a_track_is_cut_where_its_looks_began_to_change_and_not_where_they_had_changed() {
    let mut harness = start(json!({}));
    let mut cuts = Vec::new();
    for frame in 0..250 {
        let time = f64::from(frame) / 10.0;
        let numbers = going_over(time, 10.0, (0, 1));
        let output = harness.frame_of(NORTH, time, [person(1).embedding(&numbers)]).unwrap();
        let splits = output.events().iter().filter(|event| event.kind == "split");
        cuts.extend(splits.flat_map(|event| event.attributes.clone()).filter(|(key, _)| key == "since_us"));
    }
    let [(_, Value::Integer(since_us))] = cuts.as_slice() else { panic!("{cuts:?}") };
    assert!((9_000_000..=11_500_000).contains(since_us), "{since_us}");
}

#[test]
fn a_first_look_at_the_edge_of_the_picture_does_not_stand_for_the_track() {
    let mut harness = start(json!({}));
    let coming_in = |time: f64| {
        // Somebody else hides them at first.
        let mut numbers = look(if time < 1.0 { 5 } else { 0 }, 0.1);
        numbers[14] = time.floor() as f32 * 1e-3;
        vec![person(1).embedding(&numbers)]
    };
    assert_eq!(show(&mut harness, NORTH, (0.0, 10.0), coming_in), ["identity 1 is 1"]);
}

#[test]
fn who_looks_as_people_do_on_the_whole_is_them_however_alike_one_look_of_another_is() {
    let mut harness = start(json!({}));
    let mixed = |a: usize, b: usize, share: f32| {
        let mut numbers = look(a, 0.1);
        numbers[b] = share;
        numbers
    };
    // The first one has many looks, one of them much like the second one's.
    for (begin, other, share) in [(0.0, 2, 0.6), (10.0, 3, 0.6), (20.0, 1, 0.8)] {
        show(&mut harness, NORTH, (begin, begin + 3.0), |_| {
            vec![person(begin as u64 + 1).embedding(&mixed(0, other, share))]
        });
    }
    let said = show(&mut harness, SOUTH, (30.0, 33.0), |_| vec![person(50).embedding(&mixed(1, 0, 0.5))]);
    assert_eq!(said, ["identity 50 is 2"]);
}

#[test]
fn somebody_who_turns_round_stays_who_they_are() {
    let mut harness = start(json!({}));
    let turn = |time: f64| {
        let share = ((time as f32 - 3.0) / 3.0).clamp(0.0, 1.0);
        let mut numbers = look(0, 0.1);
        numbers[1] = 0.8 * share;
        numbers[2] = (time * 2.0).floor() as f32 * 1e-3;
        vec![person(1).embedding(&numbers)]
    };
    assert_eq!(show(&mut harness, NORTH, (0.0, 10.0), turn), ["identity 1 is 1"]);
}

#[test]
fn two_identities_become_one_once_looks_are_clear() {
    let mut harness = start(json!({}));
    show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1).embedding(&look(0, 0.1))]);
    // At first hardly anything of them is to be seen.
    let clearing = |time: f64| {
        let share = ((time as f32 - 12.0) / 2.0).clamp(0.0, 1.0);
        let mut numbers = look(0, 0.1);
        numbers[0] = 0.7 + 0.3 * share;
        numbers[3] = 0.7 * (1.0 - share) + (time * 2.0).floor() as f32 * 1e-4;
        vec![person(5).embedding(&numbers)]
    };
    let said = show(&mut harness, SOUTH, (10.0, 20.0), clearing);
    assert_eq!(said, ["identity 5 is 2", "merged 1 2"]);
    assert_eq!(
        harness.query(&json!({"identity": 1})).unwrap()["identities"][0]["cameras"],
        json!(["north", "south"])
    );
}

#[test]
fn what_a_short_recording_leaves_open_is_said_at_its_end() {
    let mut harness = start(json!({"decide_after_s": 5}));
    assert!(show(&mut harness, NORTH, (0.0, 1.0), |_| vec![person(1)]).is_empty());
    assert_eq!(lines(&harness.finish(1.0).unwrap()), ["identity 1 is 1"]);
}

#[test]
fn who_was_not_seen_for_long_is_forgotten_and_numbers_are_never_given_twice() {
    let mut harness = start(json!({"forget_s": 60}));
    let same = |_: f64| vec![person(1).embedding(&look(0, 0.1))];
    show(&mut harness, NORTH, (0.0, 3.0), same);
    let said = show(&mut harness, SOUTH, (100.0, 103.0), same);
    assert_eq!(said, ["identity 1 is 2"]);
    assert_eq!(harness.query(&Json::Null).unwrap()["known"], 1);
}

#[test]
fn questions_are_answered_newest_first_and_by_likeness() {
    let mut harness = start(json!({}));
    for who in 0..3_u32 {
        let begin = f64::from(who) * 10.0;
        let mut looks = look(who as usize, 0.1);
        looks[2] += 0.3 * f32::from(who == 1);
        show(&mut harness, NORTH, (begin, begin + 3.0), |_| {
            vec![person(u64::from(who) + 1).embedding(&looks)]
        });
    }
    let ids = |answer: &Json| -> Vec<u64> {
        answer["identities"].as_array().unwrap().iter().map(|one| one["identity"].as_u64().unwrap()).collect()
    };
    let answer = harness.query(&Json::Null).unwrap();
    assert_eq!((ids(&answer), &answer["known"], &answer["count"]), (vec![3, 2, 1], &json!(3), &json!(3)));
    let newest = &answer["identities"][0];
    assert_eq!(
        newest["tracks"],
        json!([{"camera": "north", "track": 3, "from_us": 20_001_000, "to_us": 22_901_000}])
    );
    assert_eq!(newest["last"], json!({"camera": "north", "track": 3, "map_m": null}));
    let before = harness.query(&json!({"limit": 1, "before_us": newest["last_us"]})).unwrap();
    assert_eq!(ids(&before), [2]);
    assert_eq!(ids(&harness.query(&json!({"camera": "north", "track": 1})).unwrap()), [1]);
    assert!(ids(&harness.query(&json!({"camera": "south"})).unwrap()).is_empty());
    let like = harness.query(&json!({"like": 3})).unwrap();
    assert_eq!(ids(&like), [2, 1]);
    assert_eq!(like["identities"][0]["cosine"], 0.294);
    for (question, part) in [
        (json!({"like": 99}), "there is no identity 99"),
        (json!({"limit": 0}), "limit is 0; give 1 to 400"),
        (json!({"track": 1}), "name the camera too"),
        (json!({"camera": "east"}), "camera names camera \"east\""),
        (json!({"who": 1}), "ask with limit"),
    ] {
        let refusal = harness.query(&question).unwrap_err();
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn an_operator_s_word_stands() {
    let mut harness = start(json!({}));
    let all = |_: f64| {
        vec![
            person(1).foot_at(0.2, 0.8).embedding(&look(0, 0.1)),
            person(2).foot_at(0.8, 0.8).embedding(&look(1, 0.1)),
        ]
    };
    show(&mut harness, NORTH, (0.0, 3.0), all);
    let same = |time: f64| {
        let mut numbers = look(0, 0.1);
        numbers[4] = (time * 2.0).floor() as f32 * 1e-4;
        vec![person(7).embedding(&numbers)]
    };
    assert_eq!(show(&mut harness, SOUTH, (10.0, 13.0), same), ["seen-again 7 is 1"]);
    // A twin.
    let output = harness.command(13.0, &json!({"split": {"camera": "south", "track": 7}})).unwrap();
    assert_eq!(lines(&output), ["split 7 is 1", "identity 7 is 3"]);
    assert!(show(&mut harness, SOUTH, (13.1, 23.0), same).is_empty(), "looks do not bring it back");
    let output = harness.command(23.0, &json!({"merge": [3, 2]})).unwrap();
    assert_eq!(lines(&output), ["merged 2 3"]);
    assert!(show(&mut harness, SOUTH, (23.1, 30.0), same).is_empty(), "nor drive it away");
    let output =
        harness.command(30.0, &json!({"split": {"camera": "south", "track": 7}, "identity": 1})).unwrap();
    assert_eq!(lines(&output), ["split 7 is 2", "seen-again 7 is 1"]);
    harness.swap().unwrap();
    assert!(show(&mut harness, SOUTH, (30.1, 36.0), same).is_empty());
}

#[test]
fn a_wrong_command_changes_nothing_and_says_what_would_be_right() {
    let mut harness = start(json!({}));
    show(&mut harness, NORTH, (0.0, 3.0), |_| vec![person(1).embedding(&look(0, 0.1))]);
    let before = harness.save();
    let cases = [
        (json!(null), "give {\"merge\": [ID, ID]}"),
        (json!({}), "give one of merge and split"),
        (json!({"merge": [1, 1]}), "names identity 1 twice"),
        (json!({"merge": [1, 9]}), "no identity 9"),
        (json!({"merge": [1, 2], "identity": 3}), "give one of merge and split"),
        (json!({"split": {"camera": "west", "track": 1}}), "camera \"west\""),
        (json!({"split": {"camera": "north", "track": 4}}), "track 4 of camera north has no identity"),
        (json!({"split": {"camera": "north", "track": 1}}), "identity 1 is this track alone"),
        (json!({"split": {"camera": "north", "track": 1}, "identity": 1}), "is identity 1 already"),
    ];
    for (request, part) in cases {
        let refusal = harness.command(4.0, &request).unwrap_err();
        assert!(refusal.contains(part), "{request} gives {refusal:?} without {part:?}");
        assert_eq!(harness.save(), before);
    }
}

#[test]
fn the_state_of_a_busy_week_is_within_what_the_host_keeps() {
    let mut harness = start(json!({"most_identities": 400, "forget_s": 604_800}));
    let mut numbers = vec![0.0_f32; 512];
    for hour in 0..40_u32 {
        for frame in 0..16 {
            let time = f64::from(hour) * 3600.0 + f64::from(frame) / 10.0;
            let tracks = (0..64_u64).map(|place| {
                let id = u64::from(hour) * 64 + place + 1;
                for (index, number) in numbers.iter_mut().enumerate() {
                    *number = ((index as f32 + 1.0) * (id as f32 * 0.7123 + frame as f32 * 2e-3)).sin();
                }
                person(id)
                    .foot_at(place as f32 / 64.0, 0.8)
                    .embedding(&numbers)
                    .ground(place as f32 * 2.1, hour as f32)
            });
            harness.frame_of(NORTH, time, tracks.collect::<Vec<_>>()).unwrap();
        }
    }
    let state = harness.save();
    assert!((100_000..1 << 20).contains(&state.len()), "{} bytes", state.len());
    harness.swap().unwrap();
    assert!(harness.save() == state);
}
