//! Makes runs, each in a process of its own.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use crate::files::Files;
use crate::progress::Progress;
use crate::record::{Key, Record};
use crate::store::{Store, StoreError};

/// Whether the user has asked to stop.
static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);

/// A run that was not made, and why.
pub type Failure = (Key, String);

/// Makes runs, each in a process of its own with one thread.
///
/// The random numbers of a device and its threads are shared by a whole process. So a result is the
/// same however many runs are under way, and its seconds are those of one core.
pub struct Runner {
    program: PathBuf,
    jobs: usize,
    files: Vec<OsString>,
}

impl Runner {
    /// Makes so many runs at once, of problems made from these files. Ctrl-C stops it: the terminal
    /// ends the runs under way too.
    ///
    /// # Errors
    ///
    /// If the program does not know its own file, or the system takes no handler.
    pub fn new(jobs: usize, files: &Files) -> io::Result<Self> {
        ctrlc::set_handler(|| {
            if ASKED_TO_STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })
        .map_err(io::Error::other)?;
        Ok(Self {
            program: env::current_exe()?,
            jobs: jobs.max(1),
            files: files.arguments(),
        })
    }

    /// Whether the user has asked to stop.
    pub fn stopped(&self) -> bool {
        ASKED_TO_STOP.load(Ordering::Relaxed)
    }

    /// Makes these runs and appends each to the store as it finishes. Returns those that failed.
    ///
    /// # Errors
    ///
    /// If the store cannot be written.
    pub fn run(&self, keys: Vec<Key>, store: &mut Store) -> Result<Vec<Failure>, StoreError> {
        let mut progress = Progress::new(&keys, self.jobs);
        let queue = Mutex::new(VecDeque::from(keys));
        let next = || match self.stopped() {
            true => None,
            false => queue.lock().unwrap_or_else(|e| e.into_inner()).pop_front(),
        };
        let (sender, results) = mpsc::channel();
        let mut failures = Vec::new();
        let written = thread::scope(|scope| {
            for _ in 0..self.jobs {
                let sender = sender.clone();
                let next = &next;
                scope.spawn(move || {
                    while let Some(key) = next() {
                        let began = Instant::now();
                        let result = self.one(&key);
                        if sender.send((key, result, began.elapsed())).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (key, result, took) in results {
                progress.done(&key, took);
                match result {
                    Ok(record) => store.append(record)?,
                    Err(_) if self.stopped() => {}
                    Err(reason) => {
                        progress.say(&format!(
                            "{} on {} has failed: {reason}",
                            key.competitor,
                            key.problem_name()
                        ));
                        failures.push((key, reason));
                    }
                }
            }
            Ok(())
        });
        progress.finish();
        written.map(|()| failures)
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

/// How long runs take, by their problem: what the rest will take is estimated from it.
#[derive(Default)]
pub(crate) struct Durations {
    of: HashMap<String, (Duration, u32)>,
    all: (Duration, u32),
}

impl Durations {
    /// A run has taken so long.
    pub(crate) fn add(&mut self, problem: &str, took: Duration) {
        let of = self.of.entry(problem.to_string()).or_default();
        for (sum, count) in [of, &mut self.all] {
            *sum += took;
            *count += 1;
        }
    }

    /// What these runs will take, one after the other. `None` before the first has finished.
    pub(crate) fn of<'a>(&self, problems: impl Iterator<Item = &'a str>) -> Option<Duration> {
        let mean = |&(sum, count): &(Duration, u32)| sum / count.max(1);
        let each = problems.map(|problem| mean(self.of.get(problem).unwrap_or(&self.all)));
        (self.all.1 > 0).then(|| each.sum())
    }
}
