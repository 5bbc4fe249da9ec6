//! Errors: mistakes that a user can put right.

mod words;

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
    /// A training on several devices ended with a panic. A device may have failed, or the connection
    /// to it is lost.
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
