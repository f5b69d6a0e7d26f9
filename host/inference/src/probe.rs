//! Running a model once on a grey picture, to learn what it really gives.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use ocellus_core::Size;
use ort::session::{RunOptions, Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use crate::heads::Heads;
use crate::info::Batch;
use crate::layout::{FACE_COLUMNS, Layout};
use crate::metadata::one_line;

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Numbers in an output, about 256 MiB.
const MAX_OUTPUT: usize = 1 << 26;
/// Pixels along one side of the input.
const SIDES: std::ops::RangeInclusive<u32> = 32..=4096;
/// Pictures that a model of fixed batch may take.
pub(crate) const MAX_BATCH: usize = 32;
/// The input of a model that accepts any size and says nothing.
const USUAL_INPUT: Size = Size::new(640, 640);
/// The grey of the picture, about that of the padding.
const GREY: f32 = 0.447;

/// A model's input and output, as far as it declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) heads: Heads,
    pub(crate) input: Size,
    pub(crate) batch: Batch,
    /// The output's shape for one picture, where it is declared whole.
    pub(crate) declared: Option<[usize; 3]>,
}

impl Ports {
    /// Reads what the session declares, whose outputs are `heads`. `wanted` is the input's size according to `model.toml`,
    /// `exported` according to the metadata; they matter where the model accepts any.
    ///
    /// # Errors
    /// A text that says what is not as it should be.
    pub(crate) fn of(
        session: &Session,
        heads: Heads,
        [wanted, exported]: [Option<Size>; 2],
    ) -> Result<Ports, String> {
        let &[batch, channels, height, width] = dimensions(&session.inputs()[heads.pictures])? else {
            return Err("its input has not 4 dimensions, as a batch of pictures has".to_owned());
        };
        if channels != 3 && channels != -1 {
            return Err(format!("its input has {channels} where 3 colours are expected"));
        }
        let batch = match usize::try_from(batch) {
            Err(_) => Batch::Dynamic,
            Ok(count) if (1..=MAX_BATCH).contains(&count) => Batch::Fixed(count),
            Ok(count) => {
                return Err(format!("it takes {count} pictures a run, and 1 to {MAX_BATCH} are supported"));
            }
        };
        let input = Size::new(
            side(width, ("width", wanted.map(|size| size.width)), exported.unwrap_or(USUAL_INPUT).width)?,
            side(height, ("height", wanted.map(|size| size.height)), exported.unwrap_or(USUAL_INPUT).height)?,
        );
        let declared = heads.declared(session.outputs())?;
        Ok(Ports { heads, input, batch, declared })
    }
}

pub(crate) fn only<'p>(ports: &'p [Outlet], kind: &str) -> Result<&'p Outlet, String> {
    match ports {
        [only] => Ok(only),
        _ => Err(format!("it has {} {kind}, and one is expected", ports.len())),
    }
}

pub(crate) fn dimensions(port: &Outlet) -> Result<&[i64], String> {
    match port.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Ok(shape),
        ValueType::Tensor { ty, .. } => Err(format!(
            "{} is {ty}, and f32 (float32) is expected; export it without half precision",
            port.name()
        )),
        ValueType::Sequence(_) | ValueType::Map { .. } | ValueType::Optional(_) => {
            Err(format!("{} is no tensor", port.name()))
        }
    }
}

pub(crate) fn side(declared: i64, (name, wanted): (&str, Option<u32>), usual: u32) -> Result<u32, String> {
    let side = match (u32::try_from(declared), wanted) {
        (Ok(declared), Some(wanted)) if declared != wanted => {
            return Err(format!("model.toml says that its input.{name} is {wanted}, and it is {declared}"));
        }
        (Ok(declared), _) => declared,
        (Err(_), Some(wanted)) => wanted,
        (Err(_), None) if declared == -1 => usual,
        (Err(_), None) => return Err(format!("the {name} of its input is {declared}")),
    };
    if SIDES.contains(&side) {
        Ok(side)
    } else {
        Err(format!(
            "the {name} of its input is {side}, and {} to {} are supported",
            SIDES.start(),
            SIDES.end()
        ))
    }
}

/// What a model gave for a grey picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    /// The output's shape for one picture, the batch first.
    pub(crate) output: [usize; 3],
    /// What it takes in one run, as tried.
    pub(crate) batch: Batch,
    values: Vec<f32>,
}

