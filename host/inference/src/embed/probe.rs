//! Trying an embedder on two pictures: what it gives, and whether that can be what it looks like.

use ocellus_core::embedding::{Embedding, LEAST_DIMENSION, MOST_DIMENSION};
use ort::session::Session;

use super::ports::Ports;
use crate::info::Batch;
use crate::manifest::InputLayout;
use crate::probe::run_on;

/// How much alike what is said of a picture must be, alone and in a batch.
const SAME: f32 = 0.999;
/// How much alike what is said of two pictures that have nothing in common may be.
const DIFFERENT: f32 = 0.999_99;

/// What a model gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) dimension: usize,
    /// What it takes in one run, as tried.
    pub(super) batch: Batch,
}

/// Runs the model.
///
/// # Errors
/// A text that says what is wrong with it, and what to do.
pub(super) fn probe(session: &mut Session, ports: &Ports) -> Result<Probe, String> {
    let pictures = [picture(ports, 1), picture(ports, 2)];
    let count = match ports.batch {
        Batch::Fixed(count) => count,
        Batch::Dynamic => 1,
    };
    let mut alone = Vec::new();
    for picture in &pictures {
        let rows = run(session, ports, &vec![picture; count])?;
        alone.push(rows.into_iter().next().ok_or("it gives no numbers")?);
    }
    let [first, second] = [&alone[0], &alone[1]];
    check_range(first.len())?;
    let directions = [direction(first)?, direction(second)?];
    if looks_like_probabilities(first) && looks_like_probabilities(second) {
        return Err("its numbers are shares that make one, as the probabilities of a classifier; export it without its \
                    last layer"
            .to_owned());
    }
    if directions[0].cosine(&directions[1]).is_none_or(|cosine| cosine > DIFFERENT) {
        return Err("it says the same of two pictures that have nothing in common".to_owned());
    }
    let batch = match ports.batch {
        Batch::Fixed(1) => Batch::Fixed(1),
        Batch::Fixed(count) => {
            let mixed: Vec<_> = (0..count).map(|slot| &pictures[slot % 2]).collect();
            check_batch(&run(session, ports, &mixed)?, &directions)?;
            Batch::Fixed(count)
        }
        // Some exports declare any batch and have one picture built in.
        Batch::Dynamic => match run(session, ports, &[&pictures[0], &pictures[1]]) {
            Ok(rows) => {
                check_batch(&rows, &directions)?;
                Batch::Dynamic
            }
            Err(_) => Batch::Fixed(1),
        },
    };
    Ok(Probe { dimension: first.len(), batch })
}

/// A picture without structure, in the range of normalised colours; another one for each seed.
fn picture(ports: &Ports, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9);
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let length = 3 * ports.input.width as usize * ports.input.height as usize;
    // Of another brightness too, since some models see little of noise.
    let bias = if seed == 1 { 1.0 } else { -1.0 };
    std::iter::repeat_with(next).map(|value| value + bias).take(length).collect()
}

/// One row of numbers a picture.
fn run(session: &mut Session, ports: &Ports, pictures: &[&Vec<f32>]) -> Result<Vec<Vec<f32>>, String> {
    let (width, height) = (ports.input.width as usize, ports.input.height as usize);
    let shape = match ports.layout {
        InputLayout::Nchw => [pictures.len(), 3, height, width],
        InputLayout::Nhwc => [pictures.len(), height, width, 3],
    };
    let tensor: Vec<f32> = pictures.iter().flat_map(|picture| picture.iter().copied()).collect();
    let (shape, values) = run_on(session, shape, &tensor)?;
    let dimension = row_length(&shape, pictures.len())?;
    Ok(values.chunks_exact(dimension).map(<[f32]>::to_vec).collect())
}

/// Numbers a picture in an output of this shape: all dimensions but the batch and one are 1.
pub(super) fn row_length(shape: &[i64], pictures: usize) -> Result<usize, String> {
    let wrong =
        || format!("its output has the shape {shape:?}, and an embedder's for {pictures} is [{pictures}, D]");
    let (batch, rest) = shape.split_first().ok_or_else(wrong)?;
    if rest.is_empty()
        || usize::try_from(*batch) != Ok(pictures)
        || rest.iter().filter(|side| **side != 1).count() > 1
    {
        return Err(wrong());
    }
    rest.iter()
        .try_fold(1_usize, |product, side| usize::try_from(*side).ok()?.checked_mul(product))
        .filter(|length| *length > 0)
        .ok_or_else(wrong)
}

fn check_range(dimension: usize) -> Result<(), String> {
    if (LEAST_DIMENSION..=MOST_DIMENSION).contains(&dimension) {
        return Ok(());
    }
    Err(format!("it gives {dimension} numbers, and {LEAST_DIMENSION} to {MOST_DIMENSION} are supported"))
}

fn direction(row: &[f32]) -> Result<Embedding, String> {
    if let Some(at) = row.iter().position(|value| !value.is_finite()) {
        return Err(format!("its output for a test picture has {} at position {at}", row[at]));
    }
    Embedding::new(row).ok_or_else(|| "its output for a test picture is zero all over".to_owned())
}

fn looks_like_probabilities(row: &[f32]) -> bool {
    row.iter().all(|value| *value >= 0.0) && (row.iter().sum::<f32>() - 1.0).abs() < 1e-3
}

fn check_batch(rows: &[Vec<f32>], alone: &[Embedding; 2]) -> Result<(), String> {
    for (row, alone) in rows.iter().zip(alone.iter().cycle()) {
        if direction(row)?.cosine(alone).is_none_or(|cosine| cosine < SAME) {
            return Err(
                "it says something else of a picture in a batch than alone; export it in evaluation mode \
                        (`model.eval()`)"
                    .to_owned(),
            );
        }
    }
    Ok(())
}
