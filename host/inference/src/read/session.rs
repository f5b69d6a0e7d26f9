//! Running a reader on plates.

use std::sync::Arc;

use ocellus_core::{Picture, Point};
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::value::TensorRef;

use super::alphabet::Alphabet;
use super::decode::{ReadText, Scores, decode};
use super::info::ReaderInfo;
use super::warp::{self, Look, Rows};
use crate::error::InferenceError;
use crate::info::Batch;
use crate::metadata::one_line;

/// The most texts in one run; more are taken in several.
const MOST: usize = 8;

/// A text in a picture.
#[derive(Debug, Clone, Copy)]
pub struct TextCrop<'p> {
    /// The picture.
    pub picture: &'p Picture,
    /// Its corners in pixels of the picture, from the left upper one clockwise.
    pub corners: [Point; 4],
    /// Rows of text.
    pub rows: Rows,
}

/// What the session needs of what was found out about the model.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) alphabet: Alphabet,
    pub(super) look: Look,
    pub(super) scores: Scores,
    /// Which of its outputs has the columns.
    pub(super) output: usize,
    /// Numbers of one picture there.
    pub(super) numbers: usize,
}

/// A reader ready to run. One thread owns it; buffers are kept from call to call.
#[derive(Debug)]
pub struct ReaderSession {
    ort: OrtSession,
    info: Arc<ReaderInfo>,
    known: Known,
    tensor: Vec<f32>,
    bytes: Vec<u8>,
}

impl ReaderSession {
    pub(super) fn new(ort: OrtSession, info: Arc<ReaderInfo>, known: Known) -> ReaderSession {
        ReaderSession { ort, info, known, tensor: Vec::new(), bytes: Vec::new() }
    }

    /// What is known about the model.
    #[must_use]
    pub fn info(&self) -> &ReaderInfo {
        &self.info
    }

    /// What each crop says, in their order; an empty text where it says nothing or its corners are those of nothing.
    ///
    /// # Errors
    /// [`InferenceError`] when the model cannot be run or its output has another shape than before.
    pub fn read(&mut self, crops: &[TextCrop<'_>]) -> Result<Vec<ReadText>, InferenceError> {
        let step = match self.info.batch {
            Batch::Fixed(count) => count,
            Batch::Dynamic => MOST,
        };
        let mut texts = Vec::with_capacity(crops.len());
        for crops in crops.chunks(step.max(1)) {
            self.run(crops, &mut texts)?;
        }
        Ok(texts)
    }

    fn run(&mut self, crops: &[TextCrop<'_>], texts: &mut Vec<ReadText>) -> Result<(), InferenceError> {
        let ReaderSession { ort, info, known, tensor, bytes } = self;
        let slots = match info.batch {
            Batch::Fixed(count) => count,
            Batch::Dynamic => crops.len(),
        };
        let ports = known.look.ports;
        tensor.clear();
        tensor.resize(ports.slot_len() * slots, 0.0);
        let written: Vec<bool> = crops
            .iter()
            .zip(tensor.chunks_exact_mut(ports.slot_len().max(1)))
            .map(|(crop, slot)| warp::write(crop.picture, (crop.corners, crop.rows), &known.look, slot))
            .collect();
        let failed = |error: ort::Error| InferenceError::Run {
            model: info.file.name.clone(),
            reason: one_line(&error),
        };
        let input = value(ports.bytes, ports.shape(slots), (tensor.as_slice(), bytes)).map_err(failed)?;
        let outputs = ort.run([input]).map_err(failed)?;
        let (shape, values) = outputs[known.output].try_extract_tensor::<f32>().map_err(failed)?;
        let count = |side: usize| i64::try_from(side).unwrap_or(i64::MAX);
        if values.len() != known.numbers * slots || shape.first() != Some(&count(slots)) {
            return Err(InferenceError::Shape {
                model: info.file.name.clone(),
                found: shape.to_vec(),
                expected: vec![count(slots), count(known.numbers)],
            });
        }
        let columns = values.chunks_exact(known.numbers.max(1));
        texts.extend(written.iter().zip(columns).map(|(written, columns)| match written {
            true => decode(columns, &known.alphabet, known.scores),
            false => ReadText { text: String::new(), confidence: 0.0 },
        }));
        Ok(())
    }
}

/// The input of a run; as bytes where the model wants them.
pub(super) fn value<'v>(
    is_bytes: bool,
    shape: [usize; 4],
    (tensor, bytes): (&'v [f32], &'v mut Vec<u8>),
) -> Result<SessionInputValue<'v>, ort::Error> {
    if !is_bytes {
        return Ok(TensorRef::from_array_view((shape, tensor))?.into());
    }
    bytes.clear();
    bytes.extend(tensor.iter().map(|value| value.round().clamp(0.0, 255.0) as u8));
    Ok(TensorRef::from_array_view((shape, bytes.as_slice()))?.into())
}
