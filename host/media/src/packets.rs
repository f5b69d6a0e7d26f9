//! Encoded packets kept at hand, for viewers that take the camera's own encoding.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ocellus_core::Size;
use tokio::sync::Notify;

/// Bytes of packets kept for one camera. A 1080p camera at 8 Mbit/s fills it in four seconds.
const CAPACITY: usize = 4 << 20;

/// How the packets of a camera are encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecParameters {
    /// The codec.
    pub codec: VideoCodec,
    /// The codec's name as RFC 6381 has it, such as `avc1.4D401E`; empty where it has none.
    pub rfc6381: String,
    /// Size in pixels, where the camera says before the first packet.
    pub size: Option<Size>,
    /// H.264 and H.265: the parameter sets in Annex B form. They are also in front of every key frame.
    pub extra_data: Bytes,
}

/// A codec whose packets can be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264, AVC.
    H264,
    /// H.265, HEVC.
    H265,
    /// One JPEG a packet.
    Mjpeg,
}

/// One encoded picture. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPacket {
    /// Media time since the source's first picture.
    pub time: Duration,
    /// Whether decoding can start here.
    pub is_key: bool,
    /// H.264 and H.265 in Annex B form.
    pub data: Bytes,
}

/// A bounded fan-out of a camera's packets: at most two groups of pictures and 4 MiB, whichever is less.
///
/// The writer never waits. A reader that falls behind is told how many packets it missed and goes on at
/// the newest key frame. Clones share one feed.
#[derive(Debug, Clone)]
pub struct PacketFeed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    wake: Notify,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Ring {
    packets: VecDeque<EncodedPacket>,
    /// Number of the packet at the front; numbers count all packets ever written.
    first: u64,
    bytes: usize,
    parameters: Option<CodecParameters>,
    is_closed: bool,
}

/// Reads a [`PacketFeed`] from the newest key frame on.
#[derive(Debug)]
pub struct PacketReader {
    feed: PacketFeed,
    next: u64,
    needs_key: bool,
}

/// What a [`PacketReader`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PacketRead {
    /// The next packet.
    Packet(EncodedPacket),
    /// This many packets were missed; the next one is a key frame.
    Missed(u64),
    /// The source ended.
    Closed,
}

