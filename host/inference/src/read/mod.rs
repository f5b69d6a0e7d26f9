//! Models that read the text of a number plate: loading, checking, running.

mod alphabet;
mod decode;
mod info;
mod ports;
mod session;
mod warp;

use std::path::Path;
use std::sync::Arc;

use ort::session::Session as OrtSession;

pub use self::alphabet::TextLayout;
pub use self::decode::ReadText;
pub use self::info::ReaderInfo;
pub use self::session::{ReaderSession, TextCrop};
pub use self::warp::Rows;
pub(crate) use self::warp::extent;

use self::alphabet::Alphabet;
use self::decode::{Scores, kind};
use self::ports::Ports;
use self::session::{Known, value};
use self::warp::Look;
use crate::error::ModelError;
use crate::info::Batch;
use crate::inspect::ModelFile;
use crate::manifest::{ColourOrder, Fit, Input, Normalise, Scale, Task};
use crate::model::{Opened, open};
use crate::options::ModelOptions;
use crate::preprocess::Shift;
use crate::probe::{Numbers, run_watched};

/// What a reader is shown beyond each edge of a plate: finders are often a little tight.
const USUAL_MARGIN: f32 = 0.05;
/// Columns that a reader may have.
const MOST_COLUMNS: usize = 1024;

/// A reader that has been loaded, tried, and found usable.
#[derive(Debug)]
pub struct ReaderModel {
    session: OrtSession,
    info: Arc<ReaderInfo>,
    known: Known,
}

impl ReaderModel {
    /// Loads the ONNX model at `path` and everything that there is to know about it.
    ///
    /// Its characters are named in a `model.toml` beside it (`output.alphabet`, and `output.blank` or `output.pad`). What
    /// else is not said there is taken as: red before blue, or grey where its input has one channel; 0..1 without
    /// normalisation, or 0..255 where its input is bytes; the plate stretched over the whole input. Of
    /// several outputs the first that fits the alphabet is read.
    ///
    /// # Errors
    /// [`ModelError`]: as for [`Model::load`](crate::Model::load), or the model reads no text; the message says what was
    /// found and what to do.
    pub fn load(path: impl AsRef<Path>, options: &ModelOptions) -> Result<ReaderModel, ModelError> {
        let path = path.as_ref();
        ReaderModel::judge(path, open(path, options)?)
    }

    /// What a model that was opened is, as a reader.
    pub(crate) fn judge(path: &Path, mut opened: Opened) -> Result<ReaderModel, ModelError> {
        opened.check_task(Task::Read)?;
        let refused = |reason: String, found: &str| ModelError::NoReader {
            path: path.to_owned(),
            reason,
            found: found.to_owned(),
        };
        let ports = Ports::of(&opened.session, &opened.manifest.input)
            .map_err(|reason| refused(reason, &opened.ports))?;
        let alphabet =
            Alphabet::of(&opened.manifest.output).map_err(|reason| refused(reason, &opened.ports))?;
        let look =
            expected(&opened.manifest.input, ports).map_err(|reason| refused(reason, &opened.ports))?;
        let tried = try_out(&mut opened.session, (ports, &alphabet))
            .map_err(|reason| refused(reason, &opened.ports))?;
        let classes = alphabet.characters.len();
        let info = ReaderInfo {
            input: ports.input,
            layout: ports.layout,
            channels: ports.channels,
            colour: look.colour,
            scale: look.scale,
            mean: look.shift.mean,
            std: look.shift.std,
            fit: look.fit,
            margin: look.margin,
            batch: tried.batch,
            text: alphabet.layout,
            columns: tried.numbers / classes,
            classes,
            readable: alphabet.readable(),
            file: ModelFile::of(path, &opened),
        };
        tracing::debug!(model = %info.file.name, columns = info.columns, "loaded a reader");
        let Tried { output, numbers, scores, .. } = tried;
        let known = Known { alphabet, look, scores, output, numbers };
        Ok(ReaderModel { session: opened.session, info: Arc::new(info), known })
    }

    /// Lets it read only these characters: single ones, and ranges such as `A-Z`.
    ///
    /// # Errors
    /// [`ModelError::NoReader`] where it knows none of them.
    pub fn restrict(mut self, characters: &str) -> Result<ReaderModel, ModelError> {
        self.known.alphabet.restrict(characters).map_err(|reason| ModelError::NoReader {
            path: self.info.file.path.clone(),
            reason,
            found: format!("{} classes", self.info.classes),
        })?;
        let readable = self.known.alphabet.readable();
        self.info = Arc::new(ReaderInfo { readable, ..ReaderInfo::clone(&self.info) });
        Ok(self)
    }

