//! Files that the command line names: inputs that are files, and outputs that are nothing else as well.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use ocellus_pipeline::record::{Unpacked, unpack};

/// Refuses what is no regular file, before it is opened: a pipe would wait for ever, a device never ends.
pub(crate) fn expect_regular(what: &str, path: &Path) -> anyhow::Result<()> {
    let found = fs::metadata(path).with_context(|| format!("{what} {} cannot be read", path.display()))?;
    ensure!(!found.is_dir(), "{what} {} is a folder; name a file in it", path.display());
    ensure!(found.is_file(), "{what} {} is not a regular file; copy it into one", path.display());
    Ok(())
}

/// A file, read as if it were not packed with gzip where it is: recordings are.
pub(crate) type UnpackedFile = Unpacked<BufReader<File>>;

/// Opens a file that may be packed.
pub(crate) fn open_unpacked(path: &Path) -> io::Result<UnpackedFile> {
    unpack(BufReader::new(File::open(path)?))
}

/// Reads a small text file; larger ones are something else.
pub(crate) fn read_text(what: &str, path: &Path, limit: u64) -> anyhow::Result<String> {
    expect_regular(what, path)?;
    let about = || format!("{what} {} cannot be read", path.display());
    let mut text = String::new();
    fs::File::open(path)
        .with_context(about)?
        .take(limit + 1)
        .read_to_string(&mut text)
        .with_context(about)?;
    ensure!(text.len() as u64 <= limit, "{what} {} has more than {limit} bytes", path.display());
    Ok(text)
}

/// The files of one command, each with the flag that names it.
#[derive(Debug, Default)]
pub(crate) struct Files {
    inputs: Vec<(String, PathBuf)>,
    outputs: Vec<(String, PathBuf)>,
}

impl Files {
    /// A file that is read.
    pub(crate) fn input(&mut self, flag: &str, path: Option<&Path>) {
        self.inputs.extend(path.map(|path| (flag.to_owned(), path.to_owned())));
    }

    /// A file that is written.
    pub(crate) fn output(&mut self, flag: &str, path: Option<&Path>) {
        self.outputs.extend(path.map(|path| (flag.to_owned(), path.to_owned())));
    }

    /// Refuses an output that is an input, or another output: opening it would empty that one.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for (index, (flag, path)) in self.outputs.iter().enumerate() {
            let Some(place) = Place::of(path) else { continue };
            let others = self.inputs.iter().chain(&self.outputs[..index]);
            for (other, other_path) in others {
                if Place::of(other_path).as_ref() == Some(&place) {
                    bail!(
                        "{flag} and {other} name the same file ({} and {}); name another file for {flag}",
                        path.display(),
                        other_path.display()
                    );
                }
            }
        }
        Ok(())
    }
}

/// Where a file is, whatever it is called.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A file that is there: its device and number on it.
    File(u64, u64),
    /// One that is not there yet: its folder and its name in it.
    Free(PathBuf),
    StandardOutput,
}

impl Place {
    /// `None` for what can be written several times, such as a terminal, and for a folder that is not there.
    fn of(path: &Path) -> Option<Place> {
        if path == Path::new("-") {
            return Some(Place::StandardOutput);
        }
        if let Ok(found) = fs::metadata(path) {
            return found.is_file().then(|| Place::File(found.dev(), found.ino()));
        }
        // A link to what is not there yet is made by writing through it; the limit is the system's own.
        let mut path = path.to_owned();
        for _ in 0..40 {
            let Ok(target) = fs::read_link(&path) else { break };
            path = path.parent().unwrap_or(Path::new("")).join(target);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some(Place::Free(folder.join(path.file_name()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inputs: &[&Path], outputs: &[(&str, &Path)]) -> Result<(), String> {
        let mut files = Files::default();
        inputs.iter().for_each(|path| files.input("the input", Some(path)));
        outputs.iter().for_each(|(flag, path)| files.output(flag, Some(path)));
        files.check().map_err(|error| error.to_string())
    }

    #[test]
    fn an_output_that_is_an_input_is_refused_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("clip.mp4"), "pictures").unwrap();
        fs::hard_link(file("clip.mp4"), file("hard.mp4")).unwrap();
        std::os::unix::fs::symlink("clip.mp4", file("soft.mp4")).unwrap();
        fs::create_dir(file("sub")).unwrap();
        for name in ["clip.mp4", "hard.mp4", "soft.mp4", "sub/../clip.mp4"] {
            let error = check(&[&file("clip.mp4")], &[("--events", &file(name))]).unwrap_err();
            assert!(error.contains("--events and the input") && error.contains(name), "{error}");
        }
        check(&[&file("clip.mp4")], &[("--events", &file("events.jsonl"))]).unwrap();
    }

    #[test]
    fn two_outputs_in_one_file_are_refused_before_it_exists() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::create_dir(file("sub")).unwrap();
        std::os::unix::fs::symlink("out.jsonl", file("link.jsonl")).unwrap();
        for name in ["out.jsonl", "sub/../out.jsonl", "./out.jsonl", "link.jsonl"] {
            let outputs = [("--events", file("out.jsonl")), ("--tracks", file(name))];
            let error =
                check(&[], &outputs.each_ref().map(|(flag, path)| (*flag, path.as_path()))).unwrap_err();
            assert!(error.contains("--tracks and --events"), "{error}");
        }
        check(&[], &[("--events", &file("sub/out.jsonl")), ("--tracks", &file("out.jsonl"))]).unwrap();
        assert!(check(&[], &[("--events", Path::new("-")), ("--tracks", Path::new("-"))]).is_err());
        let null = Path::new("/dev/null");
        check(&[], &[("--events", null), ("--tracks", null)]).unwrap();
    }

    #[test]
    fn only_a_regular_file_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| format!("{:#}", expect_regular("plugin", path).unwrap_err());
        assert!(said(folder.path()).contains("is a folder"));
        assert!(said(Path::new("/dev/zero")).contains("not a regular file"));
        assert!(said(&folder.path().join("none.wasm")).contains("none.wasm cannot be read"));
    }
}
