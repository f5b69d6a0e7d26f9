//! The cache of compiled components costs time when it fails, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use ocellus_runtime::{Runtime, RuntimeOptions};

use crate::support::guest;

fn runtime(dir: &Path) -> Runtime {
    let cache_dir = Some(dir.to_owned());
    Runtime::new(RuntimeOptions { cache_dir, max_instances: 8, ..RuntimeOptions::default() }).expect("starts")
}

fn from_cache(dir: &Path) -> bool {
    runtime(dir).load(guest("line")).expect("loads").from_cache()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn the_second_start_loads_what_the_first_compiled() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().join("made/on/demand");
    assert!(!from_cache(&dir));
    assert!(from_cache(&dir));
    assert_eq!(files(&dir).len(), 1);
}

#[test]
fn a_damaged_file_is_compiled_again_wherever_the_damage_is() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(!from_cache(dir.path()));
    let file = files(dir.path()).remove(0);
    let sound = fs::read(&file).expect("reads");
    for at in [0, 10, 39, 40, sound.len() / 2, sound.len() - 1] {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&file, &damaged).expect("writes");
        assert!(!from_cache(dir.path()), "damage at {at}");
        assert!(from_cache(dir.path()), "healed after damage at {at}");
    }
    for length in [0, 7, 41, sound.len() - 1] {
        fs::write(&file, &sound[..length]).expect("writes");
        assert!(!from_cache(dir.path()), "cut to {length}");
    }
}

#[test]
fn code_with_a_right_checksum_but_of_another_engine_is_refused_by_the_engine() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(!from_cache(dir.path()));
    let file = files(dir.path()).remove(0);
    let mut forged = b"OCELLUS\x01".to_vec();
    let code = b"\x7fELF but not wasmtime's";
    forged.extend_from_slice(ocellus_runtime::Digest::of(code).as_bytes());
    forged.extend_from_slice(code);
    fs::write(&file, forged).expect("writes");
    assert!(!from_cache(dir.path()));
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("sets");
    assert!(!from_cache(dir.path()));
    assert!(!from_cache(dir.path()));
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_or_written_costs_only_the_cache() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("a-file");
    fs::write(&file, b"").expect("writes");
    assert!(!from_cache(&file.join("below")));
    let gone = dir.path().join("gone");
    let runtime = runtime(&gone);
    fs::remove_dir_all(&gone).expect("removes");
    assert!(!runtime.load(guest("line")).expect("loads").from_cache());
}
