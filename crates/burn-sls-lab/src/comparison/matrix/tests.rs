use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use burn_sls_run::record::RUN;

const EXPERIMENT: &str = r#"
title = "A test"
tasks = ["sentences"]
train_sizes = [64]
epochs = 1
seeds = [1, 2]
selection_seeds = [11, 12]

[[methods]]
name = "ADAM"
optimizer = "adam"
lr = 1e-3

[[methods]]
name = "ADAM, tuned"
optimizer = "adam"
lr = [1e-4, 1e-3, 1e-2]
"#;

/// Writes a finished run, with a metric and a loss.
fn finish(runs: &Path, name: &str, settings: &Settings, metric: Value, loss: Value) {
    let result = json!({
        "epoch": 1, "train_loss": loss, "train_loss_running": 0.5, "metrics": {"accuracy": metric},
        "seconds_train": 1.0, "seconds_eval": 0.5, "forwards": 4, "backwards": 2,
    });
    let mut run = serde_json::to_value(settings).unwrap();
    let parts = json!({
        "training_examples": 64, "validation_examples": 500, "per_epoch": [result], "final": result,
    });
    let (run_map, parts) = (run.as_object_mut().unwrap(), parts.as_object().unwrap());
    run_map.extend(parts.clone());
    fs::create_dir_all(runs.join(name)).unwrap();
    fs::write(runs.join(name).join(RUN), run.to_string()).unwrap();
}

#[test]
fn the_best_learning_rate_on_the_selection_seeds_is_reported_and_computed_once() {
    let experiment = Experiment::parse(EXPERIMENT).unwrap();
    let matrix = Matrix::new(&experiment).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let empty = Store::open(dir.path()).unwrap();
    let selection = matrix.planned(Purpose::Selection, &empty).unwrap();
    assert_eq!(selection.len(), 6);
    assert_eq!(
        matrix.counts(&empty),
        (6 + 4, vec![matrix.cells()[0].name(); 4])
    );
    assert_eq!(matrix.report_names().len(), 4);
    // The method with a fixed rate need not wait for the other.
    assert!(!matrix.decided(&empty));
    let ready = matrix.planned(Purpose::Report, &empty).unwrap();
    assert!(ready.iter().all(|run| run.settings.lr == Some(1e-3)));
    assert_eq!(ready.len(), 2);
    let error = matrix.choose(&matrix.cells()[0], &experiment.methods[1], &empty);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("cannot be chosen"), "{error}");

    // Equal accuracies of 1e-4 and 1e-3 are decided by the loss; 1e-2 has diverged on one seed.
    let values = |rate: f64, seed: u64| match (rate, seed) {
        (1e-4, 11) => (json!(0.5), json!(0.7)),
        (1e-4, _) => (json!(0.75), json!(0.6)),
        (1e-3, _) => (json!(0.625), json!(0.6)),
        (_, 11) => (json!(1.0), json!(0.01)),
        _ => (json!(1.0), Value::Null),
    };
    let runs = dir.path().join("runs");
    for run in &selection {
        let (metric, loss) = values(run.settings.lr.unwrap(), run.settings.seed);
        finish(&runs, &run.name, &run.settings, metric, loss);
    }
    let store = Store::open(dir.path()).unwrap();
    assert!(matrix.decided(&store));
    let report = matrix.planned(Purpose::Report, &store).unwrap();
    let rates: Vec<f64> = report.iter().map(|run| run.settings.lr.unwrap()).collect();
    assert_eq!(rates, [1e-3; 4]);
    let chosen = matrix.choose(&matrix.cells()[0], &experiment.methods[1], &store);
    assert_eq!(chosen.unwrap().candidates[1], (1e-3, 0.625, 0.6));

    // The fixed rate is the chosen one: two settings for four runs.
    assert_eq!(report[0].settings, report[1].settings);
    finish(
        &runs,
        "elsewhere",
        &report[0].settings,
        json!(0.9),
        json!(0.1),
    );
    let store = Store::open(dir.path()).unwrap();
    for method in &experiment.methods {
        let finished = matrix.finished(&matrix.cells()[0], method, &store);
        assert_eq!(finished.len(), 1, "{}", method.name);
    }
    assert_eq!(
        matrix.counts(&store),
        (6 + 4, vec![matrix.cells()[0].name(); 2])
    );
}
