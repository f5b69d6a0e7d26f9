//! `/metrics`: what the site counts, read when it is asked for. Nothing here is kept between two scrapes
//! and nothing is global, so that several hosts can live in one process.

use std::fmt;

use ocellus_core::Name;
use ocellus_pipeline::{
    CameraStatus, LookCounts, ReadCounts, RecordingStatus, RuleStatus, SourceState, WebhookCounts,
    WriterCounters,
};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::process;
use crate::state::State;
use crate::wire::rule::RuleStateName;

/// The site at one moment.
#[derive(Debug)]
struct Scrape {
    cameras: Vec<CameraStatus>,
    rules: Vec<RuleStatus>,
    /// Site rules with the frames that they had no room for.
    site_rules: Vec<(Name, u64)>,
    webhooks: Vec<(Name, WebhookCounts)>,
    viewers: usize,
    events: Option<WriterCounters>,
    uptime_s: f64,
    process: Option<process::Usage>,
}

/// The text of a scrape.
pub(crate) fn render(state: &State) -> Result<String, fmt::Error> {
    let scrape = Scrape {
        cameras: state.site.cameras(),
        rules: state.site.rules(),
        site_rules: state.site.site_rules_missed(),
        webhooks: state.site.webhooks(),
        viewers: state.viewers(),
        events: state.site.event_counters(),
        uptime_s: state.site.health().uptime.as_secs_f64(),
        process: process::usage(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut text = String::with_capacity(16 * 1024);
    encode(&mut text, &registry)?;
    Ok(text)
}

type Labels<'a> = Vec<(&'static str, &'a str)>;
type Rows<'a> = Vec<(Labels<'a>, f64)>;

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.cameras(&mut encoder)?;
        self.looks(&mut encoder)?;
        self.reads(&mut encoder)?;
        self.ignored(&mut encoder)?;
        self.recordings(&mut encoder)?;
        self.stages(&mut encoder)?;
        self.rules(&mut encoder)?;
        self.host(&mut encoder)
    }
}

