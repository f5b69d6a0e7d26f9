//! `model.toml`, the file beside a model that says what its metadata does not.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::layout::Layout;

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
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Manifest {
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
    pub(crate) sha256: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    Detect,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Input {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) colour: Option<ColourOrder>,
    pub(crate) scale: Option<Scale>,
    pub(crate) fit: Option<Fit>,
    pub(crate) pad: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Output {
    pub(crate) layout: Option<Layout>,
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
        assert!(message.contains("expected `detect`"), "{message}");
        assert!(parse("[input\n").unwrap_err().contains("line 1"));
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
    }
}
