//! Cars, trucks and buses.

use super::Motion;
use super::plate::{Mount, Plate};
use crate::scene::draw::model::{Model, Placement};
use crate::scene::draw::paint::Paint;
use crate::scene::math::{Vec3, direction};
use crate::scene::rng::Rng;

/// What one vehicle looks like.
#[derive(Debug, Clone)]
pub(in crate::scene) struct Vehicle {
    build: Build,
    length: f32,
    width: f32,
    height: f32,
    body: Paint,
    second: Paint,
    /// Where a scene's plates can be read; others are blank.
    plate: Option<Plate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    Saloon,
    Hatchback,
    Estate,
    Van,
    Truck,
    Bus,
}

const GLASS: Paint = Paint::rgb(52, 64, 76);
const TYRE: Paint = Paint::rgb(32, 32, 34);
const HUB: Paint = Paint::rgb(150, 152, 156);
const TRIM: Paint = Paint::rgb(48, 50, 54);
const LAMP: Paint = Paint::rgb(250, 246, 228);
const TAIL: Paint = Paint::rgb(196, 34, 30);
const PLATE: Paint = Paint::rgb(236, 236, 228);

const BODIES: [Paint; 12] = [
    Paint::rgb(236, 236, 234),
    Paint::rgb(178, 182, 188),
    Paint::rgb(52, 54, 60),
    Paint::rgb(112, 116, 122),
    Paint::rgb(34, 62, 118),
    Paint::rgb(168, 34, 36),
    Paint::rgb(62, 108, 160),
    Paint::rgb(48, 88, 66),
    Paint::rgb(206, 190, 158),
    Paint::rgb(214, 120, 40),
    Paint::rgb(226, 188, 50),
    Paint::rgb(222, 224, 226),
];

const CARGO: [Paint; 5] = [
    Paint::rgb(228, 228, 224),
    Paint::rgb(190, 196, 204),
    Paint::rgb(70, 96, 142),
    Paint::rgb(150, 62, 48),
    Paint::rgb(80, 116, 88),
];

const BUSES: [Paint; 4] =
    [Paint::rgb(206, 60, 48), Paint::rgb(232, 190, 60), Paint::rgb(54, 110, 170), Paint::rgb(70, 140, 96)];

impl Vehicle {
    pub(in crate::scene) fn car(rng: &mut Rng) -> Vehicle {
        let build =
            rng.pick(&[Build::Saloon, Build::Saloon, Build::Hatchback, Build::Hatchback, Build::Estate]);
        let (length, height) = match build {
            Build::Hatchback => (rng.range(3.85, 4.15), rng.range(1.46, 1.54)),
            _ => (rng.range(4.3, 4.6), rng.range(1.42, 1.5)),
        };
        Vehicle::sized(build, [length, rng.range(1.74, 1.84), height], rng)
    }

    /// A panel van; it counts as a truck.
    pub(in crate::scene) fn van(rng: &mut Rng) -> Vehicle {
        Vehicle::sized(Build::Van, [rng.range(5.2, 5.8), 2.0, rng.range(2.4, 2.6)], rng)
    }

    pub(in crate::scene) fn truck(rng: &mut Rng) -> Vehicle {
        let mut truck = Vehicle::sized(Build::Truck, [rng.range(7.4, 8.8), 2.4, rng.range(3.2, 3.5)], rng);
        truck.second = rng.pick(&CARGO);
        truck
    }

    pub(in crate::scene) fn bus(rng: &mut Rng) -> Vehicle {
        let mut bus = Vehicle::sized(Build::Bus, [rng.range(10.5, 11.8), 2.5, rng.range(3.0, 3.15)], rng);
        bus.body = rng.pick(&BUSES);
        bus
    }

    fn sized(build: Build, [length, width, height]: [f64; 3], rng: &mut Rng) -> Vehicle {
        let body = super::tinted(rng, &BODIES);
        let (length, width, height) = (length as f32, width as f32, height as f32);
        Vehicle { build, length, width, height, body, second: body, plate: None }
    }

    /// The same vehicle with a plate that can be read.
    pub(in crate::scene) fn with_plate(self, plate: Plate) -> Vehicle {
        Vehicle { plate: Some(plate), ..self }
    }

