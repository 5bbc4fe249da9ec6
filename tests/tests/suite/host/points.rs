//! Trainings of a point, which the tests of this folder share.

use burn::tensor::Tensor;
use burn_sls_optim::{LineSearchConfig, StepReport};
use burn_sls_tests::TRAINING;
use burn_sls_tests::point::{Point, point};

/// A bowl: the squares of the coordinates.
pub(super) fn bowl(point: &Point) -> Tensor<1> {
    point.at.val().square()
}

/// The coordinates of a point.
pub(super) fn at(point: &Point) -> Vec<f64> {
    point.at.val().into_data().iter::<f64>().collect()
}

/// Every preset for training, with each direction.
pub(super) fn searches() -> Vec<LineSearchConfig> {
    let both = TRAINING.map(|preset| [preset.sgdsls(), preset.adamsls()]);
    both.into_iter().flatten().collect()
}

/// The mean loss at a point.
pub(super) fn mean(losses: impl Fn(&Point) -> Tensor<1>, point: &Point) -> f64 {
    losses(point).mean().into_scalar::<f64>()
}

/// The reports of a training, and the point that is used after it.
pub(super) fn train(
    config: &LineSearchConfig,
    losses: impl Fn(&Point) -> Tensor<1>,
    steps: usize,
) -> (Vec<StepReport>, Point) {
    train_from(point(&[1.0, -2.0]), config, losses, steps)
}

/// The same, from this point on.
pub(super) fn train_from(
    mut model: Point,
    config: &LineSearchConfig,
    losses: impl Fn(&Point) -> Tensor<1>,
    steps: usize,
) -> (Vec<StepReport>, Point) {
    let mut optim = config.clone().init();
    let mut reports = Vec::new();
    for _ in 0..steps {
        let step = optim.step(model, &losses).expect("a step");
        model = step.model;
        reports.push(step.report);
    }
    (reports, optim.averaged(&model))
}
