//! The cache of downloads, in the form that the hub's own programs share.
//!
//! A model `owner/name` has the folder `models--owner--name`, and a data set `datasets--owner--name`.
//! In it are `blobs/ETAG`, the contents; `snapshots/COMMIT/FILE`, links to them; `refs/main`, the
//! commit that was the newest when the hub was last asked; and `.no_exist/COMMIT/FILE`, empty, for a
//! file that the hub does not have.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use super::Kind;

/// Whether a mark of the hub is the name of a file and nothing else. The hub sends the marks, and
/// this is all that stands between them and the paths that are made of them.
pub fn is_name(mark: &str) -> bool {
    let character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=128).contains(&mark.len()) && !mark.starts_with('.') && mark.chars().all(character)
}

/// Whether a path goes down from where it begins, and only that.
fn goes_down(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// The part of the cache that is of one model or data set.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub fn of(cache: &Path, kind: Kind, name: &str) -> Self {
        let plural = match kind {
            Kind::Model => "models",
            Kind::DataSet => "datasets",
        };
        let folder = cache.join(format!("{plural}--{}", name.replace('/', "--")));
        Self { folder }
    }

    /// The folder of the commit that was the newest, if there is one.
    pub fn newest(&self) -> Option<(String, PathBuf)> {
        let commit = fs::read_to_string(self.folder.join("refs/main")).ok()?;
        let commit = commit.trim();
        is_name(commit).then(|| (commit.to_string(), self.snapshot(commit)))
    }

    /// The folder of a commit.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Whether the hub has said that it does not have a file.
    pub fn lacks(&self, commit: &str, file: &str) -> bool {
        self.mark(commit, file).exists()
    }

    fn mark(&self, commit: &str, file: &str) -> PathBuf {
        self.folder.join(".no_exist").join(commit).join(file)
    }

    /// Notes that the hub does not have a file.
    pub fn note_lack(&self, commit: &str, file: &str) -> io::Result<()> {
        let mark = self.checked(self.mark(commit, file), &[commit], file)?;
        File::create(mark).map(drop)
    }

    /// A file to download to. It is gone when it is dropped, unless [`keep`](Self::keep) got it.
    pub fn begin(&self, etag: &str) -> io::Result<NamedTempFile> {
        let blob = self.checked(self.blob(etag), &[etag], etag)?;
        let folder = blob.parent().unwrap_or(&self.folder);
        let beginning = format!("{etag}.");
        let mut file = tempfile::Builder::new();
        file.prefix(&beginning).suffix(".incomplete");
        // Others who share the cache may read it, as far as the umask lets them.
        #[cfg(unix)]
        file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        file.tempfile_in(folder)
    }

    /// Keeps a download that is whole.
    pub fn keep(&self, download: NamedTempFile, etag: &str) -> io::Result<()> {
        download.as_file().sync_all()?;
        download.persist(self.blob(etag))?;
        Ok(())
    }

    fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Whether there is a content of this mark, of this many bytes if that is known.
    pub fn has(&self, etag: &str, bytes: Option<u64>) -> bool {
        let length = fs::metadata(self.blob(etag)).map(|file| file.len());
        length.is_ok_and(|length| bytes.is_none_or(|bytes| bytes == length))
    }

    /// Names a content as a file of a commit.
    pub fn link(&self, commit: &str, file: &str, etag: &str) -> io::Result<()> {
        let path = self.snapshot(commit).join(file);
        let path = self.checked(path, &[commit, etag], file)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Out of the folders in `file`, and out of `snapshots/COMMIT`.
        let up = "../".repeat(file.split('/').count() + 1);
        match link(&format!("{up}blobs/{etag}"), &self.blob(etag), &path) {
            // Another program was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    /// Notes which commit is the newest.
    pub fn note_newest(&self, commit: &str) -> io::Result<()> {
        let path = self.checked(self.folder.join("refs/main"), &[commit], "main")?;
        fs::write(path, commit)
    }

    /// A path in the cache, with a folder to be in, if the names that it is made of lead nowhere
    /// else.
    fn checked(&self, path: PathBuf, marks: &[&str], file: &str) -> io::Result<PathBuf> {
        if !marks.iter().all(|mark| is_name(mark)) || !goes_down(file) {
            let message = format!("{} would lead out of the cache", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(path)
    }
}

#[cfg(unix)]
fn link(relative: &str, _blob: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(relative, path)
}

/// Links need rights that not everybody has.
#[cfg(not(unix))]
fn link(_relative: &str, blob: &Path, path: &Path) -> io::Result<()> {
    let whole = path.with_extension("incomplete");
    fs::copy(blob, &whole)?;
    fs::rename(whole, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_the_cache_are_no_names() {
        for name in [
            "0123456789abcdef0123456789abcdef01234567",
            "d41d8cd98f00b204-12",
            "a_b.c",
        ] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(129);
        for name in [
            "", ".", "..", "../a", "a/b", "/a", "a\\b", "C:a", ".a", "a b", "a\nb", "a\0", "ä",
            &long,
        ] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(goes_down("config.json") && goes_down("rte/train.parquet"));
        for file in ["", "/etc/passwd", "../a", "a/../../b", "."] {
            assert!(!goes_down(file), "{file}");
        }
    }

    #[test]
    fn nothing_is_made_for_a_name_that_leads_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::of(folder.path(), Kind::Model, "some/bert");
        assert!(cache.begin("../a").is_err());
        assert!(cache.link("..", "config.json", "a").is_err());
        assert!(cache.link("c", "../../../a", "a").is_err());
        assert!(cache.note_newest("../a").is_err());
        assert!(cache.note_lack("c", "../../../a").is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
