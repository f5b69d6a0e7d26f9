//! Multi-object tracking.
