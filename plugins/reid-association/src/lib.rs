//! Says who is the same person over cameras, by looks, places, times and ways.
//!
//! Each track gets a global identity: the event `identity` for somebody new, `seen-again` for somebody known. What turns
//! out to be wrong is put right: `merged` where two identities are one person, `split` where a track is no longer of its
//! identity, or has become another person since a time.
//!
//! A track is looked at for a while before it is decided who it is, together with the other new ones of its camera
//! (`round`), and later again (`revise`). What speaks for and against is summed up as logarithms of likelihoods (`evidence`): looks, places on
//! the map at the same time, the way from where somebody was last seen, and the ways that the site has (`topology`).
//! Nobody is twice in one picture, in two places at once, or faster than people are.

mod book;
mod command;
mod evidence;
mod look;
mod question;
mod revise;
mod round;
mod settings;
mod state;
mod tell;
mod topology;
mod tracklet;

use ocellus_sdk::prelude::*;

use book::Book;
use command::Command;
use evidence::Terms;
use question::Question;
use round::When;
pub use settings::{Appearance, LinkSettings, Settings};
pub use state::State;
use topology::Topology;
use tracklet::{Step, Tracklet};

/// What a look must say against the first one of its track to be another's.
const ODD: f32 = -1.0;
/// Rounds in which all that waits at the end is decided.
const LAST_ROUNDS: usize = 64;

/// The rule.
pub struct Association {
    settings: Settings,
    site: Site,
    people: ClassFilter,
    has_looks: bool,
    sureness: f32,
    terms: Terms,
    book: Book,
    /// Of each camera: when its next round is.
    rounds: Vec<(u32, u64)>,
}

impl Rule for Association {
    const NAME: &'static str = "reid-association";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Says who is the same person over cameras, and where they were seen before.";
    const SCOPE: Scope = Scope::Site;
    const POWERS: Powers = Powers::NONE.with(Power::Embeddings);
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<Association, String> {
        settings.check(site)?;
        let topology = Topology::new(&settings, site)?;
        Ok(Association {
            people: settings.people(site)?,
            has_looks: site.granted(Power::Embeddings),
            sureness: settings.sureness as f32,
            terms: Terms::new(&settings, topology),
            book: Book::default(),
            rounds: Vec::new(),
            site: site.clone(),
            settings,
        })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let mut output = Output::new();
        let is_round = self.begins(frame);
        self.see((frame, tracks), is_round);
        if is_round {
            self.round((frame.camera.0, frame.time), &mut output);
        }
        self.draw((frame, tracks), &mut output);
        Ok(output)
    }

    fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        let cameras: Vec<u32> = self.rounds.iter().map(|(camera, _)| *camera).collect();
        for camera in cameras {
            for _ in 0..LAST_ROUNDS {
                if !self.decide((camera, time), &mut output, When::AtTheEnd) {
                    break;
                }
            }
        }
        self.measure(time, &mut output);
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(self)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(self);
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        Question::read(request)?.answer(self)
    }

    fn command(&mut self, time: TimeUs, request: Json) -> Result<Output, String> {
        Command::read(request)?.apply(self, time)
    }
}

impl Association {
    /// Takes in the tracks of a frame; what they look like, and the way they go, once a round.
    fn see(&mut self, (frame, tracks): (&Frame, &Tracks), is_round: bool) {
        let camera = frame.camera.0;
        self.terms.topology.lay_out(camera, frame.size);
        let counts =
            |track: &TrackView<'_>| track.is_confirmed() && self.people.accepts(frame.camera, track.class());
        for track in tracks.iter().filter(counts) {
            let Some(step) = Step::of(frame, &track) else { continue };
            let key = (camera, track.id());
            let known = self.book.current(key);
            let Some(number) = known.or_else(|| self.book.add(Tracklet::new(key, step))) else { continue };
            let Some(tracklet) = self.book.tracklet_mut(number) else { continue };
            tracklet.see(step);
            let identity = tracklet.identity;
            if is_round {
                tracklet.walk();
                if let Some(values) = track.embedding() {
                    let terms = &self.terms;
                    tracklet.look(values, |cosine| terms.alike(cosine) < ODD);
                }
                self.terms.reach(&step);
            }
            if let Some(id) = identity {
                self.book.seen(id, frame.time.0);
            }
        }
    }
}

ocellus_sdk::export!(Association);
