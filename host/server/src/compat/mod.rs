//! What older systems' clients say, in this host's words.

pub mod zvision;
