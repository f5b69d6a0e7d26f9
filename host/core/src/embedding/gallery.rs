//! Looking for the embeddings that are most like a given one.

use std::cmp::Ordering;

use super::Embedding;
use super::dot::scan;

/// Embeddings of one dimension, searched exactly: every row is looked at.
///
/// A row of 512 numbers takes 2 KiB, and a search of 10,000 rows about a millisecond. Rows are numbered from 0 in the
/// order in which they were added; the last one takes the number of one that is removed.
///
/// ```
/// use ocellus_core::embedding::{Embedding, Gallery};
///
/// let of = |x: f32, y: f32| Embedding::new(&[x, y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
/// let mut gallery = Gallery::new(8);
/// for embedding in [of(1.0, 0.0), of(0.0, 1.0), of(1.0, 1.0)] {
///     gallery.push(&embedding).unwrap();
/// }
/// let found = gallery.nearest(&of(2.0, 0.1), 2, |_| true);
/// assert_eq!((found[0].row, found[1].row), (0, 2));
/// ```
#[derive(Debug, Clone)]
pub struct Gallery {
    dimension: usize,
    matrix: Vec<f32>,
}

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its number.
    pub row: usize,
    /// Cosine with what was looked for, -1..1.
    pub cosine: f32,
}

impl Gallery {
    /// An empty gallery for embeddings of `dimension` numbers.
    #[must_use]
    pub fn new(dimension: usize) -> Gallery {
        Gallery { dimension: dimension.max(1), matrix: Vec::new() }
    }

    /// Numbers an embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.matrix.len() / self.dimension
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matrix.is_empty()
    }

    /// The numbers of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        let start = row.checked_mul(self.dimension)?;
        self.matrix.get(start..start.checked_add(self.dimension)?)
    }

    /// Adds a row; its number, or none where the dimension is another one.
    pub fn push(&mut self, embedding: &Embedding) -> Option<usize> {
        if embedding.dimension() != self.dimension {
            return None;
        }
        self.matrix.extend_from_slice(embedding.as_slice());
        Some(self.len() - 1)
    }

    /// Puts another embedding in the place of a row; false where there is no such row, or the dimension differs.
    pub fn replace(&mut self, row: usize, embedding: &Embedding) -> bool {
        if row >= self.len() || embedding.dimension() != self.dimension {
            return false;
        }
        let start = row * self.dimension;
        self.matrix[start..start + self.dimension].copy_from_slice(embedding.as_slice());
        true
    }

    /// Removes a row; the last one takes its number. False where there is no such row.
    pub fn swap_remove(&mut self, row: usize) -> bool {
        if row >= self.len() {
            return false;
        }
        let last = self.matrix.len() - self.dimension;
        self.matrix.copy_within(last.., row * self.dimension);
        self.matrix.truncate(last);
        true
    }

    /// The `count` rows most like `query` among those that `admits`, the best first; of equals the one with the
    /// lower number. None for a query of another dimension.
    #[must_use]
    pub fn nearest(&self, query: &Embedding, count: usize, admits: impl Fn(usize) -> bool) -> Vec<Neighbour> {
        if query.dimension() != self.dimension || count == 0 {
            return Vec::new();
        }
        let mut best: Vec<Neighbour> = Vec::with_capacity(count.min(self.len()));
        // A row has to beat this one, once there are enough.
        let mut least = f32::NEG_INFINITY;
        scan(&self.matrix, query.as_slice(), &mut |row, cosine| {
            if (best.len() == count && cosine <= least) || !admits(row) {
                return;
            }
            let cosine = cosine.clamp(-1.0, 1.0);
            let place = best.partition_point(|other| not_worse(other.cosine, cosine));
            if best.len() == count {
                best.pop();
            }
            best.insert(place, Neighbour { row, cosine });
            least = best.last().map_or(least, |last| last.cosine);
        });
        best
    }
}

/// Rows come in their order, so an equal one stays before the new one.
fn not_worse(other: f32, new: f32) -> bool {
    other.total_cmp(&new) != Ordering::Less
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, dimension: usize) -> Embedding {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            ((state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32) / (1_u64 << 23) as f32 - 1.0
        };
        let values: Vec<f32> = (0..dimension).map(|_| next()).collect();
        Embedding::new(&values).unwrap()
    }

    fn filled(rows: u64, dimension: usize) -> Gallery {
        let mut gallery = Gallery::new(dimension);
        for seed in 1..=rows {
            gallery.push(&noise(seed, dimension)).unwrap();
        }
        gallery
    }

    #[test]
    fn finds_what_sorting_all_rows_finds() {
        let gallery = filled(300, 40);
        for seed in 1000..1020 {
            let query = noise(seed, 40);
            let mut all: Vec<Neighbour> = (0..300)
                .map(|row| Neighbour {
                    row,
                    cosine: super::super::dot(gallery.row(row).unwrap(), query.as_slice()),
                })
                .filter(|neighbour| neighbour.row % 3 != 0)
                .collect();
            all.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.row.cmp(&b.row)));
            assert_eq!(gallery.nearest(&query, 7, |row| row % 3 != 0), all[..7]);
        }
    }

    #[test]
    fn of_equal_rows_the_first_comes_first() {
        let mut gallery = Gallery::new(16);
        let one = noise(5, 16);
        for _ in 0..5 {
            gallery.push(&one).unwrap();
        }
        let rows: Vec<usize> = gallery.nearest(&one, 3, |_| true).iter().map(|found| found.row).collect();
        assert_eq!(rows, [0, 1, 2]);
    }

    #[test]
    fn another_dimension_is_never_mixed_in_and_nothing_is_found_in_it() {
        let mut gallery = filled(4, 16);
        let other = noise(1, 24);
        assert_eq!(gallery.push(&other), None);
        assert!(!gallery.replace(0, &other));
        assert!(gallery.nearest(&other, 3, |_| true).is_empty());
        assert_eq!((gallery.len(), gallery.nearest(&noise(1, 16), 0, |_| true).len()), (4, 0));
        assert_eq!(Gallery::new(0).nearest(&other, 1, |_| true), []);
    }

    #[test]
    fn the_last_row_takes_the_place_of_a_removed_one() {
        let mut gallery = filled(4, 16);
        assert!(gallery.swap_remove(1));
        assert_eq!(gallery.row(1), Some(noise(4, 16).as_slice()));
        assert!(gallery.swap_remove(2) && !gallery.swap_remove(2));
        assert!(gallery.replace(0, &noise(9, 16)) && !gallery.replace(2, &noise(9, 16)));
        assert_eq!(gallery.nearest(&noise(9, 16), 9, |_| true)[0].row, 0);
        assert_eq!((gallery.len(), gallery.row(2), gallery.row(usize::MAX)), (2, None, None));
    }
}
