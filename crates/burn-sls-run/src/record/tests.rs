use serde_json::json;

use super::*;

/// The settings of a program, for these tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    seed: u64,
}

#[test]
fn a_merge_of_units_that_are_not_there_is_passed_over() {
    let steps: Vec<StepLine> = STEPS_OF_FORMAT_1
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut damaged = steps[..3].to_vec();
    damaged[1].merged = Some(vec![vec![0], vec![7]]);
    let sizes = unit_sizes(&damaged, 2);
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|column| column.len() == 3));
}

#[test]
fn results_that_are_not_finite_are_null_in_the_file_and_can_be_read() {
    let result = EpochResult {
        epoch: 1,
        train_loss: f64::NAN,
        train_loss_running: f64::INFINITY,
        metrics: Map::from_iter([("pearson".to_string(), json!(f64::NAN))]),
        seconds_train: 1.0,
        seconds_eval: 1.0,
        forwards: 1,
        backwards: 1,
        steps: None,
    };
    let value = serde_json::to_value(&result).unwrap();
    for name in ["train_loss", "train_loss_running"] {
        assert_eq!(value[name], Value::Null);
    }
    assert_eq!(value["metrics"]["pearson"], Value::Null);
    let read: EpochResult = serde_json::from_str(&value.to_string()).unwrap();
    assert!(read.train_loss.is_nan() && read.train_loss_running.is_nan());
    assert!(read.metric("pearson").is_nan());
    assert_eq!(serde_json::to_value(&read).unwrap(), value);
}

/// A run as the first numbered version has written it. These files stay as they are: whatever comes
/// later has to read them.
const RUN_OF_FORMAT_1: &str = include_str!("format-1/run.json");
const STEPS_OF_FORMAT_1: &str = include_str!("format-1/steps.jsonl");

#[test]
fn a_run_of_the_first_format_is_read_and_written_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(RUN), RUN_OF_FORMAT_1).unwrap();
    fs::write(folder.path().join(STEPS), STEPS_OF_FORMAT_1).unwrap();
    let run: RunFile<Settings> = read_run(folder.path()).unwrap();
    assert_eq!((run.format, run.settings.seed), (1, 7));
    assert_eq!(run.unit_names, ["embeddings", "head"]);
    assert_eq!(run.metric("accuracy").collect::<Vec<_>>(), [0.5, 0.75]);
    assert_eq!(run.last.as_ref(), run.results.last());
    let steps = read_steps(folder.path()).unwrap();
    let outcomes: Vec<StepOutcome> = steps.iter().map(|step| step.outcome).collect();
    use burn_sls_optim::Outcome::{Accepted, ExhaustedMoved, SkippedNonFiniteLoss};
    assert_eq!(
        outcomes[..3],
        [
            StepOutcome::Search(Accepted),
            StepOutcome::Search(ExhaustedMoved),
            StepOutcome::Search(SkippedNonFiniteLoss),
        ]
    );
    assert_eq!(outcomes[3], StepOutcome::STEP);
    assert_eq!(steps[0].polyak * steps[0].lr, steps[0].factor);
    assert!(steps[1].capped && steps[1].merged.is_some());

    write_run(folder.path(), &run).unwrap();
    let again = fs::read_to_string(folder.path().join(RUN)).unwrap();
    assert_eq!(again, RUN_OF_FORMAT_1);
    let lines: String = steps.iter().map(StepLine::to_line).collect();
    assert_eq!(lines, STEPS_OF_FORMAT_1);
}

#[test]
fn a_step_of_before_there_were_formats_is_read() {
    let line = r#"{"step":1,"epoch":1,"loss":0.5,"searched":1,"slope":0.25,"trials":[],
                   "outcome":"accepted","step_sizes":[0.5],"forwards":2,"seconds":0.75}"#;
    let step: StepLine = serde_json::from_str(line).unwrap();
    assert_eq!(step.searched, Some(burn_sls_optim::Searched::Unit(1)));
    assert_eq!((step.factor, step.backwards, step.along), (1.0, 1, None));
}

#[test]
fn a_run_of_a_later_format_is_refused_and_a_damaged_one_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: &str| {
        fs::write(folder.path().join(RUN), text).unwrap();
        read_run::<Settings>(folder.path()).unwrap_err().to_string()
    };
    let later = RUN_OF_FORMAT_1.replace("\"format\": 1", "\"format\": 2");
    assert!(refused(&later).contains("its format is 2"));
    assert!(refused("{").contains("run.json: "));
    let changed = STEPS_OF_FORMAT_1.replacen("accepted", "excepted", 1);
    fs::write(folder.path().join(STEPS), changed).unwrap();
    let error = read_steps(folder.path()).unwrap_err().to_string();
    assert!(error.contains("steps.jsonl: line 1: "), "{error}");
    assert!(
        error.contains("`excepted`") && error.contains("`accepted`"),
        "{error}"
    );
}
