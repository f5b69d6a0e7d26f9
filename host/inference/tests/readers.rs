//! Readers of number plates: what is taken for one, what is refused, and what public models read in real pictures.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use std::path::{Path, PathBuf};

use common::onnx::{self, Dim, FLOAT};
use common::{grey, jpeg, test_data};
use ocellus_core::{Picture, Point, Rect, Size};
use ocellus_inference::{
    AnyModel, Batch, Crop, Model, ModelOptions, PlateModel, PlateReader, ReadPlate, ReaderModel, Rows,
    TextCrop, TextLayout,
};

/// What the Chinese reader of the test data knows, in its order.
const CHINESE: &str = "#京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新学警港澳挂使领民航危0123456789\
                       ABCDEFGHJKLMNPQRSTUVWXYZ险品";

/// A model of grey pictures of 16 × 8 whose columns are the picture's own: as many as rows, each of 16 classes.
fn columns(batch: Dim, channels: i64) -> onnx::Model {
    let dims = [batch, Dim::Is(channels), Dim::Is(8), Dim::Is(16)];
    onnx::Model::default()
        .input("images", FLOAT, &dims)
        .output("columns", FLOAT, &[batch, Dim::Is(8 * channels), Dim::Is(16)])
        .integers("shape", &[-1, 8 * channels, 16])
        .node("Reshape", &["images", "shape"], "columns", &[])
}

const SIXTEEN: &str = "[output]\nalphabet = '_0123456789ABCDE'\n";

fn load(model: &onnx::Model, toml: &str) -> Result<ReaderModel, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, model.encode()).unwrap();
    std::fs::write(folder.path().join("tiny.toml"), toml).unwrap();
    ReaderModel::load(Path::new(&path), &ModelOptions::default()).map_err(|error| error.to_string())
}

fn refused(model: &onnx::Model, toml: &str) -> String {
    load(model, toml).err().unwrap()
}

#[test]
fn what_a_reader_expects_is_taken_from_its_shapes_and_its_manifest() {
    let toml =
        format!("[model]\ntask = 'read'\nname = 'letters'\n{SIXTEEN}blank = '_'\ncharacters = '0-9'\n");
    let model = load(&columns(Dim::Any("n"), 1), &toml).unwrap();
    let info = model.info();
    assert_eq!((info.input, info.channels, info.batch), (Size::new(16, 8), 1, Batch::Dynamic));
    assert_eq!((info.text, info.columns, info.classes), (TextLayout::Ctc, 8, 16));
    assert_eq!(info.readable, "0123456789");
    let text = info.to_string();
    for part in
        ["letters", "read: what a number plate says", "8 steps across the picture (CTC), 16 classes", "grey"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let model = load(&columns(Dim::Is(1), 3), &format!("{SIXTEEN}pad = '_'")).unwrap();
    assert_eq!((model.info().text, model.info().columns, model.info().channels), (TextLayout::Slots, 24, 3));
    let model = model.restrict("A-E").unwrap();
    assert_eq!(model.info().readable, "ABCDE");
    assert!(model.restrict("xyz").unwrap_err().to_string().contains("characters \"xyz\" leave nothing"));
}

#[test]
fn what_cannot_be_a_reader_is_refused_with_the_reason() {
    let any = Dim::Any("n");
    let model = columns(any, 1);
    for (toml, says) in [
        ("", "write them in its order into output.alphabet"),
        (SIXTEEN, "must name one of output.blank"),
        ("[output]\nalphabet = '_AB'\nblank = '_'", "[1, columns, 3] is expected for an alphabet of 3"),
        ("[model]\ntask = 'embed'", "model.task is embed; give it as the embedder"),
        ("[input]\nmargin = 3.0", "input.margin is 3; give a share from 0 to 0.5"),
    ] {
        let message = refused(&model, toml);
        assert!(message.contains(says), "{says} in {message}");
    }
    let toml = format!("{SIXTEEN}blank = '_'");
    let two = onnx::Model::default()
        .input("images", FLOAT, &[any, Dim::Is(2), Dim::Is(8), Dim::Is(16)])
        .output("columns", FLOAT, &[any, Dim::Is(16), Dim::Is(16)])
        .integers("shape", &[-1, 16, 16])
        .node("Reshape", &["images", "shape"], "columns", &[]);
    assert!(refused(&two, &toml).contains("3 colours or 1 grey are expected"));
    let root = columns(any, 1).node("Sqrt", &["nothing"], "other", &[]);
    assert!(refused(&root, &toml).contains("cannot be loaded") || refused(&root, &toml).contains("fails"));
}

#[test]
fn a_text_is_read_slot_by_slot_from_what_the_plate_shows() {
    // Each row of the picture is a slot, its brightest column the character.
    let said = [3_usize, 1, 4, 0, 0, 0, 0, 0];
    let mut data = vec![16_u8; 16 * 8];
    for (row, column) in said.iter().enumerate() {
        data[row * 16 + column] = 235;
    }
    data.resize(Picture::byte_len(Size::new(16, 8)), 128);
    let picture = Picture::from_i420(Size::new(16, 8), data).unwrap();
    let toml =
        format!("[input]\nmargin = 0.0\nmean = [0, 0, 0]\nstd = [0.05, 0.05, 0.05]\n{SIXTEEN}pad = '_'");
    let mut session = load(&columns(Dim::Any("n"), 1), &toml).unwrap().into_session();
    let corners = [(0.0, 0.0), (16.0, 0.0), (16.0, 8.0), (0.0, 8.0)].map(|(x, y)| Point::new(x, y));
    let nothing = [Point::new(3.0, 3.0); 4];
    let crop = |corners| TextCrop { picture: &picture, corners, rows: Rows::One };
    let read = session.read(&[crop(corners), crop(nothing), crop(corners)]).unwrap();
    assert_eq!((read[0].text.as_str(), &read[0]), ("203", &read[2]));
    assert!(read[0].confidence > 0.99, "{}", read[0].confidence);
    assert_eq!((read[1].text.as_str(), read[1].confidence), ("", 0.0));
}

#[test]
fn a_detector_of_other_things_finds_no_plates_and_says_so() {
    let values: Vec<f32> = vec![0.0; 5 * 21];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, onnx::constant(32, &[1, 5, 21], &values).encode()).unwrap();
    let with = |toml: &str| {
        std::fs::write(folder.path().join("tiny.toml"), toml).unwrap();
        PlateModel::load(&path, &ModelOptions::default()).map_err(|error| error.to_string())
    };
    let message = with("classes = ['car']").err().unwrap();
    assert!(message.contains("finds no number plates") && message.contains("(car)"), "{message}");
    assert!(with("classes = ['License Plate']").is_ok());
}

