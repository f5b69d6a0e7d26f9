//! Running a model on pictures.

use std::sync::Arc;

use ocellus_core::{Detection, Picture, Point, Rect, Size};
use ort::session::{Session as OrtSession, SessionOutputs};

use crate::classes::{ClassFilter, Columns, vehicles};
use crate::decode::{Candidate, Decoder, Output, corners};
use crate::error::InferenceError;
use crate::heads::Heads;
use crate::info::{Batch, ModelInfo};
use crate::layout::Layout;
use crate::letterbox::Letterbox;
use crate::metadata::one_line;
use crate::preprocess::{Preprocessor, Shift, Wish};
use crate::suppress::{Judgement, Limits, Suppressor};

/// The most pictures in one run; more are taken in several.
const MAX_BATCH: usize = 16;
/// Numbers in the input of one run, about 256 MiB.
const MAX_TENSOR: usize = 1 << 26;

/// A picture in which to look for objects, and what to report.
#[derive(Debug, Clone)]
pub struct DetectRequest<'p> {
    /// The picture.
    pub picture: &'p Picture,
    /// Which boxes to report.
    pub thresholds: Thresholds,
    /// Which classes to report; all without.
    pub classes: Option<ClassFilter>,
}

/// Which boxes are reported.
///
/// The defaults are those that people expect of detections shown as they are. A tracker wants more: ask for
/// everything from its `track_low_thresh` (0.1) and let it decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// The least score, 0..1.
    pub confidence: f32,
    /// Of boxes of one class that overlap by more than this IoU, 0..1, only the best is reported. Without
    /// meaning for end-to-end models and those of the DETR family, which report an object once.
    pub iou: f32,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { confidence: 0.25, iou: 0.45 }
    }
}

/// A model ready to run. One thread owns it; buffers are kept from call to call.
#[derive(Debug)]
pub struct Session {
    ort: OrtSession,
    info: Arc<ModelInfo>,
    heads: Heads,
    preprocessor: Preprocessor,
    /// The input, as large as the largest batch so far; slots keep what was written last.
    tensor: Vec<f32>,
    /// Pictures in the last run.
    pictures: usize,
    letterboxes: Vec<Letterbox>,
    /// Outputs put together, where there are several.
    gathered: Vec<f32>,
    reader: Reader,
}

/// A detection, with its corners where the layout has them.
pub(crate) type Cornered = (Detection, Option<[Point; 4]>);

/// From output numbers to detections.
#[derive(Debug)]
struct Reader {
    layout: Layout,
    decoder: Decoder,
    suppressor: Suppressor,
    candidates: Vec<Candidate>,
}

impl Session {
    pub(crate) fn new(ort: OrtSession, info: Arc<ModelInfo>, (heads, columns): (Heads, Columns)) -> Session {
        let wish =
            Wish { input: info.input, colour: info.colour, scale: info.scale, fit: info.fit, pad: info.pad };
        let preprocessor = Preprocessor::new(wish, Shift { mean: info.mean, std: info.std });
        let mut session = Session {
            reader: Reader {
                layout: info.layout,
                decoder: Decoder::new(info.layout, info.input, info.classes.len()).with_columns(columns),
                suppressor: Suppressor::new(Limits::default(), vehicles(&info.classes)),
                candidates: Vec::new(),
            },
            ort,
            info,
            heads,
            preprocessor,
            tensor: Vec::new(),
            pictures: 1,
            letterboxes: Vec::new(),
            gathered: Vec::new(),
        };
        session.make_room(1);
        session
    }

