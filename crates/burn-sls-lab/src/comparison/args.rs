//! The options of `sls-lab compare` and `sls-lab report`.

use std::path::PathBuf;

use burn_sls_run::device::DeviceName;
use clap::Args;

/// The options of `sls-lab compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// A ready-made experiment (quick, table1, rivals, default, table2, fig1
    /// to fig9, units, merging, batches) or a TOML file that describes one
    #[arg(value_name = "NAME|FILE")]
    pub experiment: String,
    /// Folder of the comparison. Several experiments may share it: a run that they have in common
    /// is computed once
    #[arg(long, value_name = "DIR", default_value = COMPARISON)]
    pub out: PathBuf,
    /// Folder of the model to begin with, or `tiny` for a small BERT trained from scratch, or a
    /// name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME|tiny")]
    pub model: Option<String>,
    /// Folder with the tasks' folders of GLUE, or a name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME")]
    pub data_dir: Option<PathBuf>,
    /// Backend [default: the experiment's, or flex]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
    /// List the runs, and which of them are there, without running any
    #[arg(long)]
    pub plan: bool,
}

/// The options of `sls-lab report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of a comparison, which the report is written into
    #[arg(value_name = "DIR", default_value = COMPARISON)]
    pub dir: PathBuf,
}

/// The folder of a comparison, if none is named.
const COMPARISON: &str = "comparison";
