//! The rule against vehicles whose speed was measured by light gates (BrnoCompSpeed), on six cameras.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that prints its table")]

mod data;
mod maps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use ocellus_core::calibration::{Calibration, Covariance, GroundTracks};
use ocellus_core::{Rect, Size, TimeUs, Track, TrackState, Value};
use ocellus_sdk::Output;
use ocellus_sdk::test::{Harness, track};
use serde_json::json;
use speeding::Speeding;

use data::{Recording, SeenCar, TrueCar, Truth};

const CAMERAS: [&str; 6] = [
    "session0_center",
    "session0_left",
    "session0_right",
    "session1_left",
    "session2_center",
    "session2_left",
];
/// The data set gives one point a vehicle and no box; this is how large the box of a car is taken to be, in metres.
const CAR_M: [f64; 2] = [2.5, 1.5];
/// Seconds that a track and a measured vehicle may be apart at the lines.
const TOGETHER_S: f64 = 0.4;

/// What the rule said of a track.
#[derive(Clone, Copy)]
struct Said {
    mean_kmh: f64,
    sigma_kmh: f64,
}

#[test]
fn vehicles_of_six_cameras_have_the_speed_that_was_measured() {
    let Some(folder) = folder() else {
        println!("OCELLUS_TEST_DATA is not set: the speeds of BrnoCompSpeed were NOT looked at");
        return;
    };
    println!(
        "|error| in km/h         measured matched | published: median  p95  bias in 2 sigma | our fit: pairs rms m  median  p95  bias in 2 sigma"
    );
    let (mut all_published, mut all_fitted) = (Vec::new(), Vec::new());
    for camera in CAMERAS {
        let truth: Truth = data::read(&folder.join(format!("gt/{camera}.gt.json")));
        let recording: Recording = data::read(&folder.join(format!("tracks/{camera}.tracks.json")));
        let published = errors(&truth, &recording, maps::published(&recording.camera_calibration));
        let (map, pairs, rms_m) = maps::fitted(&truth.distance_measurement);
        let fitted = errors(&truth, &recording, map);
        let measured = truth.cars.iter().filter(|car| is_measured(car)).count();
        println!(
            "{camera:24}{measured:8}{:8} | {} | {pairs:14}{rms_m:6.2}  {}",
            published.len(),
            figures(&published),
            figures(&fitted)
        );
        all_published.extend(published);
        all_fitted.extend(fitted);
    }
    println!("{:40} | {} | {:22}{}", "all", figures(&all_published), "", figures(&all_fitted));
    let (median, p95) = median_and_p95(&all_published);
    assert!(all_published.len() > 2500, "{} vehicles", all_published.len());
    assert!(median <= 0.9 && p95 <= 3.2, "median {median:.2} km/h, p95 {p95:.2} km/h");
}

fn folder() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("OCELLUS_TEST_DATA")?).join("speed"))
}

/// Error in km/h, and whether it is within two of the standard deviations that the rule gave.
type Error = (f64, bool);

fn errors(truth: &Truth, recording: &Recording, map: Calibration) -> Vec<Error> {
    let said = run(truth, recording, map);
    let error = |(car, track): (usize, u64)| {
        let said = said.get(&track)?;
        let error = said.mean_kmh - truth.cars[car].speed;
        Some((error, error.abs() <= 2.0 * said.sigma_kmh))
    };
    matches(truth, recording, &said).into_iter().filter_map(error).collect()
}

/// The rule over all tracks, with the ground as the host gives it.
fn run(truth: &Truth, recording: &Recording, map: Calibration) -> BTreeMap<u64, Said> {
    let settings = json!({"limit_kmh": 90, "report": "all"});
    let mut rule = Harness::<Speeding>::on_camera(settings, maps::SIZE, &["car"]).expect("settings");
    let map = Arc::new(map);
    // The data set's points are on the ground: there is no bumper to allow for.
    let mut ground = GroundTracks::new(Arc::clone(&map), &[]);
    let mut said = BTreeMap::new();
    let mut frames: BTreeMap<u64, Vec<Track>> = BTreeMap::new();
    for car in &recording.cars {
        let first = car.frames.first().copied().unwrap_or_default();
        for ((frame, x), y) in car.frames.iter().zip(&car.pos_x).zip(&car.pos_y) {
            let (foot, first_seen) = ([*x as f32, *y as f32], TimeUs(micros(first, truth.fps)));
            frames.entry(*frame).or_default().push(seen(car.id, foot, first_seen, &map));
        }
    }
    let mut last = 0.0;
    for (frame, mut tracks) in frames {
        let time = TimeUs(micros(frame, truth.fps));
        ground.place(time, maps::SIZE, &mut tracks);
        last = time.0 as f64 / 1e6;
        let shown = tracks.iter().map(|seen| {
            let Size { width, height } = maps::SIZE;
            let shown = track(seen.id, "car")
                .sized(seen.rect.width / width as f32, seen.rect.height / height as f32)
                .foot_at(seen.rect.foot().x / width as f32, seen.rect.foot().y / height as f32);
            let Some(ground) = seen.ground else { return shown };
            let [x_m, y_m] = ground.position_m;
            let shown = shown.ground(x_m, y_m).ground_sigma(ground.sigma_m);
            match ground.velocity_mps {
                Some([vx_mps, vy_mps]) => shown.velocity(vx_mps, vy_mps),
                None => shown,
            }
        });
        let output = rule.frame(last, shown).expect("a frame");
        hear(&output, &mut said);
    }
    hear(&rule.finish(last).expect("the end"), &mut said);
    said
}

