use burn_sls_optim::{Outcome, SearchAlong, Searched};
use burn_sls_run::record::{StepLine, StepOutcome};
use serde_json::{Map, json};

use super::*;

/// A step of a line search whose third loss is not finite.
pub(crate) fn line(step: u64, step_sizes: &[f64], merged: Option<Vec<Vec<usize>>>) -> StepLine {
    StepLine {
        step,
        epoch: 1 + step as usize / 2,
        loss: (step < 3).then_some(2.0 / 3.0),
        searched: Some(Searched::All),
        along: Some(SearchAlong::Gradient),
        slope: Some(1.0),
        trials: vec![(0.1, Some(0.5))],
        outcome: StepOutcome::Search(Outcome::Accepted),
        step_sizes: step_sizes.to_vec(),
        factor: 1.0,
        lr: 1.0,
        plateau: 1.0,
        polyak: 1.0,
        warm_up: 1.0,
        capped: false,
        restarted: false,
        below_bound: false,
        merged,
        forwards: 2,
        backwards: 1,
        reads: 2,
        seconds: 0.3,
    }
}

/// A run of two epochs that diverged, with two units of which one was merged into the other.
pub(crate) fn run() -> Run {
    let settings = json!({
        "task": "sst2", "data_dir": "/data", "model": "/models/minilm", "optimizer": "plasls",
        "units": null, "merge_below": 1e-12, "preset": "paper", "first_step_size": 4e-5,
        "set": {"c": 1.0, "extrapolation": null}, "lr": null, "seed": 1, "train_size": 64,
        "epochs": 2, "batch_size": 32, "max_length": 256, "dropout": "off", "device": "flex",
        "dtype": "f32",
    });
    let epoch = |epoch: usize, loss: f64| EpochResult {
        epoch,
        train_loss: loss,
        train_loss_running: 2.0 / 3.0,
        metrics: Map::from_iter([("accuracy".to_string(), json!(loss))]),
        seconds_train: 0.6,
        seconds_eval: 0.5,
        forwards: 4,
        backwards: 2,
        steps: None,
    };
    let lines = [
        line(0, &[4e-5, 1e-13], None),
        line(1, &[4.1e-5], Some(vec![vec![0, 1]])),
        line(2, &[4.1e-5], None),
        line(3, &[4.2e-5], None),
    ];
    let unit_names = ["encoder", "head"].map(str::to_string).to_vec();
    let results = vec![epoch(1, 0.7), epoch(2, f64::NAN)];
    Run {
        steps: Steps::new(&lines, &unit_names).rounded(),
        file: RunFile {
            format: RUN_FORMAT,
            settings: serde_json::from_value(settings).unwrap(),
            unit_names,
            training_examples: 64,
            validation_examples: 500,
            mismatched_examples: None,
            data_checksum: None,
            last: results.last().cloned(),
            results,
        },
    }
}

#[test]
fn runs_come_back_to_the_last_digit_and_without_where_their_data_lay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(RESULTS);
    assert!(read_results(&path).unwrap().is_empty());
    let run = run();
    write_results(&path, &[run.clone(), run.clone()]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("/data") && !text.contains("/models"),
        "{text}"
    );
    for line in [
        r#"  "outcome": [["accepted",4]],"#,
        r#"  "loss": [[0.66667,3],null],"#,
        r#"  "encoder": [4e-5,4.1e-5,4.1e-5,4.2e-5],"#,
        r#"  "head": [1e-13,4.1e-5,null,null]"#,
        r#"  "train_loss": [0.7,null],"#,
    ] {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }

    let read = read_results(&path).unwrap();
    assert_eq!(read.len(), 2);
    let (there, back) = (&run.file, &read[1].file);
    assert_eq!(back.settings, there.settings.portable());
    assert_eq!(read[1].steps, run.steps);
    // NaN is not equal to itself, and null in JSON.
    let json = |results: &[EpochResult]| serde_json::to_value(results).unwrap();
    let mut there_rounded = there.results.clone();
    for epoch in &mut there_rounded {
        epoch.train_loss_running = 0.66667;
    }
    assert_eq!(json(&back.results), json(&there_rounded));
    assert!(back.last.as_ref().unwrap().train_loss.is_nan());
    assert_eq!(back.unit_names, there.unit_names);

    write_results(&path, &read).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_that_is_damaged_or_of_another_format_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(RESULTS);
    write_results(&path, &[run()]).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        read_results(&path).unwrap_err().to_string()
    };
    for (text, words) in [
        (whole[..whole.len() / 2].to_string(), "EOF"),
        (
            whole.replace("4e-5,4.1e-5", "4e-5"),
            "run 1: `encoder` has 3",
        ),
        (
            whole.replace("\"train_loss\": [0.7,null]", "\"train_loss\": [0.7]"),
            "run 1: `accuracy` has 2",
        ),
        (
            whole.replace("\"loss\"", "\"lost\""),
            "missing field `loss`",
        ),
        ("[{\"cells\": []}]".to_string(), "no file of results"),
    ] {
        let error = refused(&text);
        assert!(error.contains(words), "{error}");
        assert!(
            error.contains("delete it: `sls-lab report` then writes it"),
            "{error}"
        );
    }
    let newer = refused(&whole.replace("\"format\": 1", "\"format\": 2"));
    assert!(
        newer.contains("its format is 2") && newer.contains("use the version"),
        "{newer}"
    );
}
