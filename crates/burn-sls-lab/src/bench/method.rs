//! The methods that are measured, each with its settings.

use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};
use burn_sls_optim::{InitialStep, LineSearchConfig, Preset, Units};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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

/// How a method moves its model.
pub enum Rule {
    /// By a step of a Burn optimizer, with [`RATE`].
    Rate(ModuleOptimizer),
    /// By a line search.
    Search(Box<LineSearchConfig>),
}

/// The learning rate of those that have one. It costs nothing, whatever it is.
pub const RATE: f64 = 2e-5;

/// Where the first search along Adam's direction begins: where a pre-trained model's does. From far
/// above, it would spend dozens of trials that no later search does.
const FIRST_STEP: f64 = 4e-5;

/// Where SaLSa's begins. Its step size grows by a tenth in every search, so that it would take
/// dozens of steps to come to rest from below.
const FIRST_STEP_OF_SALSA: f64 = 1e-2;

/// Where the first search along the gradient begins.
const FIRST_STEP_OF_SGD: f64 = 1e-2;

/// The seed of every line search.
pub const SEED: u64 = 0;

impl MethodName {
    /// What was asked for, in the order of the table, with Adam; all methods if none was.
    pub(super) fn chosen(asked: &[Self]) -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        let chosen = all
            .filter(|method| asked.is_empty() || asked.contains(method) || *method == Self::Adam);
        chosen.collect()
    }

    /// The name on the command line.
    pub fn word(self) -> String {
        let value = self.to_possible_value().expect("no method is skipped");
        value.get_name().to_string()
    }

    /// The name in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sgd => "SGD (Burn's)",
            Self::Adam => "Adam (Burn's)",
            Self::Sgdsls => "SGDSLS",
            Self::Adamsls => "ADAMSLS",
            Self::Plasls => "PLASLS",
            Self::Salsa => "ADAMSLS, salsa",
            Self::Amortized => "ADAMSLS, amortized",
            Self::Default => "ADAMSLS, default",
        }
    }

    /// How many tensors of a parameter's size it keeps from step to step, the parameter included.
    pub(super) fn copies(self) -> usize {
        match self {
            Self::Sgd | Self::Sgdsls => 1,
            _ => 3,
        }
    }

    /// Its settings; PLASLS with these units.
    pub fn rule(self, units: &Units) -> Rule {
        let (config, first_step_size) = match self {
            Self::Sgd => return Rule::Rate(SgdConfig::new().init()),
            Self::Adam => return Rule::Rate(AdamConfig::new().with_epsilon(1e-8).init()),
            Self::Sgdsls => (Preset::Paper.sgdsls(), Some(FIRST_STEP_OF_SGD)),
            Self::Adamsls => (Preset::Paper.adamsls(), Some(FIRST_STEP)),
            Self::Plasls => (Preset::Paper.plasls(units.clone()), Some(FIRST_STEP)),
            Self::Salsa => (Preset::Salsa.adamsls(), Some(FIRST_STEP_OF_SALSA)),
            Self::Amortized => (Preset::Amortized.adamsls(), None),
            Self::Default => (Preset::Default.adamsls(), None),
        };
        let config = config.with_seed(SEED);
        Rule::Search(Box::new(match first_step_size {
            Some(step_size) => config.with_initial_step(InitialStep::Fixed(step_size)),
            None => config,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_is_always_among_the_methods_and_none_is_there_twice() {
        use MethodName::{Adam, Plasls, Sgd};
        assert_eq!(MethodName::chosen(&[]).len(), 8);
        assert_eq!(
            MethodName::chosen(&[Plasls, Sgd, Plasls]),
            [Sgd, Adam, Plasls]
        );
        assert_eq!(MethodName::chosen(&[Adam]), [Adam]);
    }

    #[test]
    fn every_line_search_has_valid_settings() {
        let units = Units::named([("a", vec!["a"]), ("b", vec!["b"])]);
        let mut searches = 0;
        for method in MethodName::chosen(&[]) {
            if let Rule::Search(config) = method.rule(&units) {
                config.validate().unwrap();
                searches += 1;
                assert_eq!(config.units.len() == 2, method == MethodName::Plasls);
            }
        }
        assert_eq!(searches, 6);
    }
}
