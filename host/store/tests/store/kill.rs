//! A child process changes things, says on its standard output what was acknowledged, and is killed.

use std::collections::{HashMap, HashSet};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use ocellus_core::TimeUs;
use ocellus_store::{Database, Digest, PluginFacts, RuleRecord, StateKey, StatePlace, StateRecord};

use crate::support::{Random, batch, event, name, open, read_all, seed};

/// Set for the child: the folder to work in.
const FOLDER: &str = "OCELLUS_STORE_KILL_TEST";
/// Set for the child: the test to play the child's part of.
const PART: &str = "OCELLUS_STORE_KILL_PART";

/// Lets this very test run again as a child, and kills it after it has said `lines` lines; what it said.
fn run_and_kill(test: &str, folder: &Path, lines: usize) -> Vec<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(PART, test)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let is_ours = |line: &String| line.starts_with("did ");
    said.extend(output.by_ref().filter(is_ours).take(lines));
    child.kill().unwrap();
    child.wait().unwrap();
    // What was written before the kill counts as acknowledged, read by then or not. The last line may be torn.
    let mut rest: Vec<String> = output.filter(is_ours).collect();
    if rest.last().is_some_and(|line| !line.ends_with(" .")) {
        rest.pop();
    }
    said.extend(rest);
    assert!(said.len() >= lines, "the child ended by itself: {said:?}");
    said
}

/// The folder to work in when this process is the child of `test`.
fn as_child_of(test: &str) -> Option<std::path::PathBuf> {
    (env::var_os(PART)? == test).then(|| env::var_os(FOLDER).map(Into::into))?
}

/// Says on one line, in one write, what was acknowledged.
fn acknowledge(text: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\ndid {text} .\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

#[test]
fn what_was_acknowledged_survives_being_killed_at_any_moment() {
    const TEST: &str = "kill::what_was_acknowledged_survives_being_killed_at_any_moment";
    if let Some(folder) = as_child_of(TEST) {
        append_for_ever(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(seed(3));
    let mut acknowledged = HashMap::new();
    for round in 0..12 {
        let said = run_and_kill(TEST, folder.path(), 1 + random.below(120));
        for line in said {
            let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            let [start, end, frame] = numbers[..] else { panic!("{line}") };
            for (index, sequence) in (start..end).enumerate() {
                let before = acknowledged.insert(sequence, frame + index as u64);
                assert_eq!(before, None, "sequence {sequence} was given twice, again in round {round}");
            }
        }
        let database = open(folder.path());
        let kept = read_all(&database);
        assert!(
            kept.iter().zip(1..).all(|(record, sequence)| record.sequence == sequence),
            "no gap, no double"
        );
        assert_eq!(database.statistics().events, kept.len() as u64);
        for (sequence, frame) in &acknowledged {
            let record =
                kept.get(*sequence as usize - 1).unwrap_or_else(|| panic!("event {sequence} is lost"));
            assert_eq!(record, &event(*frame).numbered(*sequence));
        }
        let indexed: HashSet<u64> = ["gate", "yard", "road"]
            .into_iter()
            .flat_map(|camera| {
                let camera = Some(name(camera));
                crate::support::read(&database, ocellus_store::EventQuery { camera, ..Default::default() })
            })
            .map(|record| record.sequence)
            .collect();
        assert_eq!(indexed.len(), kept.len(), "each event is in the index of its camera");
    }
}

/// Four threads, so that the kill hits shared flushes and batches in the making.
fn append_for_ever(folder: &Path) -> ! {
    let database = open(folder);
    for worker in 0..3 {
        let database = database.clone();
        thread::spawn(move || append_and_tell(&database, worker));
    }
    append_and_tell(&database, 3)
}

fn append_and_tell(database: &Database, worker: u64) -> ! {
    let mut frame = worker * 1_000_000;
    loop {
        let size = 1 + frame % 40;
        let range = database.append(&batch(frame..frame + size)).unwrap();
        acknowledge(&format!("{} {} {frame}", range.start, range.end));
        frame += size;
    }
}

fn facts() -> PluginFacts {
    PluginFacts {
        name: name("line-crossing"),
        version: "1.0.0".to_owned(),
        abi: "0.1".to_owned(),
        summary: String::new(),
        schema: "{}".to_owned(),
        scope: "camera".to_owned(),
        powers: Vec::new(),
    }
}

/// The plugin uploaded in a round; large enough that a kill can hit its writing.
fn plugin(round: u64) -> Vec<u8> {
    round.to_le_bytes().repeat(50_000)
}

#[test]
fn one_whole_version_is_active_after_being_killed_during_upload_and_activation() {
    const TEST: &str = "kill::one_whole_version_is_active_after_being_killed_during_upload_and_activation";
    if let Some(folder) = as_child_of(TEST) {
        upload_and_activate_for_ever(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(seed(5));
    for _ in 0..12 {
        let said = run_and_kill(TEST, folder.path(), 1 + random.below(40));
        let last = said.last().unwrap().split(' ').find_map(|word| word.parse::<u64>().ok()).unwrap();
        let database = open(folder.path());
        let rule = database.rule(&name("rule")).unwrap().unwrap();
        let allowed = [Digest::of(&plugin(last)), Digest::of(&plugin(last + 1))];
        assert!(allowed.contains(&rule.digest), "the version acknowledged last, or the one being activated");
        for digest in [rule.digest].iter().chain(&rule.previous) {
            assert_eq!(Digest::of(&database.plugin_bytes(digest).unwrap()), *digest);
        }
        for record in database.plugins().unwrap() {
            database.plugin_bytes(&record.digest).unwrap();
        }
        let key = StateKey { rule: name("rule"), place: StatePlace::Site };
        // A state may be a little old, never half of two.
        let state = database.state(&key).unwrap();
        assert!(state.is_none_or(|state| state.bytes.windows(2).all(|pair| pair[0] == pair[1])));
    }
}

fn upload_and_activate_for_ever(folder: &Path) -> ! {
    let database = open(folder);
    let rule = name("rule");
    let mut round = database.plugins().unwrap().len() as u64;
    if database.rule(&rule).unwrap().is_none() {
        let digest = database.put_plugin(&plugin(0), &facts(), TimeUs(0)).unwrap().digest;
        let settings = "{}".to_owned();
        let (previous, cameras, plugin) = (vec![], vec![name("gate")], name("line-crossing"));
        let (created, changed, enabled) = (TimeUs(0), TimeUs(0), true);
        let name = rule.clone();
        let (policy, quarantined) = (String::new(), vec![]);
        let record = RuleRecord {
            grants: String::new(),
            name,
            plugin,
            digest,
            previous,
            cameras,
            settings,
            policy,
            quarantined,
            enabled,
            created,
            changed,
        };
        database.put_rule(&record).unwrap();
    }
    loop {
        let digest = database.put_plugin(&plugin(round), &facts(), TimeUs(round)).unwrap().digest;
        let mut record = database.rule(&rule).unwrap().unwrap();
        record.make_active(digest, TimeUs(round));
        database.put_rule(&record).unwrap();
        let bytes = vec![round as u8; if round.is_multiple_of(2) { 1000 } else { 100_000 }];
        let state = StateRecord { version: "1.0.0".to_owned(), digest, time: TimeUs(round), bytes };
        database.put_state(&StateKey { rule: rule.clone(), place: StatePlace::Site }, &state).unwrap();
        acknowledge(&round.to_string());
        round += 1;
    }
}
