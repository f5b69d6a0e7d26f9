//! What goes into a detector and what comes out of it: one tensor each way, or the sets that DETR models have.
//!
//! Whatever the outputs are, the rest of the house sees rows: of a list of finished boxes two corners, score and class,
//! of boxes with logits centre, size and the logits.

use ocellus_core::Size;
use ort::session::{Session, SessionInputValue, SessionOutputs};
use ort::value::{Outlet, Tensor, TensorElementType, TensorRef, ValueType};

use crate::layout::Layout;
use crate::metadata::one_line;
use crate::probe::dimensions;

/// The inputs and outputs of a detector by their position in the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heads {
    /// Where pictures go in.
    pub(crate) pictures: usize,
    sizes: Option<TensorElementType>,
    outputs: Outputs,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outputs {
    One,
    List { labels: usize, boxes: usize, scores: usize },
    Pair { boxes: usize, logits: usize, layout: Layout },
}

/// The kinds of outputs, for the choice of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One output, whose shape says what it is.
    One,
    /// Classes, corners and scores of finished boxes.
    List,
    /// Boxes and a logit for each class, as this layout has them by the names of the outputs.
    Pair(Layout),
}

impl Heads {
    /// Finds out what a session's inputs and outputs are for; `said` is the layout that `model.toml` names.
    ///
    /// # Errors
    /// A text that says what is not as it should be.
    pub(crate) fn of(session: &Session, said: Option<Layout>) -> Result<Heads, String> {
        let (pictures, sizes) = inputs(session.inputs())?;
        let outputs = session.outputs();
        let outputs = match sizes {
            Some(_) => list(outputs).ok_or(
                "it takes the sizes of the pictures, and has not the outputs labels [N, k], boxes [N, k, 4] and scores \
                 [N, k] that go with them",
            )?,
            None => without_sizes(outputs, said)?,
        };
        Ok(Heads { pictures, sizes, outputs })
    }

    /// The kind of the outputs.
    pub(crate) fn form(&self) -> Form {
        match self.outputs {
            Outputs::One => Form::One,
            Outputs::List { .. } => Form::List,
            Outputs::Pair { layout, .. } => Form::Pair(layout),
        }
    }

    /// Rows and columns for one picture, as far as the outputs declare both.
    ///
    /// # Errors
    /// A text that says which output is not as it should be.
    pub(crate) fn declared(&self, outputs: &[Outlet]) -> Result<Option<[usize; 3]>, String> {
        let known = |side: i64| usize::try_from(side).ok();
        let (rows, columns) = match self.outputs {
            Outputs::One => match dimensions(&outputs[0])? {
                [] => (None, None),
                &[_, rows, columns] => (known(rows), known(columns)),
                other => {
                    return Err(format!("its output has {} dimensions, and a detector's has 3", other.len()));
                }
            },
            Outputs::List { boxes, scores, .. } => {
                dimensions(&outputs[scores])?;
                (dimensions(&outputs[boxes])?.get(1).copied().and_then(known), Some(LIST_COLUMNS))
            }
            Outputs::Pair { boxes, logits, .. } => {
                dimensions(&outputs[boxes])?;
                let logits = dimensions(&outputs[logits])?;
                let side = |index: usize| logits.get(index).copied().and_then(known);
                (side(1), side(2).map(|classes| classes.saturating_add(4)))
            }
        };
        Ok(rows.zip(columns).map(|(rows, columns)| [1, rows, columns]))
    }

