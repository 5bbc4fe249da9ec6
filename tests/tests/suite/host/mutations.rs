//! No file can make a reader panic: valid files with bytes changed, cut out, doubled or cut off are
//! taken or refused with the file's name.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use burn_sls_bert::glue::{self, Split, Task};
use burn_sls_bert::{BertConfig, Checkpoint, Tokenizer};
use burn_sls_tests::bert::{fixture, numbers};
use burn_sls_tests::device;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use tempfile::TempDir;

/// One change of a file.
#[derive(Clone, Debug)]
enum Change {
    /// Flips bits of a byte.
    Flip(Index, u8),
    /// Puts one of the bytes with a meaning in JSON, TSV or a number in the place of another.
    Put(Index, u8),
    /// Leaves some bytes out.
    Cut(Index, usize),
    /// Repeats some bytes.
    Double(Index, usize),
    /// Ends the file here.
    End(Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        let to = |from: usize, size: usize| (from + size).min(len);
        match self {
            Self::Flip(at, bits) => bytes[at.index(len)] ^= bits,
            Self::Put(at, byte) => bytes[at.index(len)] = *byte,
            Self::Cut(at, size) => {
                let from = at.index(len);
                bytes.drain(from..to(from, *size));
            }
            Self::Double(at, size) => {
                let from = at.index(len);
                let again = bytes[from..to(from, *size)].to_vec();
                bytes.splice(from..from, again);
            }
            Self::End(at) => bytes.truncate(at.index(len)),
        }
    }
}

/// One to four changes; half of them near the beginning, where headers are.
fn changes(beginning: usize) -> impl Strategy<Value = (bool, Vec<Change>)> {
    let change = prop_oneof![
        4 => (any::<Index>(), 1..=255u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        4 => (any::<Index>(), proptest::sample::select(b"\0\xff\t\r\n\"{}[]:,-.019eE\\ ".to_vec()))
            .prop_map(|(at, byte)| Change::Put(at, byte)),
        1 => (any::<Index>(), 1..40usize).prop_map(|(at, size)| Change::Cut(at, size)),
        1 => (any::<Index>(), 1..40usize).prop_map(|(at, size)| Change::Double(at, size)),
        1 => any::<Index>().prop_map(Change::End),
    ];
    (any::<bool>(), prop::collection::vec(change, 1..=4))
        .prop_map(move |(near, changes)| (near && beginning > 0, changes))
}

/// The file with its changes, the near ones within its first `beginning` bytes.
fn mutated(valid: &[u8], beginning: usize, (near, changes): &(bool, Vec<Change>)) -> Vec<u8> {
    let split = if *near {
        beginning.min(valid.len())
    } else {
        valid.len()
    };
    let (head, tail) = valid.split_at(split);
    let mut head = head.to_vec();
    for change in changes {
        change.apply(&mut head);
    }
    [&head[..], tail].concat()
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        // PROPTEST_CASES can ask for more.
        cases: default.cases.max(1000),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..default
    }
}

static WEIGHTS: LazyLock<Vec<u8>> = LazyLock::new(|| read("bare-relu", "model.safetensors"));
static CONFIG: LazyLock<Vec<u8>> = LazyLock::new(|| read("sequence-classification", "config.json"));

/// Bytes that a safetensors file has before its numbers.
static HEADER: LazyLock<usize> = LazyLock::new(|| {
    let size = WEIGHTS.first_chunk().expect("a header");
    8 + u64::from_le_bytes(*size) as usize
});

fn read(folder: &str, file: &str) -> Vec<u8> {
    fs::read(fixture(folder).join(file)).expect("the fixture is whole")
}

