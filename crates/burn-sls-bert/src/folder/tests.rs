//! Folders that lack a file, and what is said about them.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::{Checkpoint, Tokenizer};

/// A folder with these files, all of them empty objects.
fn folder(files: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }
    folder
}

/// The error of a model in this folder.
fn of_model(folder: &Path) -> String {
    Checkpoint::open(folder).unwrap_err().to_string()
}

/// The error of a tokenizer in this folder.
fn of_tokenizer(folder: &Path) -> String {
    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"));
    tokenizer.unwrap_err().to_string()
}

#[test]
fn weights_in_another_format_are_named_with_what_to_do() {
    for (file, says) in [
        ("model.safetensors.index.json", "join the parts"),
        ("pytorch_model.bin", "save_pretrained"),
        ("pytorch_model.bin.index.json", "save_pretrained"),
        ("pytorch_model-00001-of-00002.bin", "save_pretrained"),
        ("tf_model.h5", "from_tf=True"),
        ("flax_model.msgpack", "from_flax=True"),
        ("adapter_model.safetensors", "merge_and_unload"),
        ("bert_model.ckpt.index", "convert TensorFlow's checkpoint"),
        ("bert.safetensors", "call it model.safetensors"),
        ("model.onnx", "safetensors file instead"),
    ] {
        let folder = folder(&["config.json", "training_args.bin", file]);
        let message = of_model(folder.path());
        let expected = format!("model.safetensors: is missing; the folder has {file} instead: ");
        assert!(message.contains(&expected), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn other_forms_of_a_configuration_are_named() {
    for (file, says) in [
        ("bert_config.json", "TensorFlow's first BERT"),
        ("adapter_config.json", "an adapter; merge it"),
    ] {
        let message = of_model(folder(&[file]).path());
        assert!(
            message.contains("config.json: is missing; the folder has"),
            "{message}"
        );
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_vocabulary_alone_is_no_tokenizer() {
    for file in [
        "vocab.txt",
        "vocab.json",
        "sentencepiece.bpe.model",
        "spiece.model",
    ] {
        let folder = folder(&["config.json", "model.safetensors", file]);
        let message = of_tokenizer(folder.path());
        for part in [
            "tokenizer.json: is missing",
            file,
            "a vocabulary without the rules",
            "AutoTokenizer.from_pretrained(",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
    let folder = folder(&["config.json", "tokenizer/tokenizer.json"]);
    let message = of_tokenizer(folder.path());
    assert!(
        message.contains("copy it and the files beside it"),
        "{message}"
    );
}

#[test]
fn a_folder_some_levels_off_is_found() {
    // (files, the folder that is given, the one to give)
    let cases: [(&[&str], &str, &str); 5] = [
        (
            &[
                "modules.json",
                "0_Transformer/config.json",
                "0_Transformer/model.safetensors",
            ],
            "",
            "0_Transformer",
        ),
        (
            &[
                "a/b/c/config.json",
                "a/b/c/model.safetensors",
                "a/1/config.json",
            ],
            "",
            "a/b/c",
        ),
        (
            &["config.json", "model.safetensors", "1_Pooling/config.json"],
            "1_Pooling",
            "",
        ),
        (&["config.json", "model.safetensors", "onnx/a"], "onnx", ""),
        (
            &[
                "snapshots/0123/config.json",
                "snapshots/0123/model.safetensors",
                "refs/main",
            ],
            "",
            "snapshots/0123",
        ),
    ];
    for (files, given, right) in cases {
        let folder = folder(files);
        let message = of_model(&folder.path().join(given));
        let right = match right {
            "" => folder.path().to_owned(),
            right => folder.path().join(right),
        };
        let says = format!("is missing; the folder {} has one", right.display());
        assert!(message.contains(&says), "{files:?}: {message}");
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_named_with_its_folder() {
    let folder = folder(&["config.json", "model.safetensors"]);
    let file = folder.path().join("model.safetensors");
    let message = of_model(&file);
    let says = format!(
        "{} is a file: give the folder that it is in, {}",
        file.display(),
        folder.path().display()
    );
    assert!(message.contains(&says), "{message}");
}

#[test]
fn nothing_is_guessed_of_a_folder_that_says_nothing() {
    for file in ["model.safetensors", "config.json"] {
        let folder = folder(&["config.json", "model.safetensors"]);
        fs::remove_file(folder.path().join(file)).unwrap();
        let missing = of_model(folder.path());
        assert!(
            missing.contains(&format!("{file}: No such file")),
            "{missing}"
        );
        fs::create_dir(folder.path().join(file)).unwrap();
        let message = of_model(folder.path());
        assert!(message.contains(&format!("{file}: ")), "{message}");
        assert!(message.contains("directory"), "{message}");
    }
    let nowhere = of_model(Path::new("no/where"));
    assert!(
        nowhere.contains("no/where/config.json: No such file"),
        "{nowhere}"
    );
}

#[test]
fn a_pointer_of_git_lfs_is_recognised_in_every_file() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:cd\nsize 466247\n";
    let says = "is a Git LFS pointer, not the file itself: run `git lfs pull`";
    let folder = folder(&["config.json"]);
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "tokenizer.json",
    ] {
        let path = folder.path().join(file);
        fs::write(&path, pointer).unwrap();
        let message = match file.starts_with("tokenizer") {
            false => of_model(folder.path()),
            true => {
                fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
                fs::write(&path, pointer).unwrap();
                of_tokenizer(folder.path())
            }
        };
        assert!(message.contains(&format!("{file}: {says}")), "{message}");
        fs::write(path, "{}").unwrap();
    }
}
