//! Class names as exporters write them into a model's metadata.
//!
//! Ultralytics writes the text of a Python dictionary, `{0: 'person', 1: "bird's nest"}`; other tools write
//! JSON, `{"0": "person"}` or `["person", "car"]`. All are read; anything else is an error and no guess.

/// More classes than any detector has; a longer list is damage or malice.
const MAX_CLASSES: usize = 4096;
/// Characters in one name.
const MAX_NAME: usize = 200;

/// Reads the names; index in the list = class.
///
/// # Errors
/// A text that says what is wrong and where.
pub(crate) fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), whole: text };
    let entries = if reader.take('{') {
        reader.entries('}', Entry::Keyed)?
    } else if reader.take('[') {
        reader.entries(']', Entry::Plain)?
    } else {
        return Err(reader.error("expected '{' or '['"));
    };
    reader.skip_space();
    if !reader.rest.is_empty() {
        return Err(reader.error("expected the end"));
    }
    in_order(entries)
}

fn in_order(mut entries: Vec<(usize, String)>) -> Result<Vec<String>, String> {
    entries.sort_by_key(|(index, _)| *index);
    for (expected, (index, _)) in entries.iter().enumerate() {
        if *index != expected {
            return Err(format!("class {expected} is missing or given twice"));
        }
    }
    Ok(entries.into_iter().map(|(_, name)| name).collect())
}

#[derive(Clone, Copy)]
enum Entry {
    Keyed,
    Plain,
}

struct Reader<'t> {
    rest: &'t str,
    whole: &'t str,
}

impl Reader<'_> {
    fn entries(&mut self, end: char, kind: Entry) -> Result<Vec<(usize, String)>, String> {
        let mut entries = Vec::new();
        loop {
            if self.take(end) {
                return Ok(entries);
            }
            if entries.len() == MAX_CLASSES {
                return Err(format!("more than {MAX_CLASSES} classes"));
            }
            let index = match kind {
                Entry::Plain => entries.len(),
                Entry::Keyed => self.key()?,
            };
            entries.push((index, self.quoted()?));
            if !self.take(',') && !self.peek(end) {
                return Err(self.error("expected ',' or the end of the list"));
            }
        }
    }

    fn key(&mut self) -> Result<usize, String> {
        self.skip_space();
        let text = if self.rest.starts_with(['\'', '"']) {
            self.quoted()?
        } else {
            let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = self.rest.split_at(digits);
            self.rest = rest;
            number.to_owned()
        };
        let key = text.trim().parse().map_err(|_| self.error("expected a class number"))?;
        if self.take(':') { Ok(key) } else { Err(self.error("expected ':'")) }
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.skip_space();
        let mut chars = self.rest.chars();
        let Some(quote @ ('\'' | '"')) = chars.next() else {
            return Err(self.error("expected a name in quotes"));
        };
        let mut name = String::new();
        loop {
            match chars.next() {
                None => return Err(self.error("a name without closing quote")),
                Some(c) if c == quote => break,
                Some('\\') => match escaped(&mut chars) {
                    Some(c) => name.push(c),
                    None => return Err(self.error("an escape that is no character")),
                },
                Some(c) => name.push(c),
            }
            if name.chars().count() > MAX_NAME {
                return Err(format!("a name longer than {MAX_NAME} characters"));
            }
        }
        self.rest = chars.as_str();
        Ok(name.trim().to_owned())
    }

    fn take(&mut self, expected: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn peek(&mut self, expected: char) -> bool {
        self.skip_space();
        self.rest.starts_with(expected)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn error(&self, what: &str) -> String {
        let at = self.whole.len() - self.rest.len();
        let here: String = self.rest.chars().take(20).collect();
        format!("{what} at byte {at}, found {here:?}")
    }
}

/// The character after a backslash, as Python and JSON write it.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match chars.next()? {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let mut code: u32 = 0;
    for _ in 0..digits {
        code = code.checked_mul(16)?.checked_add(chars.next()?.to_digit(16)?)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_ultralytics_writes() {
        assert_eq!(parse("{0: 'person', 1: 'traffic light'}").unwrap(), ["person", "traffic light"]);
        assert_eq!(
            parse(r#"{0: "bird's nest", 1: 'a\'b', 2: 'caf\xe9 \u00e9',}"#).unwrap(),
            ["bird's nest", "a'b", "café é"]
        );
    }

    #[test]
    fn reads_json_objects_and_lists_in_any_order() {
        assert_eq!(parse(r#" {"1":"b", "0":"a"} "#).unwrap(), ["a", "b"]);
        assert_eq!(parse("['a', \"b\"]").unwrap(), ["a", "b"]);
        assert_eq!(parse("{}").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn damage_is_an_error_and_never_a_guess() {
        for text in [
            "",
            "person",
            "{0 'a'}",
            "{0: 'a'",
            "{0: 'a",
            "{0: a}",
            "{0: 'a' 1: 'b'}",
            "{0: 'a'} x",
            "{1: 'a'}",
            "{0: 'a', 0: 'b'}",
            "{-1: 'a'}",
            "{99999999999999999999: 'a'}",
            r"{0: '\ud800'}",
            r"{0: '\",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("{1: 'a'}").unwrap_err().contains("class 0 is missing"));
        assert!(parse(&format!("['{}']", "x".repeat(1000))).unwrap_err().contains("longer than"));
        assert!(parse(&format!("[{}]", "'a',".repeat(5000))).unwrap_err().contains("more than 4096"));
    }

    #[test]
    fn no_prefix_of_a_valid_text_panics() {
        let text = r#"{0: "bird's nest", 1: 'caf\xe9', "2": 'ü'}"#;
        for (end, _) in text.char_indices() {
            assert!(parse(&text[..end]).is_err());
        }
    }
}
