//! The ranges of the settings.

use burn::grad_clipping::GradientClippingConfig;
use burn_sls_core::{Acceptance, Shrink};

use super::ranges::{
    Checked, above_1, check, decay, from_1, not_negative, open_unit, optional, positive, up_to_1,
};
use super::{
    Direction, Frequency, InitialStep, Iteration, LineSearchConfig, SearchConfig, SelfCheck,
    StartConfig,
};
use crate::direction::SearchAlong;
use crate::error::LineSearchError;
use crate::units::UnitChoice;

impl LineSearchConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    ///
    /// [`LineSearchError::Setting`] with the first value that is out of range;
    /// [`LineSearchError::Settings`] for settings that exclude each other.
    pub fn validate(&self) -> Result<(), LineSearchError> {
        self.validate_direction()?;
        self.search.validate()?;
        self.start.validate()?;
        self.validate_schedule()?;
        self.validate_averaging()?;
        self.validate_published()
    }

    fn validate_direction(&self) -> Checked {
        if let Direction::Adam(adam) = self.direction.kind {
            decay("direction.kind.beta_1", adam.beta_1)?;
            decay("direction.kind.beta_2", adam.beta_2)?;
            positive("direction.kind.epsilon", adam.epsilon)?;
        }
        let weight_decay = self.direction.kind.weight_decay();
        not_negative("direction.kind.weight_decay", weight_decay)?;
        match &self.direction.clipping {
            Some(GradientClippingConfig::Value(limit) | GradientClippingConfig::Norm(limit)) => {
                positive("direction.clipping", f64::from(*limit))?;
            }
            None => {}
        }
        self.units.validate()
    }

    fn validate_schedule(&self) -> Checked {
        let schedule = &self.schedule;
        if let Frequency::Settling {
            longest,
            fast,
            slow,
            ..
        } = schedule.frequency
        {
            let name = "schedule.frequency.longest";
            check(longest >= 1, name, &longest, "at least 1")?;
            decay("schedule.frequency.fast", fast)?;
            decay("schedule.frequency.slow", slow)?;
        }
        optional(positive, "schedule.budget", schedule.budget)?;
        if let UnitChoice::Fixed(name) = &schedule.choice {
            let known = self.units.index_of(name).is_some();
            check(known, "schedule.choice", name, "the name of a unit")?;
        }
        optional(positive, "schedule.merge_below", schedule.merge_below)?;
        if let Some(rule) = schedule.reduce_on_plateau {
            let name = "schedule.reduce_on_plateau.window";
            check(rule.window >= 2, name, &rule.window, "at least 2")?;
            open_unit("schedule.reduce_on_plateau.decay", rule.decay)?;
            up_to_1("schedule.reduce_on_plateau.least", rule.least)?;
        }
        Ok(())
    }

    fn validate_averaging(&self) -> Checked {
        let Some(averaging) = &self.averaging else {
            return Ok(());
        };
        averaging.validate()?;
        if self.search.iteration == Iteration::Published
            || self.search.along != SearchAlong::Update
            || self.start.hypergradient.is_some()
            || self.start.extrapolation.is_some()
        {
            return Err(LineSearchError::Settings {
                reason: "with `averaging`, as in `Preset::Default`, the search goes along \
                         `SearchAlong::Update` and the iteration is `Iteration::Paper`; \
                         `extrapolation` and `hypergradient` are of searches that are made now and \
                         then: set them on `Preset::Amortized`",
            });
        }
        Ok(())
    }

    /// Checks that no rule is set which the published code does not have.
    fn validate_published(&self) -> Checked {
        let (search, start, schedule) = (&self.search, &self.start, &self.schedule);
        if search.iteration == Iteration::Paper {
            return Ok(());
        }
        if schedule.choice != UnitChoice::Cyclic {
            return Err(LineSearchError::Settings {
                reason: "the published code searches its units in turn: use `UnitChoice::Cyclic` \
                         with `Iteration::Published`, or another choice with `Iteration::Paper`",
            });
        }
        let plain = search.acceptance == Acceptance::Monotone
            && search.rounding.is_none()
            && search.along == SearchAlong::Gradient
            && matches!(start.initial_step, InitialStep::Fixed(_))
            && start.expand.is_none()
            && start.extrapolation.is_none()
            && start.hypergradient.is_none()
            && start.polyak_cap.is_none()
            && start.max_step_size.is_none()
            && schedule.frequency == Frequency::Always
            && schedule.budget.is_none()
            && schedule.reduce_on_plateau.is_none();
        match plain {
            true => Ok(()),
            false => Err(LineSearchError::Settings {
                reason: "the published code knows nothing beyond the paper: with \
                         `Iteration::Published`, leave `acceptance`, `rounding`, `along`, \
                         `initial_step`, `expand`, `extrapolation`, `hypergradient`, `polyak_cap`, \
                         `max_step_size`, `frequency`, `budget` and `reduce_on_plateau` as \
                         `Preset::Reference` has them",
            }),
        }
    }

    /// Checks that nothing is set which another optimizer in place of this direction would ignore.
    pub(crate) fn validate_adopted(&self) -> Result<(), LineSearchError> {
        let weight_decay = self.direction.kind.weight_decay();
        match self.direction.clipping.is_some() || weight_decay != 0.0 {
            false => Ok(()),
            true => Err(LineSearchError::Settings {
                reason: "`clipping` and `weight_decay` are settings of this crate's directions: \
                         set them on the optimizer that is searched in their place",
            }),
        }
    }
}

