//! Loading the models that read number plates.

use std::path::Path;

use ocellus_inference::{ModelOptions, PlateModel, PlateReader, ReaderModel};

use super::files;
use crate::models::Shelf;

/// A detector of plates and a reader of their text, by their files or as those of the shelf; none are bundled. `characters` says what may be read; all that
/// the reader knows without.
pub(crate) fn load(
    (detector, reader): (&Path, &Path),
    characters: Option<&str>,
    shelf: &Shelf,
    options: &ModelOptions,
) -> anyhow::Result<PlateReader> {
    let (detector, reader) = (shelf.find(detector)?, shelf.find(reader)?);
    files::expect_regular("detector of plates", &detector)?;
    files::expect_regular("reader of plates", &reader)?;
    let detector = PlateModel::load(&detector, options)?;
    let mut reader = ReaderModel::load(&reader, options)?;
    if let Some(characters) = characters {
        reader = reader.restrict(characters)?;
    }
    Ok(PlateReader::new(detector.into_session(), reader.into_session()))
}
