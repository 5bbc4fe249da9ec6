//! The command line, and the settings of a run that come of it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn_sls_bert::glue::Task;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::error::GlueError;

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
}

/// What `glue train` can be told. Options left out take the value of the run that is resumed, or
/// their default.
#[derive(Args, Clone, Debug, Default)]
pub struct TrainArgs {
    /// Task by its name on the hub: cola, sst2, mrpc, qqp, stsb, mnli, qnli, rte, wnli [default:
    /// sst2 with --data-dir, built-in sentences without]
    #[arg(long)]
    pub task: Option<String>,
    /// Folder with the tasks' folders of the official download (SST-2, MRPC, QNLI, MNLI, ...)
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Folder with config.json, model.safetensors and tokenizer.json, or `tiny` for a small BERT
    /// trained from scratch [default: tiny]
    #[arg(long, value_name = "DIR|tiny")]
    pub model: Option<String>,
    /// Optimizer [default: adamsls]
    #[arg(long, value_enum)]
    pub optimizer: Option<OptimizerName>,
    /// Preset of a line-search optimizer [default: paper]
    #[arg(long, value_enum)]
    pub preset: Option<PresetName>,
    /// Where a line search begins its first search [default: 0.1, or 4e-5 for a
    /// pre-trained model; sgdsls: 1]
    #[arg(long, value_name = "X")]
    pub first_step_size: Option<f64>,
    /// Peak learning rate of adam, adamw or sgd [default: 2e-5]; a line search has none
    #[arg(long, value_name = "X")]
    pub lr: Option<f64>,
    /// Training examples drawn by seed, or `all` [default: all]
    #[arg(long, value_name = "N|all")]
    pub train_size: Option<TrainSize>,
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
    /// Folder for the run's files [default: a new folder under runs/]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the run in --out from its last checkpoint
    #[arg(long)]
    pub resume: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_string()),
    }
}

/// The optimizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum OptimizerName {
    Adam,
    Adamw,
    Sgd,
    Sgdsls,
    Adamsls,
    Plasls,
}

impl OptimizerName {
    /// Whether it finds its step sizes itself.
    pub fn is_line_search(self) -> bool {
        matches!(self, Self::Sgdsls | Self::Adamsls | Self::Plasls)
    }
}

/// The presets of a line search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum PresetName {
    Reference,
    Paper,
    Default,
}

/// The backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DeviceName {
    Flex,
    Ndarray,
    Wgpu,
    Cuda,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Switch {
    On,
    Off,
}

/// How many training examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrainSize {
    /// That many, drawn by seed.
    Examples(usize),
    /// All there are.
    #[serde(with = "all")]
    All,
}

/// `All` is the word "all" in JSON.
mod all {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("all")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "all" => Ok(()),
            other => Err(D::Error::custom(format!("`{other}` is not `all`"))),
        }
    }
}

impl FromStr for TrainSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            number => match number.parse() {
                Ok(0) | Err(_) => Err("it must be `all` or a whole number of at least 1".into()),
                Ok(number) => Ok(Self::Examples(number)),
            },
        }
    }
}

/// The name of the task that the project makes itself.
pub const SENTENCES: &str = "sentences";

/// The name of the model that is trained from scratch.
pub const TINY: &str = "tiny";

/// Every setting of a run, as it stands in `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Settings {
    pub task: String,
    pub data_dir: Option<PathBuf>,
    pub model: String,
    pub optimizer: OptimizerName,
    /// Of a line search.
    pub preset: Option<PresetName>,
    /// Of a line search: where its first search begins.
    pub first_step_size: Option<f64>,
    /// Of an optimizer with a learning rate.
    pub lr: Option<f64>,
    pub seed: u64,
    pub train_size: TrainSize,
    pub epochs: usize,
    pub batch_size: usize,
    pub max_length: usize,
    pub dropout: Switch,
    pub device: DeviceName,
    pub dtype: String,
}

/// Where the first search of a pre-trained model begins, along Adam's direction.
///
/// The first step of Adam moves every weight by the whole step size, up or down, so a large one that
/// lowers the loss of a single mini-batch can still undo what pre-training has learned.
const PRETRAINED_STEP: f64 = 4e-5;

