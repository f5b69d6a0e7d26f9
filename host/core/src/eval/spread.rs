//! How far measurements are off.

/// What a number of errors come to, in their own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many errors there are, at least one.
    pub count: usize,
    /// The mean error with its sign: above zero where the measurement is too high on the whole.
    pub bias: f64,
    /// The mean of the absolute errors.
    pub mean: f64,
    /// Their median.
    pub median: f64,
    /// What 95 in a hundred of them are not above.
    pub p95: f64,
    /// The largest.
    pub worst: f64,
}

impl Spread {
    /// Of these errors, measured less true; `None` without any. Percentiles are interpolated between the two nearest
    /// errors, as numpy does.
    #[must_use]
    pub fn of(errors: &[f64]) -> Option<Spread> {
        let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let worst = *sizes.last()?;
        let count = errors.len();
        Some(Spread {
            count,
            bias: errors.iter().sum::<f64>() / count as f64,
            mean: sizes.iter().sum::<f64>() / count as f64,
            median: percentile(&sizes, 0.5),
            p95: percentile(&sizes, 0.95),
            worst,
        })
    }
}

/// `sorted` is not empty.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_summed_up_as_numpy_does() {
        let spread = Spread::of(&[1.0, -2.0, 3.0, -4.0]).unwrap();
        let expected = Spread { count: 4, bias: -0.5, mean: 2.5, median: 2.5, p95: 3.85, worst: 4.0 };
        assert!((spread.p95 - expected.p95).abs() < 1e-12);
        assert_eq!(Spread { p95: expected.p95, ..spread }, expected);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[-7.0]).unwrap().p95, 7.0);
    }
}
