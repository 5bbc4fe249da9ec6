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

/// Where the first search of a pre-trained model begins, along Adam's direction.
///
/// The first step of Adam moves every weight by the whole step size, up or down, so a large one
/// that lowers the loss of a single mini-batch can still undo what pre-training has learned.
const PRETRAINED_STEP: f64 = 4e-5;

/// Where the first search of the published code begins, whatever the model and the direction.
const REFERENCE_STEP: f64 = 0.1;

/// Where that of SaLSa begins.
const SALSA_STEP: f64 = 1.0;

/// Where a first search begins, if the user does not say. Two presets find it themselves.
pub fn first_step_size(
    preset: Preset,
    optimizer: OptimizerName,
    from_scratch: bool,
) -> Option<f64> {
    match (preset, optimizer, from_scratch) {
        (Preset::Paper, OptimizerName::Sgdsls, _) => Some(1.0),
        (Preset::Paper, _, true) => Some(0.1),
        (Preset::Paper, _, false) => Some(PRETRAINED_STEP),
        (Preset::Reference, ..) => Some(REFERENCE_STEP),
        (Preset::Salsa, ..) => Some(SALSA_STEP),
        _ => None,
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
    /// Whether it is 1 throughout.
    pub fn is_constant(&self) -> bool {
        *self == Self::Constant
    }
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
