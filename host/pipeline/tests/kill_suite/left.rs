//! What a kill must leave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ocellus_core::EventRecord;
use ocellus_pipeline::Site;
use ocellus_store::{Database, Digest, EventQuery, Order, StateKey, StatePlace, TransitionQuery};

use crate::change::{Change, Standing};
use crate::child::{Told, identity};
use crate::stand::{self, CAMERAS, name};

/// A data folder from which a change begins, and what is known of it.
pub(crate) struct Base {
    pub(crate) folder: PathBuf,
    /// The log of versions, oldest first.
    log: Vec<String>,
    /// All events, oldest first.
    events: Vec<String>,
    /// Frames that the rule had counted when it was last kept, by camera.
    counts: BTreeMap<&'static str, u64>,
    /// The highest track number that was ever given, by camera.
    tracks: BTreeMap<String, u64>,
}

impl Base {
    /// A folder with nothing in it.
    pub(crate) fn empty(folder: &Path) -> Base {
        std::fs::create_dir(folder).unwrap();
        let folder = folder.to_owned();
        Base { folder, log: vec![], events: vec![], counts: BTreeMap::new(), tracks: BTreeMap::new() }
    }

    /// What a change made of it that went through to its end.
    pub(crate) fn after(&self, folder: &Path, whole: &Told) -> Base {
        let database = stand::open(folder);
        let mut tracks = self.tracks.clone();
        tracks.extend(whole.tracks.clone());
        Base {
            folder: folder.to_owned(),
            log: log(&database),
            events: events(&database),
            counts: counts(&database),
            tracks,
        }
    }
}

/// A child that was killed, or came to its end before that.
pub(crate) struct Killed<'k> {
    pub(crate) change: Change,
    pub(crate) step: &'k str,
    pub(crate) told: &'k Told,
    pub(crate) base: &'k Base,
    pub(crate) next: &'k Base,
}

impl Killed<'_> {
    /// Opens and starts what is left in `folder`, and looks at all of it.
    pub(crate) fn check(&self, folder: &Path) {
        let at = format!("{:?}, killed at {:?}", self.change, self.step);
        let database = stand::open(folder);
        let standing = self.check_standing(&database, &at);
        check_files(folder, &standing, &at);
        self.check_events(&database, &at);
        let kept = counts(&database);
        self.check_counts(&kept, &standing, &at);
        let site = stand::start(folder, database.clone());
        for (camera, track) in stand::at_work(&site) {
            let highest = self.told.tracks.get(camera).or(self.base.tracks.get(camera));
            assert!(highest.is_none_or(|highest| track > *highest), "{at}: track {track} of {camera} again");
        }
        if let Some((active, previous)) = &standing.rule {
            let rule = site.rule(&name("count")).unwrap();
            let previous: Vec<String> = previous.iter().map(ToString::to_string).collect();
            assert_eq!((rule.digest, rule.previous), (active.to_string(), previous), "{at}");
            assert!(rule.quarantined.is_empty(), "{at}: {:?}", rule.quarantined);
            for camera in CAMERAS {
                let (kept, counted) = (kept.get(camera).copied(), stand::frames_counted(&site, camera));
                assert!(counted > kept.unwrap_or(0), "{at}: {camera} goes on at {counted}, after {kept:?}");
            }
        }
        self.make_again(&site, &standing, &at);
        if self.change == Change::RemoveRule {
            check_anew(&site, &at);
        }
        stand::end(&site);
        self.check_events(&database, &at);
    }

    /// What is kept is what was before or what comes after, and the log says so.
    fn check_standing(&self, database: &Database, at: &str) -> Standing {
        let (before, after) = self.change.around();
        let standing = standing(database);
        let is_after = standing == after;
        assert!(is_after || standing == before, "{at}: {standing:?}");
        assert!(is_after || !self.told.did, "{at}: the change was acknowledged and is not there");
        let log = log(database);
        let news = log.strip_prefix(self.base.log.as_slice()).unwrap_or_else(|| panic!("{at}: {log:?}"));
        let all = &self.next.log[self.base.log.len()..];
        assert!(all.starts_with(news), "{at}: the log says {news:?} instead of {all:?}");
        assert_eq!(news.len() == all.len(), is_after, "{at}: the log says {news:?}, there is {standing:?}");
        standing
    }

    /// Events count from 1 without gaps; none is there twice; those before the change and those that were handed on
    /// are there.
    fn check_events(&self, database: &Database, at: &str) {
        let events = events(database);
        assert!(events.starts_with(&self.base.events), "{at}: events of before are gone");
        let distinct: BTreeSet<&String> = events.iter().collect();
        assert_eq!(distinct.len(), events.len(), "{at}: an event is there twice");
        for (sequence, event) in &self.told.events {
            let found = events.get(usize::try_from(*sequence).unwrap() - 1);
            assert_eq!(found, Some(event), "{at}: event {sequence}");
        }
    }

    /// A rule has what it had, or more; one whose removal was acknowledged has nothing.
    fn check_counts(&self, kept: &BTreeMap<&'static str, u64>, standing: &Standing, at: &str) {
        if standing.rule.is_none() {
            // A lane may hand over a state until the rule is off it. `check_anew` looks that nobody gets it.
            assert!(kept.is_empty() || !self.told.did, "{at}: the rule is gone, its state is not: {kept:?}");
            return;
        }
        for (camera, before) in &self.base.counts {
            let now = kept.get(camera);
            assert!(now >= Some(before), "{at}: the state of {camera} is {now:?} after {before}");
        }
    }

    /// Whoever got no answer asks again.
    fn make_again(&self, site: &Site, standing: &Standing, at: &str) {
        let (before, after) = self.change.around();
        if *standing == before && before != after {
            self.change.make(site).unwrap_or_else(|error| panic!("{at}: cannot be done again: {error}"));
        }
    }
}

