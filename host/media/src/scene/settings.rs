//! Which scene: `crossing`, `parking-lot?seed=3&width=1280&height=720&fps=15`.

use std::fmt;
use std::str::FromStr;

use ocellus_core::Size;

use super::vantage::Vantage;

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SceneKind {
    /// Cars drive in, park and leave; people walk.
    ParkingLot,
    /// People and bicycles pass a gate line both ways; some turn back.
    Crossing,
    /// Vehicles of several kinds at known speeds.
    Road,
    /// One of several cameras of a place where twenty people come and go.
    Plaza,
    /// A street from nearby: vehicles with number plates that can be read.
    Plates,
}

/// Everything that decides what a scene shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SceneSettings {
    /// What is to be seen.
    pub kind: SceneKind,
    /// The same seed shows the same, to the last bit.
    pub seed: u64,
    /// Size of the pictures in pixels.
    pub size: Size,
    /// Frames a second.
    pub frame_rate: f64,
    /// Which camera of a plaza; of no meaning elsewhere.
    pub vantage: Vantage,
}

/// Why a text names no scene.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SceneSettingsError {
    /// There is no such scene.
    #[error("there is no scene {0:?}: use crossing, parking-lot, plates, plaza or road")]
    Kind(String),
    /// A part is not `key=value`.
    #[error("{0:?} is not a scene setting: write key=value, separated by '&'")]
    Form(String),
    /// There is no such key.
    #[error(
        "a scene has no setting {0:?}: use seed, width, height or fps, for a plaza also view, views or overlap"
    )]
    Key(String),
    /// A key stands twice.
    #[error("the scene setting {0} is given twice: give it once")]
    Twice(String),
    /// A value cannot be used.
    #[error("the scene setting {key} cannot be {value:?}: use {remedy}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was given, cut after 40 characters.
        value: String,
        /// What would be right.
        remedy: &'static str,
    },
    /// Width and height do not go together.
    #[error("a scene cannot be {0}: its width must be 1.25 to 2 times its height, such as 640x384")]
    Shape(Size),
}

const SIDES: std::ops::RangeInclusive<u32> = 96..=3840;
const SIDE_REMEDY: &str = "an even number of pixels from 96 to 3840";
const RATES: std::ops::RangeInclusive<f64> = 1.0..=60.0;

impl SceneSettings {
    /// A scene with a seed, 640x384 at 10 frames a second; 1280x720 where plates are to be read.
    #[must_use]
    pub fn new(kind: SceneKind, seed: u64) -> SceneSettings {
        let size = match kind {
            SceneKind::Plates => Size::new(1280, 720),
            SceneKind::Crossing | SceneKind::ParkingLot | SceneKind::Road | SceneKind::Plaza => {
                Size::new(640, 384)
            }
        };
        SceneSettings { kind, seed, size, frame_rate: 10.0, vantage: Vantage::default() }
    }

    /// Checks sizes and rate, which [`FromStr`] does as well.
    ///
    /// # Errors
    /// [`SceneSettingsError`] naming what cannot be used.
    pub fn check(&self) -> Result<(), SceneSettingsError> {
        for (key, side) in [("width", self.size.width), ("height", self.size.height)] {
            if !SIDES.contains(&side) || side % 2 != 0 {
                return Err(refused(key, &side.to_string(), SIDE_REMEDY));
            }
        }
        let (width, height) = (u64::from(self.size.width), u64::from(self.size.height));
        if width * 4 < height * 5 || width > height * 2 {
            return Err(SceneSettingsError::Shape(self.size));
        }
        if !RATES.contains(&self.frame_rate) {
            return Err(refused("fps", &self.frame_rate.to_string(), "a number from 1 to 60"));
        }
        self.vantage.check()
    }
}

impl FromStr for SceneSettings {
    type Err = SceneSettingsError;

