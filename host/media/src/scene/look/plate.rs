//! Number plates: who has which, and how it is drawn.

use super::glyphs::{COLUMNS, Knot, LETTERS, ROWS, strokes};
use crate::scene::draw::model::{Model, Placement};
use crate::scene::draw::paint::Paint;
use crate::scene::math::Vec3;
use crate::scene::rng::{Rng, hash};

/// Metres across the board.
pub(in crate::scene) const WIDTH_M: f32 = 0.52;
/// The board's lower and upper edge, metres above the ground.
const LOW_M: f32 = 0.36;
const HIGH_M: f32 = 0.475;
/// As far as the board stands out from the body, metres; the letters lie a little before it.
const OUT_M: f32 = 0.02;
const INK_OUT_M: f32 = 0.03;

/// Thickness of the strokes of letters, metres.
pub(in crate::scene) const STROKE_M: f32 = 0.0115;
/// The middles of strokes span so much of a letter's width and height, metres.
const SPAN_M: (f32, f32) = (0.034, 0.066);
/// From the beginning of one letter to that of the next, and what a gap between groups adds, metres.
const ADVANCE_M: f32 = 0.0585;
const GAP_M: f32 = 0.022;
/// Width of the coloured strip that some plates have at the left, metres.
const STRIP_M: f32 = 0.038;

const INK: Paint = Paint::rgb(26, 26, 30);
const STRIP: Paint = Paint::rgb(32, 62, 150);

/// How texts are made up: `L` stands for a letter, `0` for a digit.
const FORMATS: [&str; 5] = ["LL 000 LL", "LL 000 LL", "LLL 0LLL", "LLL 000", "L 0000 LL"];

/// The plate of one vehicle; it has the same at both ends.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scene) struct Plate {
    /// With gaps between groups.
    text: String,
    board: Paint,
    ink: Paint,
    has_strip: bool,
}

/// One end of a vehicle, where a plate is mounted.
#[derive(Debug, Clone, Copy)]
pub(in crate::scene) struct Mount<'a> {
    pub(in crate::scene) place: &'a Placement,
    /// Metres from the vehicle's middle: positive at the front, negative at the rear.
    pub(in crate::scene) along: f32,
}

impl Plate {
    /// The plate of a vehicle of a scene.
    pub(in crate::scene) fn new(seed: u64, vehicle: u64) -> Plate {
        let mut rng = Rng::new(hash(seed) ^ vehicle, 21);
        let digits = *b"0123456789";
        let text = rng.pick(&FORMATS).bytes().map(|place| match place {
            b'L' => char::from(rng.pick(&LETTERS)),
            b'0' => char::from(rng.pick(&digits)),
            gap => char::from(gap),
        });
        let text = text.collect();
        let (board, ink, has_strip) = match rng.below(10) {
            0..=2 => (Paint::rgb(236, 236, 230), INK, true),
            3..=5 => (Paint::rgb(236, 236, 228), INK, false),
            6 | 7 => (Paint::rgb(238, 196, 54), INK, false),
            8 => (Paint::rgb(234, 236, 236), Paint::rgb(24, 40, 104), false),
            _ => (Paint::rgb(34, 36, 40), Paint::rgb(226, 226, 222), false),
        };
        Plate { text, board, ink, has_strip }
    }

    /// What is to be read: letters and digits without gaps.
    pub(in crate::scene) fn text(&self) -> String {
        self.text.chars().filter(|character| *character != ' ').collect()
    }

    /// Adds board and letters to a vehicle's model.
    pub(in crate::scene) fn build(&self, mount: Mount<'_>, model: &mut Model) {
        let (half, up) = (WIDTH_M / 2.0, (LOW_M, HIGH_M));
        model.face(&mount.rectangle((-half, half), up, OUT_M), self.board);
        let strip = if self.has_strip { STRIP_M } else { 0.0 };
        if self.has_strip {
            model.face(&mount.rectangle((-half, -half + STRIP_M), up, INK_OUT_M), STRIP);
        }
        let mut pen = (strip - self.length_m()) / 2.0;
        for character in self.text.bytes() {
            if character == b' ' {
                pen += GAP_M;
                continue;
            }
            for stroke in strokes(character) {
                stroke.windows(2).for_each(|pair| self.stroke(mount, pen, (pair[0], pair[1]), model));
            }
            pen += ADVANCE_M;
        }
    }

