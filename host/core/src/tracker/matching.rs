//! Matching objects with detections.

use super::assignment::{Assigner, Pair};
use super::nearness::Nearness;
use super::object::Object;
use super::overlap::{Edges, OverlapFinder};
use super::scene::{Scene, Sighting};
use super::settings::{Association, ClassMatching};
use crate::geometry::Rect;

/// The part of a tracker that says which detection is which object; keeps its memory.
#[derive(Debug)]
pub(super) struct Matcher {
    association: Association,
    class_aware: ClassMatching,
    overlaps: OverlapFinder,
    assigner: Assigner,
    rows: Vec<Edges>,
    columns: Vec<Edges>,
    pairs: Vec<Pair>,
    nearness: Nearness,
    taken: Vec<bool>,
    /// (object, sighting), by object.
    pub(super) matches: Vec<(u32, u32)>,
}

/// What a pair of an object and a sighting is worth whose boxes overlap by an IoU; `None` where they may
/// not be matched.
pub(super) trait Worth: Fn(&Object, &Sighting, f32) -> Option<f32> {}
impl<F: Fn(&Object, &Sighting, f32) -> Option<f32>> Worth for F {}

/// A gain of one. Finer than the 24 bits of an f32 between 2⁻⁶ and 1, so nothing is rounded where it
/// matters.
const UNIT: f32 = (1_u32 << 30) as f32;

/// The least IoU of a box and the last box of a track after the camera jumped. Little is left then of what overlapped.
const JUMP_IOU: f32 = 0.1;
/// How many times wider or higher the one may be than the other: a jump moves people and cuts some at the picture's edge,
/// and what has quite another size is another.
const JUMP_SIZE: f32 = 1.5;

impl Matcher {
    pub(super) fn new(association: Association, class_aware: ClassMatching) -> Matcher {
        Matcher {
            association,
            class_aware,
            overlaps: OverlapFinder::default(),
            assigner: Assigner::default(),
            rows: Vec::new(),
            columns: Vec::new(),
            pairs: Vec::new(),
            nearness: Nearness::default(),
            taken: Vec::new(),
            matches: Vec::new(),
        }
    }

    /// Matches `rows` (indices of objects) with `columns` (indices of sightings) whose IoU is above `floor`,
    /// for the greatest sum of worths. What was matched leaves both lists, and stands in `matches`.
    pub(super) fn by_overlap(
        &mut self,
        scene: &Scene,
        lists: (&mut Vec<u32>, &mut Vec<u32>),
        floor: f32,
        worth: impl Worth,
    ) {
        let association = self.association;
        self.by_overlap_of(scene, lists, floor, worth, |object| association.edges(object, scene.shift));
    }

    /// The same with the boxes that objects had when they were seen last. A motion model that is sure of itself puts
    /// what turns back suddenly further from its box than if it had none.
    pub(super) fn by_last_box(&mut self, scene: &Scene, lists: (&mut Vec<u32>, &mut Vec<u32>)) {
        let is_like = |one: f32, other: f32| one.max(other) <= one.min(other) * JUMP_SIZE;
        let worth = |object: &Object, sighting: &Sighting, iou: f32| {
            let (last, now) = (&object.last_box, &sighting.detection.rect);
            let is_like = is_like(last.width, now.width) && is_like(last.height, now.height);
            is_like.then_some(iou - JUMP_IOU)
        };
        self.by_overlap_of(scene, lists, JUMP_IOU, worth, |object| Edges::new(&object.last_box, 0.0));
    }

    fn by_overlap_of(
        &mut self,
        scene: &Scene,
        (rows, columns): (&mut Vec<u32>, &mut Vec<u32>),
        floor: f32,
        worth: impl Worth,
        edges: impl Fn(&Object) -> Edges,
    ) {
        self.matches.clear();
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let margin = self.association.margin();
        self.rows.clear();
        self.rows.extend(rows.iter().map(|&row| edges(&scene.objects[row as usize])));
        self.columns.clear();
        self.columns.extend(
            columns
                .iter()
                .map(|&column| Edges::new(&scene.sightings[column as usize].detection.rect, margin)),
        );
        self.pairs.clear();
        for overlap in self.overlaps.find(&self.rows, &self.columns, floor) {
            let object = &scene.objects[rows[overlap.row as usize] as usize];
            let sighting = &scene.sightings[columns[overlap.column as usize] as usize];
            if self.class_aware == ClassMatching::Require && object.class() != sighting.detection.class {
                continue;
            }
            if let Some(worth) = worth(object, sighting, overlap.iou) {
                self.pairs.push(Pair { row: overlap.row, column: overlap.column, gain: gain(worth) });
            }
        }
        self.settle(rows, columns);
    }

    /// The same by looks: pairs within reach of the motion, whether they overlap or not, whose cosine distance is at most
    /// `limit`.
    pub(super) fn by_looks(
        &mut self,
        scene: &Scene,
        (rows, columns): (&mut Vec<u32>, &mut Vec<u32>),
        limit: f32,
    ) {
        self.matches.clear();
        self.pairs.clear();
        let may_be = |object: &Object, sighting: &Sighting| {
            let fits =
                self.class_aware == ClassMatching::Ignore || object.class() == sighting.detection.class;
            let is_beyond = |look: &[f32]| object.looks.is_empty() || object.looks.is_beyond(look, limit);
            fits && scene.look(sighting).is_some_and(|look| !is_beyond(look))
        };
        for near in self.nearness.find(scene, (rows, columns), may_be) {
            let object = &scene.objects[rows[near.row as usize] as usize];
            let sighting = &scene.sightings[columns[near.column as usize] as usize];
            let Some(look) = scene.look(sighting) else { continue };
            // Where nobody else is in question, all that counts is whether it may be.
            let worth = if near.is_alone {
                object.looks.is_within(look, limit).then_some(1.0)
            } else {
                let distance = object.looks.distance(look).filter(|distance| *distance <= limit);
                distance.map(|distance| (limit - distance) / limit)
            };
            if let Some(worth) = worth {
                self.pairs.push(Pair { row: near.row, column: near.column, gain: gain(worth) });
            }
        }
        self.settle(rows, columns);
    }

    /// Chooses among the pairs.
    fn settle(&mut self, rows: &mut Vec<u32>, columns: &mut Vec<u32>) {
        if self.pairs.is_empty() {
            return;
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
            let edges = |&index: &u32| self.association.edges(&objects[index as usize], [0.0; 2]);
            self.rows.clear();
            self.rows.extend(a.iter().map(edges));
            self.columns.clear();
            self.columns.extend(b.iter().map(edges));
            let found = self.overlaps.find(&self.rows, &self.columns, floor);
            self.matches.extend(found.iter().map(|pair| (a[pair.row as usize], b[pair.column as usize])));
        }
        self.matches.iter().copied()
    }
}

/// At least one: a pair just over the floor is still a pair.
fn gain(worth: f32) -> i64 {
    ((worth * UNIT) as i64).max(1)
}

impl Association {
    fn margin(self) -> f32 {
        match self {
            Association::Predicted => 0.0,
            Association::LastBox => 1.0,
        }
    }

    fn edges(self, object: &Object, [x, y]: [f32; 2]) -> Edges {
        let Rect { x: left, y: top, width, height } = match self {
            Association::Predicted => object.filter.rect(),
            Association::LastBox => object.last_box,
        };
        Edges::new(&Rect::new(left + x, top + y, width, height), self.margin())
    }
}
