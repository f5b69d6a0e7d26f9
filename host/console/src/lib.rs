//! The console: a web page that shows a site live and changes its rules while they run.
//!
//! Plain HTML, CSS and JavaScript modules, embedded as they are: no build step, nothing fetched from
//! anywhere else. This crate only holds the files; the server decides how they are served.

use std::borrow::Cow;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// One file of the page.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the character set.
    pub media_type: &'static str,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

/// The page itself.
pub const INDEX: &str = "index.html";

/// The file at `path`, such as `js/main.js`, without a leading slash.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let file = Assets::get(path)?;
    Some(Asset { bytes: file.data, media_type: media_type(path), digest: file.metadata.sha256_hash() })
}

/// The paths of all files.
pub fn paths() -> impl Iterator<Item = Cow<'static, str>> {
    Assets::iter()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_media_type_and_the_page_is_there() {
        assert!(asset(INDEX).is_some());
        assert!(asset("../Cargo.toml").is_none());
        for path in paths() {
            assert_ne!(asset(&path).unwrap().media_type, "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn what_the_page_names_is_embedded_and_nothing_comes_from_elsewhere() {
        for path in paths().filter(|path| !path.ends_with(".svg")) {
            let text = String::from_utf8(asset(&path).unwrap().bytes.into_owned()).unwrap();
            assert!(!text.contains("https://") && !text.contains("//cdn"), "{path} fetches from elsewhere");
            assert!(
                !text.contains("innerHTML") && !text.contains("insertAdjacentHTML"),
                "{path} inserts markup"
            );
            for name in text.split(" from './").skip(1).filter_map(|rest| rest.split('\'').next()) {
                assert!(asset(&format!("js/{name}")).is_some(), "{path} imports {name}");
            }
        }
    }
}
