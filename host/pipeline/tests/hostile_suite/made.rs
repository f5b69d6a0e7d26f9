//! Components by hand.

use std::path::Path;

/// Which contract a component by hand speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speaks {
    V01,
    V02,
}

/// A component from its text.
pub(crate) fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The component of `tests/guests/hand.wat`, or the one for contract 0.2, with code in the marked places.
pub(crate) fn hand<'a>(contract: Speaks, parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = hand_text(contract);
    for (mark, code) in parts {
        let mark = format!(";;{mark};;");
        assert!(text.contains(&mark), "{mark}");
        text = text.replace(&mark, code);
    }
    component(&text)
}

pub(crate) fn hand_text(contract: Speaks) -> String {
    let file = match contract {
        Speaks::V01 => "hand.wat",
        Speaks::V02 => "hand_v0_2.wat",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The component with a line more at its end.
pub(crate) fn again(contract: Speaks, line: &str) -> Vec<u8> {
    let text = hand_text(contract);
    let end = text.rfind(')').unwrap();
    component(&format!("{} {line})", &text[..end]))
}

/// The component with another line.
pub(crate) fn instead(contract: Speaks, line: &str, other: &str) -> Vec<u8> {
    let text = hand_text(contract);
    assert!(text.contains(line));
    component(&text.replace(line, other))
}
