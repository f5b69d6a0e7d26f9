//! A small software rasteriser: shapes in metres become shaded, anti-aliased stamps, stamps are laid on
//! a canvas from far to near, and the canvas becomes an I420 picture with light and sensor noise.

pub(super) mod canvas;
pub(super) mod gallery;
pub(super) mod model;
pub(super) mod paint;
pub(super) mod stamp;
