//! Public models on real pictures: what they are known to find.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use common::{detect, jpeg, test_data};
use ocellus_core::Rect;
use ocellus_inference::{
    Batch, ClassFilter, ClassSource, ColourOrder, DetectRequest, Fit, Layout, Model, ModelOptions, Scale,
    Session, Thresholds,
};

fn session(path: &std::path::Path) -> Session {
    Model::load(path, &ModelOptions::default()).unwrap().into_session()
}

fn near(found: &Rect, wanted: [f32; 4], tolerance: f32) -> bool {
    let wanted = Rect::from_corners(wanted[0], wanted[1], wanted[2], wanted[3]);
    found.iou(&wanted) > tolerance
}

#[test]
fn yolox_nano_finds_the_bus_and_three_people() {
    let Some(data) = test_data("yolox_nano on bus.jpg") else { return };
    let mut session = session(&data.join("models/yolox_nano.onnx"));
    let found = detect(&mut session, &jpeg(&data.join("images/img_bus.jpg")), 0.5);
    let (class, confidence, bus) = &found[0];
    assert_eq!(class, "bus");
    assert!((confidence - 0.90).abs() < 0.03, "{confidence}");
    assert!(bus.rect.width > 600.0, "{bus:?}");
    assert_eq!(found[1..].iter().filter(|(class, ..)| class == "person").count(), 3, "{found:?}");
    assert_eq!(session.rejected(), 0);
}

#[test]
fn yolox_nano_finds_the_dog_the_bicycle_and_the_car() {
    let Some(data) = test_data("yolox_nano on dog.jpg") else { return };
    let mut session = session(&data.join("models/yolox_nano.onnx"));
    let found = detect(&mut session, &jpeg(&data.join("images/img_dog.jpg")), 0.3);
    for (wanted, confidence, rect) in [
        ("dog", 0.86, [132.0, 220.0, 310.0, 542.0]),
        ("bicycle", 0.80, [120.0, 125.0, 570.0, 420.0]),
        ("car", 0.80, [468.0, 75.0, 692.0, 171.0]),
    ] {
        let hit = found.iter().find(|(class, ..)| class == wanted);
        let (_, found_confidence, detection) = hit.unwrap_or_else(|| panic!("no {wanted} in {found:?}"));
        assert!((found_confidence - confidence).abs() < 0.03, "{found:?}");
        assert!(near(&detection.rect, rect, 0.7), "{wanted} {detection:?}");
    }
    let vehicles = found.iter().filter(|(class, ..)| class == "car" || class == "truck").count();
    assert_eq!(vehicles, 1, "one vehicle under two classes: {found:?}");
}

#[test]
fn yolov8n_int8_finds_the_bus_and_people_and_the_dog() {
    let Some(data) = test_data("yolov8n_quantized") else { return };
    let mut session = session(&data.join("models/yolov8n_quantized.onnx"));
    let bus = detect(&mut session, &jpeg(&data.join("images/img_bus.jpg")), 0.5);
    assert!(bus.iter().any(|(class, confidence, _)| class == "bus" && *confidence > 0.7), "{bus:?}");
    assert!(bus.iter().filter(|(class, ..)| class == "person").count() >= 3, "{bus:?}");
    let dog = detect(&mut session, &jpeg(&data.join("images/img_dog.jpg")), 0.3);
    for wanted in ["dog", "bicycle"] {
        assert!(dog.iter().any(|(class, ..)| class == wanted), "{wanted}: {dog:?}");
    }
    let hit = dog.iter().find(|(class, ..)| class == "dog").unwrap();
    assert!(near(&hit.2.rect, [132.0, 220.0, 310.0, 542.0], 0.7), "{dog:?}");
}

#[test]
fn a_session_may_move_to_another_thread() {
    fn movable<T: Send + 'static>() {}
    movable::<Session>();
    movable::<Model>();
}

