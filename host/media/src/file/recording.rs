//! One pass through a video file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ffmpeg_next::format::{self, context, stream};
use ffmpeg_next::{Dictionary, Error, Packet, Rational, Stream, error, ffi, media};
use ocellus_core::{Picture, Size};

use crate::ffmpeg::{Decoder, Guard, Threads};
use crate::source::{SourceInfo, SourceKind};

/// This many unreadable packets in a row are the end of the file.
const MAX_UNREADABLE: u32 = 1000;

/// Containers and elementary streams that hold video. FFmpeg also takes playlists, which make it fetch what
/// they name, and paints plain text; those are refused.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,nut,mxf,dv,wtv,rm,dhav,\
    mjpeg,jpeg_pipe,png_pipe,gif,h264,hevc,m4v,mpegvideo,vc1,ivf,obu,yuv4mpegpipe";

/// A picture and its time since the pass's first one.
pub(super) struct Shot {
    pub(super) time: Duration,
    pub(super) picture: Picture,
}

/// An opened file, read from the start to the end.
pub(super) struct Recording {
    path: PathBuf,
    input: context::Input,
    decoder: Decoder,
    stream: usize,
    time_base: Rational,
    declared: Option<Declared>,
    /// Start and time base of every stream: what the container declares may be the length of its sound.
    clocks: Vec<(i64, Rational)>,
    heard: Duration,
    frame_rate: Option<f64>,
    frames: Option<u64>,
    first_stamp: Option<i64>,
    given: u64,
    reached: Duration,
    is_draining: bool,
    failure: Option<String>,
}

impl Recording {
    /// Opens `path`; an error says what is wrong with the file.
    pub(super) fn open(path: &Path, guard: &Guard, threads: usize) -> Result<Recording, String> {
        let input = open_input(path, guard)?;
        let stream = video_stream(&input)?;
        let (index, time_base) = (stream.index(), stream.time_base());
        let (declared, frame_rate) = (declared_length(&input, &stream), frame_rate(&stream));
        let frames = u64::try_from(stream.frames()).ok().filter(|&frames| frames > 0);
        let decoder = Decoder::for_stream(stream.parameters(), Threads::for_recording(threads))?;
        Ok(Recording {
            path: path.to_owned(),
            decoder,
            stream: index,
            time_base,
            declared,
            clocks: input.streams().map(|stream| (stream.start_time(), stream.time_base())).collect(),
            heard: Duration::ZERO,
            input,
            frame_rate,
            frames,
            first_stamp: None,
            given: 0,
            reached: Duration::ZERO,
            is_draining: false,
            failure: None,
        })
    }

    /// Opens the same file once more.
    pub(super) fn open_path(other: &Recording, guard: &Guard, threads: usize) -> Result<Recording, String> {
        Recording::open(&other.path, guard, threads)
    }

    /// The next picture, or `None` after the last. An unreadable rest ends the pass; see
    /// [`Recording::failure`].
    pub(super) fn next(&mut self) -> Result<Option<Shot>, String> {
        loop {
            if let Some(decoded) = self.decoder.receive()? {
                let time = self.time_of(decoded.stamp);
                self.given += 1;
                self.reached = self.reached.max(time + self.frame_length());
                return Ok(Some(Shot { time, picture: decoded.picture }));
            }
            if self.is_draining {
                return Ok(None);
            }
            match self.next_packet() {
                Some(packet) => self.decoder.send(&packet),
                None => {
                    self.is_draining = true;
                    self.decoder.finish();
                }
            }
        }
    }

    fn next_packet(&mut self) -> Option<Packet> {
        let mut packet = Packet::empty();
        for _ in 0..MAX_UNREADABLE {
            loop {
                match packet.read(&mut self.input) {
                    Ok(()) if packet.stream() == self.stream => return Some(packet),
                    Ok(()) => self.hear(&packet),
                    Err(Error::Eof) => return None,
                    Err(Error::InvalidData | Error::Other { errno: error::EAGAIN }) => break,
                    Err(Error::Exit) => {
                        self.failure =
                            Some("reading it took too long; check the disk or the network share".to_owned());
                        return None;
                    }
                    Err(failure) => {
                        self.failure = Some(format!("it could not be read further: {failure}"));
                        return None;
                    }
                }
            }
            self.decoder.count_damage();
        }
        self.failure = Some(format!("{MAX_UNREADABLE} packets in a row were unreadable"));
        None
    }

    /// Notes how far a stream that is not decoded has come.
    fn hear(&mut self, packet: &Packet) {
        let Some(&(start, base)) = self.clocks.get(packet.stream()) else { return };
        let end =
            packet.pts().map(|stamp| stamp.saturating_sub(start.max(0)).saturating_add(packet.duration()));
        self.heard = self.heard.max(end.and_then(|end| duration(end, base)).unwrap_or_default());
    }

