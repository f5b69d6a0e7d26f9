//! Models of the DETR family: what they expect, and that a box comes back to where it was in pictures of any size.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use common::detr::{self, INT32, INT64, NORMALISED, UNIT};
use common::onnx::{self, Dim, FLOAT, HALF};
use common::{detect, picture};
use ocellus_core::{Picture, Rect, Size};
use ocellus_inference::{
    Batch, ClassFilter, ClassSource, ColourOrder, DetectRequest, Fit, InferenceError, Layout, Model,
    ModelOptions, Scale, Session, Thresholds,
};

const ANY: Dim = Dim::Any("N");
const LIST: [&str; 3] = ["labels", "boxes", "scores"];
const THREE: &str = "classes = ['person', 'car', 'truck']\n";
const REDDISH: [u8; 3] = [255, 160, 160];
const GREENISH: [u8; 3] = [160, 255, 160];
const BLUISH: [u8; 3] = [160, 160, 255];

fn load(model: &onnx::Model, toml: &str) -> Result<Model, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, model.encode()).unwrap();
    std::fs::write(folder.path().join("tiny.toml"), toml).unwrap();
    Model::load(&path, &ModelOptions::default()).map_err(|error| error.to_string())
}

fn session(model: &onnx::Model, toml: &str) -> Session {
    load(model, toml).unwrap().into_session()
}

/// Black, with one bright rectangle: left, top, width, height.
fn lit(size: Size, rect: [u32; 4], colour: [u8; 3]) -> Picture {
    let [left, top, width, height] = rect;
    let rgb: Vec<u8> = (0..size.height)
        .flat_map(|y| (0..size.width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
            if inside { colour } else { [0; 3] }
        })
        .collect();
    picture(&rgb, size.width as usize, size)
}

/// Within a pixel of the model's input of where it should be.
fn assert_near(rect: Rect, [left, top, width, height]: [u32; 4], size: Size) {
    let slack = [size.width as f32 / 96.0, size.height as f32 / 64.0].map(|step| step * 1.1 + 0.5);
    let found = [rect.x, rect.y, rect.right(), rect.bottom()];
    let wanted = [left, top, left + width, top + height].map(|side| side as f32);
    for (index, (found, wanted)) in found.into_iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() <= slack[index % 2], "{rect:?} is not near {wanted} in {size}");
    }
}

/// Pictures of several proportions, each with a rectangle elsewhere.
fn scenes() -> Vec<(Size, [u32; 4], [u8; 3])> {
    vec![
        (Size::new(960, 640), [100, 80, 300, 120], REDDISH),
        (Size::new(480, 640), [300, 400, 120, 200], GREENISH),
        (Size::new(1280, 720), [900, 20, 300, 500], BLUISH),
        (Size::new(96, 64), [10, 20, 30, 16], REDDISH),
    ]
}

/// The rectangle of each scene is found alone and in a batch, by the class that its colour is.
fn assert_finds(session: &mut Session, class_of: fn([u8; 3]) -> &'static str) {
    let scenes = scenes();
    let pictures: Vec<Picture> =
        scenes.iter().map(|(size, rect, colour)| lit(*size, *rect, *colour)).collect();
    let mut alone = Vec::new();
    for (picture, (size, rect, colour)) in pictures.iter().zip(&scenes) {
        let found = detect(session, picture, 0.4);
        assert_eq!(found.len(), 1, "one box a query: {found:?}");
        assert_eq!(found[0].0, class_of(*colour));
        assert_near(found[0].2.rect, *rect, *size);
        alone.push(found[0].2);
    }
    let requests: Vec<_> = pictures
        .iter()
        .map(|picture| DetectRequest {
            picture,
            thresholds: Thresholds { confidence: 0.4, ..Thresholds::default() },
            classes: None,
        })
        .collect();
    let together = session.detect(&requests).unwrap();
    assert_eq!(together.into_iter().map(|found| found[0]).collect::<Vec<_>>(), alone, "in the same order");
    assert_eq!(session.rejected(), 0);
}

fn red_is_car(colour: [u8; 3]) -> &'static str {
    if colour == REDDISH { "car" } else { "person" }
}

fn by_colour(colour: [u8; 3]) -> &'static str {
    match colour {
        REDDISH => "person",
        GREENISH => "car",
        _ => "truck",
    }
}

#[test]
fn a_list_with_picture_sizes_is_rt_detr_or_d_fine_whatever_the_type_of_the_sizes() {
    for kind in [INT64, INT32, FLOAT] {
        let mut session = session(&detr::list(LIST, ANY, kind), THREE);
        let info = session.info();
        assert_eq!((info.layout, info.batch), (Layout::RtDetr, Batch::Dynamic));
        assert_eq!((info.colour, info.scale, info.fit), (ColourOrder::Rgb, Scale::Unit, Fit::Stretch));
        assert_eq!((info.mean, info.std, info.input), ([0.0; 3], [1.0; 3], Size::new(96, 64)));
        assert_finds(&mut session, red_is_car);
    }
}

