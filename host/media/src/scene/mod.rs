//! The synthetic camera: small scenes with exact ground truth.
//!
//! A scene is a pinhole camera above a flat ground on which people and vehicles move. It is made for
//! trying rules, for tests and for training the bundled detector, so three things hold:
//!
//! * **Exact truth.** Boxes, classes, identities, ground positions, speeds, crossings and occupancy come
//!   from the same shapes as the pixels.
//! * **Determinism.** Kind, seed, size and frame rate decide every byte, on every machine: only integer
//!   and IEEE 754 basic arithmetic is used.
//! * **Endlessness.** A scene holds what is present and nothing of the past, so a camera may run for weeks.
//!
//! A cyclist or motorcyclist and the machine are one object, of the machine's class.

mod draw;
mod look;
mod math;
mod plaza;
mod record;
mod rng;
mod settings;
mod stage;
mod standpoint;
mod truth;
mod vantage;
mod view;
mod world;

use ocellus_core::{Picture, Point};

use draw::canvas::{Canvas, Exposure};
use draw::gallery::Gallery;
use draw::stamp::{Light, Sprite, Stamp};
use look::Motion;
use math::{Vec3, direction, smooth, wave};
use plaza::Layout;
use rng::{Rng, hash};
use stage::Outlook;
use truth::SideMemory;
use view::View;
use world::{Actor, World};

pub use plaza::{PlazaFacts, SceneGate};
pub use record::{line_crossing_settings, parking_settings, write_truth, write_truth_header};
pub use settings::{SceneKind, SceneSettings, SceneSettingsError};
pub use stage::{SceneLine, SceneSpace};
pub use truth::{CrossingDirection, CrossingTruth, FrameTruth, ObjectTruth, PlateTruth, SceneTruthHeader};
pub use vantage::Vantage;
pub use world::CLASSES;

/// A scene, ready to show its frames.
pub struct Scene {
    settings: SceneSettings,
    header: SceneTruthHeader,
    view: View,
    /// Where on the map the camera of a plaza stands, and what is before it.
    outlook: Option<Outlook>,
    weather: Weather,
    canvas: Canvas,
    props: Vec<(Sprite, f32)>,
    world: World,
    sides: SideMemory,
    /// The next frame that needs no going back.
    next: u64,
    gallery: Gallery,
}

/// One frame of a scene.
#[derive(Debug, Clone)]
pub struct SceneFrame {
    /// The picture.
    pub picture: Picture,
    /// What is really there.
    pub truth: FrameTruth,
}

/// How light changes; drawn once per scene.
#[derive(Debug, Clone, Copy)]
struct Weather {
    sun: Vec3,
    brightness: f64,
    clearness: f64,
    phases: [f64; 4],
    /// What the camera makes of colours: shifts of the two colour differences.
    cast: (f32, f32),
}

/// Something drawn in a frame.
struct Drawn {
    object: ObjectTruth,
    /// Its place among the sprites on the canvas.
    layer: usize,
}

impl Scene {
    /// Builds a scene. Painting its ground takes some tens of milliseconds.
    ///
    /// # Errors
    /// [`SceneSettingsError`] when the settings do not hold, as [`SceneSettings::check`] says.
    pub fn new(settings: SceneSettings) -> Result<Scene, SceneSettingsError> {
        settings.check()?;
        let SceneSettings { kind, seed, size, frame_rate, vantage } = settings;
        let mut rng = Rng::new(seed, 1);
        let view = stage::view(kind, size);
        let mut weather = Weather::random(&mut rng);
        let layout = (kind == SceneKind::Plaza).then(|| Layout::of(vantage));
        let camera = layout.as_ref().map(|layout| (layout, layout.cameras[vantage.view as usize]));
        let outlook = camera.map(|(layout, camera)| Outlook::new(layout, camera));
        if let Some(outlook) = &outlook {
            weather.seen_from(outlook, &mut Rng::new(seed, 40 + u64::from(vantage.view)));
        }
        let background = stage::background(kind, outlook.as_ref(), &view, &mut rng);
        let mut canvas = Canvas::new(size, &background, rng.range(1.2, 3.2), &mut rng);
        let mut stamp = Stamp::default();
        let mut props = Vec::new();
        for prop in stage::props(kind, outlook.as_ref(), &mut rng) {
            let mut sprite = Sprite::default();
            stamp.shadow(&prop.model, &view, weather.light(0.0), &mut sprite);
            canvas.add_standing_shadow(&sprite);
            stamp.draw(&prop.model, &view, weather.light(0.0), &mut sprite);
            props.push((sprite, prop.depth_m));
        }
        let header = SceneTruthHeader {
            kind,
            seed,
            size,
            frame_rate,
            classes: CLASSES.map(str::to_owned).to_vec(),
            lines: stage::lines(kind, &view),
            entry: stage::ENTRY,
            spaces: stage::spaces(kind, &view),
            plaza: layout.as_ref().map(|layout| layout.facts(vantage, &view)),
            ground_to_picture: camera.map_or_else(
                || view.ground_to_picture(),
                |(_, camera)| camera.standpoint.map_to_picture(view.ground_to_picture()),
            ),
            picture_to_ground: camera.map_or_else(
                || view.picture_to_ground(),
                |(_, camera)| camera.standpoint.picture_to_map(view.picture_to_ground()),
            ),
        };
        Ok(Scene {
            settings,
            header,
            view,
            outlook,
            weather,
            canvas,
            props,
            world: World::of(&settings),
            sides: SideMemory::default(),
            next: 0,
            gallery: Gallery::default(),
        })
    }

