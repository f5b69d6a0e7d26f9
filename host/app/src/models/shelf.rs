//! The folder of models that have a name: `NAME/NAME.onnx` with `NAME/model.toml`.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ocellus_core::Name;

use super::{Catalogue, Entry};
use crate::commands::files;

/// What is being fetched and put in place; no name of a model begins with a dot.
const UNFINISHED: &str = ".unfinished";

/// The folder; a service may have none, and needs none while it names no model by its name.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: Option<PathBuf>,
}

impl Shelf {
    /// The folder that was `given` (by a flag, the config file or `OCELLUS_MODELS`), else the one of this user.
    pub(crate) fn new(given: Option<&Path>) -> Shelf {
        if let Some(folder) = given.filter(|folder| !folder.as_os_str().is_empty()) {
            return Shelf { folder: Some(folder.to_owned()) };
        }
        let set = |key: &str| std::env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
        Shelf { folder: data.map(|data| data.join("ocellus/models")) }
    }

    /// For the config file, which may name the folder; else as in [`Shelf::new`].
    pub(crate) fn configured(folder: Option<&Path>) -> Shelf {
        let set = std::env::var_os("OCELLUS_MODELS").map(PathBuf::from);
        Shelf::new(folder.or(set.as_deref()))
    }

    /// The folder.
    pub(crate) fn folder(&self) -> anyhow::Result<&Path> {
        self.folder
            .as_deref()
            .context("neither HOME nor XDG_DATA_HOME says where models lie; set OCELLUS_MODELS to a folder")
    }

