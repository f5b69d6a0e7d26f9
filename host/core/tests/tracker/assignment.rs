//! The assignment against every possible matching of small problems.

use ocellus_core::tracker::assignment::{Assigner, Pair};

use crate::support::Random;

/// The greatest total gain, by trying each way of matching the rows from `row` on.
fn best(gains: &[Vec<i64>], row: usize, taken: u32) -> i64 {
    let Some(of_row) = gains.get(row) else { return 0 };
    let mut most = best(gains, row + 1, taken);
    for (column, &gain) in of_row.iter().enumerate() {
        if gain > 0 && taken & (1 << column) == 0 {
            most = most.max(gain + best(gains, row + 1, taken | (1 << column)));
        }
    }
    most
}

fn pairs_of(gains: &[Vec<i64>]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (row, of_row) in gains.iter().enumerate() {
        for (column, &gain) in of_row.iter().enumerate() {
            if gain > 0 {
                pairs.push(Pair { row: row as u32, column: column as u32, gain });
            }
        }
    }
    pairs
}

#[test]
fn total_gain_is_that_of_the_best_of_all_matchings() {
    let mut random = Random::new(1);
    let mut assigner = Assigner::default();
    for round in 0..4_000 {
        let (rows, columns) = (random.below(7) as usize, random.below(7) as usize);
        // Coarse gains make ties; a share of zeros makes the problem sparse.
        let (coarseness, density) = ([4, 1_000_000_000][round % 2], 1 + random.below(10));
        let mut gain = || if random.below(10) < density { 1 + random.below(coarseness) as i64 } else { 0 };
        let gains: Vec<Vec<i64>> = (0..rows).map(|_| (0..columns).map(|_| gain()).collect()).collect();
        let solution: Vec<_> = assigner.solve(rows, columns, &pairs_of(&gains)).collect();
        assert_eq!(solution.len(), rows);
        let mut taken = vec![false; columns];
        let mut total = 0;
        for (row, column) in solution.iter().enumerate() {
            let Some(column) = *column else { continue };
            assert!(!std::mem::replace(&mut taken[column], true), "column {column} is matched twice");
            assert!(gains[row][column] > 0, "{row} and {column} are no pair");
            total += gains[row][column];
        }
        assert_eq!(total, best(&gains, 0, 0), "{gains:?}");
    }
}

/// What `lapjv` with `cost_limit` minimises: the cost of each match, half the limit for each row and
/// column without one.
fn least_cost(costs: &[Vec<f64>], limit: f64, row: usize, taken: u32) -> f64 {
    let columns = costs[0].len() as u32;
    let Some(of_row) = costs.get(row) else {
        return f64::from(columns - taken.count_ones()) * limit / 2.0;
    };
    let mut least = limit / 2.0 + least_cost(costs, limit, row + 1, taken);
    for (column, cost) in of_row.iter().enumerate() {
        if taken & (1 << column) == 0 {
            least = least.min(cost + least_cost(costs, limit, row + 1, taken | (1 << column)));
        }
    }
    least
}

#[test]
fn gains_below_a_limit_give_the_answer_of_a_dense_matrix_with_a_cost_limit() {
    let mut random = Random::new(2);
    let mut assigner = Assigner::default();
    for _ in 0..300 {
        let (rows, columns) = (1 + random.below(5) as usize, 1 + random.below(5) as usize);
        let limit = f64::from(random.between(0.3, 0.9));
        let costs: Vec<Vec<f64>> =
            (0..rows).map(|_| (0..columns).map(|_| f64::from(random.between(0.0, 1.0))).collect()).collect();
        let gains: Vec<Vec<i64>> =
            costs.iter().map(|row| row.iter().map(|cost| ((limit - cost) * 1e9) as i64).collect()).collect();
        let mut unmatched = rows + columns;
        let mut cost = 0.0;
        for (row, column) in assigner.solve(rows, columns, &pairs_of(&gains)).enumerate() {
            if let Some(column) = column {
                cost += costs[row][column];
                unmatched -= 2;
            }
        }
        cost += unmatched as f64 * limit / 2.0;
        assert!((cost - least_cost(&costs, limit, 0, 0)).abs() < 1e-6);
    }
}

#[test]
fn of_equal_matchings_the_first_row_gets_the_first_column() {
    let mut assigner = Assigner::default();
    let all_equal = vec![vec![5; 3]; 2];
    let solution: Vec<_> = assigner.solve(2, 3, &pairs_of(&all_equal)).collect();
    assert_eq!(solution, [Some(0), Some(1)]);
    let one_column = vec![vec![5]; 3];
    let solution: Vec<_> = assigner.solve(3, 1, &pairs_of(&one_column)).collect();
    assert_eq!(solution, [Some(0), None, None]);
}
