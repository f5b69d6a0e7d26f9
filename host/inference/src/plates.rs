//! Number plates: finding them in a part of a picture, and reading them.

use std::path::Path;

use ocellus_core::{Detection, Picture, Point, Rect, Size};

use crate::classes::list;
use crate::embed::Crop;
use crate::error::{InferenceError, ModelError};
use crate::info::ModelInfo;
use crate::model::Model;
use crate::options::ModelOptions;
use crate::read::{ReaderSession, Rows, TextCrop, extent};
use crate::session::{Cornered, DetectRequest, Session, Thresholds};

/// What names of classes of plates have in them.
pub(crate) const PLATE: &str = "plate";
/// The class of plates whose text stands in two rows.
pub(crate) const TWO_ROWS: &str = "plate-two-rows";

/// The least score of a plate.
const CONFIDENCE: f32 = 0.3;
/// Overlap from which two boxes are one plate, of whatever class.
const SAME: f32 = 0.5;
/// Plates looked at in one part of a picture, the best ones.
const MOST_PLATES: usize = 16;
/// The least width of a plate in pixels, below which no letter is legible.
const LEAST_WIDTH: f32 = 12.0;

/// A detector of number plates.
#[derive(Debug)]
pub struct PlateModel(Model);

impl PlateModel {
    /// Loads the detector at `path`: any of [`Model::load`], where the name of a class has "plate" in it; other classes are
    /// left out. Plates of the class `plate-two-rows` have two rows of text.
    ///
    /// # Errors
    /// [`ModelError`] as from [`Model::load`], and where no class is one of plates.
    pub fn load(path: impl AsRef<Path>, options: &ModelOptions) -> Result<PlateModel, ModelError> {
        let path = path.as_ref();
        let model = Model::load(path, options)?;
        let classes = &model.info().classes;
        if !classes.iter().any(|class| is_plate(class)) {
            return Err(ModelError::NoPlates {
                path: path.to_owned(),
                reason: format!(
                    "no class of it has \"{PLATE}\" in its name ({}); give a detector of number plates, or name them in \
                     classes = [...] of a model.toml beside it",
                    list(classes)
                ),
            });
        }
        Ok(PlateModel(model))
    }

    /// What is known about it.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        self.0.info()
    }

    /// The session that runs it; one thread owns it.
    #[must_use]
    pub fn into_session(self) -> PlateSession {
        let kinds = self.0.info().classes.iter().map(|class| kind(class)).collect();
        PlateSession { session: self.0.into_session(), kinds }
    }
}

fn is_plate(class: &str) -> bool {
    class.to_ascii_lowercase().contains(PLATE)
}

fn kind(class: &str) -> Option<Rows> {
    is_plate(class).then(|| if class.eq_ignore_ascii_case(TWO_ROWS) { Rows::Two } else { Rows::One })
}

/// A detector of number plates that is ready to run.
#[derive(Debug)]
pub struct PlateSession {
    session: Session,
    /// For each class what plates it has, if any.
    kinds: Vec<Option<Rows>>,
}

/// A number plate in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct FoundPlate {
    rect: Rect,
    confidence: f32,
    corners: [Point; 4],
    rows: Rows,
}

impl PlateSession {
    /// What is known about the detector.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        self.session.info()
    }

    /// The plates in each picture, the best first.
    fn find(&mut self, pictures: &[&Picture]) -> Result<Vec<Vec<FoundPlate>>, InferenceError> {
        let thresholds = Thresholds { confidence: CONFIDENCE, ..Thresholds::default() };
        let requests: Vec<DetectRequest<'_>> =
            pictures.iter().map(|picture| DetectRequest { picture, thresholds, classes: None }).collect();
        let found = self.session.detect_corners(&requests)?;
        let kinds = &self.kinds;
        Ok(found.into_iter().map(|found| plates(found, kinds)).collect())
    }
}

fn plates(found: Vec<Cornered>, kinds: &[Option<Rows>]) -> Vec<FoundPlate> {
    let mut plates: Vec<FoundPlate> = Vec::new();
    for (Detection { rect, class, confidence }, corners) in found {
        let kind = usize::try_from(class).ok().and_then(|class| kinds.get(class).copied().flatten());
        let Some(rows) = kind else { continue };
        let corners = corners.unwrap_or_else(|| corners_of(&rect));
        let is_new = plates.iter().all(|plate| plate.rect.iou(&rect) < SAME);
        if is_new && extent(&corners)[0] >= LEAST_WIDTH && plates.len() < MOST_PLATES {
            plates.push(FoundPlate { rect, confidence, corners, rows });
        }
    }
    plates
}

fn corners_of(rect: &Rect) -> [Point; 4] {
    [(rect.x, rect.y), (rect.right(), rect.y), (rect.right(), rect.bottom()), (rect.x, rect.bottom())]
        .map(|(x, y)| Point::new(x, y))
}

