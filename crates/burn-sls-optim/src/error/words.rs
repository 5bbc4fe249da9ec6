//! What an error says.

use core::fmt;

use super::LineSearchError;

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
                "a training on several devices ended with a panic: {message}. A device may have \
                 failed, or the connection to it is lost. Go on from the model before this step, or \
                 from the last checkpoint"
            ),
            Self::Peers { reason } => write!(
                f,
                "a step among several processes: {reason}. The weights of this process are as they \
                 were"
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

/// The first few of some names, and how many more there are.
fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named: Vec<String> = names.take(NAMED).collect();
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What a message names at most, so that it stays readable for a large model.
const NAMED: usize = 8;

/// The beginning of a sentence about parameters that belong to something.
fn subject(names: impl ExactSizeIterator<Item = String>) -> String {
    match names.len() {
        1 => format!("parameter {} belongs to", list(names)),
        count => format!("{count} parameters ({}) belong to", list(names)),
    }
}
