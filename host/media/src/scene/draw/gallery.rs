//! The drawings of everyone present. Who stands still in unchanged light is not drawn again.

use std::collections::BTreeMap;

use ocellus_core::Rect;

use super::model::Model;
use super::paint::Paint;
use super::stamp::{Light, Sprite, Stamp};
use crate::scene::look::{Look, Motion};
use crate::scene::view::View;

/// Everyone's drawing, by object number.
#[derive(Debug, Default)]
pub(in crate::scene) struct Gallery {
    drawings: BTreeMap<u64, Drawing>,
    stamp: Stamp,
    model: Model,
}

/// How one thing looks at one moment.
#[derive(Debug, Default)]
pub(in crate::scene) struct Drawing {
    of: Option<(Motion, f32)>,
    /// Around all it shows, in pixels, reaching beyond the picture where it does.
    pub(in crate::scene) bounds: Rect,
    pub(in crate::scene) body: Sprite,
    /// Its shadow, as far as the sun casts it.
    pub(in crate::scene) shadow: Sprite,
    /// The darkness right under it, which needs no sun.
    pub(in crate::scene) contact: Sprite,
}

impl Gallery {
    /// Draws one of those present, unless its drawing still holds.
    pub(in crate::scene) fn draw(
        &mut self,
        id: u64,
        (look, motion): (&Look, &Motion),
        view: &View,
        light: Light,
    ) {
        let drawing = self.drawings.entry(id).or_default();
        let of = Some((*motion, light.clearness));
        if drawing.of == of {
            return;
        }
        drawing.of = of;
        look.build(motion, &mut self.model);
        drawing.bounds = self.model.bounds(view);
        self.stamp.draw(&self.model, view, light, &mut drawing.body);
        self.stamp.shadow(&self.model, view, light, &mut drawing.shadow);
        self.model.shapes.clear();
        let footprint = std::mem::take(&mut self.model.footprint);
        self.model.face(&footprint, Paint::default());
        self.stamp.draw(&self.model, view, light, &mut drawing.contact);
    }

    pub(in crate::scene) fn drawing(&self, id: u64) -> Option<&Drawing> {
        self.drawings.get(&id)
    }

    /// Forgets everyone but those that `present` says are there.
    pub(in crate::scene) fn keep(&mut self, present: impl Fn(u64) -> bool) {
        self.drawings.retain(|id, _| present(*id));
    }
}