    /// Reads `KIND` or `KIND?key=value&…` with the keys `seed`, `width`, `height` and `fps`, for a
    /// plaza also `view`, `views` and `overlap`.
    fn from_str(text: &str) -> Result<SceneSettings, SceneSettingsError> {
        let (kind, query) = text.split_once('?').unwrap_or((text, ""));
        let mut settings = SceneSettings::new(kind.parse()?, 0);
        let mut given: Vec<&str> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| SceneSettingsError::Form(shortened(part)))?;
            if given.contains(&key) {
                return Err(SceneSettingsError::Twice(shortened(key)));
            }
            given.push(key);
            match key {
                "seed" => settings.seed = number(value, "seed", "a whole number from 0 to 2^64 - 1")?,
                "width" => settings.size.width = number(value, "width", SIDE_REMEDY)?,
                "height" => settings.size.height = number(value, "height", SIDE_REMEDY)?,
                "fps" => settings.frame_rate = number(value, "fps", "a number from 1 to 60")?,
                _ if settings.kind == SceneKind::Plaza && settings.vantage.set(key, value)? => {}
                _ => return Err(SceneSettingsError::Key(shortened(key))),
            }
        }
        settings.check()?;
        Ok(settings)
    }
}

impl fmt::Display for SceneSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { width, height } = self.size;
        write!(f, "{}?seed={}&width={width}&height={height}&fps={}", self.kind, self.seed, self.frame_rate)?;
        if self.kind == SceneKind::Plaza { write!(f, "&{}", self.vantage) } else { Ok(()) }
    }
}

impl FromStr for SceneKind {
    type Err = SceneSettingsError;

    fn from_str(text: &str) -> Result<SceneKind, SceneSettingsError> {
        match text {
            "crossing" => Ok(SceneKind::Crossing),
            "parking-lot" => Ok(SceneKind::ParkingLot),
            "road" => Ok(SceneKind::Road),
            "plaza" => Ok(SceneKind::Plaza),
            "plates" => Ok(SceneKind::Plates),
            _ => Err(SceneSettingsError::Kind(shortened(text))),
        }
    }
}

impl fmt::Display for SceneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SceneKind::ParkingLot => "parking-lot",
            SceneKind::Crossing => "crossing",
            SceneKind::Road => "road",
            SceneKind::Plaza => "plaza",
            SceneKind::Plates => "plates",
        })
    }
}

fn number<T: FromStr>(value: &str, key: &'static str, remedy: &'static str) -> Result<T, SceneSettingsError> {
    value.parse().map_err(|_| refused(key, value, remedy))
}

impl SceneSettingsError {
    pub(super) fn refused(key: &'static str, value: &str, remedy: &'static str) -> SceneSettingsError {
        refused(key, value, remedy)
    }
}

fn refused(key: &'static str, value: &str, remedy: &'static str) -> SceneSettingsError {
    SceneSettingsError::Value { key, value: shortened(value), remedy }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        text.parse::<SceneSettings>().unwrap_err().to_string()
    }

    #[test]
    fn wrong_settings_are_named_with_their_value_and_a_remedy() {
        assert_eq!(
            message("mars"),
            "there is no scene \"mars\": use crossing, parking-lot, plates, plaza or road"
        );
        assert_eq!(
            message("road?lanes=3"),
            "a scene has no setting \"lanes\": use seed, width, height or fps, for a plaza also view, views or \
             overlap"
        );
        assert_eq!(
            message("road?seed"),
            "\"seed\" is not a scene setting: write key=value, separated by '&'"
        );
        assert!(message("road?seed=-1").contains("seed cannot be \"-1\""));
        assert!(message("road?width=641").contains("width cannot be \"641\": use an even number"));
        assert!(message("road?width=100000&height=384").contains("96 to 3840"));
        assert!(message("road?height=640").contains("1.25 to 2 times"));
        assert!(message("road?fps=0").contains("fps cannot be \"0\""));
        assert!(message("road?fps=NaN").contains("fps cannot be \"NaN\""));
        assert!(message("road?seed=1&seed=2").contains("given twice"));
        assert!(message(&format!("{}?", "x".repeat(500))).len() < 120);
    }

    #[test]
    fn settings_are_read_and_written_alike() {
        let text = "crossing?seed=3&width=1280&height=720&fps=12.5";
        let settings: SceneSettings = text.parse().unwrap();
        assert_eq!((settings.kind, settings.seed, settings.frame_rate), (SceneKind::Crossing, 3, 12.5));
        assert_eq!(settings.to_string(), text);
        assert_eq!("parking-lot".parse(), Ok(SceneSettings::new(SceneKind::ParkingLot, 0)));
    }
}
