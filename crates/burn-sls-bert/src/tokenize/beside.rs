//! The files beside a `tokenizer.json` that change what Hugging Face's fast tokenizer does.

use std::path::Path;

use serde_json::{Map, Value, json};
use tokenizers::AddedToken;

use crate::BertError;
use crate::files::object;
use crate::model_type::Special;
use crate::quote::quoted;

const CONFIG: &str = "tokenizer_config.json";
const SPECIAL: &str = "special_tokens_map.json";
const ADDED: &str = "added_tokens.json";

/// Classes that set the normalizer of `tokenizer.json` as BERT's does: those whose constructor in
/// transformers has `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`.
const LIKE_BERT: [&str; 11] = [
    "Bert",
    "ConvBert",
    "DistilBert",
    "Electra",
    "Funnel",
    "LayoutLM",
    "Lxmert",
    "MPNet",
    "MobileBert",
    "RetriBert",
    "SqueezeBert",
];

/// Classes that set `add_prefix_space` as RoBERTa's does.
const LIKE_ROBERTA: [&str; 5] = ["Bart", "GPT2", "LED", "Longformer", "Roberta"];

/// Other classes that use `tokenizer.json` as it is.
const AS_IT_IS: [&str; 4] = ["Camembert", "XLMRoberta", "PreTrained", "TokenizersBackend"];

/// Classes whose `model_input_names` have no `token_type_ids`.
const WITHOUT_TYPES: [&str; 9] = [
    "Bart",
    "Camembert",
    "DistilBert",
    "GPT2",
    "LED",
    "Longformer",
    "MPNet",
    "Roberta",
    "XLMRoberta",
];

/// Settings that are not followed, with the value that changes nothing.
fn not_followed() -> [(&'static str, Value); 3] {
    [
        ("truncation_side", json!("right")),
        ("padding_side", json!("right")),
        ("split_special_tokens", json!(false)),
    ]
}

/// What stands in the files beside a `tokenizer.json`.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// `tokenizer_config.json`.
    settings: Map<String, Value>,
    /// `special_tokens_map.json`.
    special: Map<String, Value>,
    /// Hugging Face's class of the tokenizer without `Tokenizer` and `TokenizerFast` at the end, if
    /// a file says it.
    class: Option<String>,
    /// Added tokens: the file, the token and its number.
    pub(super) added: Vec<(&'static str, AddedToken, u32)>,
    /// `pad_token_id` in `config.json`.
    pub(super) pad_token_id: Option<u32>,
    pub(super) warnings: Vec<String>,
}

impl Beside {
    /// Reads what there is in the folder.
    pub(super) fn read(dir: &Path) -> Result<Self, BertError> {
        let path = dir.join(CONFIG);
        let settings = object(&path)?.unwrap_or_default();
        let special = object(&dir.join(SPECIAL))?.unwrap_or_default();
        // Its errors are the model's.
        let model = object(&dir.join("config.json")).ok().flatten();
        let model = model.unwrap_or_default();
        let text = |map: &Map<String, Value>, key: &str| {
            map.get(key).and_then(Value::as_str).map(str::to_owned)
        };
        let of_model = || match text(&model, "model_type")?.as_str() {
            "bert" => Some("Bert".to_owned()),
            "roberta" => Some("Roberta".to_owned()),
            _ => None,
        };
        let class = text(&settings, "tokenizer_class").or_else(|| text(&model, "tokenizer_class"));
        let class = class.map(|class| bare(&class).to_owned()).or_else(of_model);

        let mut warnings = Vec::new();
        let place = path.display();
        if let Some(class) = &class {
            let known = [&LIKE_BERT[..], &LIKE_ROBERTA, &AS_IT_IS].concat();
            if !known.contains(&class.as_str()) {
                warnings.push(format!(
                    "{place}: Hugging Face's {class}Tokenizer may give other tokens than \
                     tokenizer.json, which is used here as it is"
                ));
            }
        }
        for (key, supported) in not_followed() {
            let found = settings.get(key).filter(|found| !found.is_null());
            if let Some(found) = found.filter(|found| **found != supported) {
                warnings.push(format!(
                    "{place}: `{key}` is {}, and {supported} is used here",
                    quoted(&found.to_string())
                ));
            }
        }
        let added = added(dir, &settings)?;
        Ok(Self {
            added,
            class,
            pad_token_id: model
                .get("pad_token_id")
                .and_then(Value::as_u64)
                .and_then(|id| id.try_into().ok()),
            settings,
            special,
            warnings,
        })
    }

    /// Whether BERT's settings apply: to its class, and to one that no file names.
    pub(super) fn like_bert(&self) -> bool {
        self.is_one_of(&LIKE_BERT)
    }

    /// Whether RoBERTa's settings apply: to its class, and to one that no file names.
    pub(super) fn like_roberta(&self) -> bool {
        self.is_one_of(&LIKE_ROBERTA)
    }

    fn is_one_of(&self, classes: &[&str]) -> bool {
        let class = self.class.as_deref();
        class.is_none_or(|class| classes.contains(&class))
    }

    /// Whether a file names the class of the tokenizer.
    pub(super) fn has_class(&self) -> bool {
        self.class.is_some()
    }

    /// A setting of `tokenizer_config.json` that is true or false.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, BertError> {
        match self.settings.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(found) => Err(BertError::tokenizer(format!(
                "cannot be used with `{key}` in {CONFIG}, which is {}; expected true or false",
                quoted(&found.to_string())
            ))),
        }
    }

    /// Whether `tokenizer_config.json` has the key, even if its value is null.
    pub(super) fn says(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    /// Whether Hugging Face's tokenizer gives no token types, so that the model takes 0 for all.
    pub(super) fn leaves_types_out(&self) -> bool {
        if let Some(names) = self
            .settings
            .get("model_input_names")
            .and_then(Value::as_array)
        {
            return !names.iter().any(|name| name == "token_type_ids");
        }
        let class = self.class.as_deref();
        class.is_some_and(|class| WITHOUT_TYPES.contains(&class))
    }

    /// The text of a special token, with its file and its key, if a file names it.
    pub(super) fn named(&self, special: Special) -> Option<(&'static str, &'static str, &str)> {
        self.all_named(special).into_iter().next()
    }

    /// The file and key that name another token than `used`.
    pub(super) fn contradicting(
        &self,
        special: Special,
        used: Option<&String>,
    ) -> Option<(&'static str, &'static str, &str)> {
        let named = self.all_named(special).into_iter();
        let used = used.map(String::as_str);
        named.into_iter().find(|(.., name)| Some(*name) != used)
    }

    fn all_named(&self, special: Special) -> Vec<(&'static str, &'static str, &str)> {
        let keys = Special::KEYS.iter();
        let keys = keys.filter(|(of, _)| *of == special);
        let files = [(CONFIG, &self.settings), (SPECIAL, &self.special)];
        keys.flat_map(|(_, key)| {
            files.iter().filter_map(|(file, map)| {
                let found = map.get(*key)?;
                let name = found.as_str().or_else(|| found["content"].as_str())?;
                Some((*file, *key, name))
            })
        })
        .collect()
    }
}

