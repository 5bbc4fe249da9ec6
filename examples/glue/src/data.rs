//! Examples, tokenized: from the built-in sentences or from GLUE's files.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use burn::tensor::Device;
use burn_sls_bert::glue::{self, CutShort, Example, Features, Label, Metric, Split, Task};
use burn_sls_bert::sentences::{self, Sentence};
use burn_sls_bert::{BertClassifier, BertConfig, Checkpoint, Tokenizer};
use burn_sls_run::checksum::Checksum;
use burn_sls_run::hub::{self, Kind};

use crate::error::GlueError;
use crate::names::{Switch, TrainSize};
use crate::pretrained;
use crate::settings::{SENTENCES, Settings, TINY};

/// Everything that is read before training begins.
pub struct Data {
    /// The training examples.
    pub training: Arc<Vec<Features>>,
    /// The validation examples.
    pub validation: Arc<Vec<Features>>,
    /// MNLI's mismatched validation examples, if they are there.
    pub mismatched: Option<Arc<Vec<Features>>>,
    /// Rows of the files that were skipped.
    pub cut_short: Vec<CutShort>,
    /// The outputs of the model: the number of classes, or 1 for a score.
    pub outputs: usize,
    /// The task's metrics, the leading one first.
    pub metrics: Vec<Metric>,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
}

/// Where the model comes from.
pub enum Source {
    /// A pre-trained encoder.
    Pretrained(Box<Checkpoint>),
    /// Fresh weights.
    Scratch(BertConfig),
}

/// Training and validation sentences of the built-in task, if nothing else is asked for.
const TRAINING_SENTENCES: usize = 4000;
const VALIDATION_SENTENCES: usize = 500;

/// Beyond this the grammar runs out of short sentences, and the mix of constructions drifts.
const MOST_SENTENCES: usize = 100_000;

/// The largest vocabulary of a model that is trained from scratch.
const MAX_WORDS: usize = 10_000;

/// Reads the data and opens the model that `settings` name; cuts `settings.max_length` to what the
/// model can take. `length_asked` says whether it was asked for on the command line.
///
/// # Errors
///
/// Whatever is wrong with the files; see [`burn_sls_bert::BertError`].
pub fn load(settings: &mut Settings, length_asked: bool) -> Result<(Data, Source), GlueError> {
    // The model first: a wrong folder shows at once, however large the data.
    let pretrained = match settings.model.as_str() {
        TINY => None,
        model => Some(pretrained::open(model)?),
    };
    let Examples {
        training,
        validation,
        mismatched,
        cut_short,
    } = examples(settings)?;
    let (outputs, metrics) = match settings.task.as_str() {
        SENTENCES => (sentences::LABELS.len(), vec![Metric::Accuracy]),
        task => {
            let task = Task::from_str(task)?;
            (task.outputs(), task.metrics().to_vec())
        }
    };
    let (model, tokenizer) = match pretrained {
        Some((checkpoint, tokenizer)) => {
            let rows = training.iter().chain(&validation);
            let mut rows = rows.chain(mismatched.iter().flatten());
            if rows.any(|row| row.second.is_some()) {
                tokenizer.check_fits_pairs(checkpoint.config())?;
            }
            (Source::Pretrained(Box::new(checkpoint)), tokenizer)
        }
        None => {
            let texts = training
                .iter()
                .flat_map(|e| [Some(e.first.as_str()), e.second.as_deref()]);
            let tokenizer = Tokenizer::word_level(texts.flatten(), MAX_WORDS)?;
            let config = BertConfig::tiny(tokenizer.vocab_size());
            (Source::Scratch(config), tokenizer)
        }
    };
    settings.fit_length(length_asked, model.config().max_tokens())?;
    let encode = |examples: &[Example]| -> Result<_, GlueError> {
        let features = glue::encode(examples, &tokenizer, settings.max_length)?;
        Ok(Arc::new(features))
    };
    let data = Data {
        training: encode(&training)?,
        validation: encode(&validation)?,
        mismatched: mismatched.as_deref().map(encode).transpose()?,
        cut_short,
        outputs,
        metrics,
        tokenizer,
    };
    Ok((data, model))
}

/// The training examples that were asked for, and all validation examples.
#[derive(Default)]
struct Examples {
    training: Vec<Example>,
    validation: Vec<Example>,
    mismatched: Option<Vec<Example>>,
    cut_short: Vec<CutShort>,
}

