//! The canvas of one frame: a painted background, shadows, sprites from far to near, then light and
//! sensor noise on the way to I420.

use ocellus_core::{Picture, Point, Size};

use super::paint::{Paint, Yuv};
use super::stamp::{Sprite, span};
use crate::scene::rng::{Rng, hash};

/// How many different noise values there are; rows start at different ones.
const NOISE_LEN: usize = 1 << 14;

/// What the whole picture undergoes at the end.
#[derive(Debug, Clone, Copy)]
pub(in crate::scene) struct Exposure {
    /// Factor on light; 1 leaves it.
    pub(in crate::scene) gain: f32,
    /// Shift of the two colour differences, in steps of 8 bits.
    pub(in crate::scene) tint: (f32, f32),
    /// Share of light that a full shadow takes, 0..1.
    pub(in crate::scene) shadow: f32,
    /// Tells the noise of one frame from that of another.
    pub(in crate::scene) noise_seed: u64,
}

/// A canvas and the background it starts every frame from.
pub(in crate::scene) struct Canvas {
    size: Size,
    background: Vec<Yuv>,
    standing_shadows: Vec<u8>,
    planes: [Vec<u8>; 3],
    shadows: Vec<u8>,
    /// Who is seen at each pixel: 1 + the position in `seen`, 0 for the background.
    owners: Vec<u16>,
    seen: Vec<Coverage>,
    noise: Vec<i8>,
}

/// Pixels of one sprite.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::scene) struct Coverage {
    /// That it covers, alone.
    pub(in crate::scene) own: u32,
    /// That are left after what was drawn before it.
    pub(in crate::scene) visible: u32,
}

impl Canvas {
    /// A canvas over a background, one colour a pixel, row by row; `noise` is the deviation of a pixel's
    /// luma in steps of 8 bits.
    pub(in crate::scene) fn new(size: Size, background: &[Paint], noise: f64, rng: &mut Rng) -> Canvas {
        let pixels = size.width as usize * size.height as usize;
        let noise = (0..NOISE_LEN).map(|_| {
            // A sum of four uniform numbers is close to normal; each has a variance of 1/12.
            let sum: f64 = (0..4).map(|_| rng.range(-0.5, 0.5)).sum();
            (sum * 3.0_f64.sqrt() * noise).round() as i8
        });
        Canvas {
            size,
            background: background.iter().map(|paint| paint.stored()).collect(),
            standing_shadows: vec![0; pixels],
            planes: std::array::from_fn(|_| vec![0; pixels]),
            shadows: vec![0; pixels],
            owners: vec![0; pixels],
            seen: Vec::new(),
            noise: noise.collect(),
        }
    }

    /// Adds the shadow of something that never moves.
    pub(in crate::scene) fn add_standing_shadow(&mut self, sprite: &Sprite) {
        lay(&mut self.standing_shadows, self.size.width as usize, sprite, 255);
    }

    /// Starts a frame.
    pub(in crate::scene) fn begin(&mut self) {
        self.shadows.copy_from_slice(&self.standing_shadows);
        self.owners.fill(0);
        self.seen.clear();
    }

    /// Adds a shadow of a given strength, 0..255.
    pub(in crate::scene) fn add_shadow(&mut self, sprite: &Sprite, strength: u16) {
        lay(&mut self.shadows, self.size.width as usize, sprite, strength);
    }

    /// Lays all shadows on the ground; things come after.
    pub(in crate::scene) fn settle_shadows(&mut self, exposure: &Exposure) {
        let share = (exposure.shadow.clamp(0.0, 1.0) * 256.0) as u32;
        let [luma, blue, red] = &mut self.planes;
        for (index, (ground, shadow)) in self.background.iter().zip(&self.shadows).enumerate() {
            let left = 65_280 - share * u32::from(*shadow);
            // The factor is at most 1, so that the sum stays within a byte.
            luma[index] = (16 + ((u32::from(ground[0].max(16)) - 16) * left) / 65_280) as u8;
            blue[index] = ground[1];
            red[index] = ground[2];
        }
    }

