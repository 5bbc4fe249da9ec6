//! The search alone, for a trainer without Burn: logistic regression on plain numbers, with a
//! gradient by hand. The program asks the search which step size to try, and tells it the loss.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example ask_tell
//! ```

use burn_sls_optim::{Backtracking, Conclusion, Growth, Search};

const BATCH: usize = 50;

/// Three features, and the class: 1 or -1.
type Example = ([f64; 3], f64);

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The mean of `ln(1 + exp(-y·⟨w, x⟩))`.
fn loss(w: &[f64], batch: &[Example]) -> f64 {
    let losses = batch.iter().map(|(x, y)| (-y * dot(w, x)).exp().ln_1p());
    losses.sum::<f64>() / batch.len() as f64
}

fn gradient(w: &[f64], batch: &[Example]) -> Vec<f64> {
    let mut gradient = vec![0.0; w.len()];
    for (x, y) in batch {
        let weight = -y / (1.0 + (y * dot(w, x)).exp()) / batch.len() as f64;
        gradient
            .iter_mut()
            .zip(x)
            .for_each(|(g, x)| *g += weight * x);
    }
    gradient
}

/// Points on either side of a plane; every twentieth is on the wrong side.
fn data() -> Vec<Example> {
    // The fractional parts of the multiples of a root fill an interval evenly, without a pattern.
    let spread = |number: usize, root: f64| 2.0 * (number as f64 * root.sqrt()).fract() - 1.0;
    let example = |number: usize| {
        let x = [spread(number, 2.0), spread(number, 3.0), 1.0];
        let y = dot(&x, &[2.0, -1.0, 0.3]).signum();
        (x, if number.is_multiple_of(20) { -y } else { y })
    };
    (0..500).map(example).collect()
}

fn main() {
    learn();
}

/// Trains from weights of 0, and fails if the loss does not come down.
pub fn learn() {
    let data = data();
    let growth = Growth {
        gamma: 2.0,
        batches_per_epoch: (data.len() / BATCH) as f64,
    };
    let rule = Backtracking::new(0.1, 0.5, 10); // c, δ, trials
    let mut w = vec![0.0; 3];
    let mut step_size = 1e6; // so large that the first search must fail
    let start = loss(&w, &data);

    for batch in (0..3).flat_map(|_| data.chunks(BATCH)) {
        let (base, gradient) = (loss(&w, batch), gradient(&w, batch));
        // Along d = -g the slope -⟨g, d⟩ is ⟨g, g⟩.
        let slope = dot(&gradient, &gradient);
        if !base.is_finite() || !slope.is_finite() || slope == 0.0 {
            continue; // there is nothing to search
        }
        let moved = |step_size: f64| -> Vec<f64> {
            let pairs = w.iter().zip(&gradient);
            pairs.map(|(w, g)| w - step_size * g).collect()
        };
        let mut search = Search::begin(&rule, base, slope, growth.grow(step_size));
        while let Some(trial) = search.next_trial() {
            search.tell(loss(&moved(trial), batch));
        }
        let (trials, conclusion) = search.finish();
        println!("loss {base:.4}, {} trials: {conclusion:.2?}", trials.len());
        match conclusion {
            Conclusion::Accepted { step_size: found } => (w, step_size) = (moved(found), found),
            // The weights stay, and the next search goes on from the shrunk step size.
            Conclusion::Exhausted { step_size: shrunk } => step_size = shrunk,
            _ => unreachable!("a search ends in one of two ways"),
        }
    }
    let end = loss(&w, &data);
    println!("loss {start:.4} -> {end:.4}");
    assert!(end < 0.6 * start, "it did not learn");
}
