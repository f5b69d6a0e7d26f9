//! Models: loading, pre-processing, inference and post-processing. The only user of `ort`.
//!
//! [`Model::load`] reads an ONNX file, checks what it is and refuses what it cannot use;
//! [`Model::into_session`] gives the [`Session`] that one thread owns. What a model expects (layout,
//! colours, letterbox, class names) is taken from its metadata and from the shapes it really produces,
//! or from a `model.toml` beside it; never from its file name. [`EmbeddingModel`] and [`EmbeddingSession`] do the same for
//! models that say what an object looks like, [`ReaderModel`] and [`PlateReader`] for models that find number plates and read
//! them.

#[doc(hidden)]
pub mod bench;
mod classes;
mod decode;
mod embed;
mod error;
mod heads;
mod info;
mod inspect;
mod layout;
mod letterbox;
mod library;
mod manifest;
mod metadata;
mod model;
mod names;
mod options;
mod plates;
mod preprocess;
mod probe;
mod provider;
mod read;
mod session;
mod suppress;

pub use classes::{COCO_80, ClassFilter, UnknownClass};
pub use embed::{Crop, EmbedderInfo, EmbeddingModel, EmbeddingSession};
pub use error::{InferenceError, ModelError};
pub use info::{Batch, ClassSource, ExecutionProvider, ModelInfo};
pub use inspect::{AnyModel, Facts, ModelFile};
pub use layout::Layout;
pub use letterbox::Letterbox;
pub use library::{LibraryError, onnx_runtime};
pub use manifest::{ColourOrder, Fit, InputLayout, ManifestError, Scale};
pub use model::Model;
pub use options::{Device, DeviceError, ModelOptions, Optimisation, Waiting};
pub use plates::{PlateModel, PlateReader, PlateSession, ReadPlate};
pub use read::{ReadText, ReaderInfo, ReaderModel, ReaderSession, Rows, TextCrop, TextLayout};
pub use session::{DetectRequest, Session, Thresholds};