/// The class without its usual end.
fn bare(class: &str) -> &str {
    let class = class.strip_suffix("Fast").unwrap_or(class);
    class.strip_suffix("Tokenizer").unwrap_or(class)
}

/// The tokens of `added_tokens_decoder` in `tokenizer_config.json` or else of `added_tokens.json`.
fn added(
    dir: &Path,
    settings: &Map<String, Value>,
) -> Result<Vec<(&'static str, AddedToken, u32)>, BertError> {
    let refused = |file: &str, what: String| BertError::tokenizer(what).in_file(&dir.join(file));
    if let Some(decoder) = settings.get("added_tokens_decoder") {
        let tokens = decoder.as_object().into_iter().flatten();
        let token = |(id, token): (&String, &Value)| {
            let flag = |key: &str| token[key].as_bool();
            let special = flag("special").unwrap_or(false);
            let added = AddedToken::from(token["content"].as_str()?, special)
                .single_word(flag("single_word").unwrap_or(false))
                .lstrip(flag("lstrip").unwrap_or(false))
                .rstrip(flag("rstrip").unwrap_or(false))
                .normalized(flag("normalized").unwrap_or(!special));
            Some((CONFIG, added, id.parse::<u32>().ok()?))
        };
        let tokens: Option<Vec<_>> = tokens.map(token).collect();
        let in_order = |mut tokens: Vec<_>| {
            tokens.sort_by_key(|(_, _, id)| *id);
            tokens
        };
        return tokens.map(in_order).ok_or_else(|| {
            refused(
                CONFIG,
                "`added_tokens_decoder` does not give a token for every number".to_owned(),
            )
        });
    }
    let path = dir.join(ADDED);
    let tokens = object(&path)?.unwrap_or_default();
    let tokens = tokens.into_iter().map(|(token, id)| {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id
            .ok_or_else(|| refused(ADDED, format!("the token {} has no number", quoted(&token))))?;
        Ok((ADDED, AddedToken::from(token, false), id))
    });
    let mut tokens = tokens.collect::<Result<Vec<_>, BertError>>()?;
    tokens.sort_by_key(|(_, _, id)| *id);
    Ok(tokens)
}
