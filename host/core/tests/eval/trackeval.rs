//! All measures beside those of TrackEval on the same files (tests/golden/tracking/reference.py made them).

use std::path::{Path, PathBuf};

use ocellus_core::eval::{BoxReader, HotaAt, LabelledBox, Scores, Sequence as Prepared};
use serde_json::Value;

use crate::mot17::{MOT17, Sequence, digest};

fn golden() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tracking/trackeval.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn read_tracks(text: &str) -> Vec<LabelledBox> {
    let mut reader = BoxReader::default();
    text.lines().filter_map(|line| reader.track(line).unwrap()).collect()
}

/// Every number that TrackEval gives, under its names there.
fn numbers(scores: &Scores) -> Vec<(&'static str, f64)> {
    let (hota, clear, identity) = (&scores.hota, &scores.clear, &scores.identity);
    vec![
        ("HOTA", hota.hota()),
        ("DetA", hota.det_a()),
        ("AssA", hota.ass_a()),
        ("LocA", hota.loc_a()),
        ("MOTA", clear.mota()),
        ("MOTP", clear.motp()),
        ("CLR_TP", clear.true_positives as f64),
        ("CLR_FN", clear.false_negatives as f64),
        ("CLR_FP", clear.false_positives as f64),
        ("IDSW", clear.identity_switches as f64),
        ("Frag", clear.fragmentations as f64),
        ("MT", clear.mostly_tracked as f64),
        ("PT", clear.partly_tracked as f64),
        ("ML", clear.mostly_lost as f64),
        ("IDF1", identity.idf1()),
        ("IDP", identity.idp()),
        ("IDR", identity.idr()),
        ("IDTP", identity.true_positives as f64),
    ]
}

/// The numbers of each threshold, under TrackEval's names.
type Curve = (&'static str, fn(&HotaAt) -> f64);
const CURVES: [Curve; 5] = [
    ("HOTA", HotaAt::hota),
    ("DetA", HotaAt::det_a),
    ("AssA", HotaAt::ass_a),
    ("LocA", HotaAt::loc_a),
    ("HOTA_TP", |at| at.true_positives as f64),
];

/// What differs by more than a millionth.
fn differences(name: &str, scores: &Scores, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: String, ours: f64, theirs: &Value| {
        let theirs = theirs.as_f64().unwrap();
        if (ours - theirs).abs() > 1e-6 {
            wrong.push(format!("{name}: {what} is {ours}, TrackEval has {theirs}"));
        }
    };
    for (key, ours) in numbers(scores) {
        compare(key.to_owned(), ours, &expected[key]);
    }
    for (key, measure) in CURVES {
        for (index, at) in scores.hota.at().iter().enumerate() {
            let what = format!("{key} at {:.2}", at.alpha);
            compare(what, measure(at), &expected["alphas"][key][index]);
        }
    }
    wrong
}

#[test]
fn every_measure_agrees_with_trackeval_to_a_millionth() {
    let Some(data) = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: OCELLUS_TEST_DATA is unset");
        return;
    };
    let golden = golden();
    let mut wrong = Vec::new();
    for set in ["lif", "broken"] {
        let mut combined = Scores::default();
        for name in MOT17 {
            let sequence = Sequence::mot17(&data, name);
            let text = if set == "lif" {
                std::fs::read_to_string(sequence.folder.join("lif_t_frcnn.txt")).unwrap()
            } else {
                sequence.broken_tracks()
            };
            let expected = &golden[set][name];
            assert_eq!(expected["input"], digest(&text), "{set} {name}: TrackEval was given another file");
            let prepared = Prepared::new(sequence.truth, read_tracks(&text)).unwrap();
            let scores = prepared.score().unwrap();
            combined.add(&scores);
            wrong.extend(differences(&format!("{set} {name}"), &scores, expected));
        }
        wrong.extend(differences(&format!("{set} combined"), &combined, &golden[set]["COMBINED_SEQ"]));
    }
    let sequence = Sequence::tud_campus(&data);
    let text = std::fs::read_to_string(sequence.folder.join("test.txt")).unwrap();
    let scores = Prepared::new(sequence.truth, read_tracks(&text)).unwrap().score().unwrap();
    wrong.extend(differences("TUD-Campus", &scores, &golden["mot15"]["TUD-Campus"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
