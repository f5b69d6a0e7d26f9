//! How a caller wants pictures.

use axum::http::StatusCode;
use ocellus_pipeline::{Draw, ViewSettings};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

const QUALITY: u8 = 80;

/// Whether something is drawn into the picture.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DrawName {
    /// The picture as it came.
    Plain,
    /// Boxes, labels, trails and overlays.
    Annotated,
}

/// How a caller wants pictures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViewQuery {
    /// Height in pixels, 16 to 4320; the aspect is kept and nothing is enlarged.
    height: Option<u32>,
    /// JPEG quality, 1 to 95; 80 where left out.
    quality: Option<u8>,
    /// What is drawn into the picture; `annotated` where left out.
    #[param(inline)]
    draw: Option<DrawName>,
}

/// How a WebSocket viewer wants frames.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// Height in pixels, 16 to 4320; the aspect is kept and nothing is enlarged.
    height: Option<u32>,
    /// JPEG quality, 1 to 95; 80 where left out.
    quality: Option<u8>,
    /// What is drawn into the picture; `plain` where left out, since the text says what there is to draw.
    #[param(inline)]
    draw: Option<DrawName>,
    /// `false` for the texts alone.
    pub(crate) pictures: Option<bool>,
}

impl ViewQuery {
    pub(crate) fn settings(&self) -> Result<ViewSettings, Problem> {
        settings(self.height, self.quality, self.draw.unwrap_or(DrawName::Annotated))
    }
}

impl LiveQuery {
    pub(crate) fn settings(&self) -> Result<ViewSettings, Problem> {
        settings(self.height, self.quality, self.draw.unwrap_or(DrawName::Plain))
    }
}

fn settings(height: Option<u32>, quality: Option<u8>, draw: DrawName) -> Result<ViewSettings, Problem> {
    let draw = match draw {
        DrawName::Plain => Draw::Plain,
        DrawName::Annotated => Draw::Annotated,
    };
    ViewSettings::new(height, quality.unwrap_or(QUALITY), draw).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, error.to_string()).sort("bad-query", "Bad query")
    })
}
