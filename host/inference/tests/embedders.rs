//! Embedders: what is taken for one, what is refused, and what a public model says of people.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use std::path::Path;

use common::onnx::{self, Dim, FLOAT};
use common::{grey, jpeg, test_data};
use ocellus_core::{Embedding, Picture, Rect, Size};
use ocellus_inference::{
    AnyModel, Batch, ColourOrder, Crop, EmbeddingModel, EmbeddingSession, Fit, InputLayout, Model,
    ModelOptions, Scale,
};

const SIDE: i64 = 32;

/// A model of pictures of 32 × 32 whose output is all their numbers, batch and shape as given.
fn flat(batch: Dim) -> onnx::Model {
    onnx::Model::default().input("images", FLOAT, &[batch, Dim::Is(3), Dim::Is(SIDE), Dim::Is(SIDE)]).output(
        "features",
        FLOAT,
        &[batch, Dim::Is(3 * SIDE * SIDE)],
    )
}

fn honest(batch: Dim) -> onnx::Model {
    flat(batch).node("Flatten", &["images"], "features", &[("axis", 1)])
}

fn load(model: &onnx::Model, toml: &str) -> Result<EmbeddingModel, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, model.encode()).unwrap();
    if !toml.is_empty() {
        std::fs::write(folder.path().join("tiny.toml"), toml).unwrap();
    }
    EmbeddingModel::load(Path::new(&path), &ModelOptions::default()).map_err(|error| error.to_string())
}

fn refused(model: &onnx::Model, toml: &str) -> String {
    load(model, toml).err().unwrap()
}

fn whole(picture: &Picture) -> Crop<'_> {
    let size = picture.size();
    Crop { picture, rect: Rect::new(0.0, 0.0, size.width as f32, size.height as f32) }
}

#[test]
fn what_a_model_expects_is_taken_from_its_shapes_and_its_manifest() {
    let model = load(&honest(Dim::Any("n")), "").unwrap();
    let info = model.info();
    assert_eq!((info.dimension, info.batch, info.input), (3072, Batch::Dynamic, Size::new(32, 32)));
    assert_eq!((info.layout, info.colour, info.scale), (InputLayout::Nchw, ColourOrder::Rgb, Scale::Unit));
    assert_eq!((info.fit, info.mean, info.std), (Fit::Stretch, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]));
    let toml = "[model]\ntask = 'embed'\nname = 'who'\nlicence = 'MIT'\n[input]\ncolour = 'bgr'\nscale = '0-255'\n\
                normalise = 'none'\nfit = 'letterbox-centre'\npad = 7\n[output]\ndimension = 3072";
    let model = load(&honest(Dim::Is(2)), toml).unwrap();
    let info = model.info();
    assert_eq!((info.batch, info.colour, info.scale), (Batch::Fixed(2), ColourOrder::Bgr, Scale::Byte));
    assert_eq!((info.mean, info.std, info.pad), ([0.0; 3], [1.0; 3], 7));
    let text = info.to_string();
    for part in
        ["who", "3072 numbers", "32x32 pixels, nchw, bgr", "normalised   no", "2 pictures a run", "MIT"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let bytes = load(&honest(Dim::Is(1)), "[input]\nscale = '0-255'").unwrap();
    assert!((bytes.info().mean[0] - 123.675).abs() < 1e-3 && (bytes.info().std[2] - 57.375).abs() < 1e-3);
}

#[test]
fn colours_beside_each_other_are_told_by_the_shape() {
    let model = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Any("n"), Dim::Is(SIDE), Dim::Is(SIDE), Dim::Is(3)])
        .output("features", FLOAT, &[Dim::Any("n"), Dim::Is(3 * SIDE * SIDE)])
        .node("Flatten", &["images"], "features", &[("axis", 1)]);
    let model = load(&model, "[input]\nnormalise = 'none'").unwrap();
    assert_eq!(model.info().layout, InputLayout::Nhwc);
    let picture = grey(Size::new(64, 64), 235);
    let found = model.into_session().embed(&[whole(&picture)]).unwrap().remove(0).unwrap();
    assert_eq!(Some(found), Embedding::new(&[1.0; 3072]));
}

