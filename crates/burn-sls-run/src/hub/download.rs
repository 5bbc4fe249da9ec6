//! Downloads from the hub, into the cache that its other programs share.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::{self, Runtime};

use super::cache::Cache;
use super::request::{Requests, Said, unwritten};
use super::{Failed, HubError, Kind, Reason, Settings, Wanted};

/// The files beside a `tokenizer.json` that change its tokens. A model need not have them.
const BESIDE: [&str; 3] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// The hub, and the cache of what was downloaded from it.
pub struct Hub {
    settings: Settings,
    requests: Requests,
    runtime: Runtime,
}

/// What is wanted of whom.
struct Repository<'a> {
    hub: &'a Hub,
    kind: Kind,
    name: &'a str,
    cache: Cache,
}

impl Hub {
    /// The hub of the environment, see [`Settings`].
    ///
    /// # Errors
    ///
    /// [`HubError::Settings`] if the environment makes no sense.
    pub fn from_env() -> Result<Self, HubError> {
        Self::new(Settings::from_env())
    }

    /// The hub of these settings.
    ///
    /// # Errors
    ///
    /// [`HubError::Settings`] if the address is none of a server, or the token cannot be sent.
    pub fn new(settings: Settings) -> Result<Self, HubError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            requests: Requests::new(&settings)?,
            runtime: runtime.map_err(|error| HubError::Settings(error.to_string()))?,
            settings,
        })
    }

    /// A folder with these files of a model or data set, downloaded if the cache lacks one of them.
    ///
    /// Files that are in the cache are taken without asking whether the hub has newer ones: the
    /// runs of a comparison begin from the same weights, and a run that is resumed from its own.
    ///
    /// # Errors
    ///
    /// [`HubError::Download`] if a file can neither be found in the cache nor downloaded.
    pub fn folder(&self, kind: Kind, name: &str, files: &[&str]) -> Result<PathBuf, HubError> {
        let cache = Cache::of(&self.settings.cache, kind, name);
        let hub = self;
        let repository = Repository {
            hub,
            kind,
            name,
            cache,
        };
        repository.folder(files).map_err(|(file, reason)| {
            HubError::Download(Box::new(Failed {
                file,
                endpoint: self.settings.endpoint.clone(),
                cache: self.settings.cache.clone(),
                reason,
                wanted: Wanted::new(kind, name, files),
            }))
        })
    }
}

impl Repository<'_> {
    fn folder(&self, files: &[&str]) -> Result<PathBuf, (String, Reason)> {
        let beside = match files.contains(&"tokenizer.json") {
            true => &BESIDE[..],
            false => &[],
        };
        if let Some((commit, folder)) = self.cache.newest()
            && files.iter().all(|file| folder.join(file).exists())
        {
            // Without the hub, the cache must do.
            return match self.beside(&commit, beside) {
                Err((_, Reason::Unreachable(_))) | Ok(()) => Ok(folder),
                Err(failed) => Err(failed),
            };
        }
        let mut commit = None;
        for file in files {
            // Every file from the commit of the first: the hub's newest may change in between.
            let of = self.download(file, commit.as_deref());
            commit = Some(of.map_err(|reason| (file.to_string(), reason))?);
        }
        let commit = commit.unwrap_or_default();
        self.beside(&commit, beside)?;
        Ok(self.cache.snapshot(&commit))
    }

    /// Downloads files that the hub may have.
    fn beside(&self, commit: &str, files: &[&str]) -> Result<(), (String, Reason)> {
        for file in files {
            let there = self.cache.snapshot(commit).join(file).exists();
            if there || self.cache.lacks(commit, file) {
                continue;
            }
            match self.download(file, Some(commit)) {
                Ok(_) | Err(Reason::NoFile) => {}
                Err(reason) => return Err((file.to_string(), reason)),
            }
        }
        Ok(())
    }

    /// Downloads a file of a commit, or of the newest, and returns which that is.
    fn download(&self, file: &str, commit: Option<&str>) -> Result<String, Reason> {
        if self.hub.settings.offline {
            return Err(Reason::Unreachable("HF_HUB_OFFLINE is set".into()));
        }
        if commit.is_some_and(|commit| self.cache.snapshot(commit).join(file).exists()) {
            return Ok(commit.unwrap_or_default().to_string());
        }
        // Drawn on a terminal only.
        let bar = ProgressBar::new(0).with_message(format!("{}: {file}", self.name));
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
        bar.set_style(style.expect("a good template"));
        let mut attempt = 1;
        let done = loop {
            let done = self.hub.runtime.block_on(self.attempt(file, commit, &bar));
            match &done {
                Err(Reason::CutShort | Reason::Busy(_)) if attempt < self.hub.settings.attempts => {
                    std::thread::sleep(Duration::from_millis(500) * attempt);
                    attempt += 1;
                }
                _ => break done,
            }
        };
        bar.finish_and_clear();
        done
    }

    async fn attempt(
        &self,
        file: &str,
        commit: Option<&str>,
        bar: &ProgressBar,
    ) -> Result<String, Reason> {
        let requests = &self.hub.requests;
        let url = requests.url(self.kind, self.name, file, commit);
        let known = match requests.ask(url, commit).await? {
            Said::Known(known) => known,
            Said::Lacks(of) => {
                let noted = of.map(|of| self.cache.note_lack(&of, file));
                noted.transpose().map_err(unwritten)?;
                return Err(Reason::NoFile);
            }
        };
        if !self.cache.has(&known.etag, known.bytes) {
            let mut to = self.cache.begin(&known.etag).map_err(unwritten)?;
            // The newest commit may be another by now.
            let url = requests.url(self.kind, self.name, file, Some(&known.commit));
            requests.fetch(url, &known, to.as_file_mut(), bar).await?;
            self.cache.keep(to, &known.etag).map_err(unwritten)?;
        }
        let linked = self.cache.link(&known.commit, file, &known.etag);
        linked.map_err(unwritten)?;
        if commit.is_none() {
            self.cache.note_newest(&known.commit).map_err(unwritten)?;
        }
        Ok(known.commit)
    }
}
