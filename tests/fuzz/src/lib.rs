//! What the fuzz targets share. Each file in `targets/` is one of them: bytes in, and nothing out but a panic where
//! the host breaks a promise.

pub mod contract;
pub mod hand;
#[cfg(feature = "rest")]
pub mod host;
pub mod image;
pub mod inputs;
pub mod sections;