#[test]
fn a_list_fits_pictures_with_bars_where_model_toml_says_so() {
    let toml = format!("{THREE}[input]\nfit = 'letterbox-centre'\npad = 0");
    let mut session = session(&detr::list(LIST, Dim::Is(1), INT64), &toml);
    assert_eq!((session.info().fit, session.info().batch), (Fit::LetterboxCentre, Batch::Fixed(1)));
    let (size, rect) = (Size::new(640, 640), [200, 100, 300, 240]);
    let found = detect(&mut session, &lit(size, rect, GREENISH), 0.4);
    assert_near(found[0].2.rect, rect, size);
}

#[test]
fn a_query_is_reported_once_as_its_best_class_and_thresholds_and_filters_apply() {
    let mut session = session(&detr::list(LIST, ANY, INT64), THREE);
    let picture = lit(Size::new(960, 640), [100, 80, 300, 120], REDDISH);
    let found = detect(&mut session, &picture, 0.1);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "car"));
    assert!((found[0].1 - 1.0).abs() < 0.02, "{found:?}");
    let thresholds = Thresholds { confidence: 0.1, ..Thresholds::default() };
    for (wanted, count) in [("car", 1), ("person", 0)] {
        let classes = Some(ClassFilter::new(session.classes(), &[wanted]).unwrap());
        let found = session.detect(&[DetectRequest { picture: &picture, thresholds, classes }]).unwrap();
        assert_eq!(found[0].len(), count, "{wanted}");
    }
    assert!(detect(&mut session, &lit(Size::new(96, 64), [0, 0, 0, 0], REDDISH), 0.1).is_empty());
}

#[test]
fn outputs_of_other_names_are_told_by_their_types() {
    let renamed = detr::list(["l", "b", "s"], ANY, INT64);
    assert_finds(&mut session(&renamed, THREE), red_is_car);
    let model = detr::list(LIST, ANY, INT64);
    assert_eq!(load(&model, "classes = 'coco'").unwrap().info().classes.len(), 80);
    let message = load(&model, "").err().unwrap();
    assert!(message.contains("nothing names them") && message.contains("classes = \"coco\""), "{message}");
    let said = load(&model, &format!("{THREE}[output]\nlayout = 'yolox'")).err().unwrap();
    assert!(said.contains("labels, boxes and scores are those of rt-detr"), "{said}");
}

#[test]
fn rf_detr_with_the_ids_of_coco_gives_its_classes_from_normalised_pictures() {
    let names = ["input", "dets", "labels"];
    // Ids 1, 3 and 90 are person, car and toothbrush; 0 and 12 are nothing.
    let model = detr::pair(names, Dim::Is(1), NORMALISED, (91, [1, 3, 90], &[0, 12]));
    let mut session = session(&model, "");
    let info = session.info();
    assert_eq!((info.layout, info.class_source, info.classes.len()), (Layout::RfDetr, ClassSource::Coco, 80));
    assert_eq!((info.mean, info.std), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]));
    assert_eq!((info.fit, info.batch), (Fit::Stretch, Batch::Fixed(1)));
    assert_finds(&mut session, |colour| match colour {
        REDDISH => "person",
        GREENISH => "car",
        _ => "toothbrush",
    });
    // Of pure red at 255 the input is (1 − 0.485) / 0.229, and the logit one less.
    let found = detect(&mut session, &lit(Size::new(96, 64), [0, 0, 96, 64], REDDISH), 0.1);
    let logit = (1.0 - 0.485_f32) / 0.229 - 1.0;
    assert!((found[0].1 - 1.0 / (1.0 + (-logit).exp())).abs() < 0.01, "{found:?} {logit}");
}

#[test]
fn rf_detr_of_ones_own_has_a_background_behind_its_classes_or_none() {
    let names = ["input", "dets", "labels"];
    for (columns, loud) in [(4, vec![3]), (3, vec![])] {
        let model = detr::pair(names, ANY, NORMALISED, (columns, [0, 1, 2], &loud));
        let mut session = session(&model, THREE);
        assert_eq!(session.info().batch, Batch::Dynamic);
        assert_finds(&mut session, by_colour);
    }
    let five = detr::pair(names, ANY, NORMALISED, (5, [0, 1, 2], &[]));
    assert!(load(&five, THREE).err().unwrap().contains("names 3 and its output, read as rf-detr, has 5"));
}

