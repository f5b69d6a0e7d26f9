//! Embeddings as recordings hold them: only where they changed, a byte a number.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ocellus_core::embedding::MOST_DIMENSION;
use ocellus_core::{Embedding, TrackEmbeddings};

use crate::wire::TrackEntry;

/// Characters of the longest embedding.
const MOST_CHARACTERS: usize = MOST_DIMENSION.div_ceil(3) * 4;

/// What the last frame of a camera said that its tracks look like. Whoever writes a recording and whoever reads it keep
/// the same; a track that is not in a frame is forgotten.
#[derive(Debug, Default)]
pub(crate) struct KnownEmbeddings {
    tracks: BTreeMap<u64, Embedding>,
}

impl KnownEmbeddings {
    /// Says in `entries` what has changed: one embedding an entry, or none at all.
    pub(crate) fn write(&mut self, entries: &mut [TrackEntry], embeddings: &[Option<Embedding>]) {
        let mut former = std::mem::take(&mut self.tracks);
        for (index, entry) in entries.iter_mut().enumerate() {
            let former = former.remove(&entry.id);
            let now = embeddings.get(index).and_then(Option::as_ref);
            entry.embedding = match (&former, now) {
                (None, None) => None,
                (Some(_), None) => Some(String::new()),
                (Some(former), Some(now)) if former.is_same(now) || former == now => None,
                (_, Some(now)) => Some(STANDARD.encode(now.pack())),
            };
            if let Some(now) = now {
                self.tracks.insert(entry.id, now.clone());
            }
        }
    }

    /// What the tracks of a frame look like: one entry a track, or none at all where nothing is known of any.
    ///
    /// # Errors
    /// A text naming the track whose embedding is none.
    pub(crate) fn read(&mut self, entries: &[TrackEntry]) -> Result<TrackEmbeddings, String> {
        let mut former = std::mem::take(&mut self.tracks);
        let mut read = Vec::with_capacity(entries.len());
        for entry in entries {
            let former = former.remove(&entry.id);
            let now = match entry.embedding.as_deref() {
                None => former,
                Some("") => None,
                Some(text) => Some(unpack(text).map_err(|reason| format!("track {}: {reason}", entry.id))?),
            };
            if let Some(now) = &now {
                self.tracks.insert(entry.id, now.clone());
            }
            read.push(now);
        }
        Ok(if self.tracks.is_empty() { [].into() } else { read.into() })
    }
}

fn unpack(text: &str) -> Result<Embedding, String> {
    if text.len() > MOST_CHARACTERS {
        return Err(format!(
            "embedding has {} characters, and at most {MOST_CHARACTERS} are read",
            text.len()
        ));
    }
    let bytes = STANDARD.decode(text).map_err(|error| format!("embedding is not base64: {error}"))?;
    let length = bytes.len();
    Embedding::unpack(&bytes)
        .ok_or_else(|| format!("embedding has {length} bytes that are none of an embedding"))
}
