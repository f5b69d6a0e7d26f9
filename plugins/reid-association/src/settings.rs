//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_range, seconds};

/// Links of one rule.
const MOST_LINKS: usize = 256;
/// Metres from the map's origin that a place may lie.
const FURTHEST_M: f64 = 100_000.0;
/// Who is associated where nothing else is said.
const PEOPLE: [&str; 2] = ["person", "pedestrian"];

/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Names of the classes that are associated; `person` or `pedestrian` if left out. Give each kind of object a rule of
    /// its own.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// What cosines between looks mean, with the embedding model in use.
    #[serde(default)]
    pub appearance: Appearance,
    /// Whether places on the ground of all cameras are on one map.
    #[serde(default = "yes")]
    pub shared_map: bool,
    /// How far apart two cameras place one person on the map, one standard deviation in metres.
    #[serde(default = "default_position_error_m")]
    #[schemars(range(min = 0.05, max = 10.0))]
    pub position_error_m: f64,
    /// Nobody goes faster, in metres a second.
    #[serde(default = "default_max_speed_mps")]
    #[schemars(range(min = 0.5, max = 60.0))]
    pub max_speed_mps: f64,
    /// Pairs of cameras, by name, that see some of the same ground. With a shared map it need not be said.
    #[serde(default)]
    pub overlapping: Vec<[String; 2]>,
    /// Ways from one camera to another, with how long they take.
    #[serde(default)]
    pub links: Vec<LinkSettings>,
    /// Whether ways and times that proved true are learned.
    #[serde(default = "yes")]
    pub learn: bool,
    /// Seconds that a new track is looked at before it is said who it is.
    #[serde(default = "default_decide_after_s")]
    #[schemars(range(min = 0.0, max = 30.0))]
    pub decide_after_s: f64,
    /// How much more likely it must be that a track is somebody known than somebody new, as a natural logarithm: 1.5 is
    /// 4.5 times, 3 is 20 times.
    #[serde(default = "default_sureness")]
    #[schemars(range(min = 0.0, max = 20.0))]
    pub sureness: f64,
    /// Seconds after which somebody who was not seen is forgotten.
    #[serde(default = "default_forget_s")]
    #[schemars(range(min = 1.0, max = 604_800.0))]
    pub forget_s: f64,
    /// People that are remembered at once; the one seen longest ago is forgotten first.
    #[serde(default = "default_most_identities")]
    #[schemars(range(min = 1, max = 400))]
    pub most_identities: u32,
}

/// What cosines between the looks of tracks mean. A model's own figures come from pictures of people who are known.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Appearance {
    /// Usual cosine of one person seen by two cameras.
    #[serde(default = "default_same")]
    #[schemars(range(min = -1.0, max = 1.0))]
    pub same: f64,
    /// Usual cosine of two people.
    #[serde(default = "default_other")]
    #[schemars(range(min = -1.0, max = 1.0))]
    pub other: f64,
    /// How far both scatter, one standard deviation.
    #[serde(default = "default_spread")]
    #[schemars(range(min = 0.01, max = 1.0))]
    pub spread: f64,
}

/// A way from one place to another that no camera sees.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// The camera that is left; any if left out.
    #[serde(default)]
    pub from: Option<String>,
    /// Where in its picture; anywhere if left out.
    #[serde(default)]
    pub exit: Option<Outline>,
    /// Where on the map, in metres.
    #[serde(default)]
    pub exit_m: Option<[f64; 2]>,
    /// The camera that is come to; any if left out. It may be the same one.
    #[serde(default)]
    pub to: Option<String>,
    /// Where in its picture; anywhere if left out.
    #[serde(default)]
    pub entry: Option<Outline>,
    /// Where on the map, in metres.
    #[serde(default)]
    pub entry_m: Option<[f64; 2]>,
    /// How near to `exit_m` and `entry_m` that must be.
    #[serde(default = "default_within_m")]
    #[schemars(range(min = 0.1, max = 1000.0))]
    pub within_m: f64,
    /// Seconds that the way takes at least.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub min_s: f64,
    /// Seconds that it takes at most.
    #[schemars(range(min = 0.1, max = 86_400.0))]
    pub max_s: f64,
    /// Seconds that it usually takes; the middle of both if left out.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub usual_s: Option<f64>,
    /// Whether it is gone both ways; exit and entry then change places.
    #[serde(default)]
    pub both_ways: bool,
}

