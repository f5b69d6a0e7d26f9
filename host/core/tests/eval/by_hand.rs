//! Small cases whose measures can be counted on paper.

use ocellus_core::eval::{LabelledBox, Role, Scores, Sequence, TruthBox};

fn boxed(frame: u32, id: u64, x: f64) -> LabelledBox {
    LabelledBox { frame, id, x, y: 0.0, width: 10.0, height: 10.0 }
}

fn truth(frame: u32, id: u64, x: f64) -> TruthBox {
    TruthBox { label: boxed(frame, id, x), role: Role::Counted }
}

fn score(truth: Vec<TruthBox>, tracks: Vec<LabelledBox>) -> Scores {
    Sequence::new(truth, tracks).unwrap().score().unwrap()
}

#[test]
fn a_tracker_that_says_nothing_scores_nothing() {
    let scores = score(vec![truth(1, 1, 0.0), truth(2, 1, 0.0)], Vec::new());
    assert_eq!((scores.hota.hota(), scores.clear.mota(), scores.identity.idf1()), (0.0, 0.0, 0.0));
    assert_eq!((scores.clear.false_negatives, scores.clear.mostly_lost), (2, 1));
    assert_eq!(scores.hota.loc_a(), 1.0);
}

#[test]
fn a_box_without_area_or_without_number_is_only_a_false_one() {
    let flat = LabelledBox { width: 0.0, ..boxed(1, 1, 0.0) };
    let odd = LabelledBox { x: f64::NAN, ..boxed(2, 1, 0.0) };
    let scores = score(vec![truth(1, 1, 0.0), truth(2, 1, 0.0)], vec![flat, odd]);
    assert_eq!((scores.clear.true_positives, scores.clear.false_positives), (0, 2));
    assert_eq!(scores.clear.mota(), -1.0);
}

#[test]
fn a_perfect_tracker_scores_one_whatever_its_ids_and_the_order_of_lines() {
    let objects = || (1..=3).flat_map(|frame| (1..=4).map(move |id| (frame, id, id as f64 * 50.0)));
    let truth = objects().map(|(frame, id, x)| truth(frame, id, x)).collect();
    let mut tracks: Vec<_> = objects().map(|(frame, id, x)| boxed(frame, 1_000_000_007 * id, x)).collect();
    tracks.reverse();
    let scores = score(truth, tracks);
    let all = [
        scores.hota.hota(),
        scores.hota.det_a(),
        scores.hota.ass_a(),
        scores.hota.loc_a(),
        scores.clear.mota(),
        scores.clear.motp(),
        scores.identity.idf1(),
    ];
    assert_eq!(all, [1.0; 7]);
    assert_eq!((scores.clear.mostly_tracked, scores.clear.fragmentations), (4, 0));
}

#[test]
fn an_identity_that_changes_halfway_is_one_switch_and_half_an_identity() {
    let truth = (1..=10).map(|frame| truth(frame, 1, 0.0)).collect();
    let tracks = (1..=10).map(|frame| boxed(frame, if frame <= 5 { 7 } else { 8 }, 0.0)).collect();
    let scores = score(truth, tracks);
    assert_eq!((scores.clear.identity_switches, scores.clear.fragmentations), (1, 0));
    assert!((scores.clear.mota() - 0.9).abs() < 1e-12);
    assert!((scores.identity.idf1() - 0.5).abs() < 1e-12);
    // Each half shares 5 boxes of the 10 that the two have together.
    assert!((scores.hota.ass_a() - 0.5).abs() < 1e-12);
    assert_eq!(scores.hota.det_a(), 1.0);
}

#[test]
fn a_track_on_a_distractor_is_neither_right_nor_wrong() {
    let distractor = TruthBox { role: Role::Distractor, ..truth(1, 2, 100.0) };
    let ignored = TruthBox { role: Role::Ignored, ..truth(1, 3, 200.0) };
    let tracks = vec![boxed(1, 1, 0.0), boxed(1, 2, 101.0), boxed(1, 3, 201.0)];
    let scores = score(vec![truth(1, 1, 0.0), distractor, ignored], tracks);
    assert_eq!((scores.clear.true_positives, scores.clear.false_positives), (1, 1));
    assert_eq!((scores.identity.true_positives, scores.identity.false_positives), (1, 1));
}

#[test]
fn a_match_that_goes_on_beats_a_closer_one() {
    // In the second frame a newcomer is closer to the object than the track that has it.
    let truths = vec![truth(1, 1, 0.0), truth(2, 1, 0.0)];
    let scores = score(truths, vec![boxed(1, 1, 0.0), boxed(2, 1, 3.0), boxed(2, 2, 0.0)]);
    assert_eq!((scores.clear.identity_switches, scores.clear.false_positives), (0, 1));
}

#[test]
fn an_overlap_at_the_threshold_counts_and_one_below_does_not() {
    // 10 wide and moved by 10/3: 20/3 of 40/3 is shared, exactly a half.
    let half = 10.0 / 3.0;
    assert_eq!(score(vec![truth(1, 1, 0.0)], vec![boxed(1, 1, half)]).clear.true_positives, 1);
    assert_eq!(score(vec![truth(1, 1, 0.0)], vec![boxed(1, 1, half + 1e-9)]).clear.true_positives, 0);
}

#[test]
fn sequences_are_combined_by_their_boxes() {
    let good =
        score((1..=9).map(|at| truth(at, 1, 0.0)).collect(), (1..=9).map(|at| boxed(at, 1, 0.0)).collect());
    let poor = score(vec![truth(1, 1, 0.0)], vec![boxed(1, 1, 500.0)]);
    let mut both = good;
    both.add(&poor);
    // 9 right, 1 missed, 1 wrong, of 10.
    assert!((both.clear.mota() - 0.8).abs() < 1e-12);
    assert!((both.identity.idf1() - 0.9).abs() < 1e-12);
    assert!((both.hota.det_a() - 9.0 / 11.0).abs() < 1e-12);
    assert_eq!(both.hota.at()[0].alpha, 0.05);
}
