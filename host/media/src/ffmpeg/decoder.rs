//! Packets in, pictures out.

use ffmpeg_next::codec::{self, threading};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Error, Packet, Rational, decoder, error};
use ocellus_core::Picture;

use super::convert::Converter;

/// 8192 × 8192: a larger picture is a mistake or an attack, and its decoder would take gigabytes.
const MAX_PIXELS: &str = "67108864";

/// How many threads decode, and whether they may add delay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threads {
    pub(crate) count: usize,
    pub(crate) kind: threading::Type,
}

impl Threads {
    /// Whole frames side by side: the best throughput, at one frame of delay a thread.
    pub(crate) fn for_recording(count: usize) -> Threads {
        Threads { count: count.clamp(1, 16), kind: threading::Type::Frame }
    }

    /// Slices of one frame side by side: no delay.
    pub(crate) fn for_live(count: usize) -> Threads {
        Threads { count: count.clamp(1, 16), kind: threading::Type::Slice }
    }
}

/// A picture with the presentation time stamp that its packet had.
pub(crate) struct Decoded {
    pub(crate) stamp: Option<i64>,
    pub(crate) picture: Picture,
}

/// A video decoder. Damaged frames are skipped and counted.
pub(crate) struct Decoder {
    decoder: decoder::Video,
    frame: Video,
    converter: Converter,
    damaged: u64,
    codec: &'static str,
}

impl Decoder {
    /// For a stream of a container.
    pub(crate) fn for_stream(parameters: codec::Parameters, threads: Threads) -> Result<Decoder, String> {
        let id = parameters.id();
        let context = codec::Context::from_parameters(parameters).map_err(|error| error.to_string())?;
        Decoder::open(context, id, threads)
    }

    /// For packets that carry their own parameters, with time stamps in units of `time_base`.
    pub(crate) fn for_codec(id: codec::Id, time_base: Rational, threads: Threads) -> Result<Decoder, String> {
        let mut decoder = Decoder::open(codec::Context::new(), id, threads)?;
        decoder.decoder.set_packet_time_base(time_base);
        Ok(decoder)
    }

    fn open(mut context: codec::Context, id: codec::Id, threads: Threads) -> Result<Decoder, String> {
        let codec = id.name();
        let found = decoder::find(id).ok_or_else(|| format!("its codec {codec} cannot be decoded here"))?;
        if threads.count > 1 {
            context.set_threading(threading::Config {
                kind: threads.kind,
                count: threads.count,
                ..Default::default()
            });
        } else {
            // FFmpeg's own default is one thread a core.
            context.set_threading(threading::Config::count(1));
        }
        let mut options = Dictionary::new();
        options.set("max_pixels", MAX_PIXELS);
        let decoder = context
            .decoder()
            .open_as_with(found, options)
            .and_then(decoder::Opened::video)
            .map_err(|error| format!("its codec {codec} cannot be decoded: {error}"))?;
        Ok(Decoder { decoder, frame: Video::empty(), converter: Converter::default(), damaged: 0, codec })
    }

    /// Takes a packet. Read all pictures before the next.
    pub(crate) fn send(&mut self, packet: &Packet) {
        if self.decoder.send_packet(packet).is_err() {
            self.damaged += 1;
        }
    }

    /// Says that no packet follows; the pictures still inside can then be read.
    pub(crate) fn finish(&mut self) {
        // It only fails when it has been called before.
        let _ = self.decoder.send_eof();
    }

    /// The next picture, or `None` when another packet is needed or all have been read.
    ///
    /// # Errors
    /// When no picture of the stream can be held (size or pixel format).
    pub(crate) fn receive(&mut self) -> Result<Option<Decoded>, String> {
        loop {
            match self.decoder.receive_frame(&mut self.frame) {
                // What the decoder painted over a gap is not what the camera saw.
                Ok(()) if self.frame.is_corrupt() || self.frame.has_decode_errors() => self.damaged += 1,
                Ok(()) => {
                    let stamp = self.frame.timestamp();
                    let picture = self.converter.convert(&mut self.frame)?;
                    return Ok(Some(Decoded { stamp, picture }));
                }
                Err(Error::Eof | Error::Other { errno: error::EAGAIN }) => return Ok(None),
                // Reported once for each damaged frame; others may be ready behind it.
                Err(Error::InvalidData) => self.damaged += 1,
                Err(_) => {
                    self.damaged += 1;
                    return Ok(None);
                }
            }
        }
    }

    /// Counts a packet that could not even be read.
    pub(crate) fn count_damage(&mut self) {
        self.damaged += 1;
    }

    pub(crate) fn damaged(&self) -> u64 {
        self.damaged
    }

    pub(crate) fn codec(&self) -> &'static str {
        self.codec
    }
}
