//! Directions of a user's own, groups of directions, and adopted optimizers.

use burn::module::ParamGroup;
use burn::optim::{AdamConfig, RmsPropConfig, SgdConfig};
use burn::tensor::{Device, Tensor};
use burn_sls_optim::direction::{
    Adam, AsOptimizer, Directions, NoState, SearchDirection, Sgd, Update,
};
use burn_sls_optim::{LineSearchError, LineSearchOptimizer, Preset};
use burn_sls_tests::network::{Network, network};
use burn_sls_tests::point::point;
use burn_sls_tests::{TRAINING, plain};

use super::points::{at, bowl, mean};

/// Every coordinate by the same length, downhill: `d = -sign(g)`, `s = ‖g‖₁`.
#[derive(Clone)]
struct Sign;

impl SearchDirection for Sign {
    type State<const D: usize> = NoState<D>;

    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        _state: Option<&Self::State<D>>,
    ) -> Tensor<D> {
        grad.sign().neg()
    }

    fn update_direction<const D: usize>(
        &self,
        _tensor: &Tensor<D>,
        grad: Tensor<D>,
        _state: Option<Self::State<D>>,
        _along_last: bool,
    ) -> Update<D, Self::State<D>> {
        Update::of(grad.sign().neg())
    }

    fn to_device<const D: usize>(state: Self::State<D>, _device: &Device) -> Self::State<D> {
        state
    }
}

#[test]
fn a_users_own_direction_is_searched_and_taken() {
    let training = TRAINING.map(Preset::sgdsls);
    for config in training.into_iter().chain([plain::sgdsls()]) {
        let mut optim = config.init_with(Directions::of(Sign));
        let mut model = point(&[1.0, -2.0]);
        let start = mean(bowl, &model);
        let step = optim.step(model, bowl).expect("a step");
        // The gradient of the mean of two squares is the point itself.
        assert!((step.report.slope - 3.0).abs() < 1e-12);
        let step_size = step.report.step_sizes[0] * step.report.factor();
        let moved = [1.0 - step_size, -2.0 + step_size];
        for (at, expected) in at(&step.model).iter().zip(moved) {
            assert!((at - expected).abs() < 1e-12, "{at} for {expected}");
        }
        model = step.model;
        for _ in 0..200 {
            model = optim.step(model, bowl).expect("a step").model;
        }
        let loss = mean(bowl, &optim.averaged(&model));
        assert!(loss < 0.1 * start, "{loss} from {start}");
        assert_eq!(optim.counts().ascent, 0);
    }
}

/// Trains a small network, and gives the losses of all steps.
fn losses(optim: &mut LineSearchOptimizer, steps: usize) -> Result<Vec<f64>, LineSearchError> {
    let (mut model, inputs, targets) = network(&[3, 6, 2]);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let step = optim.step(model, |m: &Network| {
            m.losses(inputs.clone(), targets.clone())
        })?;
        model = step.model;
        losses.push(step.report.loss);
    }
    Ok(losses)
}

#[test]
fn groups_of_parameters_have_directions_of_their_own() {
    let groups = || {
        Adam::default().into_optimizer().with_group(
            ParamGroup::from_predicate("layers.1"),
            AsOptimizer(Sgd::default()),
            None,
        )
    };
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::adamsls()]) {
        let mut optim = config.clone().init_with(Directions::groups(groups()));
        let mixed = losses(&mut optim, 120).expect("steps");
        assert!(
            mixed[119] < 0.3 * mixed[0],
            "{} to {}",
            mixed[0],
            mixed[119]
        );
        let one = losses(&mut config.init(), 120).expect("steps");
        assert_eq!(one[0], mixed[0]);
        assert_ne!(one[119], mixed[119], "the second layer goes another way");
    }
}

#[test]
fn an_ordinary_optimizer_among_groups_of_directions_is_an_error() {
    let mixed = Adam::default().into_optimizer().with_group(
        ParamGroup::from_predicate("layers.1"),
        SgdConfig::new().build(),
        None,
    );
    let foreign = AdamConfig::new().init();
    for (optimizer, answered) in [(mixed, 2), (foreign, 0)] {
        let training = TRAINING.map(Preset::adamsls);
        for config in training.into_iter().chain([plain::adamsls()]) {
            let mut optim = config.init_with(Directions::groups(optimizer.clone()));
            let error = losses(&mut optim, 1).expect_err("refused");
            let expected = LineSearchError::ForeignOptimizer {
                answered,
                parameters: 4,
            };
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn any_burn_optimizer_is_adopted_and_a_direction_is_not() {
    let adopted = Directions::adopted(RmsPropConfig::new().init());
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::adamsls()]) {
        let mut optim = config.init_with(adopted.clone());
        let trained = losses(&mut optim, 120).expect("steps");
        assert!(
            trained[119] < 0.3 * trained[0],
            "{} to {}",
            trained[0],
            trained[119]
        );
    }

    let directions = [
        Adam::default().into_optimizer(),
        Sgd::default().into_optimizer(),
    ];
    for direction in directions {
        let optim = plain::adamsls().try_init_with(Directions::adopted(direction));
        let refused = optim.and_then(|mut optim| losses(&mut optim, 1));
        assert_eq!(refused.err(), Some(LineSearchError::AdoptedDirection));
    }
}
