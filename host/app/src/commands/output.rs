//! Files that commands write.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::NamedTempFile;

/// What was written stands in the file after this time at the latest, if the writer goes on.
const FLUSH: Duration = Duration::from_secs(1);

/// A file of lines, or standard output.
///
/// What is written stands under the final name from the start and is passed on every second, so that the
/// lines of a run that is cut short are there to be read.
pub(crate) struct Output {
    name: PathBuf,
    out: Box<dyn Write + Send>,
    flushed: Instant,
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
        Ok(Output { name: path.to_owned(), out, flushed: Instant::now() })
    }

    /// Goes nowhere.
    pub(crate) fn nowhere() -> Output {
        Output { name: PathBuf::new(), out: Box::new(io::sink()), flushed: Instant::now() }
    }

    /// Flushes what is buffered.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush().with_context(|| format!("{} cannot be written", self.name.display()))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        if bytes[..written].ends_with(b"\n") && self.flushed.elapsed() >= FLUSH {
            self.flush()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        self.out.flush()
    }
}

/// A file that is of use only as a whole: it takes its name when it is finished, and leaves nothing before.
pub(crate) struct WholeFile {
    name: PathBuf,
    out: Whole,
}

enum Whole {
    Beside(BufWriter<NamedTempFile>),
    /// A device or a pipe cannot be replaced.
    There(Box<dyn Write>),
}

impl WholeFile {
    /// Begins the file that will stand at `path`.
    pub(crate) fn create(path: &Path) -> anyhow::Result<WholeFile> {
        let about = || format!("{} cannot be written", path.display());
        let is_special = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
        let (name, out) = if is_special || path == Path::new("-") {
            (path.to_owned(), Whole::There(Box::new(Output::create(path)?)))
        } else {
            // The link stays a link.
            let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
            let file = tempfile::Builder::new()
                .prefix(".ocellus-")
                .suffix(".part")
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(folder.unwrap_or(Path::new(".")))
                .with_context(about)?;
            (target, Whole::Beside(BufWriter::new(file)))
        };
        Ok(WholeFile { name, out })
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let about = || format!("{} cannot be written", self.name.display());
        match self.out {
            Whole::There(mut out) => out.flush().with_context(about),
            Whole::Beside(out) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(about)?;
                file.persist(&self.name).map(drop).map_err(|error| error.error).with_context(about)
            }
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Whole::Beside(out) => out.write(bytes),
            Whole::There(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Whole::Beside(out) => out.flush(),
            Whole::There(out) => out.flush(),
        }
    }
}
