//! `model.toml`, the file beside a model that says what its metadata does not.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::classes::COCO_80;
use crate::layout::Layout;
use crate::preprocess::Shift;

/// Bytes of a `model.toml`.
const MAX_BYTES: u64 = 1 << 20;

/// The order of the colour planes that a model expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ColourOrder {
    /// Red, green, blue.
    #[serde(rename = "rgb")]
    Rgb,
    /// Blue, green, red.
    #[serde(rename = "bgr")]
    Bgr,
}

/// The range of the numbers that a model expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Scale {
    /// As in the picture.
    #[serde(rename = "0-255")]
    Byte,
    /// Divided by 255.
    #[serde(rename = "0-1")]
    Unit,
}

/// How a picture is fitted into a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Fit {
    /// Proportions kept, bars on both sides.
    #[serde(rename = "letterbox-centre")]
    LetterboxCentre,
    /// Proportions kept, one bar at the right or at the bottom.
    #[serde(rename = "letterbox-top-left")]
    LetterboxTopLeft,
    /// Filled whole, proportions lost.
    #[serde(rename = "stretch")]
    Stretch,
}

/// The order of the dimensions of a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputLayout {
    /// Batch, colour, row, column: one plane a colour.
    Nchw,
    /// Batch, row, column, colour.
    Nhwc,
}

/// What is done to the colours of a picture before a model sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Normalise {
    Imagenet,
    None,
}

impl fmt::Display for InputLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InputLayout::Nchw => "nchw",
            InputLayout::Nhwc => "nhwc",
        })
    }
}

impl fmt::Display for ColourOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColourOrder::Rgb => "rgb",
            ColourOrder::Bgr => "bgr",
        })
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scale::Byte => "0-255",
            Scale::Unit => "0-1",
        })
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fit::LetterboxCentre => "letterbox-centre",
            Fit::LetterboxTopLeft => "letterbox-top-left",
            Fit::Stretch => "stretch",
        })
    }
}

/// What a `model.toml` may say; whatever it leaves out is found out from the model.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Manifest {
    /// Their names in the model's order; the text `coco` stands for the 80 of COCO.
    #[serde(deserialize_with = "classes")]
    pub(crate) classes: Option<Vec<String>>,
    pub(crate) model: About,
    pub(crate) input: Input,
    pub(crate) output: Output,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct About {
    pub(crate) name: Option<String>,
    pub(crate) task: Option<Task>,
    pub(crate) licence: Option<String>,
    pub(crate) source: Option<String>,
    /// Where the file can be fetched, and how long it is: for `ocellus model`.
    pub(crate) url: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) sha256: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    Detect,
    Embed,
    Read,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Input {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) colour: Option<ColourOrder>,
    pub(crate) scale: Option<Scale>,
    pub(crate) fit: Option<Fit>,
    pub(crate) pad: Option<u8>,
    /// Of an embedder or a reader; what its shape says where left out.
    pub(crate) layout: Option<InputLayout>,
    /// A name for `mean` and `std`.
    pub(crate) normalise: Option<Normalise>,
    /// Taken off each colour, in the order red, green, blue, in the units of `scale`.
    pub(crate) mean: Option<[f32; 3]>,
    /// What each colour is divided by then.
    pub(crate) std: Option<[f32; 3]>,
    /// Of a reader: what share of a plate's width and height it is shown beyond each edge.
    pub(crate) margin: Option<f32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Output {
    pub(crate) layout: Option<Layout>,
    /// Of an embedder: numbers an embedding, to be compared with the model's own.
    pub(crate) dimension: Option<usize>,
    /// Of a reader: one character a class, in the model's order.
    pub(crate) alphabet: Option<String>,
    /// Of a reader with one column a step of the picture (CTC): the character that stands for none.
    pub(crate) blank: Option<char>,
    /// Of a reader with one column a place of the text: the character that fills it up.
    pub(crate) pad: Option<char>,
    /// Of a reader: the characters that may be read, such as `A-Z0-9`; all of the alphabet where left out.
    pub(crate) characters: Option<String>,
}

