//! What a call came to, so that another call can be held against it.

use std::sync::Arc;

use ocellus_core::RuleOutput;
use ocellus_runtime::{CallError, Digest, Logs};
use serde::{Deserialize, Serialize};

use super::entries::{EventEntry, MeasurementEntry, OverlayEntry, PublicationEntry};

/// What a call gave back.
#[derive(Debug)]
pub(crate) enum Came {
    Output(RuleOutput),
    State(Arc<[u8]>),
    Answer(String),
    Failed(CallError),
}

/// What a call came to. Drawings, webhook calls (whose addresses are secrets), log lines and states are there by the
/// SHA-256 of their JSON or bytes; all else in full.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Said {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<EventEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measurements: Vec<MeasurementEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    publications: Vec<PublicationEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlays: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorEntry {
    kind: String,
    fatal: bool,
    words: String,
}

/// A part of what a call came to that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentPart {
    /// `events`, `measurements`, `publications`, `overlays`, `webhooks`, `state`, `answer`, `error` or `log`.
    pub kind: &'static str,
    /// What stands in the journal, as JSON.
    pub recorded: String,
    /// What came now, as JSON.
    pub now: String,
}

impl Said {
    /// What a call came to, and what the rule has logged in it.
    pub(crate) fn of(came: &Came, logs: &Logs) -> Said {
        let log = logged(logs);
        match came {
            Came::Output(output) => Said { log, ..said(output) },
            Came::State(state) => Said { state: Some(Digest::of(state).to_string()), log, ..Said::default() },
            Came::Answer(answer) => Said { answer: Some(answer.clone()), log, ..Said::default() },
            // What a rule logs as it dies has places in its code in it, as the error's words have.
            Came::Failed(error) => {
                Said { error: Some(error.into()), log: log.filter(|_| !error.is_fatal()), ..Said::default() }
            }
        }
    }

    /// The parts in which `now` is not what was recorded.
    pub(crate) fn differences(&self, now: &Said) -> Vec<DifferentPart> {
        let both = self.parts().into_iter().zip(now.parts());
        let differ = both.filter(|((_, recorded), (_, now))| recorded.compared != now.compared);
        differ
            .map(|((kind, recorded), (_, now))| DifferentPart {
                kind,
                recorded: recorded.shown,
                now: now.shown,
            })
            .collect()
    }

