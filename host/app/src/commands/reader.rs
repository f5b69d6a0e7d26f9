//! Loading the models that read number plates.

use std::path::Path;

use ocellus_inference::{ModelOptions, PlateModel, PlateReader, ReaderModel};

use super::files;

/// A detector of plates and a reader of their text; none are bundled. `characters` says what may be read; all that
/// the reader knows without.
pub(crate) fn load(
    (detector, reader): (&Path, &Path),
    characters: Option<&str>,
    options: &ModelOptions,
) -> anyhow::Result<PlateReader> {
    files::expect_regular("detector of plates", detector)?;
    files::expect_regular("reader of plates", reader)?;
    let detector = PlateModel::load(detector, options)?;
    let mut reader = ReaderModel::load(reader, options)?;
    if let Some(characters) = characters {
        reader = reader.restrict(characters)?;
    }
    Ok(PlateReader::new(detector.into_session(), reader.into_session()))
}