impl Input {
    /// What it says is done to the colours, which are in the units of `scale`.
    pub(crate) fn shift(&self, scale: Scale) -> Option<Shift> {
        match (self.mean, self.std, self.normalise) {
            (Some(mean), Some(std), _) => Some(Shift { mean, std }),
            (.., Some(Normalise::None)) => Some(Shift::NONE),
            (.., Some(Normalise::Imagenet)) => Some(Shift::IMAGENET.in_units_of(scale)),
            _ => None,
        }
    }
}

/// A list of names, or the name of a list that everybody knows.
fn classes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of names, or \"coco\"")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text {
                "coco" => Ok(COCO_80.map(str::to_owned).to_vec()),
                _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
            }
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(name) = names.next_element()? {
                found.push(name);
            }
            Ok(found)
        }
    }
    deserializer.deserialize_any(Names).map(Some)
}

/// Why a `model.toml` is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no file of this kind.
    #[error("{path} has {bytes} bytes and may have at most {MAX_BYTES}; a model.toml is a short text")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It is not TOML, or has an unknown key or a value that is not allowed.
    #[error("{path}, line {line} ({text:?}): {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A value is well formed and makes no sense.
    #[error("{path}: {key} is {value}; {remedy}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What would be right.
        remedy: String,
    },
}

