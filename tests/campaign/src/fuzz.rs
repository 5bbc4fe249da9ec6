//! Changed files through a reader: it answers each, quickly and without much memory.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

use burn_sls_core::random::{self, Generator};
use burn_sls_run::{checksum::Checksum, files::put_whole};
use serde::{Deserialize, Serialize};

use crate::memory;
use crate::mutate::mutate;
use crate::targets::{Answer, Target};

/// Inputs between two saves of the figures.
pub const BLOCK: u64 = 1000;

/// Memory that a reader may take for a file of nothing, in bytes: tables, buffers.
const FREE: usize = 2 << 20;

/// The longest time for a file, in seconds.
const LONGEST: f64 = 1.0;

/// The longest message, in bytes. A longer one quotes more of the file than a person reads.
const LONGEST_MESSAGE: usize = 2000;

/// The largest file that is kept, in bytes.
const LARGEST_KEPT: usize = 2048;

/// The most files that are kept of a target.
const MOST_KEPT: usize = 40;

/// What was seen of a target so far.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Figures {
    /// Files that were read.
    pub inputs: u64,
    /// Files among them that the reader took.
    pub taken: u64,
    /// The longest time for one, in seconds.
    pub slowest: f64,
    /// The most memory for one, in bytes.
    pub memory: usize,
    /// The longest message, in bytes.
    pub longest_message: usize,
    /// What went wrong, with the file that shows it.
    pub failures: Vec<String>,
}

/// A target with the files that are kept of it.
pub struct Campaign {
    target: Target,
    folder: PathBuf,
    corpus: Vec<Vec<u8>>,
    kinds: BTreeSet<String>,
    keeps: bool,
    /// What was seen so far.
    pub figures: Figures,
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Campaign {
    /// Goes on with the files and figures in `folder`, which may not be there yet.
    ///
    /// # Errors
    ///
    /// If something there cannot be read.
    pub fn open(target: Target, folder: &Path) -> io::Result<Self> {
        panic::set_hook(Box::new(|info| PANIC.set(info.to_string())));
        let folder = folder.join(target.name);
        let figures = match fs::read(folder.join("figures.json")) {
            Ok(json) => serde_json::from_slice(&json)?,
            Err(_) => Figures::default(),
        };
        let mut campaign = Self {
            corpus: target.seeds.clone(),
            target,
            kinds: BTreeSet::new(),
            keeps: true,
            figures,
            folder,
        };
        // What failed is tried again: it may have been put right.
        campaign.figures.failures.clear();
        let [kept, failed] = ["kept", "failed"].map(|part| files(&campaign.folder.join(part)));
        for file in failed? {
            campaign.answer(&fs::read(file)?);
        }
        for bytes in campaign.corpus.clone() {
            campaign.answer(&bytes);
        }
        for file in kept? {
            let bytes = fs::read(file)?;
            campaign.answer(&bytes);
            campaign.corpus.push(bytes);
        }
        Ok(campaign)
    }

    /// Keeps no new file but one that shows a failure.
    #[must_use]
    pub fn keeping_nothing(self) -> Self {
        Self {
            keeps: false,
            ..self
        }
    }

    /// The name of the target.
    pub fn name(&self) -> &'static str {
        self.target.name
    }

    /// Kinds of answers that were seen.
    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// So many changed files, the next ones of the run with this seed. A file with an answer of a
    /// new kind joins those that are changed.
    pub fn block(&mut self, seed: u64, inputs: u64) {
        let mut random = Generator::new(random::seed(seed, self.figures.inputs, 0));
        for _ in 0..inputs {
            // Half of the changes are of files that are taken: the rest seldom is again.
            let valid = random.below(2) == 0;
            let from = if valid {
                self.target.seeds.len()
            } else {
                self.corpus.len()
            };
            let (one, other) = (random.below(from), random.below(self.corpus.len()));
            let words = self.target.words;
            let bytes = mutate(&self.corpus[one], &self.corpus[other], words, &mut random);
            let more = self.corpus.len() < self.target.seeds.len() + MOST_KEPT;
            if self.answer(&bytes) && self.keeps && more {
                self.keep(bytes);
            }
        }
    }