/// A rule that is bound under the name of one that was removed has no state of it.
fn check_anew(site: &Site, at: &str) {
    Change::Bind.make(site).unwrap();
    stand::at_work(site);
    let log = site.rule_log(&name("count")).unwrap();
    assert!(log.iter().all(|line| !line.message.contains("restored")), "{at}: {log:?}");
}

/// The plugins, each with its bytes, and the rule.
fn standing(database: &Database) -> Standing {
    let versions = [0, 1].map(stand::version);
    let mut plugins: Vec<Digest> =
        database.plugins().unwrap().into_iter().map(|plugin| plugin.digest).collect();
    plugins.sort_by_key(|digest| versions.iter().position(|bytes| Digest::of(bytes) == *digest));
    for digest in &plugins {
        assert!(versions.contains(&database.plugin_bytes(digest).unwrap()), "{digest}");
    }
    let rule = database.rule(&name("count")).unwrap().map(|rule| (rule.digest, rule.previous));
    Standing { plugins, rule }
}

/// Nothing lies about that no row speaks of.
fn check_files(folder: &Path, standing: &Standing, at: &str) {
    let files = std::fs::read_dir(folder.join("plugins")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let mut expected: Vec<String> = standing.plugins.iter().map(|digest| format!("{digest}.wasm")).collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected, "{at}");
}

fn log(database: &Database) -> Vec<String> {
    let mut records = database.transitions(&TransitionQuery::default()).unwrap();
    records.reverse();
    let text = |record: &ocellus_store::TransitionRecord| {
        let entry = &record.transition;
        let rule = entry.rule.as_ref().map_or("", ocellus_core::Name::as_str);
        format!("{rule} {} {} {}", entry.version, entry.state, entry.cause)
    };
    records.iter().map(text).collect()
}

fn events(database: &Database) -> Vec<String> {
    let mut query = EventQuery { order: Order::Oldest, limit: 1000, ..EventQuery::default() };
    let mut records: Vec<EventRecord> = Vec::new();
    loop {
        let page = database.events(&query).unwrap();
        records.extend(page.records);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert!(records.iter().zip(1..).all(|(record, sequence)| record.sequence == sequence), "a gap");
    records.iter().map(identity).collect()
}

/// What is kept of the rule's states: the frames that it counted.
fn counts(database: &Database) -> BTreeMap<&'static str, u64> {
    let kept = |camera: &'static str| {
        let place = StatePlace::Camera(database.handle_for(&name(camera)).unwrap());
        let state = database.state(&StateKey { rule: name("count"), place }).unwrap()?;
        Some((camera, u64::from_le_bytes(state.bytes.try_into().unwrap())))
    };
    CAMERAS.into_iter().filter_map(kept).collect()
}
