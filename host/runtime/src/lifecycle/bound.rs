//! Binds a plugin to cameras with settings and tries it out.

use std::sync::Arc;

use ocellus_core::{CameraHandle, FrameInfo, Name, Size, TimeUs};
use serde::de::IgnoredAny;
use sha2::{Digest as _, Sha256};

use super::artifact::Artifact;
use super::compiled::{Compiled, Description, Scope};
use crate::columns::TrackColumns;
use crate::error::CallError;
use crate::grants::Grants;
use crate::instance::{Allowance, Instance};
use crate::limits::{DeadlineMode, Limits, Terms};
use crate::slot::Memory;

/// What a rule is bound to.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The rule's name. With a camera's name it seeds the rule's random numbers.
    pub rule: Name,
    /// Its settings, JSON.
    pub settings: String,
    /// The cameras, at least one, in a fixed order.
    pub cameras: Vec<BoundCamera>,
    /// What each instance may use.
    pub limits: Limits,
    /// What the operator grants it.
    pub grants: Grants,
    /// How time limits are read.
    pub deadline: DeadlineMode,
}

/// A camera as a rule knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundCamera {
    /// Its stable number.
    pub handle: CameraHandle,
    /// Its name.
    pub name: Name,
    /// Names of the model's classes.
    pub classes: Arc<[String]>,
}

/// Who uses an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// One camera, of a camera-scope rule.
    Camera(CameraHandle),
    /// All cameras of a site-scope rule.
    Site,
}

/// A binding that makes no sense. The text leaves the rule's name to whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Not JSON.
    #[error("the settings are not JSON: {reason}")]
    Settings {
        /// The rule.
        rule: Name,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// JSON, but a list, a text or a number.
    #[error("the settings are not a JSON object, {{\"key\": value}}")]
    NoObject {
        /// The rule.
        rule: Name,
    },
    /// No camera.
    #[error("it is bound to no camera; name at least one")]
    NoCamera {
        /// The rule.
        rule: Name,
    },
    /// One camera twice.
    #[error("it is bound to camera {camera} twice; name it once")]
    CameraTwice {
        /// The rule.
        rule: Name,
        /// The camera.
        camera: Name,
    },
}

/// The rule did not pass its trial. The text leaves the rule's name to whoever shows it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("plugin {plugin} failed its trial: {cause}")]
pub struct ProbeError {
    /// The rule.
    pub rule: Name,
    /// The plugin.
    pub plugin: Name,
    /// What happened.
    pub cause: CallError,
}

/// A plugin with a binding; it has not seen its settings yet.
pub struct Bound {
    compiled: Compiled,
    binding: Binding,
}

/// A rule that took its settings and passed a trial; instances are made from it. Clones share it.
#[derive(Clone)]
pub struct Probed {
    inner: Arc<Inner>,
}

struct Inner {
    compiled: Compiled,
    binding: Binding,
    allowance: Arc<Allowance>,
}

impl Bound {
    pub(super) fn new(compiled: Compiled, binding: Binding) -> Result<Bound, BindError> {
        let rule = &binding.rule;
        serde_json::from_str::<IgnoredAny>(&binding.settings)
            .map_err(|error| BindError::Settings { rule: rule.clone(), reason: error.to_string() })?;
        if !binding.settings.trim_start().starts_with('{') {
            return Err(BindError::NoObject { rule: rule.clone() });
        }
        if binding.cameras.is_empty() {
            return Err(BindError::NoCamera { rule: rule.clone() });
        }
        for (index, camera) in binding.cameras.iter().enumerate() {
            let known = &binding.cameras[..index];
            if known.iter().any(|other| other.handle == camera.handle || other.name == camera.name) {
                return Err(BindError::CameraTwice { rule: rule.clone(), camera: camera.name.clone() });
            }
        }
        Ok(Bound { compiled, binding })
    }

