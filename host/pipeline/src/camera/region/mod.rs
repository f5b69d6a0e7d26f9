//! Which part of a camera's picture counts: decided before detection and before tracking, so that recordings and replays
//! need to know nothing of it.

mod spec;

use std::sync::{Arc, Mutex, PoisonError};

use ocellus_core::event::Tone;
use ocellus_core::{Detection, Overlay, Picture, Point, Polygon, Rect, Size};
use ocellus_media::Cutout;

pub use self::spec::{RegionError, RegionSpec};

/// A box of which so much lies in a mask was found in what is blanked, whatever its foot point.
const COVERED: f32 = 0.75;
/// The last place in a picture: an object that is cut off by its lower edge stands in an area that reaches down to it.
const LAST: f32 = 0.999_999;

/// Which part of a camera's picture counts.
#[derive(Debug)]
pub struct Region {
    areas: Vec<Polygon>,
    masks: Vec<Polygon>,
    /// Around all areas, where the detector sees no more than that.
    part: Option<Rect>,
    overlays: Arc<[Overlay]>,
    /// For pictures of the size that came last.
    cutout: Mutex<Option<Arc<Cutout>>>,
}

/// Detections that a camera's region kept from the tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IgnoredCounts {
    /// Those that stood in none of the areas.
    pub outside: u64,
    /// Those in a mask.
    pub masked: u64,
}

/// A picture as the detector sees it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) picture: Picture,
    /// Where its top left corner lies in the whole picture, in pixels.
    origin: Point,
}

impl Region {
    fn new(areas: Vec<Polygon>, masks: Vec<Polygon>, crop: bool) -> Region {
        let part = areas.iter().map(Polygon::bounds).reduce(around).filter(|_| crop);
        let outline = |polygon: &Polygon, tone, label: &str| Overlay::Polygon {
            corners: polygon.corners().to_vec(),
            tone,
            label: label.to_owned(),
        };
        let overlays = areas
            .iter()
            .map(|area| outline(area, Tone::Neutral, "region"))
            .chain(masks.iter().map(|mask| outline(mask, Tone::Bad, "masked")))
            .collect();
        Region { areas, masks, part, overlays, cutout: Mutex::default() }
    }

    /// What viewers see of it.
    pub(crate) fn overlays(&self) -> Arc<[Overlay]> {
        Arc::clone(&self.overlays)
    }

    /// A picture as the detector sees it.
    pub(crate) fn show(&self, picture: &Picture) -> Shown {
        let cutout = self.cutout(picture.size());
        Shown { picture: cutout.of(picture), origin: cutout.origin() }
    }

    /// The whole picture without what is masked, of which `shown` is what the detector saw: for who looks at parts of it.
    pub(crate) fn blanked(&self, picture: &Picture, shown: &Shown) -> Picture {
        let size = picture.size();
        if self.masks.is_empty() {
            return picture.clone();
        }
        if self.part.is_none() {
            return shown.picture.clone();
        }
        Cutout::new(size, None, &self.masks).of(picture)
    }

    /// Puts boxes that were found in what was shown where they are in the picture of `size`, and keeps those that count.
    pub(crate) fn judge(&self, shown: &Shown, size: Size, detections: &mut Vec<Detection>) -> IgnoredCounts {
        let mut ignored = IgnoredCounts::default();
        detections.retain_mut(|detection| {
            detection.rect.x += shown.origin.x;
            detection.rect.y += shown.origin.y;
            let rect = detection.rect.normalised(size);
            let foot = Point::new(rect.foot().x.clamp(0.0, LAST), rect.foot().y.clamp(0.0, LAST));
            let masked = self
                .masks
                .iter()
                .any(|mask| mask.contains(foot) || mask.intersection_area(&rect) > rect.area() * COVERED);
            let outside = !self.areas.is_empty() && !self.areas.iter().any(|area| area.contains(foot));
            ignored.masked += u64::from(masked);
            ignored.outside += u64::from(outside && !masked);
            !masked && !outside
        });
        ignored
    }

    fn cutout(&self, size: Size) -> Arc<Cutout> {
        let mut kept = self.cutout.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cutout) = kept.as_ref().filter(|cutout| cutout.whole() == size) {
            return Arc::clone(cutout);
        }
        let cutout = Arc::new(Cutout::new(size, self.part, &self.masks));
        *kept = Some(Arc::clone(&cutout));
        cutout
    }
}

