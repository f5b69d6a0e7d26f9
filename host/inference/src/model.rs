//! Loading a model: read, checked, tried, described.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ocellus_core::Size;
use ort::session::Session as OrtSession;

use crate::classes::{COCO_80, COCO_COLUMNS, Columns};
use crate::error::ModelError;
use crate::heads::Heads;
use crate::info::{ClassSource, ModelInfo};
use crate::layout::{Choice, FACE_CLASSES, Facts, Layout, choose};
use crate::manifest::{ColourOrder, Fit, Manifest, Scale, Task};
use crate::metadata::Metadata;
use crate::options::ModelOptions;
use crate::plates::{PLATE, TWO_ROWS};
use crate::preprocess::{Shift, Wish};
use crate::probe::{self, Ports};
use crate::session::Session;

mod build;
mod open;

pub(crate) use open::{Opened, open};

/// A model that has been loaded, tried once, and found usable.
#[derive(Debug)]
pub struct Model {
    session: OrtSession,
    info: Arc<ModelInfo>,
    heads: Heads,
    columns: Columns,
}

impl Model {
    /// Loads the ONNX model at `path` and everything that there is to know about it.
    ///
    /// The model is run once on a grey picture (twice where it takes batches), so its output is what it
    /// really gives and not what it declares, and the first picture of a camera is not slow.
    ///
    /// # Errors
    /// [`ModelError`]: ONNX Runtime is missing, the file is no model, its `model.toml` is wrong, the device is not
    /// there, or the model is none of the supported kinds; the message says what was found and what is
    /// supported.
    pub fn load(path: impl AsRef<Path>, options: &ModelOptions) -> Result<Model, ModelError> {
        let path = path.as_ref();
        Model::judge(path, open(path, options)?)
    }

    /// What a model that was opened is, as a detector.
    pub(crate) fn judge(path: &Path, mut opened: Opened) -> Result<Model, ModelError> {
        opened.check_task(Task::Detect)?;
        let (name, licence) = (opened.name(path), opened.licence());
        let (session, manifest, metadata) = (&mut opened.session, &opened.manifest, &opened.metadata);
        let subject = Subject { path, found: opened.ports, manifest, metadata };
        let ports = subject.ports(session)?;
        let names = subject.names()?;
        if let Some(output) = ports.declared {
            // Refused before it runs, where its declaration is enough to tell.
            subject.layout(&ports, output, &names)?;
        }
        let probe = probe::probe(session, &ports).map_err(|reason| subject.unsupported(reason))?;
        let choice = subject.layout(&ports, probe.output, &names)?;
        let (choice, columns) = subject.columns(choice, &names)?;
        let (classes, class_source) = subject.classes(choice, names)?;
        let layout = probe
            .judge(choice.layout, ports.input, classes.len())
            .map_err(|reason| subject.unsupported(reason))?;
        let wish = subject.wish(layout, ports.input);
        let shift = manifest.input.shift(wish.scale).unwrap_or(match layout {
            Layout::RfDetr => Shift::IMAGENET.in_units_of(wish.scale),
            _ => Shift::NONE,
        });
        let info = ModelInfo {
            name,
            path: path.to_owned(),
            bytes: opened.bytes,
            sha256: opened.sha256,
            layout,
            output: (probe.output[1], probe.output[2]),
            input: wish.input,
            colour: wish.colour,
            scale: wish.scale,
            mean: shift.mean,
            std: shift.std,
            fit: wish.fit,
            pad: wish.pad,
            batch: probe.batch,
            classes: classes.into(),
            class_source,
            provider: opened.provider,
            opset: metadata.opset,
            producer: metadata.producer.clone(),
            description: metadata.description.clone(),
            licence,
            source: manifest.model.source.clone(),
            manifest: opened.manifest_path,
            library: opened.library,
        };
        tracing::debug!(model = %info.name, %layout, input = %info.input, "loaded a model");
        Ok(Model { session: opened.session, info: Arc::new(info), heads: ports.heads, columns })
    }

    /// What is known about it.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The session that runs it; one thread owns it.
    #[must_use]
    pub fn into_session(self) -> Session {
        Session::new(self.session, self.info, (self.heads, self.columns))
    }
}

/// Class names and where they are from, before they are compared with the output.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    Given(Vec<String>, ClassSource),
    None,
}

impl Names {
    fn count(&self) -> Option<usize> {
        match self {
            Names::Given(names, _) => Some(names.len()),
            Names::None => None,
        }
    }
}

/// The model under examination.
struct Subject<'s> {
    path: &'s Path,
    found: String,
    manifest: &'s Manifest,
    metadata: &'s Metadata,
}