    /// Tries the rule on an instance that is thrown away: `configure`, one frame without tracks, `save`. Each
    /// camera of a camera-scope rule is configured, since a rule may refuse one camera's classes.
    ///
    /// # Errors
    /// [`ProbeError`] with what failed; the rule's own words where it refused its settings.
    pub fn probe(self) -> Result<Probed, ProbeError> {
        let Bound { compiled, binding } = self;
        let grants = binding.grants.within(compiled.description().powers);
        let terms = Terms { limits: binding.limits.clone(), grants };
        let allowance = Arc::new(Allowance::new(terms, binding.deadline));
        let probed = Probed { inner: Arc::new(Inner { compiled, binding, allowance }) };
        for share in probed.shares() {
            probed.try_out(share).map_err(|cause| ProbeError {
                rule: probed.binding().rule.clone(),
                plugin: probed.description().name.clone(),
                cause,
            })?;
        }
        Ok(probed)
    }
}

impl Probed {
    /// The component it came from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        self.inner.compiled.artifact()
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        self.inner.compiled.description()
    }

    /// What it is bound to.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.inner.binding
    }

    /// Whether an instance would take over what another remembers; tried on one that is thrown away.
    ///
    /// # Errors
    /// [`CallError`] when the instance does not start or refuses the state.
    pub fn try_memory(&self, share: Share, memory: &Memory) -> Result<(), CallError> {
        self.revive(share, memory).map(drop)
    }

    /// The instances that this rule needs, in the order of its cameras.
    #[must_use]
    pub fn shares(&self) -> Vec<Share> {
        match self.description().scope {
            Scope::Site => vec![Share::Site],
            Scope::Camera => {
                self.binding().cameras.iter().map(|camera| Share::Camera(camera.handle)).collect()
            }
        }
    }

    /// A new instance, configured. Costs microseconds of the host and what the rule's `configure` takes.
    ///
    /// # Errors
    /// [`CallError`] when the instance does not start or refuses its settings.
    pub fn instantiate(&self, share: Share) -> Result<Instance, CallError> {
        let inner = &*self.inner;
        let mut instance = inner.compiled.start(&inner.allowance, self.seed(share))?;
        let cameras: Vec<&BoundCamera> = match share {
            Share::Site => inner.binding.cameras.iter().collect(),
            Share::Camera(handle) => {
                inner.binding.cameras.iter().filter(|camera| camera.handle == handle).collect()
            }
        };
        instance.configure(&inner.binding.settings, &cameras)?;
        Ok(instance)
    }

    /// A new instance with what another remembers.
    ///
    /// # Errors
    /// [`CallError`] when the instance does not start, or refuses its settings or the state.
    pub fn revive(&self, share: Share, memory: &Memory) -> Result<Instance, CallError> {
        let mut instance = self.instantiate(share)?;
        instance.fill_values(memory.values.clone());
        if let Some(snapshot) = &memory.state {
            instance.restore(&snapshot.state, &snapshot.version)?;
        }
        Ok(instance)
    }

    /// The same for the same rule and camera, on every host and after every restart.
    fn seed(&self, share: Share) -> [u8; 32] {
        let binding = &self.inner.binding;
        let mut hasher = Sha256::new();
        hasher.update(b"ocellus rule seed 1\0");
        hasher.update(binding.rule.as_str());
        if let Share::Camera(handle) = share {
            let camera = binding.cameras.iter().find(|camera| camera.handle == handle);
            hasher.update(b"\0");
            hasher.update(camera.map_or("", |camera| camera.name.as_str()));
        }
        hasher.finalize().into()
    }

    fn try_out(&self, share: Share) -> Result<(), CallError> {
        let mut scratch = self.instantiate(share)?;
        let camera = match share {
            Share::Camera(handle) => handle,
            Share::Site => self.binding().cameras.first().map_or(CameraHandle(0), |camera| camera.handle),
        };
        let frame = FrameInfo { camera, sequence: 0, time: TimeUs(0), size: Size::new(640, 360) };
        match scratch.process(&frame, &TrackColumns::new()) {
            // An error for one frame is the rule's right.
            Ok(_) | Err(CallError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        scratch.save().map(drop)
    }
}
