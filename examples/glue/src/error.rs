//! What ends the program early, and with which exit code.

use std::path::Path;

use burn_sls_bert::BertError;
use burn_sls_run::hub::HubError;
use burn_sls_run::{RunError, shell, stopped};

/// Why the program stopped. Its message is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GlueError {
    /// The run: its command line, its files, its devices.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data, the model or the tokenizer cannot be used.
    #[error(transparent)]
    Bert(#[from] BertError),
    /// A model or data set cannot be had from the hub.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl GlueError {
    /// A command that asks for something that does not make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        RunError::Usage(message.into()).into()
    }

    /// The end of a training in the folder `out`, where `cause` says what could not be written, or
    /// which device is lost.
    pub fn stopped(cause: impl Into<Self>, out: &Path) -> Self {
        let go_on = resume(out);
        let stopped = match cause.into() {
            Self::Run(cause) => stopped::stopped(cause, out, go_on),
            cause => stopped::stopped(cause, out, go_on),
        };
        stopped.into()
    }

    /// 2 for what can be put right before any work is done, 1 for a training that failed and for a
    /// full disk.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit_code(),
            _ => 2,
        }
    }
}

/// The command that goes on with a run, built as this program is.
pub fn resume(out: &Path) -> String {
    let built_in = [
        ("ndarray", cfg!(feature = "ndarray")),
        ("wgpu", cfg!(feature = "wgpu") && !cfg!(feature = "vulkan")),
        ("vulkan", cfg!(feature = "vulkan")),
        ("cuda", cfg!(feature = "cuda")),
        ("fusion", cfg!(feature = "fusion")),
        ("hub", cfg!(feature = "hub")),
        ("remote", cfg!(feature = "remote")),
    ];
    let names = built_in.iter().filter(|(_, there)| *there);
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    let features = match names.is_empty() {
        true => String::new(),
        false => format!(" --features {}", names.join(",")),
    };
    format!(
        "cargo run --release -p glue{features} -- train --resume --out {}",
        shell::word(out)
    )
}
