use ocellus_core::{Segment, TimeUs};

use super::*;

const SIZE: Size = Size::new(320, 180);

fn grey_picture() -> Picture {
    let mut data = vec![60_u8; 320 * 180];
    data.resize(320 * 180 * 3 / 2, 128);
    Picture::from_i420(SIZE, data).unwrap()
}

fn track(id: u64, rect: Rect, state: TrackState) -> Track {
    Track { id, class: 2, confidence: 0.91, state, rect, first_seen: TimeUs(0), ground: None }
}

fn drawn(annotations: &Annotations<'_>) -> Picture {
    annotate(&grey_picture(), annotations, None).unwrap()
}

/// Luma and both chroma samples at a pixel.
fn at(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let width = picture.size().width as usize;
    let chroma = y / 2 * (width / 2) + x / 2;
    [picture.y()[y * width + x], picture.u()[chroma], picture.v()[chroma]]
}

fn of(ink: palette::Ink) -> [u8; 3] {
    [ink.y, ink.u, ink.v]
}

#[test]
fn nothing_to_draw_leaves_the_picture_as_it_is_and_the_original_is_never_touched() {
    let original = grey_picture();
    let rect = Rect::new(40.0, 60.0, 80.0, 60.0);
    let tracks = [track(1, rect, TrackState::Confirmed)];
    assert_eq!(annotate(&original, &Annotations::default(), None).unwrap().data(), original.data());
    let changed =
        annotate(&original, &Annotations { tracks: &tracks, ..Annotations::default() }, None).unwrap();
    assert_ne!(changed.data(), original.data());
    assert_eq!(original.data(), grey_picture().data());
}

#[test]
fn a_box_has_its_tracks_colour_in_all_planes_and_an_untouched_inside() {
    let tracks = [track(7, Rect::new(40.0, 60.0, 80.0, 60.0), TrackState::Confirmed)];
    let picture = drawn(&Annotations { tracks: &tracks, ..Annotations::default() });
    for (x, y) in [(40, 100), (120, 100), (100, 120)] {
        assert_eq!(at(&picture, x, y), of(palette::of_track(7)), "{x},{y}");
    }
    assert_eq!(at(&picture, 80, 90), [60, 128, 128]);
}

#[test]
fn lost_tracks_are_not_drawn_and_tentative_ones_have_no_label() {
    let rect = Rect::new(40.0, 60.0, 80.0, 60.0);
    let lost = [track(7, rect, TrackState::Lost)];
    assert_eq!(drawn(&Annotations { tracks: &lost, ..Annotations::default() }).data(), grey_picture().data());
    let tentative = [track(7, rect, TrackState::Tentative)];
    let picture = drawn(&Annotations { tracks: &tentative, ..Annotations::default() });
    assert_eq!(at(&picture, 60, 54), [60, 128, 128]);
}

#[test]
fn boxes_and_trails_follow_the_scale_of_the_view() {
    let tracks = [track(7, Rect::new(40.0, 60.0, 80.0, 60.0), TrackState::Confirmed)];
    let annotations = Annotations { tracks: &tracks, ..Annotations::default() };
    let picture = annotate(&grey_picture(), &annotations, Some(90)).unwrap();
    assert_eq!(picture.size(), Size::new(160, 90));
    assert_eq!(at(&picture, 20, 50), of(palette::of_track(7)));
}

#[test]
fn overlays_take_the_colour_of_their_tone() {
    let line = |x: f32, tone| Overlay::Line {
        segment: Segment::new(Point::new(x, 0.0), Point::new(x, 1.0)),
        tone,
        label: String::new(),
    };
    let overlays = [line(0.25, Tone::Good), line(0.5, Tone::Bad), line(0.75, Tone::Neutral)];
    let picture = drawn(&Annotations { overlays: overlays.iter().collect(), ..Annotations::default() });
    for (x, tone) in [(80, Tone::Good), (160, Tone::Bad), (240, Tone::Neutral)] {
        assert_eq!(at(&picture, x, 90), of(palette::of_tone(tone)), "{tone:?}");
    }
}

#[test]
fn a_trail_joins_the_centres_seen() {
    let mut trails = Trails::new();
    for (time, x) in [(1, 20.0), (2, 100.0)] {
        trails.update(TimeUs(time), &[track(3, Rect::new(x, 88.0, 4.0, 4.0), TrackState::Confirmed)]);
    }
    let picture = drawn(&Annotations { trails: Some(&trails), ..Annotations::default() });
    assert_eq!(at(&picture, 60, 90), of(palette::of_track(3)));
}

#[test]
fn wild_input_draws_something_or_nothing_but_never_fails() {
    let tracks = [
        track(u64::MAX, Rect::new(f32::NAN, 0.0, 1.0, 1.0), TrackState::Confirmed),
        track(1, Rect::new(-1e30, -1e30, 2e30, 2e30), TrackState::Confirmed),
        track(2, Rect::new(f32::MAX, f32::MAX, 1.0, 1.0), TrackState::Confirmed),
        track(3, Rect::new(10.0, 10.0, -50.0, -50.0), TrackState::Confirmed),
    ];
    let overlays = [
        Overlay::Polygon { corners: vec![], tone: Tone::Bad, label: "x".repeat(10_000) },
        Overlay::Polygon {
            corners: vec![Point::new(f32::INFINITY, 0.0); 3],
            tone: Tone::Bad,
            label: "a\0b\nc ü".to_owned(),
        },
        Overlay::Polygon {
            corners: vec![Point::new(0.5, 0.5); 100_000],
            tone: Tone::Bad,
            label: "dot".to_owned(),
        },
        Overlay::Label { at: Point::new(-9e9, 9e9), tone: Tone::Good, text: "corner \u{1F697}".to_owned() },
    ];
    let annotations =
        Annotations { tracks: &tracks, overlays: overlays.iter().collect(), ..Annotations::default() };
    for height in [None, Some(2), Some(90)] {
        annotate(&grey_picture(), &annotations, height).unwrap();
    }
    assert!(
        annotated_jpeg(&grey_picture(), &annotations, &JpegOptions::default())
            .unwrap()
            .starts_with(&[0xff, 0xd8])
    );
}
