//! Files that are no usable detector: each is refused with a message that helps.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that cannot go on must fail")]

mod common;

use std::path::{Path, PathBuf};

use common::onnx::{self, Dim, FLOAT, HALF};
use common::test_data;
use ocellus_inference::{Device, Model, ModelError, ModelOptions};

fn refusal(path: &Path) -> String {
    Model::load(path, &ModelOptions::default())
        .err()
        .unwrap_or_else(|| panic!("{path:?} was accepted"))
        .to_string()
}

/// A folder with files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn with(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn every_other_model_of_the_test_data_is_refused_with_what_was_found() {
    let Some(data) = test_data("refusals") else { return };
    let models = data.join("models");
    let cases: [(&str, &[&str]); 3] = [
        (
            "nanodet_m_a.onnx",
            &[
                "it has 6 outputs, and one is expected",
                "1 input (input.1 f32 [1, 3, 416, 416])",
                "792 f32 [1, 2704, 80]",
            ],
        ),
        ("plate_rec_small.onnx", &["it has 2 outputs, and one is expected", "output_1 f32 [1, 21, 78]"]),
        (
            "osnet_x0_25.onnx",
            &[
                "its output has 2 dimensions, and a detector's has 3",
                "input f32 [batch_size, 3, 256, 128]",
                "features f32 [batch_size, 512]",
            ],
        ),
    ];
    for (name, parts) in cases {
        let message = refusal(&models.join(name));
        assert_says(&message, parts);
        assert_says(
            &message,
            &[
                name,
                "cannot be used as a detector",
                "supported: one f32 input",
                "yolox",
                "yolov8",
                "end-to-end",
            ],
        );
    }
}

#[test]
fn files_that_are_no_onnx_are_named_for_what_they_are() {
    let folder = Folder::new();
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty.onnx", b"", "it is empty"),
        ("text.onnx", b"hello, this is no model at all", "is not an ONNX model"),
        ("zero.onnx", &[0; 5000], "is not an ONNX model"),
        ("lfs.onnx", b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        ("page.onnx", b"\n<!DOCTYPE html><html>", "it is a web page"),
        ("weights.pt", b"PK\x03\x04abcdef", "export the model to ONNX"),
        ("x.ort", b"\x20\x00\x00\x00ORTM\x00\x00", "ONNX Runtime's own format"),
    ];
    for (name, content, part) in cases {
        let message = refusal(&folder.with(name, content));
        assert_says(&message, &[name, part]);
    }
}

#[test]
fn random_bytes_and_every_truncation_are_refused_without_a_crash() {
    let folder = Folder::new();
    let mut state = 7_u32;
    for round in 0..20 {
        let bytes: Vec<u8> = (0..1000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        assert_says(&refusal(&folder.with("random.onnx", &bytes)), &["random.onnx"]);
        assert!(round < 20);
    }
    let whole = onnx::constant(96, &[1, 189, 85], &[0.0; 189 * 85]).encode();
    for end in (1..whole.len()).step_by(997) {
        refusal(&folder.with("cut.onnx", &whole[..end]));
    }
    let message = refusal(&folder.with("cut.onnx", &whole[..whole.len() / 2]));
    assert_says(&message, &["cut.onnx is not an ONNX model", "damaged or cut off"]);
}

#[test]
fn a_real_model_cut_in_half_is_refused() {
    let Some(data) = test_data("truncated model") else { return };
    let whole = std::fs::read(data.join("models/yolox_nano.onnx")).unwrap();
    let folder = Folder::new();
    let message = refusal(&folder.with("half.onnx", &whole[..whole.len() / 2]));
    assert_says(&message, &["half.onnx is not an ONNX model", "damaged or cut off"]);
}

#[test]
fn what_is_not_there_or_not_a_file_is_said_so() {
    let folder = Folder::new();
    assert_says(
        &refusal(&folder.0.path().join("missing.onnx")),
        &["missing.onnx cannot be read", "No such file"],
    );
    assert_says(&refusal(folder.0.path()), &["cannot be read"]);
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let folder = Folder::new();
    let path = folder.with("huge.onnx", b"");
    std::fs::File::options().write(true).open(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    assert_says(&refusal(&path), &["has 1073741825 bytes and may have at most 1073741824"]);
}

fn images(side: i64) -> onnx::Model {
    onnx::Model::default().input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(side), Dim::Is(side)])
}

