//! A step of training, by Burn's SGD and Adam and by each preset of the line search: of a small
//! MLP, where nearly all of it is the optimizer's own work, and of a BERT at the size of MiniLM,
//! where nearly nothing is.
//!
//! `sls-lab bench` makes the table for your own device, with the methods in turn, reads and memory.

use std::time::Duration;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Int, Tensor};
use burn_sls_bert::{BertClassifier, cross_entropies};
use burn_sls_core::random::Generator;
use burn_sls_optim::{InitialStep, Preset};
use burn_sls_tests::architectures::{Architecture, batch, examples, mlp::Mlp};
use burn_sls_tests::bert::minilm;
use burn_sls_tests::flex;
use criterion::{Criterion, criterion_group, criterion_main};

/// The allocator of the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PRESETS: [(&str, Preset); 5] = [
    ("ADAMSLS, reference", Preset::Reference),
    ("ADAMSLS, paper", Preset::Paper),
    ("ADAMSLS, salsa", Preset::Salsa),
    ("ADAMSLS, amortized", Preset::Amortized),
    ("ADAMSLS, default", Preset::Default),
];

/// The rate of the optimizers that have one. It costs nothing, whatever it is.
const RATE: f64 = 1e-4;

/// Steps of a model by every method, each from the same weights.
fn methods<M: Module>(c: &mut Criterion, name: &str, model: &M, losses: impl Fn(&M) -> Tensor<1>) {
    let mut group = c.benchmark_group(name);
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    let rates: [(&str, ModuleOptimizer); 2] = [
        ("SGD (Burn's)", SgdConfig::new().init()),
        ("Adam (Burn's)", AdamConfig::new().init()),
    ];
    for (name, mut optim) in rates {
        let mut model = Some(model.clone());
        group.bench_function(name, |b| {
            b.iter(|| {
                let old = model.take().expect("put back");
                let grads = GradientsParams::from_grads(losses(&old).mean().backward(), &old);
                model = Some(optim.step(RATE, old, grads));
            })
        });
    }
    for (name, preset) in PRESETS {
        let config = match preset {
            Preset::Paper => preset.adamsls().with_initial_step(InitialStep::Fixed(RATE)),
            _ => preset.adamsls(),
        };
        let mut optim = config.init();
        let mut model = Some(model.clone());
        group.bench_function(name, |b| {
            b.iter(|| {
                let step = optim.step(model.take().expect("put back"), &losses);
                model = Some(step.expect("a step").model);
            })
        });
    }
    group.finish();
}

fn steps(c: &mut Criterion) {
    let device = flex().autodiff();
    device.seed(1);

    let model = Mlp::new(&device);
    let data = batch(&examples::<Mlp>(32, &mut Generator::new(1)), &device);
    methods(c, "a step of an MLP 2-64-64-2, batch 32", &model, |model| {
        model.losses(&data)
    });

    let model = minilm::config(0.0).init_classifier(2, &device);
    let input = minilm::input(&device);
    let classes = Tensor::<1, Int>::arange(0..minilm::BATCH as i64, &device).remainder_scalar(2);
    let losses = |model: &BertClassifier| cross_entropies(model.forward(&input), classes.clone());
    methods(c, "a step of MiniLM, 32 x 64 tokens", &model, losses);
}

criterion_group!(benches, steps);
criterion_main!(benches);