/// The box around both.
fn around(a: Rect, b: Rect) -> Rect {
    Rect::from_corners(a.x.min(b.x), a.y.min(b.y), a.right().max(b.right()), a.bottom().max(b.bottom()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(640, 360);

    fn region(json: &str) -> Region {
        serde_json::from_str::<RegionSpec>(json).unwrap().solve().unwrap()
    }

    fn picture() -> Picture {
        Picture::from_i420(SIZE, vec![60; Picture::byte_len(SIZE)]).unwrap()
    }

    /// A box in shares of the picture.
    fn found(x: f32, y: f32, width: f32, height: f32) -> Detection {
        Detection { rect: Rect::new(x, y, width, height).scaled(SIZE), class: 0, confidence: 0.9 }
    }

    fn judged(region: &Region, mut detections: Vec<Detection>) -> (usize, IgnoredCounts) {
        let shown = region.show(&picture());
        let ignored = region.judge(&shown, SIZE, &mut detections);
        (detections.len(), ignored)
    }

    #[test]
    fn what_stands_in_no_area_is_ignored_wherever_its_head_is() {
        let region =
            region(r#"{"areas":[[[0,0.5],[0.4,0.5],[0.4,1],[0,1]],[[0.6,0.5],[1,0.5],[1,1],[0.6,1]]]}"#);
        let there = vec![found(0.1, 0.2, 0.1, 0.4), found(0.7, 0.1, 0.1, 0.5)];
        assert_eq!(judged(&region, there), (2, IgnoredCounts::default()));
        let elsewhere = vec![found(0.1, 0.2, 0.1, 0.2), found(0.45, 0.5, 0.1, 0.3)];
        assert_eq!(judged(&region, elsewhere), (0, IgnoredCounts { outside: 2, masked: 0 }));
    }

    #[test]
    fn an_object_at_the_lower_edge_stands_in_an_area_that_reaches_down_to_it() {
        let region = region(r#"{"areas":[[[0,0.5],[1,0.5],[1,1],[0,1]]]}"#);
        let cut = vec![found(0.4, 0.7, 0.1, 0.3), found(0.4, 0.7, 0.1, 0.35)];
        assert_eq!(judged(&region, cut).0, 2);
    }

    #[test]
    fn what_is_found_in_a_mask_is_ignored_and_what_only_passes_before_it_is_not() {
        let region = region(r#"{"masks":[[[0.4,0.2],[0.6,0.2],[0.6,0.5],[0.4,0.5]]]}"#);
        // On the screen; larger than it by a trembling edge; a person whose head is before it.
        let found = vec![found(0.45, 0.25, 0.1, 0.2), found(0.4, 0.2, 0.2, 0.31), found(0.45, 0.3, 0.1, 0.5)];
        assert_eq!(judged(&region, found), (1, IgnoredCounts { outside: 0, masked: 2 }));
    }

    #[test]
    fn whoever_looks_at_parts_of_the_picture_does_not_see_what_is_masked() {
        let masks = r#""masks":[[[0.5,0],[1,0],[1,1],[0.5,1]]]"#;
        let area = r#""areas":[[[0.2,0.2],[0.8,0.2],[0.8,0.8],[0.2,0.8]]],"crop":true"#;
        let picture = picture();
        for (json, is_masked) in [
            (format!("{{{masks}}}"), true),
            (format!("{{{masks},{area}}}"), true),
            (format!("{{{area}}}"), false),
        ] {
            let region = region(&json);
            let blanked = region.blanked(&picture, &region.show(&picture));
            assert_eq!(blanked.size(), SIZE);
            let row = &blanked.y()[..SIZE.width as usize];
            assert_eq!((row[100], row[500] != 60), (60, is_masked), "{json}");
        }
    }

    #[test]
    fn boxes_of_a_cropped_picture_come_back_to_where_they_are_in_the_whole() {
        let region = region(r#"{"areas":[[[0.5,0.5],[0.9,0.5],[0.9,0.9],[0.5,0.9]]],"crop":true}"#);
        let shown = region.show(&picture());
        assert_eq!((shown.picture.size(), shown.origin), (Size::new(256, 144), Point::new(320.0, 180.0)));
        let mut detections =
            vec![Detection { rect: Rect::new(10.0, 20.0, 30.0, 40.0), class: 0, confidence: 0.9 }];
        assert_eq!(region.judge(&shown, SIZE, &mut detections), IgnoredCounts::default());
        assert_eq!(detections[0].rect, Rect::new(330.0, 200.0, 30.0, 40.0));
    }
}
