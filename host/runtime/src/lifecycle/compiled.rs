//! Compiles a verified component and asks it who it is.

use std::fmt;
use std::sync::Arc;

use ocellus_core::{Name, Powers};
use wasmtime::component::Component;

use super::artifact::Artifact;
use super::bound::{BindError, Binding, Bound};
use super::upload::Verified;
use crate::Runtime;
use crate::abi::{GuestPre, RawDescription};
use crate::compiler::{CompilerError, NoCode};
use crate::error::CallError;
use crate::instance::{Allowance, Instance};
use crate::limits::{DeadlineMode, Terms};
use crate::log::cut;

/// Bytes of the version.
const VERSION_BYTES: usize = 64;
/// Bytes of the engine's words, which may hold names from the component; the rest is cut.
const REASON_BYTES: usize = 512;
/// Bytes of the summary; the rest is cut.
const SUMMARY_BYTES: usize = 512;

/// A component as native code, linked, with what it says of itself. Clones share it.
#[derive(Clone)]
pub struct Compiled {
    inner: Arc<Inner>,
}

struct Inner {
    artifact: Arc<Artifact>,
    description: Description,
    from_cache: bool,
    pre: GuestPre,
    runtime: Runtime,
}

/// What a plugin says of itself, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The plugin's name.
    pub name: Name,
    /// The plugin's version.
    pub version: semver::Version,
    /// One sentence.
    pub summary: String,
    /// JSON Schema of its settings; a JSON object of at most 256 KiB, nested at most 64 levels deep.
    pub settings_schema: String,
    /// Who shares an instance.
    pub scope: Scope,
    /// Powers it asks for. None in contract 0.1, which has none.
    pub powers: Powers,
}

/// Who shares an instance of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One instance a camera.
    Camera,
    /// One instance for all cameras of a binding.
    Site,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Camera => "camera",
            Scope::Site => "site",
        })
    }
}

/// Why a verified component is of no use.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompileError {
    /// The compiler refused it.
    #[error("the component cannot be compiled: {reason}; rebuild it with the Ocellus SDK")]
    Compile {
        /// The compiler's words.
        reason: String,
    },
    /// The compiler's process did not come to its end.
    #[error(transparent)]
    Compiler(#[from] CompilerError),
    /// Its imports or exports have other types than the host's.
    #[error(
        "the component does not fit the host: {reason}; rebuild it with the SDK of this contract version"
    )]
    Link {
        /// What does not fit.
        reason: String,
    },
    /// It failed when asked who it is.
    #[error("the plugin cannot say who it is: {0}")]
    Describe(#[source] CallError),
    /// What it says of itself is not usable.
    #[error("the plugin's description has a {field} that cannot be used: {found:?} ({reason})")]
    Description {
        /// The field.
        field: &'static str,
        /// Its beginning.
        found: String,
        /// What would be right.
        reason: String,
    },
    /// It asks for powers.
    #[error("the plugin asks for powers that this host does not have: {}; contract 0.1 has none", .names.join(", "))]
    Powers {
        /// The powers.
        names: Vec<String>,
    },
}

impl Verified {
    /// Compiles it, or loads the compiled form from the cache, links it, and runs `describe` on an instance
    /// that is thrown away. Takes tens of milliseconds for a small component that is not cached; waits for its turn
    /// where [`crate::RuntimeOptions::compiler`] compiles.
    ///
    /// # Errors
    /// [`CompileError`] names what is wrong.
    pub fn compile(self, runtime: &Runtime) -> Result<Compiled, CompileError> {
        let artifact = Arc::clone(self.artifact());
        let engine = runtime.engine();
        let cached = runtime.cache().and_then(|cache| cache.load(engine, &artifact.digest));
        let from_cache = cached.is_some();
        let component = match cached {
            Some(component) => component,
            None => native(runtime, &artifact.bytes)?,
        };
        let pre = GuestPre::link(artifact.abi, runtime.linker(), &component)
            .map_err(|error| CompileError::Link { reason: words(&error) })?;
        if let Some(cache) = runtime.cache().filter(|_| !from_cache) {
            cache.store(&artifact.digest, &component);
        }
        // The operator's limits come with the binding; who it is must be said within the usual ones.
        let allowance = Arc::new(Allowance::new(Terms::default(), DeadlineMode::Live));
        let mut scratch =
            Instance::start(runtime, &pre, &allowance, [0; 32]).map_err(CompileError::Describe)?;
        let description = check(scratch.describe().map_err(CompileError::Describe)?)?;
        let runtime = runtime.clone();
        Ok(Compiled { inner: Arc::new(Inner { artifact, description, from_cache, pre, runtime }) })
    }
}

impl Compiled {
    /// The component it came from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.inner.artifact
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.inner.description
    }

    /// Whether the compiled form came from the cache.
    #[must_use]
    pub fn from_cache(&self) -> bool {
        self.inner.from_cache
    }

    /// Binds it to cameras with settings, without running it.
    ///
    /// # Errors
    /// [`BindError`] for settings that are not JSON, or for no camera.
    pub fn bind(&self, binding: Binding) -> Result<Bound, BindError> {
        Bound::new(self.clone(), binding)
    }

    pub(super) fn start(&self, allowance: &Arc<Allowance>, seed: [u8; 32]) -> Result<Instance, CallError> {
        Instance::start(&self.inner.runtime, &self.inner.pre, allowance, seed)
    }
}

/// Compiles a component, in a process of its own where there is one for it.
fn native(runtime: &Runtime, component: &[u8]) -> Result<Component, CompileError> {
    let refused = |reason: &str| CompileError::Compile { reason: cut(reason, REASON_BYTES).to_owned() };
    let Some(compiler) = runtime.compiler() else {
        return Component::new(runtime.engine(), component).map_err(|error| refused(&words(&error)));
    };
    compiler.compile(runtime.engine(), component).map_err(|none| match none {
        NoCode::Refused(reason) => refused(&reason),
        NoCode::Failed(error) => CompileError::Compiler(error),
    })
}

/// The engine's words with their causes.
fn words(error: &wasmtime::Error) -> String {
    cut(&format!("{error:#}"), REASON_BYTES).to_owned()
}

fn check(raw: RawDescription) -> Result<Description, CompileError> {
    let unusable = |field, found: &str, reason: String| CompileError::Description {
        field,
        found: cut(found, 80).to_owned(),
        reason,
    };
    let name = Name::new(&raw.name).map_err(|error| unusable("name", &raw.name, error.to_string()))?;
    let version = semver::Version::parse(&raw.version)
        .map_err(|error| unusable("version", &raw.version, format!("{error}; write one such as 1.2.0")))?;
    if raw.version.len() > VERSION_BYTES {
        return Err(unusable("version", &raw.version, format!("it has more than {VERSION_BYTES} bytes")));
    }
    let schema = &raw.settings_schema;
    super::schema::check(schema).map_err(|reason| unusable("settings schema", schema, reason))?;
    if !raw.unknown_powers.is_empty() {
        let names = raw.unknown_powers.iter().take(16).map(|name| cut(name, 80).to_owned()).collect();
        return Err(CompileError::Powers { names });
    }
    let summary = raw.summary.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Description {
        name,
        version,
        summary: cut(&summary, SUMMARY_BYTES).to_owned(),
        settings_schema: raw.settings_schema,
        scope: if raw.site_scope { Scope::Site } else { Scope::Camera },
        powers: raw.powers,
    })
}
