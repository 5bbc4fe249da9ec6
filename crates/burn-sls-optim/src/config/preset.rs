//! The names of the presets.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A named set of values for all settings. A configuration begins with a preset, and then sets what
/// belongs to the run:
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, Preset};
///
/// let config = Preset::Paper.adamsls().with_batches_per_epoch(15.6);
/// assert_eq!(LineSearchConfig::adamsls(), Preset::Default.adamsls());
/// ```
///
/// | setting | `Reference` | `Paper` | `Salsa` | `Amortized` | `Default` |
/// |---|---|---|---|---|---|
/// | for | the published code | the paper | its successor | a schedule | training |
/// | `iteration` | `Published` | `Paper` | `Paper` | `Paper` | `Paper` |
/// | `along` | `d` | `d` | `u` | `u` | `u` |
/// | `c` | 0.1 | 0.1 | 0.5 | 0.7 | 0.5 |
/// | `acceptance` | monotone | monotone | smoothed, 0.9 | monotone | monotone |
/// | `rounding` | | | | 3e-8 | 3e-8 |
/// | `shrink` | 0.9 | 0.9 | 0.8 | parabola in 0.1, 0.7 | parabola in 0.1, 0.7 |
/// | `max_trials` | 100 | 100 | 100 | 8 | 8 |
/// | `when_exhausted` | move | move | move | stay | stay |
/// | `initial_step` | 0.1 | 0.1 (SGD: 1) | 1 | Polyak's, `c = 1` | Polyak's, `c = 1` |
/// | `expand` | | | | 2 | 2 |
/// | `growth` (`γ`, `n`) | 2, 500 | 2, 500 | 1.1, 1 | 2, 500 | |
/// | `extrapolation` | | | | up to 1.5 | |
/// | `hypergradient` | | | | yes | |
/// | `polyak_cap` | | | | 0.7 | 0.7 |
/// | `restart_after` | | | | 2 | |
/// | `frequency` | always | always | settling, 10 | always | always |
/// | `budget` | | | | 0.03 | 0.03 |
/// | `averaging` | | | | | yes |
///
/// Where nothing stands, the rule is off. All other settings are the same in all presets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// tests with `‖g‖` in place of `‖g‖²`; an equal loss is rejected; there is no search, but a
    /// step all the same, where the loss is zero or a moving average of slopes is below 1e-8.
    ///
    /// Only where the published code would go on with NaN or infinity does this preset stop: the
    /// step is skipped and reported.
    Reference,
    /// The paper's algorithms, exactly. A search that has spent its trials moves by the shrunk step
    /// size, unless the loss of the last trial was not finite.
    Paper,
    /// SaLSa (Kenneweg et al., *No Learning Rates Needed: Introducing SaLSa*, IJCNN 2024), for one
    /// unit or several, with the constants of its published code: Armijo's rule with `c = 0.5`,
    /// decrease and demand [smoothed](crate::Acceptance::Smoothed) with 0.9, along the direction
    /// that is [taken](crate::SearchAlong::Update), searched as [rarely as the step size
    /// allows](crate::Frequency::Settling); a step size begins at 1, grows by 1.1 in every search,
    /// and shrinks by 0.8.
    ///
    /// The published code takes a step that it does not search with a step size grown by 1.1, which
    /// no trial has tested; here it is the one that was found, and that growth waits for the next
    /// search.
    Salsa,
    /// A search now and then through the whole training, for runs of known length: together with a
    /// schedule it fine-tunes as a tuned Adam does.
    ///
    /// The first search begins at a [Polyak step](crate::InitialStep::Polyak), so that nobody has
    /// to know the magnitude of a step size. The trials test the step that is
    /// [taken](crate::SearchAlong::Update), with `c = 0.7`: a step is accepted as long as the loss
    /// falls by most of what its slope promises. Rejected, it goes to where a
    /// [parabola](crate::Shrink::Parabola) would let it pass; accepted, the next search begins
    /// where the parabola [has room](crate::Extrapolation), or shorter, where the next mini-batches
    /// say that [steps go too far](crate::Hypergradient). Between searches, which may cost [3
    /// %](crate::ScheduleConfig::budget) of the training, the step size is used again, but for
    /// steps that [no loss could allow](crate::StartConfig::polyak_cap), which are shortened. A
    /// search that fails leaves the model and the optimizer's state as they were.
    ///
    /// It has no schedule. Where the length of a run is known, let one
    /// [bring the steps down to 0](crate::StepOptions::with_factor) at its end: the step sizes are
    /// as long as single mini-batches allow, and do not become shorter by themselves where these
    /// disagree.
    Amortized,
    /// What we recommend, and what every configuration begins with: the same settings for every
    /// task, at the cost of Adam, with no rate, no schedule and no length of the run.
    ///
    /// The first search finds the magnitude of the step size: it begins at a
    /// [Polyak step](crate::InitialStep::Polyak), goes up while the loss falls and down by
    /// [parabolas](crate::Shrink::Parabola), and accepts where the loss falls by half of what its
    /// slope promises. Training then goes on with steps of a quarter of that length, and with
    /// longer ones where the gradients say that there is a way to go; steps that
    /// [no loss could allow](crate::StartConfig::polyak_cap) are shortened. What is used is not the
    /// last step but the average of all: [`Averaging`](crate::Averaging).
    ///
    /// A search that fails leaves the model and the optimizer's state as they were.
    #[default]
    Default,
}

impl fmt::Display for Preset {
    /// Its name in files and on command lines: `default`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(json!(self).as_str().unwrap_or_default())
    }
}

impl FromStr for Preset {
    type Err = String;

    /// The preset of a name. The error names all.
    fn from_str(name: &str) -> Result<Self, String> {
        Self::deserialize(&Value::from(name)).map_err(|error| error.to_string())
    }
}
