//! `ocellus plugin`: looking at rule plugins.

use std::io::Write;

use anyhow::Context;

use super::rules;
use crate::args::FileArgs;
use crate::exit::Outcome;

pub(crate) fn inspect(args: &FileArgs) -> anyhow::Result<Outcome> {
    let bytes = rules::read_plugin(&args.file)?;
    let inspection = ocellus_runtime::inspect(bytes, &rules::runtime()?)
        .with_context(|| format!("plugin {}", args.file.display()))?;
    writeln!(std::io::stdout(), "{inspection}")?;
    Ok(Outcome::Done)
}
