//! What Hugging Face's fast tokenizers change in a `tokenizer.json` by the files beside it.
//!
//! Mirrors `BertTokenizerFast.__init__` in transformers/models/bert/tokenization_bert_fast.py,
//! `RobertaTokenizerFast.__init__` in transformers/models/roberta/tokenization_roberta_fast.py and
//! `PreTrainedTokenizerFast.__init__` in transformers/tokenization_utils_fast.py.

use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{NormalizedString, Normalizer, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use super::beside::Beside;
use super::failed;
use crate::BertError;
use crate::quote::quoted;

/// The settings of BERT's tokenizers in `tokenizer_config.json`.
const KEYS: [&str; 3] = ["do_lower_case", "strip_accents", "tokenize_chinese_chars"];

/// Adds the tokens that the files beside it add, and checks that all have the same number there.
pub(super) fn add_tokens(inner: &mut Tokenizer, beside: &Beside) -> Result<(), BertError> {
    let known = inner.get_added_tokens_decoder();
    let new = beside
        .added
        .iter()
        .filter(|(_, _, id)| !known.contains_key(id));
    let new: Vec<_> = new.map(|(_, token, _)| token.clone()).collect();
    if !new.is_empty() {
        inner.add_tokens(new).map_err(failed)?;
    }
    for (file, token, id) in &beside.added {
        let name = &token.content;
        let found = inner.token_to_id(name);
        if let Some(found) = found.filter(|found| found != id) {
            return Err(BertError::tokenizer(format!(
                "gives the token {} the number {found}, but {file} gives it {id}: make them agree",
                quoted(name)
            )));
        }
    }
    Ok(())
}

/// BERT's settings of the normalizer.
pub(super) fn normalize(
    inner: &mut Tokenizer,
    beside: &Beside,
    warnings: &mut Vec<String>,
) -> Result<(), BertError> {
    if !beside.like_bert() {
        return Ok(());
    }
    let [lower, accents, chinese] = KEYS.map(|key| beside.flag(key));
    let (lower, accents, chinese) = (lower?, accents?, chinese?);
    let Some(NormalizerWrapper::BertNormalizer(old)) = inner.get_normalizer() else {
        return agrees(inner, [lower, accents, chinese]);
    };
    let old = *old;
    let new = BertNormalizer::new(
        old.clean_text,
        chinese.unwrap_or(old.handle_chinese_chars),
        match beside.says(KEYS[1]) {
            true => accents,
            false => old.strip_accents,
        },
        lower.unwrap_or(old.lowercase),
    );
    let is_default = [
        new.lowercase,
        new.strip_accents.is_none(),
        new.handle_chinese_chars,
    ];
    // Where Hugging Face's class has a default, and nobody has said otherwise.
    let unsaid = KEYS.iter().zip(is_default);
    let unsaid = unsaid.filter(|(key, is_default)| !is_default && !beside.says(key));
    let unsaid: Vec<_> = unsaid.map(|(key, _)| format!("`{key}`")).collect();
    if beside.has_class() && !unsaid.is_empty() {
        warnings.push(format!(
            "the normalizer of tokenizer.json is used as it is, where Hugging Face's class for \
             this model would take its defaults, since tokenizer_config.json does not say {}: copy \
             that file from the model too, or add it",
            unsaid.join(", ")
        ));
    }
    let same = (new.lowercase, new.strip_accents, new.handle_chinese_chars)
        == (old.lowercase, old.strip_accents, old.handle_chinese_chars);
    match same {
        true => Ok(()),
        false => inner.with_normalizer(Some(new)).map(drop).map_err(failed),
    }
}

/// Checks a normalizer of another type: it must do what the settings say.
fn agrees(inner: &Tokenizer, asked: [Option<bool>; 3]) -> Result<(), BertError> {
    let normalized = |text: &str| -> Result<String, BertError> {
        let mut text = NormalizedString::from(text);
        if let Some(normalizer) = inner.get_normalizer() {
            normalizer.normalize(&mut text).map_err(failed)?;
        }
        Ok(text.get().to_owned())
    };
    let accented = normalized("é")?;
    let does = [
        normalized("A")?.contains('a'),
        !accented.contains(['é', '\u{301}']),
        normalized("中文")?.contains(' '),
    ];
    for ((key, asked), does) in KEYS.into_iter().zip(asked).zip(does) {
        if let Some(asked) = asked.filter(|&asked| asked != does) {
            return Err(BertError::tokenizer(format!(
                "its `normalizer` does the opposite of `{key}`, which is {asked} in \
                 tokenizer_config.json: make them agree"
            )));
        }
    }
    Ok(())
}

/// RoBERTa's setting of the pre-tokenizer.
pub(super) fn prefix(
    inner: &mut Tokenizer,
    beside: &Beside,
    warnings: &mut Vec<String>,
) -> Result<(), BertError> {
    const KEY: &str = "add_prefix_space";
    if !beside.like_roberta() {
        return Ok(());
    }
    let asked = beside.flag(KEY)?;
    let Some(PreTokenizerWrapper::ByteLevel(old)) = inner.get_pre_tokenizer() else {
        return Ok(());
    };
    let old = *old;
    match asked {
        Some(asked) if asked != old.add_prefix_space => {
            let new = ByteLevel::new(asked, old.trim_offsets, old.use_regex);
            inner.with_pre_tokenizer(Some(new));
        }
        None if old.add_prefix_space && beside.has_class() => warnings.push(format!(
            "`{KEY}` is true in tokenizer.json and used as it is, where Hugging Face's class for \
             this model would take false, since tokenizer_config.json does not say it: copy that \
             file from the model too, or add it"
        )),
        _ => {}
    }
    Ok(())
}
