//! A judge for optimizers that ask for no learning rate: training problems on which nobody tuned.
//!
//! An optimizer that needs no tuning should train whatever comes, as it is. So every competitor has
//! one configuration for all [problems], as under the rules of AlgoPerf, and it is judged against a
//! *bar* that may do what it may not: Adam with a warm-up and a cosine, at the best of five
//! learning rates for each problem.
//!
//! ```sh
//! sls-lab problems --quick                    # a problem of every group, in minutes
//! sls-lab problems                            # all problems, seeds for choosing
//! sls-lab problems --seeds report --drawn 4   # seeds that nothing was chosen on
//! sls-lab problems --competitors default --set c=0.5
//! sls-lab problems --competitors default,default@0.5,default@2
//! sls-lab problems --report target/problems
//! ```
//!
//! A [problem](problem::Problem) is drawn from a seed; a *drawn variant* has another network, other
//! data and another batch size too. A [run] is a function of its problem, its variant and its
//! [competitor], and is made in a process of its own with one thread. The [store] keeps it as a
//! line, so a set of runs can be interrupted and continued at any time, and more competitors can be
//! added. The [score]s and the [report] are made of the store alone.
//!
//! Seeds below 1,000 are for choosing settings, others for reporting what was chosen.

pub mod cli;
pub mod competitor;
#[cfg(feature = "remote")]
pub mod devices;
pub mod files;
mod model_file;
pub mod nets;
pub mod plan;
pub mod problem;
pub mod problems;
mod progress;
pub mod record;
pub mod report;
pub mod run;
pub mod runner;
pub mod schedule;
pub mod score;
pub mod select;
pub mod settings;
pub mod store;
pub mod suite;
#[cfg(test)]
mod testing;
mod trainer;
