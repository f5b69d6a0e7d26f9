//! Files that commands write: whole, or not at all under their own name.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A file in the making, or standard output.
///
/// What is written stands under the final name from the start, so that the events of a run that is
/// cut short are there to be read.
pub(crate) struct Output {
    name: PathBuf,
    out: Box<dyn Write + Send>,
}

impl Output {
    /// Opens `path` for writing; `-` is standard output.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Output> {
        let out: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(BufWriter::new(io::stdout()))
        } else {
            let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            Box::new(BufWriter::with_capacity(1 << 16, file))
        };
        Ok(Output { name: path.to_owned(), out })
    }

    /// Goes nowhere.
    pub(crate) fn nowhere() -> Output {
        Output { name: PathBuf::new(), out: Box::new(io::sink()) }
    }

    /// Flushes what is buffered.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush().with_context(|| format!("{} cannot be written", self.name.display()))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
