//! Looks at uploaded bytes before anything of them is compiled or run.

use std::fmt;
use std::sync::Arc;

use wasmparser::{ComponentTypeRef, Parser, Payload, TypeBounds};

use super::artifact::{Artifact, Digest};
use super::contract::Contract;
use super::effort;
use super::signature::{KeyId, SignatureError};
use crate::Runtime;
use crate::abi::AbiVersion;
use crate::log::cut;
use crate::wasi;

/// Bytes that somebody calls a plugin, with what vouches for them.
#[derive(Clone)]
pub struct Upload {
    bytes: Vec<u8>,
    vouched: Vouched,
}

/// What vouches for an upload.
#[derive(Debug, Clone)]
enum Vouched {
    /// What came with it: a detached signature as its text, or nothing.
    Signature(Option<String>),
    /// This host, which judged it when it came and has kept it since.
    Kept(Option<KeyId>),
}

/// Bytes that are a component of the contract; nothing of it has run.
pub struct Verified {
    artifact: Arc<Artifact>,
}

/// Why bytes are not a plugin, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Nobody whom the operator trusts vouches for it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No bytes.
    #[error("the file is empty; upload a WebAssembly component")]
    Empty,
    /// Over [`crate::RuntimeOptions::max_plugin_size`].
    #[error(
        "the file has {size} bytes, the limit is {limit}; strip its debug information, or raise the limit"
    )]
    TooLarge {
        /// Bytes.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Native code, such as a `.cwasm`.
    #[error(
        "the file is precompiled native code, which is never accepted; upload the WebAssembly component \
         itself, the host compiles it"
    )]
    Precompiled,
    /// `(module …` or `(component …`.
    #[error("the file is WebAssembly text; turn it into a binary with `wasm-tools parse FILE -o FILE.wasm`")]
    Text,
    /// A core module.
    #[error(
        "the file is a core WebAssembly module, not a component; build it for wasm32-wasip2, or wrap it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// Something else.
    #[error("the file is not WebAssembly: it starts with {found}; upload a component, such as {EXAMPLE}")]
    NotWasm {
        /// Its first bytes, printable.
        found: String,
    },
    /// A component by its first bytes only.
    #[error("the file is a damaged or invalid component: {reason}; build or upload it again")]
    Invalid {
        /// The validator's words.
        reason: String,
    },
    /// More than the compiler can take.
    #[error("the component has {found} {what}, the limit is {limit}: compiling it would take too long")]
    Effort {
        /// What there is too much of.
        what: &'static str,
        /// How much there is, or a part of it.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// Imports that the host does not have.
    #[error(
        "the component imports what a rule may not have: {}; a rule may import ocellus:plugin and the parts \
         of WASI 0.2 without network", .names.join(", ")
    )]
    ForbiddenImports {
        /// Full names, sorted.
        names: Vec<String>,
    },
    /// Nothing of `ocellus:plugin` in it.
    #[error("the component does not speak the ocellus:plugin contract; build it with the Ocellus SDK")]
    NoContract,
    /// A version of the contract from another time.
    #[error(
        "the component speaks ocellus:plugin {found}, this host speaks {}; rebuild it with a matching SDK",
        known()
    )]
    UnknownAbi {
        /// Versions found.
        found: String,
    },
    /// Functions of the contract that it lacks.
    #[error("the component lacks functions of the contract: {}; build it with the Ocellus SDK", .names.join(", "))]
    MissingExports {
        /// Names.
        names: Vec<String>,
    },
    /// A function of the contract with other parameters or results.
    #[error(
        "the component's {name} has another type than ocellus:plugin {abi} says: {reason}; rebuild it with \
         the SDK of that version"
    )]
    WrongType {
        /// The function.
        name: String,
        /// The contract's version.
        abi: AbiVersion,
        /// Where the types differ.
        reason: String,
    },
}

/// Offending names that a message lists, and the bytes it shows of each.
const NAMES: usize = 16;
const NAME_BYTES: usize = 128;

/// Interfaces of the contract.
const CONTRACT: [&str; 3] = ["ocellus:plugin/host", "ocellus:plugin/key-value", "ocellus:plugin/types"];

const EXAMPLE: &str = "target/plugins/line-crossing.wasm";

fn known() -> String {
    AbiVersion::ALL.map(|abi| abi.to_string()).join(", ")
}

