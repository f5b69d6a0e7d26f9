//! Pictures into an mp4 file.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use ffmpeg_next::codec::{self, threading};
use ffmpeg_next::format::{self, Pixel, context};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Error, Packet, Rational, encoder, error};
use ocellus_core::{Picture, Size};

/// Encoders by preference. The first is in FFmpeg as Debian ships it; the last is in every FFmpeg.
const ENCODERS: [&str; 3] = ["libx264", "libopenh264", "mpeg4"];

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoSettings {
    /// Size of every picture in pixels.
    pub size: Size,
    /// Pictures a second, as a fraction: (30000, 1001) is 29.97.
    pub frame_rate: (u32, u32),
}

/// Why a video could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write {path}: {reason}")]
pub struct WriteError {
    /// The file.
    pub path: String,
    /// What happened and what would help.
    pub reason: String,
}

/// Writes an mp4 file, H.264 where an encoder for it is installed. Equal pictures give an equal file.
///
/// The pictures go to a file of another name beside the target, which takes the target's name when it is
/// finished and is removed when it is not. What stood under that name stays until then.
pub struct VideoWriter {
    path: PathBuf,
    place: Place,
    settings: VideoSettings,
    output: context::Output,
    encoder: encoder::Video,
    encoder_name: &'static str,
    stream_time_base: Rational,
    frame: Video,
    written: u64,
}

impl VideoWriter {
    /// Begins the file that will stand at `path`.
    ///
    /// # Errors
    /// [`WriteError`] for a path that cannot be written, a size or rate that no encoder takes, or an FFmpeg
    /// without any encoder.
    pub fn create(path: &Path, settings: VideoSettings) -> Result<VideoWriter, WriteError> {
        crate::ffmpeg::init();
        let failed = |reason: String| WriteError { path: path.display().to_string(), reason };
        let rate = rate_of(settings).map_err(failed)?;
        // Asked of the system first, whose answer names the cause.
        let place = Place::take(path).map_err(|error| failed(creation_failure(&error)))?;
        let text = place.file().to_str().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| failed("its name is not plain UTF-8; choose another".to_owned()))?;
        let mut output =
            format::output_as(&format!("file:{text}"), "mp4").map_err(|error| failed(said(error)))?;
        let (encoder, encoder_name) = open_encoder(settings, rate).map_err(failed)?;
        {
            let mut stream =
                output.add_stream(None::<ffmpeg_next::Codec>).map_err(|error| failed(said(error)))?;
            stream.set_time_base(rate.invert());
            stream.set_parameters(&encoder);
        }
        let mut options = Dictionary::new();
        // No creation time and no version texts, so that equal pictures give equal bytes; the index in
        // front, so that a cut-off copy can still be read.
        options.set("fflags", "+bitexact");
        options.set("movflags", "+faststart");
        output.write_header_with(options).map_err(|error| failed(said(error)))?;
        let stream_time_base = output.stream(0).map_or(rate.invert(), |stream| stream.time_base());
        let frame = Video::new(Pixel::YUV420P, settings.size.width, settings.size.height);
        Ok(VideoWriter {
            path: path.to_owned(),
            place,
            settings,
            output,
            encoder,
            encoder_name,
            stream_time_base,
            frame,
            written: 0,
        })
    }

    /// Name of the encoder in use, as FFmpeg has it.
    #[must_use]
    pub fn encoder(&self) -> &'static str {
        self.encoder_name
    }

    /// Appends a picture.
    ///
    /// # Errors
    /// [`WriteError`] for a picture of another size, or when the disk is full.
    pub fn write(&mut self, picture: &Picture) -> Result<(), WriteError> {
        let size = self.settings.size;
        if picture.size() != size {
            return Err(
                self.failed(format!("a picture of {} does not fit a video of {size}", picture.size()))
            );
        }
        // The encoder may still look at the last frame's buffer, so each picture gets its own.
        self.frame = Video::new(Pixel::YUV420P, size.width, size.height);
        for (plane, (bytes, width)) in
            [(picture.y(), size.width), (picture.u(), size.width / 2), (picture.v(), size.width / 2)]
                .into_iter()
                .enumerate()
        {
            let stride = self.frame.stride(plane);
            let target = self.frame.data_mut(plane);
            for (from, to) in bytes.chunks_exact(width as usize).zip(target.chunks_mut(stride)) {
                to[..from.len()].copy_from_slice(from);
            }
        }
        self.frame.set_pts(i64::try_from(self.written).ok());
        self.written += 1;
        self.encoder.send_frame(&self.frame).map_err(|error| self.failed(said(error)))?;
        self.drain()
    }

    /// Writes what is still inside and the index. Without it there is no file.
    ///
    /// # Errors
    /// [`WriteError`] when nothing was written or the disk is full.
    pub fn finish(mut self) -> Result<u64, WriteError> {
        if self.written == 0 {
            return Err(self.failed("there was no picture to write".to_owned()));
        }
        self.encoder.send_eof().map_err(|error| self.failed(said(error)))?;
        self.drain()?;
        self.output.write_trailer().map_err(|error| self.failed(said(error)))?;
        self.check_io()?;
        self.place.keep().map_err(|error| self.failed(creation_failure(&error)))?;
        Ok(self.written)
    }

    fn drain(&mut self) -> Result<(), WriteError> {
        let mut packet = Packet::empty();
        loop {
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    packet.set_stream(0);
                    // Without it the last picture has no length, and the file is one picture short.
                    packet.set_duration(1);
                    packet.rescale_ts(self.encoder.time_base(), self.stream_time_base);
                    let written = packet.write_interleaved(&mut self.output);
                    written.map_err(|error| self.failed(said(error)))?;
                }
                Err(Error::Eof | Error::Other { errno: error::EAGAIN }) => return self.check_io(),
                Err(error) => return Err(self.failed(said(error))),
            }
        }
    }

    /// FFmpeg writes behind a buffer; a full disk shows in the buffer's state only.
    fn check_io(&self) -> Result<(), WriteError> {
        #[expect(unsafe_code, reason = "ffmpeg-next does not show the state of an output's buffer")]
        // SAFETY: the context is alive and owns its buffer; the field is a plain number.
        let code = unsafe {
            let buffer = (*self.output.as_ptr()).pb;
            if buffer.is_null() { 0 } else { (*buffer).error }
        };
        if code < 0 { Err(self.failed(said(Error::from(code)))) } else { Ok(()) }
    }

    fn failed(&self, reason: String) -> WriteError {
        WriteError { path: self.path.display().to_string(), reason }
    }
}