#[test]
fn inputs_and_outputs_of_another_kind_are_refused() {
    let folder = Folder::new();
    let image = [Dim::Is(1), Dim::Is(3), Dim::Is(64), Dim::Is(64)];
    let half = onnx::Model::default().input("x", HALF, &image).output("y", HALF, &image);
    let last = [Dim::Is(1), Dim::Is(64), Dim::Is(64), Dim::Is(3)];
    let channels_last = onnx::Model::default().input("x", FLOAT, &last).output("y", FLOAT, &last);
    let flat =
        onnx::Model::default().input("x", FLOAT, &[Dim::Is(1), Dim::Is(9)]).output("y", FLOAT, &[Dim::Is(9)]);
    let pair =
        images(64).input("orig_target_sizes", FLOAT, &[Dim::Is(1), Dim::Is(2)]).output("y", FLOAT, &image);
    let cases = [
        (half.node("Identity", &["x"], "y", &[]), "x is f16, and f32 (float32) is expected"),
        (channels_last.node("Identity", &["x"], "y", &[]), "its input has 64 where 3 colours are expected"),
        (flat.node("Identity", &["x"], "y", &[]), "its input has not 4 dimensions"),
        (
            pair.node("Identity", &["images"], "y", &[]),
            "it takes the sizes of the pictures, and has not the outputs",
        ),
        (
            images(64).output("y", FLOAT, &image).node("Identity", &["images"], "y", &[]),
            "its output has 4 dimensions, and a detector's has 3",
        ),
        (
            onnx::constant(64, &[1, 50, 77], &[0.0; 50 * 77]),
            "none of the supported shapes for an input of 64x64 (A = 84)",
        ),
    ];
    for (model, part) in cases {
        assert_says(
            &refusal(&folder.with("model.onnx", model.encode())),
            &[part, "supported: one f32 input"],
        );
    }
}

#[test]
fn sizes_beyond_the_limits_are_refused_before_anything_is_run() {
    let folder = Folder::new();
    let image = |side: i64| [Dim::Is(1), Dim::Is(3), Dim::Is(side), Dim::Is(side)];
    for (side, part) in [
        (1_000_000, "is 1000000, and 32 to 4096"),
        (8, "is 8, and 32 to 4096"),
        (4_294_967_297, "is 4294967297"),
    ] {
        let model = onnx::Model::default()
            .input("images", FLOAT, &image(side))
            .output("y", FLOAT, &[Dim::Is(1), Dim::Is(300), Dim::Is(6)])
            .floats("values", &[1, 300, 6], &[0.0; 1800])
            .node("Identity", &["values"], "y", &[]);
        assert_says(&refusal(&folder.with("model.onnx", model.encode())), &[part]);
    }
    let batch = onnx::Model::default()
        .input("images", FLOAT, &[Dim::Is(100_000), Dim::Is(3), Dim::Is(64), Dim::Is(64)])
        .output("y", FLOAT, &[Dim::Is(100_000), Dim::Is(300), Dim::Is(6)])
        .floats("values", &[1, 300, 6], &[0.0; 1800])
        .node("Identity", &["values"], "y", &[]);
    assert_says(&refusal(&folder.with("model.onnx", batch.encode())), &["100000 pictures a run"]);
    let wide = images(64)
        .output("y", FLOAT, &[Dim::Is(1), Dim::Is(10), Dim::Is(500_000)])
        .floats("values", &[1, 1, 500_000], &[0.0; 500_000])
        .integers("shape", &[1, 10, 500_000])
        .node("Expand", &["values", "shape"], "y", &[]);
    assert_says(&refusal(&folder.with("model.onnx", wide.encode())), &["too large: at most 400000 boxes"]);
}

