//! Errors: mistakes that a user can put right.

use core::fmt;

use burn::tensor::DType;

/// A mistake in how a line search is set up or called. Nothing was changed: neither the optimizer's
/// state nor the search's.
///
/// A search that *fails* is no error: it is reported in
/// [`StepReport::outcome`](crate::StepReport::outcome).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LineSearchError {
    /// The loss did not come with a gradient for any parameter.
    NoGradient,
    /// The losses of the training forward and those of another forward at the same point differ:
    /// the search would compare two functions.
    NotReproducible {
        /// The loss of the training forward, the sum over micro-batches of their means.
        base: f64,
        /// The loss of the forward after it.
        again: f64,
    },
    /// The optimizer that made the step is not the one that gives this search its directions.
    ForeignOptimizer {
        /// Parameters for which it gave a direction.
        answered: usize,
        /// Parameters with a gradient.
        parameters: usize,
    },
    /// A [direction](crate::direction::SearchDirection) was adopted as if it were any optimizer.
    AdoptedDirection,
    /// The loss tensor has no elements, there is no micro-batch, or there are not as many loss
    /// tensors as micro-batches.
    EmptyLoss,
    /// Gradients of your own came with another number of loss tensors than there are micro-batches.
    LossesOfGradients {
        /// Loss tensors beside the gradients.
        losses: usize,
        /// Micro-batches.
        batches: usize,
    },
    /// The losses are in half precision, whose numbers lie too far apart for what a search
    /// compares.
    LossPrecision {
        /// What they are in.
        dtype: DType,
    },
    /// A trial gave another number of losses than the training forward.
    LossCount {
        /// Elements of the loss tensor of the training forward.
        base: usize,
        /// Elements of the loss tensor of a trial.
        trial: usize,
    },
    /// Parameters belong to no unit.
    ParametersWithoutUnit {
        /// The parameters' paths in the module.
        paths: Vec<String>,
    },
    /// Parameters belong to more than one unit.
    ParametersInTwoUnits {
        /// The parameter's path in the module, and the first two units that claim it.
        claims: Vec<[String; 3]>,
    },
    /// A unit claims no parameter of the model, frozen or not.
    UnitWithoutParameters {
        /// The unit's name.
        unit: String,
    },
    /// A unit's regular expression is malformed.
    Pattern {
        /// The unit's name.
        unit: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// The model has nothing to train at a path.
    NoSuchModule {
        /// The path that was asked for.
        path: String,
        /// The modules that have trainable parameters.
        modules: Vec<String>,
    },
    /// There is no unit of that name.
    UnknownUnit {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A rule for the choice of units chose a unit that is not there.
    NoSuchUnit {
        /// The index of the unit that was chosen.
        unit: usize,
        /// The number of units at present.
        units: usize,
    },
    /// A parameter that gets a gradient stands in several places of the model.
    TiedParameter {
        /// The path of the second place.
        path: String,
    },
    /// Gradients are synchronised with other devices.
    Distributed {
        /// The path of the first parameter that is.
        path: String,
    },
    /// A panic ended a training on several devices, as where one fails or the connection to it is
    /// lost.
    Device {
        /// The device, if it is known, and the text of the panic.
        message: String,
    },
    /// Processes that train together do not agree, or one of them had an error or is lost.
    Peers {
        /// What is wrong.
        reason: String,
    },
    /// The learning rate that multiplies the step size is negative, NaN or infinite. Or it is not 1
    /// under the `Learner`, and no call says that it is meant as a factor.
    LearningRate {
        /// The learning rate.
        value: f64,
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
    /// Settings that exclude each other, or calls that do not belong together.
    Settings {
        /// Which, and what to do about it.
        reason: &'static str,
    },
    /// A record that does not fit (another version, other units, moments of no parameter of the
    /// model), is damaged, or whose file cannot be read or written.
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
                 parameter unfrozen. A copy made by `valid()` or `no_grad()`, and a loss that was \
                 detached or taken by `inner()`, have no gradient"
            ),
            Self::NotReproducible { base, again } => write!(
                f,
                "the training forward gave the loss {base} and a second forward at the same point \
                 gave {again}: a search would compare two functions. The loss of the trials must \
                 be the training loss, and all its random numbers must come from Burn's device. If \
                 dropout cannot be repeated here, use `TrialMode::Deterministic`; if the \
                 difference is meant, `SelfCheck::Never`"
            ),
            Self::ForeignOptimizer {
                answered,
                parameters,
            } => write!(
                f,
                "the optimizer gave a search direction for {answered} of {parameters} parameters: \
                 it is not the one that belongs to this line search. Use the optimizer that comes \
                 with the wrapper (`launch`, `into_parts`), or name another Burn optimizer with \
                 `Directions::adopted`"
            ),
            Self::AdoptedDirection => write!(
                f,
                "the adopted optimizer is a search direction: give it to `Directions::of`, or \
                 several in parameter groups to `Directions::groups`"
            ),
            Self::EmptyLoss => write!(
                f,
                "the loss tensor is empty: return one loss per example, or their mean, from a \
                 batch with at least one example"
            ),
            Self::LossesOfGradients { losses, batches } => write!(
                f,
                "`Gradients` has {losses} loss tensors, and there are {batches} micro-batches: \
                 give the losses of the forward pass of each micro-batch, in order"
            ),
            Self::LossPrecision { dtype } => write!(
                f,
                "the losses are in {dtype:?}, where two losses that a search has to tell apart are \
                 often the same number. The weights may stay in {dtype:?}; cast the logits to f32 \
                 before the loss is computed, `logits.cast(FloatDType::F32)`"
            ),
            Self::LossCount { base, trial } => write!(
                f,
                "the training forward gave {base} losses and a trial gave {trial}: both must be \
                 per-example losses of the same batch, or the trial may give per-example losses \
                 where the training forward gave their mean"
            ),
            Self::ParametersWithoutUnit { paths } => write!(
                f,
                "{} no unit: add a unit that claims them, or freeze them",
                subject(paths.iter().map(|path| format!("`{path}`")))
            ),
            Self::ParametersInTwoUnits { claims } => {
                let named = claims
                    .iter()
                    .map(|[path, first, second]| format!("`{path}` (`{first}` and `{second}`)"));
                write!(
                    f,
                    "{} more than one unit: make the units' prefixes or patterns exclusive",
                    subject(named)
                )
            }
            Self::UnitWithoutParameters { unit } => write!(
                f,
                "unit `{unit}` claims no parameter of the model: check the paths of its prefixes \
                 or pattern, or leave the unit out"
            ),
            Self::Pattern { unit, reason } => {
                write!(
                    f,
                    "the regular expression of unit `{unit}` is malformed: {reason}"
                )
            }
            Self::NoSuchModule { path, modules } => write!(
                f,
                "the model has no trainable parameter below `{path}`; it has some in {}",
                list(modules.iter().map(|module| format!("`{module}`")))
            ),
            Self::UnknownUnit { name, known } => write!(
                f,
                "no unit is named `{name}`: there are {}",
                list(known.iter().map(|name| format!("`{name}`")))
            ),
            Self::NoSuchUnit { unit, units } => write!(
                f,
                "the rule for the choice of units chose unit {unit}, and there are {units}, \
                 counted from 0: after a merge there are fewer than configured"
            ),
            Self::TiedParameter { path } => write!(
                f,
                "the parameter at `{path}` is also in another place of the model, and Burn moves \
                 the two apart in the first step. Use the parameter where it is instead of a clone"
            ),
            Self::Distributed { path } => write!(
                f,
                "the gradient of `{path}` is synchronised with other devices, as under \
                 `ExecutionStrategy::ddp`: each worker would search its own batch and take its own \
                 step size. Train with `ExecutionStrategy::multi(devices, \
                 MultiDeviceOptim::OptimMainDevice)`, which takes one for all"
            ),
            Self::Device { message } => write!(
                f,
                "a panic ended a training on several devices, as where one fails or the connection \
                 to it is lost: {message}. Go on from the model before this step, or from the last \
                 checkpoint"
            ),
            Self::Peers { reason } => write!(
                f,
                "a step among several processes: {reason}. This step changed nothing"
            ),
            Self::LearningRate { value } => write!(
                f,
                "the learning rate is {value}. A line search finds its step sizes, and this number \
                 multiplies them: 1 is the search alone. For a schedule, use factors between 0 and \
                 1 with a peak of 1 (`with_schedule`, or `with_factors_allowed` where you make the \
                 `Learner`); they must not be negative or infinite"
            ),
            Self::Setting {
                name,
                value,
                expected,
            } => write!(f, "`{name}` is {value}, and must be {expected}"),
            Self::Settings { reason } => f.write_str(reason),
            Self::Record { reason } => {
                write!(f, "the line search's record cannot be used: {reason}")
            }
        }
    }
}

