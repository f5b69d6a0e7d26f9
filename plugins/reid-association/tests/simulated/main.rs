//! Twenty people over two and three cameras, simulated, with trackers that lose and mix them up.
#![expect(clippy::panic, clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

mod score;
mod world;

use ocellus_sdk::core::Power;
use ocellus_sdk::test::{Harness, track};
use reid_association::Association;
use score::Said;
use serde_json::{Value as Json, json};
use world::{Plan, Seen, Shot, View, shots};

/// Seeds on which nothing was tuned. `TUNE=1` in the environment takes others, to work on the rule with.
fn seeds() -> std::ops::Range<u64> {
    if std::env::var_os("TUNE").is_some() { 1..31 } else { 1000..1010 }
}

/// Views that share a third of the ground.
const OVERLAPPING: &[View] = &[[0.0, 0.0, 18.0, 12.0], [12.0, 0.0, 30.0, 12.0]];
/// Views with ways between them that nobody sees.
const APART: &[View] = &[[0.0, 0.0, 10.0, 10.0], [13.0, 0.0, 23.0, 10.0], [26.0, 0.0, 36.0, 10.0]];

const GATES_OF_TWO: &[[f64; 2]] = &[
    [-1.0, 3.0],
    [-1.0, 9.0],
    [8.0, -1.0],
    [8.0, 13.0],
    [22.0, -1.0],
    [22.0, 13.0],
    [31.0, 4.0],
    [31.0, 9.0],
];
const GATES_OF_THREE: &[[f64; 2]] = &[
    [-1.0, 5.0],
    [5.0, -1.0],
    [5.0, 11.0],
    [18.0, -1.0],
    [18.0, 11.0],
    [31.0, -1.0],
    [31.0, 11.0],
    [37.0, 5.0],
];

fn plan(views: &'static [View], has_map: bool, has_looks: bool) -> Plan {
    let gates = if views.len() == 2 { GATES_OF_TWO } else { GATES_OF_THREE };
    Plan { views, gates, people: 20, seconds: 60.0, has_map, has_looks }
}

fn name(camera: u32) -> String {
    format!("view-{camera}")
}

fn shown(seen: &Seen) -> ocellus_sdk::test::TrackBuilder {
    let mut one =
        track(seen.track, "person").sized(0.06, 0.2).foot_at(seen.foot[0] as f32, seen.foot[1] as f32);
    if let Some([x, y, sigma]) = seen.map {
        one = one.ground(x as f32, y as f32).ground_sigma(sigma as f32);
    }
    match &seen.look {
        Some(look) => one.embedding(look.as_slice()),
        None => one,
    }
}

fn start(plan: &Plan, settings: Json) -> Harness<Association> {
    let names: Vec<String> = (1..).zip(plan.views).map(|(camera, _)| name(camera)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let powers = plan.has_looks.then_some(Power::Embeddings);
    Harness::on_cameras(settings, &names, powers).unwrap()
}

fn run(plan: &Plan, settings: &Json, seed: u64) -> (f64, Said) {
    let shots = shots(plan, seed);
    let mut harness = start(plan, settings.clone());
    let mut said = Said::default();
    for Shot { camera, time, seen } in &shots {
        said.hear(&harness.frame_of(*camera, *time, seen.iter().map(shown)).unwrap());
    }
    said.hear(&harness.finish(plan.seconds).unwrap());
    (said.idf1(&shots, name), said)
}

/// Mean IDF1 over seeds.
fn mean(what: &str, plan: &Plan, settings: &Json, seeds: std::ops::Range<u64>) -> f64 {
    let count = seeds.end - seeds.start;
    let mut sum = 0.0;
    for seed in seeds {
        let (idf1, said) = run(plan, settings, seed);
        println!("{what}, seed {seed}: IDF1 {idf1:.3} {:?}", said.counts);
        sum += idf1;
    }
    println!("{what}: mean IDF1 {:.3}", sum / count as f64);
    sum / count as f64
}

/// As the simulated model gives it.
fn appearance() -> Json {
    json!({"same": 0.8, "other": 0.45, "spread": 0.09})
}

#[test]
fn people_are_known_again_by_looks_and_places_in_views_that_overlap() {
    let idf1 =
        mean("overlapping", &plan(OVERLAPPING, true, true), &json!({"appearance": appearance()}), seeds());
    assert!(idf1 >= 0.95, "{idf1}");
}

#[test]
fn people_are_known_again_by_looks_and_places_in_views_apart() {
    let idf1 = mean("apart", &plan(APART, true, true), &json!({"appearance": appearance()}), seeds());
    assert!(idf1 >= 0.95, "{idf1}");
}

#[test]
fn people_are_known_again_by_looks_alone() {
    let idf1 = mean("looks alone", &plan(APART, false, true), &json!({"appearance": appearance()}), seeds());
    assert!(idf1 >= 0.9, "{idf1}");
}

#[test]
fn people_are_followed_without_looks_by_places_and_times() {
    let overlapping = mean("overlapping, no looks", &plan(OVERLAPPING, true, false), &json!({}), seeds());
    let apart = mean("apart, no looks", &plan(APART, true, false), &json!({}), seeds());
    assert!(overlapping >= 0.6 && apart >= 0.6, "{overlapping} {apart}");
}

#[test]
fn people_are_followed_without_looks_and_map_by_ways_and_times() {
    let way = |from: &str, to: &str| {
        json!({"from": from, "to": to, "exit": [[0.8, 0.0], [1.1, 0.0], [1.1, 1.1], [0.8, 1.1]],
               "entry": [[-0.1, 0.0], [0.2, 0.0], [0.2, 1.1], [-0.1, 1.1]],
               "min_s": 1.8, "max_s": 6.0, "usual_s": 2.6, "both_ways": true})
    };
    let settings = json!({"links": [way("view-1", "view-2"), way("view-2", "view-3")]});
    let idf1 = mean("ways and times", &plan(APART, false, false), &settings, seeds());
    assert!(idf1 >= 0.5, "{idf1}");
}

#[test]
fn a_rule_that_is_handed_over_at_every_second_says_the_same() {
    let plan = Plan { seconds: 20.0, ..plan(OVERLAPPING, true, true) };
    let settings = json!({"appearance": appearance()});
    let (mut steady, mut handed_on) = (start(&plan, settings.clone()), start(&plan, settings));
    for (index, Shot { camera, time, seen }) in shots(&plan, 7).iter().enumerate() {
        let said = steady.frame_of(*camera, *time, seen.iter().map(shown)).unwrap();
        assert_eq!(
            said,
            handed_on.frame_of(*camera, *time, seen.iter().map(shown)).unwrap(),
            "frame {index}"
        );
        if index % 10 == 0 {
            handed_on.swap().unwrap();
        }
    }
}
