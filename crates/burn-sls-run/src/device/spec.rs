//! Where a training is computed: `--devices`.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::DeviceName;

/// One of the devices of a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceSpec {
    /// A device of this process: its backend and, if it is named, which one of several.
    Here(DeviceName, Option<usize>),
    /// A worker in another process, by its address, `HOST:PORT`.
    Worker(String),
}

impl DeviceSpec {
    /// Whether it is in another process.
    pub fn is_worker(&self) -> bool {
        matches!(self, Self::Worker(_))
    }
}

impl FromStr for DeviceSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let neither = || {
            format!(
                "`{text}` is neither a backend (flex, cuda:0, ...) nor a worker's address \
                 (127.0.0.1:4400)"
            )
        };
        let backend = |name: &str| DeviceName::from_str(name, true).ok();
        let Some((host, number)) = text.rsplit_once(':') else {
            let name = backend(text).ok_or_else(neither)?;
            return Ok(Self::Here(name, None));
        };
        match (backend(host), number.parse::<u16>()) {
            (Some(name), Ok(index)) => Ok(Self::Here(name, Some(index.into()))),
            (None, Ok(port)) if port > 0 && !host.is_empty() => Ok(Self::Worker(text.to_string())),
            _ => Err(neither()),
        }
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(name, index) => {
                f.write_str(&name.word())?;
                index.map_or(Ok(()), |index| write!(f, ":{index}"))
            }
            Self::Worker(address) => f.write_str(address),
        }
    }
}

impl TryFrom<String> for DeviceSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeviceSpec> for String {
    fn from(device: DeviceSpec) -> Self {
        device.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_a_backend_or_an_address_and_reads_back_what_it_writes() {
        let here = DeviceSpec::Here;
        let worker = |address: &str| DeviceSpec::Worker(address.to_string());
        for (text, device) in [
            ("flex", here(DeviceName::Flex, None)),
            ("cuda:1", here(DeviceName::Cuda, Some(1))),
            ("127.0.0.1:4400", worker("127.0.0.1:4400")),
            ("gpu-2:4400", worker("gpu-2:4400")),
            ("[::1]:4400", worker("[::1]:4400")),
        ] {
            assert_eq!(text.parse(), Ok(device.clone()));
            assert_eq!(device.to_string(), text);
        }
        for text in [
            "",
            "flux",
            "flex:",
            "flex:x",
            "host",
            "host:",
            ":4400",
            "host:0",
            "host:99999",
        ] {
            let error = text.parse::<DeviceSpec>().unwrap_err();
            assert!(error.contains("neither a backend"), "{text}: {error}");
        }
    }
}
