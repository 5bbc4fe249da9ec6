//! Dropout: its masks, and the gradient through them.

use std::panic::catch_unwind;

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use burn_sls_bert::{BertClassifier, BertConfig, BertInput};
use burn_sls_kernels::dropout;
use burn_sls_tests::bert::numbers;
use burn_sls_tests::{device, halves};

const SHAPE: [usize; 2] = [300, 97];

/// A tensor of ones after dropout, which is the mask.
fn mask(seed: u64, probability: f64, lift: impl Fn(Tensor<2>) -> Tensor<2>) -> Vec<f64> {
    let device = device();
    let ones = lift(Tensor::ones(SHAPE, &device));
    device.seed(seed);
    numbers(dropout(ones, probability))
}

#[test]
fn a_seed_gives_the_same_mask_with_gradients_and_without() {
    let plain = mask(3, 0.3, |x| x);
    assert_eq!(mask(3, 0.3, Tensor::from_inner), plain);
    let parameter = |x| Tensor::from_inner(x).require_grad();
    assert_eq!(mask(3, 0.3, parameter), plain);
    assert_ne!(mask(4, 0.3, |x| x), plain);

    let device = device();
    device.seed(3);
    let draw = || numbers(dropout(Tensor::<2>::ones(SHAPE, &device), 0.3));
    assert_eq!(draw(), plain);
    assert_ne!(draw(), plain, "the next layer has the same mask");
}

#[test]
fn numbers_are_dropped_or_scaled_as_often_as_asked_for() {
    let kept = 1.0 / (1.0 - 0.3);
    let mask = mask(5, 0.3, |x| x);
    let near = |x: f64, to: f64| (x - to).abs() < 1e-6;
    assert!(mask.iter().all(|&x| x == 0.0 || near(x, kept)));
    let dropped = mask.iter().filter(|&&x| x == 0.0).count() as f64;
    let share = dropped / mask.len() as f64;
    // Six standard deviations.
    assert!((share - 0.3).abs() < 0.016, "{share}");
}

#[test]
fn the_gradient_passes_through_the_mask_of_the_forward_pass() {
    let device = device();
    let x = Tensor::<2>::ones(SHAPE, &device);
    let weights = Tensor::arange(0..29_100, &device).float().reshape(SHAPE);
    let x = Tensor::from_inner(x).require_grad();
    let weights = Tensor::from_inner(weights);
    device.seed(6);
    let out = dropout(x.clone(), 0.3);
    let expected = numbers(out.clone() * weights.clone());
    // Another draw before the backward pass changes nothing.
    let _ = dropout(x.clone(), 0.3);
    let grads = (out * weights).sum().backward();
    let found = numbers(x.grad(&grads).expect("a gradient"));
    assert_eq!(found, expected);
}

/// As in Burn's own layer: the engine has to see a loss that is not finite.
#[test]
fn what_is_not_a_number_stays_visible_and_what_others_hold_stays_as_it_was() {
    let device = device();
    device.seed(7);
    let poisoned = Tensor::<2>::full(SHAPE, f32::NAN, &device);
    assert!(numbers(dropout(poisoned, 0.3)).iter().all(|x| x.is_nan()));
    let held = Tensor::<2>::ones(SHAPE, &device);
    let _ = dropout(held.clone(), 0.3);
    assert!(numbers(held).iter().all(|&x| x == 1.0));
    // A view has the mask of its own shape.
    let tall = Tensor::<2>::ones([97, 300], &device).transpose();
    device.seed(3);
    assert_eq!(numbers(dropout(tall, 0.3)), mask(3, 0.3, |x| x));
}

#[test]
fn another_precision_drops_too() {
    for dtype in halves() {
        let mask = mask(8, 0.5, |x| x.cast(dtype));
        assert!(mask.iter().all(|&x| x == 0.0 || x == 2.0), "{dtype:?}");
        assert!(mask.contains(&0.0) && mask.contains(&2.0), "{dtype:?}");
    }
}

#[test]
fn zero_draws_nothing_and_what_is_no_probability_is_refused() {
    let device = device();
    device.seed(9);
    let first = numbers(dropout(Tensor::<2>::ones(SHAPE, &device), 0.5));
    device.seed(9);
    let ones = numbers(dropout(Tensor::<2>::ones(SHAPE, &device), 0.0));
    assert!(ones.iter().all(|&x| x == 1.0));
    let then = numbers(dropout(Tensor::<2>::ones(SHAPE, &device), 0.5));
    assert_eq!(then, first);
    let empty = Tensor::<2>::zeros([0, 5], &device);
    assert_eq!(dropout(empty, 0.5).dims(), [0, 5]);
    for probability in [1.0, -0.1, f64::NAN] {
        let x = Tensor::<1>::ones([3], &device);
        let refused = catch_unwind(move || dropout(x, probability));
        assert!(refused.is_err(), "{probability}");
    }
}

#[test]
fn a_model_drops_where_burns_layer_would() {
    let device = device().autodiff();
    device.seed(10);
    let model = BertConfig::tiny(40)
        .with_dropout(0.5)
        .init_classifier(2, &device);
    let logits = |model: &BertClassifier, seed| {
        let device = model.classifier.weight.val().device();
        let ids = Tensor::<2, Int>::ones([2, 6], &device);
        let input = BertInput {
            token_type_ids: ids.zeros_like(),
            attention_mask: Tensor::<2, Int>::ones([2, 6], &device).equal_elem(1),
            input_ids: ids,
            packing: None,
        };
        device.seed(seed);
        numbers(model.forward(&input))
    };
    assert_ne!(logits(&model, 1), logits(&model, 2), "in training");
    let frozen = model.clone().freeze();
    assert_eq!(logits(&frozen, 1), logits(&frozen, 2), "frozen");
    let valid = model.valid();
    assert_eq!(logits(&valid, 1), logits(&valid, 2), "without autodiff");
}
