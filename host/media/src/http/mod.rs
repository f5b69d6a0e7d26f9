//! MJPEG over HTTP, as the ESP32-CAM and most network cameras offer it.
//!
//! Plain HTTP only. Basic authentication is sent where the source's text has a login.

mod multipart;
mod request;

use std::time::{Duration, Instant};

use ffmpeg_next::{Packet, Rational, codec};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ocellus_core::{Picture, Size};

use crate::error::SourceError;
use crate::ffmpeg::{Decoder, Threads};
use crate::network::{Network, Waited};
use crate::source::{OpenOptions, Source, SourceInfo, SourceKind, SourcePicture};
use crate::spec::HttpAddress;
use crate::stop::Stop;
use multipart::Multipart;

/// An MJPEG camera.
pub(crate) struct HttpSource {
    name: String,
    stop: Stop,
    read_timeout: Duration,
    network: Network,
    body: Incoming,
    parts: Multipart,
    decoder: Decoder,
    info: SourceInfo,
    first: Option<SourcePicture>,
    started: Option<Instant>,
    last_time: Option<Duration>,
}

impl HttpSource {
    pub(crate) fn open(
        http: &HttpAddress,
        options: &OpenOptions,
        stop: &Stop,
    ) -> Result<HttpSource, SourceError> {
        let name = http.redacted.clone();
        let refused = |reason: String| SourceError::Open { source_text: name.clone(), reason };
        if http.url.scheme() != "http" {
            return Err(refused(
                "https is not supported for cameras; use http:// inside a trusted network".to_owned(),
            ));
        }
        let network = Network::new().map_err(refused)?;
        let after = options.open_timeout;
        let (body, boundary) = match network.wait(stop, Instant::now() + after, request::get(http)) {
            Waited::Done(answer) => answer.map_err(refused)?,
            Waited::Late => return Err(SourceError::OpenTimeout { source_text: name, after }),
            Waited::Stopped => return Err(SourceError::Stopped { source_text: name }),
        };
        let decoder = Decoder::for_codec(codec::Id::MJPEG, Rational(1, 1_000_000), Threads::for_live(1))
            .map_err(refused)?;
        let mut source = HttpSource {
            stop: stop.clone(),
            read_timeout: options.read_timeout,
            network,
            body,
            parts: Multipart::new(&boundary),
            decoder,
            info: SourceInfo {
                size: Size::default(),
                frame_rate: None,
                duration: None,
                frames: None,
                kind: SourceKind::Live,
            },
            first: None,
            started: None,
            last_time: None,
            name,
        };
        let first = source.next_picture()?;
        source.info.size = first.picture.size();
        source.first = Some(first);
        Ok(source)
    }

    fn next_picture(&mut self) -> Result<SourcePicture, SourceError> {
        // For the whole picture: a server that dribbles bytes is as dead as one that sends none.
        let deadline = Instant::now() + self.read_timeout;
        loop {
            while let Some(part) = self.parts.next_part().map_err(|error| self.lost(error.to_string()))? {
                if let Some(picture) = self.decoded(&part)? {
                    return Ok(SourcePicture { time: self.now(), picture });
                }
            }
            let bytes = self.next_bytes(deadline)?;
            self.parts.push(&bytes);
        }
    }

    fn decoded(&mut self, part: &[u8]) -> Result<Option<Picture>, SourceError> {
        if part.is_empty() {
            return Ok(None);
        }
        self.decoder.send(&Packet::copy(part));
        let decoded = self.decoder.receive().map_err(|reason| self.lost(reason))?;
        Ok(decoded.map(|decoded| decoded.picture))
    }

    fn next_bytes(&mut self, deadline: Instant) -> Result<bytes::Bytes, SourceError> {
        loop {
            match self.network.wait(&self.stop, deadline, self.body.frame()) {
                Waited::Done(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(bytes);
                    }
                }
                Waited::Done(Some(Err(_))) => return Err(self.lost("the connection broke".to_owned())),
                Waited::Done(None) => return Err(self.lost("the server ended the stream".to_owned())),
                Waited::Late => {
                    return Err(SourceError::Stalled {
                        source_text: self.name.clone(),
                        after: self.read_timeout,
                    });
                }
                Waited::Stopped => return Err(SourceError::Stopped { source_text: self.name.clone() }),
            }
        }
    }

    /// Time of arrival since the first picture: MJPEG has no time stamps.
    fn now(&mut self) -> Duration {
        let now = Instant::now();
        let time = now.duration_since(*self.started.get_or_insert(now));
        let time = self.last_time.map_or(time, |last| time.max(last + Duration::from_micros(1)));
        self.last_time = Some(time);
        time
    }

    fn lost(&self, reason: String) -> SourceError {
        SourceError::Lost { source_text: self.name.clone(), reason }
    }
}

impl Source for HttpSource {
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