/// A number plate that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlate {
    /// Its box in pixels of the picture.
    pub rect: Rect,
    /// How sure the detector is that it is a plate, 0..1.
    pub found: f32,
    /// What it says.
    pub text: String,
    /// How sure the reader is of all of the text, 0..1.
    pub confidence: f32,
}

/// Finds number plates and reads them. One thread owns it.
#[derive(Debug)]
pub struct PlateReader {
    detector: PlateSession,
    reader: ReaderSession,
}

impl PlateReader {
    /// Of a detector of plates and a reader of their text.
    #[must_use]
    pub fn new(detector: PlateSession, reader: ReaderSession) -> PlateReader {
        PlateReader { detector, reader }
    }

    /// The size of the detector's input in pixels: a part that is larger loses by it.
    #[must_use]
    pub fn input(&self) -> Size {
        self.detector.info().input
    }

    /// The plates in each part of a picture, in the order of `parts`; those of which nothing could be read are left out.
    ///
    /// # Errors
    /// [`InferenceError`] when a model cannot be run; nothing was read then.
    pub fn read(&mut self, parts: &[Crop<'_>]) -> Result<Vec<Vec<ReadPlate>>, InferenceError> {
        let cut: Vec<Option<(Picture, [u32; 2])>> = parts.iter().map(cut).collect();
        let pictures: Vec<&Picture> = cut.iter().flatten().map(|(picture, _)| picture).collect();
        let mut found = self.detector.find(&pictures)?.into_iter();
        let mut plates: Vec<(usize, FoundPlate)> = Vec::new();
        for (index, part) in cut.iter().enumerate() {
            let Some((_, [left, top])) = part else { continue };
            let moved = |plate: FoundPlate| plate.moved(*left as f32, *top as f32);
            plates.extend(found.next().unwrap_or_default().into_iter().map(|plate| (index, moved(plate))));
        }
        let crops: Vec<TextCrop<'_>> = plates
            .iter()
            .map(|(index, plate)| TextCrop {
                picture: parts[*index].picture,
                corners: plate.corners,
                rows: plate.rows,
            })
            .collect();
        let texts = self.reader.read(&crops)?;
        let mut read = vec![Vec::new(); parts.len()];
        for ((index, plate), text) in plates.iter().zip(texts) {
            if !text.text.is_empty() {
                let FoundPlate { rect, confidence: found, .. } = *plate;
                read[*index].push(ReadPlate { rect, found, text: text.text, confidence: text.confidence });
            }
        }
        Ok(read)
    }
}

impl FoundPlate {
    fn moved(self, x: f32, y: f32) -> FoundPlate {
        let Rect { x: left, y: top, width, height } = self.rect;
        FoundPlate {
            rect: Rect::new(left + x, top + y, width, height),
            corners: self.corners.map(|corner| Point::new(corner.x + x, corner.y + y)),
            ..self
        }
    }
}

/// The part as a picture of its own; the picture itself where the part is all of it.
fn cut(part: &Crop<'_>) -> Option<(Picture, [u32; 2])> {
    let size = part.picture.size();
    let whole = Rect::new(0.0, 0.0, size.width as f32, size.height as f32);
    if part.rect == whole { Some((part.picture.clone(), [0, 0])) } else { part.picture.part(&part.rect) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(x: f32, class: u32) -> (Detection, Option<[Point; 4]>) {
        (Detection { rect: Rect::new(x, 10.0, 40.0, 12.0), class, confidence: 0.9 }, None)
    }

    #[test]
    fn classes_of_plates_are_told_by_their_names() {
        assert_eq!(kind("License_Plate"), Some(Rows::One));
        assert_eq!(kind("plate-two-rows"), Some(Rows::Two));
        assert_eq!(kind("car"), None);
    }

    #[test]
    fn one_plate_found_twice_is_one_and_what_is_no_plate_or_too_small_is_none() {
        let tiny = (Detection { rect: Rect::new(300.0, 0.0, 11.0, 4.0), class: 0, confidence: 0.5 }, None);
        let all = vec![found(10.0, 0), found(14.0, 1), found(100.0, 2), found(200.0, 1), tiny];
        let kept = plates(all, &[Some(Rows::One), Some(Rows::Two), None]);
        assert_eq!(kept.iter().map(|plate| plate.rect.x).collect::<Vec<_>>(), [10.0, 200.0]);
        assert_eq!(kept[1].rows, Rows::Two);
        assert_eq!(
            kept[0].corners,
            [(10.0, 10.0), (50.0, 10.0), (50.0, 22.0), (10.0, 22.0)].map(|(x, y)| Point::new(x, y))
        );
    }
}
