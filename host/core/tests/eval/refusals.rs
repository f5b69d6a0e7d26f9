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