    /// Writes the figures.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn save(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let json = serde_json::to_string_pretty(&self.figures)? + "\n";
        put_whole(&self.folder.join("figures.json"), json.as_bytes())
    }

    /// Reads a file, and notes what goes wrong. Returns whether the answer is of a new kind.
    fn answer(&mut self, bytes: &[u8]) -> bool {
        self.figures.inputs += 1;
        let (answer, mut seconds, mut memory) = self.timed(bytes);
        let allowed = FREE + self.target.per_byte * bytes.len();
        // A machine may be busy, and a cache of regular expressions may just be growing: what is much
        // is much twice.
        if seconds > LONGEST || memory > allowed {
            let (_, again, held) = self.timed(bytes);
            (seconds, memory) = (seconds.min(again), memory.min(held));
        }
        let figures = &mut self.figures;
        figures.slowest = figures.slowest.max(seconds);
        figures.memory = figures.memory.max(memory);
        let kind = match answer {
            Err(panic) => {
                self.fail("a panic", &panic, bytes);
                return false;
            }
            Ok(Answer::Taken(kind)) => {
                figures.taken += 1;
                kind
            }
            Ok(Answer::Refused(message)) => {
                figures.longest_message = figures.longest_message.max(message.len());
                if message.len() > LONGEST_MESSAGE {
                    self.fail("a long message", &message[..100], bytes);
                }
                kind_of(&message)
            }
        };
        if seconds > LONGEST {
            self.fail("a long time", &format!("{seconds:.1} s"), bytes);
        }
        if memory > allowed {
            self.fail("much memory", &format!("{memory} bytes"), bytes);
        }
        self.kinds.insert(kind)
    }

    fn timed(&mut self, bytes: &[u8]) -> (Result<Answer, String>, f64, usize) {
        let since = Instant::now();
        let read = AssertUnwindSafe(|| (self.target.read)(bytes));
        let (answer, memory) = memory::peak(|| panic::catch_unwind(read));
        let answer = answer.map_err(|_| PANIC.take());
        (answer, since.elapsed().as_secs_f64(), memory)
    }

    /// Notes a failure with its file. One of a kind is enough, and ten of a target.
    fn fail(&mut self, what: &str, detail: &str, bytes: &[u8]) {
        let file = PathBuf::from("failed").join(name_of(bytes));
        let failure = format!("{what}: {detail}: {}", file.display());
        let kind = kind_of(&format!("{what}: {detail}"));
        if self.figures.failures.len() < 10 && self.kinds.insert(kind) {
            write(&self.folder.join(file), bytes);
            self.figures.failures.push(failure);
        }
    }

    /// Keeps a file, as short as it can be without another answer.
    fn keep(&mut self, bytes: Vec<u8>) {
        let bytes = self.shortened(bytes);
        if bytes.len() <= LARGEST_KEPT {
            write(&self.folder.join("kept").join(name_of(&bytes)), &bytes);
        }
        self.corpus.push(bytes);
    }

    /// Leaves out pieces without which the answer stays of the same kind.
    fn shortened(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let kind = self.kind(&bytes);
        let mut size = bytes.len() / 2;
        while size > 0 {
            let mut from = 0;
            while from < bytes.len() {
                let mut less = bytes.clone();
                less.drain(from..(from + size).min(bytes.len()));
                match self.kind(&less) == kind {
                    true => bytes = less,
                    false => from += size,
                }
            }
            // Down to pieces of a few bytes, which is short enough.
            size = if size < 8 { 0 } else { size / 2 };
        }
        bytes
    }

    fn kind(&mut self, bytes: &[u8]) -> Option<String> {
        match self.timed(bytes).0.ok()? {
            Answer::Taken(kind) => Some(kind),
            Answer::Refused(message) => Some(kind_of(&message)),
        }
    }
}

/// The files of a folder in order, or none.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files: Vec<PathBuf> = files.collect::<io::Result<_>>()?;
    files.sort();
    Ok(files)
}

/// A name for these bytes.
fn name_of(bytes: &[u8]) -> String {
    let mut checksum = Checksum::new();
    bytes.iter().for_each(|byte| checksum.add(u64::from(*byte)));
    checksum.in_words()
}

/// Writes a file that is worth keeping. The campaign does not end where that fails.
fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("in a folder");
    let written = fs::create_dir_all(folder).and_then(|()| put_whole(path, bytes));
    if let Err(error) = written {
        eprintln!("{}: {error}", path.display());
    }
}

/// A message without what it quotes, its numbers and paths.
fn kind_of(message: &str) -> String {
    let mut kind = String::new();
    let mut quote = None;
    for character in message.chars() {
        match (quote, character) {
            (Some(end), _) => {
                if character == end {
                    quote = None;
                }
            }
            (None, '`' | '"') => quote = Some(character),
            (None, _) if character.is_ascii_digit() => {}
            (None, _) => kind.push(character),
        }
    }
    kind.truncate(
        kind.char_indices()
            .nth(160)
            .map_or(kind.len(), |(at, _)| at),
    );
    kind
}