    /// What is known about the model.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Class names; detections index them.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.info.classes
    }

    /// How many boxes were left out so far because their numbers made no sense: not finite, far outside the
    /// picture, a score over 1 or a class that does not exist.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.reader.decoder.rejected()
    }

    /// Looks for objects in each picture; one list a request, in the same order, best detection first.
    ///
    /// Boxes are in pixels of the source picture and end at its edges. At most 300 are reported for a
    /// picture. Several pictures go through the model in one run where it takes batches.
    ///
    /// # Errors
    /// [`InferenceError`] when the model cannot be run or its output has another shape than before; no
    /// picture has detections then.
    pub fn detect(&mut self, requests: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, InferenceError> {
        self.run_all(requests, Reader::read)
    }

    /// As [`Session::detect`], each with its corners where the layout has them, in pixels of the source picture.
    pub(crate) fn detect_corners(
        &mut self,
        requests: &[DetectRequest<'_>],
    ) -> Result<Vec<Vec<Cornered>>, InferenceError> {
        self.run_all(requests, Reader::read_corners)
    }

    fn run_all<T>(
        &mut self,
        requests: &[DetectRequest<'_>],
        mut read: impl FnMut(&mut Reader, Output<'_>, &DetectRequest<'_>, &Letterbox) -> T,
    ) -> Result<Vec<T>, InferenceError> {
        let step = match self.info.batch {
            Batch::Fixed(count) => count,
            Batch::Dynamic => MAX_BATCH.min(MAX_TENSOR / self.preprocessor.slot_len().max(1)),
        };
        let mut found = Vec::with_capacity(requests.len());
        for requests in requests.chunks(step.max(1)) {
            self.prepare(requests);
            let Session { ort, info, heads, preprocessor, tensor, pictures, letterboxes, gathered, reader } =
                self;
            let tensor = &tensor[..preprocessor.slot_len() * *pictures];
            let outputs = run(ort, (info, heads), tensor, *pictures)?;
            let outputs = numbers(heads.rows(&outputs, gathered), info, *pictures)?;
            for ((request, letterbox), output) in requests.iter().zip(letterboxes.iter()).zip(outputs) {
                found.push(read(reader, output, request, letterbox));
            }
        }
        Ok(found)
    }

    /// Runs the model on whatever its input holds and throws the output away: what a loop without any
    /// pipeline around it costs, with the same session, threads and tensor.
    ///
    /// # Errors
    /// [`InferenceError`] when the model cannot be run.
    pub fn run_bare(&mut self) -> Result<(), InferenceError> {
        let Session { ort, info, heads, preprocessor, tensor, pictures, .. } = self;
        run(ort, (info, heads), &tensor[..preprocessor.slot_len() * *pictures], *pictures).map(drop)
    }

    fn prepare(&mut self, requests: &[DetectRequest<'_>]) {
        self.make_room(requests.len());
        self.letterboxes.clear();
        for (slot, request) in requests.iter().enumerate() {
            let letterbox = self.preprocessor.prepare(request.picture, slot, &mut self.tensor);
            self.letterboxes.push(letterbox);
        }
    }

    /// Slots beyond the `count` requests keep older pictures; what the model says about them is not read.
    fn make_room(&mut self, count: usize) {
        self.pictures = match self.info.batch {
            Batch::Fixed(fixed) => fixed,
            // A GPU tunes itself anew for every shape, so it sees few of them.
            Batch::Dynamic if self.info.provider.is_gpu() => count.next_power_of_two(),
            Batch::Dynamic => count.max(1),
        };
        let len = self.preprocessor.slot_len() * self.pictures;
        if self.tensor.len() < len {
            self.tensor.resize(len, 0.0);
        }
    }
}

impl Reader {
    fn read(
        &mut self,
        output: Output<'_>,
        request: &DetectRequest<'_>,
        letterbox: &Letterbox,
    ) -> Vec<Detection> {
        self.find(output, request);
        let size = request.picture.size();
        self.candidates.iter().filter_map(|candidate| detection(candidate, letterbox, size)).collect()
    }

    fn read_corners(
        &mut self,
        output: Output<'_>,
        request: &DetectRequest<'_>,
        letterbox: &Letterbox,
    ) -> Vec<Cornered> {
        self.find(output, request);
        let size = request.picture.size();
        let in_picture = |corner: Point| {
            let Rect { x, y, .. } = letterbox.to_picture(Rect::new(corner.x, corner.y, 0.0, 0.0));
            Point::new(x, y)
        };
        let has_corners = self.layout == Layout::Yolov5Face;
        let with_corners = |candidate: &Candidate| {
            let corners = has_corners.then(|| corners(output, candidate)).flatten();
            Some((detection(candidate, letterbox, size)?, corners.map(|corners| corners.map(in_picture))))
        };
        self.candidates.iter().filter_map(with_corners).collect()
    }

    /// Fills the candidates with the boxes that are reported.
    fn find(&mut self, output: Output<'_>, request: &DetectRequest<'_>) {
        self.candidates.clear();
        self.decoder.decode(output, request.thresholds.confidence, &mut self.candidates);
        let iou = (!self.layout.is_suppressed()).then_some(request.thresholds.iou);
        let judgement = Judgement { iou, classes: request.classes.as_ref() };
        self.suppressor.suppress(&mut self.candidates, judgement);
    }
}

/// None for a box that lies outside the picture, in the padding.
fn detection(candidate: &Candidate, letterbox: &Letterbox, size: Size) -> Option<Detection> {
    let rect: Rect = letterbox.to_picture(candidate.rect).clamped(size);
    let visible = rect.is_finite() && rect.width > 0.0 && rect.height > 0.0;
    visible.then_some(Detection { rect, class: candidate.class, confidence: candidate.score })
}

fn run<'s>(
    ort: &'s mut OrtSession,
    (info, heads): (&ModelInfo, &Heads),
    tensor: &[f32],
    pictures: usize,
) -> Result<SessionOutputs<'s>, InferenceError> {
    heads
        .values((info.input, pictures), tensor)
        .and_then(|values| ort.run(values.as_slice()))
        .map_err(|error| failed(info, one_line(&error)))
}

/// The output of each picture.
fn numbers<'o>(
    outputs: Result<(Vec<i64>, &'o [f32]), String>,
    info: &ModelInfo,
    pictures: usize,
) -> Result<impl Iterator<Item = Output<'o>> + use<'o>, InferenceError> {
    let (shape, values) = outputs.map_err(|reason| failed(info, reason))?;
    let (rows, columns) = info.output;
    // A list may be as long as there are boxes.
    let rows = match shape.get(1) {
        Some(found) if info.layout.is_list() => usize::try_from(*found).unwrap_or(0).min(rows.max(MAX_LIST)),
        _ => rows,
    };
    let side = |side: usize| i64::try_from(side).unwrap_or(i64::MAX);
    let expected = [side(pictures), side(rows), side(columns)];
    if shape != expected {
        let expected =
            vec![side(pictures), if info.layout.is_list() { -1 } else { side(rows) }, side(columns)];
        return Err(InferenceError::Shape { model: info.name.clone(), found: shape, expected });
    }
    // An empty list has no rows to cut the values into.
    let each = (rows * columns).max(1);
    Ok((0..pictures).map(move |index| Output {
        values: values.get(index * each..(index + 1) * each).unwrap_or_default(),
        columns,
    }))
}

/// The longest list of an end-to-end model.
const MAX_LIST: usize = 10_000;

fn failed(info: &ModelInfo, reason: String) -> InferenceError {
    InferenceError::Run { model: info.name.clone(), reason }
}

/// The parts of a session one by one, for measurements.
pub(crate) mod parts {
    use super::*;

    impl Session {
        pub(crate) fn prepare_only(&mut self, request: &DetectRequest<'_>) {
            self.prepare(std::slice::from_ref(request));
        }

        pub(crate) fn run_only(&mut self) -> Result<Vec<f32>, InferenceError> {
            let Session { ort, info, heads, preprocessor, tensor, pictures, gathered, .. } = self;
            let tensor = &tensor[..preprocessor.slot_len() * *pictures];
            let outputs = run(ort, (info, heads), tensor, *pictures)?;
            let first = numbers(heads.rows(&outputs, gathered), info, *pictures)?.next();
            Ok(first.map(|output| output.values.to_vec()).unwrap_or_default())
        }

        pub(crate) fn read_only(&mut self, values: &[f32], request: &DetectRequest<'_>) -> Vec<Detection> {
            let letterbox = Letterbox::new(request.picture.size(), self.info.input, self.info.fit);
            let (_, columns) = self.info.output;
            self.reader.read(Output { values, columns }, request, &letterbox)
        }
    }
}
