//! Outputs and frames of tracks made from a fuzzer's bytes.

use arbitrary::{Result, Unstructured};
use ocellus_core::event::Tone;
use ocellus_core::{
    Embedding, TimeUs, Track, TrackEmbeddings, TrackReading, TrackReadings, TrackState, WebhookCall,
};
use ocellus_core::{Event, Measurement, Name, Overlay, Point, Publication, Rect, RuleOutput, Segment, Value};
use ocellus_sdk::Columns;

use crate::hand::ADDRESS;

/// Texts at the edges of what is a name, a key or a label.
const TEXTS: [&str; 12] = [
    "crossing",
    "a",
    "0",
    "",
    ".",
    "two words",
    "new\nline",
    "\u{85}",
    "\u{7f}",
    "ä",
    "a-name-of-64-letters-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "a-name-of-65-letters-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// What could lead an address elsewhere.
const WAYS: [&str; 16] =
    ["..", "../", "/", "\\", "%2e%2e", "%2f", "%25", "@", "#", "?", ":", ";", "\t", "\r\n", "admin", "%00"];

/// Any output, sound or not. Topics are names, since nothing else can be said of one here.
///
/// # Errors
/// Never for bytes that run out; then the rest is zeros.
pub fn output(u: &mut Unstructured<'_>) -> Result<RuleOutput> {
    let mut output = RuleOutput::default();
    while !u.is_empty() {
        match u.int_in_range(0..=11)? {
            8 => output.publications.push(publication(u)?),
            9 => output.webhooks.push(call(u)?),
            10 => repeat(&mut output.publications, u)?,
            11 => repeat(&mut output.webhooks, u)?,
            0..=2 => output.events.push(event(u)?),
            3 => output.measurements.push(Measurement { name: text(u)?, value: u.arbitrary()? }),
            4 => output.overlays.push(overlay(u)?),
            // A list at or over its limit costs one input byte or two, not thousands.
            5 => repeat(&mut output.events, u)?,
            6 => repeat(&mut output.measurements, u)?,
            _ => repeat(&mut output.overlays, u)?,
        }
    }
    Ok(output)
}

/// The last element again, up to about the limit of a list.
fn repeat<T: Clone>(list: &mut Vec<T>, u: &mut Unstructured<'_>) -> Result<()> {
    let times: usize = match u.int_in_range(0..=7)? {
        0 => 998,
        1 => 63,
        times => times,
    };
    if let Some(last) = list.last().cloned() {
        let room = 1_100_usize.saturating_sub(list.len());
        list.extend(std::iter::repeat_n(last, room.min(times)));
    }
    Ok(())
}

fn event(u: &mut Unstructured<'_>) -> Result<Event> {
    let (kind, track) = (text(u)?, u.arbitrary()?);
    Ok(Event { kind, track, attributes: attributes(u)? })
}

fn attributes(u: &mut Unstructured<'_>) -> Result<Vec<(String, Value)>> {
    let mut attributes = Vec::new();
    for index in 0..u.int_in_range(0..=66)? {
        let key = if u.ratio(1, 4)? { text(u)? } else { format!("key{index}") };
        attributes.push((key, value(u)?));
    }
    Ok(attributes)
}

fn publication(u: &mut Unstructured<'_>) -> Result<Publication> {
    let topic = Name::from_lossy(&text(u)?, "topic");
    let mut attributes = attributes(u)?;
    if u.ratio(1, 4)? {
        let size = *u.choose(&[4_091, 4_092, 4_093])?;
        attributes.push(("size".to_owned(), Value::Text("x".repeat(size))));
    }
    Ok(Publication { topic, attributes })
}

fn call(u: &mut Unstructured<'_>) -> Result<WebhookCall> {
    let mut url = if u.ratio(7, 8)? { ADDRESS.to_owned() } else { text(u)? };
    for _ in 0..u.int_in_range(0..=8)? {
        let way = *u.choose(&WAYS)?;
        // Before the path too, where an address says whose it is.
        let places: Vec<usize> = url.char_indices().map(|(place, _)| place).chain([url.len()]).collect();
        let place = if u.ratio(1, 2)? { url.len() } else { *u.choose(&places)? };
        url.insert_str(place, way);
    }
    let body = match u.int_in_range(0..=3)? {
        0 => u.arbitrary()?,
        1 => format!("\"{}\"", "x".repeat(*u.choose(&[65_533, 65_534, 65_535])?)),
        2 => "[".repeat(u.int_in_range(0..=300)?) + &"]".repeat(u.int_in_range(0..=300)?),
        _ => "{}".to_owned(),
    };
    Ok(WebhookCall { url, body })
}

fn value(u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Value::Flag(u.arbitrary()?),
        1 => Value::Integer(u.arbitrary()?),
        2 => Value::Number(u.arbitrary()?),
        _ => Value::Text(text(u)?),
    })
}

