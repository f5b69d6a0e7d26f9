//! Models that are well formed and give what they should not, or in a shape known only when they run.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use std::path::Path;

use common::onnx::{self, Dim, FLOAT};
use common::{detect, grey};
use ocellus_core::Size;
use ocellus_inference::{
    Batch, DetectRequest, InferenceError, Layout, Model, ModelOptions, Session, Thresholds,
};

fn load(model: &onnx::Model, toml: Option<&str>) -> Result<Model, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, model.encode()).unwrap();
    if let Some(toml) = toml {
        std::fs::write(folder.path().join("tiny.toml"), toml).unwrap();
    }
    Model::load(Path::new(&path), &ModelOptions::default()).map_err(|error| error.to_string())
}

fn session(model: &onnx::Model, toml: Option<&str>) -> Session {
    load(model, toml).unwrap().into_session()
}

const THREE: &str = "classes = ['person', 'car', 'truck']";

fn rows(count: usize, rows: &[[f32; 6]]) -> Vec<f32> {
    let mut values: Vec<f32> = rows.iter().flatten().copied().collect();
    values.resize(count * 6, 0.0);
    values
}

#[test]
fn an_end_to_end_list_is_read_and_mapped_into_the_picture() {
    let list = rows(
        10,
        &[
            [16.0, 24.0, 32.0, 40.0, 0.9, 0.0],
            [0.0, 16.0, 64.0, 80.0, 0.5, 1.0],
            [0.0, 16.0, 60.0, 80.0, 0.4, 2.0],
        ],
    );
    let mut session = session(&onnx::constant(64, &[1, 10, 6], &list), Some(THREE));
    assert_eq!(session.info().layout, Layout::EndToEnd);
    // 128 × 64 in 64 × 64: half the size, 16 pixels of padding above.
    let found = detect(&mut session, &grey(Size::new(128, 64), 120), 0.25);
    let found: Vec<_> = found
        .iter()
        .map(|(class, confidence, detection)| (class.as_str(), *confidence, detection.rect))
        .collect();
    assert_eq!(found.len(), 2, "car and truck are one vehicle: {found:?}");
    assert_eq!((found[0].0, found[0].1), ("person", 0.9));
    let rect = found[0].2;
    assert_eq!([rect.x, rect.y, rect.width, rect.height], [32.0, 16.0, 32.0, 32.0]);
    let rect = found[1].2;
    assert_eq!(
        [rect.x, rect.y, rect.width, rect.height],
        [0.0, 0.0, 128.0, 64.0],
        "cut at the picture's edge"
    );
}

#[test]
fn a_box_in_the_padding_is_no_detection() {
    let list = rows(10, &[[10.0, 2.0, 20.0, 10.0, 0.9, 0.0]]);
    let mut session = session(&onnx::constant(64, &[1, 10, 6], &list), Some(THREE));
    assert!(detect(&mut session, &grey(Size::new(128, 64), 120), 0.25).is_empty());
}

#[test]
fn not_a_number_at_once_is_refused() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut values = [0.0; 60];
        values[17] = bad;
        let message = load(&onnx::constant(64, &[1, 10, 6], &values), Some(THREE)).err().unwrap();
        assert!(
            message.contains("its output for a grey picture has") && message.contains("position 17"),
            "{message}"
        );
    }
}

/// A detector that divides the picture's mean by itself: 1 for all pictures but the black one, NaN for that.
fn nan_for_black(list: &[f32]) -> onnx::Model {
    onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Is(1), Dim::Is(10), Dim::Is(6)])
        .floats("values", &[1, 10, 6], list)
        .integers("one", &[1])
        .node("ReduceMean", &["images"], "mean", &[("keepdims", 0)])
        .node("Reshape", &["mean", "one"], "number", &[])
        .node("Div", &["number", "number"], "factor", &[])
        .node("Mul", &["values", "factor"], "output", &[])
}

#[test]
fn not_a_number_later_gives_no_detection_and_is_counted() {
    let list = rows(10, &[[16.0, 24.0, 32.0, 40.0, 0.9, 0.0]]);
    let black_bars = format!("{THREE}\n[input]\npad = 0");
    let mut session = session(&nan_for_black(&list), Some(&black_bars));
    let size = Size::new(64, 64);
    assert_eq!(detect(&mut session, &grey(size, 120), 0.25).len(), 1);
    assert_eq!(session.rejected(), 0);
    assert!(detect(&mut session, &grey(size, 16), 0.25).is_empty());
    assert_eq!(session.rejected(), 10);
    assert_eq!(detect(&mut session, &grey(size, 120), 0.25).len(), 1);
}

#[test]
fn scores_that_are_none_are_refused() {
    let mut values = vec![0.0; 7 * 84];
    values[4 * 84 + 3] = -7.5;
    let message = load(&onnx::constant(64, &[1, 7, 84], &values), Some(THREE)).err().unwrap();
    assert!(
        message.contains("are -7.5 to 0 and should be 0 to 1") && message.contains("sigmoid"),
        "{message}"
    );
}

