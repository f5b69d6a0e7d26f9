//! What cannot be evaluated, and what is said about it.

use ocellus_core::eval::{BoxReader, EvalError, LabelledBox, MOST_IN_FRAME, Role, Sequence, TruthBox};

fn track(frame: u32, id: u64) -> LabelledBox {
    LabelledBox { frame, id, x: 0.0, y: 0.0, width: 5.0, height: 5.0 }
}

fn truth(frame: u32, id: u64) -> TruthBox {
    TruthBox { label: track(frame, id), role: Role::Counted }
}

fn refusal(truth: Vec<TruthBox>, tracks: Vec<LabelledBox>) -> String {
    Sequence::new(truth, tracks).unwrap_err().to_string()
}

#[test]
fn a_truth_without_anything_to_find_is_refused() {
    let ignored = TruthBox { role: Role::Ignored, ..truth(1, 1) };
    for truth in [Vec::new(), vec![ignored]] {
        assert_eq!(
            refusal(truth, vec![track(1, 1)]),
            "the truth has no box that is to be found; name a ground truth with boxes marked 1 of class 1"
        );
    }
}

#[test]
fn files_of_different_frames_are_told_apart() {
    let said = refusal(vec![truth(3, 1), truth(9, 1)], vec![track(20, 1), track(10, 1)]);
    assert_eq!(
        said,
        "no frame has boxes of both: the truth has frames 3 to 9, the tracks have 10 to 20; name files of the same sequence"
    );
}

#[test]
fn an_id_that_is_in_two_places_is_refused_on_either_side() {
    let said = refusal(vec![truth(1, 1)], vec![track(1, 7), track(4, 7), track(4, 7)]);
    assert_eq!(said, "the tracks: frame 4 has id 7 twice; an id is one object, at most once a frame");
    let said = refusal(vec![truth(2, 1), truth(2, 1)], vec![track(2, 7)]);
    assert!(said.starts_with("the truth: frame 2 has id 1 twice"), "{said}");
}

#[test]
fn a_crowd_that_no_tracker_finds_is_refused() {
    let crowd = (0..=MOST_IN_FRAME as u64).map(|id| track(5, id)).collect();
    let refused = Sequence::new(vec![truth(5, 1)], crowd).unwrap_err();
    assert!(matches!(refused, EvalError::CrowdedFrame { frame: 5, .. }), "{refused}");
}

#[test]
fn a_line_that_is_no_box_is_named_with_what_would_be_right() {
    let mut reader = BoxReader::default();
    assert_eq!(reader.track("1,2,3,4,5,6").unwrap().unwrap().id, 2);
    assert_eq!(reader.track("  ").unwrap(), None);
    let said = reader.track("1,2,nan,4,5,6").unwrap_err().to_string();
    assert!(said.starts_with("line 3: x is \"nan\": use a number of pixels"), "{said}");
    let said = reader.track("1,-1,3,4,5,6").unwrap_err().to_string();
    assert!(said.starts_with("line 4: id is \"-1\""), "{said}");
    let said = reader.truth("1,1,3,4,5,6,1,14,1").unwrap_err().to_string();
    assert!(said.contains("line 5: class is \"14\""), "{said}");
    let said = reader.truth("1,1,3,4,5,6,inf,1,1").unwrap_err().to_string();
    assert!(said.contains("mark is \"inf\""), "{said}");
}

#[test]
fn marks_classes_and_world_positions_say_what_a_box_is_there_for() {
    let mut reader = BoxReader::default();
    let mut role = |text: &str| reader.truth(text).unwrap().unwrap().role;
    assert_eq!(role("1,1,0,0,9,9"), Role::Counted);
    assert_eq!(role("1,1,0,0,9,9,1,1,0.5"), Role::Counted);
    assert_eq!(role("1,1,0,0,9,9,0,1,0.5"), Role::Ignored);
    assert_eq!(role("1,1,0,0,9,9,0,7,0.5"), Role::Distractor);
    assert_eq!(role("1,1,0,0,9,9,1,3,0.5"), Role::Ignored);
    // MOT15: the eighth to tenth columns are a place in the world.
    assert_eq!(role("1,1,0,0,9,9,1,-1,-1,-1"), Role::Counted);
}

/// Lines that are nearly right: a few characters of each are exchanged.
fn mangled(seed: &mut u64) -> String {
    let mut dice = |below: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    let (frame, id) = (1 + dice(5), dice(4));
    let mut line: Vec<u8> =
        format!("{frame},{id},{},{},{},{},1,1,1", dice(30), dice(30), 1 + dice(20), 1 + dice(20))
            .into_bytes();
    for _ in 0..dice(3) {
        let at = dice(line.len() as u64) as usize;
        line[at] = b"0123456789,.-eE+naif "[dice(21) as usize];
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn whatever_is_taken_has_scores_in_their_range() {
    let (mut seed, mut taken) = (5, 0);
    for _ in 0..3000 {
        let mut reader = BoxReader::default();
        let lines = 3 + seed % 20;
        let truth: Vec<TruthBox> =
            (0..lines).filter_map(|_| reader.truth(&mangled(&mut seed)).ok().flatten()).collect();
        let tracks: Vec<LabelledBox> =
            (0..lines).filter_map(|_| reader.track(&mangled(&mut seed)).ok().flatten()).collect();
        let Ok(sequence) = Sequence::new(truth, tracks) else { continue };
        let scores = sequence.score().unwrap();
        let (hota, clear, identity) = (scores.hota, scores.clear, scores.identity);
        let shares = [
            hota.hota(),
            hota.det_a(),
            hota.ass_a(),
            hota.loc_a(),
            clear.motp(),
            identity.idf1(),
            identity.idp(),
        ];
        assert!(shares.iter().all(|share| (0.0..=1.0 + 1e-12).contains(share)), "{shares:?}");
        assert!(clear.mota() <= 1.0 && clear.mota().is_finite());
        let objects = clear.mostly_tracked + clear.partly_tracked + clear.mostly_lost;
        assert!(objects > 0 && clear.true_positives + clear.false_negatives == sequence.truth_boxes() as u64);
        taken += 1;
    }
    assert!(taken > 100, "{taken}");
}
