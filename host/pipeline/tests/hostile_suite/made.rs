//! Components by hand.

use std::path::Path;

/// A component from its text.
pub(crate) fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The component of `tests/guests/hand.wat` with code in the marked places.
pub(crate) fn hand<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = hand_text();
    for (mark, code) in parts {
        let mark = format!(";;{mark};;");
        assert!(text.contains(&mark), "{mark}");
        text = text.replace(&mark, code);
    }
    component(&text)
}

pub(crate) fn hand_text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/hand.wat");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
