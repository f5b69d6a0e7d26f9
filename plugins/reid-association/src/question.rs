//! What may be asked of who is known.

use ocellus_sdk::prelude::*;

use crate::Association;
use crate::book::Identity;
use crate::tracklet::Tracklet;

/// Identities of an answer, where nothing else is asked for.
const USUAL: usize = 50;
/// Identities of one answer.
const MOST: usize = 400;

/// A question; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    #[serde(default)]
    limit: Option<usize>,
    /// Only this identity.
    #[serde(default)]
    identity: Option<u64>,
    /// Only those that this camera saw.
    #[serde(default)]
    camera: Option<String>,
    /// Only the one that is this track of the camera.
    #[serde(default)]
    track: Option<u64>,
    /// Only those seen since then.
    #[serde(default)]
    since_us: Option<u64>,
    /// Only those last seen before then: `last_us` of the last one of the answer before.
    #[serde(default)]
    before_us: Option<u64>,
    /// Those who look most like this identity, the most alike first.
    #[serde(default)]
    like: Option<u64>,
}

impl Question {
    pub(crate) fn read(request: Json) -> Result<Question, String> {
        if request.is_null() {
            return Ok(Question::default());
        }
        let question = Question::deserialize(request).map_err(|error| {
            format!(
                "{error}; ask with limit, identity, camera, track, since_us, before_us and like, all optional"
            )
        })?;
        if question.track.is_some() && question.camera.is_none() {
            return Err("track is one of a camera; name the camera too".to_owned());
        }
        match question.limit {
            Some(limit) if limit == 0 || limit > MOST => Err(format!("limit is {limit}; give 1 to {MOST}")),
            _ => Ok(question),
        }
    }

    pub(crate) fn answer(&self, rule: &Association) -> Result<Json, String> {
        let camera = self
            .camera
            .as_ref()
            .map(|name| crate::settings::handle(&rule.site, "camera", name).map(|it| it.0));
        let camera = camera.transpose()?;
        let mut found: Vec<(u64, &Identity, Option<f32>)> = rule
            .book
            .identities()
            .filter(|(id, known)| {
                self.identity.is_none_or(|wanted| wanted == *id)
                    && camera.is_none_or(|camera| known.cameras.contains(&camera))
                    && self.since_us.is_none_or(|since| known.last_us >= since)
                    && self.before_us.is_none_or(|before| known.last_us < before)
                    && self.track.is_none_or(|track| {
                        rule.book.tracks_of(*id).any(|one| Some(one.camera) == camera && one.track == track)
                    })
            })
            .map(|(id, known)| (id, known, None))
            .collect();
        match self.like {
            Some(like) => {
                if rule.book.identity(like).is_none() {
                    return Err(format!("there is no identity {like}, or it is forgotten"));
                }
                found.retain(|(id, ..)| *id != like);
                for (id, _, cosine) in &mut found {
                    *cosine = rule.likeness(like, *id);
                }
                found.retain(|(.., cosine)| cosine.is_some());
                let of = |cosine: Option<f32>| cosine.unwrap_or(-1.0);
                found.sort_by(|a, b| of(b.2).total_cmp(&of(a.2)).then(a.0.cmp(&b.0)));
            }
            None => found.sort_by_key(|(id, known, _)| (std::cmp::Reverse(known.last_us), *id)),
        }
        let shown = found.into_iter().take(self.limit.unwrap_or(USUAL));
        let mut answer = JsonMap::new();
        answer.insert("identities".to_owned(), shown.map(|one| rule.shown(one)).collect());
        answer.insert("known".to_owned(), Json::from(rule.book.len()));
        answer.insert("count".to_owned(), Json::from(rule.book.count));
        Ok(Json::Object(answer))
    }
}

impl Association {
    /// The greatest cosine between looks of two identities.
    fn likeness(&self, a: u64, b: u64) -> Option<f32> {
        let looks = self.book.tracks_of(a).flat_map(Tracklet::looks);
        let best = looks.filter_map(|look| {
            let others = self.book.tracks_of(b).flat_map(Tracklet::looks);
            others.filter_map(|other| look.cosine(other)).reduce(f32::max)
        });
        best.reduce(f32::max)
    }

    fn shown(&self, (id, known, cosine): (u64, &Identity, Option<f32>)) -> Json {
        let mut answer = JsonMap::new();
        let mut say = |key: &str, value: Json| answer.insert(key.to_owned(), value);
        say("identity", Json::from(id));
        let names = known.cameras.iter().map(|camera| Json::from(self.camera_name(*camera)));
        say("cameras", names.collect());
        say("first_us", Json::from(known.first_us));
        say("last_us", Json::from(known.last_us));
        let last = self.book.tracks_of(id).max_by_key(|one| (one.last.us, one.first.us));
        say("last", last.map_or(Json::Null, |last| self.place(last)));
        say("tracks", self.book.tracks_of(id).map(|one| self.track(one)).collect());
        say("tracks_so_far", Json::from(known.count));
        if let Some(cosine) = cosine {
            say("cosine", Json::from((f64::from(cosine) * 1000.0).round() / 1000.0));
        }
        Json::Object(answer)
    }

    /// Where somebody was last: the foot point in the picture, and on the map.
    fn place(&self, one: &Tracklet) -> Json {
        let mut answer = JsonMap::new();
        let hundredth = |value: f32| (f64::from(value) * 100.0).round() / 100.0;
        answer.insert("camera".to_owned(), Json::from(self.camera_name(one.camera)));
        answer.insert("track".to_owned(), Json::from(one.track));
        let map = one.last.map.map(|[x, y, _]| vec![hundredth(x), hundredth(y)]);
        answer.insert("map_m".to_owned(), Json::from(map));
        Json::Object(answer)
    }

    fn track(&self, one: &Tracklet) -> Json {
        let mut answer = JsonMap::new();
        answer.insert("camera".to_owned(), Json::from(self.camera_name(one.camera)));
        answer.insert("track".to_owned(), Json::from(one.track));
        answer.insert("from_us".to_owned(), Json::from(one.since_us()));
        answer.insert("to_us".to_owned(), Json::from(one.last.us));
        Json::Object(answer)
    }
}
