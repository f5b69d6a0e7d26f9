//! People who can be told apart by their clothes.

use super::person::{Carries, Person};
use super::{HAIR, SKINS, tinted};
use crate::scene::draw::paint::Paint;
use crate::scene::rng::Rng;

/// How different two people are at least, as long as that can be had.
const APART: f32 = 130.0;
/// How much less is asked for after each vain try.
const PATIENCE: f32 = 0.985;

const TOPS: [Paint; 18] = [
    Paint::rgb(202, 44, 40),
    Paint::rgb(34, 88, 176),
    Paint::rgb(236, 234, 228),
    Paint::rgb(40, 42, 48),
    Paint::rgb(232, 188, 48),
    Paint::rgb(46, 132, 76),
    Paint::rgb(142, 72, 160),
    Paint::rgb(228, 118, 44),
    Paint::rgb(126, 182, 222),
    Paint::rgb(150, 152, 154),
    Paint::rgb(104, 28, 48),
    Paint::rgb(30, 46, 88),
    Paint::rgb(232, 146, 174),
    Paint::rgb(124, 96, 62),
    Paint::rgb(34, 138, 142),
    Paint::rgb(172, 204, 98),
    Paint::rgb(206, 186, 146),
    Paint::rgb(88, 98, 66),
];

const LEGS: [Paint; 11] = [
    Paint::rgb(38, 46, 74),
    Paint::rgb(34, 34, 38),
    Paint::rgb(186, 164, 122),
    Paint::rgb(92, 118, 158),
    Paint::rgb(226, 222, 212),
    Paint::rgb(84, 62, 48),
    Paint::rgb(74, 92, 62),
    Paint::rgb(128, 130, 134),
    Paint::rgb(146, 48, 48),
    Paint::rgb(44, 92, 150),
    Paint::rgb(200, 132, 60),
];

const ACCENTS: [Paint; 9] = [
    Paint::rgb(214, 40, 44),
    Paint::rgb(24, 92, 190),
    Paint::rgb(244, 240, 232),
    Paint::rgb(30, 30, 34),
    Paint::rgb(246, 204, 50),
    Paint::rgb(40, 150, 84),
    Paint::rgb(238, 120, 36),
    Paint::rgb(150, 92, 54),
    Paint::rgb(228, 130, 178),
];

/// `count` people, each unlike all others.
pub(in crate::scene) fn people(count: usize, rng: &mut Rng) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::with_capacity(count);
    let mut wanted = APART;
    while people.len() < count {
        let next = someone(rng);
        if people.iter().all(|other| unlike(&next, other) >= wanted) {
            people.push(next);
            wanted = APART;
        } else {
            wanted *= PATIENCE;
        }
    }
    people
}

fn someone(rng: &mut Rng) -> Person {
    let (top, legs) = (tinted(rng, &TOPS), tinted(rng, &LEGS));
    let skin = rng.pick(&SKINS);
    let carries = match rng.below(10) {
        0..=2 => Carries::Backpack(tinted(rng, &ACCENTS)),
        3 | 4 => Carries::Bag(tinted(rng, &ACCENTS)),
        5 => Carries::Coat,
        _ => Carries::Nothing,
    };
    Person {
        height_m: rng.range(1.55, 1.95) as f32,
        girth: rng.range(0.88, 1.28) as f32,
        top,
        legs,
        forearms: if rng.chance(0.35) { skin } else { top },
        shins: if rng.chance(0.2) { skin } else { legs },
        skin,
        hair: rng.pick(&HAIR),
        hat: rng.chance(0.35).then(|| tinted(rng, &ACCENTS)),
        carries,
    }
}

/// How different two look, in steps of 8 bits of the colour of a shirt.
fn unlike(a: &Person, b: &Person) -> f32 {
    let head = |person: &Person| person.hat.unwrap_or(person.hair);
    a.top.unlike(b.top)
        + 0.7 * a.legs.unlike(b.legs)
        + 0.3 * a.shins.unlike(b.shins)
        + 0.15 * a.forearms.unlike(b.forearms)
        + 0.25 * head(a).unlike(head(b))
        + 0.3 * carried(a).unlike(carried(b))
        + 60.0 * (a.girth - b.girth).abs()
}

fn carried(person: &Person) -> Paint {
    match person.carries {
        Carries::Backpack(paint) | Carries::Bag(paint) => paint,
        Carries::Nothing | Carries::Coat => person.top,
    }
}
