//! What the numbers of a model's output mean, chosen from its shape.

use std::fmt;

use ocellus_core::Size;
use serde::Deserialize;

use crate::heads::Form;

/// How a detector lays out its output. N is the batch, A the number of grid cells, C of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Layout {
    /// `[N, A, 5 + C]`: centre as offset in the cell, logarithm of the size, objectness, class scores.
    #[serde(rename = "yolox")]
    Yolox,
    /// As [`Layout::Yolox`] with centre and size already in pixels of the input.
    #[serde(rename = "yolox-decoded")]
    YoloxDecoded,
    /// `[N, 4 + C, A]`: centre and size in pixels of the input, class scores, no objectness.
    #[serde(rename = "yolov8")]
    Yolov8,
    /// `[N, k, 6]`: two corners in pixels of the input, score, class; the model has suppressed duplicates.
    #[serde(rename = "end-to-end")]
    EndToEnd,
    /// Labels `[N, k]`, boxes `[N, k, 4]` as two corners, scores `[N, k]`: RT-DETR, D-FINE and their kin, which are given the
    /// sizes of the pictures.
    #[serde(rename = "rt-detr")]
    RtDetr,
    /// `[N, k, 4 + C]`: centre and size in shares of the input, class scores; RT-DETR as Ultralytics exports it.
    #[serde(rename = "rt-detr-rows")]
    RtDetrRows,
    /// Boxes `[N, k, 4]` as centre and size in shares of the input, logits `[N, k, C]` of which one may be of the background:
    /// RF-DETR.
    #[serde(rename = "rf-detr")]
    RfDetr,
    /// As [`Layout::RfDetr`] with a logit for each class and none else: RT-DETR and D-FINE of the library transformers.
    #[serde(rename = "detr-logits")]
    DetrLogits,
    /// `[N, 3 A, 5 + 8 + C]`: centre and size in pixels of the input, objectness, the four corners of a number plate in
    /// pixels (from the left upper one clockwise), class scores.
    #[serde(rename = "yolov5-face")]
    Yolov5Face,
}

impl Layout {
    /// Whether the model itself reports each object once.
    pub(crate) fn is_suppressed(self) -> bool {
        matches!(self, Layout::EndToEnd) || self.is_detr()
    }

    /// Whether the output is a list of finished boxes, which may be as long as there are boxes.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Layout::EndToEnd | Layout::RtDetr)
    }

    /// Whether it is that of a model which predicts a set.
    pub(crate) fn is_detr(self) -> bool {
        self.is_pair() || matches!(self, Layout::RtDetr | Layout::RtDetrRows)
    }

    /// Whether boxes and logits are two outputs.
    pub(crate) fn is_pair(self) -> bool {
        matches!(self, Layout::RfDetr | Layout::DetrLogits)
    }
}

/// Numbers before the class scores of [`Layout::Yolov5Face`]: the box, the objectness, the corners.
pub(crate) const FACE_COLUMNS: usize = 13;
/// Classes of a model of [`Layout::Yolov5Face`] that is told by its shape: plates with one row of text, and with two.
pub(crate) const FACE_CLASSES: usize = 2;

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layout::Yolox => "yolox",
            Layout::YoloxDecoded => "yolox-decoded",
            Layout::Yolov8 => "yolov8",
            Layout::EndToEnd => "end-to-end",
            Layout::RtDetr => "rt-detr",
            Layout::RtDetrRows => "rt-detr-rows",
            Layout::RfDetr => "rf-detr",
            Layout::DetrLogits => "detr-logits",
            Layout::Yolov5Face => "yolov5-face",
        })
    }
}

