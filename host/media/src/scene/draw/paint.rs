//! Colours, held as luma and two colour differences so that a picture needs no conversion.

/// A colour in full light: luma above black (0..219) and the two colour differences around 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::scene) struct Paint {
    pub(super) y: f32,
    pub(super) u: f32,
    pub(super) v: f32,
}

/// Luma and colour differences as an I420 picture stores them.
pub(in crate::scene) type Yuv = [u8; 3];

impl Paint {
    /// From red, green and blue, 0..255 (ITU-R BT.601, limited range).
    pub(in crate::scene) const fn rgb(red: u8, green: u8, blue: u8) -> Paint {
        let (r, g, b) = (red as f32, green as f32, blue as f32);
        Paint {
            y: 0.2568 * r + 0.5041 * g + 0.0979 * b,
            u: -0.1482 * r - 0.2910 * g + 0.4392 * b,
            v: 0.4392 * r - 0.3678 * g - 0.0714 * b,
        }
    }

    /// The colour under `light`: 1 leaves it, less darkens it.
    pub(in crate::scene) fn lit(self, light: f32) -> Paint {
        Paint { y: self.y * light, u: self.u * light, v: self.v * light }
    }

    /// The sum of two colours, for averages.
    pub(in crate::scene) fn plus(self, other: Paint) -> Paint {
        Paint { y: self.y + other.y, u: self.u + other.u, v: self.v + other.v }
    }

    /// A colour between this one (0) and `other` (1).
    pub(in crate::scene) fn mixed(self, other: Paint, share: f32) -> Paint {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        Paint { y: mix(self.y, other.y), u: mix(self.u, other.u), v: mix(self.v, other.v) }
    }

    /// How different two colours are, in steps of 8 bits; differences of colour weigh more than those of brightness.
    pub(in crate::scene) fn unlike(self, other: Paint) -> f32 {
        (self.y - other.y).abs() + 1.4 * ((self.u - other.u).abs() + (self.v - other.v).abs())
    }

    /// As stored. Values out of range stop at its ends.
    pub(in crate::scene) fn stored(self) -> Yuv {
        let byte = |value: f32| (value + 0.5).clamp(1.0, 254.0) as u8;
        [byte(self.y + 16.0), byte(self.u + 128.0), byte(self.v + 128.0)]
    }
}
