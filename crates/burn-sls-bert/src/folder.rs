//! The folder of a model: what it has instead of a missing file, and what it has besides.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::BertError;
use crate::files::object;

/// How far down a model is looked for when a folder has none.
const DEPTH: usize = 3;

/// The most files and folders that are looked at on the way.
const MOST: usize = 2000;

/// Files with weights that are not read, and what to do. A `*` stands for any beginning.
const OTHER_WEIGHTS: [(&str, &str); 15] = [
    (
        "model.safetensors.index.json",
        "join the parts into one safetensors file",
    ),
    ("pytorch_model.bin", SAVE_AGAIN),
    ("pytorch_model.bin.index.json", SAVE_AGAIN),
    ("tf_model.h5", FROM_TENSORFLOW),
    ("flax_model.msgpack", FROM_FLAX),
    ("adapter_model.safetensors", MERGE),
    ("adapter_model.bin", MERGE),
    ("*.safetensors", "call it model.safetensors"),
    (
        "*.ckpt.index",
        "convert TensorFlow's checkpoint with transformers, and write it with `save_pretrained`",
    ),
    ("*.bin", SAVE_AGAIN),
    ("*.pt", SAVE_AGAIN),
    ("*.pth", SAVE_AGAIN),
    ("*.h5", FROM_TENSORFLOW),
    ("*.onnx", "take the model's safetensors file instead"),
    ("*.gguf", "take the model's safetensors file instead"),
];

const SAVE_AGAIN: &str = "save the model again as safetensors with transformers' `save_pretrained`";
const FROM_TENSORFLOW: &str = "TensorFlow's weights; load them with transformers' \
     `from_pretrained(.., from_tf=True)` and write them with `save_pretrained`";
const FROM_FLAX: &str = "Flax's weights; load them with transformers' \
     `from_pretrained(.., from_flax=True)` and write them with `save_pretrained`";
const MERGE: &str = "an adapter; merge it into its base model with peft's `merge_and_unload`, and \
     write the whole model with `save_pretrained`";

/// Files of a training, which have no weights of a model.
const OF_TRAINING: [&str; 5] = [
    "training_args.bin",
    "optimizer.bin",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
];

/// Vocabularies that are not a whole tokenizer. A `*` stands for any beginning.
const VOCABULARIES: [&str; 6] = [
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "*.model",
    "vocab.*",
];

/// Why there is no such file, for the three that a model needs. `None` if the folder gives no hint.
pub(crate) fn missing(path: &Path) -> Option<String> {
    let dir = path.parent()?;
    let name = path.file_name()?.to_str()?;
    if dir.is_file() {
        let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        return Some(format!(
            "is missing, since {} is a file: give the folder that it is in, {}",
            dir.display(),
            above.display()
        ));
    }
    if path.exists() || !dir.is_dir() {
        return None;
    }
    let here = match name {
        "config.json" => instead_of_config(dir),
        "tokenizer.json" => instead_of_tokenizer(dir),
        _ => instead_of_weights(dir),
    };
    let here = here.map(|here| format!("is missing; {here}"));
    here.or_else(|| {
        let other = elsewhere(dir, name)?;
        let other = other.display();
        Some(format!(
            "is missing; the folder {other} has one: give that folder"
        ))
    })
}

/// The error for a file that cannot be read: with a hint if it is missing.
pub(crate) fn unread(
    path: &Path,
    source: std::io::Error,
    refusal: impl FnOnce(String) -> BertError,
) -> BertError {
    match missing(path) {
        Some(message) => refusal(message),
        None => BertError::io(path, source),
    }
}

fn instead_of_config(dir: &Path) -> Option<String> {
    let has = |file: &str| dir.join(file).is_file();
    if has("adapter_config.json") {
        return Some(format!("the folder has adapter_config.json: it is {MERGE}"));
    }
    has("bert_config.json").then(|| {
        "the folder has bert_config.json, of TensorFlow's first BERT: convert its checkpoint with \
         transformers, and write it with `save_pretrained`"
            .to_owned()
    })
}

