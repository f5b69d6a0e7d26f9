//! Names that people give to cameras, rules and plugins.

use std::fmt;
use std::sync::Arc;

/// A name that is safe in a URL path, a file name, a metric label and a log line.
///
/// One to 64 characters out of `a-z A-Z 0-9 . _ -`, starting with a letter or a digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a name: use 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"
)]
pub struct NameError {
    /// The refused text, cut after 80 characters.
    pub found: String,
}

impl Name {
    /// Checks `text` and wraps it.
    ///
    /// # Errors
    /// [`NameError`] when the text is empty, too long or has another character.
    pub fn new(text: &str) -> Result<Name, NameError> {
        if Name::is_valid(text) {
            Ok(Name(Arc::from(text)))
        } else {
            Err(NameError { found: text.chars().take(80).collect() })
        }
    }

    /// Whether `text` is a name, for texts that keep to the same alphabet without becoming a [`Name`].
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let consists_well = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        starts_well && consists_well && text.len() <= 64
    }

    /// The nearest valid name to any text: other characters become `-`. Empty text becomes `fallback`.
    #[must_use]
    pub fn from_lossy(text: &str, fallback: &'static str) -> Name {
        let kept: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
            .collect();
        let trimmed = kept.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let short = &trimmed[..trimmed.len().min(64)];
        Name(Arc::from(if short.is_empty() { fallback } else { short }))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        Name::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_plain_names_and_refuses_paths_and_spaces() {
        assert_eq!(Name::new("gate-1.north").unwrap().as_str(), "gate-1.north");
        for bad in ["", "../etc", "a b", "-x", "a/b", "ä", &"x".repeat(65)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_nearest_name_keeps_what_it_can() {
        assert_eq!(Name::from_lossy("my clip (2)", "x").as_str(), "my-clip--2");
        assert_eq!(Name::from_lossy("///", "camera").as_str(), "camera");
    }
}
