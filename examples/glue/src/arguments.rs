//! The command line.

use std::path::PathBuf;

use burn_sls_bert::UnitSplit;
use burn_sls_optim::{NamedSettings, Preset};
use burn_sls_run::device::{DeviceName, DeviceSpec};
use burn_sls_run::worker::WorkerArgs;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use serde_json::Value;

use crate::names::{OptimizerName, ScheduleName, Switch, TrainSize};

/// Fine-tunes BERT on GLUE without a learning rate.
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Cli {
    /// What to do; without a command, `train` with its defaults.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The program's commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train a model. Without options: a tiny BERT on built-in sentences.
    Train(Box<TrainArgs>),
    /// Show the units of a model, the parts with a step size of their own, and how large they are.
    Units(UnitsArgs),
    /// Lend a device of this machine to a training elsewhere, which names its address among its
    /// `--devices`. Ends when the training does. Needs the feature `remote`.
    Worker(WorkerArgs),
}

impl Default for Command {
    fn default() -> Self {
        Self::Train(Box::default())
    }
}

/// The options of `glue train`. Options left out take the value of the run that is resumed, or
/// their default. As JSON they have the names of the [`Settings`](crate::settings::Settings).
#[derive(Args, Clone, Debug, Default, Serialize)]
pub struct TrainArgs {
    /// Task by its name on the hub: cola, sst2, mrpc, qqp, stsb, mnli, qnli, rte, wnli [default:
    /// sst2 with --data-dir, built-in sentences without]
    #[arg(long)]
    pub task: Option<String>,
    /// Folder with the tasks' folders of the official download (SST-2, MRPC, QNLI, MNLI, ...), or
    /// nyu-mll/glue for the hub's data set, if built with the feature `hub`
    #[arg(long, value_name = "DIR|NAME")]
    pub data_dir: Option<PathBuf>,
    /// Folder with config.json, model.safetensors and tokenizer.json, or `tiny` for a small BERT
    /// trained from scratch, or a model's name on the hub, if built with the feature `hub`
    /// [default: tiny]
    #[arg(long, value_name = "DIR|NAME|tiny")]
    pub model: Option<String>,
    /// Optimizer [default: adamsls]
    #[arg(long, value_enum)]
    pub optimizer: Option<OptimizerName>,
    /// Units of plasls, each with a step size: 1, 3 or more (embeddings, parts of the encoder,
    /// head), or qkv (query, key, value, rest); see `glue units` [default: 10, or what the model's
    /// depth allows]
    #[arg(long, value_name = "N|published:N|qkv")]
    pub units: Option<UnitSplit>,
    /// Step size below which two units of plasls are merged; the paper's is 1e-12 [default: never]
    #[arg(long, value_name = "X", value_parser = number)]
    pub merge_below: Option<f64>,
    /// Preset of a line search: default, the recommended one; paper or reference, the paper's own
    /// settings; salsa or amortized [default: default]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<Preset>,
    /// Where a line search begins its first search; the presets default and amortized find it
    /// [default: of paper 0.1, or 4e-5 for a pre-trained model, sgdsls: 1; of reference: 0.1, of
    /// salsa: 1]
    #[arg(long, value_name = "X", value_parser = number)]
    pub first_step_size: Option<f64>,
    /// What multiplies the step sizes of a line search from the first step to the last; the search
    /// does not know it [default: cosine with --preset amortized, or else constant]
    #[arg(long, value_enum, value_name = "NAME")]
    pub schedule: Option<ScheduleName>,
    /// A setting of the line search by its name in the library's JSON, with its group or without,
    /// in place of the preset's value: c=0.3, search.c=0.3, budget=none or
    /// 'shrink={"parabola":{"least":0.1,"most":0.7}}'; as often as needed
    #[arg(long, value_name = "KEY=VALUE", value_parser = NamedSettings::parse)]
    #[serde(skip)]
    pub set: Vec<(String, Value)>,
    /// Peak learning rate of adam, adamw or sgd [default: 2e-5], rate of schedule-free [default:
    /// 1e-4], factor on the rate that prodigy estimates [default: 1]; a line search has none
    #[arg(long, value_name = "X", value_parser = number)]
    pub lr: Option<f64>,
    /// Training examples drawn by seed, or `all` [default: all]
    #[arg(long, value_name = "N|all")]
    pub train_size: Option<TrainSize>,
    /// As many training examples of every class as --train-size allows; not for stsb
    #[arg(long)]
    pub balanced: bool,
    /// Validation examples of a task of GLUE, the same ones whatever the seed [default: all]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub validation_size: Option<usize>,
    /// Passes over the training examples [default: 5; 12 for the built-in sentences]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub epochs: Option<usize>,
    /// Examples in a mini-batch [default: 32]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub batch_size: Option<usize>,
    /// Tokens that an example is cut to [default: 256, or what the model can take]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub max_length: Option<usize>,
    /// Seed of everything random [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Dropout during training, as in the model's configuration [default: off]
    #[arg(long, value_enum)]
    pub dropout: Option<Switch>,
    /// Backend [default: flex]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
    /// Several devices that train one model, a mini-batch each in every step: backends of this
    /// process (flex,flex or cuda:0,cuda:1) and addresses of `glue worker`, if built with the
    /// feature `remote`. The first one has the model and decides. A resumed run may have others
    #[arg(
        long,
        value_name = "DEVICE,...",
        value_delimiter = ',',
        conflicts_with = "device"
    )]
    #[serde(skip)]
    pub devices: Vec<DeviceSpec>,
    /// About how many seconds a worker may be silent before the run stops [default: 20]
    #[cfg(feature = "remote")]
    #[arg(long, value_name = "SECONDS", value_parser = at_least_one)]
    #[serde(skip)]
    pub patience: Option<usize>,
    /// Folder for the run's files [default: a new folder under runs/]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
    /// Go on with the run in --out from its last checkpoint
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
}

impl TrainArgs {
    /// The seconds that a worker may be silent, if they are named.
    pub fn patience(&self) -> Option<usize> {
        #[cfg(feature = "remote")]
        return self.patience;
        #[cfg(not(feature = "remote"))]
        return None;
    }
}

/// The options of `glue units`.
#[derive(Args, Clone, Debug, Default)]
pub struct UnitsArgs {
    /// Folder with config.json, or `tiny` for the small BERT of the built-in sentences, or a name
    /// on the hub [default: tiny]
    #[arg(long, value_name = "DIR|NAME|tiny")]
    pub model: Option<String>,
    /// Units: 1, 3 or more (embeddings, parts of the encoder, head), or qkv (query, key, value,
    /// rest) [default: 10, or what the model's depth allows]
    #[arg(long, value_name = "N|published:N|qkv")]
    pub units: Option<UnitSplit>,
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| "it must be a number".to_string())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_string()),
    }
}
