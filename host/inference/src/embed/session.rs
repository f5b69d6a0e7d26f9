//! Running an embedder on parts of pictures.

use std::sync::Arc;

use ocellus_core::{Embedding, Picture, Rect};
use ort::session::Session as OrtSession;
use ort::value::TensorRef;

use super::info::EmbedderInfo;
use super::probe::row_length;
use crate::error::InferenceError;
use crate::info::Batch;
use crate::manifest::InputLayout;
use crate::metadata::one_line;
use crate::preprocess::{Cropper, Shift, Wish};

/// The most parts in one run on a GPU; more are taken in several.
const GPU_BATCH: usize = 32;
/// The same on a processor: with more, what lies between two layers does not stay in its caches.
const CPU_BATCH: usize = 4;
/// Numbers in the input of one run, about 256 MiB.
const MAX_TENSOR: usize = 1 << 26;

/// A part of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Crop<'p> {
    /// The picture.
    pub picture: &'p Picture,
    /// The box of the object, in pixels of the picture; what lies beyond its edges is left out.
    pub rect: Rect,
}

/// An embedding model ready to run. One thread owns it; buffers are kept from call to call.
#[derive(Debug)]
pub struct EmbeddingSession {
    ort: OrtSession,
    info: Arc<EmbedderInfo>,
    cropper: Cropper,
    tensor: Vec<f32>,
    /// For each slot of the last run whether a part lies in it.
    filled: Vec<bool>,
}

impl EmbeddingSession {
    pub(super) fn new(ort: OrtSession, info: Arc<EmbedderInfo>) -> EmbeddingSession {
        let wish =
            Wish { input: info.input, colour: info.colour, scale: info.scale, fit: info.fit, pad: info.pad };
        let cropper = Cropper::new(wish, Shift { mean: info.mean, std: info.std }, info.layout);
        EmbeddingSession { ort, info, cropper, tensor: Vec::new(), filled: Vec::new() }
    }

    /// What is known about the model.
    #[must_use]
    pub fn info(&self) -> &EmbedderInfo {
        &self.info
    }

    /// The most parts that one run takes.
    #[must_use]
    pub fn batch(&self) -> usize {
        match self.info.batch {
            Batch::Fixed(count) => count,
            Batch::Dynamic => {
                let most = if self.info.file.provider.is_gpu() { GPU_BATCH } else { CPU_BATCH };
                most.min(MAX_TENSOR / self.cropper.slot_len().max(1)).max(1)
            }
        }
    }

    /// What each part looks like, in the order of `crops`. None where its box shows nothing (outside the picture,
    /// smaller than two pixels, not finite) or the model gives a row that has no direction (zero, or not finite).
    ///
    /// Several parts go through the model in one run where it takes batches.
    ///
    /// # Errors
    /// [`InferenceError`] when the model cannot be run or its output has another shape than before; no part has an
    /// embedding then.
    pub fn embed(&mut self, crops: &[Crop<'_>]) -> Result<Vec<Option<Embedding>>, InferenceError> {
        let mut found = Vec::with_capacity(crops.len());
        for crops in crops.chunks(self.batch()) {
            let slots = self.prepare(crops);
            self.run(slots, |filled, rows| {
                let rows = filled.iter().zip(rows);
                found.extend(
                    rows.take(crops.len())
                        .map(|(is_filled, row)| is_filled.then(|| Embedding::new(row)).flatten()),
                );
            })?;
        }
        Ok(found)
    }

    /// Runs the model on whatever its input holds, `count` parts at most a batch, and throws the output away: what a
    /// loop without any pipeline around it costs, with the same session, threads and tensor.
    ///
    /// # Errors
    /// [`InferenceError`] when the model cannot be run.
    pub fn run_bare(&mut self, count: usize) -> Result<(), InferenceError> {
        let slots = self.make_room(count.clamp(1, self.batch()));
        self.run(slots, |_, _| ())
    }

    /// Writes the parts into the input; how many slots there are.
    fn prepare(&mut self, crops: &[Crop<'_>]) -> usize {
        let slots = self.make_room(crops.len());
        let length = self.cropper.slot_len().max(1);
        self.filled.clear();
        for (crop, slot) in crops.iter().zip(self.tensor.chunks_exact_mut(length)) {
            self.filled.push(self.cropper.prepare(crop.picture, &crop.rect, slot));
        }
        self.filled.resize(slots, false);
        slots
    }

    /// Slots beyond the parts keep older ones; what the model says of them is not read.
    fn make_room(&mut self, count: usize) -> usize {
        let slots = match self.info.batch {
            Batch::Fixed(fixed) => fixed,
            // A GPU tunes itself anew for every shape, so it sees few of them.
            Batch::Dynamic if self.info.file.provider.is_gpu() => count.next_power_of_two(),
            Batch::Dynamic => count,
        };
        let length = self.cropper.slot_len() * slots;
        if self.tensor.len() < length {
            self.tensor.resize(length, 0.0);
        }
        slots
    }

    fn run(
        &mut self,
        slots: usize,
        read: impl FnOnce(&[bool], std::slice::ChunksExact<'_, f32>),
    ) -> Result<(), InferenceError> {
        let EmbeddingSession { ort, info, cropper, tensor, filled } = self;
        let failed = |error: ort::Error| InferenceError::Run {
            model: info.file.name.clone(),
            reason: one_line(&error),
        };
        let (width, height) = (info.input.width as usize, info.input.height as usize);
        let shape = match info.layout {
            InputLayout::Nchw => [slots, 3, height, width],
            InputLayout::Nhwc => [slots, height, width, 3],
        };
        let input =
            TensorRef::from_array_view((shape, &tensor[..cropper.slot_len() * slots])).map_err(failed)?;
        let outputs = ort.run(ort::inputs![input]).map_err(failed)?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        if row_length(shape, slots) != Ok(info.dimension) {
            let side = |side: usize| i64::try_from(side).unwrap_or(i64::MAX);
            return Err(InferenceError::Shape {
                model: info.file.name.clone(),
                found: shape.to_vec(),
                expected: vec![side(slots), side(info.dimension)],
            });
        }
        read(filled, values.chunks_exact(info.dimension));
        Ok(())
    }
}
