//! The folder in Hugging Face's layout that a run leaves behind.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use burn_sls_bert::glue::{Split, Task, collate, encode, read_split};
use burn_sls_bert::{BertClassifier, BertConfig, Checkpoint, Tokenizer};

use super::{fixtures, train};

/// Outputs of a model for the validation rows of a task.
fn outputs(model: &BertClassifier, tokenizer: &Tokenizer, task: Task) -> Vec<f32> {
    let rows = read_split(fixtures::folder(), task, Split::Validation).expect("rows");
    let features = encode(&rows.examples, tokenizer, 64).expect("tokens");
    let batch = collate(&features, tokenizer.pad_id(), &Device::flex());
    let outputs = model.forward(&batch.input).into_data();
    outputs.iter::<f32>().collect()
}

/// What a run on the fixtures says.
fn run(out: &Path, options: &str) -> String {
    let (data, out) = (fixtures::folder(), out.display().to_string());
    let data = data.display().to_string();
    let mut words: Vec<&str> = options.split(' ').collect();
    words.extend(["--data-dir", &data, "--out", &out]);
    let output = train(&words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_run_leaves_a_folder_that_is_read_back_and_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let labels: [(Task, &[&str]); 2] = [
        (Task::Mrpc, &["not_equivalent", "equivalent"]),
        (Task::Stsb, &["LABEL_0"]),
    ];
    for (task, labels) in labels {
        let out = folder.path().join(task.name());
        let said = run(&out, &format!("--epochs 1 --task {task}"));
        let saved = out.join("model");
        assert!(said.contains(&saved.display().to_string()), "{said}");

        let checkpoint = Checkpoint::open(&saved).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(checkpoint.labels().unwrap().unwrap(), labels);
        let tokenizer = Tokenizer::from_file(saved.join("tokenizer.json")).expect("a tokenizer");
        let config = BertConfig::tiny(tokenizer.vocab_size());
        // With the dropout of the configuration, though this run had none.
        assert_eq!(*checkpoint.config(), config);
        let device = Device::flex();
        let (read, _) = checkpoint.trained_classifier(&device).expect("it loads");
        let of_burn = config.init_classifier(task.outputs(), &device);
        let of_burn = of_burn.load_file(out.join("model.bpk"));
        let read = outputs(&read, &tokenizer, task);
        assert_eq!(read, outputs(&of_burn, &tokenizer, task));
        assert!(read.iter().any(|&output| output != 0.0));
    }

    // A head for other classes: that of the folder is left aside.
    let model = folder.path().join("mrpc/model").display().to_string();
    let out = folder.path().join("mnli");
    let said = run(&out, &format!("--epochs 1 --task mnli --model {model}"));
    let loaded =
        format!("37 tensors loaded from {model}; not used: classifier.bias, classifier.weight");
    assert!(said.contains(&loaded), "{said}");
    let checkpoint = Checkpoint::open(out.join("model")).expect("a model");
    let labels = ["entailment", "neutral", "contradiction"];
    assert_eq!(checkpoint.labels().unwrap().unwrap(), labels);
}

#[test]
fn a_run_that_diverged_leaves_no_folder_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let said = run(
        &out,
        "--epochs 2 --task stsb --optimizer sgd --lr 1 --batch-size 8",
    );
    assert!(said.contains("no folder for Hugging Face's code"), "{said}");
    assert!(said.contains("is NaN or infinite"), "{said}");
    assert!(!out.join("model").exists() && out.join("model.bpk").exists());
}
