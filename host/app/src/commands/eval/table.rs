//! Rows and columns for people.

use std::io::Write;

/// A table: names to the left, numbers to the right.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The names of the columns.
    pub(super) fn new(columns: &[&str]) -> Table {
        Table { rows: vec![columns.iter().map(|column| (*column).to_owned()).collect()] }
    }

    /// One row more: as many cells as there are columns.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table to standard output.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = std::io::stdout().lock();
        for row in &self.rows {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(out, "{cell:<width$}")?,
                    _ => write!(out, "  {cell:>width$}")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Writes a result for programs to standard output.
pub(super) fn print_json(result: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, result)?;
    writeln!(out)?;
    Ok(())
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    decimals(share * 100.0)
}

/// With two decimals; what rounds to nothing has no sign.
pub(super) fn decimals(value: f64) -> String {
    format!("{:.2}", rounded(value))
}

/// The same with the sign of what is above zero.
pub(super) fn signed(value: f64) -> String {
    format!("{:+.2}", rounded(value))
}

fn rounded(value: f64) -> f64 {
    // Adding zero makes of -0 a 0.
    if value.abs() < 0.005 { 0.0 } else { value + 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_sign() {
        let shares = [-0.000_01, -0.0, 0.0, 0.5, -1.25].map(percent);
        assert_eq!(shares, ["0.00", "0.00", "0.00", "50.00", "-125.00"]);
        assert_eq!([-0.004, 0.0, 1.0, -2.0].map(signed), ["+0.00", "+0.00", "+1.00", "-2.00"]);
    }
}
