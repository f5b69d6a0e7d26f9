//! Number plates of a camera's vehicles.

use ocellus_core::Name;
use ocellus_pipeline::SeenPlate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many number plates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlatesQuery {
    /// At most so many, 1 to 1000; 50 where left out.
    pub(crate) limit: Option<usize>,
}

/// Number plates, that of the vehicle seen last first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateList {
    pub(crate) plates: Vec<Plate>,
}

/// What a vehicle's number plate says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plate {
    /// The vehicle's track.
    track: u64,
    /// The text that most readings speak for; masked or hashed where the camera is set so.
    #[schema(example = "AB123CD")]
    text: String,
    /// Mean confidence of the readings that agree with it, 0 to 1.
    confidence: f64,
    /// How many readings agree with it but for one character.
    readings: u32,
    /// When the vehicle was seen first, in microseconds since the Unix epoch.
    first_us: u64,
    /// When it was seen last.
    last_us: u64,
    /// Whether it is followed still; its text may yet change.
    in_view: bool,
    /// Where its clearest picture is; null where texts are masked or hashed.
    #[schema(example = "/api/v1/cameras/gate/plates/17/picture")]
    picture: Option<String>,
}

impl Plate {
    pub(crate) fn new(camera: &Name, seen: &SeenPlate) -> Plate {
        let SeenPlate { plate, first, last, in_view } = seen;
        let track = plate.track;
        let picture = plate.picture.as_ref();
        Plate {
            track,
            text: plate.text.clone(),
            confidence: plate.confidence,
            readings: plate.readings,
            first_us: first.0,
            last_us: last.0,
            in_view: *in_view,
            picture: picture.map(|_| format!("/api/v1/cameras/{camera}/plates/{track}/picture")),
        }
    }
}
