//! Models and data sets by their names on the Hugging Face hub.

#[cfg(feature = "hub")]
mod cache;
#[cfg(feature = "hub")]
mod download;
#[cfg(feature = "hub")]
mod request;
#[cfg(feature = "hub")]
mod settings;

use core::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "hub")]
pub use download::Hub;
#[cfg(feature = "hub")]
pub use settings::Settings;

/// A kind of repository on the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `--model`: a model.
    Model,
    /// `--data-dir`: a data set.
    DataSet,
}

impl Kind {
    /// Whether the hub may have something of that name: `owner/name`, or the single word that old
    /// models are called by, such as `bert-base-uncased`.
    pub fn may_name(self, text: &str) -> bool {
        let words: Vec<&str> = text.split('/').collect();
        let count = match self {
            Kind::Model => 1..=2,
            Kind::DataSet => 2..=2,
        };
        count.contains(&words.len()) && words.into_iter().all(is_word)
    }

    fn option(self) -> &'static str {
        match self {
            Kind::Model => "--model",
            Kind::DataSet => "--data-dir",
        }
    }
}

/// Whether the hub takes this as an owner or as a name.
fn is_word(word: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    word.chars().all(inner)
        && word.len() <= 96
        && !word.is_empty()
        && !word.starts_with(['-', '.'])
        && !word.ends_with(['-', '.'])
        && !word.contains("--")
        && !word.contains("..")
}

/// The folder that an option's value stands for: the value itself; or, if there is none of that
/// name and the hub may have it, a folder with these files from the hub.
///
/// # Errors
///
/// If the files cannot be had, or the program is built without its feature `hub`.
pub fn folder(kind: Kind, value: &str, files: &[impl AsRef<str>]) -> Result<PathBuf, HubError> {
    if Path::new(value).exists() || !kind.may_name(value) {
        return Ok(value.into());
    }
    let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
    fetch(kind, value, &files)
}

#[cfg(feature = "hub")]
fn fetch(kind: Kind, name: &str, files: &[&str]) -> Result<PathBuf, HubError> {
    Hub::from_env()?.folder(kind, name, files)
}

#[cfg(not(feature = "hub"))]
fn fetch(kind: Kind, name: &str, files: &[&str]) -> Result<PathBuf, HubError> {
    Err(HubError::NotBuilt(Wanted::new(kind, name, files)))
}

/// Why something cannot be had from the hub.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum HubError {
    /// The program is built without its feature `hub`.
    NotBuilt(Wanted),
    /// The settings in the environment make no client.
    Settings(String),
    /// A file cannot be downloaded, and the cache has not all files.
    Download(Box<Failed>),
}

/// A download that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// What was wanted.
    pub wanted: Wanted,
    /// The file.
    pub file: String,
    /// The address of the hub.
    pub endpoint: String,
    /// The folder of the cache.
    pub cache: PathBuf,
    /// What went wrong.
    pub reason: Reason,
}

/// A name on the hub, and the files that are needed of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Of what.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The files.
    pub files: Vec<String>,
}

/// What went wrong with a download.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The hub cannot be reached, and this is why.
    Unreachable(String),
    /// The hub has no such file.
    NoFile,
    /// The hub wants to know who asks, as it also does for names that it does not have.
    NotAllowed,
    /// The hub has too much to do, and this is its status.
    Busy(String),
    /// Less arrived than the hub had announced.
    CutShort,
    /// More arrived than the hub had announced.
    TooLong,
    /// The content is not that of the mark that the hub has for it.
    OtherContent,
    /// The cache cannot be written, and this is why.
    Unwritten(String),
    /// Something else.
    Other(String),
}

impl Wanted {
    fn new(kind: Kind, name: &str, files: &[&str]) -> Self {
        Self {
            kind,
            name: name.to_string(),
            files: files.iter().map(|file| file.to_string()).collect(),
        }
    }
}

