//! BERT's encoder at the size of MiniLM: a forward pass, that of a trial, and a forward with a backward
//! pass.
//!
//! `tests/python/time_encoder.py` times PyTorch on the same sizes.

use std::hint::black_box;
use std::time::Duration;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use burn_sls_bert::{Bert, BertConfig, BertInput};
use criterion::{Criterion, criterion_group, criterion_main};

/// The allocator of the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 32;
const TOKENS: usize = 64;

/// all-MiniLM-L6-v2's configuration, with a small vocabulary: the lookup is no part of the question.
fn config() -> BertConfig {
    let json = r#"{
        "vocab_size": 1000, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
        "intermediate_size": 1536, "hidden_act": "gelu", "max_position_embeddings": 512,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "initializer_range": 0.02,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "pad_token_id": 0,
        "model_type": "bert"
    }"#;
    serde_json::from_str(json).expect("a configuration")
}

/// A batch without padding.
fn input(device: &Device) -> BertInput {
    let count = (BATCH * TOKENS) as i64;
    let ids = Tensor::<1, Int>::arange(0..count, device).remainder_scalar(999) + 1;
    let ids = ids.reshape([BATCH, TOKENS]);
    BertInput {
        attention_mask: ids.clone().greater_elem(0),
        token_type_ids: ids.zeros_like(),
        input_ids: ids,
        packing: None,
    }
}

fn encoder(c: &mut Criterion) {
    let device = Device::flex().autodiff();
    device.seed(1);
    let model: Bert = config().init(&device);
    let input = input(&device);
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
