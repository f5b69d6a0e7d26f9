//! Compares a component's types with those of the released world, before anything is compiled.

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::Types;
use wasmparser::{Validator, WasmFeatures};

use super::upload::VerifyError;
use crate::abi::AbiVersion;
use crate::log::cut;

/// The WebAssembly proposals that the engine runs; the validator and the engine must agree.
pub(crate) fn features() -> WasmFeatures {
    let off = WasmFeatures::THREADS
        | WasmFeatures::SHARED_EVERYTHING_THREADS
        | WasmFeatures::MEMORY64
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::CM_ASYNC;
    WasmFeatures::default().difference(off)
}

/// A component's types beside those of the released worlds. Types can be compared only if one validator
/// has read them, so each upload reads the worlds as well, which are small.
pub(super) struct Contract {
    component: Types,
    worlds: Vec<(AbiVersion, World)>,
}

impl Contract {
    /// Validates the whole component, functions too.
    pub(super) fn validate(bytes: &[u8]) -> Result<Contract, VerifyError> {
        let mut validator = Validator::new_with_features(features());
        let mut worlds = Vec::new();
        for abi in AbiVersion::ALL {
            if let Some(world) = World::decode(&mut validator, abi.world()) {
                worlds.push((abi, world));
            }
            validator.reset();
        }
        let component = validator
            .validate_all(bytes)
            .map_err(|error| VerifyError::Invalid { reason: cut(&error.to_string(), 512).to_owned() })?;
        Ok(Contract { component, worlds })
    }

    /// Checks that the component exports every function of the world with the world's type.
    pub(super) fn check_exports(&self, abi: AbiVersion) -> Result<(), VerifyError> {
        let Some((_, world)) = self.worlds.iter().find(|(known, _)| *known == abi) else {
            // A test reads every world; and linking checks the types once more.
            return Ok(());
        };
        let component = self.component.as_ref();
        let mut missing = Vec::new();
        for (name, expected) in &world.exports {
            let Some(found) = component.component_item_for_export(name) else {
                missing.push(name.clone());
                continue;
            };
            if !ComponentEntityType::is_subtype_of(&found.ty, component, expected, world.types.as_ref()) {
                let reason = match found.ty {
                    ComponentEntityType::Func(_) => "its parameters or results differ",
                    _ => "it is not a function",
                };
                return Err(VerifyError::WrongType { name: name.clone(), abi, reason: reason.to_owned() });
            }
        }
        missing.sort();
        if missing.is_empty() { Ok(()) } else { Err(VerifyError::MissingExports { names: missing }) }
    }
}

/// The functions of a released world.
struct World {
    types: Types,
    exports: Vec<(String, ComponentEntityType)>,
}

impl World {
    /// A world is encoded as a component that exports, under the world's name, the type of a component that
    /// exports, under the world's full name, the type of components of that world.
    fn decode(validator: &mut Validator, bytes: &[u8]) -> Option<World> {
        let types = validator.validate_all(bytes).ok()?;
        let outer = types.as_ref().component_item_for_export("rule")?.ty;
        let ComponentEntityType::Type { referenced: ComponentAnyTypeId::Component(outer), .. } = outer else {
            return None;
        };
        let (_, inner) = types[outer].exports.iter().next()?;
        let ComponentEntityType::Component(inner) = inner.ty else {
            return None;
        };
        let exports = types[inner].exports.iter().map(|(name, item)| (name.clone(), item.ty)).collect();
        Some(World { types, exports })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_released_world_can_be_read_and_has_its_functions() {
        for abi in AbiVersion::ALL {
            let mut validator = Validator::new_with_features(features());
            let world = World::decode(&mut validator, abi.world()).expect("decodes");
            let mut names: Vec<&str> = world.exports.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let expected =
                ["command", "configure", "describe", "finish", "process", "query", "restore", "save"];
            assert_eq!(names, expected);
        }
    }
}