impl SearchConfig {
    fn validate(&self) -> Checked {
        open_unit("search.c", self.c)?;
        match self.acceptance {
            Acceptance::Smoothed { beta } => decay("search.acceptance.beta", beta)?,
            Acceptance::Nonmonotone { xi } => {
                let ok = (0.0..=1.0).contains(&xi);
                check(ok, "search.acceptance.xi", &xi, "in [0, 1]")?;
            }
            Acceptance::Paired { z } => not_negative("search.acceptance.z", z)?,
            _ => {}
        }
        optional(positive, "search.rounding", self.rounding)?;
        let bound = self.loss_lower_bound.unwrap_or(0.0);
        let name = "search.loss_lower_bound";
        check(bound.is_finite(), name, &bound, "finite")?;
        match self.shrink {
            Shrink::Factor(factor) => open_unit("search.shrink", factor)?,
            Shrink::Parabola { least, most } => check(
                0.0 < least && least <= most && most < 1.0,
                "search.shrink",
                &self.shrink,
                "two factors in (0, 1), the smaller one first",
            )?,
            _ => {}
        }
        let trials = self.max_trials;
        check(trials >= 1, "search.max_trials", &trials, "at least 1")?;
        match self.self_check {
            SelfCheck::Every(steps) => check(steps >= 1, "search.self_check", &steps, "at least 1"),
            _ => Ok(()),
        }
    }
}