/// Says that an error names its file.
fn names(error: &impl ToString, file: &Path) -> Result<(), TestCaseError> {
    let message = error.to_string();
    prop_assert!(
        message.starts_with(&file.display().to_string()),
        "{}",
        message
    );
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn changed_weights_are_refused_or_finite(changes in changes(1)) {
        let folder = TempDir::new().expect("a folder");
        fs::copy(fixture("bare-relu").join("config.json"), folder.path().join("config.json"))
            .expect("copied");
        let path = folder.path().join("model.safetensors");
        fs::write(&path, mutated(&WEIGHTS, *HEADER, &changes)).expect("written");
        match Checkpoint::open(folder.path()) {
            Err(error) => names(&error, &path)?,
            Ok(checkpoint) => {
                let (model, _) = checkpoint.encoder(&device()).expect("a checked one loads");
                let weight = model.encoder.layer[0].output.dense.weight.val();
                prop_assert!(numbers(weight).iter().all(|x| x.is_finite()));
            }
        }
    }

    #[test]
    fn a_changed_configuration_is_refused_or_valid(changes in changes(0)) {
        let bytes = mutated(&CONFIG, 0, &changes);
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("config.json");
        fs::write(&path, &bytes).expect("written");
        match BertConfig::from_file(&path) {
            Err(error) => names(&error, &path)?,
            Ok(config) => {
                prop_assert!(config.validate().is_ok());
                prop_assert_eq!(BertConfig::from_json(&config.to_json()).unwrap(), config);
            }
        }
    }

    #[test]
    fn a_changed_configuration_beside_its_weights_is_refused_or_loads(changes in changes(0)) {
        let folder = TempDir::new().expect("a folder");
        let config = mutated(&CONFIG, 0, &changes);
        fs::write(folder.path().join("config.json"), config).expect("written");
        let weights = fixture("sequence-classification").join("model.safetensors");
        fs::copy(weights, folder.path().join("model.safetensors")).expect("copied");
        let loaded = Checkpoint::open(folder.path())
            .and_then(|checkpoint| checkpoint.trained_classifier(&device()));
        if let Err(error) = loaded {
            let message = error.to_string();
            let named = ["config.json: ", "model.safetensors: "];
            prop_assert!(named.iter().any(|file| message.contains(file)), "{}", message);
        }
    }

    #[test]
    fn changed_data_is_refused_or_has_known_labels(
        changes in changes(30),
        task in proptest::sample::select(vec![Task::Sst2, Task::Mrpc]),
    ) {
        let (folder_name, text) = match task {
            Task::Sst2 => (
                "SST-2",
                "sentence\tlabel\nit 's a charming film\t1\nno \" sense\t0\n\t1\n",
            ),
            _ => (
                "MRPC",
                "\u{feff}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t1\t2\ta b\tb a\r\n\
                 0\t3\t4\té\t\u{1f600}\r\n",
            ),
        };
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join(folder_name).join("dev.tsv");
        fs::create_dir_all(path.parent().unwrap()).expect("made");
        fs::write(&path, mutated(text.as_bytes(), 30, &changes)).expect("written");
        match glue::read_split(folder.path(), task, Split::Validation) {
            Err(error) => names(&error, &path)?,
            Ok(rows) => {
                prop_assert!(!rows.examples.is_empty());
                let classes = rows.examples.iter().map(|example| example.label.class());
                prop_assert!(classes.max() < Some(task.class_names().len()));
            }
        }
    }

    #[test]
    fn a_changed_tokenizer_is_refused_or_encodes(changes in changes(0)) {
        static VALID: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let folder = TempDir::new().expect("a folder");
            let path = folder.path().join("tokenizer.json");
            let tokenizer = Tokenizer::word_level(["the cat sat", "the dog"], 20).expect("made");
            tokenizer.save(&path).expect("saved");
            fs::read(path).expect("written")
        });
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("tokenizer.json");
        fs::write(&path, mutated(&VALID, 0, &changes)).expect("written");
        match Tokenizer::from_file(&path) {
            Err(error) => names(&error, &path)?,
            // What a tokenizer refuses to encode, it refuses with an error.
            Ok(tokenizer) => drop(tokenizer.encode("the cat", Some("sat, dog"), 16)),
        }
    }
}
