//! An output as it lies in a component's memory, by the canonical ABI.

use ocellus_core::event::Tone;
use ocellus_core::{Event, Overlay, Point, RuleOutput, Value};
use ocellus_runtime::AbiVersion;

/// The memory image of an `ok` with this output in the contract's `result<output, string>`, to be placed at address
/// `base`, which is a multiple of 8. Contract 0.1 has neither publications nor calls.
#[must_use]
pub fn ok(contract: AbiVersion, output: &RuleOutput, base: u32) -> Vec<u8> {
    let lists = match contract {
        AbiVersion::V0_1 => 3,
        AbiVersion::V0_2 => 5,
    };
    let mut image = Image { bytes: vec![0; 4 + 8 * lists], base };
    let events: Vec<[u8; 32]> = output.events.iter().map(|event| image.event(event)).collect();
    let measurements = output.measurements.iter().map(|measurement| {
        let mut row = [0; 16];
        row[..8].copy_from_slice(&image.text(&measurement.name));
        row[8..].copy_from_slice(&measurement.value.to_le_bytes());
        row
    });
    let measurements: Vec<[u8; 16]> = measurements.collect();
    let overlays: Vec<[u8; 32]> = output.overlays.iter().map(|overlay| image.overlay(overlay)).collect();
    let publications = output.publications.iter().map(|publication| {
        pair(image.text(publication.topic.as_str()), image.attributes(&publication.attributes))
    });
    let publications: Vec<[u8; 16]> = publications.collect();
    let calls = output.webhooks.iter().map(|call| pair(image.text(&call.url), image.text(&call.body)));
    let calls: Vec<[u8; 16]> = calls.collect();
    let placed = [
        image.list(&events),
        image.list(&measurements),
        image.list(&overlays),
        image.list(&publications),
        image.list(&calls),
    ];
    image.bytes[4..4 + 8 * lists].copy_from_slice(placed[..lists].as_flattened());
    image.bytes
}

fn pair(first: [u8; 8], second: [u8; 8]) -> [u8; 16] {
    let mut row = [0; 16];
    row[..8].copy_from_slice(&first);
    row[8..].copy_from_slice(&second);
    row
}

struct Image {
    bytes: Vec<u8>,
    base: u32,
}

impl Image {
    /// Places `bytes` and gives pointer and length, `count` being the length in elements.
    fn place(&mut self, bytes: &[u8], count: usize) -> [u8; 8] {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let pointer = self.base + self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        let mut pair = [0; 8];
        pair[..4].copy_from_slice(&pointer.to_le_bytes());
        pair[4..].copy_from_slice(&(count as u32).to_le_bytes());
        pair
    }

    fn text(&mut self, text: &str) -> [u8; 8] {
        self.place(text.as_bytes(), text.len())
    }

    fn list<const N: usize>(&mut self, rows: &[[u8; N]]) -> [u8; 8] {
        self.place(rows.as_flattened(), rows.len())
    }

    fn event(&mut self, event: &Event) -> [u8; 32] {
        let mut row = [0; 32];
        row[..8].copy_from_slice(&self.text(&event.kind));
        if let Some(track) = event.track {
            row[8] = 1;
            row[16..24].copy_from_slice(&track.to_le_bytes());
        }
        row[24..].copy_from_slice(&self.attributes(&event.attributes));
        row
    }

    fn attributes(&mut self, attributes: &[(String, Value)]) -> [u8; 8] {
        let rows = attributes.iter().map(|(key, value)| self.attribute(key, value));
        let rows: Vec<[u8; 24]> = rows.collect();
        self.list(&rows)
    }

    fn attribute(&mut self, key: &str, value: &Value) -> [u8; 24] {
        let mut row = [0; 24];
        row[..8].copy_from_slice(&self.text(key));
        let (case, payload) = match value {
            Value::Flag(flag) => (0, u64::from(*flag).to_le_bytes()),
            Value::Integer(integer) => (1, integer.to_le_bytes()),
            Value::Number(number) => (2, number.to_le_bytes()),
            Value::Text(text) => (3, self.text(text)),
        };
        row[8] = case;
        row[16..].copy_from_slice(&payload);
        row
    }

    fn overlay(&mut self, overlay: &Overlay) -> [u8; 32] {
        let mut row = [0; 32];
        let payload = &mut row[4..];
        let case = match overlay {
            Overlay::Polygon { corners, tone, label } => {
                let corners: Vec<[u8; 8]> = corners.iter().copied().map(point).collect();
                payload[..8].copy_from_slice(&self.list(&corners));
                payload[8] = code(*tone);
                payload[12..20].copy_from_slice(&self.text(label));
                0
            }
            Overlay::Line { segment, tone, label } => {
                payload[..8].copy_from_slice(&point(segment.from));
                payload[8..16].copy_from_slice(&point(segment.to));
                payload[16] = code(*tone);
                payload[20..].copy_from_slice(&self.text(label));
                1
            }
            Overlay::Label { at, tone, text } => {
                payload[..8].copy_from_slice(&point(*at));
                payload[8] = code(*tone);
                payload[12..20].copy_from_slice(&self.text(text));
                2
            }
        };
        row[0] = case;
        row
    }
}

fn point(point: Point) -> [u8; 8] {
    let mut pair = [0; 8];
    pair[..4].copy_from_slice(&point.x.to_le_bytes());
    pair[4..].copy_from_slice(&point.y.to_le_bytes());
    pair
}

fn code(tone: Tone) -> u8 {
    match tone {
        Tone::Neutral => 0,
        Tone::Good => 1,
        Tone::Bad => 2,
    }
}
