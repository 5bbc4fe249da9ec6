//! Every family: it can be made, twice the same, and has something to learn.

use std::collections::HashSet;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};

use crate::suite::nets::{Activation, MlpConfig, Norm, initialised};
use crate::suite::problem::Problem;
use crate::suite::testing::alone_with_the_device;
use crate::suite::variant::Variant;

use super::supervised::host;
use super::{
    Limits, Loss, Shape, architectures, colours, digits, factorisation, families, grammar, mnist1d,
    quadratic_deep, sentences, sequences, spirals, tabular, text,
};

/// The numbers of every parameter.
#[derive(Default)]
struct Values(Vec<f64>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(host(param.val()));
    }
}

/// The largest magnitude of the gradient.
struct Largest<'a>(&'a Gradients, f64);

impl ModuleVisitor for Largest<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.0) {
            let gradient = host(gradient);
            self.1 = gradient.iter().fold(self.1, |most, g| most.max(g.abs()));
        }
    }
}

/// Checks that a problem is the same twice, and that its gradient at the start is finite, not zero.
pub(super) fn check<P: Problem>(name: &str, problem: &P) {
    let _alone = alone_with_the_device();
    let device = Device::flex().autodiff();
    let values = |model: &P::Model| {
        let mut values = Values::default();
        model.visit(&mut values);
        values.0
    };
    let model = problem.model(&device);
    let start = values(&model);
    assert_eq!(start, values(&problem.model(&device)), "{name}");

    let losses = |step| {
        let batch = problem.batch(step, &device);
        device.seed(1);
        problem.losses(&model, &batch)
    };
    let of_step = [0, 1, 0].map(|step| host(losses(step)));
    assert_eq!(of_step[0], of_step[2], "{name}");
    assert_eq!(of_step[0].len(), problem.plan().batch, "{name}");

    let gradients = losses(0).mean().backward();
    let mut largest = Largest(&gradients, 0.0);
    model.visit(&mut largest);
    assert!(largest.1 > 0.0 && largest.1.is_finite(), "{name}");

    let evaluation = problem.evaluate(&model.valid(), &device.inner());
    assert!(evaluation.loss.is_finite(), "{name}");
    if let Some(bound) = problem.plan().lower_bound {
        assert!(evaluation.loss >= bound, "{name}");
    }
}

#[test]
fn names_are_unique() {
    let names: HashSet<&str> = families().iter().map(|family| family.name).collect();
    assert_eq!(names.len(), families().len());
}

#[test]
fn a_variant_keeps_its_shape_with_other_data() {
    let nominal = Shape::new(64, 2, 32, 1000);
    let shape = |seed, drawn| nominal.of(&Variant { seed, drawn }, Limits::CHEAP);
    assert_eq!(shape(1, None), nominal);
    assert_eq!(shape(1, Some(7)), shape(2, Some(7)));
    for drawn in 0..200 {
        let shape = shape(1, Some(drawn));
        assert_ne!(shape, nominal);
        assert!((32..=128).contains(&shape.width) && shape.width % 4 == 0);
        assert!((1..=4).contains(&shape.depth));
        assert!((8..=128).contains(&shape.batch));
        assert!((500..=2000).contains(&shape.steps));
        assert!((0.0..=0.2).contains(&shape.label_noise));
        assert!(Activation::ALL.contains(&shape.activation) && Norm::ALL.contains(&shape.norm));
    }
}

#[test]
fn every_kind_of_problem_is_the_same_twice_and_has_a_gradient() {
    for variant in [
        Variant::nominal(1),
        Variant {
            seed: 3,
            drawn: Some(5),
        },
    ] {
        let v = &variant;
        check("spirals", &spirals::spirals(8, 10, v));
        check("tabular", &tabular::table(4, tabular::friedman_3, v));
        check("likelihood", &tabular::likelihood(v));
        check("factorisation", &factorisation::factorisation(4, v));
        check("quadratic-deep", &quadratic_deep::QuadraticDeep::new(v));
        check("fibonacci", &sequences::fibonacci(v));
        check("marked-bits", &architectures::marked_bits(v));
    }
}

#[test]
fn every_larger_problem_is_the_same_twice_and_has_a_gradient() {
    let v = &Variant {
        seed: 2,
        drawn: Some(6),
    };
    check("mnist1d-mlp", &mnist1d::with_mlp(8, 10, v));
    check("mnist1d-cnn", &mnist1d::with_cnn(8, 10, v));
    check("mnist1d-gru", &mnist1d::with_gru(8, 10, v));
    check("digits-mlp", &digits::with_mlp(v));
    check("digits-cnn", &digits::with_cnn(v));
    check("autoencoder", &digits::autoencoder(v));
    check("bars", &architectures::bars(v));
    check("first-again", &architectures::first_again(v));
    check("vgg", &colours::vgg(v));
    check("text", &text::text(v));
    check("sentences", &sentences::sentences(v));
    check("characters", &grammar::characters(v));
}

#[test]
fn the_initial_scale_is_that_of_matrices_and_not_of_biases() {
    let _alone = alone_with_the_device();
    let device = Device::flex().autodiff();
    let values = |scale| {
        let mlp = MlpConfig::new(&[2, 3]);
        let mut values = Values::default();
        initialised(5, scale, &device, |device| mlp.init(device)).visit(&mut values);
        values.0
    };
    let (once, twice) = (values(1.0), values(2.0));
    let ratios: Vec<f64> = twice.iter().zip(&once).map(|(b, a)| b / a).collect();
    assert_eq!(ratios, [[2.0; 6].as_slice(), &[1.0; 3]].concat());
}

#[test]
fn losses_have_their_values() {
    let device = Device::flex();
    let close = |loss: Loss, outputs: [f32; 2], targets: &[f32], value: f64| {
        let outputs = Tensor::from_data([outputs], &device);
        let targets = Tensor::<1>::from_data(targets, &device).unsqueeze();
        let loss = host(loss.of(outputs, targets))[0];
        assert!(
            (loss - value).abs() < 1e-6 * (1.0 + value),
            "{loss} {value}"
        );
    };
    close(Loss::Classes(2), [1.0, 1.0], &[1.0], 2f64.ln());
    close(Loss::Square, [1.0, 3.0], &[0.0, 1.0], 2.5);
    let binary = 0.5 * (2f64.ln() + 100.0);
    close(Loss::Binary, [0.0, -100.0], &[1.0, 1.0], binary);
    // A mean of 1 and a variance of e, for 3.
    let gaussian = 0.5 * (1.0 + 4.0 / 1f64.exp());
    close(Loss::Gaussian, [1.0, 1.0], &[3.0], gaussian);
}
