//! What a model says about itself, beside its numbers.

use ort::session::Session;
use ort::value::{Outlet, ValueType};

use ocellus_core::Size;

use crate::names;

/// Characters of a text from a file that are repeated in a message.
const SHOWN: usize = 120;

/// The metadata that matters here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Metadata {
    /// Class names, or why the text that should hold them does not.
    pub(crate) names: Option<Result<Vec<String>, String>>,
    /// Ultralytics: detect, segment, pose, obb, classify.
    pub(crate) task: Option<String>,
    /// Ultralytics: the size it was exported for.
    pub(crate) input: Option<Size>,
    pub(crate) licence: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) producer: Option<String>,
    pub(crate) opset: Option<u32>,
}

impl Metadata {
    pub(crate) fn of(session: &Session) -> Metadata {
        let opset = session.opset_for_domain("").or_else(|| session.opset_for_domain("ai.onnx"));
        let Ok(source) = session.metadata() else { return Metadata { opset, ..Metadata::default() } };
        let custom = |key: &str| source.custom(key).filter(|text| !text.trim().is_empty());
        Metadata {
            names: custom("names").map(|text| names::parse(&text)),
            task: custom("task").map(|text| shorten(&text)),
            input: custom("imgsz").and_then(|text| size(&text)),
            licence: custom("license").or_else(|| custom("licence")).map(|text| shorten(&text)),
            description: custom("description")
                .or_else(|| source.description())
                .map(|text| shorten(&text))
                .filter(|text| !text.is_empty()),
            producer: source.producer().map(|text| shorten(&text)).filter(|text| !text.is_empty()),
            opset,
        }
    }
}

/// `[height, width]`, as Ultralytics writes it.
fn size(text: &str) -> Option<Size> {
    let mut sides =
        text.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(|side| side.trim().parse().ok());
    match (sides.next()??, sides.next()??, sides.next()) {
        (height, width, None) => Some(Size::new(width, height)),
        _ => None,
    }
}

/// A text of a file, cut and without control characters, safe to print.
pub(crate) fn shorten(text: &str) -> String {
    text.trim().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What ONNX Runtime says, which may hold line breaks and parts of the file, as one harmless line.
pub(crate) fn one_line<R>(error: &ort::Error<R>) -> String {
    const SHOWN: usize = 400;
    let clean: String = error.message().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

/// Inputs and outputs for a message, such as `1 input (images f32 [1, 3, 416, 416])`.
pub(crate) fn describe_ports(session: &Session) -> String {
    let one = |kind: &str, ports: &[Outlet]| {
        const LISTED: usize = 8;
        let mut texts: Vec<String> = ports.iter().take(LISTED).map(describe_port).collect();
        if ports.len() > LISTED {
            texts.push(format!("{} more", ports.len() - LISTED));
        }
        let plural = if ports.len() == 1 { "" } else { "s" };
        format!("{} {kind}{plural} ({})", ports.len(), texts.join(", "))
    };
    format!("{} and {}", one("input", session.inputs()), one("output", session.outputs()))
}

fn describe_port(port: &Outlet) -> String {
    let name = shorten(port.name());
    match port.dtype() {
        ValueType::Tensor { ty, shape, dimension_symbols } => {
            let sides: Vec<String> = shape
                .iter()
                .enumerate()
                .map(|(index, side)| match dimension_symbols.get(index).map(|symbol| shorten(symbol)) {
                    _ if *side >= 0 => side.to_string(),
                    Some(symbol) if !symbol.is_empty() => symbol,
                    _ => "?".to_owned(),
                })
                .collect();
            format!("{name} {ty} [{}]", sides.join(", "))
        }
        ValueType::Sequence(_) | ValueType::Map { .. } | ValueType::Optional(_) => {
            format!("{name}, no tensor")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exported_size_is_height_before_width() {
        assert_eq!(size("[384, 640]"), Some(Size::new(640, 384)));
        for wrong in ["640", "[640]", "[1, 2, 3]", "[a, b]", "[-1, 2]", ""] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts_from_a_file_are_cut_and_harmless() {
        assert_eq!(shorten("  a\u{1b}[31m\nb "), "a [31m b");
        assert_eq!(shorten(&"ü".repeat(1000)).chars().count(), SHOWN);
    }
}