/// All that is supported, for messages.
pub(crate) const SUPPORTED: &str = "one f32 input [N, 3, height, width] and one f32 output: yolox \
    [N, A, 5 + classes], yolov8 (also YOLO11) [N, 4 + classes, A], end-to-end [N, k, 6], rt-detr-rows [N, k, 4 + classes] or, \
    for number plates, yolov5-face [N, 3 A, 5 + 8 + classes], where A counts the cells of the grids of stride 8, 16 and 32; or \
    the outputs labels, boxes and scores with the second input orig_target_sizes [N, 2]: rt-detr (RT-DETR, D-FINE); or the \
    outputs dets and labels: rf-detr; or pred_boxes and logits made for a sigmoid: detr-logits (RT-DETR, D-FINE of \
    transformers)";

/// More rows than any detector of this kind has.
const MAX_ROWS: usize = 400_000;
/// More classes than any detector has.
const MAX_CLASSES: usize = 4096;
/// More rows than an end-to-end model gives.
const MAX_END_TO_END: usize = 10_000;

/// Fewer boxes than this are what a model that predicts a set gives.
const MAX_QUERIES: usize = 2000;

/// What is known when the layout is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// The output's shape, as the model really produced it.
    pub(crate) output: [usize; 3],
    /// The input.
    pub(crate) input: Size,
    /// How many class names the metadata or the `model.toml` gives.
    pub(crate) names: Option<usize>,
    /// What the `model.toml` says.
    pub(crate) said: Option<Layout>,
    /// What its outputs are for.
    pub(crate) form: Form,
}

/// The layout and, where the shape tells it, the number of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) layout: Layout,
    pub(crate) classes: Option<usize>,
}

/// Chooses the layout.
///
/// # Errors
/// A text that says why none fits.
pub(crate) fn choose(facts: &Facts) -> Result<Choice, String> {
    let [_, rows, columns] = facts.output;
    if rows.max(columns) > MAX_ROWS || rows.min(columns) > MAX_CLASSES + 5 {
        return Err(format!("its output is too large: at most {MAX_ROWS} boxes and {MAX_CLASSES} classes"));
    }
    let layout = match (facts.form, facts.said) {
        (Form::One, Some(layout)) => return as_said(facts, layout),
        (Form::One, None) => return by_shape(facts),
        (Form::List, None | Some(Layout::RtDetr)) => Layout::RtDetr,
        (Form::Pair(layout), None) => layout,
        (Form::Pair(_), Some(layout)) if layout.is_pair() => layout,
        (Form::List, Some(layout)) => {
            return Err(format!(
                "its model.toml says output.layout = \"{layout}\", and its outputs labels, boxes and scores are those of rt-detr"
            ));
        }
        (Form::Pair(_), Some(layout)) => {
            return Err(format!(
                "its model.toml says output.layout = \"{layout}\", and its outputs are boxes and logits: rf-detr or detr-logits"
            ));
        }
    };
    if rows > MAX_END_TO_END || columns < 5 {
        return Err(format!(
            "as {layout} its output has {rows} boxes and {} classes",
            columns.saturating_sub(4)
        ));
    }
    Ok(Choice { layout, classes: layout.is_pair().then(|| columns - 4) })
}

