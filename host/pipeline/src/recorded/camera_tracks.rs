//! The recordings of one camera, one after the other.

use std::io::BufRead;
use std::sync::Arc;

use ocellus_core::{Name, Size, TimeUs};

use crate::record::{RecordEnd, RecordError, RecordReader, RecordedFrame};

/// The tracks of one camera: a file, or several that go on where the one before ended, with gaps between them or without.
#[derive(Debug)]
pub struct CameraTracks<R: BufRead> {
    camera: Name,
    classes: Arc<[String]>,
    files: Vec<File<R>>,
    /// The file that is being read.
    at: usize,
    last: Option<TimeUs>,
}

#[derive(Debug)]
struct File<R: BufRead> {
    name: String,
    tracks: RecordReader<R>,
    /// Its first frame until that is given.
    first: Option<RecordedFrame>,
}

/// Why files are not the recordings of one camera.
#[derive(Debug, thiserror::Error)]
pub enum NotOneCamera {
    /// No file.
    #[error("there is no file")]
    Nothing,
    /// The models differ.
    #[error("{first} and {second} are of one camera, and their classes differ; replay them one by one")]
    Classes {
        /// A file.
        first: String,
        /// One with other classes.
        second: String,
    },
    /// The same once more, perhaps.
    #[error("{first} and {second} are of one camera and begin at the same time; leave out one of the two")]
    Twice {
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
    /// The same time twice.
    #[error("{name} begins before the file before it ends; leave out one of the two")]
    Overlap {
        /// The later one.
        name: String,
    },
    /// A file is damaged.
    #[error("{name}: {error}")]
    Record {
        /// Which.
        name: String,
        /// What is wrong.
        error: RecordError,
    },
}

/// A frame, and the size of the picture that it is of.
pub(super) type SizedFrame = (Size, RecordedFrame);

impl<R: BufRead> CameraTracks<R> {
    /// Takes files of one camera, each with the name that messages call it by, in any order.
    ///
    /// # Errors
    /// [`NotOneCamera`].
    pub fn new(files: Vec<(String, RecordReader<R>)>) -> Result<CameraTracks<R>, NotOneCamera> {
        let begun = |(name, mut tracks): (String, RecordReader<R>)| match tracks.next_frame() {
            Ok(first) => Ok(File { name, tracks, first }),
            Err(error) => Err(NotOneCamera::Record { name, error }),
        };
        let mut files = files.into_iter().map(begun).collect::<Result<Vec<File<R>>, _>>()?;
        // Those without a frame are nowhere in the way.
        files.sort_by_key(|file| file.first.as_ref().map(|frame| frame.time));
        let head = files.first().ok_or(NotOneCamera::Nothing)?;
        let header = head.tracks.header().clone();
        if let Some(other) = files.iter().find(|file| file.tracks.header().classes != header.classes) {
            return Err(NotOneCamera::Classes { first: head.name.clone(), second: other.name.clone() });
        }
        let begun = |file: &File<R>| file.first.as_ref().map(|frame| frame.time);
        let is_twice = |pair: &&[File<R>]| begun(&pair[0]).is_some() && begun(&pair[0]) == begun(&pair[1]);
        if let Some(pair) = files.windows(2).find(is_twice) {
            return Err(NotOneCamera::Twice { first: pair[0].name.clone(), second: pair[1].name.clone() });
        }
        Ok(CameraTracks { camera: header.camera, classes: header.classes.into(), files, at: 0, last: None })
    }

    /// The camera.
    #[must_use]
    pub fn camera(&self) -> &Name {
        &self.camera
    }

    /// Names of the model's classes.
    #[must_use]
    pub fn classes(&self) -> &Arc<[String]> {
        &self.classes
    }

    /// The files by name, and how each ended as far as it was read.
    pub fn ends(&self) -> impl Iterator<Item = (&str, Option<RecordEnd>)> {
        self.files.iter().map(|file| (file.name.as_str(), file.tracks.end()))
    }

    /// The next frame; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<SizedFrame>, NotOneCamera> {
        while let Some(file) = self.files.get_mut(self.at) {
            let frame = match file.first.take() {
                Some(frame) => Some(frame),
                None => file
                    .tracks
                    .next_frame()
                    .map_err(|error| NotOneCamera::Record { name: file.name.clone(), error })?,
            };
            let Some(frame) = frame else {
                self.at += 1;
                continue;
            };
            if self.last.is_some_and(|last| frame.time <= last) {
                return Err(NotOneCamera::Overlap { name: file.name.clone() });
            }
            self.last = Some(frame.time);
            return Ok(Some((file.tracks.header().size, frame)));
        }
        Ok(None)
    }

    /// The files that are cut off, each with its last line.
    pub(super) fn cut(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().filter_map(|file| match file.tracks.end() {
            Some(RecordEnd::Cut { line }) => Some((file.name.as_str(), line)),
            _ => None,
        })
    }
}
