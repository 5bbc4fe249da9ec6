use std::fs;

use super::*;

/// An experiment with a line replaced.
fn changed(line: &str, by: &str) -> String {
    const TEXT: &str = r#"
title = "A test"
tasks = ["sentences"]
train_sizes = [64, "all"]
batch_sizes = [8, 16]
epochs = 2
seeds = [1, 2]
selection_seeds = [11]

[[methods]]
name = "ADAMSLS"
optimizer = "adamsls"

[[methods]]
name = "PLASLS"
optimizer = "plasls"
units = "qkv"
merge_below = 1e-12

[[methods]]
name = "ADAM"
optimizer = "adam"
lr = [1e-4, 1e-3]
"#;
    assert!(TEXT.contains(line), "{line}");
    TEXT.replacen(line, by, 1)
}

#[test]
fn an_experiment_comes_back_from_its_file() {
    let experiment = Experiment::parse(&changed("", "")).unwrap();
    assert_eq!(
        Experiment::parse(&experiment.to_toml()),
        Ok(experiment.clone())
    );
    let cells: Vec<String> = experiment.cells().iter().map(Cell::name).collect();
    assert_eq!(
        cells,
        [
            "sentences, 64 examples, batch 8",
            "sentences, 64 examples, batch 16",
            "sentences, all examples, batch 8",
            "sentences, all examples, batch 16",
        ]
    );
}

#[test]
fn a_mistake_in_an_experiment_is_named_with_its_line() {
    for (line, by, words) in [
        ("seeds = [1, 2]", "seeds = []", "`seeds` is empty"),
        ("epochs = 2", "epochs = 0", "`epochs` must be at least 1"),
        ("epochs = 2", "epoch = 2", "line 6: unknown field `epoch`"),
        ("epochs = 2", "epochs = \"two\"", "line 6: invalid type"),
        ("title = \"A test\"", "title = \"A test", "line 2: "),
        ("[64, \"all\"]", "[64, \"most\"]", "line 4: "),
        ("[64, \"all\"]", "[0]", "`train_sizes` must be at least 1"),
        (
            "\"PLASLS\"",
            "\"ADAMSLS\"",
            "two methods are named `ADAMSLS`",
        ),
        ("\"plasls\"", "\"lion\"", "line 16: unknown variant `lion`"),
        (
            "units = \"qkv\"",
            "units = 2",
            "there is no split into 2 units",
        ),
        ("[1e-4, 1e-3]", "[]", "no `lr` to choose from"),
        ("selection_seeds = [11]", "", "no `selection_seeds`"),
        (
            "selection_seeds = [11]",
            "selection_seeds = [2]",
            "seed 2 is among",
        ),
    ] {
        let error = Experiment::parse(&changed(line, by)).expect_err(by);
        assert!(error.contains(words), "{by}: {error}");
    }
}

#[test]
fn options_that_contradict_each_other_are_refused_with_the_methods_name() {
    let text = changed("merge_below = 1e-12", "merge_below = 1e-12\nlr = 0.1");
    let experiment = Experiment::parse(&text).unwrap();
    let shape = Shape::of(TINY).unwrap();
    let cell = &experiment.cells()[0];
    let error = experiment.run(shape, cell, &experiment.methods[1], Some(0.1), 1);
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("method `PLASLS`, sentences: --lr"),
        "{error}"
    );
}

#[test]
fn a_recorded_experiment_may_have_names_of_before_and_a_new_one_may_not() {
    let with = |set: &str| {
        let line = format!("optimizer = \"adamsls\"\npreset = \"amortized\"\nset = {set}");
        changed("optimizer = \"adamsls\"", &line)
    };
    let now = with(r#"{ extrapolation = "none", hypergradient = "none", along = "gradient" }"#);
    let before = with(r#"{ extrapolate = "none", tested = "search" }"#);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.toml");
    fs::write(&file, &now).unwrap();
    let parsed = Experiment::parse(&now).unwrap();
    let now = Experiment::recorded(&file).unwrap();
    assert_eq!(now.methods[0].set, parsed.methods[0].set);
    // Where a file of before names no preset, that was the paper's.
    assert_eq!(now.methods[1].preset, Some(Preset::Paper));
    fs::write(&file, &before).unwrap();
    assert_eq!(Experiment::recorded(&file).unwrap(), now);

    let shape = Shape::of(TINY).unwrap();
    let run = |experiment: &Experiment| {
        let cell = &experiment.cells()[0];
        experiment.run(shape, cell, &experiment.methods[0], None, 1)
    };
    run(&now).unwrap();
    let error = run(&Experiment::read(&file).unwrap()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("`extrapolate` is now"), "{error}");
}

#[test]
fn ready_made_experiments_can_be_opened_and_those_on_sentences_need_nothing() {
    for name in READY {
        let (opened, experiment) = Experiment::open(name).unwrap();
        experiment.check().unwrap();
        assert_eq!(opened, name);
        let shape = Shape::of(TINY).unwrap();
        // Data and model of the others are the user's.
        let built_in = experiment.tasks.iter().all(|task| task == SENTENCES);
        assert_eq!(
            built_in,
            ["quick", "units", "merging", "batches"].contains(&name)
        );
        let experiment = match built_in {
            true => experiment,
            false => {
                assert!(experiment.model().is_err());
                Experiment {
                    data_dir: Some("GLUE".into()),
                    model: Some("BERT".into()),
                    ..experiment
                }
            }
        };
        for method in &experiment.methods {
            let cell = &experiment.cells()[0];
            experiment.run(shape, cell, method, None, 1).unwrap();
        }
    }
    let error = Experiment::open("table9").unwrap_err().to_string();
    assert!(
        error.contains("`table9`") && error.contains("quick, table1"),
        "{error}"
    );
}
