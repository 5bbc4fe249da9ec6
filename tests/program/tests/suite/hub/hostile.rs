//! A hub that is slow, lies, or sends elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn_sls_run::hub::{Hub, HubError, Kind, Reason};

use super::server::{Answer, COMMIT, FakeHub};
use super::{FILES, NOWHERE, hub, reason, settings};

/// All files in a folder and below, and all links.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            match path.is_dir() && !path.is_symlink() {
                true => folders.push(path),
                false => {
                    files.insert(path);
                }
            }
        }
    }
    files
}

fn ask(hub: &Hub) -> Result<PathBuf, HubError> {
    hub.folder(Kind::Model, "some/bert", &FILES)
}

#[test]
fn marks_that_lead_out_of_the_cache_are_refused_and_nothing_is_written() {
    let away = "../../../../../away";
    let absolute = "/tmp/burn-sls-away";
    for answer in [
        Answer::Marked(away, COMMIT),
        Answer::Marked("..", COMMIT),
        Answer::Marked(absolute, COMMIT),
        Answer::Marked("", COMMIT),
        Answer::Marked("mark", away),
        Answer::Marked("mark", absolute),
        Answer::Marked("mark", ".."),
        Answer::NoneIn(away),
        Answer::NoneIn(absolute),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("a/b/c/cache");
        let server = FakeHub::open();
        let missing = matches!(answer, Answer::NoneIn(_));
        server.set("some/bert/config.json", answer);
        let error = ask(&hub(&server.endpoint(), &cache)).unwrap_err();
        match reason(&error) {
            Reason::NoFile if missing => {}
            Reason::Other(why) if !missing => assert!(why.starts_with("it sends"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(files(folder.path()), BTreeSet::new());
        assert!(!Path::new(absolute).exists());
    }
}

#[test]
fn a_hub_that_stays_silent_or_sends_next_to_nothing_is_given_up() {
    for answer in [Answer::Silence, Answer::Drops(vec![7; 100_000])] {
        let cache = tempfile::tempdir().expect("a folder");
        let server = FakeHub::open();
        server.set("some/bert/config.json", answer);
        let mut settings = settings(&server.endpoint(), cache.path());
        settings.patience = Duration::from_millis(500);
        let hub = Hub::new(settings).expect("a client");
        let since = Instant::now();
        let error = ask(&hub).unwrap_err();
        assert!(since.elapsed() < Duration::from_secs(60));
        assert!(error.to_string().contains("0.5 seconds"), "{error}");
        assert_eq!(files(cache.path()), BTreeSet::new());
    }
}

#[test]
fn a_content_that_is_not_what_was_announced_is_not_used() {
    // The SHA-256 of nothing.
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let bytes = vec![7; 100_000];
    for (answer, expected) in [
        (Answer::Double(bytes.clone()), Reason::TooLong),
        (Answer::Half(bytes.clone()), Reason::CutShort),
        (Answer::BrokenOff(bytes.clone()), Reason::CutShort),
        (Answer::Sha256(bytes, of_nothing), Reason::OtherContent),
    ] {
        let cache = tempfile::tempdir().expect("a folder");
        let server = FakeHub::open();
        server.set("some/bert/config.json", answer);
        let hub = hub(&server.endpoint(), cache.path());
        assert_eq!(*reason(&ask(&hub).unwrap_err()), expected);
        assert_eq!(files(cache.path()), BTreeSet::new());

        server.set("some/bert/config.json", Answer::Sha256(vec![], of_nothing));
        server.set("some/bert/model.safetensors", Answer::Whole(vec![1]));
        let folder = ask(&hub).expect("a folder");
        assert_eq!(fs::read(folder.join("config.json")).expect("a file"), b"");
    }
}

#[test]
fn a_token_goes_to_the_hub_and_to_nobody_else() {
    let cache = tempfile::tempdir().expect("a folder");
    let (server, other) = (FakeHub::open(), FakeHub::open());
    let there = format!("{}/content", other.endpoint());
    let kept = Answer::Kept(b"{}".to_vec(), there.clone());
    server.set("some/bert/config.json", kept);
    server.set("some/bert/model.safetensors", Answer::Whole(vec![1]));
    // A second address of the other host, to which a client might take along what it kept back.
    other.set("content", Answer::Moved("/kept".into()));
    other.set("kept", Answer::Whole(b"{}".to_vec()));
    let mut settings = settings(&server.endpoint(), cache.path());
    settings.token = Some("secret".into());
    let secret = Some("Bearer secret".to_string());
    let folder = ask(&Hub::new(settings.clone()).expect("a client")).expect("a folder");
    assert_eq!(fs::read(folder.join("config.json")).expect("a file"), b"{}");
    assert_eq!(server.tokens(), vec![secret; 4]);
    assert_eq!(other.tokens(), [None, None]);

    // And one that says nothing of the file before it sends elsewhere is not followed.
    server.set("more/bert/config.json", Answer::Moved(there));
    let hub = Hub::new(settings.clone()).expect("a client");
    let error = hub.folder(Kind::Model, "more/bert", &FILES).unwrap_err();
    assert!(
        error.to_string().contains("it answers without ETag"),
        "{error}"
    );
    assert_eq!(other.tokens(), [None, None]);

    settings.token = Some("line\nfeed".into());
    let error = Hub::new(settings).err().expect("no client").to_string();
    assert!(
        error.contains("HF_TOKEN") && !error.contains("feed"),
        "{error}"
    );
}

#[test]
fn a_busy_hub_is_asked_again_and_then_named() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    server.set("some/bert/config.json", Answer::Busy);
    let mut settings = settings(&server.endpoint(), cache.path());
    settings.attempts = 2;
    let hub = Hub::new(settings).expect("a client");
    let error = ask(&hub).unwrap_err().to_string();
    assert!(
        error.contains("503 Service Unavailable (try again later)"),
        "{error}"
    );
    assert_eq!(server.tokens().len(), 2);
}

#[test]
fn a_cache_that_cannot_be_written_and_settings_without_sense_are_named() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    server.set("some/bert/config.json", Answer::Whole(b"{}".to_vec()));
    fs::write(cache.path().join("models--some--bert"), "a file").expect("written");
    let error = ask(&hub(&server.endpoint(), cache.path())).unwrap_err();
    assert!(matches!(reason(&error), Reason::Unwritten(_)), "{error}");

    for endpoint in ["", "huggingface.co", "file:///models", "http://"] {
        let hub = Hub::new(settings(endpoint, cache.path()));
        let error = hub.err().expect("no client").to_string();
        assert!(error.contains("HF_ENDPOINT"), "{error}");
    }
    let mut settings = settings(NOWHERE, cache.path());
    settings.offline = true;
    let error = ask(&Hub::new(settings).expect("a client")).unwrap_err();
    assert!(error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
}
