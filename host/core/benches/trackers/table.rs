//! Measures side by side.

/// What a row of ours may lack to a reference, in points of a hundred.
const MARGIN: f64 = 0.3;

/// A tracker's HOTA, IDF1 and MOTA of each sequence, then of all.
pub(crate) struct Column {
    pub(crate) name: String,
    /// Which kind of tracker it is.
    pub(crate) kin: String,
    pub(crate) rows: Vec<[f64; 3]>,
}

impl Column {
    /// One of which nothing is known yet.
    pub(crate) fn empty(name: &str, rows: usize) -> Column {
        Column { name: name.to_owned(), kin: String::new(), rows: vec![[0.0; 3]; rows] }
    }

    /// Adds one of `of` parts of a mean.
    pub(crate) fn add(&mut self, rows: &[[f64; 3]], of: usize) {
        for (sum, row) in self.rows.iter_mut().zip(rows) {
            std::iter::zip(sum, row).for_each(|(sum, value)| *sum += value / of as f64);
        }
    }
}

/// Our trackers, each with the kind of reference that is its like, and the references.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) ours: Vec<(Column, &'static str)>,
    pub(crate) theirs: Vec<Column>,
}

impl Table {
    pub(crate) fn print(&self) {
        println!("\n{}: HOTA, IDF1, MOTA", self.title);
        print!("{:<42}", "");
        super::MOT17.iter().chain(&["all"]).for_each(|name| print!("{name:>21}"));
        println!();
        for (Column { name, rows, .. }, _) in &self.ours {
            print_row(&format!("ours: {name}"), rows, |value| format!("{value:>5.1}"));
            println!();
        }
        for Column { name, rows, .. } in &self.theirs {
            print_row(name, rows, |value| format!("{value:>5.1}"));
            println!();
        }
        for (ours, kin) in &self.ours {
            if self.theirs.iter().any(|column| column.kin == *kin) {
                self.print_lead(ours, &format!("the best {kin}"), |column| column.kin == *kin);
                self.print_lead(ours, "the best of all", |_| true);
            }
        }
    }

    /// What one of ours has more than the best of some references, measure by measure.
    fn print_lead(&self, ours: &Column, whom: &str, counts: impl Fn(&Column) -> bool) {
        let best = |row: usize, measure: usize| {
            let counted = self.theirs.iter().filter(|column| counts(column));
            counted.map(|column| column.rows[row][measure]).fold(f64::NEG_INFINITY, f64::max)
        };
        let lead =
            |(row, values): (usize, &[f64; 3])| [0, 1, 2].map(|measure| values[measure] - best(row, measure));
        let leads: Vec<[f64; 3]> = ours.rows.iter().enumerate().map(lead).collect();
        let all = leads.iter().flatten().count();
        let held = leads.iter().flatten().filter(|lead| **lead >= -MARGIN).count();
        print_row(&format!("{} - {whom}", ours.name), &leads, |value| format!("{value:>+5.1}"));
        println!(
            "  at least -{MARGIN}: {}",
            if held == all { "all".to_owned() } else { format!("{held} of {all}") }
        );
    }
}

fn print_row(name: &str, rows: &[[f64; 3]], show: impl Fn(f64) -> String) {
    print!("{name:<42}");
    for [hota, idf1, mota] in rows {
        print!("   {} {} {} ", show(*hota), show(*idf1), show(*mota));
    }
}