impl StartConfig {
    fn validate(&self) -> Checked {
        match self.initial_step {
            InitialStep::Polyak { c, otherwise } => {
                positive("start.initial_step.c", c)?;
                positive("start.initial_step.otherwise", otherwise)?;
            }
            InitialStep::Fixed(step_size) => positive("start.initial_step", step_size)?,
        }
        optional(above_1, "start.expand", self.expand)?;
        from_1("start.growth.gamma", self.growth.gamma)?;
        positive(
            "start.growth.batches_per_epoch",
            self.growth.batches_per_epoch,
        )?;
        if let Some(rule) = self.extrapolation {
            above_1("start.extrapolation.most", rule.most)?;
            not_negative("start.extrapolation.standard_errors", rule.standard_errors)?;
        }
        if let Some(rule) = self.hypergradient {
            decay("start.hypergradient.decay", rule.decay)?;
            let name = "start.hypergradient.threshold";
            let ok = (-1.0..=1.0).contains(&rule.threshold);
            check(ok, name, &rule.threshold, "in [-1, 1]")?;
            above_1("start.hypergradient.factor", rule.factor)?;
            up_to_1("start.hypergradient.shortest", rule.shortest)?;
            from_1("start.hypergradient.longest", rule.longest)?;
        }
        optional(positive, "start.polyak_cap", self.polyak_cap)?;
        optional(positive, "start.max_step_size", self.max_step_size)?;
        let searches = self.restart_after.unwrap_or(1);
        check(
            searches >= 1,
            "start.restart_after",
            &searches,
            "at least 1",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Extrapolation, Hypergradient, Preset, ReduceOnPlateau};
    use crate::direction::Adam;

    #[test]
    fn a_value_out_of_range_is_named_with_its_setting() {
        let base = LineSearchConfig::adamsls;
        let adam = |adam| Preset::Default.config(Direction::Adam(adam), Default::default());
        let fixed = |step_size| base().with_initial_step(InitialStep::Fixed(step_size));
        let extrapolation = Extrapolation {
            most: 1.0,
            ..Extrapolation::default()
        };
        let hypergradient = Hypergradient {
            shortest: 1.25,
            ..Hypergradient::default()
        };
        let half = Adam {
            beta_1: 1.0,
            ..Adam::default()
        };
        let zero = Adam {
            epsilon: 0.0,
            ..Adam::default()
        };
        let norm = |limit| base().with_clipping(GradientClippingConfig::Norm(limit));
        let head = UnitChoice::Fixed("head".into());
        for (config, setting, value) in [
            (base().with_c(0.0), "search.c", "0.0"),
            (base().with_c(1.0), "search.c", "1.0"),
            (base().with_shrink(f64::NAN), "search.shrink", "NaN"),
            (base().with_max_trials(0), "search.max_trials", "0"),
            (
                base().with_self_check(SelfCheck::Every(0)),
                "search.self_check",
                "0",
            ),
            (
                base().with_loss_lower_bound(f64::NAN),
                "search.loss_lower_bound",
                "NaN",
            ),
            (base().with_gamma(0.99), "start.growth.gamma", "0.99"),
            (
                base().with_batches_per_epoch(0.0),
                "start.growth.batches_per_epoch",
                "0.0",
            ),
            (fixed(-1.0), "start.initial_step", "-1.0"),
            (base().with_expansion(1.0), "start.expand", "1.0"),
            (
                base().with_extrapolation(extrapolation),
                "start.extrapolation.most",
                "1.0",
            ),
            (
                base().with_hypergradient(hypergradient),
                "start.hypergradient.shortest",
                "1.25",
            ),
            (base().with_max_step_size(0.0), "start.max_step_size", "0.0"),
            (base().with_budget(0.0), "schedule.budget", "0.0"),
            (
                base().with_merging(f64::INFINITY),
                "schedule.merge_below",
                "inf",
            ),
            (
                base().with_frequency(Frequency::settling(0)),
                "schedule.frequency.longest",
                "0",
            ),
            (
                base().with_reduce_on_plateau(ReduceOnPlateau::new(1)),
                "schedule.reduce_on_plateau.window",
                "1",
            ),
            (base().with_unit_choice(head), "schedule.choice", "head"),
            (
                base().with_weight_decay(-0.1),
                "direction.kind.weight_decay",
                "-0.1",
            ),
            (norm(0.0), "direction.clipping", "0.0"),
            (adam(half), "direction.kind.beta_1", "1.0"),
            (adam(zero), "direction.kind.epsilon", "0.0"),
        ] {
            let error = config.validate().unwrap_err().to_string();
            let named = error.contains(&format!("`{setting}`"));
            assert!(named && error.contains(value), "{setting}: {error}");
        }
    }

    #[test]
    fn the_published_code_knows_no_other_choice_of_units_and_no_rule_beyond_the_paper() {
        let base = || Preset::Reference.adamsls();
        assert_eq!(base().validate(), Ok(()));
        let unset = base().with_self_check(SelfCheck::Never);
        assert_eq!(unset.with_loss_lower_bound(None).validate(), Ok(()));
        let error = base().with_unit_choice(UnitChoice::Joint).validate();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("UnitChoice::Cyclic"), "{error}");
        for config in [
            base().with_rounding(1e-8),
            base().with_search_along(SearchAlong::Update),
            base().with_hypergradient(Hypergradient::default()),
            base().with_max_step_size(1.0),
            base().with_budget(0.1),
        ] {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains("Preset::Reference"), "{error}");
        }
    }

    #[test]
    fn an_adopted_optimizer_has_its_own_weight_decay_and_clipping() {
        let base = LineSearchConfig::adamsls;
        assert_eq!(base().validate_adopted(), Ok(()));
        assert!(base().with_weight_decay(0.1).validate_adopted().is_err());
        let clipped = base().with_clipping(GradientClippingConfig::Value(1.0));
        assert!(clipped.validate_adopted().is_err());
    }
}
