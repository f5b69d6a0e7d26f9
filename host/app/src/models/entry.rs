//! What a `model.toml` says about where a model is from; the rest of it is for the code that runs the model.

use anyhow::{Context, ensure};
use serde::Deserialize;
use toml::{Table, Value};

/// The `[model]` of a `model.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    pub(crate) task: Option<String>,
    pub(crate) licence: Option<String>,
    /// Where it is from, for people.
    pub(crate) source: Option<String>,
    /// Where the file itself is.
    pub(crate) url: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) sha256: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Whole {
    model: Entry,
}

impl Entry {
    /// Reads the text of a `model.toml`; `about` says in an error whose.
    pub(crate) fn parse(about: &str, text: &str) -> anyhow::Result<Entry> {
        let whole: Whole = toml::from_str(text).with_context(|| about.to_owned())?;
        if let Some(sha256) = &whole.model.sha256 {
            ensure!(
                is_digest(sha256),
                "{about}: model.sha256 is {sha256:?}; it must be 64 hexadecimal digits"
            );
        }
        Ok(whole.model)
    }

    /// The licence, or that none is stated.
    pub(crate) fn licence(&self) -> &str {
        self.licence.as_deref().unwrap_or("not stated")
    }
}

/// Whether a text can be a SHA-256.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// The text of a `model.toml` with other values in its `[model]`. It is left as it is where it has them already.
pub(crate) fn with_values(text: &str, values: &[(&str, Value)]) -> anyhow::Result<String> {
    let mut table: Table = toml::from_str(text).context("model.toml")?;
    let model = table.entry("model").or_insert_with(|| Value::Table(Table::new()));
    let model = model.as_table_mut().context("model.toml: model is no table")?;
    let has_all = values.iter().all(|(key, value)| model.get(*key) == Some(value));
    if has_all {
        return Ok(text.to_owned());
    }
    for (key, value) in values {
        model.insert((*key).to_owned(), value.clone());
    }
    toml::to_string(&table).context("model.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_and_what_else_there_is_stays() {
        let text = "# By hand.\nclasses = \"coco\"\n[model]\nname = \"a\"\n";
        let same = with_values(text, &[("name", "a".into())]).unwrap();
        assert_eq!(same, text);
        let changed = with_values(text, &[("name", "b".into()), ("bytes", 7.into())]).unwrap();
        let table: Table = toml::from_str(&changed).unwrap();
        assert_eq!(table["classes"].as_str(), Some("coco"));
        assert_eq!(
            (table["model"]["name"].as_str(), table["model"]["bytes"].as_integer()),
            (Some("b"), Some(7))
        );
    }

    #[test]
    fn a_digest_that_is_none_is_refused() {
        let refused = Entry::parse("m", "[model]\nsha256 = \"abc\"").unwrap_err().to_string();
        assert!(refused.contains("64 hexadecimal digits"), "{refused}");
        assert_eq!(Entry::parse("m", "[output]\nlayout = \"yolox\"").unwrap(), Entry::default());
    }
}
