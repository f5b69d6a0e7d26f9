//! Tiny models with the interfaces of the DETR family that really look at the picture: they find the bright rectangle.

use super::onnx::{Dim, FLOAT, Model};

pub const INT32: i64 = 6;
pub const INT64: i64 = 7;

/// Input of the tiny models: width, height.
pub const INPUT: (i64, i64) = (96, 64);
/// What the three colours of a normalised picture must have together to be bright; and of one that is in 0..1.
pub const NORMALISED: f32 = 3.0;
pub const UNIT: f32 = 1.8;

/// A model with the input `name`. The value `share` is `[N, 1, 4]`: centre and size of what is brighter than `threshold`
/// in shares of the input, 0 where nothing is; `colours` is `[N, 3]`, the mean of each input plane there.
pub fn bright(name: &str, batch: Dim, threshold: f32) -> Model {
    let (width, height) = INPUT;
    let grid = |side: i64| (0..side).map(|at| at as f32 + 0.5).collect::<Vec<f32>>();
    let mut model = Model::default()
        .input(name, FLOAT, &[batch, Dim::Is(3), Dim::Is(height), Dim::Is(width)])
        .integers("axis_1", &[1])
        .integers("axis_2", &[2])
        .integers("axis_3", &[3])
        .integers("axes_23", &[2, 3])
        .floats("threshold", &[1], &[threshold])
        .floats("one", &[1], &[1.0])
        .floats("tiny", &[1], &[1e-3])
        .floats("grid_x", &[1, 1, width], &grid(width))
        .floats("grid_y", &[1, 1, height], &grid(height))
        .floats(
            "to_share",
            &[1, 1, 4],
            &[1.0 / width as f32, 1.0 / height as f32, 1.0 / width as f32, 1.0 / height as f32],
        )
        .node("ReduceSum", &[name, "axis_1"], "brightness", &[("keepdims", 1)])
        .node("Greater", &["brightness", "threshold"], "is_lit", &[])
        .node("Cast", &["is_lit"], "mask", &[("to", FLOAT)]);
    for (side, other) in [("x", "axis_2"), ("y", "axis_3")] {
        let value = |what: &str| format!("{what}_{side}");
        let (lines, lit, count) = (value("lines"), value("lit"), value("count"));
        model = model
            .node("ReduceSum", &["mask", other], &lines, &[("keepdims", 0)])
            .node("Min", &[&lines, "one"], &lit, &[])
            .node("ReduceSum", &[&lit, "axis_2"], &count, &[("keepdims", 1)])
            .node("Mul", &[&lit, &value("grid")], &value("at"), &[])
            .node("ReduceSum", &[&value("at"), "axis_2"], &value("sum"), &[("keepdims", 1)])
            .node("Max", &[&count, "tiny"], &value("some"), &[])
            .node("Div", &[&value("sum"), &value("some")], &value("centre"), &[]);
    }
    model
        .node("Concat", &["centre_x", "centre_y", "count_x", "count_y"], "place", &[("axis", 2)])
        .node("Mul", &["place", "to_share"], "share", &[])
        .node("Mul", &[name, "mask"], "masked", &[])
        .node("ReduceSum", &["masked", "axes_23"], "colour_sums", &[("keepdims", 0)])
        .node("ReduceSum", &["mask", "axes_23"], "area", &[("keepdims", 0)])
        .node("Max", &["area", "tiny"], "some_area", &[])
        .node("Div", &["colour_sums", "some_area"], "colours", &[])
}

/// RF-DETR: `dets` and `labels` with `columns` logits, of which `places` are the red, green and blue of the bright rectangle
/// less 1; those in `loud` always say that something is there.
pub fn pair(
    names: [&str; 3],
    batch: Dim,
    threshold: f32,
    (columns, places, loud): (usize, [usize; 3], &[usize]),
) -> Model {
    let [input, boxes, logits] = names;
    let mut weights = vec![0.0; 3 * columns];
    let mut bias = vec![-20.0; columns];
    for (colour, place) in places.into_iter().enumerate() {
        weights[colour * columns + place] = 1.0;
        bias[place] = -1.0;
    }
    for column in loud {
        bias[*column] = 9.0;
    }
    let columns = columns as i64;
    bright(input, batch, threshold)
        .output(boxes, FLOAT, &[batch, Dim::Is(1), Dim::Is(4)])
        .output(logits, FLOAT, &[batch, Dim::Is(1), Dim::Is(columns)])
        .floats("weights", &[3, columns], &weights)
        .floats("bias", &[columns], &bias)
        .node("MatMul", &["colours", "weights"], "weighed", &[])
        .node("Add", &["weighed", "bias"], "flat", &[])
        .node("Unsqueeze", &["flat", "axis_1"], logits, &[])
        .node("Identity", &["share"], boxes, &[])
}

/// RT-DETR and D-FINE: `images` and `orig_target_sizes` of type `kind` give `labels`, `boxes`, `scores`, two rows of one
/// query, under the names of its outputs: class 1 where the rectangle is reddish, else 0, with the mean of its red as score; and the other with half of it.
pub fn list([labels, boxes, scores]: [&str; 3], batch: Dim, kind: i64) -> Model {
    let corners = [
        1.0, 0.0, 1.0, 0.0, //
        0.0, 1.0, 0.0, 1.0, //
        -0.5, 0.0, 0.5, 0.0, //
        0.0, -0.5, 0.0, 0.5,
    ];
    bright("images", batch, UNIT)
        .input("orig_target_sizes", kind, &[batch, Dim::Is(2)])
        .output(labels, INT64, &[batch, Dim::Is(2)])
        .output(boxes, FLOAT, &[batch, Dim::Is(2), Dim::Is(4)])
        .output(scores, FLOAT, &[batch, Dim::Is(2)])
        .floats("to_corners", &[4, 4], &corners)
        .floats("half", &[1], &[0.5])
        .floats("reddish", &[1], &[0.2])
        .floats("to_red", &[3, 1], &[1.0, 0.0, 0.0])
        .floats("to_redness", &[3, 1], &[1.0, 0.0, -1.0])
        .node("MatMul", &["share", "to_corners"], "corners", &[])
        .node("Cast", &["orig_target_sizes"], "sizes", &[("to", FLOAT)])
        .node("Concat", &["sizes", "sizes"], "sizes_twice", &[("axis", 1)])
        .node("Unsqueeze", &["sizes_twice", "axis_1"], "scale", &[])
        .node("Mul", &["corners", "scale"], "box", &[])
        .node("Concat", &["box", "box"], boxes, &[("axis", 1)])
        .node("MatMul", &["colours", "to_red"], "score", &[])
        .node("Mul", &["score", "half"], "half_score", &[])
        .node("Concat", &["half_score", "score"], scores, &[("axis", 1)])
        .node("MatMul", &["colours", "to_redness"], "redness", &[])
        .node("Greater", &["redness", "reddish"], "is_red", &[])
        .node("Not", &["is_red"], "is_other", &[])
        .node("Concat", &["is_other", "is_red"], "both", &[("axis", 1)])
        .node("Cast", &["both"], labels, &[("to", INT64)])
}

/// RT-DETR of Ultralytics: one output `[N, 1, 4 + 3]`, scores are the red, green and blue of the bright rectangle.
pub fn rows(batch: Dim) -> Model {
    bright("images", batch, UNIT)
        .output("output0", FLOAT, &[batch, Dim::Is(1), Dim::Is(7)])
        .node("Unsqueeze", &["colours", "axis_1"], "scores", &[])
        .node("Concat", &["share", "scores"], "output0", &[("axis", 2)])
}
