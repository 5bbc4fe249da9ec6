//! The ranges of the settings.

use core::fmt::Debug;

use burn_sls_core::{Acceptance, Frequency, Shrink};

use super::{Clipping, Direction, LineSearchConfig, Procedure, Tested};
use crate::choice::UnitChoice;
use crate::error::LineSearchError;

impl LineSearchConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    ///
    /// [`LineSearchError::Setting`] with the first value that is out of range;
    /// [`LineSearchError::Settings`] for settings that exclude each other.
    pub fn validate(&self) -> Result<(), LineSearchError> {
        check(open_unit(self.c), "c", &self.c, "in (0, 1)")?;
        self.validate_shrink()?;
        let gamma = self.gamma;
        let grows = gamma >= 1.0 && gamma.is_finite();
        check(grows, "gamma", &gamma, "at least 1 and finite")?;
        check_positive("batches_per_epoch", self.batches_per_epoch)?;
        check_positive("first_step_size", self.first_step_size)?;
        let trials = self.max_trials;
        check(trials >= 1, "max_trials", &trials, "at least 1")?;
        check_positive("merge_below", self.merge_below.unwrap_or(1.0))?;
        self.validate_options()?;
        match self.clipping {
            Some(Clipping::Value(limit)) => check_positive("clipping.value", limit)?,
            Some(Clipping::Norm(limit)) => check_positive("clipping.norm", limit)?,
            None => {}
        }
        self.validate_direction()?;
        self.validate_units()
    }

    fn validate_shrink(&self) -> Result<(), LineSearchError> {
        match self.shrink {
            Shrink::Parabola { least, most } => check(
                open_unit(least) && open_unit(most) && least <= most,
                "shrink",
                &self.shrink,
                "two factors in (0, 1), the smaller one first",
            ),
            Shrink::Factor(factor) => check(open_unit(factor), "shrink", &factor, "in (0, 1)"),
            _ => Ok(()),
        }
    }

    /// What goes beyond the paper, and does not go with the published code.
    fn validate_options(&self) -> Result<(), LineSearchError> {
        let (ok, expected) = match self.acceptance {
            Acceptance::Smoothed { beta } => ((0.0..1.0).contains(&beta), "`beta` in [0, 1)"),
            Acceptance::Nonmonotone { xi } => ((0.0..=1.0).contains(&xi), "`xi` in [0, 1]"),
            Acceptance::Paired { z } => (z >= 0.0 && z.is_finite(), "`z` of at least 0"),
            _ => (true, ""),
        };
        check(ok, "acceptance", &self.acceptance, expected)?;
        check_positive("rounding", self.rounding.unwrap_or(1.0))?;
        let most = self.extrapolate.unwrap_or(2.0);
        let extrapolates = most > 1.0 && most.is_finite();
        check(extrapolates, "extrapolate", &most, "above 1 and finite")?;
        check_positive("ceiling", self.ceiling.unwrap_or(1.0))?;
        check_positive("budget", self.budget.unwrap_or(1.0))?;
        if let Some(bracket) = self.bracket {
            check_positive("bracket.polyak", bracket.polyak)?;
            let expand = bracket.expand.unwrap_or(2.0);
            let expands = expand > 1.0 && expand.is_finite();
            check(expands, "bracket.expand", &expand, "above 1 and finite")?;
        }
        if let Frequency::Settling { longest } = self.frequency {
            check(
                longest >= 1,
                "frequency",
                &self.frequency,
                "`longest` of at least 1",
            )?;
        }
        if let Some(tail) = self.tail {
            check(tail.window >= 2, "tail.window", &tail.window, "at least 2")?;
            check(
                open_unit(tail.decay),
                "tail.decay",
                &tail.decay,
                "in (0, 1)",
            )?;
            let least = tail.least > 0.0 && tail.least <= 1.0;
            check(least, "tail.least", &tail.least, "in (0, 1]")?;
        }
        let plain = self.acceptance == Acceptance::Monotone
            && self.rounding.is_none()
            && self.tested == Tested::Search
            && self.bracket.is_none()
            && self.extrapolate.is_none()
            && self.ceiling.is_none()
            && self.frequency == Frequency::Always
            && self.budget.is_none()
            && self.tail.is_none();
        match plain || self.procedure == Procedure::Paper {
            true => Ok(()),
            false => Err(LineSearchError::Settings {
                reason: "the reference code knows nothing beyond the paper: leave `acceptance`, \
                         `rounding`, `tested`, `bracket`, `extrapolate`, `ceiling`, `frequency`, `budget` \
                         and `tail` as they are with `Procedure::Reference`",
            }),
        }
    }

    fn validate_direction(&self) -> Result<(), LineSearchError> {
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        let check_decay = |x: f64| {
            let expected = "at least 0 and finite";
            check(not_negative(x), "weight_decay", &x, expected)
        };
        match self.direction {
            Direction::Sgd(sgd) => check_decay(sgd.weight_decay),
            Direction::Adam(adam) => {
                let decay = |x: f64| (0.0..1.0).contains(&x);
                check(decay(adam.beta_1), "beta_1", &adam.beta_1, "in [0, 1)")?;
                check(decay(adam.beta_2), "beta_2", &adam.beta_2, "in [0, 1)")?;
                check_positive("epsilon", adam.epsilon)?;
                check_decay(adam.weight_decay)
            }
        }
    }

    /// Checks that nothing is set which another optimizer in place of this direction would not heed.
    pub(crate) fn validate_other(&self) -> Result<(), LineSearchError> {
        let weight_decay = match self.direction {
            Direction::Sgd(sgd) => sgd.weight_decay,
            Direction::Adam(adam) => adam.weight_decay,
        };
        match self.clipping.is_some() || weight_decay != 0.0 {
            false => Ok(()),
            true => Err(LineSearchError::Settings {
                reason: "`clipping` and `weight_decay` are settings of this crate's directions: set \
                         them on the optimizer that is searched in their place",
            }),
        }
    }

    fn validate_units(&self) -> Result<(), LineSearchError> {
        self.units.validate()?;
        if let UnitChoice::Fixed(name) = &self.choice {
            let known = self.units.index_of(name).is_some();
            check(known, "choice", &self.choice, "the name of a unit")?;
        }
        if self.procedure == Procedure::Reference && self.choice != UnitChoice::Cyclic {
            return Err(LineSearchError::Settings {
                reason: "the reference code searches its units in turn: use `UnitChoice::Cyclic` \
                         with `Procedure::Reference`, or another choice with `Procedure::Paper`",
            });
        }
        Ok(())
    }
}

