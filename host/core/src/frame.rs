//! A picture on its way through a camera.

use crate::geometry::Size;
use crate::picture::Picture;
use crate::time::TimeUs;

/// A camera's stable number. It is kept over restarts, since rules may store it in their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CameraHandle(pub u32);

/// What identifies a frame, without its pixels: all that a rule sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// The camera.
    pub camera: CameraHandle,
    /// Counts the frames that rules see, from 0, without gaps.
    pub sequence: u64,
    /// Presentation time; strictly increases per camera.
    pub time: TimeUs,
    /// Size of the source picture in pixels.
    pub size: Size,
}

/// A frame: identity and pixels.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Camera, sequence, time and size.
    pub info: FrameInfo,
    /// The pixels.
    pub picture: Picture,
}