fn overlay(u: &mut Unstructured<'_>) -> Result<Overlay> {
    let tone = *u.choose(&[Tone::Neutral, Tone::Good, Tone::Bad])?;
    Ok(match u.int_in_range(0..=2)? {
        0 => {
            let count = *u.choose(&[0, 1, 2, 3, 4, 1024, 1025])?;
            let (first, rest) = (point(u)?, point(u)?);
            let corners = (0..count).map(|index| if index == 0 { first } else { rest }).collect();
            Overlay::Polygon { corners, tone, label: text(u)? }
        }
        1 => Overlay::Line { segment: Segment { from: point(u)?, to: point(u)? }, tone, label: text(u)? },
        _ => Overlay::Label { at: point(u)?, tone, text: text(u)? },
    })
}

fn point(u: &mut Unstructured<'_>) -> Result<Point> {
    Ok(Point::new(u.arbitrary()?, u.arbitrary()?))
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=3)? {
        0 => u.arbitrary()?,
        1 => (*u.choose(&TEXTS)?).repeat(u.int_in_range(1..=6)?),
        _ => (*u.choose(&TEXTS)?).to_owned(),
    })
}

/// Tracks of a frame, and the microseconds since the one before: what a tracker could give.
///
/// # Errors
/// Never for bytes that run out; then the rest is zeros.
pub fn frame(u: &mut Unstructured<'_>) -> Result<(u64, Columns)> {
    let step = *u.choose(&[1, 33_333, 100_000, 200_000, 1_000_000, 5_000_000, 3_600_000_000])?;
    let mut columns = Columns::default();
    for _ in 0..u.int_in_range(0..=6)? {
        let id = u64::from(u.arbitrary::<u8>()? % 16);
        if columns.ids.contains(&id) {
            continue;
        }
        columns.ids.push(id);
        let looks: u8 = u.arbitrary()?;
        columns.classes.push(u32::from(looks & 1));
        columns.states.push([1, 1, 0, 2][usize::from(looks >> 6)]);
        columns.confidences.push(0.9);
        let [x, y, width, height]: [u8; 4] = u.arbitrary()?;
        let place = |value: u8| (f32::from(value) - 48.0) / 160.0;
        let extent = |value: u8| f32::from(value) / 256.0;
        columns.boxes.extend([place(x), place(y), extent(width), extent(height)]);
        columns.first_seen_us.push(0);
    }
    Ok((step, columns))
}

/// Tracks as a recording keeps them: any finite numbers, each id once.
///
/// # Errors
/// Never for bytes that run out; then the rest is zeros.
pub fn recorded(u: &mut Unstructured<'_>, classes: u32) -> Result<Vec<Track>> {
    let mut tracks: Vec<Track> = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let id = u.arbitrary()?;
        if classes == 0 || tracks.iter().any(|track| track.id == id) {
            continue;
        }
        let rect = Rect::new(finite(u)?, finite(u)?, finite(u)?.abs(), finite(u)?.abs());
        tracks.push(Track {
            id,
            class: u.int_in_range(0..=classes - 1)?,
            confidence: finite(u)?,
            state: *u.choose(&[TrackState::Tentative, TrackState::Confirmed, TrackState::Lost])?,
            rect,
            first_seen: TimeUs(u.arbitrary()?),
            ground: None,
        });
    }
    Ok(tracks)
}

/// What tracks look like, as a host shows it: one entry a track, or none at all where nothing is known of any.
pub fn embeddings(u: &mut Unstructured<'_>, tracks: usize) -> Result<TrackEmbeddings> {
    let mut looks = Vec::with_capacity(tracks);
    for _ in 0..tracks {
        let numbers: [i8; 8] = u.arbitrary()?;
        looks.push(Embedding::new(&numbers.map(f32::from)).map(|embedding| embedding.rounded()));
    }
    Ok(if looks.iter().any(Option::is_some) { looks.into() } else { [].into() })
}

/// What was read on tracks, in their order.
pub fn readings(u: &mut Unstructured<'_>, tracks: &[Track]) -> Result<TrackReadings> {
    let mut readings = Vec::new();
    for track in tracks {
        for _ in 0..u.int_in_range(0..=2)? {
            let (kind, text): (char, String) = u.arbitrary()?;
            let text = text.chars().take(60).collect();
            let confidence = f32::from(u.arbitrary::<u8>()?) / 255.0;
            readings.push(TrackReading { track: track.id, kind: kind.to_string(), text, confidence });
        }
    }
    Ok(readings.into())
}

fn finite(u: &mut Unstructured<'_>) -> Result<f32> {
    let number: f32 = u.arbitrary()?;
    Ok(if number.is_finite() { number } else { 0.0 })
}
