//! The REST API.

pub(crate) mod camera_settings;
pub(crate) mod cameras;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod plates;
pub(crate) mod plugins;
pub(crate) mod recordings;
pub(crate) mod rules;
pub(crate) mod shadows;
pub(crate) mod transitions;
pub(crate) mod view;