/// Where the bytes go until the file is whole.
enum Place {
    /// To a file beside the target, which takes its name at the end; removed where that never comes.
    Beside { file: PathBuf, target: PathBuf },
    /// To the target itself: a device or a pipe, or a file that has its name.
    There(PathBuf),
}

/// Names that are tried before giving up; others are taken by writers that run now, or were killed.
const MOST_NAMES: u32 = 10_000;

impl Place {
    /// Finds a place for what will stand at `path`; a file there must be one that may be written.
    fn take(path: &Path) -> io::Result<Place> {
        let (target, permissions) = match OpenOptions::new().write(true).open(path) {
            // The link stays a link.
            Ok(file) => {
                let found = file.metadata()?;
                if !found.is_file() {
                    return Ok(Place::There(path.to_owned()));
                }
                (fs::canonicalize(path)?, Some(found.permissions()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
            Err(error) => return Err(error),
        };
        let folder = target.parent().unwrap_or(Path::new(""));
        for number in 0..MOST_NAMES {
            let file = folder.join(format!(".ocellus-{}-{number}.part", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(made) => {
                    let place = Place::Beside { file, target };
                    permissions.map_or(Ok(()), |permissions| made.set_permissions(permissions))?;
                    return Ok(place);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn file(&self) -> &Path {
        match self {
            Place::Beside { file, .. } | Place::There(file) => file,
        }
    }

    /// Gives the file its name.
    fn keep(&mut self) -> io::Result<()> {
        if let Place::Beside { file, target } = self {
            fs::rename(&*file, &*target)?;
            *self = Place::There(std::mem::take(target));
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Half a video is of no use.
        if let Place::Beside { file, .. } = self {
            let _ = fs::remove_file(file);
        }
    }
}

fn rate_of(settings: VideoSettings) -> Result<Rational, String> {
    let (numerator, denominator) = settings.frame_rate;
    let parts = i32::try_from(numerator).ok().zip(i32::try_from(denominator).ok());
    match parts.filter(|&(n, d)| n > 0 && d > 0 && n / d <= 1000) {
        Some((n, d)) => Ok(Rational(n, d)),
        None => {
            Err(format!("{numerator}/{denominator} is not a frame rate; use up to 1000 pictures a second"))
        }
    }
}

fn open_encoder(settings: VideoSettings, rate: Rational) -> Result<(encoder::Video, &'static str), String> {
    let mut last = format!("this ffmpeg has none of the encoders {}", ENCODERS.join(", "));
    for name in ENCODERS {
        let Some(found) = encoder::find_by_name(name) else { continue };
        let mut context = codec::Context::new_with_codec(found);
        // Fixed, not one a core: x264's decisions depend on the number.
        context.set_threading(threading::Config::count(2));
        // The mp4 header holds the parameter sets.
        context.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::BITEXACT);
        let made = context.encoder().video().and_then(|mut video| {
            video.set_width(settings.size.width);
            video.set_height(settings.size.height);
            video.set_format(Pixel::YUV420P);
            video.set_time_base(rate.invert());
            video.set_frame_rate(Some(rate));
            video.set_gop(50);
            video.set_max_b_frames(0);
            let mut options = Dictionary::new();
            if name == "libx264" {
                options.set("preset", "veryfast");
                options.set("crf", "20");
            } else {
                let pixels = u64::from(settings.size.width) * u64::from(settings.size.height);
                video.set_bit_rate(usize::try_from(pixels * 4).unwrap_or(4_000_000));
            }
            video.open_with(options)
        });
        match made {
            Ok(encoder) => return Ok((encoder, name)),
            Err(error) => last = format!("the encoder {name} refuses {}: {error}", settings.size),
        }
    }
    Err(last)
}

fn creation_failure(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "its folder does not exist; create it first".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "this user may not write there; choose another folder".to_owned()
        }
        std::io::ErrorKind::IsADirectory => "it is a folder; name a file such as clip.mp4".to_owned(),
        _ => error.to_string(),
    }
}

fn said(error: Error) -> String {
    match error {
        Error::Other { errno: error::ENOSPC } => "the disk is full; free some space".to_owned(),
        other => other.to_string(),
    }
}
