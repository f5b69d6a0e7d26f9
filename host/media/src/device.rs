//! USB cameras, through Video4Linux 2.

use std::ffi::CString;
use std::path::Path;
use std::time::{Duration, Instant};

use ffmpeg_next::format::context;
use ffmpeg_next::{Dictionary, Error, Packet, Rational, error, ffi, media};

use crate::error::SourceError;
use crate::ffmpeg::{Decoder, Threads};
use crate::source::{OpenOptions, Source, SourceInfo, SourceKind, SourcePicture};
use crate::spec::DeviceAddress;
use crate::stop::{Stop, Stopped};

/// How often an empty device is asked again: well below the interval of a 60 fps camera.
const POLL: Duration = Duration::from_millis(4);

/// A USB camera.
pub(crate) struct DeviceSource {
    name: String,
    stop: Stop,
    read_timeout: Duration,
    input: context::Input,
    time_base: Rational,
    decoder: Decoder,
    info: SourceInfo,
    first: Option<SourcePicture>,
    first_stamp: Option<i64>,
    last_time: Option<Duration>,
}

impl DeviceSource {
    pub(crate) fn open(
        device: &DeviceAddress,
        options: &OpenOptions,
        stop: &Stop,
    ) -> Result<DeviceSource, SourceError> {
        let name = device.path.display().to_string();
        let refused = |reason: String| SourceError::Open { source_text: name.clone(), reason };
        check(&device.path).map_err(refused)?;
        let input = open_input(device).map_err(refused)?;
        let stream = input
            .streams()
            .best(media::Type::Video)
            .ok_or_else(|| refused("it gives no video".to_owned()))?;
        let time_base = stream.time_base();
        let frame_rate = f64::from(stream.avg_frame_rate());
        let decoder =
            Decoder::for_stream(stream.parameters(), Threads::for_live(options.threads)).map_err(refused)?;
        let mut source = DeviceSource {
            stop: stop.clone(),
            read_timeout: options.open_timeout,
            time_base,
            decoder,
            info: SourceInfo {
                size: ocellus_core::Size::default(),
                frame_rate: (frame_rate.is_finite() && frame_rate > 0.0).then_some(frame_rate),
                duration: None,
                frames: None,
                kind: SourceKind::Live,
            },
            first: None,
            first_stamp: None,
            last_time: None,
            input,
            name,
        };
        let first = source.next_picture()?;
        source.info.size = first.picture.size();
        source.first = Some(first);
        source.read_timeout = options.read_timeout;
        Ok(source)
    }

    fn next_picture(&mut self) -> Result<SourcePicture, SourceError> {
        let deadline = Instant::now() + self.read_timeout;
        let mut packet = Packet::empty();
        loop {
            let decoded = self.decoder.receive().map_err(|reason| self.lost(reason))?;
            if let Some(decoded) = decoded {
                let time = self.time_of(decoded.stamp);
                return Ok(SourcePicture { time, picture: decoded.picture });
            }
            match packet.read(&mut self.input) {
                Ok(()) => self.decoder.send(&packet),
                Err(Error::Other { errno: error::EAGAIN } | Error::InvalidData) => {
                    if Instant::now() >= deadline {
                        return Err(SourceError::Stalled {
                            source_text: self.name.clone(),
                            after: self.read_timeout,
                        });
                    }
                    if self.stop.wait_for(POLL) == Stopped::Yes {
                        return Err(SourceError::Stopped { source_text: self.name.clone() });
                    }
                }
                Err(Error::Other { errno: error::ENODEV }) => {
                    return Err(self.lost("the device was unplugged".to_owned()));
                }
                Err(failure) => return Err(self.lost(failure.to_string())),
            }
        }
    }

    fn time_of(&mut self, stamp: Option<i64>) -> Duration {
        let stamp = stamp.unwrap_or_default();
        let first = *self.first_stamp.get_or_insert(stamp);
        let seconds = (stamp.saturating_sub(first)) as f64 * f64::from(self.time_base);
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let time = self.last_time.map_or(time, |last| time.max(last + Duration::from_micros(1)));
        self.last_time = Some(time);
        time
    }

    fn lost(&self, reason: String) -> SourceError {
        SourceError::Lost { source_text: self.name.clone(), reason }
    }
}

impl Source for DeviceSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self) -> Result<Option<SourcePicture>, SourceError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.next_picture().map(Some),
        }
    }

    fn damaged(&self) -> u64 {
        self.decoder.damaged()
    }
}

/// What the file system can tell in plainer words than Video4Linux.
fn check(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::FileTypeExt;

    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no such device; {}", available()),
        _ => error.to_string(),
    })?;
    if !found.file_type().is_char_device() {
        return Err("it is not a device; name a camera such as /dev/video0".to_owned());
    }
    std::fs::File::open(path).map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "this user may not read it; add it to the group video".to_owned()
        }
        _ => error.to_string(),
    })
}

/// The devices there are, as a remedy.
fn available() -> String {
    let mut found: Vec<String> = std::fs::read_dir("/dev")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("video"))
        .map(|name| format!("/dev/{name}"))
        .take(16)
        .collect();
    found.sort();
    if found.is_empty() {
        "this machine has no camera; plug it in or, in a container, pass the device on".to_owned()
    } else {
        format!("this machine has {}", found.join(", "))
    }
}

fn open_input(device: &DeviceAddress) -> Result<context::Input, String> {
    let text = device.path.to_str().ok_or("its name is not UTF-8")?;
    let path = CString::new(text).map_err(|_| "its name contains a NUL character".to_owned())?;
    let mut options = Dictionary::new();
    if let Some(size) = device.size {
        options.set("video_size", &size.to_string());
    }
    if let Some(rate) = device.rate {
        options.set("framerate", &rate.to_string());
    }
    #[expect(
        unsafe_code,
        reason = "ffmpeg-next opens devices in blocking mode only, where a read cannot be ended"
    )]
    // SAFETY: the pointers come from FFmpeg and are handed back to it once: `avformat_open_input` frees
    // the context itself when it fails, and `Input` owns it when it succeeds. The dictionary is owned again.
    unsafe {
        let format = ffi::av_find_input_format(c"v4l2".as_ptr());
        let mut context = ffi::avformat_alloc_context();
        if format.is_null() || context.is_null() {
            return Err("this FFmpeg has no Video4Linux; install libavdevice".to_owned());
        }
        (*context).flags |= ffi::AVFMT_FLAG_NONBLOCK;
        let mut raw = options.disown();
        let opened = ffi::avformat_open_input(&raw mut context, path.as_ptr(), format, &raw mut raw);
        drop(Dictionary::own(raw));
        if opened < 0 {
            return Err(match Error::from(opened) {
                Error::Other { errno: error::EBUSY } => "another program is using it; close that".to_owned(),
                Error::Other { errno: error::ENOTTY | error::EINVAL | error::ENODEV } => {
                    "it is not a camera, or does not offer this size and rate".to_owned()
                }
                other => other.to_string(),
            });
        }
        Ok(context::Input::wrap(context))
    }
}
