//! Tasks of GLUE, on which a pre-trained BERT is fine-tuned: those of Table I of the paper, in the
//! sizes of this project's reproduction of it (`sls-lab compare table1`).

use glue::arguments::TrainArgs;
use glue::data;
use glue::names::TrainSize;
use glue::pretrained;
use glue::settings::{Settings, TINY};

use crate::suite::family::{Family, MadeFromFiles, Make};
use crate::suite::files::{Files, FilesError};
use crate::suite::problem::Plan;
use crate::suite::variant::Variant;

use super::bert::Classification;

/// Four tasks.
pub fn families() -> Vec<Family> {
    let family = |name, doc, make| Family {
        name,
        group: "glue",
        doc,
        varies: false,
        make: Make::Pretrained(make),
    };
    vec![
        family(
            "glue-sst2",
            "500 examples of SST-2, a pre-trained BERT; needs --data-dir and --model",
            |v, files| task("sst2", v, files),
        ),
        family(
            "glue-mrpc",
            "500 examples of MRPC, a pre-trained BERT; needs --data-dir and --model",
            |v, files| task("mrpc", v, files),
        ),
        family(
            "glue-qnli",
            "500 examples of QNLI, a pre-trained BERT; needs --data-dir and --model",
            |v, files| task("qnli", v, files),
        ),
        family(
            "glue-mnli",
            "500 examples of MNLI, a pre-trained BERT; needs --data-dir and --model",
            |v, files| task("mnli", v, files),
        ),
    ]
}

/// Training examples, which the seed draws.
const TRAINING: usize = 500;
/// Validation examples, the same for every seed; all, if there are fewer.
const VALIDATION: usize = 500;
/// Examples in a mini-batch.
const BATCH: usize = 32;
/// Passes over the training examples.
const EPOCHS: usize = 5;
/// Training examples that are measured, and how often: a measurement costs as much as some steps.
const MEASURED: usize = 250;
const EVALUATIONS: usize = 10;

fn task(name: &str, variant: &Variant, files: &Files) -> MadeFromFiles {
    if !files.given() || files.model.as_deref() == Some(TINY) {
        return Err(FilesError::Missing(format!("glue-{name}")));
    }
    let problem = fine_tuning(name, variant, files)?;
    Ok(Box::new(problem))
}

/// A task by the name that `glue train` has for it. Dropout is off.
pub(super) fn fine_tuning(
    task: &str,
    variant: &Variant,
    files: &Files,
) -> Result<Classification, FilesError> {
    let mut settings = Settings::new(&TrainArgs {
        task: Some(task.to_string()),
        data_dir: files.data_dir.clone(),
        model: files.model.clone(),
        seed: Some(variant.seed),
        train_size: Some(TrainSize::Examples(TRAINING)),
        validation_size: Some(VALIDATION),
        epochs: Some(EPOCHS),
        batch_size: Some(BATCH),
        ..TrainArgs::default()
    })?;
    let (data, _) = data::load(&mut settings, false)?;
    let steps = EPOCHS * data.training.len().div_ceil(BATCH);
    let plan = Plan::new(steps, BATCH).with_evaluations(EVALUATIONS);
    let (outputs, model) = (data.outputs, settings.model);
    let build = move |device: &_| {
        let opened = pretrained::open(&model).and_then(|(checkpoint, _)| {
            let checkpoint = checkpoint.with_dropout(0.0)?;
            Ok(checkpoint.classifier(outputs, device)?)
        });
        opened.expect("a model that could be read before").0
    };
    Ok(Classification::new(
        variant.seed,
        plan,
        data,
        MEASURED,
        build,
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use burn::tensor::Device;
    use burn_sls_bert::sentences::{Sentence, generate};
    use burn_sls_bert::{BertConfig, Export, Tokenizer};

    use super::super::tests::check;
    use super::*;
    use crate::suite::problem::Problem;

    /// Made sentences as rows of SST-2, and a small BERT that has learned nothing.
    fn files(folder: &Path) -> Files {
        let sentences = generate(560, 1);
        let (training, validation) = sentences.split_at(520);
        let write = |name: &str, rows: &[Sentence]| {
            let row = |row: &Sentence| format!("{}\t{}\n", row.text, row.label);
            let rows: String = rows.iter().map(row).collect();
            fs::write(folder.join(name), format!("sentence\tlabel\n{rows}")).expect("written");
        };
        fs::create_dir(folder.join("SST-2")).expect("a folder");
        write("SST-2/train.tsv", training);
        write("SST-2/dev.tsv", validation);
        let texts = sentences.iter().map(|sentence| sentence.text.as_str());
        let tokenizer = Tokenizer::word_level(texts, 1000).expect("a tokenizer");
        let config = BertConfig::tiny(tokenizer.vocab_size());
        let model = config.init_classifier(2, &Device::flex());
        let export = Export::new(&config).with_tokenizer(&tokenizer);
        let bert = folder.join("bert");
        export.classifier(&model, &bert).expect("written");
        Files {
            data_dir: Some(folder.to_path_buf()),
            model: bert.to_str().map(String::from),
        }
    }

    #[test]
    fn a_task_is_the_same_twice_and_has_a_gradient() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path());
        let problem = fine_tuning("sst2", &Variant::nominal(3), &files).expect("a problem");
        let plan = Problem::plan(&problem);
        assert_eq!((plan.steps, plan.batch), (80, 32));
        // The last mini-batch of an epoch has what is left of it.
        let size = |step| {
            let batch = problem.batch(step, &Device::flex());
            batch.input.input_ids.dims()[0]
        };
        assert_eq!([15, 16, 79].map(size), [20, 32, 20]);
        check("glue-sst2", &problem);
    }

    #[test]
    fn without_a_pretrained_model_there_is_no_problem() {
        let tiny = Files {
            data_dir: Some("glue".into()),
            model: Some(TINY.to_string()),
        };
        for files in [Files::default(), tiny] {
            let made = task("qnli", &Variant::nominal(1), &files);
            assert!(matches!(made, Err(FilesError::Missing(name)) if name == "glue-qnli"));
        }
    }
}
