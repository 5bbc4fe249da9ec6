//! A large model asks for the slopes of its directions before it makes them. Nothing else is
//! different: the bits are those of directions that are made at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::{Device, Tensor};
use burn_sls_optim::direction::{Adam, Directions, SearchDirection, Sgd, Sum, Update};
use burn_sls_optim::{LineSearchConfig, Preset, StepReport};
use burn_sls_tests::classifier::{Batch, FEATURES};
use burn_sls_tests::{bits, flex};

/// 168,441 parameters.
#[derive(Module, Debug)]
struct Wide {
    layers: Vec<Linear>,
}

impl Wide {
    fn problem(device: &Device) -> (Self, Vec<Batch>) {
        device.seed(3);
        let widths = [FEATURES, 400, 400, 13, 2];
        let layers = widths.windows(2);
        let layers = layers.map(|pair| LinearConfig::new(pair[0], pair[1]).init(device));
        let model = Self {
            layers: layers.collect(),
        };
        bits(&model); // the parameters are drawn now, before the batches
        let batches = (0..8).map(|_| Batch::random(16, device));
        (model, batches.collect())
    }

    fn losses(&self, batch: &Batch) -> Tensor<1> {
        let (last, hidden) = self.layers.split_last().expect("a layer");
        let inputs = batch.inputs.clone();
        let hidden = hidden
            .iter()
            .fold(inputs, |x, layer| tanh(layer.forward(x)));
        let log_probabilities = log_softmax(last.forward(hidden), 1);
        let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
        of_targets.squeeze_dim::<1>(1).neg()
    }
}

/// A direction that counts what it is asked for.
#[derive(Clone)]
struct Asked<S> {
    direction: S,
    answers_products: bool,
    products: Arc<AtomicUsize>,
    directions: Arc<AtomicUsize>,
}

impl<S: SearchDirection> SearchDirection for Asked<S> {
    type State<const D: usize> = S::State<D>;

    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<&S::State<D>>,
    ) -> Tensor<D> {
        self.directions.fetch_add(1, Ordering::Relaxed);
        self.direction.search_direction(grad, state)
    }

    fn update_direction<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: Tensor<D>,
        state: Option<S::State<D>>,
        along_last: bool,
    ) -> Update<D, S::State<D>> {
        self.directions.fetch_add(1, Ordering::Relaxed);
        self.direction
            .update_direction(tensor, grad, state, along_last)
    }

    fn update_product<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: &Tensor<D>,
        state: Option<&S::State<D>>,
    ) -> Option<Sum> {
        if !self.answers_products {
            return None;
        }
        let product = self.direction.update_product(tensor, grad, state);
        self.products
            .fetch_add(usize::from(product.is_some()), Ordering::Relaxed);
        product
    }

    fn to_device<const D: usize>(state: S::State<D>, device: &Device) -> S::State<D> {
        S::to_device(state, device)
    }
}

/// What a training says and leaves, and how many products and directions it has asked for.
fn train(
    config: &LineSearchConfig,
    direction: impl SearchDirection,
    answers_products: bool,
) -> (Vec<StepReport>, Vec<u64>, usize, usize) {
    let (mut model, batches) = Wide::problem(&flex().autodiff());
    let (products, directions) = (Arc::default(), Arc::default());
    let asked = Asked {
        direction,
        answers_products,
        products: Arc::clone(&products),
        directions: Arc::clone(&directions),
    };
    let mut optim = config.clone().init_with(Directions::of(asked));
    let steps = batches.iter().cycle().take(60);
    let reports = steps.map(|batch| {
        let step = optim.step(model.clone(), |m| m.losses(batch));
        let step = step.expect("a step");
        model = step.model;
        step.report
    });
    let reports = reports.collect();
    let count = |count: Arc<AtomicUsize>| count.load(Ordering::Relaxed);
    let all = [bits(&model), bits(&optim.averaged(&model))].concat();
    (reports, all, count(products), count(directions))
}

fn compare(config: &LineSearchConfig, direction: impl SearchDirection) {
    let (reports, all, products, directions) = train(config, direction.clone(), true);
    let (made_reports, made, _, made_directions) = train(config, direction, false);
    assert_eq!(reports, made_reports);
    assert!(all == made, "other bits");
    // Eight tensors. A step without a search makes every direction once in both ways.
    let reused = reports.iter().filter(|report| report.trials.is_empty());
    let least = 8 * reused.count().saturating_sub(1);
    assert!(products >= least, "{products} of {least}: {config:?}");
    assert_eq!(directions, made_directions);
}

#[test]
fn slopes_without_directions_give_the_bits_of_directions() {
    let momentum = Adam::default();
    let plain = Adam {
        beta_1: 0.0,
        ..momentum
    };
    let decayed = |adam: Adam| Adam {
        weight_decay: 0.05,
        ..adam
    };
    let seeded = |config: LineSearchConfig| config.with_seed(1);
    let default = seeded(Preset::Default.adamsls());
    compare(&default, plain);
    compare(&default, decayed(plain));
    // The hypergradient wants directions.
    let amortized = Preset::Amortized.adamsls().with_hypergradient(None);
    let amortized = seeded(amortized);
    compare(&amortized, momentum);
    compare(&amortized, decayed(momentum));
    compare(&seeded(Preset::Default.sgdsls()), Sgd::default());
}

#[test]
fn an_adam_that_is_not_fused_makes_its_directions() {
    let amsgrad = Adam {
        beta_1: 0.0,
        amsgrad: true,
        ..Adam::default()
    };
    let config = Preset::Default.adamsls().with_seed(1);
    let (_, _, products, directions) = train(&config, amsgrad, true);
    assert_eq!((products, directions > 0), (0, true));
}
