//! What can go wrong that a user can put right.

use core::fmt;

/// An iteration that could not be made sense of. Nothing was changed: neither the optimizer's
/// state nor the search's.
///
/// A search that *fails* is no error: it is reported in
/// [`StepReport::outcome`](crate::StepReport::outcome).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LineSearchError {
    /// The loss did not come with a gradient for any parameter.
    NoGradient,
    /// The optimizer's groups are partly this crate's directions and partly other optimizers.
    MixedOptimizers,
    /// The loss tensor has no elements.
    EmptyLoss,
    /// The losses of a trial are not those of the training forward.
    LossCount {
        /// Elements of the loss tensor of the training forward.
        base: usize,
        /// Elements of the loss tensor of a trial.
        trial: usize,
    },
    /// A parameter belongs to no unit.
    ParameterWithoutUnit {
        /// The parameter's path in the module.
        path: String,
    },
    /// A parameter belongs to more than one unit.
    ParameterInTwoUnits {
        /// The parameter's path in the module.
        path: String,
        /// The first unit that claims it.
        first: String,
        /// The second unit that claims it.
        second: String,
    },
    /// A setting is outside of its range.
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The value it has.
        value: String,
        /// The values it may have.
        expected: &'static str,
    },
    /// A record that does not fit: another version, other units, or no record at all.
    Record {
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for LineSearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGradient => write!(
                f,
                "the loss has no gradient with respect to any parameter: put the model and the \
                 batch on an autodiff device (`device.autodiff()`), and leave at least one \
                 parameter unfrozen"
            ),
            Self::MixedOptimizers => write!(
                f,
                "some parameter groups of the optimizer are directions of this crate and others are \
                 not: use one kind for all groups"
            ),
            Self::EmptyLoss => write!(
                f,
                "the loss tensor is empty: return one loss per example, or their mean, from a \
                 batch with at least one example"
            ),
            Self::LossCount { base, trial } => write!(
                f,
                "the training forward gave {base} losses and a trial gave {trial}: both must be \
                 per-example losses of the same batch, or the trial may give per-example losses \
                 where the training forward gave their mean"
            ),
            Self::ParameterWithoutUnit { path } => write!(
                f,
                "parameter `{path}` belongs to no unit: add a unit with one of its prefixes, or \
                 freeze it"
            ),
            Self::ParameterInTwoUnits {
                path,
                first,
                second,
            } => write!(
                f,
                "parameter `{path}` is claimed by the units `{first}` and `{second}`: make their \
                 prefixes exclusive"
            ),
            Self::Setting {
                name,
                value,
                expected,
            } => write!(f, "`{name}` is {value}, and must be {expected}"),
            Self::Record { reason } => write!(f, "the line search's record does not fit: {reason}"),
        }
    }
}

impl core::error::Error for LineSearchError {}
