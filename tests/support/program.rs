//! The built program, run as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `ocellus` with these arguments to its end.
#[must_use]
pub fn ocellus<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Finished {
    let Output { status, stdout, stderr } = ocellus_command().args(args).output().unwrap();
    Finished {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// The command `ocellus`, without arguments.
#[must_use]
pub fn ocellus_command() -> Command {
    let program = target_folder().join("release").join("ocellus");
    assert!(program.is_file(), "{} is missing; run `make build` first", program.display());
    Command::new(program)
}

/// A shipped plugin's component.
#[must_use]
pub fn plugin(name: &str) -> PathBuf {
    let path = target_folder().join("plugins").join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing; run `make build` first", path.display());
    path
}

/// A component that only tests run, such as `probe`.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let path = target_folder().join("guests/wasm32-wasip2/release").join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing; run `make guests` first", path.display());
    path
}

/// A folder of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Cargo's target folder: the test program stands in `<target>/release/deps`.
#[must_use]
pub fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}