impl Default for Appearance {
    fn default() -> Appearance {
        Appearance { same: default_same(), other: default_other(), spread: default_spread() }
    }
}

fn yes() -> bool {
    true
}

fn default_same() -> f64 {
    0.8
}

fn default_other() -> f64 {
    0.55
}

fn default_spread() -> f64 {
    0.1
}

fn default_within_m() -> f64 {
    3.0
}

fn default_position_error_m() -> f64 {
    0.5
}

fn default_max_speed_mps() -> f64 {
    3.0
}

fn default_decide_after_s() -> f64 {
    1.5
}

fn default_sureness() -> f64 {
    1.5
}

fn default_forget_s() -> f64 {
    3600.0
}

fn default_most_identities() -> u32 {
    256
}

impl Settings {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self, site: &Site) -> Result<(), String> {
        let Appearance { same, other, spread } = self.appearance;
        check_range("appearance.same", same, -1.0..=1.0, "as a cosine")?;
        check_range("appearance.other", other, -1.0..=1.0, "as a cosine")?;
        check_range("appearance.spread", spread, 0.01..=1.0, "as a cosine")?;
        if same <= other {
            return Err(format!(
                "appearance.same is {same} and appearance.other {other}, so that looks say nothing; give a same above other"
            ));
        }
        check_range("position_error_m", self.position_error_m, 0.05..=10.0, "metres")?;
        check_range("max_speed_mps", self.max_speed_mps, 0.5..=60.0, "metres a second")?;
        check_range("decide_after_s", self.decide_after_s, 0.0..=30.0, "seconds")?;
        check_range("sureness", self.sureness, 0.0..=20.0, "as a natural logarithm")?;
        check_range("forget_s", self.forget_s, 1.0..=604_800.0, "seconds")?;
        check_range("most_identities", f64::from(self.most_identities), 1.0..=400.0, "people")?;
        if self.links.len() > MOST_LINKS || self.overlapping.len() > MOST_LINKS {
            let most = self.links.len().max(self.overlapping.len());
            return Err(format!(
                "links and overlapping have up to {most} entries; give at most {MOST_LINKS} each"
            ));
        }
        for (index, pair) in self.overlapping.iter().enumerate() {
            for name in pair {
                handle(site, &format!("overlapping[{index}]"), name)?;
            }
            if pair[0] == pair[1] {
                return Err(format!("overlapping[{index}] names {:?} twice; name two cameras", pair[0]));
            }
        }
        Ok(())
    }

    pub(crate) fn people(&self, site: &Site) -> Result<ClassFilter, String> {
        site.named_or_usual(self.classes.as_deref(), &PEOPLE, "are associated")
    }

    pub(crate) fn decide_after(&self) -> Duration {
        seconds(self.decide_after_s)
    }

    pub(crate) fn forget(&self) -> Duration {
        seconds(self.forget_s)
    }
}

impl LinkSettings {
    /// Whether it can be meant.
    pub(crate) fn check(&self, key: &str) -> Result<(), String> {
        check_range(&format!("{key}.min_s"), self.min_s, 0.0..=86_400.0, "seconds")?;
        check_range(&format!("{key}.max_s"), self.max_s, 0.1..=86_400.0, "seconds")?;
        if self.max_s <= self.min_s {
            return Err(format!(
                "{key}.max_s is {} and {key}.min_s {}; give a max_s above min_s",
                self.max_s, self.min_s
            ));
        }
        check_range(&format!("{key}.within_m"), self.within_m, 0.1..=1000.0, "metres")?;
        for (name, place) in [("exit_m", self.exit_m), ("entry_m", self.entry_m)] {
            for metres in place.into_iter().flatten() {
                check_range(&format!("{key}.{name}"), metres, -FURTHEST_M..=FURTHEST_M, "metres")?;
            }
        }
        match self.usual_s {
            Some(usual_s) => {
                check_range(&format!("{key}.usual_s"), usual_s, self.min_s..=self.max_s, "seconds")
            }
            None => Ok(()),
        }
    }
}

/// The camera of this name.
pub(crate) fn handle(site: &Site, key: &str, name: &str) -> Result<CameraHandle, String> {
    let found = site.cameras().iter().find(|camera| camera.name == name);
    found.map(|camera| camera.handle).ok_or_else(|| {
        let known: Vec<&str> = site.cameras().iter().map(|camera| camera.name.as_str()).take(12).collect();
        format!(
            "{key} names camera {name:?}, to which this rule is not bound; it is bound to {}",
            known.join(", ")
        )
    })
}
