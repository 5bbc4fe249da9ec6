//! The commands in the documents: every one is understood by the program that it calls, and those
//! that need no data and seconds are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use burn_sls_lab::cli::Cli as Lab;
use clap::{CommandFactory, Parser};
use glue::arguments::Cli as Glue;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Markdown files of the project, without those that programs make.
fn documents() -> Vec<PathBuf> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|end| end == "md") {
                into.push(path);
            }
        }
    }
    let mut documents = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    collect(&root().join("docs"), &mut documents);
    documents
}

/// The commands of a page's blocks of `sh`, a line each; a backslash at the end of a line goes on
/// with the next.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in text.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let lines = block.replace("\\\n", " ");
        commands.extend(lines.lines().map(|line| {
            let command = line.split(" #").next().unwrap_or_default();
            command.trim().to_string()
        }));
    }
    commands
}

/// Words as a shell has them, as far as the documents need it: quotation marks keep words together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in command.chars() {
        match (letter, quote) {
            (_, Some(mark)) if letter == mark => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            (' ', None) => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            }
            _ => word.push(letter),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The words of a command for a program of the project: its package or example, and its arguments.
/// A variable of the shell stands for a number.
fn called(command: &str) -> Option<(String, Vec<String>)> {
    let words = words(&command.replace("$seed", "1").replace("$name", "table1"));
    let after = |flag: &str| {
        let place = words.iter().position(|word| word == flag)?;
        words.get(place + 1).cloned()
    };
    if words.first().map(String::as_str) != Some("cargo") || words.get(1)? != "run" {
        return None;
    }
    let arguments = words.iter().skip_while(|word| *word != "--").skip(1);
    let arguments = arguments.cloned().collect();
    Some((after("--example").or(after("-p"))?, arguments))
}

#[test]
fn every_command_of_the_documents_is_understood() {
    let mut seen = 0;
    for page in documents() {
        let text = fs::read_to_string(&page).expect("a page");
        for command in commands(&text) {
            let Some((program, arguments)) = called(&command) else {
                continue;
            };
            let line = [vec![program.clone()], arguments].concat();
            let (page, example) = (page.display(), format!("{program}.rs"));
            let examples = root().join("crates/burn-sls-optim/examples");
            match program.as_str() {
                "glue" => Glue::try_parse_from(line).map(drop),
                "burn-sls-lab" => Lab::try_parse_from(line).map(drop),
                _ if examples.join(example).is_file() => Ok(()),
                // It depends on this crate, so that its arguments are not known here.
                "burn-sls-campaign" if ["fuzz", "steps"].contains(&line[1].as_str()) => Ok(()),
                _ => panic!("{page}: no program of `{command}`"),
            }
            .unwrap_or_else(|error| {
                let asks = error.kind() == clap::error::ErrorKind::DisplayHelp;
                assert!(asks, "{page}: `{command}`: {error}");
            });
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} commands");
}

#[test]
fn the_options_that_the_documents_name_are_there() {
    let (glue, lab) = (Glue::command(), Lab::command());
    let commands = glue.get_subcommands().chain(lab.get_subcommands());
    let options: Vec<String> = commands
        .flat_map(|command| command.get_arguments())
        .filter_map(|argument| argument.get_long())
        .map(String::from)
        .collect();
    // What belongs to cargo, git and other programs.
    let others = [
        "release",
        "features",
        "workspace",
        "no-default-features",
        "example",
        "timings",
        "locked",
        "test",
        "dry-run",
        "list",
        "help",
        "nocapture",
        "open",
        "config",
        "help",
        "version",
        "bin",
        "exact",
        "skip",
        "seeds",
        "only",
    ];
    for page in documents() {
        let text = fs::read_to_string(&page).expect("a page");
        for part in text.split("`--").skip(1) {
            let name = part
                .split(|c: char| !c.is_ascii_lowercase() && c != '-')
                .next();
            let name = name.unwrap_or_default();
            let known = name.is_empty()
                || options.iter().any(|option| option == name)
                || others.contains(&name);
            assert!(known, "{}: there is no option `--{name}`", page.display());
        }
    }
}

#[test]
fn what_takes_seconds_runs_as_written() {
    for words in [
        "problems --list",
        "compare quick --plan",
        "bench --steps 2 --warm-up 1 --methods adam,default",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
        let command = command.args(words.split(' ')).current_dir(folder.path());
        let output = command.output().expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {error}");
        assert!(!output.stdout.is_empty(), "{words}");
    }
}
