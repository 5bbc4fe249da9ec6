//! Models and data from a hub, one that the test itself is.

mod hostile;
mod program;
mod server;

use std::fs;
use std::path::Path;
use std::time::Duration;

use burn_sls_run::hub::{Hub, HubError, Kind, Reason, Settings};

use server::{Answer, COMMIT, FakeHub};

/// Nobody listens there: a port below 1024 is not given to those who ask for any.
const NOWHERE: &str = "http://127.0.0.1:1";

const FILES: [&str; 2] = ["config.json", "model.safetensors"];

/// The hub at this address, with its cache in a folder.
fn hub(endpoint: &str, cache: &Path) -> Hub {
    Hub::new(settings(endpoint, cache)).expect("a client")
}

fn settings(endpoint: &str, cache: &Path) -> Settings {
    Settings {
        endpoint: endpoint.into(),
        token: None,
        cache: cache.into(),
        offline: false,
        attempts: 1,
        patience: Duration::from_secs(20),
    }
}

fn reason(error: &HubError) -> &Reason {
    match error {
        HubError::Download(failed) => &failed.reason,
        other => panic!("{other}"),
    }
}

#[test]
fn a_model_is_downloaded_once_and_then_there_without_the_hub() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    let weights = vec![7; 300_000];
    server.set("some/bert/config.json", Answer::Whole(b"{}".to_vec()));
    server.set(
        "some/bert/model.safetensors",
        Answer::Whole(weights.clone()),
    );
    let endpoint = server.endpoint();
    let hub = hub(&endpoint, cache.path());
    let first = hub
        .folder(Kind::Model, "some/bert", &FILES)
        .expect("a folder");
    assert!(first.ends_with(Path::new("models--some--bert/snapshots").join(COMMIT)));
    assert_eq!(fs::read(first.join("config.json")).expect("a file"), b"{}");
    assert_eq!(
        fs::read(first.join("model.safetensors")).expect("a file"),
        weights
    );
    assert_eq!(
        server.sent(),
        ["some/bert/config.json", "some/bert/model.safetensors"]
    );

    server.hang_up();
    assert_eq!(hub.folder(Kind::Model, "some/bert", &FILES), Ok(first));
    let more = [&FILES[..], &["tokenizer.json"]].concat();
    let error = hub.folder(Kind::Model, "some/bert", &more).unwrap_err();
    assert!(matches!(reason(&error), Reason::Unreachable(_)), "{error}");
}

#[test]
fn what_stands_beside_a_tokenizer_is_downloaded_if_the_hub_has_it() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    let file = |name: &str, text: &[u8]| {
        server.set(&format!("some/bert/{name}"), Answer::Whole(text.to_vec()));
    };
    file("config.json", b"{}");
    let hub = hub(&server.endpoint(), cache.path());
    let ask = |files: &[&str]| hub.folder(Kind::Model, "some/bert", files);
    // The configuration alone needs nothing beside it.
    ask(&["config.json"]).expect("a folder");
    assert_eq!(server.sent(), ["some/bert/config.json"]);

    file("tokenizer.json", b"{}");
    file("tokenizer_config.json", b"{\"do_lower_case\": false}");
    let files = ["config.json", "tokenizer.json"];
    let folder = ask(&files).expect("a folder");
    assert!(folder.join("tokenizer_config.json").is_file());
    assert!(!folder.join("added_tokens.json").exists());
    let sent = server.sent();
    assert_eq!(ask(&files), Ok(folder.clone()));
    assert_eq!(server.sent(), sent);
    server.hang_up();
    assert_eq!(ask(&files), Ok(folder));
}

#[test]
fn an_old_name_is_followed_to_where_the_model_is_now() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    server.set("new/bert/config.json", Answer::Whole(b"{}".to_vec()));
    let now = "/new/bert/resolve/main/config.json";
    server.set("bert/config.json", Answer::Moved(now.into()));
    let hub = hub(&server.endpoint(), cache.path());
    let folder = hub
        .folder(Kind::Model, "bert", &["config.json"])
        .expect("a folder");
    assert_eq!(fs::read(folder.join("config.json")).expect("a file"), b"{}");
}

#[test]
fn files_of_a_data_set_may_lie_in_folders() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    server.set(
        "datasets/some/glue/rte/train.parquet",
        Answer::Whole(vec![1; 10]),
    );
    let hub = hub(&server.endpoint(), cache.path());
    let files = ["rte/train.parquet"];
    let folder = hub
        .folder(Kind::DataSet, "some/glue", &files)
        .expect("a folder");
    assert!(folder.ends_with(Path::new("datasets--some--glue/snapshots").join(COMMIT)));
    assert!(folder.join("rte/train.parquet").is_file());
}

#[test]
fn what_cannot_be_had_is_named_with_what_to_do() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    server.set("some/bert/config.json", Answer::Whole(b"{}".to_vec()));
    server.set("secret/bert/config.json", Answer::NotAllowed);
    let endpoint = server.endpoint();
    let ask_at = |endpoint: &str, name| {
        let hub = hub(endpoint, cache.path());
        hub.folder(Kind::Model, name, &FILES).unwrap_err()
    };
    let ask = |name| ask_at(&endpoint, name);
    let missing = ask("some/bert");
    assert_eq!(*reason(&missing), Reason::NoFile);
    assert_eq!(*reason(&ask("secret/bert")), Reason::NotAllowed);
    assert_eq!(*reason(&ask("no/bert")), Reason::NoFile);
    let gone = ask_at(NOWHERE, "other/bert");
    assert!(matches!(reason(&gone), Reason::Unreachable(_)), "{gone}");

    for (error, endpoint, words) in [
        (
            missing,
            endpoint.as_str(),
            [
                "--model some/bert",
                "model.safetensors cannot be had",
                "no such file",
            ],
        ),
        (
            gone,
            NOWHERE,
            [
                "--model other/bert",
                "config.json cannot be had",
                "cannot be reached",
            ],
        ),
    ] {
        let text = error.to_string();
        let cache = cache.path().display().to_string();
        let advice = [
            endpoint,
            cache.as_str(),
            "config.json, model.safetensors by hand",
            "HF_HOME",
            "HF_ENDPOINT",
        ];
        for word in words.into_iter().chain(advice) {
            assert!(text.contains(word), "{text}\nlacks {word}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn an_answer_that_is_cut_short_is_an_error_and_leaves_nothing_in_the_cache() {
    let bytes = vec![7; 200_000];
    for answer in [
        Answer::BrokenOff(bytes.clone()),
        Answer::Half(bytes.clone()),
    ] {
        let cache = tempfile::tempdir().expect("a folder");
        let server = FakeHub::open();
        server.set("some/bert/config.json", Answer::Whole(b"{}".to_vec()));
        server.set("some/bert/model.safetensors", answer);
        let hub = hub(&server.endpoint(), cache.path());
        for _ in 0..2 {
            let error = hub.folder(Kind::Model, "some/bert", &FILES).unwrap_err();
            assert_eq!(*reason(&error), Reason::CutShort, "{error}");
        }
        server.set("some/bert/model.safetensors", Answer::Whole(bytes.clone()));
        let folder = hub
            .folder(Kind::Model, "some/bert", &FILES)
            .expect("a folder");
        assert_eq!(
            fs::read(folder.join("model.safetensors")).expect("a file"),
            bytes
        );
    }
}