    /// Media time of a time stamp, from the first picture's; without a stamp, by counting.
    fn time_of(&mut self, stamp: Option<i64>) -> Duration {
        if let Some(stamp) = stamp {
            let first = *self.first_stamp.get_or_insert(stamp);
            return duration(stamp.saturating_sub(first), self.time_base).unwrap_or_default();
        }
        self.frame_length().mul_f64(self.given as f64)
    }

    fn frame_length(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.frame_rate.unwrap_or(25.0))
    }

    pub(super) fn info(&self, size: Size) -> SourceInfo {
        SourceInfo {
            size,
            frame_rate: self.frame_rate,
            duration: self.declared.map(|declared| declared.length),
            frames: self.frames,
            kind: SourceKind::Recording,
        }
    }

    /// End of the last picture given so far.
    pub(super) fn reached(&self) -> Duration {
        self.reached
    }

    /// The declared and the reached length, if the recording ended more than `tolerance` before its time.
    pub(super) fn shortfall(&self, tolerance: Duration) -> Option<(Duration, Duration)> {
        let declared = self.declared?;
        let came_to = if declared.is_of_container { self.reached.max(self.heard) } else { self.reached };
        (came_to + tolerance < declared.length).then_some((declared.length, self.reached))
    }

    /// Why reading ended before the end of the file, if it did.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub(super) fn damaged(&self) -> u64 {
        self.decoder.damaged()
    }

    pub(super) fn codec(&self) -> &'static str {
        self.decoder.codec()
    }
}

fn open_input(path: &Path, guard: &Guard) -> Result<context::Input, String> {
    let text = path.to_str().ok_or("its name is not UTF-8; rename it")?;
    let mut options = Dictionary::new();
    options.set("format_whitelist", FORMATS);
    // Second wall: a container may still refer to other places.
    options.set("protocol_whitelist", "file");
    let asked = guard.clone();
    // The prefix keeps a name such as `concat:x` from being taken for a protocol.
    format::input_with_interrupt_and_dictionary(&format!("file:{text}"), move || asked.is_over(), options)
        .map_err(|error| match error {
            Error::InvalidData => "it is not a video file, or its header is damaged".to_owned(),
            // What FFmpeg says of a format that is not in the list.
            Error::Other { errno: error::EINVAL } => {
                "it is not a video file of a supported format; use mp4, mkv, webm, avi or MPEG-TS".to_owned()
            }
            Error::Exit => "reading its header took too long".to_owned(),
            Error::Eof => {
                "it ends within its header; it may not have been copied completely, so copy it again"
                    .to_owned()
            }
            other => other.to_string(),
        })
}

fn video_stream(input: &context::Input) -> Result<Stream<'_>, String> {
    let stream = input.streams().best(media::Type::Video);
    // Cover art of a piece of music is formally a video stream.
    match stream.filter(|stream| !stream.disposition().contains(stream::Disposition::ATTACHED_PIC)) {
        Some(stream) => Ok(stream),
        None if input.streams().best(media::Type::Audio).is_some() => {
            Err("it contains sound but no video; name a file with pictures".to_owned())
        }
        None => {
            Err("it contains no video stream; name a file with pictures, or copy it again if it was cut off"
                .to_owned())
        }
    }
}

fn frame_rate(stream: &Stream<'_>) -> Option<f64> {
    [stream.avg_frame_rate(), stream.rate()]
        .into_iter()
        .filter(|rate| rate.denominator() != 0)
        .map(f64::from)
        .find(|&rate| rate.is_finite() && (0.01..=1000.0).contains(&rate))
}

/// A length that the file states.
#[derive(Debug, Clone, Copy)]
struct Declared {
    length: Duration,
    is_of_container: bool,
}

/// The length that the file declares, where it is a statement and not FFmpeg's guess from a bit rate.
fn declared_length(input: &context::Input, stream: &Stream<'_>) -> Option<Declared> {
    #[expect(unsafe_code, reason = "ffmpeg-next does not tell how a duration was found")]
    // SAFETY: the context is alive, and the field is a plain number.
    let is_guess = unsafe {
        (*input.as_ptr()).duration_estimation_method
            == ffi::AVDurationEstimationMethod::AVFMT_DURATION_FROM_BITRATE
    };
    if is_guess {
        return None;
    }
    let of_stream = duration(stream.duration(), stream.time_base());
    let of_container = || duration(input.duration(), Rational(1, 1_000_000));
    match of_stream {
        Some(length) => Some(Declared { length, is_of_container: false }),
        None => of_container().map(|length| Declared { length, is_of_container: true }),
    }
}

/// `count` × `base` seconds; `None` for nothing, unset or negative.
fn duration(count: i64, base: Rational) -> Option<Duration> {
    let (numerator, denominator) =
        (u128::try_from(base.numerator()).ok()?, u128::try_from(base.denominator()).ok()?);
    let nanos = u128::try_from(count)
        .ok()?
        .checked_mul(numerator)?
        .checked_mul(1_000_000_000)?
        .checked_div(denominator)?;
    (nanos > 0).then(|| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}