    /// Where the file of a model is, if it is there.
    pub(crate) fn model(&self, name: &str) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join(name).join(format!("{name}.onnx")))
    }

    /// What the `model.toml` of a model that is here says; the default where it has none.
    pub(crate) fn entry(&self, name: &str) -> anyhow::Result<Entry> {
        let file = self.folder()?.join(name).join("model.toml");
        if !file.exists() {
            return Ok(Entry::default());
        }
        Entry::parse(&file.display().to_string(), &files::read_text("model.toml", &file, 1 << 20)?)
    }

    /// The names of the models that are here.
    pub(crate) fn names(&self) -> anyhow::Result<Vec<String>> {
        let folder = self.folder()?;
        let about = || format!("folder of models {} cannot be read", folder.display());
        let found = match fs::read_dir(folder) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(about),
        };
        let mut names = Vec::new();
        for entry in found {
            let name = entry.with_context(about)?.file_name().to_string_lossy().into_owned();
            if Name::is_valid(&name) && self.model(&name)?.is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The file that `given` means: a path, or the name of a model that is here. This is the one place that decides.
    pub(crate) fn find(&self, given: &Path) -> anyhow::Result<PathBuf> {
        let Some(name) = name_of(given) else { return Ok(given.to_owned()) };
        if given.exists() {
            return Ok(given.to_owned());
        }
        let model = self.model(name)?;
        if model.is_file() {
            return Ok(model);
        }
        let names = self.names()?;
        let here = match names.as_slice() {
            [] => "none are there".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        let remedy = if Catalogue::read(None)?.get(name).is_some_and(|(entry, _)| entry.url.is_some()) {
            format!("`ocellus model pull {name}` fetches it")
        } else {
            "`ocellus model list` names those that can be fetched; a file needs its path".to_owned()
        };
        bail!(
            "there is no file {name}, and no model {name} in {}; {here}; {remedy}",
            self.folder()?.display()
        )
    }

    /// Where the parts of `name` lie while it is being fetched; made if it is not there.
    pub(crate) fn unfinished(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder()?.join(UNFINISHED).join(name);
        fs::create_dir_all(&folder).with_context(|| format!("folder {} cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// Puts `file`, which lies in [`Shelf::unfinished`], with this `model.toml` in the place of `name`; in between neither half is
    /// seen. `judge` looks at the model before, and may refuse it.
    pub(crate) fn put(
        &self,
        name: &str,
        (file, manifest): (&Path, &str),
        judge: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let unfinished = self.unfinished(name)?;
        let (new, old) = (unfinished.join("new"), unfinished.join("old"));
        let folder = self.folder()?;
        let about = || format!("model {name} cannot be put into {}", folder.display());
        for left in [&new, &old] {
            remove(left).with_context(about)?;
        }
        fs::create_dir(&new).with_context(about)?;
        let model = new.join(format!("{name}.onnx"));
        fs::rename(file, &model).with_context(about)?;
        let toml = new.join("model.toml");
        fs::write(&toml, manifest).with_context(about)?;
        if let Err(error) = judge(&model) {
            fs::remove_dir_all(&unfinished).with_context(about)?;
            return Err(error);
        }
        for path in [&model, &toml, &new] {
            File::open(path).and_then(|file| file.sync_all()).with_context(about)?;
        }
        let place = folder.join(name);
        if place.exists() {
            fs::rename(&place, &old).with_context(about)?;
        }
        fs::rename(&new, &place).with_context(about)?;
        fs::remove_dir_all(&unfinished).with_context(about)?;
        // Gone if nothing else is being fetched.
        let _ = fs::remove_dir(folder.join(UNFINISHED));
        self.model(name)
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The name that a text can be; a path has a slash or ends in `.onnx`.
fn name_of(given: &Path) -> Option<&str> {
    let text = given.to_str()?;
    (Name::is_valid(text) && !text.to_ascii_lowercase().ends_with(".onnx")).then_some(text)
}

/// `given` as it stands in a config file in `folder`: a path from there, or a name, which stays one.
pub(crate) fn relative_to(folder: &Path, given: &Path) -> PathBuf {
    let path = folder.join(given);
    if name_of(given).is_some() && !path.exists() { given.to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(&folder.path().join("models")));
        (folder, shelf)
    }

    fn put(shelf: &Shelf, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let part = shelf.unfinished(name)?.join("part");
        fs::write(&part, content)?;
        shelf.put(name, (&part, "[model]\nlicence = \"MIT\""), |_| Ok(()))
    }

    #[test]
    fn what_is_put_there_is_found_by_its_name_and_replaced_whole() {
        let (_folder, shelf) = shelf();
        assert!(shelf.names().unwrap().is_empty(), "a folder that is not there has none");
        for content in ["one", "two"] {
            let model = put(&shelf, "net", content).unwrap();
            assert_eq!(fs::read_to_string(&model).unwrap(), content);
            assert_eq!(shelf.find(Path::new("net")).unwrap(), model);
        }
        assert_eq!(shelf.names().unwrap(), ["net"]);
        assert_eq!(shelf.entry("net").unwrap().licence(), "MIT");
        assert!(!shelf.folder().unwrap().join(UNFINISHED).exists(), "nothing unfinished is left");
    }

    #[test]
    fn what_is_refused_leaves_what_was_there() {
        let (_folder, shelf) = shelf();
        put(&shelf, "net", "good").unwrap();
        let part = shelf.unfinished("net").unwrap().join("part");
        fs::write(&part, "bad").unwrap();
        let refused = shelf.put("net", (&part, ""), |_| bail!("no good")).unwrap_err();
        assert_eq!(refused.to_string(), "no good");
        assert_eq!(fs::read_to_string(shelf.model("net").unwrap()).unwrap(), "good");
        assert!(!part.exists());
    }

    #[test]
    fn a_path_stays_one_and_an_unknown_name_is_an_error_that_lists_what_is_there() {
        let (folder, shelf) = shelf();
        for path in ["models/net.onnx", "./net", "net.onnx", "/net"] {
            assert_eq!(shelf.find(Path::new(path)).unwrap(), Path::new(path));
        }
        let said = |name: &str| shelf.find(Path::new(name)).unwrap_err().to_string();
        assert!(said("nosuch").contains("none are there"), "{}", said("nosuch"));
        put(&shelf, "net", "x").unwrap();
        assert!(said("nosuch").contains("there are net") && said("nosuch").contains("ocellus model list"));
        assert!(said("yolox-s").contains("`ocellus model pull yolox-s` fetches it"));
        assert_eq!(relative_to(folder.path(), Path::new("net")), Path::new("net"));
        fs::write(folder.path().join("net"), "").unwrap();
        assert_eq!(relative_to(folder.path(), Path::new("net")), folder.path().join("net"));
        assert_eq!(relative_to(folder.path(), Path::new("a/b.onnx")), folder.path().join("a/b.onnx"));
    }
}
