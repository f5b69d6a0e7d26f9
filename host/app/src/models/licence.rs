//! Licences that oblige whoever runs the model: named before it is used.

/// Whether a licence is the GNU Affero licence, which reaches those who use a program over a network.
pub(crate) fn is_agpl(licence: &str) -> bool {
    let licence = licence.to_ascii_uppercase();
    licence.contains("AGPL") || licence.contains("AFFERO")
}

/// Says aloud that a model which is about to be used is under such a licence.
pub(crate) fn warn_of(model: &str, licence: Option<&str>) {
    if let Some(licence) = licence.filter(|licence| is_agpl(licence)) {
        eprintln!(
            "warning: model {model} is under {licence}: who lets others use it over a network owes them the source of the \
             whole program; use it only if you may"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_agpl;

    #[test]
    fn the_licence_is_known_by_all_its_names() {
        for licence in
            ["AGPL-3.0 License (https://ultralytics.com/license)", "agpl-3.0-only", "GNU Affero GPL v3"]
        {
            assert!(is_agpl(licence), "{licence}");
        }
        for licence in ["Apache-2.0", "GPL-3.0", "MIT", ""] {
            assert!(!is_agpl(licence), "{licence}");
        }
    }
}
