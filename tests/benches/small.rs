//! Small networks from scratch, trained by the presets and by your own settings: a table of what
//! they come to.
//!
//! ```sh
//! cargo bench -p burn-sls-tests --bench small -- --seeds N [--only WORD] [NAME=JSON ...]
//! ```
//!
//! A seed takes minutes, so nothing is trained without `--seeds`. `--only` takes the problems with
//! that word in their name, such as `LSTM`. Without further arguments, the presets `paper`,
//! `default`, `amortized` and `salsa`. `NAME=JSON` is a line search with settings over those of
//! `default`, such as `'c=0.5={"search": {"c": 0.5}}'`: what stands before the last `={` is its
//! name. Burn's Adam with its usual learning rate of 0.001 stands beside them.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn_sls_optim::{LineSearchConfig, Preset};
use burn_sls_tests::architectures::cnn::Cnn;
use burn_sls_tests::architectures::lstm::Recurrent;
use burn_sls_tests::architectures::mlp::Mlp;
use burn_sls_tests::architectures::transformer::Transformer;
use burn_sls_tests::architectures::{Architecture, Plan, train, train_with};
use serde_json::{Map, Value};

/// Freed memory is kept for the next step.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut seeds = None;
    let mut configs = Vec::new();
    let mut only = String::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--bench" {
            continue; // from cargo
        }
        if argument == "--seeds" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            seeds = Some(number.expect("--seeds needs a number"));
            continue;
        }
        if argument == "--only" {
            only = arguments.next().expect("--only needs a word");
            continue;
        }
        let at = argument.rfind("={").expect("NAME=JSON");
        let json = serde_json::from_str(&argument[at + 1..]).expect("JSON");
        configs.push((argument[..at].to_string(), changed(json)));
    }
    let Some(seeds) = seeds else {
        println!("small: say with `-- --seeds N` how often everything is to be trained");
        return;
    };
    if configs.is_empty() {
        configs = vec![
            ("paper".into(), Preset::Paper.adamsls()),
            ("default".into(), Preset::Default.adamsls()),
            ("amortized".into(), Preset::Amortized.adamsls()),
            ("salsa".into(), Preset::Salsa.adamsls()),
        ];
    }
    println!(
        "| problem | batch | method | training loss, seed by seed | accuracy | forwards a step | \
         most trials |"
    );
    println!("|---|---|---|---|---|---|---|");
    for batch in [8, 50, 256] {
        let plan = |examples, epochs| Plan {
            examples,
            batch,
            epochs,
        };
        let table = Table {
            configs: &configs,
            seeds,
            only: &only,
        };
        table.rows::<Mlp>("MLP, spirals", plan(1000, 50));
        table.rows::<Cnn>("CNN with batch norm, bars", plan(2000, 10));
        table.rows::<Recurrent>("LSTM, marked bits", plan(2000, 10));
        table.rows::<Transformer>("transformer with dropout, copies", plan(4000, 10));
    }
}

/// The default with some settings changed.
fn changed(settings: Map<String, Value>) -> LineSearchConfig {
    let json = Value::Object(settings);
    let config: LineSearchConfig = serde_json::from_value(json).expect("a configuration");
    config.validate().expect("settings in their ranges");
    config
}

/// The methods, and the problems that they are trained on.
struct Table<'a> {
    configs: &'a [(String, LineSearchConfig)],
    seeds: u64,
    only: &'a str,
}

impl Table<'_> {
    /// A row for every method.
    fn rows<A: Architecture>(&self, problem: &str, plan: Plan) {
        if !problem.contains(self.only) {
            return;
        }
        for (name, config) in self.configs {
            let (mut losses, mut accuracies, mut forwards, mut most) = (Vec::new(), 0.0, 0.0, 0);
            for seed in 1..=self.seeds {
                let trained = train::<A>(&mut config.clone().init(), &plan, seed);
                let reports = &trained.reports;
                let later = reports.iter().skip(1).map(|report| report.trials.len());
                most = later.fold(most, usize::max);
                let spent: usize = reports.iter().map(|report| report.forwards).sum();
                forwards += spent as f64 / reports.len() as f64 / self.seeds as f64;
                accuracies += trained.accuracy / self.seeds as f64;
                losses.push(format!("{:.4}", trained.loss));
            }
            let losses = losses.join(", ");
            println!(
                "| {problem} | {} | {name} | {losses} | {accuracies:.3} | {forwards:.2} | {most} |",
                plan.batch
            );
        }
        let (mut losses, mut accuracies) = (Vec::new(), 0.0);
        for seed in 1..=self.seeds {
            let mut adam: ModuleOptimizer = AdamConfig::new().with_epsilon(1e-8).init();
            let (_, loss, accuracy) = train_with::<A>(&plan, seed, |model, batch| {
                let grads = model.losses(batch).mean().backward();
                let grads = GradientsParams::from_grads(grads, &model);
                adam.step(0.001, model, grads)
            });
            losses.push(format!("{loss:.4}"));
            accuracies += accuracy / self.seeds as f64;
        }
        let losses = losses.join(", ");
        println!(
            "| {problem} | {} | Adam, 0.001 | {losses} | {accuracies:.3} | 1.00 | |",
            plan.batch
        );
    }
}