#[test]
fn classes_that_nothing_names_are_refused_for_a_list() {
    let list = rows(10, &[[16.0, 24.0, 32.0, 40.0, 0.9, 17.0]]);
    let message = load(&onnx::constant(64, &[1, 10, 6], &list), Some(THREE)).err().unwrap();
    assert!(message.contains("it reports a class 17, and 3 are named"), "{message}");
}

#[test]
fn yolox_that_decodes_by_itself_is_told_apart() {
    let cells = 1260;
    let mut values = vec![0.0; cells * 8];
    for (index, row) in values.chunks_exact_mut(8).enumerate() {
        let (x, y) = ((index % 40) as f32 * 8.0 + 4.0, (index / 40) as f32 * 8.0 + 4.0);
        if index < 960 {
            row[..4].copy_from_slice(&[x, y, 16.0, 16.0]);
        }
    }
    values[500 * 8 + 4..501 * 8].copy_from_slice(&[1.0, 0.0, 0.75, 0.0]);
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(192), Dim::Is(320)])
        .output("output", FLOAT, &[Dim::Is(1), Dim::Is(1260), Dim::Is(8)])
        .floats("output_values", &[1, 1260, 8], &values)
        .node("Identity", &["output_values"], "output", &[]);
    let mut session = session(&model, Some(THREE));
    assert_eq!(session.info().layout, Layout::YoloxDecoded);
    let found = detect(&mut session, &grey(Size::new(320, 192), 120), 0.5);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "car"));
    let rect = found[0].2.rect;
    assert_eq!([rect.x, rect.y, rect.width, rect.height], [156.0, 92.0, 16.0, 16.0]);
}

/// `[N, 10, 6]`, the same list for every picture, with N, height and width open.
fn open_everywhere(list: &[f32]) -> onnx::Model {
    onnx::Model::default()
        .input("images", FLOAT, &[Dim::Any("batch"), Dim::Is(3), Dim::Any("height"), Dim::Any("width")])
        .output("output", FLOAT, &[Dim::Any("batch"), Dim::Any("boxes"), Dim::Any("six")])
        .floats("values", &[1, 10, 6], list)
        .floats("nothing", &[1], &[0.0])
        .integers("shape", &[-1, 1, 1])
        .integers("axes_start", &[0])
        .integers("axes_end", &[1])
        .node("Shape", &["images"], "sizes", &[])
        .node("Slice", &["sizes", "axes_start", "axes_end"], "count", &[])
        .node("Concat", &["count", "ones"], "target", &[("axis", 0)])
        .integers("ones", &[1, 1])
        .node("Expand", &["values", "target"], "output", &[])
}

#[test]
fn open_dimensions_are_learnt_from_a_run() {
    let list = rows(10, &[[16.0, 24.0, 32.0, 40.0, 0.9, 0.0]]);
    let mut session =
        session(&open_everywhere(&list), Some(&format!("{THREE}\n[input]\nwidth = 96\nheight = 64")));
    assert_eq!((session.info().input, session.info().batch), (Size::new(96, 64), Batch::Dynamic));
    assert_eq!(session.info().output, (10, 6));
    let pictures: Vec<_> = (0..20_u8).map(|index| grey(Size::new(96, 64), 100 + index)).collect();
    for count in [1, 3, 20, 2] {
        let requests: Vec<_> = pictures[..count]
            .iter()
            .map(|picture| DetectRequest { picture, thresholds: Thresholds::default(), classes: None })
            .collect();
        let found = session.detect(&requests).unwrap();
        assert_eq!(found.len(), count);
        assert!(found.iter().all(|found| found.len() == 1 && found[0].rect.x == 16.0), "{found:?}");
    }
}

#[test]
fn a_model_of_any_size_takes_the_usual_one_or_that_of_its_metadata() {
    let list = rows(10, &[]);
    assert_eq!(load(&open_everywhere(&list), Some(THREE)).unwrap().info().input, Size::new(640, 640));
    let exported = open_everywhere(&list).metadata("imgsz", "[96, 160]");
    assert_eq!(load(&exported, Some(THREE)).unwrap().info().input, Size::new(160, 96));
    let huge = open_everywhere(&list).metadata("imgsz", "[96, 100000]");
    assert!(load(&huge, Some(THREE)).err().unwrap().contains("is 100000, and 32 to 4096"));
}