impl PacketFeed {
    pub(crate) fn new(parameters: Option<CodecParameters>) -> PacketFeed {
        let ring = Ring { packets: VecDeque::new(), first: 0, bytes: 0, parameters, is_closed: false };
        PacketFeed(Arc::new(Shared {
            ring: Mutex::new(ring),
            wake: Notify::new(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// How the packets are encoded, once known.
    #[must_use]
    pub fn parameters(&self) -> Option<CodecParameters> {
        self.ring().parameters.clone()
    }

    /// A new reader. It starts with the newest key frame that is still kept, or the next to come.
    #[must_use]
    pub fn reader(&self) -> PacketReader {
        let next = {
            let ring = self.ring();
            ring.newest_key().unwrap_or(ring.end())
        };
        PacketReader { feed: self.clone(), next, needs_key: true }
    }

    /// Packets that some reader missed, in all.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parameters(&self, parameters: CodecParameters) {
        self.ring().parameters = Some(parameters);
    }

    pub(crate) fn write(&self, packet: EncodedPacket) {
        {
            let mut ring = self.ring();
            if packet.is_key {
                ring.forget_before_newest_key();
            }
            ring.bytes += packet.data.len();
            ring.packets.push_back(packet);
            while ring.bytes > CAPACITY {
                ring.forget_first();
            }
        }
        self.0.wake.notify_waiters();
    }

    pub(crate) fn close(&self) {
        self.ring().is_closed = true;
        self.0.wake.notify_waiters();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn end(&self) -> u64 {
        self.first + self.packets.len() as u64
    }

    fn newest_key(&self) -> Option<u64> {
        let at = self.packets.iter().rposition(|packet| packet.is_key)?;
        Some(self.first + at as u64)
    }

    fn get(&self, number: u64) -> Option<&EncodedPacket> {
        self.packets.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn forget_first(&mut self) {
        if let Some(packet) = self.packets.pop_front() {
            self.bytes -= packet.data.len();
            self.first += 1;
        }
    }

    fn forget_before_newest_key(&mut self) {
        let keep_from = self.newest_key().unwrap_or(self.first);
        while self.first < keep_from {
            self.forget_first();
        }
    }
}

impl PacketReader {
    /// The next packet, waiting for it.
    pub async fn next(&mut self) -> PacketRead {
        let shared = Arc::clone(&self.feed.0);
        loop {
            let notified = shared.wake.notified();
            tokio::pin!(notified);
            // Registers before the look, so that a packet in between is not missed.
            notified.as_mut().enable();
            if let Some(read) = self.try_next() {
                return read;
            }
            notified.await;
        }
    }

    /// The next packet, if one is there.
    pub fn try_next(&mut self) -> Option<PacketRead> {
        let ring = self.feed.ring();
        if self.next < ring.first {
            let go_on = ring.newest_key().unwrap_or(ring.end());
            let missed = go_on - self.next;
            drop(ring);
            self.next = go_on;
            self.needs_key = true;
            self.feed.0.dropped.fetch_add(missed, Ordering::Relaxed);
            return Some(PacketRead::Missed(missed));
        }
        while let Some(packet) = ring.get(self.next) {
            self.next += 1;
            // Before the first key frame a decoder can do nothing with a packet.
            if packet.is_key || !self.needs_key {
                self.needs_key = false;
                return Some(PacketRead::Packet(packet.clone()));
            }
        }
        ring.is_closed.then_some(PacketRead::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u64, is_key: bool, len: usize) -> EncodedPacket {
        EncodedPacket { time: Duration::from_millis(number), is_key, data: Bytes::from(vec![0; len]) }
    }

    fn time(read: Option<PacketRead>) -> u64 {
        match read {
            Some(PacketRead::Packet(packet)) => u64::try_from(packet.time.as_millis()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_new_reader_starts_at_the_newest_key_frame() {
        let feed = PacketFeed::new(None);
        for (number, is_key) in [(0, true), (1, false), (2, true), (3, false)] {
            feed.write(packet(number, is_key, 10));
        }
        let mut reader = feed.reader();
        assert_eq!((time(reader.try_next()), time(reader.try_next())), (2, 3));
        assert_eq!(reader.try_next(), None);
        feed.close();
        assert_eq!(reader.try_next(), Some(PacketRead::Closed));
    }

    #[test]
    fn packets_before_the_first_key_frame_are_skipped() {
        let feed = PacketFeed::new(None);
        let mut reader = feed.reader();
        feed.write(packet(0, false, 10));
        feed.write(packet(1, true, 10));
        assert_eq!(time(reader.try_next()), 1);
    }

    #[test]
    fn a_slow_reader_is_told_what_it_missed_and_resumes_at_a_key_frame() {
        let feed = PacketFeed::new(None);
        feed.write(packet(0, true, 10));
        let mut reader = feed.reader();
        for number in 1..=5 {
            feed.write(packet(number, number % 2 == 1, 10));
        }
        assert_eq!(reader.try_next(), Some(PacketRead::Missed(5)));
        assert_eq!(time(reader.try_next()), 5);
        assert_eq!(feed.dropped(), 5);
    }

    #[test]
    fn memory_is_bounded_even_without_key_frames() {
        let feed = PacketFeed::new(None);
        for number in 0..100 {
            feed.write(packet(number, number == 0, 1 << 20));
        }
        assert!(feed.ring().bytes <= CAPACITY);
        assert!(feed.ring().packets.len() <= 4);
    }

    #[test]
    fn a_waiting_reader_wakes_on_a_packet_and_on_the_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let feed = PacketFeed::new(None);
        let mut reader = feed.reader();
        let writer = std::thread::spawn(move || {
            feed.write(packet(0, true, 1));
            feed.close();
        });
        assert!(matches!(runtime.block_on(reader.next()), PacketRead::Packet(_)));
        assert_eq!(runtime.block_on(reader.next()), PacketRead::Closed);
        writer.join().unwrap();
    }
}