/// Runs the model.
///
/// # Errors
/// A text that says how it failed.
pub(crate) fn probe(session: &mut Session, ports: &Ports) -> Result<Probe, String> {
    let count = match ports.batch {
        Batch::Fixed(count) => count,
        Batch::Dynamic => 1,
    };
    let (shape, mut values) = run(session, ports, count)?;
    let output = match shape.as_slice() {
        [batch, rows, columns] if usize::try_from(*batch) == Ok(count) => {
            let side =
                |side: i64| usize::try_from(side).map_err(|_| format!("its output has the shape {shape:?}"));
            [1, side(*rows)?, side(*columns)?]
        }
        [batch, _, _] => return Err(format!("its output is for {batch} pictures when it is given {count}")),
        _ => return Err(format!("its output has the shape {shape:?}, and a detector's has 3 dimensions")),
    };
    values.truncate(output[1].saturating_mul(output[2]));
    let batch = match ports.batch {
        // Some exports declare any batch and have one picture built in.
        Batch::Dynamic => match run(session, ports, 2) {
            Ok((shape, _)) if shape.first() == Some(&2) && shape.len() == 3 => Batch::Dynamic,
            Ok(_) | Err(_) => Batch::Fixed(1),
        },
        Batch::Fixed(_) => ports.batch,
    };
    Ok(Probe { output, batch, values })
}

fn run(session: &mut Session, ports: &Ports, count: usize) -> Result<(Vec<i64>, Vec<f32>), String> {
    let (width, height) = (ports.input.width as usize, ports.input.height as usize);
    let tensor = vec![GREY; count * 3 * width * height];
    let values = ports.heads.values((ports.input, count), &tensor).map_err(|error| error.to_string())?;
    watched(|options| {
        let outputs = session.run_with_options(values.as_slice(), options).map_err(|error| failed(&error))?;
        let mut gathered = Vec::new();
        let (shape, values) = ports.heads.rows(&outputs, &mut gathered)?;
        check_length(values)?;
        Ok((shape, values.to_vec()))
    })
}

/// The shape and the numbers of an output.
pub(crate) type Numbers = (Vec<i64>, Vec<f32>);

/// Runs the model on `tensor`; the shape and the numbers of its first output.
pub(crate) fn run_on(session: &mut Session, shape: [usize; 4], tensor: &[f32]) -> Result<Numbers, String> {
    let value = TensorRef::from_array_view((shape, tensor)).map_err(|error| error.to_string())?;
    run_watched(session, value.into())?.into_iter().next().ok_or_else(|| "it gives no output".to_owned())?
}

/// Runs the model on `value`: each of its outputs, or why that cannot be used. A model that takes too long is stopped.
pub(crate) fn run_watched(
    session: &mut Session,
    value: SessionInputValue<'_>,
) -> Result<Vec<Result<Numbers, String>>, String> {
    watched(|options| extract(session, options, value))
}

/// Runs `work`, and ends what ONNX Runtime does in it where that takes too long.
fn watched<T>(work: impl FnOnce(&RunOptions) -> Result<T, String>) -> Result<T, String> {
    let options = Arc::new(RunOptions::new().map_err(|error| error.to_string())?);
    let (finished, watched) = mpsc::sync_channel::<()>(1);
    let watchdog = {
        let options = Arc::clone(&options);
        std::thread::Builder::new()
            .name("model-probe".to_owned())
            .spawn(move || {
                let late = watched.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
                if late && let Err(error) = options.terminate() {
                    tracing::warn!("a model that takes too long cannot be stopped: {error}");
                }
                late
            })
            .map_err(|error| format!("no thread can be started to watch it: {error}"))?
    };
    let result = work(&options);
    drop(finished);
    match (watchdog.join(), result) {
        (Ok(true), Err(_)) => Err(format!("it does not finish one picture in {} s", PATIENCE.as_secs())),
        (_, result) => result,
    }
}

fn extract(
    session: &mut Session,
    options: &RunOptions,
    value: SessionInputValue<'_>,
) -> Result<Vec<Result<Numbers, String>>, String> {
    let outputs = session.run_with_options([value], options).map_err(|error| failed(&error))?;
    let numbers = |output: ort::value::ValueRef<'_>| {
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(|error| failed(&error))?;
        check_length(values)?;
        Ok((shape.to_vec(), values.to_vec()))
    };
    Ok(outputs.values().map(numbers).collect())
}

fn failed(error: &ort::Error) -> String {
    format!("it fails on a test picture: {}", one_line(error))
}

fn check_length(values: &[f32]) -> Result<(), String> {
    if values.len() > MAX_OUTPUT {
        return Err(format!("its output has {} numbers, and {MAX_OUTPUT} are supported", values.len()));
    }
    Ok(())
}

