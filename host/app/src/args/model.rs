//! The command line of `ocellus model`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ocellus_core::Name;

use super::whole_number;

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Say what a model is: task, layout, input, classes, licence.
    Inspect(InspectArgs),
    /// List the models that are known and those that are here.
    List(ListArgs),
    /// Fetch a known model, check it, and keep it under its name.
    Pull(PullArgs),
    /// Keep a model file of your own under a name.
    Add(AddArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A model file (ONNX), or the name of a model that is here.
    #[arg(value_name = "FILE|NAME")]
    pub(crate) model: PathBuf,
    /// Folder of models that have a name [default: ocellus/models in the user's data folder]
    #[arg(long, value_name = "DIR", env = "OCELLUS_MODELS")]
    pub(crate) models: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Folder of models that have a name [default: ocellus/models in the user's data folder]
    #[arg(long, value_name = "DIR", env = "OCELLUS_MODELS")]
    pub(crate) models: Option<PathBuf>,
    /// A folder of your own entries, NAME/model.toml each, besides those of the program.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The model; `ocellus model list` names them.
    pub(crate) name: Name,
    /// Another address of the same file, such as a mirror.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// What the file's SHA-256 must be, where the catalogue does not say it.
    #[arg(long, value_name = "DIGEST", conflicts_with = "accept")]
    pub(crate) sha256: Option<String>,
    /// Take the file as it comes, where the catalogue does not say what its SHA-256 must be.
    #[arg(long)]
    pub(crate) accept: bool,
    /// You have read the licence and may use the model: asked for with AGPL models.
    #[arg(long)]
    pub(crate) accept_licence: bool,
    /// Give up when nothing arrives for so many seconds.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole_number::<u64>, default_value_t = 30)]
    pub(crate) patience: u64,
    /// Folder of models that have a name [default: ocellus/models in the user's data folder]
    #[arg(long, value_name = "DIR", env = "OCELLUS_MODELS")]
    pub(crate) models: Option<PathBuf>,
    /// A folder of your own entries, NAME/model.toml each, besides those of the program.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The model file (ONNX); the model.toml beside it goes along.
    pub(crate) file: PathBuf,
    /// Its name from now on [default: that in its model.toml, or the file's]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,
    /// Its licence [default: what the model or its model.toml says]
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Option<String>,
    /// Where it is from.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Put it in the place of the model that has the name.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Folder of models that have a name [default: ocellus/models in the user's data folder]
    #[arg(long, value_name = "DIR", env = "OCELLUS_MODELS")]
    pub(crate) models: Option<PathBuf>,
}