#[test]
fn what_the_models_expect_is_found_out_from_them() {
    let Some(data) = test_data("model info") else { return };
    let options = ModelOptions::default();
    let yolox = Model::load(data.join("models/yolox_nano.onnx"), &options).unwrap();
    let info = yolox.info();
    assert_eq!((info.layout, info.output), (Layout::Yolox, (3549, 85)));
    assert_eq!(
        (info.colour, info.scale, info.fit, info.pad),
        (ColourOrder::Bgr, Scale::Byte, Fit::LetterboxTopLeft, 114)
    );
    assert_eq!((info.class_source, info.classes.len()), (ClassSource::Coco, 80));
    assert_eq!((info.batch, info.opset), (Batch::Fixed(1), Some(11)));
    assert_eq!(info.provider.nodes[0].0, "CPUExecutionProvider");
    let text = info.to_string();
    for part in
        ["yolox", "416x416", "bgr", "CPUExecutionProvider", "person, bicycle", "not stated", &info.sha256]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let yolov8 = Model::load(data.join("models/yolov8n_quantized.onnx"), &options).unwrap();
    let info = yolov8.info();
    assert_eq!((info.layout, info.output), (Layout::Yolov8, (84, 8400)));
    assert_eq!((info.colour, info.scale, info.fit), (ColourOrder::Rgb, Scale::Unit, Fit::LetterboxCentre));
    assert_eq!(info.class_source, ClassSource::Metadata);
    assert!(info.licence.as_deref().unwrap().starts_with("AGPL-3.0"));
}

#[test]
fn a_class_filter_leaves_the_other_classes_out() {
    let Some(data) = test_data("class filter") else { return };
    let mut session = session(&data.join("models/yolox_nano.onnx"));
    let picture = jpeg(&data.join("images/img_bus.jpg"));
    let classes = ClassFilter::new(session.classes(), &["person"]).unwrap();
    let request =
        DetectRequest { picture: &picture, thresholds: Thresholds::default(), classes: Some(classes) };
    let found = session.detect(&[request]).unwrap();
    assert!(found[0].len() >= 3 && found[0].iter().all(|detection| detection.class == 0), "{found:?}");
}

#[test]
fn the_same_pictures_give_the_same_boxes_in_any_company() {
    let Some(data) = test_data("determinism") else { return };
    let mut session = session(&data.join("models/yolox_nano.onnx"));
    let pictures = ["images/img_bus.jpg", "images/img_dog.jpg"].map(|name| jpeg(&data.join(name)));
    let request = |picture| DetectRequest { picture, thresholds: Thresholds::default(), classes: None };
    let alone: Vec<_> =
        pictures.iter().map(|picture| session.detect(&[request(picture)]).unwrap().remove(0)).collect();
    let together =
        session.detect(&[request(&pictures[0]), request(&pictures[1]), request(&pictures[0])]).unwrap();
    assert_eq!(together, [alone[0].clone(), alone[1].clone(), alone[0].clone()]);
    assert_eq!(session.detect(&[]).unwrap(), Vec::<Vec<_>>::new());
}

#[test]
fn a_threshold_of_zero_is_bounded_and_finite() {
    let Some(data) = test_data("threshold of zero") else { return };
    for model in ["models/yolox_nano.onnx", "models/yolov8n_quantized.onnx"] {
        let mut session = session(&data.join(model));
        let picture = jpeg(&data.join("images/img_dog.jpg"));
        for confidence in [0.0, -1.0, f32::NEG_INFINITY] {
            let found = detect(&mut session, &picture, confidence);
            assert!(!found.is_empty() && found.len() <= 300, "{}", found.len());
            assert!(found.iter().all(|(_, _, detection)| detection.rect.is_finite()));
        }
        assert!(detect(&mut session, &picture, 1.1).is_empty());
        assert!(detect(&mut session, &picture, f32::NAN).len() <= 300);
    }
}