fn examples(settings: &Settings) -> Result<Examples, GlueError> {
    if settings.task == SENTENCES {
        return built_in(settings);
    }
    let task = Task::from_str(&settings.task)?;
    let folder = data_folder(settings, task)?;
    let mut cut_short = Vec::new();
    let mut read = |split| -> Result<Vec<Example>, GlueError> {
        let rows = glue::read_split_of_either(&folder, task, split)?;
        cut_short.extend(rows.cut_short);
        Ok(rows.examples)
    };
    let validation = read(Split::Validation)?;
    let mismatched = match glue::has_split(&folder, task, Split::Mismatched)? {
        true => Some(read(Split::Mismatched)?),
        false => None,
    };
    let training = read(Split::Train)?;
    let (validation, mismatched) = match settings.validation_size {
        None => (validation, mismatched),
        Some(count) => {
            let drawn = |rows: Vec<Example>| fixed_subset(rows, count);
            (drawn(validation), mismatched.map(drawn))
        }
    };
    let draw = match settings.balanced {
        true => glue::balanced_subset,
        false => glue::subset,
    };
    let training = match settings.train_size {
        TrainSize::All => training,
        TrainSize::Examples(count) if count <= training.len() => {
            draw(&training, count, settings.seed)
        }
        TrainSize::Examples(count) => {
            return Err(GlueError::usage(format!(
                "--train-size is {count}, and {task} has {} training examples: ask for fewer, or \
                 for `all`",
                training.len()
            )));
        }
    };
    Ok(Examples {
        training,
        validation,
        mismatched,
        cut_short,
    })
}

/// The folder with the task's files, which may lie on the hub.
fn data_folder(settings: &Settings, task: Task) -> Result<PathBuf, GlueError> {
    let folder = settings.data_dir.as_deref().unwrap_or(Path::new("."));
    let Some(name) = folder.to_str() else {
        return Ok(folder.to_path_buf());
    };
    let splits = [Split::Validation, Split::Mismatched, Split::Train];
    let files: Vec<String> = splits
        .into_iter()
        .filter_map(|split| task.hub_file(split))
        .collect();
    Ok(hub::folder(Kind::DataSet, name, &files)?)
}

/// So many validation examples, or all if there are fewer: the same whatever the seed of the run,
/// so that the runs of a comparison are judged alike.
fn fixed_subset(rows: Vec<Example>, count: usize) -> Vec<Example> {
    match count < rows.len() {
        true => glue::subset(&rows, count, 0),
        false => rows,
    }
}

/// Sentences of the grammar, which are balanced by themselves.
fn built_in(settings: &Settings) -> Result<Examples, GlueError> {
    let count = match settings.train_size {
        TrainSize::All => TRAINING_SENTENCES,
        TrainSize::Examples(count) if count <= MOST_SENTENCES => count,
        TrainSize::Examples(count) => {
            return Err(GlueError::usage(format!(
                "--train-size is {count}, and the built-in sentences keep their mix of \
                 constructions up to {MOST_SENTENCES}: ask for fewer"
            )));
        }
    };
    let (training, validation) = sentences::splits(count, VALIDATION_SENTENCES, settings.seed);
    let example = |sentence: Sentence| Example {
        first: sentence.text,
        second: None,
        label: Label::Class(sentence.label),
    };
    let examples = |sentences: Vec<_>| sentences.into_iter().map(example).collect();
    Ok(Examples {
        training: examples(training),
        validation: match settings.validation_size {
            Some(count) => fixed_subset(examples(validation), count),
            None => examples(validation),
        },
        ..Examples::default()
    })
}

impl Source {
    /// The model's configuration.
    pub fn config(&self) -> &BertConfig {
        match self {
            Self::Pretrained(checkpoint) => checkpoint.config(),
            Self::Scratch(config) => config,
        }
    }

    /// The model that training begins from, its head drawn from the device's generator. Warnings go
    /// to standard error; what was loaded is said if the training is `alone`.
    ///
    /// # Errors
    ///
    /// If the weights do not fit the model.
    pub fn classifier(
        self,
        settings: &Settings,
        data: &Data,
        device: &Device,
        alone: bool,
    ) -> Result<BertClassifier, GlueError> {
        let dropout = settings.dropout == Switch::On;
        let checkpoint = match self {
            Self::Pretrained(checkpoint) if dropout => *checkpoint,
            Self::Pretrained(checkpoint) => checkpoint.with_dropout(0.0)?,
            Self::Scratch(config) => {
                let config = match dropout {
                    true => config,
                    false => config.with_dropout(0.0),
                };
                return Ok(config.init_classifier(data.outputs, device));
            }
        };
        let config = checkpoint.config().clone();
        let (classifier, report) = checkpoint.classifier(data.outputs, device)?;
        let model = &settings.model;
        let of_tokens = data.tokenizer.warnings(&config);
        pretrained::warn(report.sentences(model).into_iter().chain(of_tokens));
        if alone {
            let unused = match report.unused.is_empty() {
                true => "none".to_string(),
                false => report.unused.join(", "),
            };
            let loaded = report.loaded.len();
            println!("{loaded} tensors loaded from {model}; not used: {unused}");
        }
        Ok(classifier)
    }
}

impl Data {
    /// A number that another token, label or order of any example changes.
    pub fn checksum(&self) -> String {
        let mut checksum = Checksum::new();
        let sets = [&self.training, &self.validation].into_iter();
        for set in sets.chain(&self.mismatched) {
            checksum.add(set.len() as u64);
            set.iter()
                .flat_map(Features::words)
                .for_each(|word| checksum.add(word));
        }
        checksum.in_words()
    }
}
