//! What is written over, and what is not.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};

use crate::{AdamConstants, AveragedMove, inner_product, inner_product_with_difference};

const MOVE: AveragedMove = AveragedMove {
    share: 0.25,
    point: 0.5,
    iterate: 2.0,
};

const CONSTANTS: AdamConstants = AdamConstants {
    beta_1: 0.0,
    beta_2: 0.99,
    epsilon: 1e-8,
};

fn tensor(numbers: [f32; 4]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), [2, 2]), &Device::flex())
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// Where the numbers of a tensor lie.
fn place(tensor: &Tensor<2>) -> usize {
    super::values::numbers(&super::values::plain(tensor.clone()))
        .as_ptr()
        .addr()
}

fn inputs() -> [Tensor<2>; 3] {
    [
        [1.0, -2.0, 0.5, 4.0],
        [3.0, 0.0, 0.5, -4.0],
        [0.5, 1.0, -1.0, 2.0],
    ]
    .map(tensor)
}

#[test]
fn a_move_takes_the_place_of_what_nobody_else_holds() {
    let [y, z, u] = inputs();
    let places = [place(&y), place(&z)];
    let (y, z) = MOVE.apply(y, Some(z), u);
    assert_eq!([place(&y), place(&z)], places);
    assert_eq!(numbers(&y), [1.75, -1.0, 0.0, 3.0]);
    assert_eq!(numbers(&z), [4.0, 2.0, -1.5, 0.0]);

    let [y, _, u] = inputs();
    let places = [place(&u), place(&y)];
    let (y, z) = MOVE.apply(y, None, u);
    assert_eq!([place(&y), place(&z)], places);
    assert_eq!(numbers(&y), [1.25, -1.5, 0.0, 5.0]);
    assert_eq!(numbers(&z), [2.0, 0.0, -1.5, 8.0]);
}

#[test]
fn a_move_leaves_alone_what_others_hold() {
    for first in [false, true] {
        let [y, z, u] = inputs();
        let held = [y.clone(), z.clone(), u.clone()];
        let z = (!first).then_some(z);
        let (new_y, new_z) = MOVE.apply(y.clone(), z.clone(), u.clone());
        let unheld = |tensor: Tensor<2>| tensor * 1.0;
        let (other_y, other_z) = MOVE.apply(unheld(y), z.map(unheld), unheld(u));
        assert_eq!(numbers(&new_y), numbers(&other_y));
        assert_eq!(numbers(&new_z), numbers(&other_z));
        assert_eq!(
            held.map(|tensor| numbers(&tensor)),
            inputs().map(|tensor| numbers(&tensor))
        );
    }
}

#[test]
fn a_move_that_has_no_kernel_is_composed() {
    let [y, z, u] = inputs();
    let (fused_y, fused_z) = MOVE.apply(y.clone(), Some(z.clone()), u.clone());
    let [y, z, u] = [y, z, u].map(|tensor| tensor.cast(FloatDType::F64));
    let (composed_y, composed_z) = MOVE.apply(y.clone(), Some(z), u.clone());
    assert_eq!(numbers(&composed_y), numbers(&fused_y));
    assert_eq!(numbers(&composed_z), numbers(&fused_z));
    let (first_y, first_z) = MOVE.apply(y, None, u);
    assert_eq!(numbers(&first_y), [1.25, -1.5, 0.0, 5.0]);
    assert_eq!(numbers(&first_z), [2.0, 0.0, -1.5, 8.0]);
}

#[test]
#[should_panic(expected = "the same shape")]
fn a_move_of_other_shapes_is_refused() {
    let [y, z, u] = inputs();
    let _ = MOVE.apply(y, Some(z), u.reshape([1, 4]));
}

#[test]
fn an_update_without_momentum_leaves_alone_what_others_hold() {
    let [g, v, _] = inputs();
    let v = v.abs();
    let before = [numbers(&g), numbers(&v)];
    let update = |g: Tensor<2>, v: Tensor<2>| {
        CONSTANTS
            .update_without_momentum(g, Some((4, v)))
            .expect("fused")
    };
    let (direction, moment) = update(g.clone(), v.clone());
    assert_eq!([numbers(&g), numbers(&v)], before, "both are held here");
    let searched = CONSTANTS
        .search_direction(&g, Some((4, &v)))
        .expect("fused");
    assert_eq!(numbers(&searched), numbers(&direction));

    let places = [place(&g), place(&v)];
    let (in_place, moment_in_place) = update(g, v);
    assert_eq!([place(&in_place), place(&moment_in_place)], places);
    assert_eq!(numbers(&in_place), numbers(&direction));
    assert_eq!(numbers(&moment_in_place), numbers(&moment));
}

#[test]
fn another_precision_gives_the_arguments_back() {
    let [g, v, _] = inputs().map(|tensor| tensor.cast(FloatDType::F64));
    let (g, before) = CONSTANTS
        .update_without_momentum(g, Some((4, v)))
        .expect_err("no kernel for f64");
    let (time, v) = before.expect("it was there");
    assert_eq!(time, 4);
    assert!(inner_product_with_difference(&g, &v, &g).is_none());
}

#[test]
fn products_take_views() {
    let [a, b, c] = inputs();
    let fused = inner_product_with_difference(&a, &b.clone().transpose(), &c).expect("fused");
    let composed = inner_product(&a, &(b.transpose() - c)).expect("fused");
    assert_eq!(fused, composed);
}
