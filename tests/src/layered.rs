//! A network whose layers are units, and a mini-batch that it learns.

use burn::tensor::{DType, Int, Tensor};
use burn_sls_core::random::Generator;
use burn_sls_optim::{LineSearchConfig, StepReport, Units};

use crate::double;
use crate::network::{Layer, Network, float, parameter};

/// A network of the given widths in float64, and a mini-batch that it learns.
pub fn network(widths: &[usize]) -> (Network, Tensor<2>, Tensor<1, Int>) {
    let device = double().autodiff();
    let mut generator = Generator::new(3);
    let mut draw = |count: usize, scale: f64| -> Vec<f64> {
        let draw = |_| (generator.below(2001) as f64 / 1000.0 - 1.0) * scale;
        (0..count).map(draw).collect()
    };
    let layers = widths.windows(2).map(|pair| Layer {
        weight: parameter(
            draw(pair[0] * pair[1], 1.0),
            [pair[0], pair[1]],
            DType::F64,
            &device,
        ),
        bias: parameter(draw(pair[1], 0.1), [pair[1]], DType::F64, &device),
    });
    let layers = layers.collect();
    let inputs = float(
        draw(16 * widths[0], 2.0),
        [16, widths[0]],
        DType::F64,
        &device,
    );
    let targets = inputs.clone().narrow(1, 0, 1).greater_elem(0.0).int();
    (Network { layers }, inputs, targets.squeeze_dim(1))
}

/// The reports of a run, and the network after it: three layers, always the same mini-batch.
pub fn run(config: LineSearchConfig, steps: usize) -> (Vec<StepReport>, Network) {
    let (mut model, inputs, targets) = network(&[3, 6, 6, 2]);
    let mut optim = config.init();
    let reports = (0..steps).map(|_| {
        let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
        let step = optim.step(model.clone(), losses).expect("a step");
        model = step.model;
        step.report
    });
    (reports.collect(), model)
}

/// One unit per layer of a network of three.
pub fn layers() -> Units {
    Units::named((0..3).map(|i| (format!("layer {i}"), vec![format!("layers.{i}")])))
}