impl Scrape {
    fn cameras(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rows = |value: fn(&CameraStatus) -> f64| -> Rows<'_> {
            self.cameras
                .iter()
                .map(|camera| (vec![("camera", camera.name.as_str())], value(camera)))
                .collect()
        };
        let states: Rows<'_> = self
            .cameras
            .iter()
            .map(|camera| (vec![("camera", camera.name.as_str()), ("state", state_name(&camera.state))], 1.0))
            .collect();
        gauge(encoder, "ocellus_camera_state", "1 for the state that the camera's source is in", &states)?;
        let rate = rows(|camera| f64::from(camera.frame_rate));
        gauge(
            encoder,
            "ocellus_camera_frame_rate",
            "Frames a second that rules saw, over the last seconds",
            &rate,
        )?;
        let ages: Rows<'_> = self
            .cameras
            .iter()
            .filter_map(|camera| {
                Some((vec![("camera", camera.name.as_str())], camera.last_frame_age?.as_secs_f64()))
            })
            .collect();
        gauge(
            encoder,
            "ocellus_camera_last_frame_age_seconds",
            "Time since the last picture arrived",
            &ages,
        )?;
        let viewers = rows(|camera| camera.viewers as f64);
        gauge(encoder, "ocellus_camera_viewers", "Viewers of pictures", &viewers)?;
        let frames = rows(|camera| camera.frames as f64);
        counter(encoder, "ocellus_camera_frames", "Frames that rules saw", &frames)?;
        let events = rows(|camera| camera.events as f64);
        counter(encoder, "ocellus_camera_events", "Events that rules reported", &events)?;
        let dropped = rows(|camera| camera.dropped as f64);
        let help = "Frames dropped because a newer one was there, or because the detector failed";
        counter(encoder, "ocellus_camera_frames_dropped", help, &dropped)?;
        let encoded = rows(|camera| camera.encoded as f64);
        counter(encoder, "ocellus_camera_pictures_encoded", "Pictures encoded for viewers", &encoded)
    }

    /// Of cameras whose tracks are looked at.
    fn looks(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rows = |value: fn(&LookCounts) -> u64| -> Rows<'_> {
            let looked_at = self.cameras.iter().filter_map(|camera| Some((camera, camera.looks.as_ref()?)));
            looked_at
                .map(|(camera, looks)| (vec![("camera", camera.name.as_str())], value(looks) as f64))
                .collect()
        };
        let (wanted, embedded, skipped) =
            (rows(|looks| looks.wanted), rows(|looks| looks.embedded), rows(|looks| looks.skipped));
        counter(encoder, "ocellus_camera_looks_wanted", "Detections that were worth a look", &wanted)?;
        counter(encoder, "ocellus_camera_looks_embedded", "Detections that were looked at", &embedded)?;
        let help = "Detections worth a look for which budget or time was too short, or the embedder failed";
        counter(encoder, "ocellus_camera_looks_skipped", help, &skipped)
    }

    /// Of cameras whose number plates are read.
    fn reads(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rows = |value: fn(&ReadCounts) -> u64| -> Rows<'_> {
            let read = self.cameras.iter().filter_map(|camera| Some((camera, camera.reads.as_ref()?)));
            read.map(|(camera, reads)| (vec![("camera", camera.name.as_str())], value(reads) as f64))
                .collect()
        };
        let (wanted, made) = (rows(|reads| reads.wanted), rows(|reads| reads.made));
        let (skipped, plates) = (rows(|reads| reads.skipped), rows(|reads| reads.plates));
        counter(
            encoder,
            "ocellus_camera_plate_looks_wanted",
            "Looks for number plates that were worth it",
            &wanted,
        )?;
        counter(encoder, "ocellus_camera_plate_looks_made", "Looks for number plates that were made", &made)?;
        let help = "Looks for number plates for which budget or time was too short, or the reader failed";
        counter(encoder, "ocellus_camera_plate_looks_skipped", help, &skipped)?;
        counter(
            encoder,
            "ocellus_camera_plates_read",
            "Number plates that were read, each as often as it was",
            &plates,
        )
    }

    /// Of cameras with a region.
    fn ignored(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let regions = self.cameras.iter().filter_map(|camera| Some((camera, camera.ignored?)));
        let rows: Rows<'_> = regions
            .flat_map(|(camera, ignored)| {
                [("outside", ignored.outside), ("masked", ignored.masked)].map(|(reason, count)| {
                    (vec![("camera", camera.name.as_str()), ("reason", reason)], count as f64)
                })
            })
            .collect();
        let help = "Detections that a camera's region kept from the tracker";
        counter(encoder, "ocellus_camera_detections_ignored", help, &rows)
    }

    /// Of cameras that are recorded, or were.
    fn recordings(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rows = |value: fn(&RecordingStatus) -> u64| -> Rows<'_> {
            let recorded = self.cameras.iter().filter_map(|camera| Some((camera, camera.recording?)));
            recorded
                .filter(|(_, status)| status.is_on || status.frames + status.missed > 0)
                .map(|(camera, status)| (vec![("camera", camera.name.as_str())], value(&status) as f64))
                .collect()
        };
        let (frames, missed) = (rows(|status| status.frames), rows(|status| status.missed));
        counter(encoder, "ocellus_recording_frames", "Frames written to recordings", &frames)?;
        let help = "Frames not written to recordings, because the disk was full or the writer behind";
        counter(encoder, "ocellus_recording_frames_missed", help, &missed)
    }

    fn stages(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (mut seconds, mut frames, mut longest) = (Rows::new(), Rows::new(), Rows::new());
        for camera in &self.cameras {
            let stages = &camera.stages;
            for (stage, time) in [
                ("decode", stages.decode),
                ("detect", stages.detect),
                ("embed", stages.embed),
                ("read", stages.read),
                ("track", stages.track),
                ("rules", stages.rules),
                ("encode", stages.encode),
            ] {
                let labels = vec![("camera", camera.name.as_str()), ("stage", stage)];
                seconds.push((labels.clone(), time.total.as_secs_f64()));
                frames.push((labels.clone(), time.count as f64));
                longest.push((labels, time.max.as_secs_f64()));
            }
        }
        counter(encoder, "ocellus_stage_seconds", "Time spent in a stage of a camera's pipeline", &seconds)?;
        counter(encoder, "ocellus_stage_frames", "Frames that went through a stage", &frames)?;
        gauge(
            encoder,
            "ocellus_stage_longest_seconds",
            "Longest time that a frame spent in a stage",
            &longest,
        )
    }

    fn rules(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut states = Rows::new();
        let mut times = Rows::new();
        // Name, help, and where the number stands.
        let mut counts: [(&str, &str, Rows<'_>); 12] = [
            ("ocellus_rule_calls", "Calls of a rule", Rows::new()),
            ("ocellus_rule_refusals", "Calls that a rule answered with an error", Rows::new()),
            ("ocellus_rule_traps", "Calls that trapped", Rows::new()),
            (
                "ocellus_rule_deadline_misses",
                "Calls that were stopped because they took too long",
                Rows::new(),
            ),
            (
                "ocellus_rule_limit_breaches",
                "Calls that broke a limit of memory, events or output",
                Rows::new(),
            ),
            ("ocellus_rule_frames_skipped", "Frames that a rule did not see while it was down", Rows::new()),
            ("ocellus_rule_restarts", "Times a rule was started anew", Rows::new()),
            (
                "ocellus_rule_frames_throttled",
                "Frames that a rule did not see because it had used up its call time a second",
                Rows::new(),
            ),
            ("ocellus_rule_events", "Events that a rule reported", Rows::new()),
            ("ocellus_rule_log_lines_dropped", "Log lines of a rule beyond its allowance", Rows::new()),
            (
                "ocellus_rule_denied",
                "Outputs of a rule that asked for something that is not granted, which was left out",
                Rows::new(),
            ),
            (
                "ocellus_rule_messages_dropped",
                "Messages of other rules that a rule was too slow to hear",
                Rows::new(),
            ),
        ];
        let (mut strikes, mut memory) = (Rows::new(), Rows::new());
        let (mut saved, mut kept) = (Rows::new(), Rows::new());
        let (mut seconds, mut allowed) = (Rows::new(), Rows::new());
        for rule in &self.rules {
            for on in &rule.cameras {
                let labels = vec![("rule", rule.name.as_str()), ("camera", on.camera.as_str())];
                let with = |key, value| labels.iter().copied().chain([(key, value)]).collect::<Labels<'_>>();
                let health = &on.health;
                let state = match RuleStateName::of(&health.state) {
                    RuleStateName::Active => "active",
                    RuleStateName::BackingOff => "backing-off",
                    RuleStateName::Quarantined => "quarantined",
                };
                states.push((with("state", state), 1.0));
                strikes.push((labels.clone(), health.strikes as f64));
                memory.push((labels.clone(), health.memory as f64));
                saved.push((labels.clone(), health.state_bytes as f64));
                kept.push((labels.clone(), health.values as f64));
                times.push((with("quantile", "0.5"), health.call_time.p50.as_secs_f64()));
                times.push((with("quantile", "0.99"), health.call_time.p99.as_secs_f64()));
                let values = [
                    health.calls,
                    health.refusals,
                    health.traps,
                    health.deadline_misses,
                    health.limit_breaches,
                    health.skipped,
                    health.restarts,
                    health.throttled,
                    health.events,
                    health.log_lines_dropped,
                    health.denied,
                    on.messages_dropped,
                ];
                seconds.push((labels.clone(), health.call_total.as_secs_f64()));
                let limits = &rule.policy.limits;
                for (limit, value) in [
                    ("call_seconds", limits.call.as_secs_f64()),
                    ("call_seconds_per_second", limits.call_per_second.as_secs_f64()),
                    ("memory_bytes", limits.memory as f64),
                    ("events_per_call", limits.events as f64),
                    ("state_bytes", limits.state as f64),
                    ("values_bytes", limits.values as f64),
                ] {
                    allowed.push((with("limit", limit), value));
                }
                for ((_, _, rows), value) in counts.iter_mut().zip(values) {
                    rows.push((labels.clone(), value as f64));
                }
            }
        }
        gauge(encoder, "ocellus_rule_state", "1 for the state that a rule is in", &states)?;
        gauge(encoder, "ocellus_rule_strikes", "Failures that count towards quarantine", &strikes)?;
        gauge(encoder, "ocellus_rule_memory_bytes", "Memory that a rule's instance holds", &memory)?;
        gauge(encoder, "ocellus_rule_state_bytes", "Last state that a rule saved", &saved)?;
        gauge(encoder, "ocellus_rule_values_bytes", "What a rule keeps under keys", &kept)?;
        gauge(encoder, "ocellus_rule_call_seconds", "Time of a rule's calls at a quantile", &times)?;
        gauge(encoder, "ocellus_rule_limit", "What a rule may use", &allowed)?;
        counter(encoder, "ocellus_rule_busy_seconds", "Time that a rule's calls took", &seconds)?;
        for (name, help, rows) in &counts {
            counter(encoder, name, help, rows)?;
        }
        let missed: Rows<'_> = self
            .site_rules
            .iter()
            .map(|(rule, missed)| (vec![("rule", rule.as_str())], *missed as f64))
            .collect();
        let help = "Frames that a rule of site scope had no room for";
        counter(encoder, "ocellus_site_rule_frames_missed", help, &missed)
    }

    fn host(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let one = |value: f64| vec![(Labels::new(), value)];
        gauge(encoder, "ocellus_viewers", "WebSocket and MJPEG viewers", &one(self.viewers as f64))?;
        gauge(encoder, "ocellus_uptime_seconds", "Time since the host started", &one(self.uptime_s))?;
        if let Some(WriterCounters { appended, dropped, queued, failing, .. }) = self.events {
            counter(encoder, "ocellus_events_written", "Events in the store", &one(appended as f64))?;
            let help = "Events lost because the store was full or behind";
            counter(encoder, "ocellus_events_dropped", help, &one(dropped as f64))?;
            gauge(encoder, "ocellus_events_queued", "Events that wait for the store", &one(queued as f64))?;
            let help = "1 while the store takes no events";
            gauge(encoder, "ocellus_store_failing", help, &one(f64::from(u8::from(failing))))?;
        }
        let mut results: Rows<'_> = Vec::with_capacity(3 * self.webhooks.len());
        for (rule, WebhookCounts { delivered, failed, dropped }) in &self.webhooks {
            for (result, count) in [("delivered", delivered), ("failed", failed), ("dropped", dropped)] {
                results.push((vec![("rule", rule.as_str()), ("result", result)], *count as f64));
            }
        }
        counter(encoder, "ocellus_webhook_calls", "Calls of network addresses for rules", &results)?;
        let Some(usage) = self.process else { return Ok(()) };
        let memory = one(usage.resident_bytes as f64);
        gauge(encoder, "process_resident_memory_bytes", "Memory that the process holds", &memory)?;
        counter(encoder, "process_cpu_seconds", "Processor time used", &one(usage.cpu.as_secs_f64()))
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: &Rows<'_>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in rows {
        match labels.is_empty() {
            true => metric.encode_gauge(value)?,
            false => metric.encode_family(labels)?.encode_gauge(value)?,
        }
    }
    Ok(())
}

/// `_total` is added to the name.
fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    rows: &Rows<'_>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in rows {
        match labels.is_empty() {
            true => metric.encode_counter::<NoLabelSet, _, u64>(value, None)?,
            false => metric.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(value, None)?,
        }
    }
    Ok(())
}

fn state_name(state: &SourceState) -> &'static str {
    match state {
        SourceState::Connecting => "connecting",
        SourceState::Live => "live",
        SourceState::Stalled => "stalled",
        SourceState::Failed { .. } => "failed",
        SourceState::Ended { .. } => "ended",
    }
}