impl Subject<'_> {
    fn unsupported(&self, reason: String) -> ModelError {
        ModelError::Unsupported { path: self.path.to_owned(), reason, found: self.found.clone() }
    }

    fn wrong_classes(&self, reason: String) -> ModelError {
        ModelError::Classes { path: PathBuf::from(self.path), reason }
    }

    fn ports(&self, session: &OrtSession) -> Result<Ports, ModelError> {
        if let Some(task) = &self.metadata.task
            && task != "detect"
        {
            return Err(
                self.unsupported(format!("its metadata says that its task is {task:?} and not \"detect\""))
            );
        }
        let wanted = match (self.manifest.input.width, self.manifest.input.height) {
            (Some(width), Some(height)) => Some(Size::new(width, height)),
            _ => None,
        };
        Heads::of(session, self.manifest.output.layout)
            .and_then(|heads| Ports::of(session, heads, [wanted, self.metadata.input]))
            .map_err(|reason| self.unsupported(reason))
    }

    /// The names of `model.toml`, which a person wrote for this purpose, else those of the metadata.
    fn names(&self) -> Result<Names, ModelError> {
        match (&self.manifest.classes, &self.metadata.names) {
            (Some(said), Some(Ok(own))) if said.len() != own.len() => Err(self.wrong_classes(format!(
                "its model.toml names {} and its metadata {}; leave classes out of model.toml or name them all",
                said.len(),
                own.len()
            ))),
            (Some(said), _) => Ok(Names::Given(said.clone(), ClassSource::Manifest)),
            (None, Some(Ok(own))) => Ok(Names::Given(own.clone(), ClassSource::Metadata)),
            (None, Some(Err(reason))) => Err(self.wrong_classes(format!(
                "the names in its metadata cannot be read ({reason}); name the classes in a model.toml beside it"
            ))),
            (None, None) => Ok(Names::None),
        }
    }

    fn layout(&self, ports: &Ports, output: [usize; 3], names: &Names) -> Result<Choice, ModelError> {
        let (input, form) = (ports.input, ports.heads.form());
        choose(&Facts { output, input, names: names.count(), said: self.manifest.output.layout, form })
            .map_err(|reason| self.unsupported(reason))
    }

    /// Which logits are of classes, and how many classes that makes.
    fn columns(&self, choice: Choice, names: &Names) -> Result<(Choice, Columns), ModelError> {
        let Some(logits) = choice.classes.filter(|_| choice.layout.is_pair()) else {
            return Ok((choice, Columns::All));
        };
        let is_coco = match names {
            Names::Given(names, _) => names.iter().eq(COCO_80.iter()),
            Names::None => true,
        };
        let classes = |classes| Choice { classes: Some(classes), ..choice };
        match (choice.layout, names.count()) {
            (Layout::RfDetr, _) if logits == COCO_COLUMNS && is_coco => Ok((classes(80), Columns::CocoIds)),
            (Layout::RfDetr, Some(named)) if named + 1 == logits => Ok((classes(named), Columns::AllButLast)),
            (Layout::DetrLogits, named)
                if named.map_or(logits == COCO_COLUMNS + 1, |named| named + 1 == logits) =>
            {
                Err(self.unsupported(format!(
                    "its {logits} logits are one more than classes, as of a DETR made for a softmax, and one for a sigmoid is \
                     expected; if the last one is only that of the background, say output.layout = \"rf-detr\" in model.toml"
                )))
            }
            _ => Ok((choice, Columns::All)),
        }
    }

    fn classes(&self, choice: Choice, names: Names) -> Result<(Vec<String>, ClassSource), ModelError> {
        match (choice.classes, names) {
            (Some(classes), Names::Given(names, source)) if classes != names.len() => {
                let place = match source {
                    ClassSource::Manifest => "its model.toml",
                    ClassSource::Metadata | ClassSource::Coco | ClassSource::Layout => "its metadata",
                };
                Err(self.wrong_classes(format!(
                    "{place} names {} and its output, read as {}, has {classes}; name all {classes} in the model's order in \
                     classes = [...] of a model.toml beside it",
                    names.len(),
                    choice.layout,
                )))
            }
            (_, Names::Given(names, source)) => Ok((names, source)),
            (Some(classes @ 1..=FACE_CLASSES), Names::None) if choice.layout == Layout::Yolov5Face => {
                let names = [PLATE, TWO_ROWS].map(str::to_owned);
                Ok((names.into_iter().take(classes).collect(), ClassSource::Layout))
            }
            (Some(80), Names::None) => Ok((COCO_80.map(str::to_owned).to_vec(), ClassSource::Coco)),
            (Some(classes), Names::None) => Err(self.wrong_classes(format!(
                "its output, read as {}, has {classes} and nothing names them (80 without names would be those of \
                 COCO); name all {classes} in classes = [...] of a model.toml beside it",
                choice.layout
            ))),
            (None, Names::None) => Err(self.wrong_classes(format!(
                "as {} its output does not tell how many there are and nothing names them; name them in \
                 classes = [...] of a model.toml beside it, or say classes = \"coco\" if they are the 80 of COCO",
                choice.layout
            ))),
        }
    }

    fn wish(&self, layout: Layout, input: Size) -> Wish {
        let (colour, scale, fit) = match layout {
            Layout::Yolox | Layout::YoloxDecoded => (ColourOrder::Bgr, Scale::Byte, Fit::LetterboxTopLeft),
            Layout::Yolov8 | Layout::EndToEnd | Layout::Yolov5Face => {
                (ColourOrder::Rgb, Scale::Unit, Fit::LetterboxCentre)
            }
            Layout::RtDetr | Layout::RtDetrRows | Layout::RfDetr | Layout::DetrLogits => {
                (ColourOrder::Rgb, Scale::Unit, Fit::Stretch)
            }
        };
        let said = &self.manifest.input;
        Wish {
            input,
            colour: said.colour.unwrap_or(colour),
            scale: said.scale.unwrap_or(scale),
            fit: said.fit.unwrap_or(fit),
            pad: said.pad.unwrap_or(114),
        }
    }
}