/// Declares any batch, and has one picture built in.
#[test]
fn a_batch_that_is_only_declared_is_not_used() {
    let list = rows(10, &[[16.0, 24.0, 32.0, 40.0, 0.9, 0.0]]);
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Any("batch"), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Any("batch"), Dim::Is(10), Dim::Is(6)])
        .floats("values", &[1, 10, 6], &list)
        .node("Identity", &["values"], "output", &[]);
    let mut session = session(&model, Some(THREE));
    assert_eq!(session.info().batch, Batch::Fixed(1));
    let picture = grey(Size::new(64, 64), 120);
    let request = DetectRequest { picture: &picture, thresholds: Thresholds::default(), classes: None };
    assert_eq!(
        session.detect(&[request.clone(), request]).unwrap().iter().map(Vec::len).collect::<Vec<_>>(),
        [1, 1]
    );
}

/// `[1, k, 6]` where k is 10 for a grey picture and 3 for a black one.
fn list_of_varying_length(list: &[f32], rows: [f32; 2]) -> onnx::Model {
    onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Is(1), Dim::Any("k"), Dim::Any("width")])
        .floats("values", &[1, 10, 6], list)
        .floats("factor", &[1], &[rows[0]])
        .floats("least", &[1], &[rows[1]])
        .integers("one", &[1])
        .integers("zero", &[0])
        .integers("axis", &[1])
        .node("ReduceMean", &["images"], "mean", &[("keepdims", 0)])
        .node("Reshape", &["mean", "one"], "number", &[])
        .node("Mul", &["number", "factor"], "scaled", &[])
        .node("Add", &["scaled", "least"], "length", &[])
        .node("Cast", &["length"], "end", &[("to", 7)])
        .node("Slice", &["values", "zero", "end", "axis"], "output", &[])
}

#[test]
fn a_list_of_varying_length_is_read() {
    let list = rows(
        10,
        &[
            [16.0, 24.0, 32.0, 40.0, 0.9, 0.0],
            [1.0, 1.0, 9.0, 9.0, 0.8, 0.0],
            [40.0, 40.0, 60.0, 60.0, 0.7, 0.0],
        ],
    );
    let mut session = session(&list_of_varying_length(&list, [100.0, 0.5]), Some(THREE));
    let size = Size::new(64, 64);
    assert_eq!(detect(&mut session, &grey(size, 120), 0.25).len(), 3);
    assert_eq!(detect(&mut session, &grey(size, 16), 0.25).len(), 0, "an empty list");
    assert_eq!(detect(&mut session, &grey(size, 235), 0.25).len(), 3);
}

#[test]
fn an_output_that_changes_its_shape_is_an_error() {
    // Read as yolox-decoded, whose number of rows must not change.
    let said = "classes = ['person']\n[output]\nlayout = 'yolox-decoded'";
    let mut session = session(&list_of_varying_length(&[0.0; 60], [100.0, 0.5]), Some(said));
    let black = grey(Size::new(64, 64), 16);
    let request = DetectRequest { picture: &black, thresholds: Thresholds::default(), classes: None };
    let error = session.detect(&[request]).unwrap_err();
    assert!(matches!(&error, InferenceError::Shape { found, .. } if found == &[1, 0, 6]), "{error}");
}

#[test]
fn an_output_for_another_number_of_pictures_is_refused() {
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Any("n"), Dim::Is(10), Dim::Is(6)])
        .floats("values", &[3, 10, 6], &[0.0; 180])
        .node("Identity", &["values"], "output", &[]);
    let message = load(&model, Some(THREE)).err().unwrap();
    assert!(message.contains("its output is for 3 pictures when it is given 1"), "{message}");
}

#[test]
fn a_model_that_fails_when_it_runs_is_refused() {
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Any("n"), Dim::Any("k"), Dim::Is(6)])
        .integers("start", &[1, 7, 6])
        .node("Reshape", &["images", "start"], "output", &[]);
    let message = load(&model, Some(THREE)).err().unwrap();
    assert!(message.contains("fails on a test picture") || message.contains("cannot be loaded"), "{message}");
}

#[test]
fn a_fixed_batch_is_filled_up_and_only_the_asked_pictures_are_read() {
    let mut values = rows(10, &[[16.0, 24.0, 32.0, 40.0, 0.9, 0.0]]);
    values.extend(rows(10, &[[1.0, 1.0, 9.0, 9.0, 0.8, 1.0]]));
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(2), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("output", FLOAT, &[Dim::Is(2), Dim::Is(10), Dim::Is(6)])
        .floats("values", &[2, 10, 6], &values)
        .node("Identity", &["values"], "output", &[]);
    let mut session = session(&model, Some(THREE));
    assert_eq!(session.info().batch, Batch::Fixed(2));
    let picture = grey(Size::new(64, 64), 120);
    let request = DetectRequest { picture: &picture, thresholds: Thresholds::default(), classes: None };
    let found = session.detect(&vec![request; 3]).unwrap();
    let classes: Vec<Vec<u32>> =
        found.iter().map(|found| found.iter().map(|detection| detection.class).collect()).collect();
    assert_eq!(classes, [vec![0], vec![1], vec![0]]);
}
