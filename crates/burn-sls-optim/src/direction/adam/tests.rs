use burn::tensor::{DType, Device, Tensor, TensorData};

use burn_sls_core::Sum;

use super::{Adam, AdamState};
use crate::direction::SearchDirection;

/// Gradients of three steps. In f64 no kernel applies.
fn gradient(step: usize, dtype: DType) -> Tensor<2> {
    let numbers = [[1.0, -2.0, 0.5, 4.0], [-3.0, 0.0, 0.25, 1.0]][step % 2];
    let data = TensorData::new(numbers.to_vec(), [2, 2]);
    Tensor::from_data(data, (&Device::flex(), dtype))
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

fn number(sum: Sum) -> f64 {
    match sum {
        Sum::Known(number) => number,
        Sum::OnDevice(tensor) => numbers(&tensor)[0],
    }
}

fn assert_near(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!(
            (a - b).abs() <= 1e-6 * b.abs().max(1.0),
            "{ours:?}, not {theirs:?}"
        );
    }
}

const WITHOUT_MOMENTUM: Adam = Adam {
    beta_1: 0.0,
    beta_2: 0.9,
    epsilon: 1e-8,
    weight_decay: 0.0,
    amsgrad: false,
};

/// The direction and the state after each of three steps, and `⟨g, u⟩` with the `u` before it.
fn steps(adam: Adam, dtype: DType, along_last: bool) -> Vec<(Vec<f64>, AdamState<2>, Option<f64>)> {
    let mut state = None;
    let step = |step| {
        let grad = gradient(step, dtype);
        let update = adam.update_direction(&grad.clone(), grad, state.take(), along_last);
        state = update.state.clone();
        let along = update.along_last.map(number);
        let direction = numbers(&update.direction);
        (direction, update.state.expect("moments"), along)
    };
    (0..3).map(step).collect()
}

#[test]
fn without_momentum_both_directions_are_one_and_no_first_moment_is_kept() {
    for dtype in [DType::F32, DType::F64] {
        let mut v = [0.0; 4];
        let mut before: Option<AdamState<2>> = None;
        for (step, (u, state, _)) in steps(WITHOUT_MOMENTUM, dtype, false)
            .into_iter()
            .enumerate()
        {
            let grad = gradient(step, dtype);
            let d = WITHOUT_MOMENTUM.search_direction(grad.clone(), before.as_ref());
            assert_eq!(numbers(&d), u);
            let correction = 1.0 - 0.9f64.powi(step as i32 + 1);
            let g = numbers(&grad);
            for (v, g) in v.iter_mut().zip(&g) {
                *v = 0.9 * *v + 0.1 * g * g;
            }
            let root = |v: f64| (v / correction).sqrt() + 1e-8;
            let expected: Vec<f64> = g.iter().zip(v).map(|(g, v)| -g / root(v)).collect();
            assert_near(&u, &expected);
            assert_near(&numbers(&state.moment_2), &v);
            assert!(state.moment_1.is_none());
            assert_eq!(state.time, step + 1);
            before = Some(state);
        }
    }
}

#[test]
fn the_product_with_the_last_direction_keeps_the_gradient() {
    let both = [DType::F32, DType::F64].map(|dtype| steps(WITHOUT_MOMENTUM, dtype, true));
    let [fused, composed] = &both;
    for (step, ((u, state, along), (other_u, _, other))) in fused.iter().zip(composed).enumerate() {
        assert_near(u, other_u);
        let (along, other) = (along.expect("asked for"), other.expect("asked for"));
        assert_near(&[along], &[other]);
        assert_eq!(along == 0.0, step == 0);
        let kept = state.moment_1.as_ref().expect("the gradient");
        assert_near(&numbers(kept), &numbers(&gradient(step, DType::F64)));
    }
}

#[test]
fn momentum_begins_at_0_in_a_state_that_was_made_without() {
    let directions = [DType::F32, DType::F64].map(|dtype| {
        let (_, state, _) = steps(WITHOUT_MOMENTUM, dtype, false).remove(2);
        let with = Adam {
            beta_1: 0.9,
            ..WITHOUT_MOMENTUM
        };
        let grad = gradient(3, dtype);
        let update = with.update_direction(&grad.clone(), grad, Some(state), true);
        let state = update.state.expect("moments");
        assert_eq!(state.time, 4);
        assert_eq!(update.along_last.map(number), Some(0.0));
        numbers(&update.direction)
    });
    assert_near(&directions[0], &directions[1]);
}
