//! An embedder's input and output, as far as it declares them.

use ocellus_core::Size;
use ort::session::Session;

use crate::info::Batch;
use crate::manifest::{Input, InputLayout};
use crate::probe::{MAX_BATCH, dimensions, only, side};

/// The input of a model that accepts any size and says nothing: what models of people are made for.
const USUAL_INPUT: Size = Size::new(128, 256);

/// What a model declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) input: Size,
    pub(super) layout: InputLayout,
    pub(super) batch: Batch,
}

impl Ports {
    /// Reads what the session declares; `said` is the `[input]` of a `model.toml`.
    ///
    /// # Errors
    /// A text that says what is not as it should be.
    pub(super) fn of(session: &Session, said: &Input) -> Result<Ports, String> {
        let input = dimensions(only(session.inputs(), "inputs")?)?;
        let output = dimensions(only(session.outputs(), "outputs")?)?;
        let &[batch, second, third, fourth] = input else {
            return Err("its input has not 4 dimensions, as a batch of pictures has".to_owned());
        };
        let layout = layout([second, third, fourth], said.layout)?;
        let (height, width) = match layout {
            InputLayout::Nchw => (third, fourth),
            InputLayout::Nhwc => (second, third),
        };
        if !matches!(output.len(), 0 | 2..=4) {
            return Err(format!("its output has {} dimensions, and an embedder's has 2", output.len()));
        }
        Ok(Ports {
            input: Size::new(
                side(width, ("width", said.width), USUAL_INPUT.width)?,
                side(height, ("height", said.height), USUAL_INPUT.height)?,
            ),
            layout,
            batch: batch_of(batch)?,
        })
    }
}

fn layout([second, _, fourth]: [i64; 3], said: Option<InputLayout>) -> Result<InputLayout, String> {
    let fits = |layout| match layout {
        InputLayout::Nchw => matches!(second, 3 | -1),
        InputLayout::Nhwc => matches!(fourth, 3 | -1),
    };
    let layout = match said {
        Some(said) if fits(said) => return Ok(said),
        Some(said) => {
            return Err(format!(
                "its model.toml says input.layout = \"{said}\", and it has no 3 colours there"
            ));
        }
        None if second == 3 => InputLayout::Nchw,
        None if fourth == 3 => InputLayout::Nhwc,
        None => InputLayout::Nchw,
    };
    if fits(layout) {
        return Ok(layout);
    }
    Err(format!("its input has {second} where 3 colours are expected"))
}

fn batch_of(declared: i64) -> Result<Batch, String> {
    match usize::try_from(declared) {
        Err(_) => Ok(Batch::Dynamic),
        Ok(count) if (1..=MAX_BATCH).contains(&count) => Ok(Batch::Fixed(count)),
        Ok(count) => Err(format!("it takes {count} pictures a run, and 1 to {MAX_BATCH} are supported")),
    }
}
