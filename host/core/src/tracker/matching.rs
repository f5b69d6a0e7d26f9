//! Matching objects with detections by the overlap of their boxes.

use super::assignment::{Assigner, Pair};
use super::object::Object;
use super::overlap::{Edges, OverlapFinder};
use super::settings::{Association, ByteTrackSettings, ClassMatching};
use crate::detection::Detection;

/// The part of the tracker that says which detection is which object; keeps its memory.
#[derive(Debug)]
pub(super) struct Matcher {
    association: Association,
    class_aware: ClassMatching,
    overlaps: OverlapFinder,
    assigner: Assigner,
    rows: Vec<Edges>,
    columns: Vec<Edges>,
    pairs: Vec<Pair>,
    taken: Vec<bool>,
    /// (object, detection), by object.
    pub(super) matches: Vec<(u32, u32)>,
}

/// A gain of one whole IoU. Finer than the 24 bits of an f32 between 2⁻⁶ and 1, so nothing is rounded
/// where it matters.
const UNIT: f32 = (1_u32 << 30) as f32;

impl Matcher {
    pub(super) fn new(settings: &ByteTrackSettings) -> Matcher {
        Matcher {
            association: settings.association,
            class_aware: settings.class_aware,
            overlaps: OverlapFinder::default(),
            assigner: Assigner::default(),
            rows: Vec::new(),
            columns: Vec::new(),
            pairs: Vec::new(),
            taken: Vec::new(),
            matches: Vec::new(),
        }
    }

    /// Matches `rows` (indices of objects) with `columns` (indices of detections) where 1 − IoU is below
    /// `limit`, for the greatest sum of limit − (1 − IoU). What was matched leaves both lists, and
    /// stands in `matches`.
    pub(super) fn run(
        &mut self,
        (objects, rows): (&[Object], &mut Vec<u32>),
        (detections, columns): (&[Detection], &mut Vec<u32>),
        limit: f32,
    ) {
        self.matches.clear();
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let margin = self.margin();
        self.rows.clear();
        self.rows.extend(rows.iter().map(|&row| self.association.edges(&objects[row as usize])));
        self.columns.clear();
        self.columns
            .extend(columns.iter().map(|&column| Edges::new(&detections[column as usize].rect, margin)));

        let floor = 1.0 - limit;
        self.pairs.clear();
        for overlap in self.overlaps.find(&self.rows, &self.columns, floor) {
            let detection = &detections[columns[overlap.column as usize] as usize];
            let object = &objects[rows[overlap.row as usize] as usize];
            if self.class_aware == ClassMatching::Require && object.class() != detection.class {
                continue;
            }
            // At least one: a pair just over the floor is still a pair.
            let gain = (((overlap.iou - floor) * UNIT) as i64).max(1);
            self.pairs.push(Pair { row: overlap.row, column: overlap.column, gain });
        }

        self.taken.clear();
        self.taken.resize(columns.len(), false);
        let mut solution = self.assigner.solve(rows.len(), columns.len(), &self.pairs);
        rows.retain(|&row| match solution.next().flatten() {
            Some(column) => {
                self.taken[column] = true;
                self.matches.push((row, columns[column]));
                false
            }
            None => true,
        });
        drop(solution);
        let mut taken = self.taken.iter();
        columns.retain(|_| taken.next() != Some(&true));
    }

    /// Pairs (a, b) of `a` and `b` (indices of objects) whose boxes overlap by more than `floor`.
    pub(super) fn overlapping(
        &mut self,
        objects: &[Object],
        (a, b): (&[u32], &[u32]),
        floor: f32,
    ) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.matches.clear();
        if !a.is_empty() && !b.is_empty() {
            let edges = |&index: &u32| self.association.edges(&objects[index as usize]);
            self.rows.clear();
            self.rows.extend(a.iter().map(edges));
            self.columns.clear();
            self.columns.extend(b.iter().map(edges));
            let found = self.overlaps.find(&self.rows, &self.columns, floor);
            self.matches.extend(found.iter().map(|pair| (a[pair.row as usize], b[pair.column as usize])));
        }
        self.matches.iter().copied()
    }

    fn margin(&self) -> f32 {
        self.association.margin()
    }
}

impl Association {
    fn margin(self) -> f32 {
        match self {
            Association::Predicted => 0.0,
            Association::LastBox => 1.0,
        }
    }

    fn edges(self, object: &Object) -> Edges {
        let rect = match self {
            Association::Predicted => object.filter.rect(),
            Association::LastBox => object.last_box,
        };
        Edges::new(&rect, self.margin())
    }
}