    fn parts(&self) -> [(&'static str, Part); 9] {
        [
            ("error", self.error.as_ref().map_or_else(|| Part::of(&()), ErrorEntry::part)),
            ("events", Part::of(&self.events)),
            ("measurements", Part::of(&self.measurements)),
            ("publications", Part::of(&self.publications)),
            ("webhooks", Part::of(&self.webhooks)),
            ("overlays", Part::of(&self.overlays)),
            ("state", Part::of(&self.state)),
            ("answer", Part::of(&self.answer)),
            ("log", Part::of(&self.log)),
        ]
    }
}

/// One part as text: JSON tells 0.0 from -0.0, which numbers do not.
struct Part {
    compared: String,
    shown: String,
}

impl Part {
    fn of(part: &impl Serialize) -> Part {
        let shown = json(part);
        Part { compared: shown.clone(), shown }
    }
}

impl ErrorEntry {
    /// A failure that ends the instance is the same whatever its words: they hold places of another build.
    fn part(&self) -> Part {
        let compared = match self.fatal {
            true => self.kind.clone(),
            false => json(self),
        };
        Part { compared, shown: json(self) }
    }
}

impl From<&CallError> for ErrorEntry {
    fn from(error: &CallError) -> ErrorEntry {
        let kind = match error {
            CallError::Refused { .. } => "refused",
            CallError::InvalidOutput { .. } => "invalid-output",
            CallError::StateTooLarge { .. } => "state-too-large",
            CallError::TooMany { .. } => "too-many",
            CallError::OutputTooLarge { .. } => "output-too-large",
            CallError::Deadline { .. } => "time-limit",
            CallError::Memory { .. } => "memory",
            CallError::Trap(_) => "trap",
            CallError::NoRoom => "no-room",
            CallError::Dead => "dead",
        };
        ErrorEntry { kind: kind.to_owned(), fatal: error.is_fatal(), words: error.to_string() }
    }
}

fn said(output: &RuleOutput) -> Said {
    let RuleOutput { events, measurements, overlays, publications, webhooks } = output;
    let overlays: Vec<OverlayEntry<'_>> = overlays.iter().map(OverlayEntry::from).collect();
    let webhooks: Vec<[&str; 2]> =
        webhooks.iter().map(|call| [call.url.as_str(), call.body.as_str()]).collect();
    Said {
        events: events.iter().map(EventEntry::from).collect(),
        measurements: measurements.iter().map(MeasurementEntry::from).collect(),
        publications: publications.iter().map(PublicationEntry::from).collect(),
        overlays: digest(&overlays),
        webhooks: digest(&webhooks),
        ..Said::default()
    }
}

fn logged(logs: &Logs) -> Option<String> {
    let line = |line: &ocellus_runtime::LogLine| (line.time.0, line.level.as_str(), line.message.clone());
    let mut lines: Vec<_> = logs.lines.iter().map(line).collect();
    if logs.dropped > 0 {
        lines.push((logs.dropped, "dropped", String::new()));
    }
    digest(&lines)
}

/// None of nothing, since most calls draw and log nothing.
fn digest<T: Serialize>(entries: &[T]) -> Option<String> {
    (!entries.is_empty()).then(|| Digest::of(json(&entries).as_bytes()).to_string())
}

fn json(part: &impl Serialize) -> String {
    // Texts, numbers and lists of these: there is nothing in it that JSON could not say.
    serde_json::to_string(part).unwrap_or_default()
}

impl<T: Into<Came>> From<Result<T, CallError>> for Came {
    fn from(result: Result<T, CallError>) -> Came {
        result.map_or_else(Came::Failed, T::into)
    }
}

impl From<RuleOutput> for Came {
    fn from(output: RuleOutput) -> Came {
        Came::Output(output)
    }
}

impl From<Arc<[u8]>> for Came {
    fn from(state: Arc<[u8]>) -> Came {
        Came::State(state)
    }
}

impl From<String> for Came {
    fn from(answer: String) -> Came {
        Came::Answer(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocellus_core::event::Tone;
    use ocellus_core::{Event, Measurement, Name, Overlay, Point, Publication, TimeUs, Value, WebhookCall};
    use ocellus_runtime::{Call, LogLevel, LogLine, Trap};

    /// Something of everything; `number` stands in each.
    fn full(number: f32) -> RuleOutput {
        let attributes = vec![("n".to_owned(), Value::Number(number.into()))];
        RuleOutput {
            events: vec![Event { kind: "saw".into(), track: Some(1), attributes: attributes.clone() }],
            measurements: vec![Measurement { name: "n".into(), value: number.into() }],
            overlays: vec![Overlay::Label { at: Point::new(number, 0.5), tone: Tone::Bad, text: "n".into() }],
            publications: vec![Publication { topic: Name::new("n").unwrap(), attributes }],
            webhooks: vec![WebhookCall { url: "https://example.org/n".into(), body: number.to_string() }],
        }
    }

    fn output(number: f32) -> Said {
        Said::of(&Came::Output(full(number)), &Logs::default())
    }

    fn kinds(recorded: &Said, now: &Said) -> Vec<&'static str> {
        // As it is read back.
        let recorded: Said = serde_json::from_str(&json(recorded)).unwrap();
        recorded.differences(now).into_iter().map(|part| part.kind).collect()
    }

    #[test]
    fn every_part_of_an_output_is_compared_to_the_sign_of_a_zero() {
        let all = ["events", "measurements", "publications", "webhooks", "overlays"];
        assert_eq!(kinds(&output(0.25), &output(0.5)), all);
        assert_eq!(kinds(&output(0.0), &output(-0.0)), all);
        assert_eq!(kinds(&output(0.1), &output(0.1)), [""; 0]);
        assert_eq!(kinds(&output(0.5), &Said::default()), all);
    }

    #[test]
    fn states_answers_and_log_lines_are_compared() {
        let nothing = Logs::default();
        let state = |state: &[u8]| Said::of(&Came::State(state.into()), &nothing);
        assert_eq!(kinds(&state(b"1"), &state(b"2")), ["state"]);
        let answer = |answer: &str| Said::of(&Came::Answer(answer.into()), &nothing);
        assert_eq!(kinds(&answer("1"), &answer("2")), ["answer"]);
        assert_eq!(kinds(&answer(""), &state(b"")), ["state", "answer"]);
        let line = LogLine { time: TimeUs(1), level: LogLevel::Info, message: "m".into() };
        let logs = |dropped| Logs { lines: vec![line.clone()], dropped };
        let logged = |logs: &Logs| Said::of(&Came::Answer(String::new()), logs);
        assert_eq!(kinds(&logged(&logs(0)), &logged(&nothing)), ["log"]);
        assert_eq!(kinds(&logged(&logs(0)), &logged(&logs(1))), ["log"]);
    }

    #[test]
    fn a_refusal_is_compared_by_its_words_and_a_death_by_its_kind() {
        let failed = |error| Said::of(&Came::Failed(error), &Logs::default());
        let refused =
            |message: &str| failed(CallError::Refused { call: Call::Process, message: message.into() });
        assert_eq!(kinds(&refused("a"), &refused("b")), ["error"]);
        let trap = |message: &str| {
            let message = message.to_owned();
            failed(CallError::Trap(Box::new(Trap {
                call: Call::Process,
                message,
                said: None,
                backtrace: vec![],
            })))
        };
        assert_eq!(kinds(&trap("at 1"), &trap("at 2")), [""; 0]);
        assert_eq!(kinds(&trap("at 1"), &refused("at 1")), ["error"]);
        assert_eq!(kinds(&trap("at 1"), &output(1.0))[..2], ["error", "events"]);
    }
}