impl Upload {
    /// Takes the bytes as they came, without a signature.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Upload {
        Upload { bytes, vouched: Vouched::Signature(None) }
    }

    /// Adds the detached Ed25519 signature over the bytes that came with them: base64 of its 64 bytes. It is read
    /// only where [`crate::RuntimeOptions::trusted_keys`] asks for one.
    #[must_use]
    pub fn signed(self, signature: impl Into<String>) -> Upload {
        Upload { vouched: Vouched::Signature(Some(signature.into())), ..self }
    }

    /// Takes bytes that this host has kept, which passed as an upload before; `signer` vouched for them then. They
    /// are judged again in all but their signature, so that keys which an operator adds do not stop what runs.
    #[must_use]
    pub fn kept(bytes: Vec<u8>, signer: Option<KeyId>) -> Upload {
        Upload { bytes, vouched: Vouched::Kept(signer) }
    }

    /// The component's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks size, signature, kind, validity, the compiler's work, imports, contract version and exports. Runs and compiles nothing.
    ///
    /// # Errors
    /// [`VerifyError`] names what is wrong and the remedy.
    pub fn verify(self, runtime: &Runtime) -> Result<Verified, VerifyError> {
        let (size, limit) = (self.bytes.len(), runtime.options().max_plugin_size);
        if size > limit {
            return Err(VerifyError::TooLarge { size, limit });
        }
        // Before anything that reads more than bytes.
        let signer = match &self.vouched {
            Vouched::Signature(text) => runtime.options().trusted_keys.check(&self.bytes, text.as_deref())?,
            Vouched::Kept(signer) => *signer,
        };
        check_kind(&self.bytes)?;
        let contract = Contract::validate(&self.bytes)?;
        effort::check(&self.bytes)?;
        let imports = imports(&self.bytes)?;
        let abi = abi_of(&imports)?;
        contract.check_exports(abi)?;
        let digest = Digest::of(&self.bytes);
        let artifact = Artifact { bytes: self.bytes.into(), digest, abi, imports, signer };
        Ok(Verified { artifact: Arc::new(artifact) })
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.bytes.len()).field("vouched", &self.vouched).finish()
    }
}

impl From<Vec<u8>> for Upload {
    fn from(bytes: Vec<u8>) -> Upload {
        Upload::new(bytes)
    }
}

/// A copy of the bytes, without a signature.
impl<B: AsRef<[u8]> + ?Sized> From<&B> for Upload {
    fn from(bytes: &B) -> Upload {
        Upload::new(bytes.as_ref().to_vec())
    }
}

impl Verified {
    /// What was found.
    #[must_use]
    pub fn artifact(&self) -> &Arc<Artifact> {
        &self.artifact
    }
}

fn check_kind(bytes: &[u8]) -> Result<(), VerifyError> {
    if bytes.is_empty() {
        return Err(VerifyError::Empty);
    }
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(crate::cache::MAGIC) {
        return Err(VerifyError::Precompiled);
    }
    if Parser::is_component(bytes) {
        return Ok(());
    }
    if Parser::is_core_wasm(bytes) {
        return Err(VerifyError::CoreModule);
    }
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"(module") || text.starts_with(b"(component") {
        return Err(VerifyError::Text);
    }
    let found = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    Err(VerifyError::NotWasm { found })
}

/// Names of the component's own imports, sorted; those of components inside it are served inside it.
fn imports(bytes: &[u8]) -> Result<Vec<String>, VerifyError> {
    let invalid = |error: wasmparser::Error| VerifyError::Invalid { reason: error.to_string() };
    let mut depth = 0_u32;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(invalid)?;
                    // A name for a type of the contract asks nothing of the host.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        names.push(import.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The contract's version by the imports, all of which must be allowed.
fn abi_of(imports: &[String]) -> Result<AbiVersion, VerifyError> {
    let mut forbidden: Vec<String> = Vec::new();
    let mut versions: Vec<semver::Version> = Vec::new();
    for name in imports {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        let version = semver::Version::parse(version).ok();
        match (interface, version) {
            (interface, Some(version)) if CONTRACT.contains(&interface) => versions.push(version),
            (interface, Some(version))
                if wasi::INTERFACES.contains(&interface) && (version.major, version.minor) == (0, 2) => {}
            _ => forbidden.push(cut(name, NAME_BYTES).to_owned()),
        }
    }
    versions.sort();
    versions.dedup();
    let mut known = versions.iter().map(AbiVersion::of);
    let abi = known.next();
    if versions.iter().any(|version| AbiVersion::of(version).is_none())
        || known.any(|other| Some(other) != abi)
    {
        let found = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let found = cut(&found, NAME_BYTES).to_owned();
        return Err(VerifyError::UnknownAbi { found });
    }
    if !forbidden.is_empty() {
        if forbidden.len() > NAMES {
            let more = forbidden.len() - NAMES;
            forbidden.truncate(NAMES);
            forbidden.push(format!("{more} more"));
        }
        return Err(VerifyError::ForbiddenImports { names: forbidden });
    }
    abi.flatten().ok_or(VerifyError::NoContract)
}