/// The tokens that an example is cut to, if nothing else is said.
const MAX_LENGTH: usize = 256;

impl Settings {
    /// The settings of a fresh run.
    ///
    /// # Errors
    ///
    /// If options contradict each other, or ask for what is not there yet.
    pub fn new(args: &TrainArgs) -> Result<Self, GlueError> {
        let task = match (&args.task, &args.data_dir) {
            (Some(task), _) => task.clone(),
            (None, Some(_)) => Task::Sst2.name().to_string(),
            (None, None) => SENTENCES.to_string(),
        };
        let optimizer = args.optimizer.unwrap_or(OptimizerName::Adamsls);
        let preset = args.preset.unwrap_or(PresetName::Paper);
        let settings = Self {
            data_dir: args.data_dir.clone(),
            model: args.model.clone().unwrap_or_else(|| TINY.to_string()),
            optimizer,
            preset: optimizer.is_line_search().then_some(preset),
            first_step_size: optimizer.is_line_search().then(|| {
                let scratch = args.model.as_deref().unwrap_or(TINY) == TINY;
                args.first_step_size.unwrap_or(match (optimizer, scratch) {
                    (OptimizerName::Sgdsls, _) => 1.0,
                    (_, true) => 0.1,
                    (_, false) => PRETRAINED_STEP,
                })
            }),
            lr: match optimizer.is_line_search() {
                true => None,
                false => Some(args.lr.unwrap_or(2e-5)),
            },
            seed: args.seed.unwrap_or(1),
            train_size: args.train_size.unwrap_or(TrainSize::All),
            epochs: args
                .epochs
                .unwrap_or(if task == SENTENCES { 12 } else { 5 }),
            batch_size: args.batch_size.unwrap_or(32),
            max_length: args.max_length.unwrap_or(MAX_LENGTH),
            dropout: args.dropout.unwrap_or(Switch::Off),
            device: args.device.unwrap_or(DeviceName::Flex),
            dtype: "f32".to_string(),
            task,
        };
        settings.check(args)?;
        Ok(settings)
    }

    /// What can be refused before any file is opened.
    fn check(&self, args: &TrainArgs) -> Result<(), GlueError> {
        let refuse = |message: String| Err(GlueError::Usage(message));
        if let Some(lr) = args.lr {
            if self.optimizer.is_line_search() {
                return refuse(format!(
                    "--lr {lr} has no meaning for a line search, which finds its step sizes itself: \
                     leave it out, or choose --optimizer adam, adamw or sgd"
                ));
            }
            if !(lr > 0.0 && lr <= 1.0) {
                return refuse(format!("--lr is {lr}, and must be above 0 and at most 1"));
            }
        }
        if let Some(step_size) = args.first_step_size {
            if !self.optimizer.is_line_search() {
                return refuse(
                    "--first-step-size is for a line search (sgdsls, adamsls): leave it out".into(),
                );
            }
            if !(step_size > 0.0 && step_size.is_finite()) {
                return refuse(format!(
                    "--first-step-size is {step_size}, and must be above 0"
                ));
            }
        }
        if args.preset.is_some() && !self.optimizer.is_line_search() {
            return refuse(
                "--preset is for a line search (sgdsls, adamsls): leave it out".to_string(),
            );
        }
        if self.optimizer == OptimizerName::Plasls {
            return refuse(
                "--optimizer plasls is not there yet: sgdsls and adamsls are".to_string(),
            );
        }
        if self.preset == Some(PresetName::Reference) {
            return refuse(
                "--preset reference is not there yet: paper and default are".to_string(),
            );
        }
        if self.task == SENTENCES {
            if let Some(dir) = &self.data_dir {
                return refuse(format!(
                    "the built-in sentences need no --data-dir {}: leave it out, or choose a --task",
                    dir.display()
                ));
            }
        } else {
            let task = Task::from_str(&self.task)?;
            task.classes()?;
            if self.data_dir.is_none() {
                return refuse(format!(
                    "--task {task} needs --data-dir: the folder that holds {}/train.tsv",
                    task.folder()
                ));
            }
        }
        Ok(())
    }

