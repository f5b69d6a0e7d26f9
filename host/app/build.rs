//! Builds the program anew when a file is added to the SDK that it carries; changed files it sees by itself.

use std::path::Path;

fn main() {
    let root = Path::new("../..");
    // Folders in which nothing but sources comes and goes.
    for folder in [
        "host/core/src",
        "sdk/rust/src",
        "sdk/rust/template",
        "sdk/js/src",
        "sdk/js/types",
        "sdk/js/template",
        "sdk/python/template",
        "wit",
    ] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }
    println!("cargo:rerun-if-changed={}", root.join("sdk/python/ocellus_sdk/__init__.py").display());
}