fn as_said(facts: &Facts, layout: Layout) -> Result<Choice, String> {
    let [_, rows, columns] = facts.output;
    let cells = cells(facts.input, &[8, 16, 32]);
    let choice = match layout {
        Layout::Yolox if rows == cells => columns.checked_sub(5).filter(|classes| *classes > 0).map(Some),
        Layout::YoloxDecoded => columns.checked_sub(5).filter(|classes| *classes > 0).map(Some),
        Layout::Yolov8 if columns > rows => rows.checked_sub(4).filter(|classes| *classes > 0).map(Some),
        Layout::EndToEnd if columns == 6 => Some(None),
        Layout::RtDetrRows if (1..=MAX_END_TO_END).contains(&rows) => {
            columns.checked_sub(4).filter(|classes| *classes > 0).map(Some)
        }
        Layout::Yolov5Face => columns.checked_sub(FACE_COLUMNS).filter(|classes| *classes > 0).map(Some),
        _ => None,
    };
    choice.map(|classes| Choice { layout, classes }).ok_or_else(|| {
        let right = match layout {
            Layout::Yolox => format!("[N, {cells}, 5 + classes] for an input of {}", facts.input),
            Layout::YoloxDecoded => "[N, A, 5 + classes]".to_owned(),
            Layout::Yolov8 => "[N, 4 + classes, A]".to_owned(),
            Layout::EndToEnd => "[N, k, 6]".to_owned(),
            Layout::RtDetrRows => "[N, k, 4 + classes]".to_owned(),
            Layout::RtDetr => "[N, k], [N, k, 4] and [N, k] of three outputs".to_owned(),
            Layout::RfDetr | Layout::DetrLogits => "[N, k, 4] and [N, k, classes] of two outputs".to_owned(),
            Layout::Yolov5Face => "[N, 3 A, 5 + 8 + classes]".to_owned(),
        };
        format!("its model.toml says output.layout = \"{layout}\", which has the shape {right}")
    })
}

fn by_shape(facts: &Facts) -> Result<Choice, String> {
    let [_, rows, columns] = facts.output;
    let cells_of_yolox = cells(facts.input, &[8, 16, 32]);
    let yolov8_grids: [&[u32]; 4] = [&[8, 16, 32], &[4, 8, 16, 32], &[8, 16, 32, 64], &[16, 32]];
    let yolox = (rows == cells_of_yolox && columns > 5)
        .then(|| Choice { layout: Layout::Yolox, classes: Some(columns - 5) });
    let yolov8 = (yolov8_grids.iter().any(|strides| columns == cells(facts.input, strides)) && rows > 4)
        .then(|| Choice { layout: Layout::Yolov8, classes: Some(rows - 4) });
    match (yolox, yolov8) {
        (Some(yolox), None) if facts.names.is_some_and(|names| names + 4 == columns) => Err(format!(
            "its output is that of yolov8 with rows and columns exchanged ({} classes are named and {:?} would be \
             objectness and {} classes as yolox); export it without the transposition",
            columns - 4,
            facts.output,
            yolox.classes.unwrap_or_default(),
        )),
        (None, Some(yolov8)) if facts.names.is_some_and(|names| names + 5 == rows) => Err(format!(
            "its output is that of yolox with rows and columns exchanged ({} classes are named and {:?} would be {} \
             classes as yolov8); export it without the transposition",
            rows - 5,
            facts.output,
            yolov8.classes.unwrap_or_default(),
        )),
        (Some(choice), None) | (None, Some(choice)) => Ok(choice),
        (Some(yolox), Some(_)) if yolox.classes == facts.names => Ok(yolox),
        (Some(_), Some(yolov8)) if yolov8.classes == facts.names => Ok(yolov8),
        (Some(_), Some(_)) => {
            Err("its output could be yolox as well as yolov8; say which in model.toml, output.layout"
                .to_owned())
        }
        (None, None)
            if columns != 6
                && facts.names.is_some_and(|names| names + 4 == columns)
                && (1..=MAX_END_TO_END).contains(&rows) =>
        {
            Ok(Choice { layout: Layout::RtDetrRows, classes: facts.names })
        }
        (None, None) if columns == 6 && (1..=MAX_END_TO_END).contains(&rows) => {
            Ok(Choice { layout: Layout::EndToEnd, classes: None })
        }
        // YOLOv5 of nine or ten classes has the same shape; whether there are corners is seen when the model runs.
        (None, None)
            if rows == 3 * cells_of_yolox
                && (FACE_COLUMNS + 1..=FACE_COLUMNS + FACE_CLASSES).contains(&columns) =>
        {
            Ok(Choice { layout: Layout::Yolov5Face, classes: Some(columns - FACE_COLUMNS) })
        }
        (None, None) => Err(no_layout(facts, cells_of_yolox)),
    }
}