impl fmt::Display for Wanted {
    /// `--model org/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.option(), self.name)
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt(wanted) => {
                let what = match wanted.kind {
                    Kind::Model => "config.json, model.safetensors and tokenizer.json, or `tiny`",
                    Kind::DataSet => "the tasks' folders",
                };
                let first = wanted.files.first().map_or("file", String::as_str);
                write!(
                    f,
                    "{wanted} has no {first}, for there is no such folder: to download it from the \
                     hub by that name, build the program with `--features hub`; or give a folder \
                     with {what}"
                )
            }
            Self::Settings(reason) => {
                write!(
                    f,
                    "the hub cannot be asked: {}; check HF_ENDPOINT and HF_TOKEN",
                    brief(reason)
                )
            }
            Self::Download(failed) => failed.fmt(f),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wanted,
            file,
            endpoint,
            cache,
            reason,
        } = self;
        write!(
            f,
            "{wanted} is no folder, and {file} cannot be had from the hub at {endpoint}: {reason}; \
             nor is all of it in the cache {}. Check the name; or download {} by hand and give the \
             folder that they are in; or set HF_HOME to a cache that has them, or HF_ENDPOINT to a \
             mirror of the hub",
            cache.display(),
            wanted.files.join(", ")
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "it cannot be reached ({})", brief(why)),
            Self::NoFile => write!(f, "it has no such file"),
            Self::NotAllowed => write!(
                f,
                "it has no such name, or wants a token that may see it in HF_TOKEN"
            ),
            Self::Busy(status) => write!(f, "it answers {} (try again later)", brief(status)),
            Self::CutShort => write!(f, "the download was cut short (try again)"),
            Self::TooLong => write!(f, "more bytes arrived than it had announced"),
            Self::OtherContent => write!(
                f,
                "what arrived is not what it has: the SHA-256 is another (try again)"
            ),
            Self::Unwritten(why) => write!(f, "the cache cannot be written ({})", brief(why)),
            Self::Other(why) => f.write_str(&brief(why)),
        }
    }
}

impl core::error::Error for HubError {}

/// The beginning of what a server or a library says, in one line.
fn brief(text: &str) -> String {
    /// The largest number of characters.
    const LONGEST: usize = 200;
    let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_hub_are_told_from_paths() {
        for name in ["google-bert/bert-base-uncased", "nyu-mll/glue", "a/b_c.d"] {
            assert!(Kind::Model.may_name(name) && Kind::DataSet.may_name(name));
        }
        for word in ["bert-base-uncased", "nowhere"] {
            assert!(Kind::Model.may_name(word));
            assert!(!Kind::DataSet.may_name(word));
        }
        let long = "a".repeat(97);
        for path in [
            "", "/a/b", "./a", "../a", "a/", "a//b", "a/b/c", "a\\b", "~/a", "a b", "a/.b", "-a/b",
            "a/b-", "a--b", &long,
        ] {
            assert!(!Kind::Model.may_name(path), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_there_and_a_path_that_is_none_are_left_as_they_are() {
        for value in ["src", "src/hub", "/no/where", "./no-where"] {
            let found = folder(Kind::Model, value, &["config.json"]);
            assert_eq!(found, Ok(value.into()));
        }
    }

    #[test]
    fn what_a_server_says_is_cut_to_one_short_line() {
        let failed = Failed {
            wanted: Wanted::new(Kind::DataSet, "nyu-mll/glue", &["sst2/train.parquet"]),
            file: "sst2/train.parquet".into(),
            endpoint: "http://127.0.0.1:1".into(),
            cache: "cache".into(),
            reason: Reason::Other("<p>\r\n".repeat(20_000)),
        };
        let text = HubError::Download(Box::new(failed)).to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.len() < 800, "{} bytes", text.len());
    }

    #[test]
    fn without_the_feature_a_name_is_refused_and_the_feature_named() {
        let wanted = Wanted::new(Kind::Model, "some/bert", &["config.json"]);
        let text = HubError::NotBuilt(wanted).to_string();
        assert!(
            text.starts_with("--model some/bert has no config.json"),
            "{text}"
        );
        assert!(text.contains("--features hub"), "{text}");
    }
}
