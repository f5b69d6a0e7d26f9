//! RTSP cameras: `retina` speaks the protocol, FFmpeg decodes.
//!
//! The connection lives on a small runtime of the source's own and is driven while the source is read,
//! so a camera costs no thread beside the one that reads it.

mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ffmpeg_next::{Packet, Rational, codec};
use futures::StreamExt;
use ocellus_core::Size;
use retina::client::{Demuxed, SessionGroup};
use retina::codec::{CodecItem, ParametersRef, VideoFrame};

use crate::error::SourceError;
use crate::ffmpeg::{Decoder, Threads};
use crate::network::{Network, Waited};
use crate::packets::{CodecParameters, EncodedPacket, PacketFeed, VideoCodec};
use crate::source::{OpenOptions, Source, SourceInfo, SourceKind, SourcePicture};
use crate::spec::RtspAddress;
use crate::stop::Stop;

/// Packets that never become a picture are as good as none. Longer than any camera's key frame interval.
const PATIENCE_FOR_KEY_FRAME: Duration = Duration::from_secs(30);

/// How long the farewell to the server may take.
const PATIENCE_FOR_TEARDOWN: Duration = Duration::from_millis(300);

/// An RTSP camera.
pub(crate) struct RtspSource {
    name: String,
    stop: Stop,
    read_timeout: Duration,
    network: Network,
    sessions: Arc<SessionGroup>,
    demuxed: Option<Demuxed>,
    stream: usize,
    codec: VideoCodec,
    decoder: Decoder,
    feed: PacketFeed,
    info: SourceInfo,
    first: Option<SourcePicture>,
    clock: Clock,
}

impl RtspSource {
    pub(crate) fn open(
        rtsp: &RtspAddress,
        options: &OpenOptions,
        stop: &Stop,
    ) -> Result<RtspSource, SourceError> {
        let name = rtsp.redacted.clone();
        let refused = |reason: String| SourceError::Open { source_text: name.clone(), reason };
        if rtsp.url.scheme() != "rtsp" {
            return Err(refused(
                "rtsps is not supported; use rtsp:// inside a trusted network or a tunnel".to_owned(),
            ));
        }
        let network = Network::new().map_err(refused)?;
        let sessions = Arc::new(SessionGroup::default());
        let after = options.open_timeout;
        let connected = match network.wait(stop, Instant::now() + after, session::connect(rtsp, &sessions)) {
            Waited::Done(connected) => connected.map_err(refused)?,
            Waited::Late => return Err(SourceError::OpenTimeout { source_text: name, after }),
            Waited::Stopped => return Err(SourceError::Stopped { source_text: name }),
        };
        let rate = connected.clock_rate;
        let id = match connected.codec {
            VideoCodec::H264 => codec::Id::H264,
            VideoCodec::H265 => codec::Id::HEVC,
            VideoCodec::Mjpeg => codec::Id::MJPEG,
        };
        let time_base = Rational(1, i32::try_from(rate).unwrap_or(90_000));
        let decoder =
            Decoder::for_codec(id, time_base, Threads::for_live(options.threads)).map_err(refused)?;
        let mut source = RtspSource {
            stop: stop.clone(),
            read_timeout: options.read_timeout,
            network,
            sessions,
            stream: connected.stream,
            codec: connected.codec,
            decoder,
            feed: PacketFeed::new(None),
            info: SourceInfo {
                size: Size::default(),
                frame_rate: connected.frame_rate,
                duration: None,
                frames: None,
                kind: SourceKind::Live,
            },
            first: None,
            clock: Clock::new(rate),
            demuxed: Some(connected.demuxed),
            name,
        };
        let first = source.next_picture()?;
        source.info.size = first.picture.size();
        source.first = Some(first);
        Ok(source)
    }

    fn next_picture(&mut self) -> Result<SourcePicture, SourceError> {
        let give_up = Instant::now() + PATIENCE_FOR_KEY_FRAME.max(self.read_timeout);
        loop {
            if let Some(decoded) = self.decoder.receive().map_err(|reason| self.lost(reason))? {
                let time = self.clock.picture_time(decoded.stamp);
                return Ok(SourcePicture { time, picture: decoded.picture });
            }
            if Instant::now() > give_up {
                return Err(self.stalled(PATIENCE_FOR_KEY_FRAME.max(self.read_timeout)));
            }
            let frame = self.next_frame()?;
            self.take(frame);
        }
    }