    /// The settings it was built from.
    #[must_use]
    pub fn settings(&self) -> &SceneSettings {
        &self.settings
    }

    /// What holds for all its frames.
    #[must_use]
    pub fn header(&self) -> &SceneTruthHeader {
        &self.header
    }

    /// The frame at `index`, from 0. Asking for frames in order is cheap; going back or leaving some out
    /// costs the truth (not the pixels) of the frames between, since a crossing depends on what was before.
    pub fn frame(&mut self, index: u64) -> SceneFrame {
        if index < self.next {
            self.world = World::of(&self.settings);
            self.sides = SideMemory::default();
            self.next = 0;
        }
        let mut truth = self.draw(self.next);
        while self.next < index {
            self.next += 1;
            truth = self.draw(self.next);
        }
        self.next += 1;
        let exposure = self.weather.exposure(self.time_s(index), self.noise_seed() ^ index);
        let picture = self.canvas.picture(&exposure);
        SceneFrame { picture, truth }
    }

    /// Cameras of one plaza do not share their noise.
    fn noise_seed(&self) -> u64 {
        let own = self.outlook.as_ref().map_or(0, |_| hash(u64::from(self.settings.vantage.view)));
        hash(self.settings.seed) ^ own
    }

    fn time_s(&self, index: u64) -> f64 {
        index as f64 / self.settings.frame_rate
    }

    /// Draws a frame on the canvas.
    fn draw(&mut self, index: u64) -> FrameTruth {
        let at_s = self.time_s(index);
        self.world.advance(at_s);
        let light = self.weather.light(at_s);
        let exposure = self.weather.exposure(at_s, 0);
        self.canvas.begin();
        let mut present: Vec<Depth> = Vec::new();
        for (number, actor) in self.world.actors().iter().enumerate() {
            if !actor.is_there(at_s) {
                continue;
            }
            let Some(motion) = self.before_camera(actor.motion(at_s)) else { continue };
            self.gallery.draw(actor.id, (&actor.look, &motion), &self.view, light);
            if let Some(drawing) = self.gallery.drawing(actor.id) {
                self.canvas.add_shadow(&drawing.shadow, 255);
                self.canvas.add_shadow(&drawing.contact, 235);
                present.push(Depth { away_m: motion.place.y, thing: Thing::Actor(number) });
            }
        }
        self.canvas.settle_shadows(&exposure);
        for (number, (_, away_m)) in self.props.iter().enumerate() {
            present.push(Depth { away_m: *away_m, thing: Thing::Prop(number) });
        }
        present.sort_by(|a, b| b.away_m.total_cmp(&a.away_m));

        let mut drawn: Vec<Drawn> = Vec::new();
        for (layer, depth) in present.iter().enumerate() {
            match depth.thing {
                Thing::Prop(number) => self.canvas.add(&self.props[number].0),
                Thing::Actor(number) => {
                    let actor = &self.world.actors()[number];
                    let Some(drawing) = self.gallery.drawing(actor.id) else { continue };
                    self.canvas.add(&drawing.body);
                    let motion = actor.motion(at_s);
                    drawn.push(Drawn {
                        layer,
                        object: ObjectTruth {
                            id: actor.id,
                            class: actor.class,
                            rect: drawing.body.extent_within(&drawing.bounds, self.settings.size),
                            visibility: 0.0,
                            ground: Point::new(motion.place.x, motion.place.y),
                            speed_mps: motion.speed_mps,
                            plate: plate_seen(actor, at_s, &self.view),
                        },
                    });
                }
            }
        }
        let actors = self.world.actors();
        self.gallery.keep(|id| actors.iter().any(|actor| actor.id == id));
        self.truth(index, drawn)
    }

