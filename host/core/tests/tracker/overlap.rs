//! The sweep against comparing every pair.

use ocellus_core::Rect;
use ocellus_core::tracker::overlap::{Edges, Overlap, OverlapFinder};

use crate::support::Random;

#[test]
fn the_sweep_finds_exactly_the_pairs_over_the_floor() {
    let mut random = Random::new(3);
    let mut finder = OverlapFinder::default();
    for round in 0..400 {
        let spread = [60.0, 400.0][round % 2];
        let mut boxes = |count: u64| -> Vec<Edges> {
            (0..count)
                .map(|_| {
                    // Whole numbers make equal edges frequent.
                    let x = random.between(-spread, spread).round();
                    let y = random.between(-spread, spread).round();
                    let rect = Rect::new(x, y, random.between(0.0, 60.0).round(), random.between(1.0, 60.0));
                    Edges::new(&rect, (round % 3) as f32 / 2.0)
                })
                .collect()
        };
        let (rows, columns) = (boxes(round as u64 % 40), boxes(round as u64 % 31));
        let floor = [0.0, 0.2, 0.85][round % 3];
        let mut expected = Vec::new();
        for (row, a) in (0..).zip(&rows) {
            for (column, b) in (0..).zip(&columns) {
                if a.iou(b) > floor {
                    expected.push(Overlap { row, column, iou: a.iou(b) });
                }
            }
        }
        assert_eq!(finder.find(&rows, &columns, floor), expected);
    }
}

#[test]
fn iou_agrees_with_that_of_rectangles() {
    let mut random = Random::new(4);
    for _ in 0..1_000 {
        let mut rect = || {
            let (x, y) = (random.between(0.0, 50.0), random.between(0.0, 50.0));
            Rect::new(x, y, random.between(1.0, 60.0), random.between(1.0, 60.0))
        };
        let (a, b) = (rect(), rect());
        assert!((Edges::new(&a, 0.0).iou(&Edges::new(&b, 0.0)) - a.iou(&b)).abs() < 1e-5);
    }
}