    /// Its plate, at the end whose face is turned towards `eye`.
    pub(in crate::scene) fn plate_towards<'a>(
        &'a self,
        place: &'a Placement,
        eye: Vec3,
    ) -> Option<(&'a Plate, Mount<'a>)> {
        let plate = self.plate.as_ref()?;
        let half = self.length / 2.0;
        [half, -half]
            .into_iter()
            .map(|along| Mount { place, along })
            .find(|mount| mount.faces(eye))
            .map(|mount| (plate, mount))
    }

    /// Metres from bumper to bumper.
    pub(in crate::scene) fn length_m(&self) -> f32 {
        self.length
    }

    pub(in crate::scene) fn build(&self, motion: &Motion, model: &mut Model) {
        let place = &motion.place;
        match self.build {
            Build::Saloon => self.car_body(place, &[-0.37, -0.22, 0.06, 0.22], model),
            Build::Hatchback => self.car_body(place, &[-0.48, -0.36, 0.06, 0.24], model),
            Build::Estate => self.car_body(place, &[-0.49, -0.42, 0.06, 0.22], model),
            Build::Van => self.van_body(place, model),
            Build::Truck => self.truck_body(place, model),
            Build::Bus => self.bus_body(place, model),
        }
        let (l, w) = (self.length / 2.0, self.width / 2.0);
        for (along, side) in [(-l, -w), (l, -w), (l, w), (-l, w)] {
            model.footprint.push(place.at(along, side, 0.0));
        }
    }

    /// A car: hull, cabin (`cabin`: where its glass starts behind, reaches the roof, leaves the roof and
    /// ends in front, as shares of the length), wheels, lamps.
    fn car_body(&self, place: &Placement, cabin: &[f32; 4], model: &mut Model) {
        let (l, w, h) = (self.length, self.width / 2.0, self.height);
        let belt = 0.60 * h;
        let rear_belt = if self.build == Build::Saloon { 0.63 * h } else { 0.66 * h };
        // From the rear bumper to the front one: position, height of the upper edge, half width.
        let hull = [
            (-0.50, 0.44 * h, 0.90),
            (-0.485, rear_belt * 0.97, 0.94),
            (cabin[0], rear_belt, 0.98),
            (-0.20, belt + 0.02 * h, 1.0),
            (cabin[3], belt, 1.0),
            (0.44, 0.51 * h, 0.96),
            (0.485, 0.44 * h, 0.90),
            (0.50, 0.33 * h, 0.84),
        ];
        let bottom = 0.20;
        for pair in hull.windows(2) {
            let [(a, a_up, a_wide), (b, b_up, b_wide)] = [pair[0], pair[1]];
            let (a_side, b_side) = (a_wide * w, b_wide * w);
            let (a, b) = (a * l, b * l);
            model.face(
                &[
                    place.at(a, a_side, a_up),
                    place.at(b, b_side, b_up),
                    place.at(b, -b_side, b_up),
                    place.at(a, -a_side, a_up),
                ],
                self.body,
            );
            for side in [1.0_f32, -1.0] {
                model.face(
                    &[
                        place.at(a, side * a_side, bottom),
                        place.at(b, side * b_side, bottom),
                        place.at(b, side * b_side, b_up),
                        place.at(a, side * a_side, a_up),
                    ],
                    self.body,
                );
            }
        }
        self.ends(place, [(0.44 * h, 0.90), (0.33 * h, 0.84)], model);

        let roof = h - 0.02;
        let (low, high) = (0.93 * w, 0.74 * w);
        let xs = cabin.map(|share| share * l);
        let base = rear_belt.max(belt) - 0.02;
        let edge = |index: usize, side: f32| {
            let on_roof = index == 1 || index == 2;
            place.at(xs[index], side * if on_roof { high } else { low }, if on_roof { roof } else { base })
        };
        model.face(&[edge(0, 1.0), edge(1, 1.0), edge(1, -1.0), edge(0, -1.0)], GLASS);
        model.face(&[edge(2, 1.0), edge(3, 1.0), edge(3, -1.0), edge(2, -1.0)], GLASS.lit(1.15));
        model.face(&[edge(1, 1.0), edge(2, 1.0), edge(2, -1.0), edge(1, -1.0)], self.body.lit(1.02));
        for side in [1.0_f32, -1.0] {
            model.face(&[edge(0, side), edge(3, side), edge(2, side), edge(1, side)], GLASS.lit(0.95));
            // The pillar between the doors, and the frame around the glass.
            let middle = mixed(xs[1], xs[2], 0.45);
            model.rod(
                place.at(middle, side * 0.945 * w, base),
                place.at(middle, side * 0.755 * w, roof),
                0.04,
                self.body,
            );
            model.rod(edge(0, side), edge(1, side), 0.045, self.body);
            model.rod(edge(3, side), edge(2, side), 0.04, self.body);
            model.rod(edge(1, side), edge(2, side), 0.04, self.body);
        }
        let mirror = xs[3] - 0.25;
        for side in [1.0_f32, -1.0] {
            model.ball(place.at(mirror, side * 1.05 * w, base + 0.06), 0.08, self.body.lit(0.8));
        }
        self.wheels(place, &[-0.30 * l, 0.30 * l], 0.32, model);
    }

    /// Lamps, plate and the upright faces at both ends. `edges`: rear, then front: height of the upper
    /// edge and half width as a share.
    fn ends(&self, place: &Placement, edges: [(f32, f32); 2], model: &mut Model) {
        let (l, w) = (self.length / 2.0, self.width / 2.0);
        for (along, (up, wide), lamp, height) in [(-l, edges[0], TAIL, 0.68), (l, edges[1], LAMP, 0.56)] {
            let half = wide * w;
            let upright = |from: f32, to: f32, low: f32, high: f32, out: f32| {
                let along = along + out * along.signum();
                [
                    place.at(along, from, low),
                    place.at(along, to, low),
                    place.at(along, to, high),
                    place.at(along, from, high),
                ]
            };
            model.face(&upright(-half, half, 0.20, up, 0.0), self.body.lit(0.95));
            model.face(&upright(-half, half, 0.20, 0.34, 0.012), TRIM);
            match &self.plate {
                Some(plate) => plate.build(Mount { place, along }, model),
                None => model.face(&upright(-0.26, 0.26, 0.36, 0.47, 0.02), PLATE),
            }
            // The lamps sit on the slope above the bumper.
            let back = along - 0.06 * along.signum();
            for side in [1.0_f32, -1.0] {
                let at = |share: f32, up: f32| place.at(back, side * share * w, up);
                model.rod(at(0.62, height), at(0.84, height + 0.03), 0.065, lamp);
            }
        }
    }

    fn van_body(&self, place: &Placement, model: &mut Model) {
        let (l, w, h) = (self.length / 2.0, self.width / 2.0, self.height);
        let nose = l - 0.95;
        self.block(place, [[-l, nose - 0.55], [0.25, h]], self.body, model);
        for side in [1.0_f32, -1.0] {
            let s = side * w;
            model.face(
                &[
                    place.at(nose - 0.55, s, 0.25),
                    place.at(l, s * 0.95, 0.25),
                    place.at(l, s * 0.95, 0.95),
                    place.at(nose, s, 1.25),
                    place.at(nose - 0.55, s, h),
                ],
                self.body,
            );
            model.face(
                &[
                    place.at(nose - 0.75, s * 1.01, 1.25),
                    place.at(nose - 0.08, s * 1.01, 1.25),
                    place.at(nose - 0.55, s * 1.01, h - 0.35),
                    place.at(nose - 0.75, s * 1.01, h - 0.35),
                ],
                GLASS,
            );
        }
        let across = |along: f32, up: f32, share: f32| {
            [place.at(along, w * share, up), place.at(along, -w * share, up)]
        };
        let slope = |a: (f32, f32), b: (f32, f32), share: f32| {
            let ([p, q], [s, r]) = (across(a.0, a.1, share), across(b.0, b.1, share));
            [p, s, r, q]
        };
        model.face(&slope((nose - 0.55, h), (nose, 1.25), 1.0), self.body);
        model.face(&slope((nose - 0.49, h - 0.12), (nose + 0.01, 1.30), 0.9), GLASS.lit(1.15));
        model.face(&slope((nose, 1.25), (l, 0.95), 0.97), self.body);
        model.face(
            &[
                place.at(-l - 0.01, -w * 0.8, 1.5),
                place.at(-l - 0.01, w * 0.8, 1.5),
                place.at(-l - 0.01, w * 0.8, h - 0.3),
                place.at(-l - 0.01, -w * 0.8, h - 0.3),
            ],
            GLASS,
        );
        self.ends(place, [(1.2, 1.0), (0.95, 0.95)], model);
        self.wheels(place, &[-l + 1.0, l - 0.95], 0.36, model);
    }

    fn truck_body(&self, place: &Placement, model: &mut Model) {
        let (l, w) = (self.length / 2.0, self.width / 2.0);
        let cab_back = l - 1.9;
        self.block(place, [[-l, cab_back - 0.25], [0.95, self.height]], self.second, model);
        self.block(place, [[-l + 0.2, cab_back], [0.55, 0.95]], TRIM, model);
        self.block(place, [[cab_back, l], [0.45, 2.75]], self.body, model);
        self.window(place, l + 0.01, [1.55, 2.45], model);
        for side in [1.0_f32, -1.0] {
            self.pane(place, [cab_back + 0.55, l - 0.2], [1.6, 2.4], (side, model));
            model.rod(
                place.at(l - 0.1, side * (w + 0.12), 1.7),
                place.at(l - 0.1, side * (w + 0.12), 2.2),
                0.07,
                TRIM,
            );
        }
        self.ends(place, [(0.85, 0.9), (0.9, 0.98)], model);
        self.wheels(place, &[-l + 1.1, -l + 2.2, l - 1.1], 0.48, model);
    }

    fn bus_body(&self, place: &Placement, model: &mut Model) {
        let (l, h) = (self.length / 2.0, self.height);
        self.block(place, [[-l, l], [0.32, h]], self.body, model);
        self.window(place, l + 0.01, [1.2, 2.5], model);
        self.window(place, -l - 0.01, [1.7, 2.5], model);
        let panes = 7_i16;
        for index in 0..panes {
            let share =
                |edge: f32| -l + 0.3 + (f32::from(index) + edge) * (self.length - 0.6) / f32::from(panes);
            for side in [1.0_f32, -1.0] {
                self.pane(place, [share(0.06), share(0.94)], [1.3, 2.35], (side, model));
            }
        }
        let vent = [(-0.5, 0.6), (0.5, 0.6), (0.5, -0.6), (-0.5, -0.6)]
            .map(|(along, side)| place.at(-0.2 * l + along * 1.6, side, h + 0.02));
        model.face(&vent, Paint::rgb(200, 202, 204));
        self.ends(place, [(0.8, 0.96), (0.8, 0.96)], model);
        self.wheels(place, &[-l + 2.6, l - 2.4], 0.48, model);
    }

    /// A box over the whole width between two positions and two heights.
    fn block(&self, place: &Placement, extent: [[f32; 2]; 2], paint: Paint, model: &mut Model) {
        let w = self.width / 2.0;
        let [[a, b], ups] = extent;
        let ring =
            |up: f32| [place.at(a, -w, up), place.at(b, -w, up), place.at(b, w, up), place.at(a, w, up)];
        let ([p, q, r, s], [t, u, v, x]) = (ring(ups[0]), ring(ups[1]));
        model.block(&[p, q, r, s, t, u, v, x], paint, paint.lit(1.02));
    }

    /// A window across an end.
    fn window(&self, place: &Placement, along: f32, ups: [f32; 2], model: &mut Model) {
        let w = self.width / 2.0 * 0.9;
        let [low, high] = ups;
        model.face(
            &[
                place.at(along, -w, low),
                place.at(along, w, low),
                place.at(along, w, high),
                place.at(along, -w, high),
            ],
            GLASS.lit(1.1),
        );
    }

    /// A window in a long side.
    fn pane(&self, place: &Placement, alongs: [f32; 2], ups: [f32; 2], (side, model): (f32, &mut Model)) {
        let w = side * (self.width / 2.0 + 0.012);
        let ([a, b], [low, high]) = (alongs, ups);
        model.face(
            &[place.at(a, w, low), place.at(b, w, low), place.at(b, w, high), place.at(a, w, high)],
            GLASS,
        );
    }

    fn wheels(&self, place: &Placement, axles: &[f32], radius: f32, model: &mut Model) {
        let w = self.width / 2.0;
        for axle in axles {
            for side in [1.0_f32, -1.0] {
                let disc = |radius_here: f32, out: f32| {
                    std::array::from_fn::<_, 8, _>(|corner| {
                        let (c, s) = direction((corner as f64 + 0.5) / 8.0);
                        place.at(
                            axle + radius_here * c as f32,
                            side * (w + out),
                            radius + radius_here * s as f32,
                        )
                    })
                };
                model.face(&disc(radius, 0.015), TYRE);
                model.face(&disc(radius * 0.55, 0.025), HUB);
            }
        }
    }
}

fn mixed(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}
