//! Finding and loading ONNX Runtime, once per process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ort::environment::Environment;
use ort::logging::LogLevel;

const FILE_NAME: &str = "libonnxruntime.so";

/// The loaded library and its one environment.
pub(crate) struct Library {
    pub(crate) environment: Environment,
    pub(crate) path: PathBuf,
}

/// Why ONNX Runtime is not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// No place had a usable library.
    #[error(
        "ONNX Runtime was not found; looked for {}; get it with `make setup`, or with `pip download \
         --no-deps onnxruntime`, unzip the wheel and set ORT_DYLIB_PATH to its \
         onnxruntime/capi/libonnxruntime.so.1.*", .tried.join("; ")
    )]
    NotFound {
        /// Each place with what was wrong there.
        tried: Vec<String>,
    },
    /// `ORT_DYLIB_PATH` names a file that cannot be used; other places are not tried then.
    #[error(
        "ORT_DYLIB_PATH names {path}, which cannot be used: {reason}; let it name the libonnxruntime.so of \
         version 1.24 or newer, or unset it and run `make setup`"
    )]
    Unusable {
        /// What the variable says.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The library is loaded and refuses to work.
    #[error("ONNX Runtime from {path} cannot be set up: {reason}")]
    Environment {
        /// The library.
        path: String,
        /// What it said.
        reason: String,
    },
}

/// Loads ONNX Runtime unless it is loaded and says from where.
///
/// Looked for, in this order: the environment variable `ORT_DYLIB_PATH`, beside the executable, in
/// `${XDG_CACHE_HOME:-~/.cache}/ocellus/onnxruntime`, where the system's loader looks.
///
/// # Errors
/// [`LibraryError`], the same one on every later call.
pub fn onnx_runtime() -> Result<&'static Path, LibraryError> {
    library().map(|library| library.path.as_path())
}

pub(crate) fn library() -> Result<&'static Library, LibraryError> {
    static LIBRARY: OnceLock<Result<Library, LibraryError>> = OnceLock::new();
    LIBRARY.get_or_init(|| load(&Surroundings::of_this_process())).as_ref().map_err(Clone::clone)
}

/// What the search depends on.
struct Surroundings {
    explicit: Option<OsString>,
    executable: Option<PathBuf>,
    cache: Option<PathBuf>,
}

impl Surroundings {
    fn of_this_process() -> Surroundings {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Surroundings {
            explicit: set("ORT_DYLIB_PATH"),
            executable: std::env::current_exe().ok(),
            cache: set("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache"))),
        }
    }

    /// Where to look when `ORT_DYLIB_PATH` does not say it, in order.
    fn places(&self) -> Vec<PathBuf> {
        let beside = self.executable.as_deref().and_then(Path::parent).map(|folder| folder.join(FILE_NAME));
        let cached = self.cache.as_ref().map(|cache| cache.join("ocellus/onnxruntime").join(FILE_NAME));
        beside.into_iter().chain(cached).collect()
    }
}

fn load(surroundings: &Surroundings) -> Result<Library, LibraryError> {
    if let Some(explicit) = &surroundings.explicit {
        // Absolute, because the loader would otherwise look beside the executable first.
        let path = std::path::absolute(explicit).unwrap_or_else(|_| PathBuf::from(explicit));
        return match open(&path) {
            Ok(builder) => set_up(builder, path),
            Err(reason) => Err(LibraryError::Unusable { path: path.display().to_string(), reason }),
        };
    }
    let mut tried = Vec::new();
    for path in surroundings.places() {
        match open(&path) {
            Ok(builder) => return set_up(builder, path),
            Err(reason) => tried.push(format!("{} ({reason})", path.display())),
        }
    }
    match ort::init_from(FILE_NAME) {
        Ok(builder) => set_up(builder, PathBuf::from(FILE_NAME)),
        Err(error) => {
            tried.push(format!("{FILE_NAME} among the system's libraries ({})", describe(&error)));
            Err(LibraryError::NotFound { tried })
        }
    }
}

fn open(path: &Path) -> Result<ort::environment::EnvironmentBuilder, String> {
    if !path.is_file() {
        return Err("no such file".to_owned());
    }
    ort::init_from(path).map_err(|error| describe(&error))
}

fn describe(error: &ort::LoadDynamicError) -> String {
    match error {
        // The reason, such as a missing dependency, is in the source only.
        ort::LoadDynamicError::Dlopen { error, .. } => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
        }
        ort::LoadDynamicError::MissingApi { .. } => {
            "it is not ONNX Runtime: it lacks OrtGetApiBase".to_owned()
        }
        ort::LoadDynamicError::InvalidVersionString => "it does not tell its version".to_owned(),
        ort::LoadDynamicError::BadVersion { version_str, .. } => {
            format!("version {version_str} is too old, 1.{} or newer is needed", ort::MINOR_VERSION)
        }
    }
}

fn set_up(builder: ort::environment::EnvironmentBuilder, path: PathBuf) -> Result<Library, LibraryError> {
    let environment =
        builder.with_name("ocellus").with_telemetry(false).with_logger(Arc::new(log)).build().map_err(
            |error| LibraryError::Environment { path: path.display().to_string(), reason: error.to_string() },
        )?;
    // With a logger of its own the environment starts at its most verbose, which costs time at every load.
    environment.set_log_level(LogLevel::Warning);
    tracing::debug!(path = %path.display(), "loaded ONNX Runtime");
    Ok(Library { environment, path })
}

/// ONNX Runtime's own messages. Its failures also come back as errors, so here they are details only.
fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => {
            tracing::debug!(category, location, "onnxruntime error: {message}");
        }
        LogLevel::Warning => tracing::debug!(category, location, "onnxruntime warning: {message}"),
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(category, location, "onnxruntime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(folder: &Path) -> Surroundings {
        Surroundings {
            explicit: None,
            executable: Some(folder.join("bin/ocellus")),
            cache: Some(folder.join("cache")),
        }
    }

    #[test]
    fn looks_beside_the_executable_and_then_in_the_cache() {
        let places = surroundings(Path::new("/x")).places();
        assert_eq!(
            places,
            [
                Path::new("/x/bin/libonnxruntime.so"),
                Path::new("/x/cache/ocellus/onnxruntime/libonnxruntime.so")
            ]
        );
    }

    #[test]
    fn an_explicit_path_that_is_wrong_is_an_error_and_not_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("libonnxruntime.so");
        std::fs::write(&text, "not a library").unwrap();
        for explicit in [text, folder.path().join("missing.so")] {
            let found = load(&Surroundings {
                explicit: Some(explicit.clone().into()),
                ..surroundings(folder.path())
            });
            let message = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.starts_with("ORT_DYLIB_PATH names"), "{message}");
            assert!(message.contains(&explicit.display().to_string()), "{message}");
            assert!(message.contains("make setup"), "{message}");
        }
    }

    #[test]
    fn another_library_is_told_apart_from_onnx_runtime() {
        let libc = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"]
            .into_iter()
            .find(|path| Path::new(path).is_file());
        let Some(libc) = libc else { return };
        let reason = open(Path::new(libc)).err().unwrap();
        assert!(reason.contains("not ONNX Runtime"), "{reason}");
    }
}
