//! A reader's input and outputs, as far as it declares them.

use ocellus_core::Size;
use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use crate::info::Batch;
use crate::manifest::{Input, InputLayout};
use crate::probe::{MAX_BATCH, only};

/// Pixels along one side of the input.
const SIDES: std::ops::RangeInclusive<u32> = 8..=2048;

/// What a model declares of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) input: Size,
    pub(crate) layout: InputLayout,
    /// 3 colours, or 1 grey.
    pub(crate) channels: usize,
    pub(crate) batch: Batch,
    /// Whether its numbers are bytes.
    pub(crate) bytes: bool,
}

impl Ports {
    /// Reads what the session declares; `said` is the `[input]` of a `model.toml`.
    ///
    /// # Errors
    /// A text that says what is not as it should be.
    pub(super) fn of(session: &Session, said: &Input) -> Result<Ports, String> {
        let (shape, bytes) = input(only(session.inputs(), "inputs")?)?;
        let &[batch, second, third, fourth] = shape else {
            return Err("its input has not 4 dimensions, as a batch of pictures has".to_owned());
        };
        let (layout, channels) = channels([second, fourth], said.layout)?;
        let (height, width) = match layout {
            InputLayout::Nchw => (third, fourth),
            InputLayout::Nhwc => (second, third),
        };
        let input = Size::new(side(width, ("width", said.width))?, side(height, ("height", said.height))?);
        let batch = match usize::try_from(batch) {
            Err(_) => Batch::Dynamic,
            Ok(count) if (1..=MAX_BATCH).contains(&count) => Batch::Fixed(count),
            Ok(count) => {
                return Err(format!("it takes {count} pictures a run, and 1 to {MAX_BATCH} are supported"));
            }
        };
        Ok(Ports { input, layout, channels, batch, bytes })
    }

    /// Numbers of one picture.
    pub(crate) fn slot_len(&self) -> usize {
        self.channels * self.input.width as usize * self.input.height as usize
    }

    pub(crate) fn shape(&self, pictures: usize) -> [usize; 4] {
        let (width, height) = (self.input.width as usize, self.input.height as usize);
        match self.layout {
            InputLayout::Nchw => [pictures, self.channels, height, width],
            InputLayout::Nhwc => [pictures, height, width, self.channels],
        }
    }

    #[cfg(test)]
    pub(crate) fn test(input: Size, channels: usize) -> Ports {
        Ports { input, layout: InputLayout::Nchw, channels, batch: Batch::Dynamic, bytes: false }
    }
}

fn input(port: &Outlet) -> Result<(&[i64], bool), String> {
    match port.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Ok((shape, false)),
        ValueType::Tensor { ty: TensorElementType::Uint8, shape, .. } => Ok((shape, true)),
        ValueType::Tensor { ty, .. } => Err(format!("{} is {ty}, and f32 or u8 is expected", port.name())),
        ValueType::Sequence(_) | ValueType::Map { .. } | ValueType::Optional(_) => {
            Err(format!("{} is no tensor", port.name()))
        }
    }
}

/// Where the colours are, and how many: 3 or 1.
fn channels([second, fourth]: [i64; 2], said: Option<InputLayout>) -> Result<(InputLayout, usize), String> {
    let count = |side: i64| usize::try_from(side).ok().filter(|side| matches!(side, 1 | 3));
    let found = match said {
        Some(InputLayout::Nchw) => count(second).map(|count| (InputLayout::Nchw, count)),
        Some(InputLayout::Nhwc) => count(fourth).map(|count| (InputLayout::Nhwc, count)),
        None => count(second)
            .map(|count| (InputLayout::Nchw, count))
            .or_else(|| count(fourth).map(|count| (InputLayout::Nhwc, count))),
    };
    found.ok_or_else(|| {
        format!("its input has {second} or {fourth} where 3 colours or 1 grey are expected; export it with one of them")
    })
}

fn side(declared: i64, (name, said): (&str, Option<u32>)) -> Result<u32, String> {
    let side = match (u32::try_from(declared), said) {
        (Ok(declared), Some(said)) if declared != said => {
            return Err(format!("model.toml says that its input.{name} is {said}, and it is {declared}"));
        }
        (Ok(declared), _) => declared,
        (Err(_), Some(said)) => said,
        (Err(_), None) => {
            return Err(format!(
                "the {name} of its input is not fixed; say it in input.{name} of a model.toml"
            ));
        }
    };
    if SIDES.contains(&side) {
        return Ok(side);
    }
    Err(format!("the {name} of its input is {side}, and {} to {} are supported", SIDES.start(), SIDES.end()))
}
