//! Real videos and public models, which are not part of this repository.

use std::path::PathBuf;

/// The folder that `OCELLUS_TEST_DATA` names; says so where it is unset, and the test returns.
#[must_use]
pub fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("OCELLUS_TEST_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
    match folder {
        Some(folder) if folder.is_dir() => Some(folder),
        _ => {
            eprintln!("SKIPPED: OCELLUS_TEST_DATA is unset or no folder");
            None
        }
    }
}