/// The models of the test data, with the `model.toml` that a user would write for the reader.
fn public(data: &Path, toml: &str) -> (tempfile::TempDir, PlateReader) {
    let folder = tempfile::tempdir().unwrap();
    let reader = folder.path().join("reader.onnx");
    std::fs::copy(data.join("models/plate_rec_small.onnx"), &reader).unwrap();
    std::fs::write(folder.path().join("reader.toml"), toml).unwrap();
    let options = ModelOptions::default();
    let detector = PlateModel::load(data.join("models/plate_detect_yolov5face_640.onnx"), &options).unwrap();
    assert_eq!(&*detector.info().classes, ["plate", "plate-two-rows"]);
    let reader = ReaderModel::load(&reader, &options).unwrap();
    (folder, PlateReader::new(detector.into_session(), reader.into_session()))
}

fn chinese(more: &str) -> String {
    format!(
        "[model]\ntask = 'read'\n[input]\ncolour = 'bgr'\nmean = [0.588, 0.588, 0.588]\nstd = [0.193, 0.193, 0.193]\n\
         margin = 0.0\n[output]\nalphabet = '{CHINESE}'\nblank = '#'\n{more}"
    )
}

fn plates(reader: &mut PlateReader, picture: &Picture) -> Vec<ReadPlate> {
    let size = picture.size();
    let rect = Rect::new(0.0, 0.0, size.width as f32, size.height as f32);
    reader.read(&[Crop { picture, rect }]).unwrap().remove(0)
}

fn picture(data: &Path, name: &str) -> Picture {
    jpeg(&PathBuf::from(data).join("plates").join(name))
}

#[test]
fn plates_of_real_pictures_are_found_made_upright_and_read() {
    let Some(data) = test_data("readers") else { return };
    let (_folder, mut reader) = public(&data, &chinese(""));
    let read = |reader: &mut PlateReader, name| -> Vec<String> {
        plates(reader, &picture(&data, name)).into_iter().map(|plate| plate.text).collect()
    };
    // What a reference pipeline (OpenCV, onnxruntime) reads: the second one of the first picture has two rows of text.
    assert_eq!(read(&mut reader, "1_2_.jpg"), ["粤DN1781", "粤D10681"]);
    let picture = picture(&data, "1_2_.jpg");
    let found = plates(&mut reader, &picture);
    assert!(found.iter().all(|plate| plate.confidence > 0.5 && plate.found > 0.7), "{found:?}");
    let part = Rect::new(150.0, 500.0, 500.0, 400.0);
    let again = reader.read(&[Crop { picture: &picture, rect: part }]).unwrap().remove(0);
    assert_eq!(again[0].text, "粤DN1781");
    assert!(again[0].rect.iou(&found[0].rect) > 0.8, "{:?} {:?}", again[0].rect, found[0].rect);
    assert!(plates(&mut reader, &grey(Size::new(640, 480), 100)).is_empty());
}

#[test]
fn only_the_characters_that_are_wanted_are_read() {
    let Some(data) = test_data("readers") else { return };
    let (_folder, mut reader) = public(&data, &chinese("characters = 'A-Z0-9'"));
    let found = plates(&mut reader, &picture(&data, "1_2_.jpg"));
    assert!(found.iter().all(|plate| plate.text.is_ascii()), "{found:?}");
    assert!(found[0].text.ends_with("DN1781"), "{found:?}");
}

#[test]
fn public_models_are_told_apart() {
    let Some(data) = test_data("readers") else { return };
    let options = ModelOptions::default();
    let reader = data.join("models/plate_rec_small.onnx");
    let message = ReaderModel::load(&reader, &options).unwrap_err().to_string();
    assert!(message.contains("as a reader of plates") && message.contains("output.alphabet"), "{message}");
    let message = PlateModel::load(data.join("models/yolox_nano.onnx"), &options).unwrap_err().to_string();
    assert!(message.contains("finds no number plates") && message.contains("person, bicycle"), "{message}");
    let detector = Model::load(data.join("models/plate_detect_yolov5face_640.onnx"), &options).unwrap();
    let text = detector.info().to_string();
    assert!(text.contains("yolov5-face: three boxes a grid cell"), "{text}");
    let (folder, _) = public(&data, &chinese(""));
    let any = AnyModel::load(folder.path().join("reader.onnx"), &options).unwrap();
    let text = any.to_string();
    for part in
        ["168x48 pixels, nchw, bgr", "21 steps across the picture (CTC), 78 classes", "77 characters: 京沪"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}
