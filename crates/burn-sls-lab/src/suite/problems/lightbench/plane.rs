//! Landscapes over a plane.

use std::f64::consts::{PI, TAU};

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use crate::suite::family::Family;
use crate::suite::variant::Variant;

use super::formula::Formula;
use super::{level, levels};

/// Functions of two numbers. They start where they start, whatever the seed.
pub fn families() -> Vec<Family> {
    let mut families = vec![
        level!("beale", "Beale's function of (x+3, y+½)", beale),
        level!("rosenbrock", "(1-x)² + (y-x²)²", rosenbrock),
        level!("rastrigin", "mean of x² + 10(1 - cos 2πx)", rastrigin),
        level!("spiral", "a valley that winds around its end", spiral),
    ];
    families.extend(levels![
        "σ(s(r²-1)) - σ(-s), flat where it starts for large s", plateau,
        "plateau/1": 1.0,
        "plateau/2": 4.0,
        "plateau/3": 8.0,
        "plateau/4": 12.0,
        "plateau/5": 16.0,
        "plateau/6": 20.0,
    ]);
    families
}

/// Where most begin.
const FAR: [f32; 2] = [-7.0, -4.0];

/// A function of x and y, each `[1]`.
pub(super) fn plane(
    start: [f32; 2],
    threshold: f64,
    of: impl Fn(Tensor<1>, Tensor<1>) -> Tensor<1> + 'static,
) -> Formula {
    Formula::new(vec![start.to_vec()], threshold, move |parts, _| {
        let [x, y] = [0, 1].map(|i| parts[0].clone().narrow(0, i, 1));
        of(x, y)
    })
}

/// (1.5 - a + ab)² + (2.25 - a + ab²)² + (2.625 - a + ab³)² with a = x + 3, b = y + ½: 0 at (0, 0).
pub(super) fn beale(_: &Variant) -> Formula {
    plane(FAR, 1e-8, |x, y| {
        let (a, b) = (x + 3.0, y + 0.5);
        let (b2, b3) = (b.clone().square(), b.clone() * b.clone().square());
        let term = |c: f64, power: Tensor<1>| (a.clone() * (power - 1.0) + c).square();
        term(1.5, b) + term(2.25, b2) + term(2.625, b3)
    })
}

/// (1 - x)² + (y - x²)².
pub(super) fn rosenbrock(_: &Variant) -> Formula {
    plane(FAR, 1e-9, |x, y| {
        (x.clone() - 1.0).square() + (y - x.square()).square()
    })
}

/// The mean of x² + 10(1 - cos 2πx) over two numbers, from -2.2.
pub(super) fn rastrigin(_: &Variant) -> Formula {
    Formula::new(vec![vec![-2.2; 2]], 1e-2, |parts, _| {
        let x = parts[0].clone();
        let waves = ((x.clone() * TAU).cos() - 1.0) * -10.0;
        (x.square() + waves).mean()
    })
}

/// (r - ½ - 0.3θ)² + 1e-3·θ² in polar coordinates, where θ is taken on the turn that is nearest.
pub(super) fn spiral(_: &Variant) -> Formula {
    plane(FAR, 1e-8, |x, y| {
        let r = (x.clone().square() + y.clone().square() + 1e-12).sqrt();
        let angle = y.atan2(x);
        let turns = (r.clone() - 0.5 - angle.clone() * 0.3) / (2.0 * PI * 0.3);
        let angle = angle + turns.detach().round() * TAU;
        (r - 0.5 - angle.clone() * 0.3).square() + angle.square() * 1e-3
    })
}

/// σ(s(r² - 1)) - σ(-s) from (1.5, 1.5). Above ½ the sigmoid is taken as 1 - σ(-t): σ'(t) = σ(1 -
/// σ) would be 0 in single precision where σ rounds to 1, which the starts of four levels do.
pub(super) fn plateau(scale: f64, _: &Variant) -> Formula {
    let least = 1.0 / (1.0 + scale.exp());
    plane([1.5; 2], 1e-4, move |x, y| {
        let t = (x.square() + y.square() - 1.0) * scale;
        let above = t.clone().greater_scalar(0.0);
        let high = 1.0 - sigmoid(t.clone().neg());
        sigmoid(t).mask_where(above, high) - least
    })
}