impl Manifest {
    /// The manifest of the model at `model`: `<stem>.toml`, else `model.toml` in its folder, else none.
    pub(crate) fn beside(model: &Path) -> Result<Option<(PathBuf, Manifest)>, ManifestError> {
        for path in [model.with_extension("toml"), model.with_file_name("model.toml")] {
            let bytes = match std::fs::metadata(&path) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(ManifestError::Read { path, source }),
            };
            if bytes > MAX_BYTES {
                return Err(ManifestError::TooLarge { path, bytes });
            }
            return match std::fs::read_to_string(&path) {
                Ok(text) => Manifest::parse(&path, &text).map(|manifest| Some((path, manifest))),
                Err(source) => Err(ManifestError::Read { path, source }),
            };
        }
        Ok(None)
    }

    fn parse(path: &Path, text: &str) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
        manifest.check(path)?;
        Ok(manifest)
    }

    fn check(&self, path: &Path) -> Result<(), ManifestError> {
        let refuse = |key, value: String, remedy: &str| {
            Err(ManifestError::Value { path: path.to_owned(), key, value, remedy: remedy.to_owned() })
        };
        if let Some(sum) = &self.model.sha256
            && (sum.len() != 64 || !sum.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return refuse(
                "model.sha256",
                format!("{sum:?}"),
                "it must be 64 hexadecimal digits, see sha256sum",
            );
        }
        match (self.input.width, self.input.height) {
            (Some(_), Some(_)) | (None, None) => {}
            (Some(width), None) => return refuse("input.width", width.to_string(), "add input.height"),
            (None, Some(height)) => return refuse("input.height", height.to_string(), "add input.width"),
        }
        match (self.input.mean, self.input.std, self.input.normalise) {
            (None, None, _) | (Some(_), Some(_), None) => {}
            (Some(_), Some(_), Some(_)) => {
                return refuse(
                    "input.normalise",
                    "set".to_owned(),
                    "leave it out, or leave out mean and std",
                );
            }
            (Some(mean), None, _) => return refuse("input.mean", format!("{mean:?}"), "add input.std"),
            (None, Some(std), _) => return refuse("input.std", format!("{std:?}"), "add input.mean"),
        }
        if let Some(mean) = self.input.mean.filter(|mean| !mean.iter().all(|value| value.is_finite())) {
            return refuse("input.mean", format!("{mean:?}"), "give three finite numbers: red, green, blue");
        }
        if let Some(std) = self.input.std.filter(|std| !std.iter().all(|value| (1e-6..=1e6).contains(value)))
        {
            return refuse("input.std", format!("{std:?}"), "give three numbers above 0: red, green, blue");
        }
        if let Some(margin) = self.input.margin.filter(|margin| !(0.0..=0.5).contains(margin)) {
            return refuse(
                "input.margin",
                margin.to_string(),
                "give a share from 0 to 0.5 of the plate's size",
            );
        }
        if let Some(classes) = &self.classes {
            if classes.is_empty() {
                return refuse("classes", "empty".to_owned(), "name every class in the model's order");
            }
            if let Some(index) = classes.iter().position(|class| class.trim().is_empty()) {
                return refuse("classes", format!("empty at {index}"), "give every class a name");
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// Refuses a manifest for another task than `task`, or with keys that only another task has.
    pub(crate) fn check_task(&self, path: &Path, task: Task) -> Result<(), ManifestError> {
        let refuse = |key, value: &str, remedy: &str| {
            let (value, remedy) = (value.to_owned(), remedy.to_owned());
            Err(ManifestError::Value { path: path.to_owned(), key, value, remedy })
        };
        if let Some(said) = self.model.task.filter(|said| *said != task) {
            let (value, remedy) = said.place();
            return refuse("model.task", value, remedy);
        }
        let Input { layout, margin, .. } = &self.input;
        let Output { layout: boxes, dimension, alphabet, blank, pad, characters } = &self.output;
        let (detect, embed, read) = (&[Task::Detect][..], &[Task::Embed][..], &[Task::Read][..]);
        let both = &[Task::Embed, Task::Read][..];
        let keys = [
            ("classes", self.classes.is_some(), detect),
            ("output.layout", boxes.is_some(), detect),
            ("output.dimension", dimension.is_some(), embed),
            ("input.layout", layout.is_some(), both),
            ("input.margin", margin.is_some(), read),
            ("output.alphabet", alphabet.is_some(), read),
            ("output.blank", blank.is_some(), read),
            ("output.pad", pad.is_some(), read),
            ("output.characters", characters.is_some(), read),
        ];
        match keys.iter().find(|(_, is_set, tasks)| *is_set && !tasks.contains(&task)) {
            Some((key, _, tasks)) => {
                let names: Vec<&str> = tasks.iter().map(|task| task.place().0).collect();
                let names = names.join(" or ");
                refuse(key, "set", &format!("only a model of task {names} has it; remove it"))
            }
            None => Ok(()),
        }
    }
}

impl Task {
    /// Its name, and where a model of this task is given.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Task::Detect => ("detect", "give it as the detector, with [model] or --model"),
            Task::Embed => ("embed", "give it as the embedder, with [embedder] or --embed"),
            Task::Read => ("read", "give it as the reader of plates, with plates.reader or --read"),
        }
    }
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ManifestError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    let shown: String = text.lines().nth(line).unwrap_or_default().trim().chars().take(80).collect();
    let reason = error.message().replace('\n', " ");
    ManifestError::Syntax { path: path.to_owned(), line: line + 1, text: shown, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(Path::new("model.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_manifest_is_read() {
        let manifest = parse(
            r#"
            classes = ["person", "car"]
            [model]
            name = "scene-nano"
            task = "detect"
            licence = "Apache-2.0"
            source = "trained by train.py"
            sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            [input]
            width = 320
            height = 192
            colour = "bgr"
            scale = "0-255"
            fit = "letterbox-top-left"
            pad = 114
            [output]
            layout = "end-to-end"
            "#,
        )
        .unwrap();
        assert_eq!(manifest.output.layout, Some(Layout::EndToEnd));
        assert_eq!(manifest.input.fit, Some(Fit::LetterboxTopLeft));
        assert_eq!(manifest.model.task, Some(Task::Detect));
        assert_eq!(parse("").unwrap(), Manifest::default());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_is_allowed() {
        let message = parse("[input]\ncolour = \"yuv\"").unwrap_err();
        assert!(message.contains("line 2 (\"colour = \\\"yuv\\\"\")"), "{message}");
        assert!(message.contains("expected `rgb` or `bgr`"), "{message}");
        let message = parse("[model]\nlicense = \"MIT\"").unwrap_err();
        assert!(message.contains("unknown field `license`") && message.contains("`licence`"), "{message}");
        let message = parse("[model]\ntask = \"segment\"").unwrap_err();
        assert!(message.contains("expected one of `detect`, `embed`, `read`"), "{message}");
        assert!(parse("[input\n").unwrap_err().contains("line 1"));
    }

    #[test]
    fn what_is_of_another_task_is_refused_with_its_key() {
        for (text, task, says) in [
            ("[model]\ntask = \"embed\"", Task::Detect, "model.task is embed; give it as the embedder"),
            ("[model]\ntask = \"detect\"", Task::Embed, "model.task is detect; give it as the detector"),
            ("[input]\nlayout = \"nhwc\"", Task::Detect, "input.layout is set; only a model of task embed"),
            ("[output]\ndimension = 512", Task::Detect, "output.dimension is set"),
            (
                "[output]\nlayout = \"yolox\"",
                Task::Embed,
                "output.layout is set; only a model of task detect",
            ),
            ("classes = [\"person\"]", Task::Embed, "classes is set"),
            ("[model]\ntask = \"read\"", Task::Detect, "model.task is read; give it as the reader of plates"),
            ("[output]\nalphabet = \"#A\"", Task::Embed, "output.alphabet is set; only a model of task read"),
            ("[output]\ndimension = 512", Task::Read, "output.dimension is set; only a model of task embed"),
        ] {
            let refused = parse(text).unwrap().check_task(Path::new("model.toml"), task);
            let message = refused.unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        }
        let whole = "[model]\ntask = \"embed\"\n[input]\nmean = [0.5, 0.5, 0.5]\nstd = [0.2, 0.2, 0.2]\n\
                     layout = \"nhwc\"\n[output]\ndimension = 512";
        assert!(parse(whole).unwrap().check_task(Path::new("model.toml"), Task::Embed).is_ok());
    }

    #[test]
    fn the_classes_of_coco_need_not_be_written_out() {
        let classes = parse("classes = \"coco\"").unwrap().classes.unwrap();
        assert_eq!((classes.len(), classes[2].as_str()), (80, "car"));
        let message = parse("classes = \"voc\"").unwrap_err();
        assert!(message.contains("\"voc\"") && message.contains("a list of names, or \"coco\""), "{message}");
        assert!(parse("classes = 80").unwrap_err().contains("a list of names"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        assert_eq!(
            parse("[input]\nwidth = 640").unwrap_err(),
            "model.toml: input.width is 640; add input.height"
        );
        assert!(parse("[model]\nsha256 = \"abc\"").unwrap_err().contains("64 hexadecimal digits"));
        assert!(parse("classes = []").unwrap_err().contains("name every class"));
        assert!(parse("classes = [\"a\", \" \"]").unwrap_err().contains("empty at 1"));
        assert!(parse("[input]\npad = 300").unwrap_err().contains("line 2"));
        assert!(parse("[input]\nmean = [0.5, 0.5, 0.5]").unwrap_err().contains("add input.std"));
        let zero = "[input]\nmean = [0.5, 0.5, 0.5]\nstd = [0.2, 0.0, 0.2]";
        assert!(parse(zero).unwrap_err().contains("three numbers above 0"));
        let both = "[input]\nnormalise = \"none\"\nmean = [0.5, 0.5, 0.5]\nstd = [0.2, 0.2, 0.2]";
        assert!(parse(both).unwrap_err().contains("leave out mean and std"));
        assert!(parse("[input]\nmean = [nan, 0.5, 0.5]\nstd = [1, 1, 1]").unwrap_err().contains("finite"));
    }
}