    /// A movement in the camera's own frame; None for what is behind the walls of a plaza's court.
    fn before_camera(&self, motion: Motion) -> Option<Motion> {
        let Some(Outlook { standpoint, court, .. }) = &self.outlook else { return Some(motion) };
        let place = (f64::from(motion.place.x), f64::from(motion.place.y));
        court.has(place, 0.5).then(|| standpoint.motion(&motion))
    }

    fn truth(&mut self, index: u64, drawn: Vec<Drawn>) -> FrameTruth {
        let mut objects: Vec<ObjectTruth> = Vec::with_capacity(drawn.len());
        for Drawn { mut object, layer } in drawn {
            let coverage = self.canvas.coverage(layer);
            if coverage.own >= FEWEST_PIXELS {
                object.visibility = coverage.visible as f32 / coverage.own as f32;
                if let Some(plate) = &mut object.plate {
                    plate.visibility = self.canvas.share_seen(layer, &plate.corners);
                }
                objects.push(object);
            }
        }
        objects.sort_by_key(|object| object.id);
        let occupied = self.world.occupancy(self.time_s(index));
        let names = self.header.spaces.iter().map(|space| space.name.clone());
        let crossings = self.sides.observe(index, &objects, &self.header);
        FrameTruth {
            index,
            time_us: (self.time_s(index) * 1e6).round() as u64,
            objects,
            occupancy: names.zip(occupied).collect(),
            crossings,
        }
    }
}

/// Fewer pixels than this in the picture, and an object does not count as being in it.
const FEWEST_PIXELS: u32 = 24;

/// Where somebody's plate is seen; nothing where it is blank, turned away or cut by the picture's edge.
fn plate_seen(actor: &Actor, at_s: f64, view: &View) -> Option<PlateTruth> {
    let motion = actor.motion(at_s);
    let eye = Vec3::new(0.0, 0.0, view.height_m() as f32);
    let (plate, mount) = actor.look.plate_towards(&motion, eye)?;
    let corners = mount.corners().map(|corner| {
        let seen = view.project(corner);
        Point::new(seen.u, seen.v)
    });
    let (width, height) = (view.size.width as f32, view.size.height as f32);
    let inside = corners.iter().all(|at| (0.0..=width).contains(&at.x) && (0.0..=height).contains(&at.y));
    inside.then(|| PlateTruth { text: plate.text(), corners, visibility: 0.0 })
}

/// What is drawn, and how far away it counts as.
struct Depth {
    away_m: f32,
    thing: Thing,
}

enum Thing {
    Actor(usize),
    Prop(usize),
}

impl Weather {
    fn random(rng: &mut Rng) -> Weather {
        let (c, s) = direction(rng.range(0.0, 1.0));
        let height = rng.range(0.9, 1.9);
        Weather {
            sun: Vec3::new(c as f32, s as f32, height as f32).unit(),
            brightness: rng.range(0.88, 1.12),
            clearness: rng.range(0.35, 0.95),
            phases: std::array::from_fn(|_| rng.range(0.0, 1.0)),
            cast: (0.0, 0.0),
        }
    }

    /// The same weather before one of several cameras, which differ a little in brightness and colour.
    fn seen_from(&mut self, outlook: &Outlook, rng: &mut Rng) {
        self.sun = outlook.standpoint.direction(self.sun);
        self.brightness *= rng.range(0.94, 1.06);
        self.cast = (rng.range(-2.5, 2.5) as f32, rng.range(-2.5, 2.5) as f32);
    }

    /// How clear the sky is, 0..1; clouds pass.
    fn clearness(&self, at_s: f64) -> f64 {
        let clouds = 0.3 * wave(at_s / 61.0 + self.phases[0]) + 0.15 * wave(at_s / 23.0 + self.phases[1]);
        smooth(0.0, 1.0, self.clearness + clouds)
    }

    /// The light that things are shaded by: in steps, so that who stands still need not be drawn anew.
    fn light(&self, at_s: f64) -> Light {
        Light { sun: self.sun, clearness: ((self.clearness(at_s) * 24.0).round() / 24.0) as f32 }
    }

    fn exposure(&self, at_s: f64, noise_seed: u64) -> Exposure {
        let clear = self.clearness(at_s);
        let drift = 0.05 * wave(at_s / 97.0 + self.phases[2]) + 0.03 * wave(at_s / 37.0 + self.phases[3]);
        Exposure {
            gain: (self.brightness * (0.92 + 0.14 * clear + drift)) as f32,
            // Under clouds light is bluer.
            tint: ((2.0 - 4.0 * clear) as f32 + self.cast.0, (4.0 * clear - 2.5) as f32 + self.cast.1),
            shadow: (0.18 + 0.34 * clear) as f32,
            noise_seed,
        }
    }
}

#[cfg(test)]
mod plate_tests;
#[cfg(test)]
mod plaza_tests;
#[cfg(test)]
mod tests;
