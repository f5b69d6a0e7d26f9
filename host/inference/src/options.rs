//! How a model is run.

use std::fmt;

/// How [`crate::Model::load`] sets up a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelOptions {
    /// Threads that share one inference; 0 takes as many as the process may run at once.
    pub threads: usize,
    /// What computes.
    pub device: Device,
    /// How far ONNX Runtime rewrites the graph.
    pub optimisation: Optimisation,
    /// What a thread does while it has nothing to compute.
    pub waiting: Waiting,
}

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU. Loading fails where it cannot be used; it never falls back to the processor.
    Cuda {
        /// Which GPU, from 0.
        index: u16,
    },
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda { index } => write!(f, "cuda:{index}"),
        }
    }
}

/// A text that names no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a device: use cpu, cuda or cuda:0, cuda:1, …")]
pub struct DeviceError {
    found: String,
}

impl std::str::FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Device, DeviceError> {
        let refused = || DeviceError { found: text.chars().take(40).collect() };
        match text.split_once(':') {
            None if text == "cpu" => Ok(Device::Cpu),
            None if text == "cuda" => Ok(Device::Cuda { index: 0 }),
            Some(("cuda", index)) => Ok(Device::Cuda { index: index.parse().map_err(|_| refused())? }),
            _ => Err(refused()),
        }
    }
}

/// How far ONNX Runtime rewrites the graph when it loads a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimisation {
    /// As exported; to look for an error in the optimiser.
    Off,
    /// Only what is the same on every machine.
    Basic,
    /// With fused operators.
    Extended,
    /// Also with this processor's memory layouts: the fastest.
    #[default]
    All,
}

/// What a thread of an inference does while it waits for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Waiting {
    /// Sleeps: the processor is free for cameras and rules. Two threads on two busy cores take half the
    /// processor time that they take with [`Waiting::Spin`].
    #[default]
    Sleep,
    /// Turns in a loop for a short time before it sleeps: a little faster where cores are idle anyway.
    Spin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written_alike() {
        for (text, device) in [("cpu", Device::Cpu), ("cuda:0", Device::Cuda { index: 0 })] {
            assert_eq!(text.parse::<Device>().unwrap(), device);
            assert_eq!(device.to_string(), text);
        }
        assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda { index: 0 });
        for wrong in ["", "gpu", "cuda:", "cuda:-1", "cpu:0", "cuda:99999"] {
            assert!(wrong.parse::<Device>().unwrap_err().to_string().contains("use cpu, cuda"), "{wrong}");
        }
    }
}
