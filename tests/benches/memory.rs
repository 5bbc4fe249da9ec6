//! The optimizer's kernels, which wait for memory more than they compute, beside the fastest way
//! to read and to copy it: a table of bytes a second.
//!
//! ```sh
//! cargo bench -p burn-sls-tests --bench memory
//! ```
//!
//! Counted are the numbers of each parameter that a pass must read and write, once each: Burn's
//! Adam reads weights, gradients and moments, and writes weights and moments, so 7. What a pass
//! moves beyond that makes it slower here. All passes are made in turn, on vectors of 256 MiB,
//! which no cache keeps from one round to the next.

use std::hint::black_box;
use std::time::Instant;

use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};
use burn_sls_kernels::{AdamConstants, AdamMoments, AveragedMove, add_scaled, inner_product};
use burn_sls_lab::{bench::Spread, processor};
use burn_sls_tests::flex;
use rayon::prelude::*;

/// The allocator of the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The numbers in a vector: 256 MiB.
const LENGTH: usize = 1 << 26;
const ROUNDS: usize = 10;

/// A pass over memory.
struct Pass {
    name: &'static str,
    /// Numbers of a parameter that it reads and that it writes.
    numbers: [usize; 2],
    /// Makes the pass, and returns its seconds.
    run: Box<dyn FnMut() -> f64>,
}

fn pass(name: &'static str, numbers: [usize; 2], mut run: impl FnMut() + 'static) -> Pass {
    let run = Box::new(move || timed(&mut run));
    Pass { name, numbers, run }
}

fn timed(run: impl FnOnce()) -> f64 {
    let since = Instant::now();
    run();
    since.elapsed().as_secs_f64()
}

/// What the machine can do: the simplest loops, on all threads.
fn limits() -> Vec<Pass> {
    let part = LENGTH / (64 * rayon::current_num_threads());
    let ones = || vec![1.0f32; LENGTH];
    vec![
        pass("two vectors compared", [2, 0], {
            // Whole numbers, which the C library compares.
            let [a, b] = [(); 2].map(|()| vec![1u32; LENGTH]);
            move || {
                let parts = a.par_chunks(part).zip(b.par_chunks(part));
                black_box(parts.all(|(a, b)| a == b));
            }
        }),
        pass("a vector changed in place", [1, 1], {
            let mut numbers = ones();
            move || {
                let negate = |part: &mut [f32]| part.iter_mut().for_each(|x| *x = -*x);
                numbers.par_chunks_mut(part).for_each(negate);
                black_box(numbers.last());
            }
        }),
        pass("a vector copied", [1, 1], {
            let (mut to, from) = (ones(), ones());
            move || {
                let parts = to.par_chunks_mut(part).zip(from.par_chunks(part));
                parts.for_each(|(to, from)| to.copy_from_slice(from));
                black_box(to.last());
            }
        }),
    ]
}

/// The kernels of a line search and of `default`, in place as in a training.
fn kernels(device: &Device) -> Vec<Pass> {
    let random = || random(device);
    let constants = AdamConstants {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    };
    let moments = || AdamMoments {
        time: 1,
        moment_1: random(),
        moment_2: random(),
    };
    let a_move = AveragedMove {
        share: 1e-3,
        point: 1e-6,
        iterate: 1e-6,
    };
    vec![
        pass("a slope", [2, 0], {
            let (gradient, direction) = (random(), random());
            move || {
                black_box(inner_product(&gradient, &direction).expect("a kernel"));
            }
        }),
        pass("a trial point", [2, 1], {
            let (mut weights, direction) = (Some(random()), random());
            move || {
                let old = weights.take().expect("put back");
                weights = Some(add_scaled(old, 1e-6, direction.clone()));
            }
        }),
        pass("moments and direction", [3, 3], {
            let mut state = Some((random(), moments()));
            move || {
                let (gradient, before) = state.take().expect("put back");
                let update = constants.update(gradient, Some(before), false);
                let update = update.expect("a kernel");
                // The direction has taken the gradient's place, and serves as the next one.
                state = Some((update.direction, update.moments));
            }
        }),
        pass("the slope of a direction that is not kept", [4, 0], {
            let (gradient, weights, before) = (random(), random(), moments());
            move || {
                let before = [&before.moment_1, &before.moment_2];
                let slope = constants.product(&gradient, 1, before, (&weights, 1e-4));
                black_box(slope.expect("a kernel"));
            }
        }),
        pass("a move of the average", [3, 2], {
            let (mut points, direction) = (Some((random(), random())), random());
            move || {
                let (y, z) = points.take().expect("put back");
                points = Some(a_move.apply(y, Some(z), direction.clone()));
            }
        }),
    ]
}

#[derive(Module, Debug)]
struct Weights {
    weights: Param<Tensor<1>>,
}

/// The update of Burn's Adam, for a gradient that is there.
fn adam(device: &Device) -> Pass {
    let direction = random(&device.clone().autodiff());
    let weights = Param::from_tensor(random(&device.clone().autodiff()));
    let mut model = Some(Weights { weights });
    let mut optim: ModuleOptimizer = AdamConfig::new().init();
    let run = move || {
        let old = model.take().expect("put back");
        let loss = (old.weights.val() * direction.clone()).sum();
        let grads = GradientsParams::from_grads(loss.backward(), &old);
        timed(|| model = Some(optim.step(1e-6, old, grads)))
    };
    Pass {
        name: "Burn's Adam",
        numbers: [4, 3],
        run: Box::new(run),
    }
}

fn random(device: &Device) -> Tensor<1> {
    Tensor::random([LENGTH], Distribution::Uniform(0.5, 1.0), device)
}

fn main() {
    let device = flex();
    let mut passes = limits();
    let loops = passes.len();
    passes.extend(kernels(&device));
    passes.push(adam(&device));
    let mut speeds = vec![Vec::new(); passes.len()];
    for round in 0..=ROUNDS {
        for (pass, speeds) in passes.iter_mut().zip(&mut speeds) {
            let bytes = pass.numbers.iter().sum::<usize>() * LENGTH * size_of::<f32>();
            let speed = bytes as f64 / (pass.run)();
            // The first round touches the memory for the first time.
            if round > 0 {
                speeds.push(1e-9 * speed);
            }
        }
    }
    let speeds: Vec<Spread> = speeds.into_iter().filter_map(Spread::of).collect();
    println!("{}, {ROUNDS} rounds\n", processor::description());
    println!("| pass | numbers read | written | GB/s | of the loops' |");
    println!("|---|---|---|---|---|");
    for (pass, speed) in passes.iter().zip(&speeds) {
        let [read, written] = pass.numbers;
        // Writing to what was just read costs less than reading, so the two are not compared.
        let alike = passes[..loops].iter().zip(&speeds);
        let alike = alike.filter(|(limit, _)| (limit.numbers[1] > 0) == (written > 0));
        let most = alike.map(|(_, speed)| speed.median).fold(0.0, f64::max);
        println!(
            "| {} | {read} | {written} | {:.1} ({:.1}-{:.1}) | {:.0} % |",
            pass.name,
            speed.median,
            speed.lower,
            speed.upper,
            100.0 * speed.median / most
        );
    }
}
