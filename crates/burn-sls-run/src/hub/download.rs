//! Downloads from the hub, into the cache that its other programs share.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::progress::{DownloadEvent, ProgressEvent, ProgressHandler};
use hf_hub::{HFClient, HFClientSync, HFError, HFRepositorySync, RepoType, split_id};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failed, HubError, Kind, Reason, Wanted};

/// The files beside a `tokenizer.json` that change its tokens. A model need not have them.
const BESIDE: [&str; 3] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// The hub, and the cache of what was downloaded from it.
pub struct Hub {
    client: HFClientSync,
    endpoint: String,
    cache: PathBuf,
}

impl Hub {
    /// The hub as the environment has it: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and whatever else
    /// `hf-hub` looks at.
    ///
    /// # Errors
    ///
    /// If that makes no sense.
    pub fn from_env() -> Result<Self, HubError> {
        Self::new(HFClient::new())
    }

    /// The hub of a client.
    ///
    /// # Errors
    ///
    /// If there is no client.
    pub fn new(client: Result<HFClient, HFError>) -> Result<Self, HubError> {
        let settings = |error: HFError| HubError::Settings(error.to_string());
        let client = client.map_err(settings)?;
        Ok(Self {
            endpoint: client.endpoint().to_string(),
            cache: client.cache_dir().to_path_buf(),
            client: HFClientSync::from_inner(client).map_err(settings)?,
        })
    }

    /// A folder with these files of a model or data set, downloaded if the cache lacks one of them.
    ///
    /// Files that are in the cache are taken without asking whether the hub has newer ones: the
    /// runs of a comparison begin from the same weights, and a run that is resumed from its own.
    ///
    /// # Errors
    ///
    /// If a file can neither be found in the cache nor downloaded.
    pub fn folder(&self, kind: Kind, name: &str, files: &[&str]) -> Result<PathBuf, HubError> {
        let (owner, id) = split_id(name);
        let wanted = Wanted::new(kind, name, files);
        match kind {
            Kind::Model => self.fetch(self.client.model(owner, id), wanted),
            Kind::DataSet => self.fetch(self.client.dataset(owner, id), wanted),
        }
    }

    fn fetch<T: RepoType>(
        &self,
        repository: HFRepositorySync<T>,
        wanted: Wanted,
    ) -> Result<PathBuf, HubError> {
        let cached = |file: &String| {
            let path = repository.download_file().filename(file);
            Some(snapshot(&path.local_files_only(true).send().ok()?, file))
        };
        let cached: Option<Vec<PathBuf>> = wanted.files.iter().map(cached).collect();
        if let Some(folder) = cached.and_then(|folders| folders.into_iter().next()) {
            // Without the hub, the cache must do.
            return match self.beside(&repository, &wanted, &folder) {
                Err((_, Reason::Unreachable(_))) | Ok(()) => Ok(folder),
                Err((file, reason)) => Err(self.failed(wanted, file, reason)),
            };
        }
        let mut folder: Option<PathBuf> = None;
        for file in &wanted.files {
            // Every file from the commit of the first: the hub's newest may change in between.
            let commit = folder.as_deref().and_then(Path::file_name);
            let commit = commit.map(|name| name.to_string_lossy().into_owned());
            match download(&repository, file, commit) {
                Ok(path) => folder = Some(snapshot(&path, file)),
                Err(reason) => {
                    let file = file.clone();
                    return Err(self.failed(wanted, file, reason));
                }
            }
        }
        let folder = folder.unwrap_or_default();
        match self.beside(&repository, &wanted, &folder) {
            Ok(()) => Ok(folder),
            Err((file, reason)) => Err(self.failed(wanted, file, reason)),
        }
    }