    fn next_frame(&mut self) -> Result<VideoFrame, SourceError> {
        let Some(demuxed) = &mut self.demuxed else {
            return Err(SourceError::Stopped { source_text: self.name.clone() });
        };
        let deadline = Instant::now() + self.read_timeout;
        match self.network.wait(&self.stop, deadline, video_frame(demuxed, self.stream)) {
            Waited::Done(Some(Ok(frame))) => Ok(frame),
            Waited::Done(Some(Err(error))) => Err(self.lost(session::first_line(&error))),
            Waited::Done(None) => Err(self.lost("the server ended the stream".to_owned())),
            Waited::Late => Err(self.stalled(self.read_timeout)),
            Waited::Stopped => Err(SourceError::Stopped { source_text: self.name.clone() }),
        }
    }

    fn take(&mut self, frame: VideoFrame) {
        if frame.has_new_parameters() || self.feed.parameters().is_none() {
            self.note_parameters();
        }
        let stamp = frame.timestamp().elapsed();
        let is_key = frame.is_random_access_point();
        let mut packet = Packet::copy(frame.data());
        packet.set_pts(Some(stamp));
        self.decoder.send(&packet);
        let time = self.clock.time(stamp);
        self.feed.write(EncodedPacket { time, is_key, data: Bytes::from(frame.into_data()) });
    }

    fn note_parameters(&self) {
        let stream = self.demuxed.as_ref().and_then(|demuxed| demuxed.streams().get(self.stream));
        let parameters = match stream.and_then(retina::client::Stream::parameters) {
            Some(ParametersRef::Video(video)) => {
                let (width, height) = video.pixel_dimensions();
                CodecParameters {
                    codec: self.codec,
                    rfc6381: video.rfc6381_codec().to_owned(),
                    size: Some(Size::new(width, height)),
                    extra_data: Bytes::copy_from_slice(video.extra_data()),
                }
            }
            _ => CodecParameters {
                codec: self.codec,
                rfc6381: String::new(),
                size: None,
                extra_data: Bytes::new(),
            },
        };
        self.feed.set_parameters(parameters);
    }

    fn stalled(&self, after: Duration) -> SourceError {
        SourceError::Stalled { source_text: self.name.clone(), after }
    }

    fn lost(&self, reason: String) -> SourceError {
        SourceError::Lost { source_text: self.name.clone(), reason }
    }
}

impl Source for RtspSource {
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

    fn packets(&self) -> Option<PacketFeed> {
        Some(self.feed.clone())
    }
}

impl Drop for RtspSource {
    fn drop(&mut self) {
        self.feed.close();
        // Dropping the session leaves a farewell task behind, which needs the runtime to be sent. A server
        // that is gone cannot be told so, hence the patience.
        let demuxed = self.demuxed.take();
        let sessions = Arc::clone(&self.sessions);
        self.network.part(PATIENCE_FOR_TEARDOWN, async move {
            drop(demuxed);
            let _ = sessions.await_teardown().await;
        });
    }
}

async fn video_frame(demuxed: &mut Demuxed, stream: usize) -> Option<Result<VideoFrame, retina::Error>> {
    loop {
        match demuxed.next().await? {
            Ok(CodecItem::VideoFrame(frame)) if frame.stream_id() == stream => return Some(Ok(frame)),
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// From RTP time stamps to media time.
#[derive(Debug)]
struct Clock {
    rate: u32,
    first: Option<i64>,
    last: Option<Duration>,
}

impl Clock {
    fn new(rate: u32) -> Clock {
        Clock { rate: rate.max(1), first: None, last: None }
    }

    /// Time since the first stamp ever asked for; zero for an earlier one.
    fn time(&mut self, stamp: i64) -> Duration {
        let first = *self.first.get_or_insert(stamp);
        let ticks = u64::try_from(stamp.saturating_sub(first)).unwrap_or(0);
        let rate = u64::from(self.rate);
        Duration::from_secs(ticks / rate) + Duration::from_nanos(ticks % rate * 1_000_000_000 / rate)
    }

    /// The same for the pictures given out: strictly increasing, whatever the camera's clock does.
    fn picture_time(&mut self, stamp: Option<i64>) -> Duration {
        let step = Duration::from_micros(1);
        let time = stamp.map_or(Duration::ZERO, |stamp| self.time(stamp));
        let time = self.last.map_or(time, |last| time.max(last + step));
        self.last = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_times_increase_even_when_the_cameras_clock_steps_back() {
        let mut clock = Clock::new(90_000);
        let stamps = [Some(900_000), Some(909_000), Some(1_000), None, Some(918_000)];
        let times: Vec<_> = stamps.map(|stamp| clock.picture_time(stamp)).into();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        assert_eq!((times[1], times[4]), (Duration::from_millis(100), Duration::from_millis(200)));
    }
}