impl Probe {
    /// Compares the numbers with what the layout promises, and says which kind of YOLOX it is.
    ///
    /// # Errors
    /// A text that says what the numbers are and should be.
    pub(crate) fn judge(&self, layout: Layout, input: Size, classes: usize) -> Result<Layout, String> {
        if let Some(at) = self.values.iter().position(|value| !value.is_finite()) {
            return Err(format!("its output for a grey picture has {} at position {at}", self.values[at]));
        }
        let [_, _, columns] = self.output;
        let columns = columns.max(1);
        let rows = self.values.chunks_exact(columns);
        let range =
            match layout {
                Layout::Yolox | Layout::YoloxDecoded => {
                    range(rows.clone().flat_map(|row| row.get(4..).unwrap_or_default()))
                }
                Layout::Yolov8 => range(self.values.get(4 * columns..).unwrap_or_default().iter()),
                Layout::EndToEnd | Layout::RtDetr => range(rows.clone().filter_map(|row| row.get(4))),
                Layout::RtDetrRows => range(rows.clone().flat_map(|row| row.get(4..).unwrap_or_default())),
                Layout::RfDetr | Layout::DetrLogits => None,
                Layout::Yolov5Face => range(rows.clone().flat_map(|row| {
                    row.get(4).into_iter().chain(row.get(FACE_COLUMNS..).unwrap_or_default())
                })),
            };
        // Lists are filled up with -1 by some exporters.
        let least = if layout.is_list() { -1.01 } else { -0.01 };
        if let Some((low, high)) = range
            && (low < least || high > 1.01)
        {
            return Err(format!(
                "its scores for a grey picture, read as {layout}, are {low} to {high} and should be 0 to 1; export it \
                 with the sigmoid, or name another output.layout in model.toml"
            ));
        }
        if layout.is_detr() {
            self.judge_set(layout)?;
        }
        if layout == Layout::Yolov5Face {
            let mut numbers = rows.clone().flat_map(|row| row.get(5..FACE_COLUMNS).unwrap_or_default());
            if numbers.all(|number| (-0.01..1.01).contains(number)) {
                return Err("its output has 3 boxes a cell, as YOLOv5 has, and no corners of plates in pixels behind the \
                            objectness; one box a cell is supported"
                    .to_owned());
            }
        }
        if layout.is_list() {
            let stray =
                rows.clone().filter(|row| row.get(4).is_some_and(|score| *score > 0.001)).find_map(|row| {
                    row.get(5).filter(|class| class.fract() != 0.0 || !(0.0..classes as f32).contains(*class))
                });
            if let Some(class) = stray {
                let hint = if layout == Layout::EndToEnd && classes == 2 && class.fract() != 0.0 {
                    "; if it is RT-DETR with two classes, say output.layout = \"rt-detr-rows\" in model.toml"
                } else {
                    ""
                };
                return Err(format!(
                    "it reports a class {class}, and {classes} are named, counted from 0{hint}"
                ));
            }
        }
        if layout == Layout::Yolox && self.is_decoded(input) {
            return Ok(Layout::YoloxDecoded);
        }
        Ok(layout)
    }

    /// Whether boxes and logits are in the units that they should be in.
    fn judge_set(&self, layout: Layout) -> Result<(), String> {
        let rows = self.values.chunks_exact(self.output[2].max(1));
        let boxes = range(rows.clone().flat_map(|row| row.get(..4).unwrap_or_default())).unwrap_or_default();
        if layout == Layout::RtDetr {
            // Hundreds of queries never lie all within the first pixel.
            if boxes.1 > 0.01 && boxes.1 <= 1.01 {
                return Err(format!(
                    "its boxes for a grey picture are {} to {}, as in shares of the picture; export it with the \
                     post-processing that takes orig_target_sizes",
                    boxes.0, boxes.1
                ));
            }
            return Ok(());
        }
        if boxes.0 < -1.0 || boxes.1 > 2.0 {
            return Err(format!(
                "its boxes for a grey picture, read as {layout}, are {} to {} and should be shares of the picture, 0 to 1",
                boxes.0, boxes.1
            ));
        }
        let logits = range(rows.flat_map(|row| row.get(4..).unwrap_or_default()));
        if layout.is_pair()
            && let Some((low, high)) = logits
            && low >= 0.0
            && high <= 1.0
        {
            return Err(format!(
                "its logits for a grey picture are all {low} to {high}, as after a sigmoid or softmax; export it without"
            ));
        }
        Ok(())
    }

    /// A YOLOX exported with `--decode_in_inference` has the same shape; its centres lie in their cells,
    /// counted in pixels, where the raw ones stay near 0.
    fn is_decoded(&self, input: Size) -> bool {
        let mut at_home = 0_usize;
        let mut looked_at = 0_usize;
        let columns = self.output[2].max(1);
        let across = input.width.div_ceil(8) as usize;
        for (index, row) in
            self.values.chunks_exact(columns).take(across * input.height.div_ceil(8) as usize).enumerate()
        {
            let [Some(x), Some(y)] = [row.first(), row.get(1)] else { return false };
            let home = [(index % across) as f32 * 8.0, (index / across) as f32 * 8.0];
            // Near the origin both kinds look alike.
            if home[0] < 64.0 && home[1] < 64.0 {
                continue;
            }
            looked_at += 1;
            at_home += usize::from((x - home[0]).abs() <= 48.0 && (y - home[1]).abs() <= 48.0);
        }
        looked_at > 0 && at_home * 10 > looked_at * 8
    }
}

fn range<'v>(values: impl Iterator<Item = &'v f32>) -> Option<(f32, f32)> {
    values.fold(None, |range, value| match range {
        None => Some((*value, *value)),
        Some((low, high)) => Some((low.min(*value), high.max(*value))),
    })
}
