//! What a user writes to name a camera or a recording.
//!
//! | text | source |
//! |---|---|
//! | `clip.mp4`, `/videos/clip.mp4` | a video file; the text is the path as it stands |
//! | `file:clip.mp4?loop=true&pace=unpaced` | a video file; `%20` and the like are decoded |
//! | `rtsp://user:password@camera/stream?transport=udp` | an RTSP camera; `transport` is `tcp` by default |
//! | `http://camera/stream` | MJPEG over HTTP |
//! | `usb:0?size=1280x720&rate=30`, `/dev/video0` | a USB camera |
//! | `scene:crossing?seed=3` | a synthetic camera |

mod parse;
mod redact;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ocellus_core::Size;
use url::Url;

use crate::source::{Pace, Repeat};

/// A parsed and checked source. [`Display`](fmt::Display) and [`Debug`](fmt::Debug) show it without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceSpec {
    text: String,
    address: Address,
}

/// Why a text does not name a source. Never contains a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a source: {reason}")]
pub struct SpecError {
    /// The text, redacted and cut after 200 characters.
    pub found: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Where the pictures come from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    File(FileAddress),
    Rtsp(RtspAddress),
    Http(HttpAddress),
    Device(DeviceAddress),
    Scene(SceneAddress),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FileAddress {
    pub(crate) path: PathBuf,
    pub(crate) pace: Option<Pace>,
    pub(crate) repeat: Option<Repeat>,
}

/// User name and password, decoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RtspAddress {
    /// Without the login and without our own parameters. May still hold a token: not for messages.
    pub(crate) url: Url,
    pub(crate) login: Option<Login>,
    pub(crate) transport: RtspTransport,
    pub(crate) redacted: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RtspTransport {
    Tcp,
    Udp,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HttpAddress {
    /// Without the login. May still hold a token: not for messages.
    pub(crate) url: Url,
    pub(crate) login: Option<Login>,
    pub(crate) redacted: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DeviceAddress {
    pub(crate) path: PathBuf,
    pub(crate) size: Option<Size>,
    pub(crate) rate: Option<u32>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SceneAddress {
    /// Kind and parameters as [`crate::scene::SceneSettings`] reads them; checked.
    pub(crate) scene: String,
    pub(crate) pace: Option<Pace>,
}

impl SourceSpec {
    /// Reads a source as the table at [`crate::spec`] has it.
    ///
    /// # Errors
    /// [`SpecError`] with the redacted text, what is wrong with it and what would be right.
    pub fn parse(text: &str) -> Result<SourceSpec, SpecError> {
        parse::parse(text)
            .map(|address| SourceSpec { text: text.to_owned(), address })
            .map_err(|reason| SpecError { found: redact::text(text).chars().take(200).collect(), reason })
    }

    /// The text as written, **with its credentials**: for storing only, never for a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether the source is a recording, which `analyze` can read as fast as the machine allows.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        matches!(self.address, Address::File(_))
    }

    /// The video file that it names, if it names one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.address {
            Address::File(file) => Some(&file.path),
            _ => None,
        }
    }

    /// The same source, with a relative path of a video file taken from `folder`.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> SourceSpec {
        match self.address {
            Address::File(file) if file.path.is_relative() => {
                let text = match self.text.split_once(':') {
                    Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                        let folder = folder.to_string_lossy().replace('%', "%25").replace('?', "%3F");
                        format!("file:{}", Path::new(&folder).join(rest).display())
                    }
                    _ => folder.join(&self.text).to_string_lossy().into_owned(),
                };
                let path = folder.join(&file.path);
                SourceSpec { text, address: Address::File(FileAddress { path, ..file }) }
            }
            address => SourceSpec { address, ..self },
        }
    }

    /// Whether the text itself asks a recording to start again at its end.
    #[must_use]
    pub fn repeats(&self) -> bool {
        matches!(&self.address, Address::File(file) if file.repeat == Some(Repeat::Loop))
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::text(&self.text))
    }
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceSpec({:?})", redact::text(&self.text))
    }
}

impl FromStr for SourceSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<SourceSpec, SpecError> {
        SourceSpec::parse(text)
    }
}

impl From<std::path::PathBuf> for FileAddress {
    fn from(path: PathBuf) -> FileAddress {
        FileAddress { path, pace: None, repeat: None }
    }
}

#[cfg(test)]
mod tests;