#[test]
fn wrong_classes_are_refused_with_both_counts() {
    let folder = Folder::new();
    let eighty = onnx::constant(96, &[1, 189, 85], &[0.0; 189 * 85]);
    let five = onnx::constant(96, &[1, 189, 10], &[0.0; 1890]);
    let path = folder.with("few.onnx", eighty.clone().metadata("names", "{0: 'a', 1: 'b'}").encode());
    assert_says(
        &refusal(&path),
        &["wrong classes", "its metadata names 2", "read as yolox, has 80", "model.toml"],
    );
    let path = folder.with("said.onnx", eighty.encode());
    folder.with("said.toml", "classes = ['a', 'b', 'c', 'd', 'e']");
    assert_says(&refusal(&path), &["its model.toml names 5", "has 80"]);
    let path = folder.with("both.onnx", five.clone().metadata("names", "['a', 'b', 'c', 'd', 'e']").encode());
    folder.with("both.toml", "classes = ['a']");
    assert_says(&refusal(&path), &["its model.toml names 1 and its metadata 5"]);
    let path = folder.with("nameless.onnx", five.encode());
    assert_says(&refusal(&path), &["has 5 and nothing names them", "classes = [...]"]);
    let path = folder.with("garbled.onnx", five.metadata("names", "{0: person}").encode());
    assert_says(&refusal(&path), &["names in its metadata cannot be read", "expected a name in quotes"]);
    let list = onnx::constant(64, &[1, 10, 6], &[0.0; 60]);
    let path = folder.with("list.onnx", list.encode());
    assert_says(&refusal(&path), &["as end-to-end its output does not tell how many"]);
}

#[test]
fn another_task_is_refused() {
    let folder = Folder::new();
    let model = onnx::constant(64, &[1, 56, 84], &[0.0; 56 * 84])
        .metadata("task", "pose")
        .metadata("names", "{0: 'person'}");
    assert_says(
        &refusal(&folder.with("pose.onnx", model.encode())),
        &["its task is \"pose\" and not \"detect\""],
    );
}

#[test]
fn a_model_toml_that_does_not_fit_the_model_is_refused() {
    let folder = Folder::new();
    let path = folder.with("m.onnx", onnx::constant(96, &[1, 189, 85], &[0.0; 189 * 85]).encode());
    for (toml, parts) in [
        ("[output]\nlayout = 'end-to-end'", vec!["says output.layout = \"end-to-end\"", "[N, k, 6]"]),
        ("[output]\nlayout = 'yolov5'", vec!["line 2", "unknown variant `yolov5`", "`end-to-end`"]),
        (
            "[input]\nwidth = 640\nheight = 640",
            vec!["model.toml says that its input.width is 640, and it is 96"],
        ),
        ("[input]\nwidht = 640", vec!["unknown field `widht`", "`width`"]),
        (
            "[model]\nsha256 = '0000000000000000000000000000000000000000000000000000000000000000'",
            vec!["is not the file that", "expected 000000", "m.toml of its own"],
        ),
    ] {
        folder.with("model.toml", toml);
        assert_says(&refusal(&path), &parts);
    }
    folder.with("m.toml", "");
    assert!(Model::load(&path, &ModelOptions::default()).is_ok(), "<stem>.toml goes before model.toml");
}

#[test]
fn a_device_that_is_not_there_is_an_error_and_never_the_processor() {
    let folder = Folder::new();
    let path = folder.with("m.onnx", onnx::constant(96, &[1, 189, 85], &[0.0; 189 * 85]).encode());
    let options = ModelOptions { device: Device::Cuda { index: 0 }, ..ModelOptions::default() };
    match Model::load(&path, &options) {
        Err(error @ ModelError::Device { .. }) => {
            assert_says(&error.to_string(), &["cannot run on cuda:0", "use device cpu"]);
        }
        Err(error) => panic!("{error}"),
        Ok(model) => assert!(model.info().provider.is_gpu(), "{}", model.info().provider),
    }
}