fn instead_of_weights(dir: &Path) -> Option<String> {
    let mut names = names_in(dir);
    names.retain(|name| !OF_TRAINING.contains(&name.as_str()));
    OTHER_WEIGHTS.iter().find_map(|(pattern, remedy)| {
        let name = names.iter().find(|name| matches(name, pattern))?;
        Some(format!("the folder has {name} instead: {remedy}"))
    })
}

fn instead_of_tokenizer(dir: &Path) -> Option<String> {
    let names = names_in(dir);
    let found = |pattern: &&str| names.iter().find(|name| matches(name, pattern));
    if let Some(name) = VOCABULARIES.iter().find_map(found) {
        let dir = dir.display();
        return Some(format!(
            "the folder has {name}, a vocabulary without the rules for splitting text: write the \
             whole tokenizer with transformers' \
             `AutoTokenizer.from_pretrained(\"{dir}\").save_pretrained(\"{dir}\")`"
        ));
    }
    let inside = dir.join("tokenizer/tokenizer.json");
    inside.is_file().then(|| {
        format!(
            "{} is one: copy it and the files beside it into the folder",
            inside.display()
        )
    })
}

/// The names in a folder, sorted; none if it cannot be read.
fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().take(MOST).flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn matches(name: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(beginning)) => name.starts_with(beginning),
        _ => name == pattern,
    }
}

/// A folder some levels off that has the file, and a configuration beside it: one with weights
/// rather than one with the settings of a pooling layer, and the nearest of them.
fn elsewhere(dir: &Path, file: &str) -> Option<PathBuf> {
    let model =
        |folder: &&PathBuf| folder.join("config.json").is_file() && folder.join(file).is_file();
    let weights = |folder: &&PathBuf| folder.join("model.safetensors").is_file();
    // An empty path is the folder where the program runs.
    let above = match dir.parent() {
        Some(above) if !above.as_os_str().is_empty() => Some(above.to_owned()),
        _ => fs::canonicalize(dir)
            .ok()
            .and_then(|dir| Some(dir.parent()?.to_owned())),
    };
    let above = above.filter(|above| model(&above) && weights(&above));
    let below = folders_below(dir);
    let found = below.iter().filter(model).find(weights).cloned();
    found
        .or(above)
        .or_else(|| below.iter().find(model).cloned())
}

/// The folders inside, nearest first.
fn folders_below(dir: &Path) -> Vec<PathBuf> {
    let (mut all, mut level, mut looked_at) = (Vec::new(), vec![dir.to_owned()], 0);
    for _ in 0..DEPTH {
        let mut below = Vec::new();
        for folder in &level {
            for name in names_in(folder) {
                looked_at += 1;
                let inside = folder.join(name);
                if looked_at <= MOST && inside.is_dir() {
                    below.push(inside);
                }
            }
        }
        all.extend(below.iter().cloned());
        level = below;
    }
    all
}

/// Other files in the folder of a model that would change its outputs, but are not read: a sentence
/// for each.
pub(crate) fn not_read(dir: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    if dir.join("adapter_config.json").is_file() {
        warnings.push(format!(
            "{}: the adapter is not read, only the model beside it; to have both, merge them with \
             peft's `merge_and_unload`",
            dir.join("adapter_config.json").display()
        ));
    }
    let modules = dir.join("modules.json");
    let modules: Value = match fs::read(&modules) {
        Ok(bytes) => serde_json::from_slice(crate::files::without_mark(&bytes)).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let types = modules.as_array().into_iter().flatten();
    let types = types.filter_map(|module| module.get("type")?.as_str()?.rsplit('.').next());
    let others: Vec<_> = types.filter(|name| *name != "Transformer").collect();
    if !others.is_empty() {
        warnings.push(format!(
            "{}: only the encoder of this sentence-transformers model is read, not its {}; the \
             head reads the first token",
            dir.join("modules.json").display(),
            others.join(", ")
        ));
    }
    let path = dir.join("sentence_bert_config.json");
    let settings = object(&path).ok().flatten().unwrap_or_default();
    let lower = settings.get("do_lower_case").and_then(Value::as_bool);
    if lower == Some(true) {
        warnings.push(format!(
            "{}: `do_lower_case` is true, and only tokenizer.json decides here: lower-case the \
             data if it does not",
            path.display()
        ));
    }
    warnings
}

#[cfg(test)]
mod tests;