fn no_layout(facts: &Facts, cells: usize) -> String {
    let [_, rows, columns] = facts.output;
    if cells > 0 && (rows == 3 * cells || columns == 3 * cells) {
        return format!(
            "its output has 3 boxes for each of the {cells} cells, as YOLOv5 and YOLOv7 have, and one a cell is \
             supported, but for plates with their corners"
        );
    }
    let hint = if facts.names.is_none() && rows > 0 && rows < MAX_QUERIES && columns > 6 {
        "; if it is a list of boxes and class scores of RT-DETR, say output.layout = \"rt-detr-rows\" in model.toml"
    } else {
        ""
    };
    format!("its output has none of the supported shapes for an input of {} (A = {cells}){hint}", facts.input)
}

/// How many cells the grids of these strides have together over an input.
pub(crate) fn cells(input: Size, strides: &[u32]) -> usize {
    strides
        .iter()
        .map(|stride| input.width.div_ceil(*stride) as usize * input.height.div_ceil(*stride) as usize)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(output: [usize; 3], side: u32) -> Facts {
        Facts { output, input: Size::new(side, side), names: None, said: None, form: Form::One }
    }

    fn chosen(facts: &Facts) -> Result<(Layout, Option<usize>), String> {
        choose(facts).map(|choice| (choice.layout, choice.classes))
    }

    #[test]
    fn the_three_layouts_are_told_apart_by_shape() {
        assert_eq!(chosen(&facts([1, 3549, 85], 416)), Ok((Layout::Yolox, Some(80))));
        assert_eq!(chosen(&facts([1, 84, 8400], 640)), Ok((Layout::Yolov8, Some(80))));
        assert_eq!(chosen(&facts([1, 300, 6], 640)), Ok((Layout::EndToEnd, None)));
    }

    #[test]
    fn one_class_yolox_is_not_end_to_end_and_two_class_yolov8_neither() {
        assert_eq!(chosen(&facts([1, 3549, 6], 416)), Ok((Layout::Yolox, Some(1))));
        assert_eq!(chosen(&facts([1, 6, 8400], 640)), Ok((Layout::Yolov8, Some(2))));
    }

    #[test]
    fn an_input_that_is_not_square_has_its_own_number_of_cells() {
        let facts = Facts { input: Size::new(320, 192), ..facts([2, 1260, 9], 0) };
        assert_eq!(chosen(&facts), Ok((Layout::Yolox, Some(4))));
    }

    #[test]
    fn three_boxes_a_cell_are_refused() {
        for output in [[1, 25200, 16], [1, 25200, 85], [1, 85, 25200]] {
            assert!(chosen(&facts(output, 640)).unwrap_err().contains("3 boxes for each of the 8400 cells"));
        }
    }

    #[test]
    fn boxes_with_four_corners_are_those_of_plates() {
        assert_eq!(chosen(&facts([1, 25200, 15], 640)), Ok((Layout::Yolov5Face, Some(2))));
        assert_eq!(chosen(&facts([1, 25200, 14], 640)), Ok((Layout::Yolov5Face, Some(1))));
        let said = Facts { said: Some(Layout::Yolov5Face), ..facts([1, 25200, 16], 640) };
        assert_eq!(chosen(&said), Ok((Layout::Yolov5Face, Some(3))));
    }

    #[test]
    fn a_transposed_output_is_refused_when_the_names_give_it_away() {
        let yolov8 = Facts { names: Some(80), ..facts([1, 8400, 84], 640) };
        assert!(chosen(&yolov8).unwrap_err().contains("yolov8 with rows and columns exchanged"));
        let yolox = Facts { names: Some(80), ..facts([1, 85, 3549], 416) };
        assert!(chosen(&yolox).unwrap_err().contains("yolox with rows and columns exchanged"));
    }

    #[test]
    fn a_shape_that_fits_twice_is_settled_by_the_names_and_never_guessed() {
        // 32 × 32 has 21 cells of stride 8 to 32, and 85 of stride 4 to 32.
        let facts = facts([1, 21, 85], 32);
        assert!(chosen(&facts).unwrap_err().contains("could be yolox as well as yolov8"));
        assert_eq!(chosen(&Facts { names: Some(80), ..facts }), Ok((Layout::Yolox, Some(80))));
        assert_eq!(chosen(&Facts { names: Some(17), ..facts }), Ok((Layout::Yolov8, Some(17))));
    }

    #[test]
    fn the_rows_of_rt_detr_are_told_by_the_names_alone() {
        let rows = facts([1, 300, 84], 640);
        assert!(chosen(&rows).unwrap_err().contains("say output.layout = \"rt-detr-rows\""));
        assert_eq!(chosen(&Facts { names: Some(80), ..rows }), Ok((Layout::RtDetrRows, Some(80))));
        assert!(chosen(&Facts { names: Some(79), ..rows }).unwrap_err().contains("none of the supported"));
        let said = Facts { said: Some(Layout::RtDetrRows), ..rows };
        assert_eq!(chosen(&said), Ok((Layout::RtDetrRows, Some(80))));
        let two = Facts { names: Some(2), ..facts([1, 300, 6], 640) };
        assert_eq!(
            chosen(&two),
            Ok((Layout::EndToEnd, None)),
            "six columns are a list unless said otherwise"
        );
    }

    #[test]
    fn sets_of_outputs_are_told_by_their_form() {
        let list = Facts { form: Form::List, ..facts([1, 300, 6], 640) };
        assert_eq!(chosen(&list), Ok((Layout::RtDetr, None)));
        let pair = Facts { form: Form::Pair(Layout::RfDetr), ..facts([1, 300, 95], 560) };
        assert_eq!(chosen(&pair), Ok((Layout::RfDetr, Some(91))));
        let said = Facts { said: Some(Layout::DetrLogits), ..pair };
        assert_eq!(chosen(&said), Ok((Layout::DetrLogits, Some(91))));
        for (facts, says) in [
            (Facts { said: Some(Layout::Yolox), ..list }, "labels, boxes and scores are those of rt-detr"),
            (Facts { said: Some(Layout::RtDetr), ..pair }, "boxes and logits: rf-detr or detr-logits"),
            (Facts { said: Some(Layout::RfDetr), ..facts([1, 300, 95], 560) }, "of two outputs"),
            (Facts { output: [1, 20_000, 95], ..pair }, "20000 boxes and 91 classes"),
        ] {
            assert!(chosen(&facts).unwrap_err().contains(says), "{says}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for output in
            [[1, 21, 78], [1, 300, 84], [1, 3549, 5], [1, 4, 8400], [1, 0, 6], [1, 0, 0], [1, 100_000, 6]]
        {
            assert!(
                chosen(&facts(output, 640)).unwrap_err().contains("none of the supported shapes"),
                "{output:?}"
            );
        }
        assert!(chosen(&facts([1, usize::MAX, 6], 640)).unwrap_err().contains("too large"));
        assert!(chosen(&facts([1, 9000, 8400], 640)).unwrap_err().contains("too large"));
    }

    #[test]
    fn what_model_toml_says_must_fit_the_shape() {
        let said = |layout, output| chosen(&Facts { said: Some(layout), ..facts(output, 640) });
        assert_eq!(said(Layout::Yolov8, [1, 9, 777]), Ok((Layout::Yolov8, Some(5))));
        assert_eq!(said(Layout::EndToEnd, [1, 8400, 6]), Ok((Layout::EndToEnd, None)));
        assert!(said(Layout::Yolox, [1, 84, 8400]).unwrap_err().contains("says output.layout = \"yolox\""));
        assert!(said(Layout::EndToEnd, [1, 300, 7]).unwrap_err().contains("[N, k, 6]"));
    }
}
