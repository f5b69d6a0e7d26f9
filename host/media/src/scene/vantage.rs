//! Which of several cameras of one place.

use super::settings::SceneSettingsError;

/// Which camera a scene shows, of a place that several look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vantage {
    /// Which of them, from 0.
    pub view: u32,
    /// How many there are, 2 or 3.
    pub views: u32,
    /// Whether all look at the same ground. If not, each has its own, and ground that nobody sees lies between.
    pub overlap: bool,
}

impl Default for Vantage {
    fn default() -> Vantage {
        Vantage { view: 0, views: 3, overlap: false }
    }
}

impl Vantage {
    /// Takes one setting in; false where there is no such key.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool, SceneSettingsError> {
        match key {
            "view" => self.view = value.parse().map_err(|_| refused_view(value))?,
            "views" => self.views = value.parse().map_err(|_| refused_views(value))?,
            "overlap" => {
                self.overlap = match value {
                    "on" => true,
                    "off" => false,
                    _ => return Err(SceneSettingsError::refused("overlap", value, "on or off")),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn check(self) -> Result<(), SceneSettingsError> {
        if !(2..=3).contains(&self.views) {
            return Err(refused_views(&self.views.to_string()));
        }
        if self.view >= self.views {
            return Err(refused_view(&self.view.to_string()));
        }
        Ok(())
    }
}

impl std::fmt::Display for Vantage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let overlap = if self.overlap { "on" } else { "off" };
        write!(f, "view={}&views={}&overlap={overlap}", self.view, self.views)
    }
}

fn refused_view(value: &str) -> SceneSettingsError {
    SceneSettingsError::refused("view", value, "a number below views; the first is 0")
}

fn refused_views(value: &str) -> SceneSettingsError {
    SceneSettingsError::refused("views", value, "2 or 3")
}

#[cfg(test)]
mod tests {
    use super::super::settings::{SceneKind, SceneSettings};
    use super::*;

    #[test]
    fn a_plaza_says_which_of_its_cameras_it_shows() {
        let text = "plaza?seed=3&width=640&height=384&fps=10&view=1&views=2&overlap=on";
        let settings: SceneSettings = text.parse().unwrap();
        assert_eq!(settings.kind, SceneKind::Plaza);
        assert_eq!(settings.vantage, Vantage { view: 1, views: 2, overlap: true });
        assert_eq!(settings.to_string(), text);
        assert_eq!("plaza".parse::<SceneSettings>().unwrap().vantage, Vantage::default());
    }

    #[test]
    fn views_that_are_not_there_are_refused() {
        let message = |text: &str| text.parse::<SceneSettings>().unwrap_err().to_string();
        assert!(message("plaza?view=3").contains("view cannot be \"3\": use a number below views"));
        assert!(message("plaza?view=1&views=1").contains("views cannot be \"1\": use 2 or 3"));
        assert!(message("plaza?overlap=yes").contains("overlap cannot be \"yes\": use on or off"));
        assert!(message("plaza?lanes=1").contains("no setting \"lanes\""));
        assert!(message("crossing?view=1").contains("no setting \"view\""));
    }
}
