//! The presets: a value for every setting that makes an algorithm faithful or safe.

use burn_sls_core::{Acceptance, Growth, Shrink};

use super::{
    Averaging, Direction, DirectionConfig, Extrapolation, Frequency, Hypergradient, InitialStep,
    Iteration, LineSearchConfig, Preset, ScheduleConfig, SearchConfig, SelfCheck, StartConfig,
    TrialMode, WhenExhausted,
};
use crate::direction::{Adam, SearchAlong, Sgd};
use crate::units::{UnitChoice, Units};

impl LineSearchConfig {
    /// The same as [`adamsls`](Self::adamsls).
    pub fn new() -> Self {
        Self::adamsls()
    }

    /// ADAMSLS: Adam's direction, one step size for the whole network.
    pub fn adamsls() -> Self {
        Preset::Default.adamsls()
    }

    /// SGDSLS: steepest descent, one step size for the whole network.
    pub fn sgdsls() -> Self {
        Preset::Default.sgdsls()
    }

    /// PLASLS: Adam's direction, one step size per unit. After a first search of all units
    /// together, each iteration searches one of them, in turn.
    pub fn plasls(units: Units) -> Self {
        Preset::Default.plasls(units)
    }
}

impl Default for LineSearchConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl Preset {
    /// ADAMSLS: Adam's direction, one step size for the whole network.
    pub fn adamsls(self) -> LineSearchConfig {
        self.plasls(Units::one())
    }

    /// SGDSLS: steepest descent, one step size for the whole network.
    pub fn sgdsls(self) -> LineSearchConfig {
        self.config(Direction::Sgd(Sgd::default()), Units::one())
    }

    /// PLASLS: Adam's direction, one step size per unit.
    pub fn plasls(self, units: Units) -> LineSearchConfig {
        self.config(Direction::Adam(Adam::default()), units)
    }

    /// The configuration with this preset's values, for a direction and units.
    pub fn config(self, direction: Direction, units: Units) -> LineSearchConfig {
        let first = match direction {
            Direction::Sgd(_) => 1.0,
            Direction::Adam(_) => 0.1,
        };
        let paper = paper(self, direction, units, first);
        match self {
            Self::Paper => paper,
            Self::Reference => LineSearchConfig {
                search: SearchConfig {
                    iteration: Iteration::Published,
                    ..paper.search
                },
                start: StartConfig {
                    initial_step: InitialStep::Fixed(0.1),
                    ..paper.start
                },
                ..paper
            },
            Self::Salsa => LineSearchConfig {
                search: SearchConfig {
                    along: SearchAlong::Update,
                    c: 0.5,
                    acceptance: Acceptance::Smoothed { beta: 0.9 },
                    shrink: Shrink::Factor(0.8),
                    ..paper.search
                },
                start: StartConfig {
                    initial_step: InitialStep::Fixed(1.0),
                    growth: Growth {
                        gamma: 1.1,
                        batches_per_epoch: 1.0,
                    },
                    ..paper.start
                },
                schedule: ScheduleConfig {
                    frequency: Frequency::settling(10),
                    ..paper.schedule
                },
                ..paper
            },
            Self::Default => {
                let amortized = Self::Amortized.config(direction, paper.units.clone());
                LineSearchConfig {
                    preset: self,
                    search: SearchConfig {
                        c: 0.5,
                        ..amortized.search
                    },
                    start: StartConfig {
                        extrapolation: None,
                        hypergradient: None,
                        restart_after: None,
                        ..amortized.start
                    },
                    averaging: Some(Averaging::default()),
                    ..amortized
                }
            }
            Self::Amortized => LineSearchConfig {
                search: SearchConfig {
                    along: SearchAlong::Update,
                    c: 0.7,
                    rounding: Some(3e-8),
                    shrink: Shrink::Parabola {
                        least: 0.1,
                        most: 0.7,
                    },
                    max_trials: 8,
                    when_exhausted: WhenExhausted::Stay,
                    ..paper.search
                },
                start: StartConfig {
                    initial_step: InitialStep::Polyak {
                        c: 1.0,
                        otherwise: first,
                    },
                    expand: Some(2.0),
                    extrapolation: Some(Extrapolation::default()),
                    hypergradient: Some(Hypergradient::default()),
                    polyak_cap: Some(0.7),
                    restart_after: Some(2),
                    ..paper.start
                },
                schedule: ScheduleConfig {
                    budget: Some(0.03),
                    ..paper.schedule
                },
                ..paper
            },
        }
    }
}

/// The paper's values, which the other presets differ from.
fn paper(preset: Preset, direction: Direction, units: Units, first: f64) -> LineSearchConfig {
    LineSearchConfig {
        preset,
        direction: DirectionConfig {
            kind: direction,
            clipping: None,
        },
        units,
        search: SearchConfig {
            iteration: Iteration::Paper,
            along: SearchAlong::Gradient,
            c: 0.1,
            acceptance: Acceptance::Monotone,
            rounding: None,
            loss_lower_bound: Some(0.0),
            shrink: Shrink::Factor(0.9),
            max_trials: 100,
            when_exhausted: WhenExhausted::Move,
            trial_mode: TrialMode::ReplayDropout,
            self_check: SelfCheck::FirstSearch,
        },
        start: StartConfig {
            initial_step: InitialStep::Fixed(first),
            expand: None,
            growth: Growth {
                gamma: 2.0,
                batches_per_epoch: 500.0,
            },
            extrapolation: None,
            hypergradient: None,
            polyak_cap: None,
            max_step_size: None,
            restart_after: None,
        },
        schedule: ScheduleConfig {
            frequency: Frequency::Always,
            budget: None,
            choice: UnitChoice::Cyclic,
            merge_below: None,
            reduce_on_plateau: None,
            longest_wait: 63,
        },
        averaging: None,
        seed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Preset; 5] = [
        Preset::Reference,
        Preset::Paper,
        Preset::Salsa,
        Preset::Amortized,
        Preset::Default,
    ];

    #[test]
    fn a_search_begins_where_preset_and_direction_say() {
        let polyak = |otherwise| InitialStep::Polyak { c: 1.0, otherwise };
        let expected = [
            (InitialStep::Fixed(0.1), InitialStep::Fixed(0.1)),
            (InitialStep::Fixed(0.1), InitialStep::Fixed(1.0)),
            (InitialStep::Fixed(1.0), InitialStep::Fixed(1.0)),
            (polyak(0.1), polyak(1.0)),
            (polyak(0.1), polyak(1.0)),
        ];
        for (preset, (adam, sgd)) in ALL.into_iter().zip(expected) {
            assert_eq!(preset.adamsls().start.initial_step, adam, "{preset:?}");
            assert_eq!(preset.sgdsls().start.initial_step, sgd, "{preset:?}");
        }
    }

    #[test]
    fn a_configuration_knows_its_preset_direction_and_units() {
        let units = Units::named([("a", vec!["a"]), ("b", vec!["b"])]);
        let adam = Adam {
            beta_1: 0.8,
            ..Adam::default()
        };
        for preset in ALL {
            let config = preset.config(Direction::Adam(adam), units.clone());
            assert_eq!(config.preset, preset);
            assert_eq!(config.direction.kind, Direction::Adam(adam));
            assert_eq!(config.units, units);
            assert_eq!(config.validate(), Ok(()), "{preset:?}");
        }
    }
}