    /// The values to run the model on: `count` pictures of `input` in `tensor`.
    ///
    /// A model that asks for the sizes of the pictures is told that of its input: its boxes are then in pixels of the
    /// input like those of any other, and come into the picture by the same way, whatever its fit.
    ///
    /// # Errors
    /// ONNX Runtime's, where the tensor is too short.
    pub(crate) fn values<'t>(
        &self,
        (input, count): (Size, usize),
        tensor: &'t [f32],
    ) -> Result<Vec<SessionInputValue<'t>>, ort::Error> {
        let shape = [count, 3, input.height as usize, input.width as usize];
        let pictures = TensorRef::from_array_view((shape, tensor))?.into();
        let Some(kind) = self.sizes else { return Ok(vec![pictures]) };
        let sizes = sizes(kind, input, count)?;
        Ok(if self.pictures == 0 { vec![pictures, sizes] } else { vec![sizes, pictures] })
    }

    /// The numbers of a run as rows, with their shape; what is not one tensor already is put together in `gathered`.
    ///
    /// # Errors
    /// A text that says why they are none.
    pub(crate) fn rows<'o>(
        &self,
        outputs: &'o SessionOutputs<'_>,
        gathered: &'o mut Vec<f32>,
    ) -> Result<(Vec<i64>, &'o [f32]), String> {
        let floats =
            |index: usize| outputs[index].try_extract_tensor::<f32>().map_err(|error| one_line(&error));
        gathered.clear();
        let shape = match self.outputs {
            Outputs::One => {
                let (shape, values) = floats(0)?;
                return Ok((shape.to_vec(), values));
            }
            Outputs::List { labels, boxes, scores } => {
                let ((shape, boxes), (_, scores)) = (floats(boxes)?, floats(scores)?);
                let labels = whole_numbers(outputs, labels)?;
                let rows = checked_rows(shape, boxes, [scores.len(), labels.len()])?;
                gathered.reserve(rows * LIST_COLUMNS);
                for ((corners, score), label) in boxes.chunks_exact(4).zip(scores).zip(labels) {
                    gathered.extend_from_slice(corners);
                    gathered.extend([*score, label]);
                }
                vec![shape[0], shape[1], LIST_COLUMNS as i64]
            }
            Outputs::Pair { boxes, logits, .. } => {
                let ((shape, boxes), (logit_shape, logits)) = (floats(boxes)?, floats(logits)?);
                let classes = match **logit_shape {
                    [batch, rows, classes] if shape.starts_with(&[batch, rows]) => classes,
                    _ => {
                        return Err(format!(
                            "its logits have the shape {logit_shape:?} beside boxes of {shape:?}"
                        ));
                    }
                };
                let width = usize::try_from(classes).unwrap_or(0).max(1);
                let rows = checked_rows(shape, boxes, [logits.len() / width; 2])?;
                gathered.reserve(rows * (width + 4));
                for (place, logits) in boxes.chunks_exact(4).zip(logits.chunks_exact(width)) {
                    gathered.extend_from_slice(place);
                    gathered.extend_from_slice(logits);
                }
                vec![shape[0], shape[1], classes + 4]
            }
        };
        Ok((shape, gathered))
    }
}

/// Two corners, score, class.
const LIST_COLUMNS: usize = 6;

/// Position of the pictures, and of what kind the sizes are where they are asked for.
fn inputs(inputs: &[Outlet]) -> Result<(usize, Option<TensorElementType>), String> {
    let [first, second] = match inputs {
        [_] => return Ok((0, None)),
        [first, second] => [first, second],
        _ => {
            return Err(format!(
                "it has {} inputs, and one is expected, or two with the sizes of the pictures",
                inputs.len()
            ));
        }
    };
    let (pictures, other) = match (sides(first), sides(second)) {
        (_, Some((_, shape))) if shape.len() == 4 => (1, first),
        _ => (0, second),
    };
    match sides(other) {
        Some((
            kind @ (TensorElementType::Int64 | TensorElementType::Int32 | TensorElementType::Float32),
            [_, 2],
        )) => Ok((pictures, Some(kind))),
        _ => Err(format!(
            "its input {} is neither pictures nor their sizes [N, 2]; export it without it",
            crate::metadata::shorten(other.name())
        )),
    }
}

/// Width and height for each picture.
fn sizes(
    kind: TensorElementType,
    input: Size,
    count: usize,
) -> Result<SessionInputValue<'static>, ort::Error> {
    let sides = || std::iter::repeat_n([input.width, input.height], count).flatten();
    let shape = [count, 2];
    Ok(match kind {
        TensorElementType::Int32 => {
            Tensor::from_array((shape, sides().map(u32::cast_signed).collect::<Vec<i32>>()))?.into()
        }
        TensorElementType::Float32 => {
            Tensor::from_array((shape, sides().map(|side| side as f32).collect::<Vec<f32>>()))?.into()
        }
        _ => Tensor::from_array((shape, sides().map(i64::from).collect::<Vec<i64>>()))?.into(),
    })
}

fn named(outputs: &[Outlet], name: &str) -> Option<usize> {
    outputs.iter().position(|output| output.name() == name)
}

