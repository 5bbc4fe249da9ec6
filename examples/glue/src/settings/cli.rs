//! The command line.

use std::path::PathBuf;

use burn_sls_bert::UnitSplit;
use clap::{Args, Parser, Subcommand};

use serde_json::Value;

use super::{
    DeviceName, DeviceSpec, MethodName, ModelSize, OptimizerName, PresetName, ScheduleName, Switch,
    TrainSize, overrides,
};

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
    /// Run an experiment, a matrix of trainings, as far as it is not run yet.
    Compare(CompareArgs),
    /// Turn the runs of a comparison into tables and pictures.
    Report(ReportArgs),
    /// Show the units of a model, the parts with a step size of their own, and how large they are.
    Units(UnitsArgs),
    /// Measure what a step of training costs on a device, of every method beside Adam's.
    ///
    /// Every method trains a copy of one randomly initialised model on the same random batches, a
    /// step each in turn. All copies are held at once: with all seven methods, bert-base takes 7.4
    /// GB for weights and moments, minilm 1.5 GB, and a step its gradients, directions and
    /// activations on top. --methods takes fewer.
    Bench(BenchArgs),
    /// Lend a device of this machine to a training elsewhere, which names its address among its
    /// `--devices`. Ends when the training does. Needs the feature `remote`.
    Worker(WorkerArgs),
}

/// The options of `glue train`. Options left out take the value of the run that is resumed, or
/// their default.
#[derive(Args, Clone, Debug, Default)]
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
    #[arg(long, value_name = "X")]
    pub merge_below: Option<f64>,
    /// Preset of a line-search optimizer [default: default, the recommended one; paper if an
    /// optimizer is named]
    #[arg(long, value_enum)]
    pub preset: Option<PresetName>,
    /// Where a line search begins its first search; the presets default and amortized find it
    /// [default: of paper 0.1, or 4e-5 for a pre-trained model, sgdsls: 1; of reference: 0.1, of
    /// salsa: 1]
    #[arg(long, value_name = "X")]
    pub first_step_size: Option<f64>,
    /// What multiplies the step sizes of a line search from the first step to the last; the search
    /// does not know it [default: cosine with --preset amortized, or else constant]
    #[arg(long, value_enum, value_name = "NAME")]
    pub schedule: Option<ScheduleName>,
    /// A setting of the line search by its name in the library's JSON, with its group or without,
    /// in place of the preset's value: c=0.3, search.c=0.3, budget=none or
    /// 'shrink={"parabola":{"least":0.1,"most":0.7}}'; as often as needed
    #[arg(long, value_name = "KEY=VALUE", value_parser = overrides::parse)]
    pub set: Vec<(String, Value)>,
    /// Peak learning rate of adam, adamw or sgd [default: 2e-5], rate of schedule-free [default:
    /// 1e-4], factor on the rate that prodigy estimates [default: 1]; a line search has none
    #[arg(long, value_name = "X")]
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
    pub devices: Vec<DeviceSpec>,
    /// About how many seconds a worker may be silent before the run stops [default: 20]
    #[cfg(feature = "remote")]
    #[arg(long, value_name = "SECONDS", value_parser = at_least_one)]
    pub patience: Option<usize>,
    /// Folder for the run's files [default: a new folder under runs/]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the run in --out from its last checkpoint
    #[arg(long)]
    pub resume: bool,
}

/// The options of `glue compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// A ready-made experiment (quick, table1, rivals, table2, fig1 to fig9, units,
    /// merging, batches) or a TOML file that describes one
    #[arg(value_name = "NAME|FILE")]
    pub experiment: String,
    /// Folder of the comparison. Several experiments may share it: a run that they have in common
    /// is computed once
    #[arg(long, value_name = "DIR", default_value = COMPARISON)]
    pub out: PathBuf,
    /// Folder of the model to begin with, or `tiny` for a small BERT trained from scratch, or a
    /// name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME|tiny")]
    pub model: Option<String>,
    /// Folder with the tasks' folders of GLUE, or a name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME")]
    pub data_dir: Option<PathBuf>,
    /// Backend [default: the experiment's, or flex]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
    /// List the runs, and which of them are there, without running any
    #[arg(long)]
    pub plan: bool,
}

/// The options of `glue report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of a comparison, which the report is written into
    #[arg(value_name = "DIR", default_value = COMPARISON)]
    pub dir: PathBuf,
}

/// The folder of a comparison, if none is named.
const COMPARISON: &str = "comparison";

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

/// The options of `glue bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Size of the model, whose weights are random
    #[arg(long, value_enum, default_value = "mlp")]
    pub model: ModelSize,
    /// Methods, separated by commas; adam is always among them, since all are compared with it
    /// [default: all]
    #[arg(long, value_enum, value_name = "NAME,...", value_delimiter = ',')]
    pub methods: Vec<MethodName>,
    /// Examples in a mini-batch
    #[arg(long, value_name = "N", default_value = "32", value_parser = at_least_one)]
    pub batch: usize,
    /// Tokens of an example, for a BERT [default: 64]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub tokens: Option<usize>,
    /// Steps of every method that are counted [default: mlp 100, minilm 20, bert-base 10]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub steps: Option<usize>,
    /// Steps of every method before those
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one)]
    pub warm_up: usize,
    /// Backend
    #[arg(long, value_enum, default_value = "flex")]
    pub device: DeviceName,
    /// Make a second table: how what a line search adds grows with units, tensors and parameters
    #[arg(long)]
    pub growth: bool,
    /// Folder for bench.json and bench.md
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Make a few steps of one method and print the most memory they took, for a process of its own
    #[arg(long, value_enum, hide = true)]
    pub alone: Option<MethodName>,
}

/// The options of `glue worker`.
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// Where to listen: a port of this machine's loopback interface, or an address as HOST:PORT.
    /// The channel is neither encrypted nor guarded: keep an address that others can reach in a
    /// private network
    #[arg(long, value_name = "PORT|HOST:PORT", default_value = "4400", value_parser = address)]
    pub listen: String,
    /// Backend, and which of its devices (cuda:1)
    #[arg(long, default_value = "flex")]
    pub device: DeviceSpec,
    /// Wait for the next training when one has ended without an error of the device
    #[arg(long)]
    pub stay: bool,
}

fn address(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(format!("127.0.0.1:{port}")),
        Err(_) if text.contains(':') => Ok(text.to_string()),
        Err(_) => Err("it must be a port or HOST:PORT".to_string()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_string()),
    }
}
