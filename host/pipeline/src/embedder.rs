//! The seam to the embedding model, and how its time is shared out over cameras.

use std::time::{Duration, Instant};

use ocellus_core::{Detection, Embedding, Picture};
use ocellus_inference::{Crop, EmbeddingSession};

use crate::camera::feed::{Feed, Waiting};

/// Says what objects look like. One thread owns it.
pub trait Embedder: Send {
    /// What each part of a picture looks like, in the order of `crops`; none where that cannot be said.
    ///
    /// # Errors
    /// [`EmbedderError`] when the parts could not be looked at; none of them has an embedding then.
    fn embed(&mut self, crops: &[Crop<'_>]) -> Result<Vec<Option<Embedding>>, EmbedderError>;
}

/// Why parts of pictures could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EmbedderError(pub String);

impl Embedder for EmbeddingSession {
    fn embed(&mut self, crops: &[Crop<'_>]) -> Result<Vec<Option<Embedding>>, EmbedderError> {
        EmbeddingSession::embed(self, crops).map_err(|error| EmbedderError(error.to_string()))
    }
}

/// An embedder for live cameras.
pub struct LiveEmbedder {
    /// The model, owned by the detector's thread from now on.
    pub embedder: Box<dyn Embedder>,
    /// How long it may take in a round of all cameras. What it has no time for then is left out and counted, so that
    /// detection does not wait for it.
    pub round: Duration,
}

/// What became of the parts of pictures that were worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookCounts {
    /// Detections that were worth a look.
    pub wanted: u64,
    /// Of these, those that were looked at.
    pub embedded: u64,
    /// Those for which the camera's budget or the round's time was too short, or the embedder failed.
    pub skipped: u64,
}

/// Shares out the embedder's time.
pub(crate) struct Rounds {
    live: LiveEmbedder,
    /// What one look takes, smoothed; none before the first.
    cost: Option<Duration>,
}

/// Looks at once before it is known what one takes.
const FIRST: usize = 8;

impl Rounds {
    pub(crate) fn new(live: LiveEmbedder) -> Rounds {
        Rounds { live, cost: None }
    }

    /// What the detections of each camera look like: one list a camera, empty where nothing was looked at. One run for
    /// all cameras.
    ///
    /// # Errors
    /// [`EmbedderError`]; frames go on without.
    pub(crate) fn look(
        &mut self,
        (batch, pictures): (&[(std::sync::Arc<Feed>, Waiting)], &[Picture]),
        found: &[Vec<Detection>],
    ) -> Result<Vec<Vec<Option<Embedding>>>, EmbedderError> {
        let wanted: Vec<Vec<usize>> =
            batch.iter().zip(found).map(|((feed, waiting), found)| feed.wanted(waiting, found)).collect();
        let budgets: Vec<usize> = batch.iter().map(|(feed, _)| feed.budget()).collect();
        let chosen = share(&wanted, &budgets, self.affordable());
        let crops: Vec<Crop<'_>> = chosen
            .iter()
            .map(|(camera, index)| Crop { picture: &pictures[*camera], rect: found[*camera][*index].rect })
            .collect();
        let started = Instant::now();
        let looks = if crops.is_empty() { Ok(Vec::new()) } else { self.live.embedder.embed(&crops) };
        let looked = looks.is_ok();
        let each = self.note(started.elapsed(), crops.len());
        let mut lists: Vec<Vec<Option<Embedding>>> = vec![Vec::new(); batch.len()];
        let mut counts = vec![0_usize; batch.len()];
        let given = looks.as_ref().map(Vec::as_slice).unwrap_or_default();
        for ((camera, index), look) in chosen.iter().zip(given) {
            lists[*camera].resize(found[*camera].len(), None);
            lists[*camera][*index] = look.clone();
        }
        chosen.iter().filter(|_| looked).for_each(|(camera, _)| counts[*camera] += 1);
        for (((feed, _), wanted), count) in batch.iter().zip(&wanted).zip(counts) {
            feed.count_looks(wanted.len(), count, each * u32::try_from(count).unwrap_or(u32::MAX));
        }
        looks.map(|_| lists)
    }

    /// How many looks fit into a round; one at least, so that what is known of its cost does not stay for ever.
    fn affordable(&self) -> usize {
        let Some(cost) = self.cost else { return FIRST };
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

/// The first wishes of all cameras, then their second ones, and so on, until `most` are chosen: (camera, detection).
pub(crate) fn share(wanted: &[Vec<usize>], budgets: &[usize], most: usize) -> Vec<(usize, usize)> {
    let deepest = wanted.iter().map(Vec::len).max().unwrap_or_default();
    let ranks = (0..deepest).flat_map(|rank| {
        let of_rank = wanted.iter().zip(budgets).enumerate();
        of_rank.filter_map(move |(camera, (wanted, budget))| {
            (rank < *budget).then(|| wanted.get(rank).map(|index| (camera, *index))).flatten()
        })
    });
    ranks.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Blind;

    impl Embedder for Blind {
        fn embed(&mut self, crops: &[Crop<'_>]) -> Result<Vec<Option<Embedding>>, EmbedderError> {
            Ok(vec![None; crops.len()])
        }
    }

    fn rounds(round_ms: u64) -> Rounds {
        Rounds::new(LiveEmbedder { embedder: Box::new(Blind), round: Duration::from_millis(round_ms) })
    }

    #[test]
    fn every_camera_has_its_first_wish_before_another_has_its_second() {
        let wanted = [vec![5, 6, 7], vec![], vec![1, 2]];
        assert_eq!(share(&wanted, &[9; 3], 4), [(0, 5), (2, 1), (0, 6), (2, 2)]);
        assert_eq!(share(&wanted, &[9; 3], 1), [(0, 5)]);
        assert_eq!(share(&wanted, &[1, 1, 2], 9), [(0, 5), (2, 1), (2, 2)], "the budgets hold");
        assert_eq!(share(&[], &[], 9), []);
    }

    #[test]
    fn a_round_holds_as_many_looks_as_fit_into_its_time() {
        let mut rounds = rounds(40);
        assert_eq!(rounds.affordable(), FIRST);
        assert_eq!(rounds.note(Duration::from_millis(40), 8), Duration::from_millis(5));
        assert_eq!(rounds.affordable(), 8);
        for _ in 0..100 {
            rounds.note(Duration::from_millis(100), 1);
        }
        assert_eq!(rounds.affordable(), 1, "never none");
        assert_eq!(rounds.note(Duration::from_secs(9), 0), Duration::ZERO);
    }
}
