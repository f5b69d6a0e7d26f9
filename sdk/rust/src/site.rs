//! The cameras that a rule is bound to.

use std::rc::Rc;

use ocellus_core::{CameraHandle, Power, Powers};

/// Names shown of a long class list.
const NAMED: usize = 12;

/// A camera that the rule is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its number, in every frame; kept over restarts.
    pub handle: CameraHandle,
    /// Its name.
    pub name: String,
    /// Names of the model's classes; [`TrackView::class`](crate::TrackView::class) indexes it.
    pub classes: Rc<[String]>,
}

/// All cameras that the rule is bound to; one for a rule of camera scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    cameras: Vec<Camera>,
    granted: Powers,
}

impl Site {
    /// A site of these cameras.
    #[must_use]
    pub const fn new(cameras: Vec<Camera>) -> Site {
        Site { cameras, granted: Powers::NONE }
    }

    /// The same site with these powers granted.
    #[must_use]
    pub fn with_granted(self, granted: Powers) -> Site {
        Site { granted, ..self }
    }

    /// Whether the operator has granted the rule this power.
    #[must_use]
    pub fn granted(&self, power: Power) -> bool {
        self.granted.has(power)
    }

    /// The same as an error that says what to do, for a rule that cannot do without.
    ///
    /// # Errors
    /// That the power is not granted.
    pub fn require(&self, power: Power) -> Result<(), String> {
        match self.granted(power) {
            true => Ok(()),
            false => Err(format!("this needs the power {power}; grant it to the rule")),
        }
    }

    /// The cameras.
    #[must_use]
    pub fn cameras(&self) -> &[Camera] {
        &self.cameras
    }

    /// The camera with this handle.
    #[must_use]
    pub fn camera(&self, handle: CameraHandle) -> Option<&Camera> {
        self.cameras.iter().find(|camera| camera.handle == handle)
    }

    /// A filter for the classes with these names.
    ///
    /// # Errors
    /// Names a class that one of the cameras' models does not know, and those it does.
    pub fn classes<N: AsRef<str>>(&self, names: &[N]) -> Result<ClassFilter, String> {
        for camera in &self.cameras {
            for name in names.iter().map(AsRef::as_ref) {
                if !camera.classes.iter().any(|class| class == name) {
                    return Err(format!(
                        "{name:?} is not a class of camera {}; its model knows {}",
                        camera.name,
                        listed(&camera.classes)
                    ));
                }
            }
        }
        Ok(self.known_classes(names))
    }

    /// A filter for the classes that the setting `classes` names, or else for those of `usual` that each camera's model
    /// knows; `deed` is what they do, such as `park`, for the errors.
    ///
    /// # Errors
    /// An empty list, a class that a model does not know, a camera whose model knows none of the usual ones.
    pub fn named_or_usual(
        &self,
        named: Option<&[String]>,
        usual: &[&str],
        deed: &str,
    ) -> Result<ClassFilter, String> {
        if let Some(names) = named {
            if names.is_empty() {
                return Err(format!("classes is empty; name the classes that {deed}, or leave it out"));
            }
            return self.classes(names).map_err(|error| format!("classes: {error}"));
        }
        let filter = self.known_classes(usual);
        match self.cameras.iter().find(|camera| filter.is_empty_for(camera.handle)) {
            None => Ok(filter),
            Some(camera) => Err(format!(
                "the model of camera {} knows none of {}; name the classes that {deed} in classes",
                camera.name,
                usual.join(", ")
            )),
        }
    }

    /// A filter for those of the classes that each camera's model knows; the others are left out.
    #[must_use]
    pub fn known_classes<N: AsRef<str>>(&self, names: &[N]) -> ClassFilter {
        let accepted = |camera: &Camera| {
            let wanted = |class: &String| names.iter().any(|name| name.as_ref() == class);
            (camera.handle, camera.classes.iter().map(wanted).collect())
        };
        ClassFilter { cameras: Some(self.cameras.iter().map(accepted).collect()) }
    }
}

/// Which classes a rule looks at, resolved to each camera's class numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassFilter {
    /// Nothing: every class.
    cameras: Option<Vec<(CameraHandle, Vec<bool>)>>,
}

impl ClassFilter {
    /// Accepts every class.
    #[must_use]
    pub const fn all() -> ClassFilter {
        ClassFilter { cameras: None }
    }

    /// Whether it accepts nothing at all on `camera`.
    #[must_use]
    pub fn is_empty_for(&self, camera: CameraHandle) -> bool {
        self.row(camera).is_some_and(|accepted| !accepted.contains(&true))
    }

    /// Whether a track of class number `class` on `camera` is looked at.
    #[must_use]
    pub fn accepts(&self, camera: CameraHandle, class: u32) -> bool {
        self.row(camera).is_none_or(|accepted| {
            usize::try_from(class).ok().and_then(|class| accepted.get(class)).copied().unwrap_or(false)
        })
    }

    /// The accepted classes of a camera; nothing where every class is; none for an unknown camera.
    fn row(&self, camera: CameraHandle) -> Option<&[bool]> {
        let cameras = self.cameras.as_ref()?;
        Some(cameras.iter().find(|(handle, _)| *handle == camera).map_or(&[], |(_, accepted)| accepted))
    }
}

fn listed(classes: &[String]) -> String {
    let mut text = match classes.get(..NAMED) {
        Some(first) => first.join(", "),
        None => classes.join(", "),
    };
    if classes.is_empty() {
        text.push_str("no class names");
    } else if classes.len() > NAMED {
        text.push_str(&format!(" and {} more", classes.len() - NAMED));
    }
    text
}
