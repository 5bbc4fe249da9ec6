//! The presets: values for the settings that make an algorithm faithful or safe.

use burn_sls_core::{Acceptance, Frequency, Shrink};
use serde::{Deserialize, Serialize};

use crate::config::{Bracket, LineSearchConfig, Procedure, Tested, WhenExhausted};

/// A named set of values for the settings that make an algorithm faithful or safe. The direction,
/// the units, and whatever else belongs to a run are left as they are. Apply it first: `Reference` also
/// sets the number of batches and the first step size of the published code, as `Salsa` does of its own,
/// and the other presets do not set them back.
///
/// | | `Reference` | `Paper` | `Salsa` | `Default` |
/// |---|---|---|---|---|
/// | for | comparison with the published code | the paper's algorithms | its successor's | training |
/// | first searches, of all units | 6, by the last unit's slope | 1 | 1 | 1 |
/// | a first search begins at | 0.1 | `first_step_size` | 1 | a Polyak step, and goes up as well |
/// | a unit is tried from | where lower units have moved to | `w_k` | `w_k` | `w_k` |
/// | direction that is tested | `d` | `d` | `u`, if downhill | `u`, if downhill |
/// | growth | `2^(1/500)`, all units in every step | `γ^(1/n)`, what is searched | 1.1, what is searched | as `Paper`, or as the last search has room, up to 1.5 times |
/// | searched | in every step | in every step | as the step size allows | for 3 % of the cost of training; what is used again is capped |
/// | an equal loss | rejected | accepted | accepted | accepted, or indistinguishable |
/// | budget spent | move by the shrunk step | move by the shrunk step | move by the shrunk step | change nothing |
/// | `c`, `δ`, trials | 0.1, 0.9, 100 | 0.1, 0.9, 100 | 0.5, 0.8, 100 | 0.7, a parabola, 8 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preset {
    /// The decisions of the paper's published code, its departures from the paper included. For
    /// comparison, not for training.
    ///
    /// Where it differs from the paper: the first six iterations search all units together, by the
    /// slope of the last unit alone; later, a unit is searched from where the lower-numbered ones
    /// have already moved to, but compared with the loss at `w_k`, so that their change is credited
    /// to it; all step sizes grow in every iteration, by `2^(1/500)` whatever the data; SGDSLS
    /// tests with `‖g‖` in place of `‖g‖²`; an equal loss is rejected; there is no search, but a step
    /// all the same, where the loss is zero or a moving average of slopes is below 1e-8.
    ///
    /// Only where the published code would go on with NaN or infinity does this preset stop: the
    /// step is skipped and reported.
    Reference,
    /// The paper's algorithms, exactly. A search whose budget ends moves by the shrunk step size.
    Paper,
    /// SaLSa (Kenneweg et al., *No Learning Rates Needed: Introducing SaLSa*, IJCNN 2024), for one unit or
    /// several, with the constants of its published code: Armijo's rule with `c = 0.5`, decrease and demand
    /// [smoothed](Acceptance::Smoothed) with 0.9, along the direction that is
    /// [taken](Tested::Taken), searched as [rarely as the step size allows](Frequency::Settling); a step
    /// size begins at 1, grows by 1.1 in every search, and shrinks by 0.8.
    ///
    /// The published code takes a step that it does not search with a step size grown by 1.1 and tested
    /// by nobody; here it is the one that was found, and that growth waits for the next search.
    Salsa,
    /// What we recommend, and what every configuration begins with: the same settings for every task,
    /// at a few percent above the cost of Adam.
    ///
    /// The first search begins at a [Polyak step](crate::Bracket), so that nobody has to know the magnitude of a
    /// step size. What is tested is the step that is [taken](Tested::Taken), with `c = 0.7`: a step is accepted
    /// as long as the loss falls by most of what its slope promises. Rejected, it goes to where a
    /// [parabola](Shrink::Parabola) would let it pass; accepted, the next search begins where the parabola
    /// [has room](LineSearchConfig::extrapolate), or shorter, where the next mini-batches say that steps go too far. Between searches, which may cost
    /// [3 %](LineSearchConfig::budget) of the training, the step size is used again, but for steps that
    /// [no loss could allow](LineSearchConfig::ceiling), which are shortened. A search that fails leaves everything as
    /// it was.
    ///
    /// It has no schedule. Where the length of a run is known, let one
    /// [bring the steps down to 0](crate::LineSearchOptimizer::step_scheduled) at its end: the step sizes are as long as
    /// single mini-batches allow, and do not become shorter by themselves where these disagree.
    Default,
}

impl Preset {
    /// The configuration with this preset's values for `procedure`, `c`, `shrink`, `gamma`, `max_trials`,
    /// `when_exhausted`, and for what goes beyond the paper (`acceptance`, `rounding`, `tested`, `bracket`,
    /// `extrapolate`, `ceiling`, `frequency`, `budget`, `tail`), and with the published code's `batches_per_epoch` (500)
    /// and `first_step_size` (0.1) for [`Reference`](Self::Reference), or those of SaLSa's (1 and 1). Everything else
    /// stays.
    pub fn apply(self, config: LineSearchConfig) -> LineSearchConfig {
        let config = LineSearchConfig {
            c: 0.1,
            acceptance: Acceptance::Monotone,
            rounding: None,
            tested: Tested::Search,
            shrink: Shrink::Factor(0.9),
            gamma: 2.0,
            bracket: None,
            extrapolate: None,
            ceiling: None,
            frequency: Frequency::Always,
            budget: None,
            tail: None,
            max_trials: 100,
            ..config
        };
        match self {
            Self::Reference => LineSearchConfig {
                procedure: Procedure::Reference,
                when_exhausted: WhenExhausted::Move,
                batches_per_epoch: 500.0,
                first_step_size: 0.1,
                ..config
            },
            Self::Paper => LineSearchConfig {
                procedure: Procedure::Paper,
                when_exhausted: WhenExhausted::Move,
                ..config
            },
            Self::Salsa => LineSearchConfig {
                procedure: Procedure::Paper,
                c: 0.5,
                acceptance: Acceptance::Smoothed { beta: 0.9 },
                tested: Tested::Taken,
                shrink: Shrink::Factor(0.8),
                gamma: 1.1,
                batches_per_epoch: 1.0,
                first_step_size: 1.0,
                frequency: Frequency::Settling { longest: 10 },
                when_exhausted: WhenExhausted::Move,
                ..config
            },
            Self::Default => LineSearchConfig {
                procedure: Procedure::Paper,
                c: 0.7,
                rounding: Some(3e-8),
                tested: Tested::Taken,
                shrink: Shrink::Parabola {
                    least: 0.1,
                    most: 0.7,
                },
                bracket: Some(Bracket {
                    polyak: 1.0,
                    expand: Some(2.0),
                }),
                extrapolate: Some(1.5),
                ceiling: Some(0.7),
                budget: Some(0.03),
                max_trials: 8,
                when_exhausted: WhenExhausted::Stay,
                ..config
            },
        }
    }
}
