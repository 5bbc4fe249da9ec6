//! The options of `sls-lab bench`.

use std::path::PathBuf;

use burn_sls_run::device::DeviceName;
use clap::{Args, ValueEnum};

use super::method::MethodName;
use super::network::ModelSize;

/// The options of `sls-lab bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Size of the model, whose weights are random
    #[arg(long, value_enum, default_value = "mlp")]
    pub model: ModelSize,
    /// Methods, separated by commas; adam is always among them, since all are compared with it
    /// [default: all]
    #[arg(long, value_enum, value_name = "NAME,...", value_delimiter = ',')]
    pub methods: Vec<MethodName>,
    /// Examples in a mini-batch
    #[arg(long, value_name = "N", default_value = "32", value_parser = at_least_one)]
    pub batch: usize,
    /// Tokens of an example, for a BERT [default: 64]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub tokens: Option<usize>,
    /// Steps of every method that are counted [default: mlp 100, minilm 20, bert-base 10, bert-large 6]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub steps: Option<usize>,
    /// Steps of every method before those
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one)]
    pub warm_up: usize,
    /// Backend
    #[arg(long, value_enum, default_value = "flex")]
    pub device: DeviceName,
    /// Make a second table: how what a line search adds grows with units, tensors and parameters
    #[arg(long)]
    pub growth: bool,
    /// Folder for bench.json and bench.md
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Make a few steps of one method and print the most memory they took, for a process of its own
    #[arg(long, value_enum, hide = true)]
    pub alone: Option<MethodName>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_string()),
    }
}

/// The tokens of an example, if nothing else is said.
pub(super) const TOKENS: usize = 64;

/// The steps that are counted.
pub(super) fn steps(args: &BenchArgs) -> usize {
    args.steps.unwrap_or(match args.model {
        ModelSize::Mlp => 100,
        ModelSize::Minilm => 20,
        ModelSize::BertBase => 10,
        ModelSize::BertLarge => 6,
    })
}

/// The command line that measures the same, without where its files go.
pub(super) fn arguments(args: &BenchArgs) -> Vec<String> {
    let word = |value: Option<clap::builder::PossibleValue>| {
        let value = value.expect("no value is skipped");
        value.get_name().to_string()
    };
    let mut words = vec!["bench".to_string()];
    let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    option("model", word(args.model.to_possible_value()));
    if !args.methods.is_empty() {
        let methods = MethodName::chosen(&args.methods);
        let methods: Vec<String> = methods.into_iter().map(MethodName::word).collect();
        option("methods", methods.join(","));
    }
    option("batch", args.batch.to_string());
    if args.model != ModelSize::Mlp {
        option("tokens", args.tokens.unwrap_or(TOKENS).to_string());
    }
    option("steps", steps(args).to_string());
    option("warm-up", args.warm_up.to_string());
    option("device", word(args.device.to_possible_value()));
    if args.growth {
        words.push("--growth".to_string());
    }
    words
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: BenchArgs,
    }

    fn parsed(line: &str) -> BenchArgs {
        let words = ["sls-lab"].into_iter().chain(line.split_whitespace());
        Line::parse_from(words).args
    }

    #[test]
    fn the_command_line_is_whole_and_names_no_folder() {
        let line = |args: &str| arguments(&parsed(args)).join(" ");
        assert_eq!(
            line("--out /somewhere"),
            "bench --model mlp --batch 32 --steps 100 --warm-up 3 --device flex"
        );
        let whole = "bench --model bert-base --methods adam,plasls --batch 4 --tokens 16 --steps 2 \
                     --warm-up 1 --device flex --growth";
        assert_eq!(
            line(
                "--growth --model bert-base --methods plasls --batch 4 --tokens 16 --steps 2 \
                 --warm-up 1"
            ),
            whole
        );
        assert_eq!(line(whole.trim_start_matches("bench ")), whole);
    }
}
