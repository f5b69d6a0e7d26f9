//! Handing a model to ONNX Runtime.

use std::path::Path;

use ort::environment::Environment;
use ort::ep::{CUDA, ExecutionProvider as _};
use ort::session::Session as OrtSession;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use crate::error::ModelError;
use crate::info::ExecutionProvider;
use crate::metadata::one_line;
use crate::options::{Device, ModelOptions, Optimisation, Waiting};
use crate::provider;

/// Builds a session and says what it runs on.
pub(super) fn build(
    environment: &Environment,
    path: &Path,
    bytes: &[u8],
    options: &ModelOptions,
) -> Result<(OrtSession, ExecutionProvider), ModelError> {
    let load_error = |error: &ort::Error| refusal(path, error);
    let mut builder = configured(environment, options).map_err(|error| load_error(&error))?;
    if let Device::Cuda { index } = options.device {
        add_cuda(&mut builder, index).map_err(|reason| device_error(path, options, reason))?;
    }
    let session = builder.commit_from_memory(bytes).map_err(|error| load_error(&error))?;
    let provider = provider::of(&session).unwrap_or_else(|error| {
        tracing::debug!("ONNX Runtime does not tell what the model runs on: {error}");
        ExecutionProvider::default()
    });
    refuse_fallback(&provider, options).map_err(|reason| device_error(path, options, reason))?;
    Ok((session, provider))
}

fn configured(environment: &Environment, options: &ModelOptions) -> Result<SessionBuilder, ort::Error> {
    let level = match options.optimisation {
        Optimisation::Off => GraphOptimizationLevel::Disable,
        Optimisation::Basic => GraphOptimizationLevel::Level1,
        Optimisation::Extended => GraphOptimizationLevel::Level2,
        Optimisation::All => GraphOptimizationLevel::All,
    };
    // Never left to ONNX Runtime: it would count the machine's cores, where a container may use a few of
    // them only, and tie its threads to them.
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    let (key, value) = provider::RECORD;
    Ok(OrtSession::builder(environment)?
        .with_optimization_level(level)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(options.waiting == Waiting::Spin)?
        .with_config_entry(key, value)?)
}

fn add_cuda(builder: &mut SessionBuilder, index: u16) -> Result<(), String> {
    let get = "get the GPU build with `pip download --no-deps onnxruntime-gpu`, unzip the wheel and set ORT_DYLIB_PATH to \
               its onnxruntime/capi/libonnxruntime.so.1.*";
    if !CUDA::is_available().unwrap_or(false) {
        return Err(format!("this ONNX Runtime is built without CUDA; {get}, or use device cpu"));
    }
    CUDA::default().with_device_id(i32::from(index)).register(builder).map_err(|error| {
        format!(
            "CUDA cannot be set up: {}; it needs the NVIDIA driver, CUDA and cuDNN, or use device cpu",
            one_line(&error)
        )
    })
}

/// A GPU that was asked for and runs nothing is an error.
fn refuse_fallback(provider: &ExecutionProvider, options: &ModelOptions) -> Result<(), String> {
    match options.device {
        Device::Cpu => Ok(()),
        Device::Cuda { .. }
            if provider.nodes.iter().any(|(name, nodes)| name.starts_with("CUDA") && *nodes > 0) =>
        {
            Ok(())
        }
        Device::Cuda { .. } => Err(format!(
            "no part of it would run there, but on {provider}; export it as float32, or use device cpu"
        )),
    }
}

fn device_error(path: &Path, options: &ModelOptions, reason: String) -> ModelError {
    ModelError::Device { path: path.to_owned(), device: options.device.to_string(), reason }
}

fn refusal(path: &Path, error: &ort::Error) -> ModelError {
    let reason = one_line(error);
    match error.code() {
        ort::ErrorCode::InvalidProtobuf | ort::ErrorCode::NoModel => ModelError::NotOnnx {
            path: path.to_owned(),
            found: format!("it is another kind of file, damaged or cut off ({reason})"),
        },
        _ => ModelError::Load { path: path.to_owned(), reason },
    }
}