    /// What is known about it.
    #[must_use]
    pub fn info(&self) -> &ReaderInfo {
        &self.info
    }

    /// The reader that runs it; one thread owns it.
    #[must_use]
    pub fn into_session(self) -> ReaderSession {
        ReaderSession::new(self.session, self.info, self.known)
    }
}

fn expected(said: &Input, ports: Ports) -> Result<Look, String> {
    if ports.bytes && (said.scale == Some(Scale::Unit) || said.mean.is_some() || said.normalise.is_some()) {
        return Err(
            "its input is bytes, which are shown as they are; leave scale, mean, std and normalise out of \
                    its model.toml"
                .to_owned(),
        );
    }
    let scale = said.scale.unwrap_or(if ports.bytes { Scale::Byte } else { Scale::Unit });
    let shift = match (said.mean, said.std, said.normalise) {
        (Some(mean), Some(std), _) => Shift { mean, std },
        (.., Some(Normalise::Imagenet)) => Shift::IMAGENET.in_units_of(scale),
        _ => Shift::NONE,
    };
    Ok(Look {
        ports,
        colour: said.colour.unwrap_or(ColourOrder::Rgb),
        scale,
        shift,
        fit: said.fit.unwrap_or(Fit::Stretch),
        pad: said.pad.unwrap_or(0),
        margin: said.margin.unwrap_or(USUAL_MARGIN),
    })
}

/// What a model gave.
struct Tried {
    batch: Batch,
    output: usize,
    numbers: usize,
    scores: Scores,
}

/// Runs the model on a grey picture, and on two where it takes batches.
fn try_out(session: &mut OrtSession, (ports, alphabet): (Ports, &Alphabet)) -> Result<Tried, String> {
    let classes = alphabet.characters.len();
    let count = match ports.batch {
        Batch::Fixed(count) => count,
        Batch::Dynamic => 1,
    };
    let outputs = run(session, &ports, count)?;
    let mut found = None;
    let mut wrong = Vec::new();
    for (index, output) in outputs.into_iter().enumerate() {
        match output.and_then(|numbers| of_one(numbers, count, alphabet)) {
            Ok(columns) => {
                found = Some((index, columns));
                break;
            }
            Err(reason) => wrong.push(reason),
        }
    }
    let (output, columns) = found.ok_or_else(|| wrong.join("; "))?;
    if let Some(at) = columns.iter().position(|value| !value.is_finite()) {
        return Err(format!("its output for a grey picture has {} at position {at}", columns[at]));
    }
    let batch = match ports.batch {
        // Some exports declare any batch and have one picture built in.
        Batch::Dynamic => match run(session, &ports, 2).map(|outputs| outputs.into_iter().nth(output)) {
            Ok(Some(Ok((shape, values))))
                if shape.first() == Some(&2) && values.len() == 2 * columns.len() =>
            {
                Batch::Dynamic
            }
            _ => Batch::Fixed(1),
        },
        Batch::Fixed(_) => ports.batch,
    };
    Ok(Tried { batch, output, numbers: columns.len(), scores: kind(&columns, classes) })
}

fn run(
    session: &mut OrtSession,
    ports: &Ports,
    count: usize,
) -> Result<Vec<Result<Numbers, String>>, String> {
    let tensor = vec![if ports.bytes { 114.0 } else { 0.447 }; ports.slot_len() * count];
    let mut bytes = Vec::new();
    let value = value(ports.bytes, ports.shape(count), (tensor.as_slice(), &mut bytes))
        .map_err(|error| error.to_string())?;
    run_watched(session, value)
}

/// The columns of the first of `count` pictures, if this output has columns of that alphabet.
fn of_one((shape, mut values): Numbers, count: usize, alphabet: &Alphabet) -> Result<Vec<f32>, String> {
    let classes = alphabet.characters.len();
    let count_is = |side: i64, wanted: usize| usize::try_from(side) == Ok(wanted);
    let columns = match (shape.as_slice(), alphabet.layout) {
        (&[batch, columns, last], _) if count_is(batch, count) && count_is(last, classes) => {
            usize::try_from(columns).unwrap_or(0)
        }
        (&[batch, all], TextLayout::Slots) if count_is(batch, count) => {
            usize::try_from(all).ok().filter(|all| all.is_multiple_of(classes)).map_or(0, |all| all / classes)
        }
        _ => 0,
    };
    if !(1..=MOST_COLUMNS).contains(&columns) {
        return Err(format!(
            "it has an output of the shape {shape:?}, and [{count}, columns, {classes}] is expected for an alphabet of \
             {classes} characters, the silent one included"
        ));
    }
    values.truncate(columns * classes);
    Ok(values)
}
