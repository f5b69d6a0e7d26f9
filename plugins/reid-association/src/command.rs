//! What an operator puts right. What was said stands: the rule does not change it again.

use ocellus_sdk::prelude::*;

use crate::Association;

/// Identities that a track is told not to be; older words are forgotten.
const MOST_APART: usize = 8;

/// A command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// These two are one person.
    #[serde(default)]
    merge: Option<[u64; 2]>,
    /// This track is not who it is said to be.
    #[serde(default)]
    split: Option<TrackName>,
    /// Who it is instead; somebody new if left out.
    #[serde(default)]
    identity: Option<u64>,
}

/// A track of a camera.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackName {
    camera: String,
    track: u64,
}

impl Command {
    pub(crate) fn read(request: Json) -> Result<Command, String> {
        Command::deserialize(request).map_err(|error| {
            format!(
                "{error}; give {{\"merge\": [ID, ID]}}, or {{\"split\": {{\"camera\": NAME, \"track\": ID}}}} with an \
                 \"identity\" if it is known"
            )
        })
    }

    /// Does what it says, or refuses and changes nothing.
    pub(crate) fn apply(&self, rule: &mut Association, now: TimeUs) -> Result<Output, String> {
        match (&self.merge, &self.split, self.identity) {
            (Some([a, b]), None, None) => rule.merge_told(*a, *b, now),
            (None, Some(name), identity) => rule.split_told(name, identity, now),
            _ => Err("give one of merge and split, and identity with split only".to_owned()),
        }
    }
}

impl Association {
    fn known(&self, id: u64) -> Result<(), String> {
        match self.book.identity(id) {
            Some(_) => Ok(()),
            None => Err(format!("there is no identity {id}, or it is forgotten")),
        }
    }

    fn merge_told(&mut self, a: u64, b: u64, now: TimeUs) -> Result<Output, String> {
        self.known(a)?;
        self.known(b)?;
        if a == b {
            return Err(format!("merge names identity {a} twice; name two"));
        }
        let mut output = Output::new();
        self.merge(a, b, now, &mut output);
        self.tell_all(a.min(b), [a, b]);
        self.measure(now, &mut output);
        Ok(output)
    }

    fn split_told(&mut self, name: &TrackName, identity: Option<u64>, now: TimeUs) -> Result<Output, String> {
        let camera = crate::settings::handle(&self.site, "split.camera", &name.camera)?.0;
        let number = self.book.current((camera, name.track));
        let own = number.and_then(|number| Some((number, self.book.tracklet(number)?.identity?)));
        let (number, own) = own.ok_or_else(|| {
            format!("track {} of camera {} has no identity, or is forgotten", name.track, name.camera)
        })?;
        if let Some(id) = identity {
            self.known(id)?;
        }
        if identity == Some(own) {
            return Err(format!("track {} of camera {} is identity {own} already", name.track, name.camera));
        }
        let is_alone = self.book.tracks_but(own, &[number]).next().is_none();
        if is_alone && identity.is_none() {
            return Err(format!("identity {own} is this track alone; say in identity who it is"));
        }
        let mut output = Output::new();
        match identity {
            Some(id) if is_alone => self.merge(own, id, now, &mut output),
            Some(id) => {
                if let Some(tracklet) = self.book.tracklet(number) {
                    self.tell_split(tracklet.key(), (own, tracklet.since_us()), &mut output);
                }
                self.tell_again(number, (id, 0.0), &mut output);
                self.book.join(number, id, now);
            }
            None => {
                self.found_anew(number, own, now, &mut output);
            }
        }
        if let Some(tracklet) = self.book.tracklet_mut(number) {
            tracklet.is_told = true;
            tracklet.apart.retain(|id| Some(*id) != identity && *id != own);
            if tracklet.identity != Some(own) {
                tracklet.apart.push(own);
            }
            let surplus = tracklet.apart.len().saturating_sub(MOST_APART);
            tracklet.apart.drain(..surplus);
        }
        self.measure(now, &mut output);
        Ok(output)
    }

    /// All tracks of an identity are told to be it.
    fn tell_all(&mut self, id: u64, together: [u64; 2]) {
        let numbers = self.book.identity(id).map_or_else(Vec::new, |known| known.tracks.clone());
        for number in numbers {
            if let Some(tracklet) = self.book.tracklet_mut(number) {
                tracklet.is_told = true;
                tracklet.apart.retain(|id| !together.contains(id));
            }
        }
    }
}