fn open_unit(x: f64) -> bool {
    x > 0.0 && x < 1.0
}

fn check_positive(name: &'static str, value: f64) -> Result<(), LineSearchError> {
    let positive = value > 0.0 && value.is_finite();
    check(positive, name, &value, "positive and finite")
}

fn check(
    ok: bool,
    name: &'static str,
    value: &dyn Debug,
    expected: &'static str,
) -> Result<(), LineSearchError> {
    match ok {
        true => Ok(()),
        false => Err(LineSearchError::Setting {
            name,
            value: format!("{value:?}"),
            expected,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direction::Adam;
    use crate::{Preset, Units};

    #[test]
    fn every_preset_is_valid_and_comes_back_from_its_json() {
        for config in [
            LineSearchConfig::sgdsls(),
            LineSearchConfig::adamsls().with_weight_decay(0.01),
            LineSearchConfig::plasls(Units::named([("a", vec!["a"]), ("b", vec!["b"])]))
                .with_merging(1e-12)
                .with_clipping(Clipping::Norm(1.0)),
        ] {
            for preset in [
                Preset::Reference,
                Preset::Paper,
                Preset::Salsa,
                Preset::Default,
            ] {
                let config = preset.apply(config.clone());
                assert_eq!(config.validate(), Ok(()), "{preset:?}");
                let json = config.to_string();
                let back: LineSearchConfig = serde_json::from_str(&json).expect("its own JSON");
                assert_eq!(back, config);
            }
        }
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_setting() {
        let base = LineSearchConfig::adamsls;
        let adam = |adam: Adam| LineSearchConfig {
            direction: Direction::Adam(adam),
            ..base()
        };
        for (config, setting, value) in [
            (base().with_c(0.0), "`c`", "0.0"),
            (base().with_c(1.0), "`c`", "1.0"),
            (base().with_shrink(f64::NAN), "`shrink`", "NaN"),
            (base().with_gamma(0.99), "`gamma`", "0.99"),
            (
                base().with_batches_per_epoch(0.0),
                "`batches_per_epoch`",
                "0.0",
            ),
            (
                base().with_first_step_size(-1.0),
                "`first_step_size`",
                "-1.0",
            ),
            (base().with_max_trials(0), "`max_trials`", "0"),
            (base().with_extrapolation(1.0), "`extrapolate`", "1.0"),
            (base().with_merging(f64::INFINITY), "`merge_below`", "inf"),
            (base().with_weight_decay(-0.1), "`weight_decay`", "-0.1"),
            (
                base().with_clipping(Clipping::Norm(0.0)),
                "`clipping.norm`",
                "0.0",
            ),
            (
                adam(Adam {
                    beta_1: 1.0,
                    ..Adam::default()
                }),
                "`beta_1`",
                "1.0",
            ),
            (
                adam(Adam {
                    epsilon: 0.0,
                    ..Adam::default()
                }),
                "`epsilon`",
                "0.0",
            ),
            (
                base().with_unit_choice(UnitChoice::Fixed("head".into())),
                "`choice`",
                "head",
            ),
        ] {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(setting) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_reference_code_knows_no_other_choice_of_units() {
        let config = Preset::Reference.apply(LineSearchConfig::adamsls());
        let error = config.with_unit_choice(UnitChoice::Joint).validate();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("UnitChoice::Cyclic"), "{error}");
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let json = LineSearchConfig::adamsls().to_string();
        let json = json.replace("max_trials", "max_trial");
        let error = serde_json::from_str::<LineSearchConfig>(&json).unwrap_err();
        assert!(error.to_string().contains("max_trial"), "{error}");
    }
}
