//! Rules of contract 0.2 that misuse what they are granted, or use what they are not.

use crate::case::Made::{self, Powerless, Powers, PowersDrip, PowersMarked, PowersSuccessor};
use crate::case::Stops::{
    self, AtActivation, AtBind, AtCommand, AtQuery, Forgets, Harmless, Running, Warned,
};
use crate::case::{Case, Shown, named};

type Row = (&'static str, Made, Stops, &'static str);

/// Those that say and hear; they are played at once, so that they hear each other.
pub(crate) fn talkers() -> Vec<Case> {
    named(said().into_iter())
}

/// What is refused before it runs, and what is only asked.
pub(crate) fn bound() -> Vec<Case> {
    named(heard().into_iter().chain(asked()))
}

/// All others.
pub(crate) fn cases() -> Vec<Case> {
    named(unsaid().into_iter().chain(called()).chain(addresses()).chain(kept()).chain(rest()))
}

/// Floods, of which others hear what they can, and circles.
fn said() -> Vec<Row> {
    vec![
        (
            "floods-a-topic",
            Powers(r#"{"publish":"flood","do":"say-flood","after":3}"#),
            Harmless(|on| on.health.calls > 10),
            "",
        ),
        (
            "floods-it-too",
            Powers(r#"{"publish":"flood","do":"say-flood","after":3}"#),
            Harmless(|on| on.health.calls > 10),
            "",
        ),
        (
            "floods-from-the-site",
            PowersMarked("describe-site", r#"{"publish":"flood","do":"say-flood","after":3}"#),
            Harmless(|on| on.health.calls > 10),
            "",
        ),
        (
            "never-listens",
            PowersDrip(r#"{"hear":"flood","do":"slow","after":3}"#),
            Harmless(|on| on.health.throttled > 3 && on.messages_dropped > 0),
            "",
        ),
        (
            "hears-all-and-says-all",
            Powers(r#"{"hear":"flood","publish":"flood","do":"echo","after":3}"#),
            Harmless(|on| on.health.calls > 10),
            "",
        ),
        (
            "echoes-there",
            Powers(r#"{"hear":"back","publish":"there","do":"echo","after":3}"#),
            Harmless(|on| on.health.calls > 20),
            "",
        ),
        (
            "echoes-back",
            Powers(r#"{"hear":"there","publish":"back","do":"echo","after":3}"#),
            Harmless(|on| on.health.calls > 20),
            "",
        ),
        (
            "echoes-itself",
            Powers(r#"{"hear":"self","publish":"self","do":"echo","after":3}"#),
            Harmless(|on| on.health.calls > 10 && on.messages_dropped == 0),
            "",
        ),
        (
            "names-a-topic-64-times",
            Powers(r#"{"hear":"same","do":"listen"}"#),
            Harmless(|on| on.health.calls > 10),
            "",
        ),
    ]
}

/// Messages that are none, or more than a call may say.
fn unsaid() -> Vec<Row> {
    let said = |(name, settings, stops, says)| (name, Powers(settings), stops, says);
    [
        (
            "says-65",
            r#"{"publish":"flood","do":"say-65","after":3}"#,
            Warned,
            "65 publications, at most 64 are possible",
        ),
        (
            "says-30000",
            r#"{"publish":"flood","do":"say-30000","after":3}"#,
            Running,
            "process: the rule handed the host more than",
        ),
        (
            "says-33-attributes",
            r#"{"publish":"flood","do":"say-33-attributes","after":3}"#,
            Warned,
            "33 attributes of one publication",
        ),
        (
            "says-5-kb",
            r#"{"publish":"flood","do":"say-5-kb","after":3}"#,
            Warned,
            "5002 bytes in one publication, at most 4096",
        ),
        (
            "says-2-mib",
            r#"{"publish":"flood","do":"say-2-mib","after":3}"#,
            Running,
            "process: the rule handed the host more than",
        ),
        (
            "says-twice",
            r#"{"publish":"flood","do":"say-twice","after":3}"#,
            Warned,
            "a publication on flood has attribute \"k0\" twice",
        ),
        ("says-to-no-topic", r#"{"publish":"","do":"say","after":3}"#, Warned, "has the topic \"\""),
        (
            "says-to-two-words",
            r#"{"publish":"two words","do":"say","after":3}"#,
            Warned,
            "has the topic \"two words\"",
        ),
        (
            "says-to-a-path",
            r#"{"publish":"../flood","do":"say","after":3}"#,
            Warned,
            "has the topic \"../flood\"",
        ),
        (
            "says-to-another-alphabet",
            r#"{"publish":"flооd","do":"say","after":3}"#,
            Warned,
            "use 1 to 64 letters",
        ),
        ("says-to-control", r#"{"do":"say-control","after":3}"#, Warned, r#"has the topic "bell\u{7}""#),
        ("says-to-64-kb", r#"{"do":"say-64-kb","after":3}"#, Warned, "has the topic \"ttt"),
        ("says-to-not-utf-8", r#"{"do":"say-not-utf-8","after":3}"#, Running, "invalid utf-8"),
        (
            "says-nan",
            r#"{"publish":"flood","do":"say-nan","after":3}"#,
            Harmless(|on| on.health.left_out > 0),
            "",
        ),
    ]
    .into_iter()
    .map(said)
    .collect()
}

/// Topics that no rule may hear of.
fn heard() -> Vec<Row> {
    [
        ("hears-no-topic", r#"{"hear":""}"#, "the topic \"\""),
        ("hears-two-words", r#"{"hear":"two words"}"#, "the topic \"two words\""),
        ("hears-everything", r#"{"hear":"*"}"#, "the topic \"*\""),
        ("hears-65-topics", r#"{"hear":"65"}"#, "65 topics, at most 64"),
        ("hears-a-million-topics", r#"{"hear":"million"}"#, "configure: the rule handed the host more than"),
        ("hears-64-kb", r#"{"hear":"64-kb"}"#, "the topic \"ttt"),
        ("hears-not-utf-8", r#"{"hear":"not-utf-8"}"#, "invalid utf-8"),
        ("keeps-too-early", r#"{"early":"yes"}"#, "Refusal::NotNow"),
    ]
    .into_iter()
    .map(|(name, settings, says)| (name, Powers(settings), AtBind, says))
    .collect()
}

/// What an operator asks for, and versions that are handed a state.
fn asked() -> Vec<Row> {
    vec![
        ("query-keeps", Powers("{}"), AtQuery("set-trap"), "asked to set: Err(Refusal::NotNow)"),
        ("command-keeps-then-traps", Powers("{}"), AtCommand("set-trap"), "told to set: Ok(())"),
        (
            "restore-keeps-then-traps",
            PowersSuccessor("restore-set-trap"),
            AtActivation,
            "trapped in restore with a value set",
        ),
    ]
}

/// Calls of allowed addresses that are too large or none, and servers that mean harm.
fn called() -> Vec<Row> {
    let warned = |(name, settings, says)| (name, Powers(settings), Warned, says);
    let stopped = |(name, settings, says)| (name, Powers(settings), Running, says);
    let goes_on = |(name, settings)| (name, Powers(settings), Harmless(|on| on.health.calls > 10), "");
    let too_large = [
        (
            "calls-17",
            r#"{"webhook":"http://{server}/hooks/","do":"call-17","after":3}"#,
            "17 webhook calls, at most 16",
        ),
        (
            "calls-with-65-kib",
            r#"{"webhook":"http://{server}/hooks/","do":"call-65-kib","after":3}"#,
            "66562 bytes in a webhook's body",
        ),
        (
            "calls-with-no-json",
            r#"{"webhook":"http://{server}/hooks/","do":"call-no-json","after":3}"#,
            "is not JSON",
        ),
        (
            "calls-with-nothing",
            r#"{"webhook":"http://{server}/hooks/","do":"call-empty","after":3}"#,
            "is not JSON",
        ),
        (
            "calls-with-brackets",
            r#"{"webhook":"http://{server}/hooks/","do":"call-brackets","after":3}"#,
            "is not JSON",
        ),
        (
            "calls-4-kb-of-address",
            r#"{"webhook":"http://{server}/hooks/","do":"call-4-kb-address","after":3}"#,
            "bytes in a webhook's address, at most 2048",
        ),
    ];
    let lies = [
        (
            "calls-30000",
            r#"{"webhook":"http://{server}/hooks/","do":"call-30000","after":3}"#,
            "process: the rule handed the host more than",
        ),
        (
            "calls-with-2-mib",
            r#"{"webhook":"http://{server}/hooks/","do":"call-2-mib","after":3}"#,
            "process: the rule handed the host more than",
        ),
        (
            "calls-not-utf-8",
            r#"{"webhook":"http://{server}/hooks/","do":"call-not-utf-8","after":3}"#,
            "invalid utf-8",
        ),
    ];
    let servers = [
        ("calls-the-silent", r#"{"webhook":"http://{server}/hooks/silent","do":"call","after":3}"#),
        ("calls-who-drips", r#"{"webhook":"http://{server}/hooks/drip","do":"call","after":3}"#),
        ("floods-the-silent", r#"{"webhook":"http://{server}/hooks/silent","do":"call-flood","after":3}"#),
        ("floods-who-answers", r#"{"webhook":"http://{server}/hooks/fine","do":"call-flood","after":3}"#),
        ("calls-a-head-without-end", r#"{"webhook":"http://{server}/hooks/endless-head","do":"call"}"#),
        ("calls-a-body-without-end", r#"{"webhook":"http://{server}/hooks/endless-body","do":"call"}"#),
        ("calls-who-speaks-no-http", r#"{"webhook":"http://{server}/hooks/no-http","do":"call"}"#),
        ("calls-who-closes", r#"{"webhook":"http://{server}/hooks/closes","do":"call"}"#),
        ("calls-who-points-elsewhere", r#"{"webhook":"http://{server}/hooks/redirect","do":"call"}"#),
        ("calls-who-breaks", r#"{"webhook":"http://{server}/hooks/breaks","do":"call"}"#),
        // Allowed, and called as it was understood.
        ("splits-a-request", r#"{"webhook":"http://{server}/hooks/fine","do":"call-split"}"#),
        ("calls-in-capitals", r#"{"webhook":"HTTP://{server}/hooks/fine#part","do":"call"}"#),
    ];
    let refused = too_large.into_iter().map(warned).chain(lies.into_iter().map(stopped));
    refused.chain(servers.into_iter().map(goes_on)).collect()
}

/// Addresses that the operator has not named. None of them is called; each is counted.
fn addresses() -> Vec<Row> {
    [
        ("address-behind-a-user", r#"{"webhook":"http://{server}@evil.example/hooks/","do":"call"}"#),
        ("address-with-a-user", r#"{"webhook":"http://user:word@{server}/hooks/","do":"call"}"#),
        ("address-behind-a-backslash", r#"{"webhook":"http://evil.example\\@{server}/hooks/","do":"call"}"#),
        ("address-of-another-scheme", r#"{"webhook":"https://{server}/hooks/","do":"call"}"#),
        ("address-of-another-port", r#"{"webhook":"http://127.0.0.1/hooks/","do":"call"}"#),
        ("address-beside-it", r#"{"webhook":"http://{server}/hooks-of-others/","do":"call"}"#),
        ("address-above-it", r#"{"webhook":"http://{server}/hooks","do":"call"}"#),
        ("address-that-goes-up", r#"{"webhook":"http://{server}/hooks/../admin","do":"call"}"#),
        ("address-that-goes-up-coded", r#"{"webhook":"http://{server}/hooks/%2e%2E/admin","do":"call"}"#),
        ("address-that-hides-its-dots", r#"{"webhook":"http://{server}/hooks/..%2fadmin","do":"call"}"#),
        ("address-coded-twice", r#"{"webhook":"http://{server}/hooks/%252e%252e%252fadmin","do":"call"}"#),
        ("address-with-a-parameter", r#"{"webhook":"http://{server}/hooks/..;a=b/admin","do":"call"}"#),
        ("address-by-tabs-and-lines", r#"{"webhook":"http://{server}/hooks/","do":"call-up"}"#),
        ("address-with-a-zero", r#"{"webhook":"http://{server}","do":"call-nul"}"#),
        ("address-in-version-6", r#"{"webhook":"http://[::1]/hooks/","do":"call"}"#),
        ("address-mapped-to-version-6", r#"{"webhook":"http://[::ffff:127.0.0.1]/hooks/","do":"call"}"#),
        ("address-by-its-name", r#"{"webhook":"http://localhost./hooks/","do":"call"}"#),
        ("address-in-umlauts", r#"{"webhook":"http://bücher.example/hooks/","do":"call"}"#),
        ("address-in-wide-digits", r#"{"webhook":"http://１２７.0.0.1/hooks/","do":"call"}"#),
        ("address-of-a-file", r#"{"webhook":"file:///etc/passwd","do":"call"}"#),
        ("address-of-a-script", r#"{"webhook":"javascript:alert(1)","do":"call"}"#),
        ("address-without-a-scheme", r#"{"webhook":"//{server}/hooks/","do":"call"}"#),
        ("address-that-is-none", r#"{"webhook":"http://","do":"call"}"#),
        ("address-of-no-port", r#"{"webhook":"http://127.0.0.1:99999/hooks/","do":"call"}"#),
    ]
    .into_iter()
    .map(|(name, settings)| (name, Powers(settings), Harmless(|on| on.health.denied > 0), ""))
    .collect()
}

/// Values under keys.
fn kept() -> Vec<Row> {
    let stopped = |(name, settings, says)| (name, Powers(settings), Running, says);
    let goes_on = |(name, settings, shown)| (name, Powers(settings), Harmless(shown), "");
    let stops = [
        ("keeps-2-mib", r#"{"do":"keep-2-mib","after":3}"#, "process: the rule handed the host more than"),
        (
            "keeps-under-2-mib",
            r#"{"do":"keep-2-mib-key","after":3}"#,
            "process: the rule handed the host more than",
        ),
        ("keeps-under-not-utf-8", r#"{"do":"keep-not-utf-8","after":3}"#, "invalid utf-8"),
        ("keeps-without-end", r#"{"do":"keep-without-end","after":3}"#, "time limit of 10 ms"),
        ("looks-up-without-end", r#"{"do":"get-without-end","after":3}"#, "time limit of 10 ms"),
        ("lists-without-end", r#"{"do":"list-without-end","after":3}"#, "time limit of 10 ms"),
    ];
    let shown: [(_, _, Shown); 4] = [
        ("keeps-what-there-is-room-for", r#"{"do":"keep-many","after":3}"#, |on| {
            on.health.calls > 10 && (900_000..=1 << 20).contains(&on.health.values)
        }),
        ("keys-that-come-and-go", r#"{"do":"keep-churn","after":3}"#, |on| {
            on.health.calls > 10 && on.health.values == 0
        }),
        ("keys-that-mean-something-elsewhere", r#"{"do":"keep-odd","after":3}"#, |on| {
            on.health.calls > 10 && (640..4096).contains(&on.health.values)
        }),
        ("keys-and-values-too-large", r#"{"do":"keep-too-much","after":3}"#, |on| {
            on.health.calls > 10 && on.health.values == 0
        }),
    ];
    let mut rows: Vec<Row> = stops.into_iter().map(stopped).chain(shown.into_iter().map(goes_on)).collect();
    rows.push((
        "keeps-then-traps",
        Powers(r#"{"do":"keep-then-trap","after":3}"#),
        Forgets,
        "trapped with a value set",
    ));
    rows
}

/// Without the operator's word, without having asked, and what was hostile in 0.1 already.
fn rest() -> Vec<Row> {
    let denied: Shown = |on| on.health.denied > 0;
    let nothing: Shown = |on| on.health.calls > 10 && on.health.values == 0;
    vec![
        (
            "says-without-a-grant",
            Powerless(r#"{"publish":"flood","do":"say-flood","after":3}"#),
            Harmless(denied),
            "",
        ),
        (
            "calls-without-a-grant",
            Powerless(r#"{"webhook":"http://{server}/hooks/","do":"call","after":3}"#),
            Harmless(denied),
            "",
        ),
        (
            "keeps-without-a-grant",
            Powerless(r#"{"do":"keep-without-grant","after":3}"#),
            Harmless(nothing),
            "",
        ),
        (
            "says-what-it-did-not-ask-for",
            PowersMarked("describe-modest", r#"{"publish":"flood","do":"say-flood","after":3}"#),
            Harmless(denied),
            "",
        ),
        (
            "keeps-what-it-did-not-ask-for",
            PowersMarked("describe-modest", r#"{"do":"keep-without-grant","after":3}"#),
            Harmless(nothing),
            "",
        ),
        ("keeps-in-describe", PowersMarked("describe-set", "{}"), Harmless(nothing), ""),
        (
            "traps-at-the-site",
            PowersMarked("describe-site", r#"{"do":"keep-then-trap","after":9}"#),
            Running,
            "trapped with a value set",
        ),
        (
            "large-state-at-the-site",
            PowersMarked("describe-site", r#"{"do":"large-state","after":9}"#),
            Warned,
            "2097152 bytes, the limit is 1048576",
        ),
        ("state-of-2-mib", Powers(r#"{"do":"large-state","after":3}"#), Warned, "the limit is 1048576"),
        ("state-of-8-mib", Powers(r#"{"do":"huge-state","after":3}"#), Running, "state has"),
        ("events-without-end", Powers(r#"{"do":"events","after":3}"#), Running, "1001 events"),
        ("measures-without-end", Powers(r#"{"do":"measurements","after":3}"#), Running, "1001 measurements"),
        ("draws-nan", Powers(r#"{"do":"nan","after":3}"#), Harmless(|on| on.health.left_out > 3), ""),
    ]
}
