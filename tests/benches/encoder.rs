//! Passes of BERT's encoder at the size of MiniLM, one at a time, as they are asked for.
//!
//! It reads the names of passes from its input, a line each, and answers with the seconds that one
//! took. So `tests/python/time_encoder.py` can make a pass here and one of PyTorch in turn:
//!
//! ```sh
//! python tests/python/time_encoder.py
//! echo forward | cargo bench -p burn-sls-tests --bench encoder
//! ```

use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};
use burn_sls_bert::{Bert, BertInput};
use burn_sls_lab::processor;
use burn_sls_tests::bert::minilm;
use burn_sls_tests::flex;

/// The allocator of the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A pass: what is asked for, and what makes it.
type Pass = (&'static str, Box<dyn Fn() -> Tensor<1>>);

fn passes() -> Vec<Pass> {
    let device = flex().autodiff();
    device.seed(1);
    let bert = |dropout: f64| -> Bert { minilm::config(dropout).init(&device) };
    let (model, dropout) = (bert(0.0), bert(0.1));
    let (whole, padded) = (minilm::input(&device), minilm::padded(&device));
    let (valid, plain) = (model.valid(), whole.clone().inner());
    // What a trial of a line search evaluates: no gradient, but on the device that has them.
    let trial = model.clone().no_grad();
    let square = Tensor::<2>::random([2048, 2048], Distribution::Default, &device.clone().inner());
    vec![
        ("square product", {
            Box::new(move || {
                square
                    .clone()
                    .matmul(square.clone())
                    .slice([0..1, 0..1])
                    .sum()
            })
        }),
        ("forward", Box::new(move || valid.forward(&plain).sum())),
        ("forward of a trial", {
            let whole = whole.clone();
            Box::new(move || trial.forward(&whole).sum())
        }),
        (
            "forward and backward",
            backward(model.clone(), whole.clone()),
        ),
        ("the same, dropout 0.1", backward(dropout.clone(), whole)),
        ("the same, 4 to 64 tokens", backward(dropout, padded)),
    ]
}

fn backward(model: Bert, input: BertInput) -> Box<dyn Fn() -> Tensor<1>> {
    Box::new(move || {
        let grads = model.forward(&input).square().mean().backward();
        let gamma = model.embeddings.layer_norm.gamma.val();
        gamma.grad(&grads).expect("a gradient")
    })
}

fn main() -> io::Result<()> {
    let passes = passes();
    let mut out = io::stdout();
    writeln!(out, "{}", processor::description())?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Some((_, pass)) = passes.iter().find(|(name, _)| *name == line) else {
            let names: Vec<&str> = passes.iter().map(|(name, _)| *name).collect();
            panic!(
                "there is no pass `{line}`: ask for one of {}",
                names.join("; ")
            );
        };
        let since = Instant::now();
        black_box(pass().into_data());
        writeln!(out, "{}", since.elapsed().as_secs_f64())?;
        out.flush()?;
    }
    Ok(())
}
