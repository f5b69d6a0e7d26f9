//! What a viewer sees over the picture: boxes, labels, trails and what rules want drawn.
//!
//! Drawn on a scaled copy in YUV, so that the encoder can take it as it is.

mod canvas;
mod palette;
mod trails;

use std::sync::Arc;

use ocellus_core::event::Tone;
use ocellus_core::picture::PictureError;
use ocellus_core::{Overlay, Picture, Point, Rect, Size, Track, TrackState};

use crate::ffmpeg::planes;
use crate::jpeg::{self, JpegError, JpegOptions};
use crate::resize::{fitted, resize};
pub(crate) use canvas::single_threaded;
use canvas::{Canvas, Style};
pub use trails::Trails;

/// More than anybody could tell apart; a rule or a model gone wild must not cost a core.
const MAX_ITEMS: usize = 1000;
/// Corners of one polygon that are drawn.
const MAX_CORNERS: usize = 256;

/// What to draw. Boxes and trails are in pixels of the source picture, overlays in 0..1 of it.
#[derive(Debug, Clone, Default)]
pub struct Annotations<'a> {
    /// Confirmed tracks get a box and a label `ID:7 car 0.91`, tentative ones a thin box, lost ones none.
    pub tracks: &'a [Track],
    /// Names of the classes by index.
    pub classes: &'a [String],
    /// Where the tracks came from.
    pub trails: Option<&'a Trails>,
    /// What the rules want drawn, lowest first.
    pub overlays: Vec<&'a Overlay>,
}

/// Why nothing could be drawn.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DrawError {
    /// The drawing library refused.
    #[error("drawing failed: {0}")]
    Canvas(String),
    /// The size is not possible.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The drawn picture could not be encoded.
    #[error(transparent)]
    Jpeg(#[from] JpegError),
}

impl From<opencv::Error> for DrawError {
    fn from(error: opencv::Error) -> DrawError {
        DrawError::Canvas(error.message)
    }
}

/// Draws on a copy of `picture`, at most `max_height` pixels high, and encodes it.
///
/// # Errors
/// [`DrawError`] when memory runs out or the drawing library refuses.
pub fn annotated_jpeg(
    picture: &Picture,
    annotations: &Annotations<'_>,
    options: &JpegOptions,
) -> Result<Vec<u8>, DrawError> {
    let drawn = annotate(picture, annotations, options.max_height)?;
    Ok(jpeg::encode(&drawn, options)?)
}

/// Draws on a copy of `picture`, at most `max_height` pixels high.
///
/// # Errors
/// [`DrawError`] when memory runs out or the drawing library refuses.
pub fn annotate(
    picture: &Picture,
    annotations: &Annotations<'_>,
    max_height: Option<u32>,
) -> Result<Picture, DrawError> {
    let size = fitted(picture.size(), max_height);
    let scaled = resize(picture, size)?;
    let mut data = planes::buffer(scaled.data().len());
    let pixels =
        Arc::get_mut(&mut data).ok_or_else(|| DrawError::Canvas("a new buffer is shared".to_owned()))?;
    pixels.copy_from_slice(scaled.data());
    let mut pen = Pen { canvas: Canvas::new(pixels, size)?, source: picture.size(), size };
    for overlay in annotations.overlays.iter().take(MAX_ITEMS) {
        pen.overlay(overlay)?;
    }
    if let Some(trails) = annotations.trails {
        for (id, points) in trails.iter().take(MAX_ITEMS) {
            let points: Vec<Point> = points.map(|point| pen.at_source(point)).collect();
            pen.canvas.path(&points, Style { ink: palette::of_track(id), thickness: 1, is_closed: false })?;
        }
    }
    for track in annotations.tracks.iter().take(MAX_ITEMS) {
        pen.track(track, annotations.classes)?;
    }
    drop(pen);
    Ok(Picture::from_i420(size, data)?)
}

struct Pen<'a> {
    canvas: Canvas<'a>,
    source: Size,
    size: Size,
}

impl Pen<'_> {
    fn track(&mut self, track: &Track, classes: &[String]) -> Result<(), DrawError> {
        let thickness = match track.state {
            TrackState::Confirmed => 2,
            TrackState::Tentative => 1,
            TrackState::Lost => return Ok(()),
        };
        if !track.rect.is_finite() {
            return Ok(());
        }
        let ink = palette::of_track(track.id);
        let rect = track.rect.normalised(self.source).scaled(self.size);
        self.canvas.rectangle(&rect, Style { ink, thickness, is_closed: true })?;
        if track.state == TrackState::Confirmed {
            let class = classes
                .get(track.class as usize)
                .map_or_else(|| format!("class {}", track.class), Clone::clone);
            let text = format!("ID:{} {class} {:.2}", track.id, track.confidence);
            self.canvas.label(&text, Point::new(rect.x, rect.y), ink)?;
        }
        Ok(())
    }

    fn overlay(&mut self, overlay: &Overlay) -> Result<(), DrawError> {
        match overlay {
            Overlay::Polygon { corners, tone, label } => {
                let points: Vec<Point> =
                    corners.iter().take(MAX_CORNERS).map(|&corner| self.at_share(corner)).collect();
                self.outline(&points, *tone, label)
            }
            Overlay::Line { segment, tone, label } => {
                let points = [self.at_share(segment.from), self.at_share(segment.to)];
                self.outline(&points, *tone, label)
            }
            Overlay::Label { at, tone, text } => {
                let at = self.at_share(*at);
                self.canvas.label(text, at, palette::of_tone(*tone))?;
                Ok(())
            }
        }
    }

    fn outline(&mut self, points: &[Point], tone: Tone, label: &str) -> Result<(), DrawError> {
        let ink = palette::of_tone(tone);
        self.canvas.path(points, Style { ink, thickness: 2, is_closed: points.len() > 2 })?;
        if let (Some(&first), false) = (points.first(), label.is_empty()) {
            self.canvas.label(label, first, ink)?;
        }
        Ok(())
    }

    fn at_source(&self, point: Point) -> Point {
        let rect = Rect::new(point.x, point.y, 0.0, 0.0).normalised(self.source).scaled(self.size);
        Point::new(rect.x, rect.y)
    }

    fn at_share(&self, point: Point) -> Point {
        Point::new(point.x * self.size.width as f32, point.y * self.size.height as f32)
    }
}

#[cfg(test)]
mod tests;
