//! The runs of the suite, each in a process of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, io};

use burn_sls_run::progress::Place;

use crate::drive::{Failed, Task};
use crate::suite::files::Files;
use crate::suite::record::{Key, Record};

/// Makes runs, each in a process of its own with one thread.
///
/// The random numbers of a device and its threads are shared by a whole process. So a result is the
/// same however many runs are under way, and its seconds are those of one core.
pub struct Runner {
    program: PathBuf,
    files: Vec<OsString>,
}

impl Runner {
    /// Makes runs of problems made from these files.
    ///
    /// # Errors
    ///
    /// If the program does not know its own file.
    pub fn new(files: &Files) -> io::Result<Self> {
        Ok(Self {
            program: env::current_exe()?,
            files: files.arguments(),
        })
    }

    fn one(&self, key: &Key) -> Result<Record, String> {
        let json = serde_json::to_string(key).map_err(|error| error.to_string())?;
        let output = Command::new(&self.program)
            .arg("run-one")
            .args(&self.files)
            .arg(&json)
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let words: Vec<&str> = words.lines().filter(|line| !line.is_empty()).collect();
            let shown = words.iter().filter(|line| !line.starts_with("note:"));
            let shown: Vec<&str> = shown.copied().take(4).collect();
            return Err(format!("{}: {}", output.status, shown.join(" ")));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}

impl Task for Runner {
    type Run = Key;
    type Made = Record;
    const SHOWS_PROGRESS: bool = false;

    fn name(&self, key: &Key) -> String {
        format!("{} on {}", key.competitor, key.problem_name())
    }

    fn kind(&self, key: &Key) -> String {
        key.problem.clone()
    }

    fn make(&self, key: &Key, _: Place) -> Result<Record, Failed> {
        self.one(key).map_err(Failed::Run)
    }
}