    /// The number of tokens that examples are cut to for a model of `max_positions` positions.
    ///
    /// # Errors
    ///
    /// If more were asked for on the command line than the model can take.
    pub fn fit_length(&mut self, asked: bool, max_positions: usize) -> Result<(), GlueError> {
        if asked && self.max_length > max_positions {
            return Err(GlueError::Usage(format!(
                "--max-length is {}, and the model takes at most {max_positions} tokens",
                self.max_length
            )));
        }
        self.max_length = self.max_length.min(max_positions);
        Ok(())
    }

    /// The name of the run, for its folder and its picture.
    pub fn name(&self) -> String {
        let model = Path::new(&self.model).file_name().map_or_else(
            || self.model.clone(),
            |name| name.to_string_lossy().into_owned(),
        );
        let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_string();
        let optimizer = name(serde_json::json!(self.optimizer));
        let preset = self.preset.map(|preset| name(serde_json::json!(preset)));
        let parts = [
            Some(self.task.clone()),
            Some(model),
            Some(optimizer),
            preset,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}-seed{}", parts.join("-"), self.seed)
    }

    /// The first option on the command line that this run was not made with, in words.
    pub fn conflict(&self, args: &TrainArgs) -> Option<String> {
        /// An option that is given and differs.
        fn differs<T: PartialEq + serde::Serialize>(
            name: &str,
            asked: &Option<T>,
            made: &T,
        ) -> Option<String> {
            let word = |value: &T| match serde_json::json!(value) {
                serde_json::Value::String(word) => word,
                other => other.to_string(),
            };
            let asked = asked.as_ref().filter(|&asked| asked != made)?;
            Some(format!(
                "--{name} {} (this says {})",
                word(made),
                word(asked)
            ))
        }
        let data_dir = args.data_dir.clone().map(Some);
        let preset = args.preset.map(Some);
        let lr = args.lr.map(Some);
        let first = args.first_step_size.map(Some);
        differs("task", &args.task, &self.task)
            .or_else(|| differs("data-dir", &data_dir, &self.data_dir))
            .or_else(|| differs("model", &args.model, &self.model))
            .or_else(|| differs("optimizer", &args.optimizer, &self.optimizer))
            .or_else(|| differs("preset", &preset, &self.preset))
            .or_else(|| differs("first-step-size", &first, &self.first_step_size))
            .or_else(|| differs("lr", &lr, &self.lr))
            .or_else(|| differs("seed", &args.seed, &self.seed))
            .or_else(|| differs("train-size", &args.train_size, &self.train_size))
            .or_else(|| differs("epochs", &args.epochs, &self.epochs))
            .or_else(|| differs("batch-size", &args.batch_size, &self.batch_size))
            .or_else(|| differs("max-length", &args.max_length, &self.max_length))
            .or_else(|| differs("dropout", &args.dropout, &self.dropout))
            .or_else(|| differs("device", &args.device, &self.device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> TrainArgs {
        let words = ["glue", "train"].into_iter().chain(line.split_whitespace());
        match Cli::parse_from(words).command {
            Some(Command::Train(args)) => *args,
            None => unreachable!("`train` was given"),
        }
    }

    #[test]
    fn contradictions_are_refused_in_one_sentence() {
        for (line, word) in [
            ("--lr 1e-3", "no meaning"),
            ("--optimizer adam --lr 0", "above 0"),
            ("--optimizer adam --preset paper", "--preset"),
            ("--optimizer adam --first-step-size 1", "--first-step-size"),
            ("--first-step-size=-1", "above 0"),
            ("--optimizer plasls", "not there yet"),
            ("--preset reference", "not there yet"),
            ("--task sst2", "--data-dir"),
            ("--task stsb --data-dir x", "stsb"),
            ("--task imdb --data-dir x", "imdb"),
        ] {
            let error = Settings::new(&parse(line)).expect_err(line).to_string();
            assert!(error.contains(word), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }

    #[test]
    fn settings_come_back_from_their_json_and_name_a_conflict() {
        let args = parse("--optimizer adam --lr 1e-4 --train-size 500 --seed 7");
        let settings = Settings::new(&args).unwrap();
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
        assert_eq!(settings.conflict(&args), None);
        let conflict = settings
            .conflict(&parse("--seed 7 --train-size all"))
            .unwrap();
        assert_eq!(conflict, "--train-size 500 (this says all)");
    }
}
