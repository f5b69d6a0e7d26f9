//! What a kill must leave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ocellus_core::EventRecord;
use ocellus_pipeline::Site;
use ocellus_store::{Database, Digest, EventQuery, Order, StateKey, StatePlace, TransitionQuery};

use crate::change::{Change, Standing, Versions};
use crate::child::{Told, identity};
use crate::stand::{self, name};
use crate::subject::{RULE, Subject};

/// A data folder from which a change begins, and what is known of it.
pub(crate) struct Base {
    pub(crate) folder: PathBuf,
    pub(crate) subject: Subject,
    /// The log of versions, oldest first.
    log: Vec<String>,
    /// All events, oldest first.
    events: Vec<String>,
    /// What is kept of what the rule remembers.
    kept: Kept,
    /// The highest track number that was ever given, by camera.
    tracks: BTreeMap<String, u64>,
}

/// What is kept, by place.
type Kept = BTreeMap<&'static str, Counted>;

/// The state of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    /// Frames that the rule had counted.
    frames: u64,
    /// The version that saved it.
    saved_by: Digest,
}

impl Base {
    /// A folder with nothing in it.
    pub(crate) fn empty(folder: &Path, subject: Subject) -> Base {
        std::fs::create_dir(folder).unwrap();
        let (folder, kept, tracks) = (folder.to_owned(), Kept::new(), BTreeMap::new());
        Base { folder, subject, log: vec![], events: vec![], kept, tracks }
    }

