//! The seam to the models that read number plates, and how their time is shared out over cameras.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Picture, Size};
use ocellus_inference::{Crop, PlateReader, ReadPlate};

use crate::camera::feed::{Feed, Waiting};
use crate::camera::plates::{PlateLook, PlatePart};
use crate::embedder::share;

/// Finds number plates in parts of pictures, and reads them. One thread owns it.
pub trait Reader: Send {
    /// The size of what it sees at once, in pixels: a part that is larger loses by it.
    fn input(&self) -> Size;

    /// The plates in each part of a picture, in the order of `parts`.
    ///
    /// # Errors
    /// [`ReaderError`] when the parts could not be looked at; nothing was read then.
    fn read(&mut self, parts: &[Crop<'_>]) -> Result<Vec<Vec<ReadPlate>>, ReaderError>;
}

/// Why parts of pictures could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReaderError(pub String);

impl Reader for PlateReader {
    fn input(&self) -> Size {
        PlateReader::input(self)
    }

    fn read(&mut self, parts: &[Crop<'_>]) -> Result<Vec<Vec<ReadPlate>>, ReaderError> {
        PlateReader::read(self, parts).map_err(|error| ReaderError(error.to_string()))
    }
}

/// A reader of plates for live cameras.
pub struct LiveReader {
    /// The models, owned by the detector's thread from now on.
    pub reader: Box<dyn Reader>,
    /// How long it may take in a round of all cameras. What it has no time for then is left out and counted, so that
    /// detection does not wait for it.
    pub round: Duration,
}

/// What became of the looks for number plates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCounts {
    /// Looks that were worth it: at a vehicle, or at a small picture as a whole.
    pub wanted: u64,
    /// Of these, those that were made.
    pub made: u64,
    /// Those for which the camera's budget or the round's time was too short, or the reader failed.
    pub skipped: u64,
    /// Plates that were read in them.
    pub plates: u64,
}

/// What became of a frame's looks: one entry a detection, or none at all.
pub(crate) type PlateLooks = Vec<Option<PlateLook>>;

/// Makes the looks `parts` at one picture.
pub(crate) fn look(
    reader: &mut dyn Reader,
    picture: &Picture,
    parts: Vec<PlatePart>,
) -> Result<Vec<(PlatePart, Vec<ReadPlate>)>, ReaderError> {
    let crops: Vec<Crop<'_>> = parts.iter().map(|part| Crop { picture, rect: part.rect }).collect();
    let read = if crops.is_empty() { Vec::new() } else { reader.read(&crops)? };
    Ok(parts.into_iter().zip(read).collect())
}

/// Shares out the reader's time.
pub(crate) struct ReadRounds {
    live: LiveReader,
    /// What one look takes, smoothed; none before the first.
    cost: Option<Duration>,
}

impl ReadRounds {
    pub(crate) fn new(live: LiveReader) -> ReadRounds {
        ReadRounds { live, cost: None }
    }

    /// What the plates of each camera's detections say: one list a camera, empty where nothing was looked at.
    ///
    /// # Errors
    /// [`ReaderError`]; frames go on without.
    pub(crate) fn look(
        &mut self,
        (batch, pictures): (&[(Arc<Feed>, Waiting)], &[Picture]),
        found: &[Vec<Detection>],
    ) -> Result<Vec<PlateLooks>, ReaderError> {
        let input = self.live.reader.input();
        let wanted: Vec<Vec<PlatePart>> = batch
            .iter()
            .zip(found)
            .map(|((feed, waiting), found)| feed.wanted_plates(waiting, found, input))
            .collect();
        let places: Vec<Vec<usize>> = wanted.iter().map(|parts| (0..parts.len()).collect()).collect();
        let budgets: Vec<usize> = batch.iter().map(|(feed, _)| feed.plate_budget()).collect();
        let mut chosen = share(&places, &budgets, self.affordable());
        chosen.sort_unstable();
        let crops: Vec<Crop<'_>> = chosen
            .iter()
            .map(|(camera, part)| Crop { picture: &pictures[*camera], rect: wanted[*camera][*part].rect })
            .collect();
        let started = Instant::now();
        let read = if crops.is_empty() { Ok(Vec::new()) } else { self.live.reader.read(&crops) };
        let each = self.note(started.elapsed(), crops.len());
        let mut made: Vec<Vec<(PlatePart, Vec<ReadPlate>)>> = vec![Vec::new(); batch.len()];
        for ((camera, part), plates) in
            chosen.iter().zip(read.as_ref().map(Vec::as_slice).unwrap_or_default())
        {
            made[*camera].push((wanted[*camera][*part].clone(), plates.clone()));
        }
        let lists = batch.iter().zip(found).zip(wanted.iter().zip(&made)).map(
            |(((feed, _), found), (wanted, made))| {
                let elapsed = each * u32::try_from(made.len()).unwrap_or(u32::MAX);
                feed.take_in_plates((wanted.len(), elapsed), found, made)
            },
        );
        let lists = lists.collect();
        read.map(|_| lists)
    }

    /// How many looks fit into a round; one at least, so that what is known of its cost does not stay for ever.
    fn affordable(&self) -> usize {
        let Some(cost) = self.cost else { return 1 };
        let fit = self.live.round.as_secs_f64() / cost.as_secs_f64().max(1e-9);
        (fit as usize).max(1)
    }

    /// Takes in what so many looks took; what one did.
    fn note(&mut self, elapsed: Duration, looks: usize) -> Duration {
        let Some(each) = u32::try_from(looks).ok().and_then(|looks| elapsed.checked_div(looks)) else {
            return Duration::ZERO;
        };
        self.cost = Some(self.cost.map_or(each, |cost| (cost * 7 + each) / 8));
        each
    }
}