    /// One straight piece of a letter that begins `pen` metres right of the board's middle.
    fn stroke(&self, mount: Mount<'_>, pen: f32, (from, to): (Knot, Knot), model: &mut Model) {
        let base = (LOW_M + HIGH_M - SPAN_M.1) / 2.0;
        let metres = |(column, row): Knot| {
            let (x, y) = (f32::from(column) / COLUMNS, f32::from(row) / ROWS);
            (pen + STROKE_M / 2.0 + x * SPAN_M.0, base + y * SPAN_M.1)
        };
        let (a, b) = (metres(from), metres(to));
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let scale = STROKE_M / 2.0 / (dx * dx + dy * dy).sqrt().max(1e-6);
        let (dx, dy) = (dx * scale, dy * scale);
        // Ends reach out by most of the half thickness, which closes the corners where pieces meet.
        let reach = 0.8;
        let corner = |(x, y): (f32, f32), ahead: f32, beside: f32| {
            mount.at(x + ahead * reach * dx - beside * dy, y + ahead * reach * dy + beside * dx, INK_OUT_M)
        };
        let outline =
            [corner(a, -1.0, -1.0), corner(b, 1.0, -1.0), corner(b, 1.0, 1.0), corner(a, -1.0, 1.0)];
        model.face(&outline, self.ink);
    }

    /// Metres from the first letter's left edge to the last one's right edge.
    fn length_m(&self) -> f32 {
        let gaps = self.text.bytes().filter(|character| *character == b' ').count();
        let letters = self.text.len() - gaps;
        letters.saturating_sub(1) as f32 * ADVANCE_M + gaps as f32 * GAP_M + SPAN_M.0 + STROKE_M
    }
}

impl Mount<'_> {
    /// The board's corners in the world as one reads it: top left, top right, bottom right, bottom left.
    pub(in crate::scene) fn corners(self) -> [Vec3; 4] {
        let half = WIDTH_M / 2.0;
        self.rectangle((-half, half), (LOW_M, HIGH_M), OUT_M)
    }

    /// Whether `eye` is on the side of the board that is written on.
    pub(in crate::scene) fn faces(self, eye: Vec3) -> bool {
        let centre = self.at(0.0, LOW_M, OUT_M);
        let out = self.at(0.0, LOW_M, OUT_M + 1.0) - centre;
        out.dot(eye - centre) > 0.0
    }

    fn rectangle(self, (left, right): (f32, f32), (low, high): (f32, f32), out: f32) -> [Vec3; 4] {
        [
            self.at(left, high, out),
            self.at(right, high, out),
            self.at(right, low, out),
            self.at(left, low, out),
        ]
    }

    /// A place on the board: metres to the reader's right of its middle, above the ground, and out of the body.
    fn at(self, right: f32, up: f32, out: f32) -> Vec3 {
        let end = self.along.signum();
        self.place.at(self.along + out * end, right * end, up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_follow_a_known_format_and_fit_their_board() {
        let mut texts = std::collections::BTreeSet::new();
        for vehicle in 1..400 {
            let plate = Plate::new(5, vehicle);
            assert_eq!(plate, Plate::new(5, vehicle));
            let shape: String = plate
                .text
                .bytes()
                .map(|byte| {
                    if byte.is_ascii_digit() {
                        '0'
                    } else if byte == b' ' {
                        ' '
                    } else {
                        'L'
                    }
                })
                .collect();
            assert!(FORMATS.contains(&shape.as_str()), "{}", plate.text);
            let room = WIDTH_M - if plate.has_strip { STRIP_M } else { 0.0 };
            assert!(plate.length_m() < room - 0.02, "{} takes {} m", plate.text, plate.length_m());
            assert!(plate.text().bytes().all(|byte| byte.is_ascii_digit() || LETTERS.contains(&byte)));
            texts.insert(plate.text());
        }
        assert!(texts.len() > 395, "{} different texts", texts.len());
        assert_ne!(Plate::new(5, 1).text(), Plate::new(6, 1).text());
    }

    #[test]
    fn a_plate_is_read_from_left_to_right_at_both_ends() {
        // The camera looks along +y, so what it sees at its right has the greater x.
        let coming = Placement { x: 0.0, y: 20.0, facing: (0.0, -1.0) };
        let going = Placement { facing: (0.0, 1.0), ..coming };
        for mount in [Mount { place: &coming, along: 2.0 }, Mount { place: &going, along: -2.0 }] {
            let [top_left, top_right, bottom_right, bottom_left] = mount.corners();
            assert!(top_left.x < top_right.x && bottom_left.x < bottom_right.x);
            assert!(top_left.z > bottom_left.z);
            assert!(top_left.y < 18.0, "it stands out towards the camera");
        }
    }
}
