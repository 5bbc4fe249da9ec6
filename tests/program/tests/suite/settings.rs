//! The settings that a command line comes to.

use burn_sls_bert::UnitSplit;
use burn_sls_optim::Preset;
use clap::{CommandFactory, Parser};
use glue::arguments::{Cli, Command, TrainArgs};
use glue::names::ScheduleName;
use glue::settings::{Settings, base_name};
use glue::words;

fn parse(line: &str) -> TrainArgs {
    let words = ["glue", "train"].into_iter().chain(line.split_whitespace());
    match Cli::parse_from(words).command {
        Some(Command::Train(args)) => *args,
        _ => unreachable!("`train` was given"),
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
        (
            "--optimizer adam --preset reference",
            "sgdsls, adamsls, plasls",
        ),
        ("--units 4", "--units is for --optimizer plasls"),
        ("--optimizer adam --units qkv", "--optimizer plasls"),
        (
            "--merge-below 1e-12",
            "--merge-below is for --optimizer plasls",
        ),
        ("--optimizer plasls --merge-below 0", "--merge-below is 0"),
        ("--optimizer plasls --merge-below=-1", "above 0"),
        ("--optimizer plasls --lr 1e-3", "no meaning"),
        ("--optimizer prodigy --lr 2", "--lr is 2"),
        ("--optimizer schedule-free --units 4", "--optimizer plasls"),
        ("--optimizer prodigy --preset paper", "--preset"),
        (
            "--optimizer adam --schedule cosine",
            "--schedule is for a line search",
        ),
        ("--task sst2", "--data-dir"),
        ("--balanced", "--train-size"),
        ("--task stsb --data-dir x --train-size 9 --balanced", "stsb"),
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
    let conflict = settings.conflict(&parse("--balanced")).unwrap();
    assert_eq!(conflict, "no --balanced (this has it)");
}

#[test]
fn a_number_is_finite() {
    for option in ["--lr=nan", "--merge-below=inf", "--first-step-size=-inf"] {
        let line = ["glue", "train", "--resume", option];
        let error = Cli::try_parse_from(line).expect_err(option).to_string();
        assert!(error.contains("it must be a number"), "{error}");
    }
}

/// One option after the other says something else than the run was made with.
#[test]
fn every_option_that_a_run_was_not_made_with_is_named() {
    let made = "--task rte --data-dir GLUE --model bert --optimizer plasls --units 4 --merge-below \
                1e-3 --preset paper --first-step-size 0.5 --schedule cosine --set c=0.2 --seed 7 \
                --train-size 64 --validation-size 20 --epochs 3 --batch-size 8 --max-length 99 \
                --dropout on --device flex";
    let settings = Settings::new(&parse(made)).unwrap();
    assert_eq!(settings.conflict(&parse(made)), None);
    let mut seen = 0;
    for (option, other, as_made) in [
        ("task", "mrpc", "rte"),
        ("data-dir", "ELSEWHERE", "GLUE"),
        ("model", "tiny", "bert"),
        ("optimizer", "sgdsls", "plasls"),
        ("units", "qkv", "4"),
        ("merge-below", "1e-4", "0.001"),
        ("preset", "default", "paper"),
        ("first-step-size", "0.25", "0.5"),
        ("schedule", "constant", "cosine"),
        ("set", "c=0.3", r#"{"c":0.2}"#),
        ("seed", "8", "7"),
        ("train-size", "all", "64"),
        ("validation-size", "21", "20"),
        ("epochs", "4", "3"),
        ("batch-size", "16", "8"),
        ("max-length", "98", "99"),
        ("dropout", "off", "on"),
        ("device", "ndarray", "flex"),
    ] {
        let conflict = settings.conflict(&parse(&format!("--{option} {other}")));
        let conflict = conflict.expect(option);
        assert!(
            conflict.starts_with(&format!("--{option} {as_made} (this says ")),
            "{conflict}"
        );
        seen += 1;
    }
    let conflict = settings.conflict(&parse("--lr 0.5")).unwrap();
    assert_eq!(conflict, "no --lr (this says 0.5)");
    // Beside these `lr`, `balanced`, `devices`, `patience`, `out` and `resume`, and clap's own.
    let options = Cli::command();
    let train = options.find_subcommand("train").unwrap();
    let named = train
        .get_arguments()
        .filter(|argument| argument.get_long().is_some());
    let mut beside = vec!["lr", "balanced", "devices", "out", "resume"];
    beside.extend(cfg!(feature = "remote").then_some("patience"));
    assert_eq!(
        named.count(),
        seen + beside.len(),
        "an option is not in the list"
    );
}

#[test]
fn every_optimizer_but_a_line_search_has_a_learning_rate() {
    for (line, name, lr) in [
        ("--optimizer adamw", "adamw", Some(2e-5)),
        ("--optimizer prodigy", "prodigy", Some(1.0)),
        ("--optimizer prodigy --lr 0.5", "prodigy", Some(0.5)),
        ("--optimizer schedule-free", "schedule-free", Some(1e-4)),
        ("", "adamsls", None),
    ] {
        let settings = Settings::new(&parse(line)).unwrap();
        assert_eq!(settings.lr, lr, "{line}");
        let json = serde_json::to_value(&settings).unwrap();
        assert_eq!(json["optimizer"], name, "{line}");
        assert_eq!(serde_json::from_value::<Settings>(json).unwrap(), settings);
        assert!(settings.name().contains(name), "{line}");
    }
}

#[test]
fn units_are_one_three_or_more_or_qkv() {
    for word in ["0", "2", "-1", "seven", "QKV", "4.5"] {
        let line = ["glue", "train", &format!("--units={word}")];
        let error = Cli::try_parse_from(line).expect_err(word).to_string();
        assert!(error.contains(word) && error.contains("`qkv`"), "{error}");
    }
}

#[test]
fn plasls_has_the_papers_ten_units_or_as_many_as_the_layers_allow() {
    let fitted = |line: &str, layers: usize| {
        let mut settings = Settings::new(&parse(line)).unwrap();
        let asked = settings.fit_units(layers).map(|split| split.to_string());
        (settings.units.unwrap().to_string(), asked)
    };
    let ten = Some("10".to_string());
    for (line, layers, units, asked) in [
        ("--optimizer plasls", 12, "10", None),
        ("--optimizer plasls", 6, "8", ten.clone()),
        ("--optimizer plasls --units 10", 2, "4", ten),
        ("--optimizer plasls --units 4", 2, "4", None),
        ("--optimizer plasls --units 1", 2, "1", None),
        ("--optimizer plasls --units qkv", 1, "qkv", None),
    ] {
        assert_eq!(fitted(line, layers), (units.into(), asked), "{line}");
    }
    let mut settings = Settings::new(&parse("--optimizer adamsls")).unwrap();
    assert_eq!((settings.fit_units(12), settings.units), (None, None));
}

#[test]
fn a_run_is_resumed_with_the_units_and_the_merging_it_was_made_with() {
    let args = parse("--optimizer plasls --units 4 --merge-below 1e-12 --preset reference");
    let settings = Settings::new(&args).unwrap();
    let json = serde_json::to_string(&settings).unwrap();
    assert!(json.contains(r#""units":4,"merge_below":1e-12"#), "{json}");
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    assert_eq!(settings.conflict(&args), None);
    for (line, conflict) in [
        ("--units qkv", "--units 4 (this says qkv)"),
        ("--merge-below 1e-9", "--merge-below 1e-12 (this says 1e-9)"),
        ("--preset paper", "--preset reference (this says paper)"),
    ] {
        assert_eq!(settings.conflict(&parse(line)).as_deref(), Some(conflict));
    }
    let settings = Settings::new(&parse("")).unwrap();
    let conflict = settings.conflict(&parse("--units 4"));
    assert_eq!(conflict.as_deref(), Some("no --units (this says 4)"));
}

#[test]
fn whatever_the_optimizer_the_preset_is_the_recommended_one() {
    for (line, preset) in [
        ("", Preset::Default),
        ("--preset default", Preset::Default),
        ("--preset paper", Preset::Paper),
        ("--optimizer adamsls", Preset::Default),
        ("--optimizer sgdsls", Preset::Default),
        ("--optimizer adamsls --preset paper", Preset::Paper),
        ("--optimizer plasls --preset default", Preset::Default),
    ] {
        let settings = Settings::new(&parse(line)).unwrap();
        assert_eq!(settings.preset, Some(preset), "{line}");
    }
    let named = Settings::new(&parse("--preset default")).unwrap();
    assert_eq!(Settings::new(&parse("")).unwrap(), named);
}

#[test]
fn the_preset_that_needs_a_schedule_comes_with_a_cosine_and_the_others_do_not() {
    for (line, schedule) in [
        ("", ScheduleName::Constant),
        ("--preset amortized", ScheduleName::Cosine),
        (
            "--optimizer plasls --preset amortized",
            ScheduleName::Cosine,
        ),
        (
            "--preset amortized --schedule constant",
            ScheduleName::Constant,
        ),
        ("--optimizer adamsls", ScheduleName::Constant),
        ("--preset salsa --schedule cosine", ScheduleName::Cosine),
        ("--optimizer adam", ScheduleName::Constant),
    ] {
        let settings = Settings::new(&parse(line)).unwrap();
        assert_eq!(settings.schedule, schedule, "{line}");
        let json = serde_json::to_value(&settings).unwrap();
        // As runs were written down before there was a choice.
        let constant = schedule == ScheduleName::Constant;
        assert_eq!(json.get("schedule").is_none(), constant, "{line}");
        assert_eq!(serde_json::from_value::<Settings>(json).unwrap(), settings);
    }
    let settings = Settings::new(&parse("--preset amortized")).unwrap();
    let conflict = settings.conflict(&parse("--schedule constant"));
    assert_eq!(
        conflict.as_deref(),
        Some("--schedule cosine (this says constant)")
    );
}

#[test]
fn the_first_step_size_is_the_presets_the_models_or_the_users() {
    for (line, expected) in [
        ("", None),
        ("--model bert", None),
        ("--model bert --first-step-size 1e-5", Some(1e-5)),
        ("--optimizer adamsls", None),
        ("--optimizer adamsls --preset paper", Some(0.1)),
        ("--model bert --preset paper", Some(4e-5)),
        ("--model bert --optimizer plasls --preset paper", Some(4e-5)),
        ("--model bert --optimizer sgdsls --preset paper", Some(1.0)),
        ("--model bert --optimizer sgdsls --preset default", None),
        ("--model bert --preset amortized", None),
        ("--model bert --preset reference", Some(0.1)),
        (
            "--model bert --preset reference --optimizer sgdsls",
            Some(0.1),
        ),
        ("--preset salsa", Some(1.0)),
        ("--preset reference --first-step-size 0.02", Some(0.02)),
        ("--optimizer adam", None),
    ] {
        let settings = Settings::new(&parse(line)).unwrap();
        assert_eq!(settings.first_step_size, expected, "{line}");
    }
}

#[test]
fn a_model_is_known_by_its_folder_and_one_that_a_run_left_behind_by_the_run() {
    for (path, name) in [
        ("tiny", "tiny"),
        ("/models/minilm", "minilm"),
        ("models/minilm/", "minilm"),
        ("org/bert", "bert"),
        ("runs/first/model", "first/model"),
        ("first/model/", "first/model"),
        ("model", "model"),
        ("/model", "model"),
    ] {
        assert_eq!(base_name(path), name, "{path}");
    }
}

#[test]
fn a_split_that_does_not_fit_says_why() {
    assert_eq!(words::units(UnitSplit::WHOLE, 2), "1 unit");
    assert_eq!(words::units(UnitSplit::QUERY_KEY_VALUE, 2), "4 units");
    assert_eq!(
        words::units(UnitSplit::default(), 2),
        "4 units, since 2 layers are too few for 10"
    );
}
