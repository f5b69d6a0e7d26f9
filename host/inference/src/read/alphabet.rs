//! The characters that a reader knows, and how its numbers say a text.

use std::ops::RangeInclusive;

use crate::manifest::Output;

/// Characters that an alphabet may have.
const SIZES: RangeInclusive<usize> = 2..=20_000;
/// Characters that are shown in a message.
const SHOWN: usize = 40;

/// How a reader's columns say a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextLayout {
    /// One column a step across the picture: what repeats is one character, and a class of its own stands for none.
    Ctc,
    /// One column a place of the text; a class of its own fills it up.
    Slots,
}

/// The classes of a reader.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alphabet {
    pub(crate) layout: TextLayout,
    pub(crate) characters: Vec<char>,
    /// The class that stands for no character.
    pub(crate) silent: usize,
    /// For each class whether it may be read.
    pub(crate) allowed: Vec<bool>,
}

impl Alphabet {
    /// What a `model.toml` says.
    ///
    /// # Errors
    /// A text that says what is missing or wrong, and what would be right.
    pub(crate) fn of(said: &Output) -> Result<Alphabet, String> {
        let Some(text) = &said.alphabet else {
            return Err(
                "nothing says which characters it reads; write them in its order into output.alphabet of a \
                        model.toml beside it"
                    .to_owned(),
            );
        };
        let characters: Vec<char> = text.chars().collect();
        if !SIZES.contains(&characters.len()) {
            return Err(format!(
                "its output.alphabet has {} characters, and {} to {} are supported",
                characters.len(),
                SIZES.start(),
                SIZES.end()
            ));
        }
        let (layout, (key, silent)) = match (said.blank, said.pad) {
            (Some(blank), None) => (TextLayout::Ctc, ("blank", blank)),
            (None, Some(pad)) => (TextLayout::Slots, ("pad", pad)),
            _ => {
                return Err("its model.toml must name one of output.blank (one column a step of the picture, CTC) and \
                            output.pad (one column a place of the text)"
                    .to_owned());
            }
        };
        let position = characters.iter().position(|c| *c == silent);
        let silent = position.ok_or_else(|| {
            format!("its output.{key} is {silent:?}, which output.alphabet {:?} does not have", shown(text))
        })?;
        let mut alphabet = Alphabet { layout, allowed: vec![true; characters.len()], characters, silent };
        if let Some(wanted) = &said.characters {
            alphabet.restrict(wanted)?;
        }
        Ok(alphabet)
    }

    /// Lets only characters of `wanted` be read: single ones, and ranges such as `A-Z`.
    ///
    /// # Errors
    /// A text, where none is left.
    pub(crate) fn restrict(&mut self, wanted: &str) -> Result<(), String> {
        let ranges = ranges(wanted);
        let is_wanted = |c: char| ranges.iter().any(|range| range.contains(&c));
        for (class, c) in self.characters.iter().enumerate() {
            self.allowed[class] = class == self.silent || (self.allowed[class] && is_wanted(*c));
        }
        if self.allowed.iter().filter(|allowed| **allowed).count() < 2 {
            let known: String = self.characters.iter().collect();
            return Err(format!(
                "characters {wanted:?} leave nothing of the alphabet {:?}, which has {}; name some of it, ranges as A-Z",
                shown(&known),
                self.characters.len()
            ));
        }
        Ok(())
    }

    /// The characters that may be read.
    pub(crate) fn readable(&self) -> String {
        let readable = self.characters.iter().zip(&self.allowed).enumerate();
        readable.filter(|(class, (_, ok))| **ok && *class != self.silent).map(|(_, (c, _))| *c).collect()
    }
}

fn ranges(text: &str) -> Vec<RangeInclusive<char>> {
    let characters: Vec<char> = text.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        match characters[at..] {
            [from, '-', to, ..] => {
                ranges.push(from..=to);
                at += 3;
            }
            [one, ..] => {
                ranges.push(one..=one);
                at += 1;
            }
            [] => break,
        }
    }
    ranges
}

pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(alphabet: &str) -> Output {
        Output { alphabet: Some(alphabet.to_owned()), blank: Some('#'), ..Output::default() }
    }

    #[test]
    fn characters_may_be_named_one_by_one_and_in_ranges() {
        let mut alphabet = Alphabet::of(&said("#京沪ABC0129-")).unwrap();
        assert_eq!((alphabet.layout, alphabet.silent), (TextLayout::Ctc, 0));
        assert_eq!(alphabet.readable(), "京沪ABC0129-");
        alphabet.restrict("A-B1-9-").unwrap();
        assert_eq!(alphabet.readable(), "AB129-");
        assert!(alphabet.allowed[0], "the blank stays");
        assert!(alphabet.restrict("xyz").unwrap_err().contains("\"xyz\" leave nothing of the alphabet"));
    }

    #[test]
    fn what_is_missing_is_named_with_its_key() {
        let error = |said: Output| Alphabet::of(&said).unwrap_err();
        assert!(error(Output::default()).contains("output.alphabet of a model.toml"));
        assert!(error(said("")).contains("has 0 characters, and 2 to"));
        assert!(error(Output { blank: None, ..said("#A") }).contains("one of output.blank"));
        assert!(error(Output { pad: Some('_'), ..said("#A") }).contains("one of output.blank"));
        assert!(
            error(said("AB")).contains("output.blank is '#', which output.alphabet \"AB\" does not have")
        );
        assert!(error(Output { characters: Some("Z".into()), ..said("#A") }).contains("leave nothing"));
    }
}
