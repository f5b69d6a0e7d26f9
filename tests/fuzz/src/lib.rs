//! What the fuzz targets share. Each file in `targets/` is one of them: bytes in, and nothing out but a panic where
//! the host breaks a promise.

pub mod contract;
pub mod hand;
pub mod image;
pub mod inputs;
pub mod sections;
