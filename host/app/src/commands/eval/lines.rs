//! Text files that are read line by line, so that large ones cost no memory.

use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::{Context, bail};

use crate::commands::files;

/// A longer line is no line: 2,000 tracks of one frame take 300 kB.
const MOST_BYTES: u64 = 16 << 20;

/// A file with its name and the line that was read last.
pub(super) struct Lines {
    name: String,
    input: files::UnpackedFile,
    line: usize,
    text: Vec<u8>,
}

impl Lines {
    /// Opens a file; `what` is what it is called in messages.
    pub(super) fn open(what: &str, path: &Path) -> anyhow::Result<Lines> {
        files::expect_regular(what, path)?;
        let name = format!("{what} {}", path.display());
        let input = files::open_unpacked(path).with_context(|| format!("{name} cannot be read"))?;
        Ok(Lines { name, input, line: 0, text: Vec::new() })
    }

    /// What the file is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<&str>> {
        self.text.clear();
        let read = Read::take(&mut self.input, MOST_BYTES).read_until(b'\n', &mut self.text);
        let read = read.with_context(|| format!("{} cannot be read", self.name))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if read as u64 == MOST_BYTES {
            bail!("{}: line {} is longer than {MOST_BYTES} bytes; is it a text file?", self.name, self.line);
        }
        match std::str::from_utf8(&self.text) {
            Ok(text) => Ok(Some(text)),
            Err(_) => bail!("{}: line {} is no text; name a text file", self.name, self.line),
        }
    }
}

/// The first bytes of a file, by which its format is told.
pub(super) fn beginning(what: &str, path: &Path) -> anyhow::Result<String> {
    files::expect_regular(what, path)?;
    let about = || format!("{what} {} cannot be read", path.display());
    let mut first = Vec::new();
    files::open_unpacked(path)
        .and_then(|file| file.take(4096).read_to_end(&mut first))
        .with_context(about)?;
    let line = first.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    Ok(String::from_utf8_lossy(line.unwrap_or_default()).into_owned())
}
