//! Colours, in the YUV of a picture.

use ocellus_core::event::Tone;

/// A colour in limited-range BT.601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink {
    pub(super) y: u8,
    pub(super) u: u8,
    pub(super) v: u8,
}

pub(super) const BLACK_LUMA: u8 = 16;
pub(super) const WHITE_LUMA: u8 = 235;

/// A track's colour: the same in every picture, and far from that of the ids before and after.
pub(super) fn of_track(id: u64) -> Ink {
    // Steps of the golden section spread any run of ids over the circle of hues.
    let hue = ((id % 100_000) as f64 * 0.618_033_988_749_895).fract();
    from_hue(hue)
}

pub(super) fn of_tone(tone: Tone) -> Ink {
    match tone {
        Tone::Neutral => from_rgb([255.0, 214.0, 64.0]),
        Tone::Good => from_rgb([48.0, 208.0, 88.0]),
        Tone::Bad => from_rgb([240.0, 56.0, 48.0]),
    }
}

/// A bright colour of hue 0..1.
fn from_hue(hue: f64) -> Ink {
    let channel = |shift: f64| {
        let distance = ((hue + shift).fract() * 6.0 - 3.0).abs() - 1.0;
        255.0 * (0.25 + 0.75 * distance.clamp(0.0, 1.0))
    };
    from_rgb([channel(0.0), channel(2.0 / 3.0), channel(1.0 / 3.0)])
}

/// ITU-R BT.601, limited range.
fn from_rgb([r, g, b]: [f64; 3]) -> Ink {
    let sample = |value: f64| value.round().clamp(16.0, 240.0) as u8;
    Ink {
        y: sample(16.0 + (65.738 * r + 129.057 * g + 25.064 * b) / 256.0),
        u: sample(128.0 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256.0),
        v: sample(128.0 + (112.439 * r - 94.154 * g - 18.285 * b) / 256.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_colours_match_the_standard() {
        assert_eq!(from_rgb([255.0, 0.0, 0.0]), Ink { y: 81, u: 90, v: 240 });
        assert_eq!(from_rgb([255.0; 3]), Ink { y: 235, u: 128, v: 128 });
        assert_eq!(from_hue(0.0), from_rgb([255.0, 63.75, 63.75]));
    }

    #[test]
    fn a_track_keeps_its_colour_and_neighbours_differ() {
        for id in 0..50 {
            let (a, b) = (of_track(id), of_track(id + 1));
            assert_eq!(a, of_track(id));
            assert!(a.u.abs_diff(b.u) > 20 || a.v.abs_diff(b.v) > 20, "{id}: {a:?} {b:?}");
        }
    }
}
