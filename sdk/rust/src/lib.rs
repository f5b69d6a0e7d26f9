//! Write a rule for Ocellus.
//!
//! A rule is a WebAssembly component that sees the tracks of each frame and says what they mean:
//! events, measurements, overlays. It is a type that implements [`Rule`], handed to [`export!`]:
//!
//! ```
//! use ocellus_sdk::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     /// How many objects are a crowd.
//!     limit: usize,
//! }
//!
//! struct Crowd {
//!     limit: usize,
//! }
//!
//! impl Rule for Crowd {
//!     const NAME: &'static str = "crowd";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!     const SUMMARY: &'static str = "Reports frames with many objects.";
//!     type Settings = Settings;
//!     type State = ();
//!
//!     fn configure(settings: Settings, _site: &Site) -> Result<Crowd, String> {
//!         Ok(Crowd { limit: settings.limit })
//!     }
//!
//!     fn process(&mut self, _frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
//!         let mut output = Output::new();
//!         let count = tracks.iter().filter(TrackView::is_confirmed).count();
//!         if count >= self.limit {
//!             output.event("crowd").attribute("objects", count as i64);
//!         }
//!         Ok(output)
//!     }
//! }
//!
//! ocellus_sdk::export!(Crowd);
//!
//! use ocellus_sdk::test::{Harness, track};
//!
//! let mut harness = Harness::<Crowd>::new(serde_json::json!({ "limit": 2 })).unwrap();
//! let alone = harness.frame(0.0, [track(1, "person")]).unwrap();
//! assert!(alone.events().is_empty());
//! let crowded = harness.frame(0.1, [track(1, "person"), track(2, "person")]).unwrap();
//! assert_eq!(crowded.events()[0].kind, "crowd");
//! ```
//!
//! A rule's only clock is [`Frame::time`](ocellus_core::FrameInfo::time). The same tracks must give the
//! same events, so keep what you iterate over in a `BTreeMap` or a `Vec`, never in a `HashMap`.

mod call;
pub mod follow;
mod instance;
pub mod log;
mod output;
mod question;
pub mod region;
mod rule;
pub mod settings;
mod site;
mod tracks;
pub mod values;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
#[cfg(not(target_family = "wasm"))]
pub mod test;

pub use call::wall_clock;
pub use instance::{Description, Instance};
pub use output::{EventBuilder, Output, PublicationBuilder};
pub use question::check_no_question;
pub use rule::{Rule, Scope};
pub use site::{Camera, ClassFilter, Site};
pub use tracks::{Columns, Ground, Iter, Reading, TrackView, Tracks};

pub use ocellus_core as core;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/plugins/guide.md")]
struct Guide;

/// All that a rule needs, in one line.
pub mod prelude {
    pub use crate::log;
    pub use crate::settings::{Calibration, Line, Outline, Position};
    pub use crate::{Camera, ClassFilter, Ground, Output, Rule, Scope, Site, TrackView, Tracks};
    pub use crate::{values, wall_clock};
    pub use ocellus_core::event::Tone;
    pub use ocellus_core::{CameraHandle, FrameInfo as Frame, Name, TimeUs, TrackState, Value};
    pub use ocellus_core::{GroundPoint, Point, Polygon, Rect, Segment, Size};
    pub use ocellus_core::{Message, Power, Powers};
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Map as JsonMap, Value as Json};
}

/// Makes a [`Rule`] the component's rule. Once a crate, at its root.
///
/// On any other target than WebAssembly it only checks that the type is a rule, so that the same crate
/// is tested with plain `cargo test`.
#[macro_export]
macro_rules! export {
    ($rule:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            ::std::thread_local! {
                static INSTANCE: ::std::cell::RefCell<$crate::Instance<$rule>> =
                    const { ::std::cell::RefCell::new($crate::Instance::new()) };
            }

            impl $crate::guest::Hosted for Component {
                type Rule = $rule;

                fn with<T>(call: impl FnOnce(&mut $crate::Instance<$rule>) -> T) -> T {
                    INSTANCE.with_borrow_mut(call)
                }
            }

    $crate::bindings::export_rule!(Component with_types_in $crate::bindings);
        };

        #[cfg(not(target_family = "wasm"))]
        const _: $crate::Instance<$rule> = $crate::Instance::new();
    };
}