#[test]
fn logits_of_transformers_are_a_class_each_and_take_plain_colours() {
    let names = ["pixel_values", "pred_boxes", "logits"];
    let model = detr::pair(names, ANY, UNIT, (3, [0, 1, 2], &[]));
    let mut found = session(&model, THREE);
    assert_eq!((found.info().layout, found.info().mean), (Layout::DetrLogits, [0.0; 3]));
    // Colours of 0..1 less 1 make logits from −1 to 0: scores up to one half.
    assert_finds(&mut found, by_colour);
    let eighty = detr::pair(names, ANY, UNIT, (80, [0, 1, 2], &[]));
    assert_eq!(load(&eighty, "").unwrap().info().class_source, ClassSource::Coco);
    let softmax = detr::pair(names, ANY, UNIT, (4, [0, 1, 2], &[3]));
    let message = load(&softmax, THREE).err().unwrap();
    assert!(message.contains("as of a DETR made for a softmax") && message.contains("rf-detr"), "{message}");
    let coco = detr::pair(names, ANY, UNIT, (92, [0, 1, 2], &[91]));
    assert!(load(&coco, "").err().unwrap().contains("92 logits are one more than classes"));
    let said =
        "classes = ['person', 'car', 'truck']\n[input]\nnormalise = 'none'\n[output]\nlayout = 'rf-detr'";
    assert_finds(&mut session(&softmax, said), by_colour);
}

#[test]
fn two_outputs_without_known_names_need_a_word_in_model_toml() {
    let names = ["x", "first", "second"];
    let model = detr::pair(names, ANY, NORMALISED, (3, [0, 1, 2], &[]));
    let message = load(&model, THREE).err().unwrap();
    assert!(
        message.contains("it has 2 outputs")
            && message.contains("output.layout = \"rf-detr\" or \"detr-logits\""),
        "{message}"
    );
    let said = format!("{THREE}[output]\nlayout = 'rf-detr'");
    assert_finds(&mut session(&model, &said), by_colour);
}

#[test]
fn rows_of_ultralytics_are_told_by_the_names_in_their_metadata() {
    let model = detr::rows(ANY);
    assert!(load(&model, "").is_err());
    let named =
        model.clone().metadata("names", "{0: 'person', 1: 'car', 2: 'truck'}").metadata("task", "detect");
    let mut found = session(&named, "");
    assert_eq!((found.info().layout, found.info().fit), (Layout::RtDetrRows, Fit::Stretch));
    assert_finds(&mut found, by_colour);
    let said = format!("{THREE}[output]\nlayout = 'rt-detr-rows'");
    assert_finds(&mut session(&model, &said), by_colour);
}

#[test]
fn boxes_and_scores_in_other_units_are_refused() {
    let side = 64;
    let pixels = onnx::constant(side, &[1, 1, 7], &[20.0, 20.0, 30.0, 30.0, 0.1, 0.1, 0.1]);
    let said = format!("{THREE}[output]\nlayout = 'rt-detr-rows'");
    let message = load(&pixels, &said).err().unwrap();
    assert!(message.contains("and should be shares of the picture, 0 to 1"), "{message}");
    let logits = onnx::constant(side, &[1, 1, 7], &[0.2, 0.2, 0.3, 0.3, -4.0, 0.1, 0.1]);
    assert!(load(&logits, &said).err().unwrap().contains("are -4 to 0.1 and should be 0 to 1"));
    let two = onnx::constant(side, &[1, 1, 6], &[0.2, 0.2, 0.3, 0.3, 0.4, 0.1]);
    let message = load(&two, "classes = ['a', 'b']").err().unwrap();
    assert!(message.contains("it reports a class 0.1") && message.contains("rt-detr-rows"), "{message}");
    let shares = constant_pair(&[0.1, 0.9, 0.3]);
    assert!(load(&shares, THREE).err().unwrap().contains("as after a sigmoid or softmax"));
    assert!(load(&constant_pair(&[f32::NAN, 0.9, 0.3]), THREE).err().unwrap().contains("NaN at position 4"));
}