    /// Downloads the files beside a `tokenizer.json` that change its tokens, if the hub has them.
    fn beside<T: RepoType>(
        &self,
        repository: &HFRepositorySync<T>,
        wanted: &Wanted,
        folder: &Path,
    ) -> Result<(), (String, Reason)> {
        if !wanted.files.iter().any(|file| file == "tokenizer.json") {
            return Ok(());
        }
        let commit = folder.file_name();
        let commit = commit.map(|name| name.to_string_lossy().into_owned());
        // The mark that the hub's programs leave in the cache for a file that it does not have.
        let marks = folder.parent().and_then(Path::parent);
        let marks = marks.zip(folder.file_name());
        let marks = marks.map(|(cache, commit)| cache.join(".no_exist").join(commit));
        for file in BESIDE {
            let known = marks
                .as_ref()
                .is_some_and(|marks| marks.join(file).exists());
            if known || folder.join(file).exists() {
                continue;
            }
            match download(repository, file, commit.clone()) {
                Ok(_) | Err(Reason::NoFile) => {}
                Err(reason) => return Err((file.to_string(), reason)),
            }
        }
        Ok(())
    }

    fn failed(&self, wanted: Wanted, file: String, reason: Reason) -> HubError {
        HubError::Download(Box::new(Failed {
            file,
            endpoint: self.endpoint.clone(),
            cache: self.cache.clone(),
            reason,
            wanted,
        }))
    }
}

/// The folder that `path` is that `file` of: some levels up if the file is in folders inside.
fn snapshot(path: &Path, file: &str) -> PathBuf {
    let depth = file.split('/').count();
    path.ancestors().nth(depth).unwrap_or(path).to_path_buf()
}

/// Downloads a file, of the newest commit if of none.
fn download<T: RepoType>(
    repository: &HFRepositorySync<T>,
    file: &str,
    commit: Option<String>,
) -> Result<PathBuf, Reason> {
    // Drawn on a terminal only.
    let bar = ProgressBar::new(0).with_message(format!("{}: {file}", repository.repo_path()));
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
    bar.set_style(style.expect("a good template"));
    let request = repository.download_file().filename(file);
    let request = request.maybe_revision(commit).progress(Shown(bar.clone()));
    let path = request.send();
    bar.finish_and_clear();
    let path = path.map_err(reason)?;
    // `hf-hub` takes whatever arrives for the file, and would keep it for good.
    let announced = bar.length().filter(|&bytes| bytes > 0);
    let bytes = fs::metadata(&path).map(|file| file.len()).ok();
    if announced.is_some() && announced != bytes {
        for part in [fs::canonicalize(&path).ok(), Some(path)] {
            part.map(fs::remove_file);
        }
        return Err(Reason::CutShort);
    }
    Ok(path)
}

fn reason(error: HFError) -> Reason {
    match error {
        HFError::EntryNotFound { .. }
        | HFError::RepoNotFound { .. }
        | HFError::RevisionNotFound { .. } => Reason::NoFile,
        HFError::AuthRequired { .. } | HFError::Forbidden { .. } => Reason::NotAllowed,
        HFError::Request { source, .. } if source.is_body() || source.is_decode() => {
            Reason::CutShort
        }
        HFError::Request { source, .. } => {
            // What the outer errors say is that there was one.
            let mut innermost: &dyn Error = &source;
            while let Some(inner) = innermost.source() {
                innermost = inner;
            }
            Reason::Unreachable(innermost.to_string())
        }
        other => Reason::Other(other.to_string()),
    }
}

/// A bar that follows a download.
struct Shown(ProgressBar);

impl ProgressHandler for Shown {
    fn on_progress(&self, event: &ProgressEvent) {
        let ProgressEvent::Download(event) = event else {
            return;
        };
        match event {
            DownloadEvent::Start { total_bytes, .. } => self.0.set_length(*total_bytes),
            DownloadEvent::Progress { files } => {
                if let Some(file) = files.first() {
                    self.0.set_position(file.bytes_completed);
                }
            }
            DownloadEvent::AggregateProgress {
                bytes_completed, ..
            } => self.0.set_position(*bytes_completed),
            DownloadEvent::Complete => {}
        }
    }
}
