//! BERT's encoder at the size of MiniLM: a forward pass, that of a trial, and a forward with a
//! backward pass.
//!
//! `tests/python/time_encoder.py` times PyTorch on the same sizes.

use std::hint::black_box;
use std::time::Duration;

use burn::module::Module;
use burn_sls_bert::Bert;
use burn_sls_tests::bert::minilm;
use burn_sls_tests::flex;
use criterion::{Criterion, criterion_group, criterion_main};

/// The allocator of the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn encoder(c: &mut Criterion) {
    let device = flex().autodiff();
    device.seed(1);
    let model: Bert = minilm::config().init(&device);
    let input = minilm::input(&device);
    let valid = model.valid();
    let plain = input.clone().inner();

    let mut group = c.benchmark_group("MiniLM, 32 x 64 tokens");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(15));
    group.bench_function("forward", |b| {
        b.iter(|| black_box(valid.forward(&plain).sum().into_scalar::<f32>()))
    });
    // What a trial of a line search evaluates: no gradient, but on the device that has them.
    let trial = model.clone().no_grad();
    group.bench_function("forward of a trial", |b| {
        b.iter(|| black_box(trial.forward(&input).sum().into_scalar::<f32>()))
    });
    group.bench_function("forward and backward", |b| {
        b.iter(|| {
            let sum = model.forward(&input).square().mean();
            let grads = sum.backward();
            black_box(model.embeddings.layer_norm.gamma.val().grad(&grads))
        })
    });
    group.finish();
}

criterion_group!(benches, encoder);
criterion_main!(benches);
