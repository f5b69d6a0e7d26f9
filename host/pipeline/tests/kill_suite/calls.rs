//! The system's calls that change files, between this program and the C library: what std and sled call is these.
//!
//! Calls that only make sure of a change (`fsync`) are no steps: a kill leaves what the system's cache holds.

#![expect(unsafe_code, reason = "calls of the C library are taken over under their own names")]

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libc::{c_char, c_int, c_long, c_void, off64_t, size_t, ssize_t};

use crate::steps::{self, Write};

#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    let (length, then) = about(file, length);
    // SAFETY: the caller's arguments, and no more bytes than it gave.
    let written = unsafe { libc::syscall(libc::SYS_write, file, bytes, length) };
    then(written)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(file: c_int, bytes: *const c_void, length: size_t, at: off64_t) -> ssize_t {
    let (length, then) = about(file, length);
    // SAFETY: as above.
    let written = unsafe { libc::syscall(libc::SYS_pwrite64, file, bytes, length, at) };
    then(written)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(file: c_int, length: off64_t) -> c_int {
    if let Some(path) = path_of(file) {
        steps::reach_change("cut", &path);
    }
    // SAFETY: the caller's arguments.
    unsafe { libc::syscall(libc::SYS_ftruncate, file, length) as c_int }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller gives two texts that end with a zero.
    unsafe {
        steps::reach_change("rename", path_at(to));
        libc::syscall(libc::SYS_rename, from, to) as c_int
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller gives a text that ends with a zero.
    unsafe {
        steps::reach_change("remove", path_at(path));
        libc::syscall(libc::SYS_unlink, path) as c_int
    }
}

/// How many bytes of a write are written, and what comes after it.
fn about(file: c_int, length: size_t) -> (size_t, impl FnOnce(c_long) -> ssize_t) {
    let write = path_of(file).map_or(Write::Whole, |path| steps::reach_write(&path, length));
    let length = if write == Write::Half { length / 2 } else { length };
    let then = move |written: c_long| {
        if write == Write::Half {
            steps::die();
        }
        written as ssize_t
    };
    (length, then)
}

/// The file's path, while steps are counted.
fn path_of(file: c_int) -> Option<PathBuf> {
    steps::is_counting().then(|| std::fs::read_link(format!("/proc/self/fd/{file}")).ok())?
}

/// # Safety
/// `text` ends with a zero, and lives as long as the path is used.
unsafe fn path_at<'a>(text: *const c_char) -> &'a Path {
    // SAFETY: as the caller says.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(text) }.to_bytes()))
}