impl core::error::Error for LineSearchError {}

/// A step that could not be made, and the model as it was before.
///
/// `?` turns it into a [`LineSearchError`] where the model is no longer needed; a loop that goes on
/// takes [`model`](Self::model) back.
pub struct StepError<M> {
    /// The model, unchanged.
    pub model: M,
    /// What went wrong.
    pub source: LineSearchError,
}

impl<M> From<StepError<M>> for LineSearchError {
    fn from(error: StepError<M>) -> Self {
        error.source
    }
}

impl<M> fmt::Debug for StepError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepError")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Display for StepError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl<M> core::error::Error for StepError<M> {}

/// What a message names at most, so that it stays readable for a large model.
const NAMED: usize = 8;

/// The first few of some names, and how many more there are.
fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named: Vec<String> = names.take(NAMED).collect();
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The beginning of a sentence about parameters that belong to something.
fn subject(names: impl ExactSizeIterator<Item = String>) -> String {
    match names.len() {
        1 => format!("parameter {} belongs to", list(names)),
        count => format!("{count} parameters ({}) belong to", list(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_many_parameters_names_the_first_and_counts_the_rest() {
        let paths = (0..20).map(|i| format!("layers.{i}.weight")).collect();
        let error = LineSearchError::ParametersWithoutUnit { paths }.to_string();
        assert!(error.starts_with("20 parameters"), "{error}");
        assert!(error.contains("`layers.7.weight` and 12 more"), "{error}");
        assert!(!error.contains("layers.8."), "{error}");
    }
}
