//! How well identities are kept, on real ground truth.

use std::collections::BTreeMap;

use ocellus_core::mot::{MotDetections, MotRow, parse_rows, track_sequence};
use ocellus_core::tracker::ByteTrackSettings;
use ocellus_core::tracker::assignment::{Assigner, Pair};

use crate::support::test_data;

/// The most boxes of `truth` and `found` that agree (same frame, IoU of at least `floor`) under a
/// one-to-one map of identities: the IDTP of IDF1 (Ristani et al. 2016).
pub(crate) fn shared_identities(truth: &[MotRow], found: &[MotRow], floor: f32) -> usize {
    let mut by_frame: BTreeMap<u32, Vec<&MotRow>> = BTreeMap::new();
    for row in found {
        by_frame.entry(row.frame).or_default().push(row);
    }
    let (mut truth_index, mut found_index) = (BTreeMap::new(), BTreeMap::new());
    let mut together: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for row in truth {
        for other in by_frame.get(&row.frame).map_or(&[][..], Vec::as_slice) {
            if row.rect.iou(&other.rect) >= floor {
                let next = truth_index.len() as u32;
                let a = *truth_index.entry(row.id).or_insert(next);
                let next = found_index.len() as u32;
                let b = *found_index.entry(other.id).or_insert(next);
                *together.entry((a, b)).or_default() += 1;
            }
        }
    }
    let pairs: Vec<Pair> =
        together.iter().map(|(&(row, column), &gain)| Pair { row, column, gain }).collect();
    let mut assigner = Assigner::default();
    let matched = assigner.solve(truth_index.len(), found_index.len(), &pairs);
    let gain = |(row, column): (usize, Option<usize>)| together[&(row as u32, column? as u32)].into();
    matched.enumerate().filter_map(gain).sum::<i64>() as usize
}

/// IDF1 of the default settings on `detections` against `truth`, and the number of identities.
fn idf1(truth: &[MotRow], detections: &MotDetections, frame_rate: f32) -> (f64, usize) {
    let settings = ByteTrackSettings { frame_rate, ..Default::default() };
    let found = track_sequence(settings, detections).unwrap();
    let shared = shared_identities(truth, &found, 0.5);
    let ids: std::collections::BTreeSet<u64> = found.iter().map(|row| row.id).collect();
    (2.0 * shared as f64 / (truth.len() + found.len()) as f64, ids.len())
}

#[test]
fn perfect_boxes_of_a_crowd_keep_their_identities() {
    let Some(data) = test_data() else { return };
    for (name, rate, least) in
        [("MOT17-02", 30.0, 0.9), ("MOT17-05", 14.0, 0.9), ("MOT17-11", 30.0, 0.9), ("MOT17-13", 25.0, 0.8)]
    {
        let folder = data.join("mot/mot17").join(name);
        let text = std::fs::read_to_string(folder.join("gt.txt")).unwrap();
        // Column 7 is 1 where the box is to be considered, column 8 is 1 for a pedestrian.
        let people: String = text
            .lines()
            .filter(|line| line.split(',').skip(6).take(2).all(|value| value == "1"))
            .map(|line| format!("{line}\n"))
            .collect();
        let truth = parse_rows(&people).unwrap();
        let ids: std::collections::BTreeSet<u64> = truth.iter().map(|row| row.id).collect();
        let perfect = people.lines().map(|line| {
            let (frame, rest) = line.split_once(',').unwrap();
            format!("{frame},-1,{}\n", rest.split_once(',').unwrap().1)
        });
        let perfect = MotDetections::parse(&perfect.collect::<String>()).unwrap();
        let real = std::fs::read_to_string(folder.join("lif_t_frcnn.txt")).unwrap();
        let (on_truth, found_ids) = idf1(&truth, &perfect, rate);
        let (on_real, real_ids) = idf1(&truth, &MotDetections::parse(&real).unwrap(), rate);
        eprintln!(
            "{name}: IDF1 {on_truth:.3} on the truth's own boxes ({found_ids} identities for {}), \
             {on_real:.3} on a tracker's boxes ({real_ids})",
            ids.len(),
        );
        assert!(on_truth >= least);
    }
}
