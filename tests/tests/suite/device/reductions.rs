//! The sums that decisions are made of.

use burn::tensor::{DType, Distribution, Tensor};
use burn_sls_core::Reductions;
use burn_sls_tests::network::float;
use burn_sls_tests::{device, double, halves};

#[test]
fn inner_products_and_values_come_back_in_their_order() {
    let device = double();
    let vector = |values: &[f64]| float(values.to_vec(), [values.len()], DType::F64, &device);
    let mut reductions = Reductions::new();
    reductions.values(vector(&[0.5, 1.5]));
    reductions.inner_product(vector(&[1.0, -2.0]), vector(&[3.0, 0.5]));
    reductions.values(vector(&[7.0]));
    reductions.inner_product(vector(&[2.0]), vector(&[-8.0]));
    let read = reductions.read();
    assert_eq!(read.sums, [2.0, -16.0]);
    assert_eq!(read.values, [vec![0.5, 1.5], vec![7.0]]);
}

#[test]
fn half_precision_is_multiplied_and_summed_in_single() {
    // 300² exceeds the largest half, 65504; a sum of 4096 halves of 0.125² would stall; the square of 2^-13 is 0.
    let device = device();
    for dtype in halves() {
        let large = float(vec![300.0; 4], [2, 2], dtype, &device);
        let small = float(vec![0.125; 4096], [4096], dtype, &device);
        let tiny = float(vec![0.5f64.powi(13); 4096], [4096], dtype, &device);
        let mut reductions = Reductions::new();
        reductions.inner_product(large.clone(), large);
        reductions.inner_product(small.clone(), small);
        reductions.inner_product(tiny.clone(), tiny);
        assert_eq!(
            reductions.read().sums,
            [4.0 * 300.0 * 300.0, 64.0, 0.5f64.powi(14)],
            "{dtype:?}"
        );
    }
}

#[test]
fn large_sums_have_the_same_bits_every_time() {
    let device = device();
    device.seed(3);
    let normal = Distribution::Normal(0.0, 1.0);
    // A matrix, and a kernel of which more is left after the first sum than one thread would take.
    let matrix = Tensor::<2>::random([6000, 1000], normal, &device);
    let kernel = Tensor::<4>::random([1500, 1500, 3, 3], normal, &device);
    let sums = || {
        let mut reductions = Reductions::new();
        reductions.inner_product(matrix.clone(), matrix.clone());
        reductions.inner_product(kernel.clone(), kernel.clone());
        reductions.read().sums
    };
    let first = sums();
    assert!((first[0] / 6e6 - 1.0).abs() < 0.01, "{first:?}");
    assert!((first[1] / 20.25e6 - 1.0).abs() < 0.01, "{first:?}");
    for _ in 0..20 {
        assert_eq!(sums(), first);
    }
}
