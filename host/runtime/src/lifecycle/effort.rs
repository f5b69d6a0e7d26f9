//! How much a component would ask of the compiler, which cannot be interrupted.
//!
//! A compiler's process has limits of its own; this look is cheaper, also holds where there is no such process, and says
//! what is wrong with the component.
//!
//! What a compiler does for most code grows with the code, and the size of an upload is limited. Looked for here is
//! what makes it grow beyond that: components that start components that start components, each twice; functions by the
//! hundred thousand; loops within loops over very many variables.

use wasmparser::{ComponentInstance, FunctionBody, Instance, Operator, Parser, Payload};

use super::upload::VerifyError;

/// Core instances after all components within were unfolded; the engine runs at most 256. The count is an upper bound,
/// so that compositions of compositions have room.
const INSTANCES: u64 = 10_000;
/// Functions over all modules. A Python interpreter has a tenth of them; this many empty ones take the compiler some
/// seconds and half a gigabyte.
const FUNCTIONS: u64 = 100_000;
/// Loops times variables, summed over functions: how many values the compiler follows around loops. An interpreter has
/// a fraction of it; ten million take half a minute and close to a gigabyte.
const LOOP_VARIABLES: u64 = 2_000_000;

/// What reading the component has found.
#[derive(Default)]
struct Effort {
    /// Core instances that one instance of each component makes, at most, for those that are not closed yet; the
    /// outermost first. Modules are among them, with none.
    open: Vec<u64>,
    /// The most core instances that one instance of a closed component makes; only closed ones can be instantiated.
    heaviest: u64,
    functions: u64,
    loop_variables: u64,
}

/// Refuses a valid component that would keep the compiler for too long.
///
/// # Errors
/// [`VerifyError::Effort`] names what there is too much of.
pub(super) fn check(bytes: &[u8]) -> Result<(), VerifyError> {
    let mut effort = Effort::default();
    for payload in Parser::new(0).parse_all(bytes) {
        payload
            .and_then(|payload| effort.add(payload))
            .map_err(|error| VerifyError::Invalid { reason: error.to_string() })?;
        effort.judge()?;
    }
    Ok(())
}

impl Effort {
    fn add(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::Version { .. } => self.open.push(0),
            Payload::InstanceSection(section) => {
                for instance in section {
                    if matches!(instance?, Instance::Instantiate { .. }) {
                        self.makes(1);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if matches!(instance?, ComponentInstance::Instantiate { .. }) {
                        self.makes(self.heaviest.saturating_add(1));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                self.functions += 1;
                self.loop_variables = self.loop_variables.saturating_add(loop_variables(&body)?);
            }
            Payload::End(_) => self.heaviest = self.heaviest.max(self.open.pop().unwrap_or(0)),
            _ => {}
        }
        Ok(())
    }

    fn makes(&mut self, instances: u64) {
        if let Some(open) = self.open.last_mut() {
            *open = open.saturating_add(instances);
        }
    }

    fn judge(&self) -> Result<(), VerifyError> {
        let too_much = |what, found, limit| Err(VerifyError::Effort { what, found, limit });
        if self.heaviest > INSTANCES {
            return too_much("instances within instances", self.heaviest, INSTANCES);
        }
        if self.functions > FUNCTIONS {
            return too_much("functions", self.functions, FUNCTIONS);
        }
        if self.loop_variables > LOOP_VARIABLES {
            return too_much("variables kept over loops", self.loop_variables, LOOP_VARIABLES);
        }
        Ok(())
    }
}

fn loop_variables(body: &FunctionBody<'_>) -> wasmparser::Result<u64> {
    let mut variables = 0;
    for local in body.get_locals_reader()? {
        variables += u64::from(local?.0);
    }
    let mut loops = 0;
    for operator in body.get_operators_reader()? {
        loops += u64::from(matches!(operator?, Operator::Loop { .. }));
    }
    Ok(loops * variables)
}