/// One box and its logits, whatever the picture.
fn constant_pair(logits: &[f32]) -> onnx::Model {
    onnx::Model::default()
        .input("input", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("dets", FLOAT, &[Dim::Is(1), Dim::Is(1), Dim::Is(4)])
        .output("labels", FLOAT, &[Dim::Is(1), Dim::Is(1), Dim::Is(3)])
        .floats("box", &[1, 1, 4], &[0.5, 0.5, 0.2, 0.2])
        .floats("values", &[1, 1, 3], logits)
        .node("Identity", &["box"], "dets", &[])
        .node("Identity", &["values"], "labels", &[])
}

#[test]
fn sets_that_lack_a_part_or_ask_for_more_are_refused_with_what_is_missing() {
    let image = [Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)];
    let base = || {
        onnx::Model::default()
            .input("images", FLOAT, &image)
            .floats("box", &[1, 1, 4], &[0.5, 0.5, 0.2, 0.2])
            .floats("score", &[1, 1], &[0.5])
            .integers("label", &[0])
    };
    let boxes = [Dim::Is(1), Dim::Is(1), Dim::Is(4)];
    let one = [Dim::Is(1), Dim::Is(1)];
    let all = |model: onnx::Model| {
        model
            .output("labels", INT64, &[Dim::Is(1)])
            .output("boxes", FLOAT, &boxes)
            .output("scores", FLOAT, &one)
            .node("Identity", &["label"], "labels", &[])
            .node("Identity", &["box"], "boxes", &[])
            .node("Identity", &["score"], "scores", &[])
    };
    let mask = all(base().input("pixel_mask", INT64, &[Dim::Is(1), Dim::Is(64), Dim::Is(64)]));
    let half = all(base().input("orig_target_sizes", HALF, &[Dim::Is(1), Dim::Is(2)]));
    let third = all(base().input("a", INT64, &one).input("b", INT64, &one));
    let no_scores = base()
        .input("orig_target_sizes", INT64, &[Dim::Is(1), Dim::Is(2)])
        .output("boxes", FLOAT, &boxes)
        .node("Identity", &["box"], "boxes", &[]);
    for (model, says) in [
        (
            all(base()),
            "nothing says in which pixels the boxes are; export it with the input orig_target_sizes",
        ),
        (mask, "its input pixel_mask is neither pictures nor their sizes [N, 2]"),
        (half, "its input orig_target_sizes is neither pictures nor their sizes"),
        (third, "it has 3 inputs, and one is expected"),
        (no_scores, "has not the outputs labels [N, k], boxes [N, k, 4] and scores"),
    ] {
        let message = load(&model, THREE).err().unwrap();
        assert!(message.contains(says), "{says}: {message}");
        assert!(message.contains("supported: one f32 input") && message.contains("rf-detr"), "{message}");
    }
    let shares = all(base().input("orig_target_sizes", INT64, &[Dim::Is(1), Dim::Is(2)]));
    let message = load(&shares, THREE).err().unwrap();
    assert!(message.contains("as in shares of the picture"), "{message}");
}

#[test]
fn an_output_that_does_not_fit_the_others_is_an_error_and_no_detection() {
    // The scores are as many as the picture is bright: one for the grey of the trial, more for a white one.
    let image = [Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)];
    let model = onnx::Model::default()
        .input("images", FLOAT, &image)
        .input("orig_target_sizes", INT64, &[Dim::Is(1), Dim::Is(2)])
        .output("labels", INT64, &[Dim::Is(1), Dim::Any("k")])
        .output("boxes", FLOAT, &[Dim::Is(1), Dim::Any("k"), Dim::Is(4)])
        .output("scores", FLOAT, &[Dim::Is(1), Dim::Any("j")])
        .floats("box", &[1, 1, 4], &[10.0, 10.0, 20.0, 20.0])
        .floats("many", &[1, 3], &[0.9; 3])
        .floats("twice", &[1], &[2.2])
        .integers("one", &[1])
        .integers("zero", &[0])
        .integers("two", &[1, 1])
        .node("ReduceMean", &["images"], "mean", &[("keepdims", 0)])
        .node("Reshape", &["mean", "one"], "number", &[])
        .node("Mul", &["number", "twice"], "scaled", &[])
        .node("Ceil", &["scaled"], "whole", &[])
        .node("Cast", &["whole"], "end", &[("to", 7)])
        .node("Slice", &["many", "zero", "end", "one"], "scores", &[])
        .node("Reshape", &["zero", "two"], "labels", &[])
        .node("Identity", &["box"], "boxes", &[]);
    let mut session = session(&model, THREE);
    let dark = lit(Size::new(64, 64), [0, 0, 64, 64], [60; 3]);
    assert_eq!(detect(&mut session, &dark, 0.5).len(), 1);
    let white = lit(Size::new(64, 64), [0, 0, 64, 64], [255; 3]);
    let request = DetectRequest { picture: &white, thresholds: Thresholds::default(), classes: None };
    let error = session.detect(&[request]).unwrap_err();
    assert!(matches!(&error, InferenceError::Run { reason, .. } if reason.contains("3 scores")), "{error}");
}

#[test]
fn inspect_says_what_such_a_model_is() {
    let model = detr::pair(["input", "dets", "labels"], ANY, NORMALISED, (4, [0, 1, 2], &[3]));
    let text = load(&model, THREE).unwrap().info().to_string();
    for part in ["rf-detr: boxes and logits", "1 boxes a picture, 4 scores each", "less [0.485", "stretched"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}
