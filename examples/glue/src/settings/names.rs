//! What some of the options may be, on the command line and in `run.json`.

use std::str::FromStr;

use burn_sls_optim::Preset;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The optimizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum OptimizerName {
    Adam,
    Adamw,
    Sgd,
    Prodigy,
    #[serde(rename = "schedule-free")]
    ScheduleFree,
    Sgdsls,
    Adamsls,
    Plasls,
}

impl OptimizerName {
    /// Whether it finds its step sizes itself.
    pub fn is_line_search(self) -> bool {
        matches!(self, Self::Sgdsls | Self::Adamsls | Self::Plasls)
    }

    /// The learning rate where none is given; a line search has none. Prodigy's is a factor on the
    /// rate that it estimates.
    pub fn default_lr(self) -> Option<f64> {
        match self {
            Self::Adam | Self::Adamw | Self::Sgd => Some(2e-5),
            Self::Prodigy => Some(1.0),
            Self::ScheduleFree => Some(1e-4),
            Self::Sgdsls | Self::Adamsls | Self::Plasls => None,
        }
    }
}

/// The presets of a line search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum PresetName {
    Reference,
    Paper,
    Salsa,
    Amortized,
    Default,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Reference => Self::Reference,
            PresetName::Paper => Self::Paper,
            PresetName::Salsa => Self::Salsa,
            PresetName::Amortized => Self::Amortized,
            PresetName::Default => Self::Default,
        }
    }
}

/// What multiplies the step sizes of a line search in the course of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleName {
    /// 1, from the first step to the last.
    #[default]
    Constant,
    /// Half a cosine wave, from 1 in the first step to 0 after the last.
    Cosine,
}

impl ScheduleName {
    pub(crate) fn is_constant(&self) -> bool {
        *self == Self::Constant
    }
}

/// The backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DeviceName {
    Flex,
    Ndarray,
    Wgpu,
    Vulkan,
    Cuda,
}

/// The models of a benchmark, by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelSize {
    /// A small network of linear layers.
    Mlp,
    /// A BERT of the size of all-MiniLM-L6-v2.
    Minilm,
    /// A BERT of the size of BERT-base.
    BertBase,
}

/// The methods of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodName {
    /// Burn's SGD.
    Sgd,
    /// Burn's Adam.
    Adam,
    /// SGDSLS as in the paper.
    Sgdsls,
    /// ADAMSLS as in the paper.
    Adamsls,
    /// PLASLS as in the paper.
    Plasls,
    /// ADAMSLS with the preset `salsa`.
    Salsa,
    /// ADAMSLS with the preset `amortized`.
    Amortized,
    /// ADAMSLS with the preset `default`.
    Default,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Switch {
    On,
    Off,
}

/// How many training examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrainSize {
    /// That many, drawn by seed.
    Examples(usize),
    /// All there are.
    #[serde(with = "all")]
    All,
}

/// `All` is the word "all" in JSON.
mod all {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("all")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "all" => Ok(()),
            other => Err(D::Error::custom(format!("`{other}` is not `all`"))),
        }
    }
}

impl FromStr for TrainSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            number => match number.parse() {
                Ok(0) | Err(_) => Err("it must be `all` or a whole number of at least 1".into()),
                Ok(number) => Ok(Self::Examples(number)),
            },
        }
    }
}