#[test]
fn what_cannot_be_an_embedding_is_refused_with_the_reason() {
    let any = Dim::Any("n");
    let zero = flat(any).floats("zero", &[1], &[0.0]).node("Mul", &["images", "zero"], "none", &[]).node(
        "Flatten",
        &["none"],
        "features",
        &[("axis", 1)],
    );
    let same = flat(any)
        .floats("zero", &[1], &[0.0])
        .floats("one", &[1], &[1.0])
        .node("Mul", &["images", "zero"], "none", &[])
        .node("Add", &["none", "one"], "ones", &[])
        .node("Flatten", &["ones"], "features", &[("axis", 1)]);
    let root = flat(any).node("Sqrt", &["images"], "root", &[]).node(
        "Flatten",
        &["root"],
        "features",
        &[("axis", 1)],
    );
    let shares = flat(any).node("Flatten", &["images"], "rows", &[("axis", 1)]).node(
        "Softmax",
        &["rows"],
        "features",
        &[("axis", 1)],
    );
    let mixed = flat(any)
        .integers("batch", &[0])
        .node("ReduceSum", &["images", "batch"], "sum", &[("keepdims", 1)])
        .node("Mul", &["images", "sum"], "product", &[])
        .node("Flatten", &["product"], "features", &[("axis", 1)]);
    let large = onnx::Model::default()
        .input("images", FLOAT, &[any, Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("features", FLOAT, &[any, Dim::Any("d")])
        .node("Flatten", &["images"], "features", &[("axis", 1)]);
    let map = onnx::Model::default()
        .input("images", FLOAT, &[any, Dim::Is(3), Dim::Is(SIDE), Dim::Is(SIDE)])
        .output("features", FLOAT, &[any, Dim::Is(3), Dim::Is(SIDE), Dim::Is(SIDE)])
        .node("Identity", &["images"], "features", &[]);
    let grey = onnx::Model::default()
        .input("images", FLOAT, &[any, Dim::Is(1), Dim::Is(SIDE), Dim::Is(SIDE)])
        .output("features", FLOAT, &[any, Dim::Is(SIDE * SIDE)])
        .node("Flatten", &["images"], "features", &[("axis", 1)]);
    let names = honest(any).metadata("names", "{0: 'cat', 1: 'dog'}");
    for (model, says) in [
        (&zero, "zero all over"),
        (&same, "the same of two pictures that have nothing in common"),
        (&root, "NaN at position"),
        (&shares, "the probabilities of a classifier; export it without its last layer"),
        (&mixed, "in a batch than alone; export it in evaluation mode"),
        (&large, "it gives 12288 numbers, and 8 to 4096 are supported"),
        (&map, "its output has the shape [1, 3, 32, 32]"),
        (&grey, "has 1 where 3 colours are expected"),
        (&names, "names 2 classes"),
        (&honest(Dim::Is(64)), "it takes 64 pictures a run"),
    ] {
        let message = refused(model, "");
        assert!(message.contains(says) && message.contains("as an embedder"), "{says}: {message}");
    }
    assert!(load(&names, "[model]\ntask = 'embed'").is_ok(), "its operator says that it is one");
}

#[test]
fn a_manifest_that_contradicts_the_model_is_refused() {
    for (toml, says) in [
        ("[output]\ndimension = 512", "output.dimension is 512, and it gives 3072 numbers"),
        ("[input]\nwidth = 64\nheight = 32", "input.width is 64, and it is 32"),
        ("[input]\nlayout = 'nhwc'", "input.layout = \"nhwc\", and it has no 3 colours there"),
        ("[model]\ntask = 'detect'", "model.task is detect; give it as the detector"),
        ("classes = ['person']", "classes is set; only a model of task detect"),
    ] {
        let message = refused(&honest(Dim::Any("n")), toml);
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn one_built_in_picture_is_found_out_and_still_serves_many() {
    let model = flat(Dim::Any("n")).integers("shape", &[1, -1]).node(
        "Reshape",
        &["images", "shape"],
        "features",
        &[],
    );
    let model = load(&model, "").unwrap();
    assert_eq!(model.info().batch, Batch::Fixed(1));
    let pictures = [grey(Size::new(64, 64), 40), grey(Size::new(64, 64), 200)];
    let mut embedder = model.into_session();
    let crops = [whole(&pictures[0]), whole(&pictures[1]), whole(&pictures[0])];
    let found = embedder.embed(&crops).unwrap();
    assert!(found[0].is_some() && found[0] == found[2] && found[0] != found[1]);
}

#[test]
fn a_box_that_shows_nothing_and_a_row_without_direction_are_no_embedding() {
    let toml = "[input]\nnormalise = 'none'";
    for batch in [Dim::Any("n"), Dim::Is(4)] {
        let mut embedder = load(&honest(batch), toml).unwrap().into_session();
        let (bright, black) = (grey(Size::new(64, 64), 200), grey(Size::new(64, 64), 16));
        let outside = Crop { picture: &bright, rect: Rect::new(100.0, 0.0, 20.0, 20.0) };
        let nonsense = Crop { picture: &bright, rect: Rect::new(f32::NAN, 0.0, 20.0, 20.0) };
        let crops = [whole(&bright), outside, whole(&black), nonsense, whole(&bright)];
        let found: Vec<bool> = embedder.embed(&crops).unwrap().iter().map(Option::is_some).collect();
        assert_eq!(found, [true, false, false, false, true]);
        assert_eq!(embedder.embed(&[]).unwrap(), []);
    }
}

#[test]
fn each_task_refuses_the_models_of_the_other() {
    let Some(data) = test_data("tasks") else { return };
    let options = ModelOptions::default();
    let message =
        EmbeddingModel::load(data.join("models/yolox_nano.onnx"), &options).err().unwrap().to_string();
    assert!(message.contains("as an embedder") && message.contains("[1, 3549, 85]"), "{message}");
    let message = Model::load(data.join("models/osnet_x0_25.onnx"), &options).err().unwrap().to_string();
    assert!(message.contains("as a detector") && message.contains("2 dimensions"), "{message}");
    for (name, is_embedder) in [("osnet_x0_25", true), ("yolox_nano", false)] {
        let model = AnyModel::load(data.join(format!("models/{name}.onnx")), &options).unwrap();
        assert_eq!(matches!(model, AnyModel::Embedder(_)), is_embedder, "{name}");
    }
}

fn osnet(data: &Path) -> EmbeddingSession {
    let model = EmbeddingModel::load(data.join("models/osnet_x0_25.onnx"), &ModelOptions::default()).unwrap();
    let info = model.info();
    assert_eq!((info.dimension, info.batch, info.input), (512, Batch::Dynamic, Size::new(128, 256)));
    model.into_session()
}

#[test]
fn osnet_says_the_same_of_a_person_in_any_company() {
    let Some(data) = test_data("osnet on crops") else { return };
    let mut embedder = osnet(&data);
    let pictures: Vec<Picture> = ["001_00", "002_00", "003_00", "1765979344759_001_00"]
        .iter()
        .map(|name| jpeg(&data.join(format!("reid/{name}.jpg"))))
        .collect();
    let alone: Vec<Embedding> = pictures
        .iter()
        .map(|picture| embedder.embed(&[whole(picture)]).unwrap().remove(0).unwrap())
        .collect();
    let crops: Vec<Crop<'_>> = pictures.iter().cycle().take(37).map(whole).collect();
    let together = embedder.embed(&crops).unwrap();
    assert_eq!(together.len(), 37);
    for (found, alone) in together.iter().zip(alone.iter().cycle()) {
        let cosine = found.as_ref().unwrap().cosine(alone).unwrap();
        assert!(cosine > 0.9999, "{cosine}");
    }
    assert_eq!(embedder.embed(&crops).unwrap(), together, "the same again, bit for bit");
}

#[test]
fn osnet_knows_a_person_again_that_is_half_as_large_or_cut_off_by_a_little() {
    let Some(data) = test_data("osnet on crops") else { return };
    let mut embedder = osnet(&data);
    let [one, other] = ["001_00", "002_00"].map(|name| jpeg(&data.join(format!("reid/{name}.jpg"))));
    let Rect { width, height, .. } = whole(&one).rect;
    let tighter = Rect::new(width * 0.05, height * 0.03, width * 0.9, height * 0.94);
    let crops = [whole(&one), Crop { picture: &one, rect: tighter }, whole(&other)];
    let found: Vec<Embedding> = embedder.embed(&crops).unwrap().into_iter().flatten().collect();
    let (again, stranger) = (found[0].cosine(&found[1]).unwrap(), found[0].cosine(&found[2]).unwrap());
    assert!(again > 0.85 && stranger < again - 0.1, "{again} {stranger}");
}
