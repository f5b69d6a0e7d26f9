//! The parts of [`Session::detect`] one by one, so that a bench can time them. Not for other use.

use ocellus_core::Detection;

use crate::error::InferenceError;
use crate::session::{DetectRequest, Session};

/// Writes the picture into the model's input, as [`Session::detect`] does before it runs the model.
pub fn preprocess(session: &mut Session, request: &DetectRequest<'_>) {
    session.prepare_only(request);
}

/// Runs the model on its input and copies the first picture's output.
///
/// # Errors
/// [`InferenceError`] when the model cannot be run.
pub fn run(session: &mut Session) -> Result<Vec<f32>, InferenceError> {
    session.run_only()
}

/// Reads detections from an output of [`run`], as [`Session::detect`] does after it has run the model.
pub fn postprocess(session: &mut Session, output: &[f32], request: &DetectRequest<'_>) -> Vec<Detection> {
    session.read_only(output, request)
}
