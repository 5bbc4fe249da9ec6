//! What a bench leaves behind: `bench.json`, with every step, and `bench.md`, with the tables.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::Path;

use burn_sls_run::RunError;
use indicatif::HumanCount;
use serde::Serialize;

use super::args::{arguments, steps};
use super::growth::Growth;
use super::network::ModelSize;
use super::network::{BATCHES, Size};
use super::row::Row;
use super::tables::Cells;
use crate::bench::args::BenchArgs;
use crate::error::LabError;
use crate::processor;
use burn_sls_run::device::DeviceName;
use burn_sls_run::files::write_whole;

/// Everything that a bench has measured, and how.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The command line that measures the same again.
    pub command: String,
    /// The version of the program.
    pub version: &'static str,
    /// The backend.
    pub device: DeviceName,
    /// Operating system and architecture.
    pub system: String,
    /// The processor, with its vectors and cores.
    pub processor: String,
    /// The network.
    pub model: Size,
    /// Examples in a mini-batch.
    pub batch: usize,
    /// Tokens of an example; none for vectors.
    pub tokens: Option<usize>,
    /// Mini-batches that the steps go round in.
    pub batches: usize,
    /// Steps of every method before those that are counted.
    pub warm_up: usize,
    /// Steps of every method that are counted.
    pub steps: usize,
    /// The methods.
    pub methods: Vec<Row>,
    /// The second table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Vec<Growth>>,
}

impl Report {
    /// Before anything is measured.
    pub(super) fn new(args: &BenchArgs, tokens: usize, model: Size) -> Self {
        Self {
            command: format!("sls-lab {}", arguments(args).join(" ")),
            version: env!("CARGO_PKG_VERSION"),
            device: args.device,
            system: format!("{OS}, {ARCH}"),
            processor: processor::description(),
            model,
            batch: args.batch,
            tokens: (args.model != ModelSize::Mlp).then_some(tokens),
            batches: BATCHES,
            warm_up: args.warm_up,
            steps: steps(args),
            methods: Vec::new(),
            growth: None,
        }
    }

    /// What was measured, and on what.
    pub(super) fn conditions(&self) -> Vec<String> {
        let examples = match self.tokens {
            Some(tokens) => format!("{} x {tokens} random tokens", self.batch),
            None => format!("{} random vectors", self.batch),
        };
        vec![
            format!(
                "{}, randomly initialised: {} parameters in {} tensors",
                self.model.name,
                HumanCount(self.model.parameters as u64),
                self.model.tensors
            ),
            format!("mini-batches of {examples}, dropout off, f32"),
            format!(
                "{}, {}, {}",
                self.device.word(),
                self.processor,
                self.system
            ),
            format!(
                "{} steps of every method, a step each in turn, after {} that are not counted",
                self.steps, self.warm_up
            ),
        ]
    }

    /// The tables for a terminal.
    pub(super) fn terminal(&self) -> String {
        let mut text = Cells::of_methods(&self.methods).terminal();
        text += &format!("\n{}", self.notes().join("\n"));
        if let Some(growth) = &self.growth {
            text += &format!("\n\n{GROWTH}\n{}", Cells::of_growth(growth).terminal());
        }
        text
    }

    /// What a reader of the first table needs to know.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![NOTES.to_string()];
        let adam = self.methods.iter().find(|row| row.peak_ratio == Some(1.0));
        if let Some(bytes) = adam.and_then(|row| row.peak_bytes) {
            let mebibytes = HumanCount(bytes >> 20);
            notes.push(format!("Adam alone takes {mebibytes} MiB at most."));
        }
        notes
    }

    fn markdown(&self) -> String {
        let conditions: Vec<String> = self
            .conditions()
            .iter()
            .map(|condition| format!("- {condition}"))
            .collect();
        let mut text = format!(
            "# What a step costs\n\n```sh\n{}\n```\n\n{}\n\n{}\n\n{}\n",
            self.command,
            conditions.join("\n"),
            Cells::of_methods(&self.methods).markdown(),
            self.notes().join(" ")
        );
        if let Some(growth) = &self.growth {
            let table = Cells::of_growth(growth).markdown();
            text += &format!("\n## How it grows\n\n{GROWTH}\n\n{table}\n");
        }
        text
    }

    /// Writes both files.
    ///
    /// # Errors
    ///
    /// If one of them cannot be written.
    pub(super) fn write(&self, out: &Path) -> Result<(), LabError> {
        fs::create_dir_all(out).map_err(|error| RunError::io(out, error))?;
        let path = out.join("bench.json");
        let json = serde_json::to_string_pretty(self);
        let mut json = json.map_err(|error| RunError::file(&path, error))?;
        json.push('\n');
        write_whole(&path, json.as_bytes())?;
        Ok(write_whole(
            &out.join("bench.md"),
            self.markdown().as_bytes(),
        )?)
    }
}

const NOTES: &str = "\
Medians, with quartiles in brackets. Ratios are of the same round. A forward pass counts \
1, a backward pass 2.
An optimizer's own milliseconds are those of a step outside its forward and backward passes.";

const GROWTH: &str = "\
What Burn's Adam and ADAMSLS do outside the passes of an MLP of equal layers, in steps with one \
accepted trial;
with several units PLASLS.";