    /// What a change made of it that went through to its end.
    pub(crate) fn after(&self, folder: &Path, whole: &Told) -> Base {
        let database = stand::open(folder);
        let mut tracks = self.tracks.clone();
        tracks.extend(whole.tracks.clone());
        Base {
            folder: folder.to_owned(),
            subject: self.subject,
            log: log(&database),
            events: events(&database),
            kept: kept(&database, self.subject),
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
        let kept = kept(&database, self.base.subject);
        self.check_kept(&kept, &standing, &at);
        let site = stand::start(folder, database.clone());
        for (camera, track) in stand::at_work(&site) {
            let highest = self.told.tracks.get(camera).or(self.base.tracks.get(camera));
            assert!(highest.is_none_or(|highest| track > *highest), "{at}: track {track} of {camera} again");
        }
        if let Some(versions) = &standing.rule {
            self.check_at_work(&site, (versions, &kept), &at);
        }
        self.make_again(&site, &standing, &at);
        if self.change == Change::RemoveRule {
            self.check_anew(&site, &database, &at);
        }
        stand::end(&site);
        self.check_events(&database, &at);
    }

    /// What is kept is what was before or what comes after, and the log says so.
    fn check_standing(&self, database: &Database, at: &str) -> Standing {
        let (before, after) = self.change.around(self.base.subject);
        let standing = standing(database, self.base.subject);
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

    /// A rule has what it had, or more, and no version has what one after it saved: only what the one before it handed
    /// over, which it has taken. Without a rule there is nothing.
    fn check_kept(&self, kept: &Kept, standing: &Standing, at: &str) {
        let (before, after) = self.change.around(self.base.subject);
        let Some(versions) = &standing.rule else {
            return assert!(kept.is_empty(), "{at}: there is no rule, but {kept:?}");
        };
        // The trapping version was handed its memory in the child.
        let was_handed = *standing != before || self.change == Change::Breach;
        let mut right = vec![versions.active];
        if was_handed {
            right.extend([&before, &after].into_iter().flat_map(|one| &one.rule).map(|rule| rule.active));
            right.extend(&versions.previous);
        }
        for (place, before) in &self.base.kept {
            let now = kept.get(place).unwrap_or_else(|| panic!("{at}: the memory of {place} is gone"));
            assert!(now.frames >= before.frames, "{at}: the state of {place} is {now:?} after {before:?}");
            assert!(right.contains(&now.saved_by), "{at}: {place} has {now:?}, there is {standing:?}");
        }
    }

    /// The right version works, and goes on with what was kept.
    fn check_at_work(&self, site: &Site, (versions, kept): (&Versions, &Kept), at: &str) {
        let rule = site.rule(&name(RULE)).unwrap();
        let texts = |digests: &[Digest]| digests.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            (rule.digest, rule.previous),
            (versions.active.to_string(), texts(&versions.previous)),
            "{at}"
        );
        let quarantined: Vec<String> = rule.quarantined.into_iter().map(|(digest, _)| digest).collect();
        assert_eq!(quarantined, texts(&versions.quarantined), "{at}");
        for place in self.base.subject.places() {
            let kept = kept.get(place).map(|kept| kept.frames);
            let counted = self.base.subject.counted(site, place);
            assert!(counted > kept.unwrap_or(0), "{at}: {place} goes on at {counted}, after {kept:?}");
        }
    }

    /// Whoever got no answer asks again.
    fn make_again(&self, site: &Site, standing: &Standing, at: &str) {
        let (before, after) = self.change.around(self.base.subject);
        // What the host does by itself, it does within a minute after an activation, of which it knows no more.
        if *standing == before && before != after && self.change != Change::Breach {
            let again = self.change.make(self.base.subject, site);
            again.unwrap_or_else(|error| panic!("{at}: cannot be done again: {error}"));
        }
    }

    /// A rule that is bound under the name of one that was removed has no memory of it.
    fn check_anew(&self, site: &Site, database: &Database, at: &str) {
        let subject = self.base.subject;
        let beginnings = || events(database).iter().filter(|event| event.contains(FIRST_FRAME)).count();
        let expected = beginnings() + subject.places().len();
        Change::Bind.make(subject, site).unwrap();
        stand::at_work(site);
        stand::wait_until(&format!("{at}: it begins anew"), || beginnings() == expected);
        for place in subject.places() {
            subject.counted(site, place);
        }
    }
}

/// What the rule's event says of the first frame that it counts.
const FIRST_FRAME: &str = r#"("frames", Integer(1)), "#;

/// The plugins, each with its bytes, and the rule.
fn standing(database: &Database, subject: Subject) -> Standing {
    let versions = [0, 1].map(|number| subject.version(number));
    let mut plugins: Vec<Digest> =
        database.plugins().unwrap().into_iter().map(|plugin| plugin.digest).collect();
    plugins.sort_by_key(|digest| versions.iter().position(|bytes| Digest::of(bytes) == *digest));
    for digest in &plugins {
        assert!(versions.contains(&database.plugin_bytes(digest).unwrap()), "{digest}");
    }
    let rule = database.rule(&name(RULE)).unwrap().map(|rule| Versions {
        active: rule.digest,
        previous: rule.previous,
        quarantined: rule.quarantined.into_iter().map(|version| version.digest).collect(),
    });
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

/// What is kept of the rule: the frames that it counted, in its state and in its value alike.
fn kept(database: &Database, subject: Subject) -> Kept {
    let kept = |place: &&'static str| {
        let instance = match subject {
            Subject::Site => StatePlace::Site,
            Subject::Cameras => StatePlace::Camera(database.handle_for(&name(place)).unwrap()),
        };
        let key = StateKey { rule: name(RULE), place: instance };
        let (state, values) = (database.state(&key).unwrap(), database.values(&key).unwrap());
        // One that has seen no frame has no value.
        let counted = state.iter().filter(|state| state.bytes.iter().any(|byte| *byte > 0));
        let value: Vec<_> = counted.map(|state| ("frames".to_owned(), state.bytes.clone())).collect();
        assert_eq!(values, value, "{place}: value and state are of two moments");
        let state = state?;
        let frames = u64::from_le_bytes(state.bytes.try_into().unwrap());
        Some((*place, Counted { frames, saved_by: state.digest }))
    };
    subject.places().iter().filter_map(kept).collect()
}