    /// Lays a thing over everything so far.
    pub(in crate::scene) fn add(&mut self, sprite: &Sprite) {
        let number = self.seen.len() + 1;
        let Ok(owner) = u16::try_from(number) else { return };
        let mut coverage = Coverage::default();
        let stride = self.size.width as usize;
        for (row, line) in sprite.pixels.chunks_exact(sprite.width.max(1)).enumerate() {
            let start = (sprite.top + row) * stride + sprite.left;
            for (index, (colour, alpha)) in (start..).zip(line) {
                if *alpha == 0 {
                    continue;
                }
                for (plane, part) in self.planes.iter_mut().zip(colour) {
                    plane[index] = blend(plane[index], *part, *alpha);
                }
                if *alpha >= 128 {
                    coverage.own += 1;
                    let before = std::mem::replace(&mut self.owners[index], owner);
                    if let Some(hidden) = usize::from(before).checked_sub(1) {
                        self.seen[hidden].visible -= 1;
                    }
                }
            }
        }
        coverage.visible = coverage.own;
        self.seen.push(coverage);
    }

    /// The pixels of the n-th thing that was added, as far as it is visible by now.
    pub(in crate::scene) fn coverage(&self, thing: usize) -> Coverage {
        self.seen.get(thing).copied().unwrap_or_default()
    }

    /// The share, 0..1, of a convex outline in pixels in which the n-th thing that was added is what one sees;
    /// 0 for an outline that holds no pixel's middle.
    pub(in crate::scene) fn share_seen(&self, thing: usize, outline: &[Point; 4]) -> f32 {
        let outline = outline.map(|corner| (corner.x, corner.y));
        let (mut all, mut seen) = (0_u32, 0_u32);
        let stride = self.size.width as usize;
        for (row, owners) in self.owners.chunks_exact(stride.max(1)).enumerate() {
            let Some((enter, leave)) = span(&outline, row as f32 + 0.5) else { continue };
            let from = (enter - 0.5).ceil().clamp(0.0, stride as f32) as usize;
            let to = (leave - 0.5).ceil().clamp(0.0, stride as f32) as usize;
            for owner in &owners[from..to.max(from)] {
                all += 1;
                seen += u32::from(usize::from(*owner) == thing + 1);
            }
        }
        if all == 0 { 0.0 } else { seen as f32 / all as f32 }
    }

    /// The finished picture.
    pub(in crate::scene) fn picture(&self, exposure: &Exposure) -> Picture {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut data = Vec::with_capacity(Picture::byte_len(self.size));
        let gain = (exposure.gain.clamp(0.0, 4.0) * 256.0) as i32;
        let [luma, blue, red] = &self.planes;
        for (row, line) in luma.chunks_exact(width).enumerate() {
            let start = hash(exposure.noise_seed ^ ((row as u64) << 40)) as usize % (NOISE_LEN / 2);
            let mut noise = self.noise[start..].iter().chain(&self.noise).cycle();
            // Wide pictures are rare; the noise of the others lies in one piece.
            if let Some(piece) = self.noise.get(start..start + width) {
                data.extend(line.iter().zip(piece).map(|(y, n)| expose(*y, gain, i32::from(*n))));
            } else {
                data.extend(
                    line.iter().map(|y| expose(*y, gain, noise.next().copied().map_or(0, i32::from))),
                );
            }
        }
        for (plane, tint) in [(blue, exposure.tint.0), (red, exposure.tint.1)] {
            let tint = tint.round() as i32;
            for row in (0..height).step_by(2) {
                let upper = plane[row * width..(row + 1) * width].chunks_exact(2);
                let lower = plane[(row + 1) * width..(row + 2) * width].chunks_exact(2);
                data.extend(upper.zip(lower).map(|(a, b)| {
                    let sum = i32::from(a[0]) + i32::from(a[1]) + i32::from(b[0]) + i32::from(b[1]);
                    (128 + tint + (((sum - 512) * gain + 512) >> 10)).clamp(1, 254) as u8
                }));
            }
        }
        #[expect(
            clippy::expect_used,
            reason = "settings admit even sizes only, and every plane was added whole"
        )]
        Picture::from_i420(self.size, data).expect("three whole planes of an even size")
    }
}

/// Keeps, pixel by pixel, the stronger of a shadow and what lies there.
fn lay(mask: &mut [u8], stride: usize, sprite: &Sprite, strength: u16) {
    for (row, line) in sprite.pixels.chunks_exact(sprite.width.max(1)).enumerate() {
        let start = (sprite.top + row) * stride + sprite.left;
        for (below, (_, alpha)) in mask[start..start + line.len()].iter_mut().zip(line) {
            *below = (*below).max((u16::from(*alpha) * strength.min(255) / 255) as u8);
        }
    }
}

fn blend(below: u8, above: u8, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    ((u32::from(below) * (255 - alpha) + u32::from(above) * alpha + 127) / 255) as u8
}

fn expose(luma: u8, gain: i32, noise: i32) -> u8 {
    (16 + (((i32::from(luma) - 16) * gain) >> 8) + noise).clamp(1, 254) as u8
}