fn sides(output: &Outlet) -> Option<(TensorElementType, &[i64])> {
    match output.dtype() {
        ValueType::Tensor { ty, shape, .. } => Some((*ty, shape)),
        _ => None,
    }
}

/// By their names, else by what only one of the three can be.
fn list(outputs: &[Outlet]) -> Option<Outputs> {
    let by_name = [named(outputs, "labels"), named(outputs, "boxes"), named(outputs, "scores")];
    if let [Some(labels), Some(boxes), Some(scores)] = by_name {
        return Some(Outputs::List { labels, boxes, scores });
    }
    if outputs.len() != 3 {
        return None;
    }
    let only = |fits: &dyn Fn(TensorElementType, &[i64]) -> bool| {
        let mut found = outputs
            .iter()
            .enumerate()
            .filter(|(_, output)| sides(output).is_some_and(|(kind, shape)| fits(kind, shape)));
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    };
    let float = TensorElementType::Float32;
    let boxes = only(&|kind, shape| kind == float && shape.len() == 3)?;
    let scores = only(&|kind, shape| kind == float && shape.len() == 2)?;
    let labels = only(&|kind, _| matches!(kind, TensorElementType::Int64 | TensorElementType::Int32))?;
    Some(Outputs::List { labels, boxes, scores })
}

fn without_sizes(outputs: &[Outlet], said: Option<Layout>) -> Result<Outputs, String> {
    let said = said.filter(|layout| layout.is_pair());
    for (boxes, logits, layout) in
        [("dets", "labels", Layout::RfDetr), ("pred_boxes", "logits", Layout::DetrLogits)]
    {
        if let (Some(boxes), Some(logits)) = (named(outputs, boxes), named(outputs, logits)) {
            return Ok(Outputs::Pair { boxes, logits, layout: said.unwrap_or(layout) });
        }
    }
    if let [_] = outputs {
        return Ok(Outputs::One);
    }
    if list(outputs).is_some() {
        return Err(
            "its outputs are labels, boxes and scores, and nothing says in which pixels the boxes are; export it with the \
             input orig_target_sizes"
                .to_owned(),
        );
    }
    let others = format!("it has {} outputs, and one is expected, or those of a DETR", outputs.len());
    match (pair_by_shape(outputs), said) {
        (Some((boxes, logits)), Some(layout)) => Ok(Outputs::Pair { boxes, logits, layout }),
        (Some(_), None) => Err(format!(
            "{others}; these could be boxes and logits: say which with output.layout = \"rf-detr\" or \"detr-logits\" in a \
             model.toml beside it"
        )),
        (None, _) => Err(others),
    }
}

/// Of two outputs `[N, k, 4]` and `[N, k, C]` their positions, where C is not 4 as well.
fn pair_by_shape(outputs: &[Outlet]) -> Option<(usize, usize)> {
    let [first, second] = outputs else { return None };
    let (first, second) = (sides(first)?.1, sides(second)?.1);
    match (first, second) {
        (&[_, rows, 4], &[_, others, classes]) if rows == others && classes != 4 => Some((0, 1)),
        (&[_, rows, classes], &[_, others, 4]) if rows == others && classes != 4 => Some((1, 0)),
        _ => None,
    }
}

/// Classes as numbers; one that a float cannot hold is no class anyway.
fn whole_numbers(outputs: &SessionOutputs<'_>, index: usize) -> Result<Vec<f32>, String> {
    let output = &outputs[index];
    if let Ok((_, values)) = output.try_extract_tensor::<i64>() {
        return Ok(values.iter().map(|value| *value as f32).collect());
    }
    if let Ok((_, values)) = output.try_extract_tensor::<i32>() {
        return Ok(values.iter().map(|value| *value as f32).collect());
    }
    let (_, values) = output.try_extract_tensor::<f32>().map_err(|error| one_line(&error))?;
    Ok(values.to_vec())
}

/// How many rows there are in boxes `[N, k, 4]`, where the other outputs have as many.
fn checked_rows(shape: &[i64], boxes: &[f32], others: [usize; 2]) -> Result<usize, String> {
    let rows = boxes.len() / 4;
    if matches!(shape, [_, _, 4]) && others == [rows; 2] {
        return Ok(rows);
    }
    Err(format!("its boxes have the shape {shape:?} where there are {} scores", others[0]))
}