fn seen(id: u64, [x, y]: [f32; 2], first_seen: TimeUs, map: &Calibration) -> Track {
    let metres_a_px = |right: f64| {
        let at = [f64::from(x) + right, f64::from(y)];
        map.locate(at, Covariance::default(), maps::SIZE).map(|(place, _)| place)
    };
    let scale = metres_a_px(0.0)
        .zip(metres_a_px(1.0))
        .map_or(1.0, |(here, beside)| (here.x_m - beside.x_m).hypot(here.y_m - beside.y_m));
    let [width, height] = CAR_M.map(|metres| (metres / scale) as f32);
    let rect = Rect::new(x - width / 2.0, y - height, width, height);
    Track { id, class: 0, confidence: 1.0, state: TrackState::Confirmed, rect, first_seen, ground: None }
}

fn micros(frame: u64, fps: f64) -> u64 {
    (frame as f64 / fps * 1e6).round() as u64
}

fn hear(output: &Output, said: &mut BTreeMap<u64, Said>) {
    for event in output.events().iter().filter(|event| event.kind == "passage") {
        let number = |wanted: &str| match event.attributes.iter().find(|(key, _)| key == wanted) {
            Some((_, Value::Number(number))) => *number,
            other => panic!("{wanted}: {other:?}"),
        };
        let (mean_kmh, sigma_kmh) = (number("speed_kmh"), number("uncertainty_kmh"));
        said.insert(event.track.expect("a track"), Said { mean_kmh, sigma_kmh });
    }
}

fn is_measured(car: &TrueCar) -> bool {
    car.valid && car.speed > 0.0
}

/// Which track each measured vehicle is: the one of its lane that crosses the lines when the vehicle did.
fn matches(truth: &Truth, recording: &Recording, said: &BTreeMap<u64, Said>) -> Vec<(usize, u64)> {
    let spoken: Vec<&SeenCar> = recording.cars.iter().filter(|car| said.contains_key(&car.id)).collect();
    let crossings: Vec<_> = spoken.iter().map(|car| crossings(truth, car)).collect();
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for (number, car) in truth.cars.iter().enumerate().filter(|(_, car)| is_measured(car)) {
        let candidates = spoken.iter().zip(&crossings).filter(|(seen, _)| !taken.contains(&seen.id));
        let apart = candidates.filter_map(|(seen, crossed)| Some((apart(car, crossed)?, seen.id)));
        if let Some((_, id)) = apart.min_by(|one, other| one.0.total_cmp(&other.0)) {
            taken.insert(id);
            found.push((number, id));
        }
    }
    found
}

/// When a track crosses each line, and in which lane.
fn crossings(truth: &Truth, car: &SeenCar) -> BTreeMap<usize, (f64, usize)> {
    let mut crossings = BTreeMap::new();
    for (line, [a, b, c]) in truth.measurement_lines.iter().enumerate() {
        let side: Vec<f64> = car.pos_x.iter().zip(&car.pos_y).map(|(x, y)| a * x + b * y + c).collect();
        let Some(at) = side.windows(2).position(|pair| pair[0] * pair[1] <= 0.0 && pair[0] != pair[1]) else {
            continue;
        };
        let share = side[at] / (side[at] - side[at + 1]);
        let frame = car.frames[at] as f64 + share * (car.frames[at + 1] - car.frames[at]) as f64;
        let (x, y) = (car.pos_x[at], car.pos_y[at]);
        let left_of = |[a, b, c]: &[f64; 3]| -(b * y + c) / a < x;
        let lane = truth.lane_div_lines.iter().filter(|line| left_of(line)).count();
        crossings.insert(line, (frame / truth.fps, lane));
    }
    crossings
}

/// Seconds between a vehicle and a track at the lines that both crossed; none if they are not the same.
fn apart(car: &TrueCar, crossed: &BTreeMap<usize, (f64, usize)>) -> Option<f64> {
    let both = car.intersections.iter().filter_map(|intersection| {
        let (time, lane) = crossed.get(&intersection.measurement_line_id)?;
        Some(((time - intersection.video_time).abs(), *lane))
    });
    let both: Vec<(f64, usize)> = both.collect();
    let is_in_lane = both.first().is_some_and(|(_, lane)| car.lane_index.contains(&lane.wrapping_sub(1)));
    let mean = both.iter().map(|(apart, _)| apart).sum::<f64>() / both.len() as f64;
    (both.len() >= 2 && is_in_lane && mean <= TOGETHER_S).then_some(mean)
}

fn median_and_p95(errors: &[Error]) -> (f64, f64) {
    let mut sizes: Vec<f64> = errors.iter().map(|(error, _)| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let at = |share: f64| sizes.get((sizes.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    (at(0.5), at(0.95))
}

fn figures(errors: &[Error]) -> String {
    let (median, p95) = median_and_p95(errors);
    let bias = errors.iter().map(|(error, _)| error).sum::<f64>() / errors.len() as f64;
    let within = errors.iter().filter(|(_, within)| *within).count() as f64 / errors.len() as f64;
    format!("{median:6.2}{p95:6.2}{bias:+6.2}   {:4.0} %", 100.0 * within)
}
