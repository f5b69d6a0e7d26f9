//! Optimal assignment over a sparse set of pairs.

/// A row and a column that may be matched, and what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the row.
    pub row: u32,
    /// Index of the column.
    pub column: u32,
    /// The worth of matching the two, above zero. Whole numbers, so that sums are exact and the same
    /// on every machine.
    pub gain: i64,
}

/// No row, no column.
const NONE: u32 = u32::MAX;

/// Finds the matching of greatest total gain; keeps its memory from call to call.
///
/// With `gain = limit − cost` over the pairs below the limit this is the answer of `lapjv` with
/// `cost_limit` on the dense matrix: leaving a row and a column unmatched costs the limit, a match its
/// cost, so the cheapest total is the greatest sum of what matches save.
///
/// Method: shortest augmenting paths, a row at a time, with potentials on the columns (Jonker and
/// Volgenant 1987), over the existing pairs only. Any row may stay unmatched at cost zero. A path never
/// leaves the connected component of the row that it starts from, so a crowd of objects costs the sum
/// over its small groups, not the cube of its number.
///
/// Ties: rows are served in their order, and of two equally short paths the one found first wins; a
/// row looks at its columns in their order. The same pairs thus always give the same matching.
#[derive(Debug, Default)]
pub struct Assigner {
    /// Where the pairs of each row begin, with one entry more at the end.
    starts: Vec<u32>,
    row_match: Vec<u32>,
    row_gain: Vec<i64>,
    columns: Vec<Column>,
    /// Columns reached by the search under way, in the order of discovery.
    reached: Vec<u32>,
    search: u32,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    matched: u32,
    /// The price of the column: zero while free, sinking as rows compete for it.
    price: i64,
    /// The search that reached the column last.
    search: u32,
    settled: bool,
    distance: i64,
    /// The pair by which the search reached the column.
    pair: u32,
}

const FREE: Column = Column { matched: NONE, price: 0, search: 0, settled: false, distance: 0, pair: 0 };

/// Where a shortest augmenting path ends.
#[derive(Clone, Copy)]
enum End {
    /// At a column that was free.
    Column(u32),
    /// At a row that gives up its column, or at the row that the path began with.
    Row(u32),
}

impl Assigner {
    /// Solves for `rows` × `columns` with `pairs` sorted by row, then column, each pair once.
    ///
    /// Returns the column of each row, or `None`.
    pub fn solve(
        &mut self,
        rows: usize,
        columns: usize,
        pairs: &[Pair],
    ) -> impl Iterator<Item = Option<usize>> + '_ {
        self.columns.clear();
        self.columns.resize(columns, FREE);
        self.row_match.clear();
        self.row_match.resize(rows, NONE);
        self.row_gain.clear();
        self.row_gain.resize(rows, 0);
        self.index_rows(rows, pairs);
        self.search = 0;
        for row in 0..rows as u32 {
            if self.starts[row as usize] < self.starts[row as usize + 1] {
                self.place(row, pairs);
            }
        }
        self.row_match.iter().map(|&column| (column != NONE).then_some(column as usize))
    }

    fn index_rows(&mut self, rows: usize, pairs: &[Pair]) {
        self.starts.clear();
        self.starts.resize(rows + 1, 0);
        for pair in pairs {
            self.starts[pair.row as usize + 1] += 1;
        }
        for row in 0..rows {
            self.starts[row + 1] += self.starts[row];
        }
    }

    /// Finds the shortest augmenting path from `start`, adjusts the prices and flips the path.
    fn place(&mut self, start: u32, pairs: &[Pair]) {
        self.search += 1;
        self.reached.clear();
        let mut row = start;
        // Length of the path to `row`, and the difference that its own match makes for going on.
        let (mut length, mut credit) = (0, 0);
        // Leaving the start unmatched is the first candidate for an end.
        let (mut exit, mut exit_length) = (start, 0);
        let end = loop {
            self.reach(row, length + credit, pairs);
            let Some((column, distance)) = self.nearest() else { break End::Row(exit) };
            if distance > exit_length {
                break End::Row(exit);
            }
            length = distance;
            let place = &mut self.columns[column as usize];
            if place.matched == NONE {
                break End::Column(column);
            }
            place.settled = true;
            row = place.matched;
            // The reduced cost of the row's own match is zero, which fixes the row's potential.
            credit = self.row_gain[row as usize] + place.price;
            if length + credit < exit_length {
                (exit, exit_length) = (row, length + credit);
            }
        };
        let shortest = if let End::Row(_) = end { exit_length } else { length };
        for &column in &self.reached {
            let place = &mut self.columns[column as usize];
            if place.settled {
                place.price += place.distance - shortest;
            }
        }
        self.flip(start, end, pairs);
    }

    /// Offers each column of `row` a path over that row; `base` is the path's length up to the row less
    /// the row's potential.
    fn reach(&mut self, row: u32, base: i64, pairs: &[Pair]) {
        let range = self.starts[row as usize]..self.starts[row as usize + 1];
        for index in range {
            let pair = pairs[index as usize];
            let place = &mut self.columns[pair.column as usize];
            let distance = base - pair.gain - place.price;
            if place.search != self.search {
                *place = Column { search: self.search, settled: false, distance, pair: index, ..*place };
                self.reached.push(pair.column);
            } else if !place.settled && distance < place.distance {
                place.distance = distance;
                place.pair = index;
            }
        }
    }

    /// The nearest column that is not settled yet, the first of equals; a free one before a taken one.
    fn nearest(&self) -> Option<(u32, i64)> {
        let mut best: Option<(u32, i64)> = None;
        for &column in &self.reached {
            let place = &self.columns[column as usize];
            if !place.settled && best.is_none_or(|(_, distance)| place.distance < distance) {
                best = Some((column, place.distance));
            }
        }
        best
    }

    /// Hands the columns along the path that ends at `end` on, back to its start.
    fn flip(&mut self, start: u32, end: End, pairs: &[Pair]) {
        let mut column = match end {
            End::Column(column) => column,
            End::Row(row) if row == start => return,
            End::Row(row) => {
                let given_up = self.row_match[row as usize];
                self.row_match[row as usize] = NONE;
                given_up
            }
        };
        loop {
            let pair = pairs[self.columns[column as usize].pair as usize];
            self.columns[column as usize].matched = pair.row;
            self.row_gain[pair.row as usize] = pair.gain;
            let previous = std::mem::replace(&mut self.row_match[pair.row as usize], column);
            if pair.row == start {
                return;
            }
            column = previous;
        }
    }
}
