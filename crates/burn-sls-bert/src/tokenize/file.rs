//! Reading a `tokenizer.json` and the files beside it.

use std::fs;
use std::panic;
use std::path::Path;

use serde::de::IgnoredAny;
use tokenizers::PaddingParams;

use super::beside::Beside;
use super::frame::{Frame, leave_types_out};
use super::{Tokenizer, failed, rules};
use crate::files::{recognised, without_mark};
use crate::folder::unread;
use crate::model_type::Special;
use crate::quote::quoted;
use crate::{BertError, ModelType};

impl Tokenizer {
    /// Reads a `tokenizer.json`, and the files beside it that change what Hugging Face's fast
    /// tokenizer makes of it.
    ///
    /// - In `tokenizer_config.json`, for a tokenizer of BERT's class, `do_lower_case`,
    ///   `strip_accents` and `tokenize_chinese_chars` replace the settings of the normalizer. For
    ///   one of RoBERTa's class, `add_prefix_space` does so in the pre-tokenizer. The class is
    ///   `tokenizer_class` there, or in `config.json`, or else that of `model_type`.
    /// - `model_input_names` without `token_type_ids` makes all types 0. So does the class of
    ///   RoBERTa's tokenizer.
    /// - Special and added tokens there, in `special_tokens_map.json` and in `added_tokens.json`
    ///   must be those of `tokenizer.json`.
    ///
    /// [`warnings`](Self::warnings) names what Hugging Face would do otherwise. The text may begin
    /// with a byte-order mark.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] if the file cannot be read. [`BertError::Tokenizer`] if it is not a
    /// tokenizer, if a file beside it contradicts it, or if it has no token that pads or puts none
    /// before a text.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BertError> {
        let path = path.as_ref();
        let refusal = |message: String| BertError::tokenizer(message).in_file(path);
        let bytes = fs::read(path).map_err(|source| unread(path, source, refusal))?;
        if let Some(what) = recognised(&bytes) {
            return Err(refusal(what.to_owned()));
        }
        let beside = Beside::read(path.parent().unwrap_or(Path::new("")))?;
        Self::from_bytes(without_mark(&bytes), &beside)
            .map(|tokenizer| Self {
                path: Some(path.to_owned()),
                ..tokenizer
            })
            .map_err(|error| error.in_file(path))
    }

    pub(super) fn from_bytes(bytes: &[u8], beside: &Beside) -> Result<Self, BertError> {
        let not_one = |error: String| BertError::tokenizer(format!("not a tokenizer: {error}"));
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_one(error.to_string()))?;
        // The library unwraps some values of a file, such as the special tokens that a template
        // names. So a panic while reading, or at the first use, is an error in the file.
        panic::catch_unwind(|| {
            tokenizers::Tokenizer::from_bytes(bytes)
                .map_err(|error| not_one(error.to_string()))
                .and_then(|inner| Self::with(inner, beside))
        })
        .unwrap_or_else(|_| Err(not_one("its parts contradict each other".to_owned())))
    }

    /// Accepts a tokenizer without files beside it, after checking its output.
    pub(super) fn new(inner: tokenizers::Tokenizer) -> Result<Self, BertError> {
        Self::with(inner, &Beside::default())
    }

    fn with(mut inner: tokenizers::Tokenizer, beside: &Beside) -> Result<Self, BertError> {
        let padding = inner.get_padding().cloned();
        inner.with_padding(None);
        inner.with_truncation(None).map_err(failed)?;
        let mut warnings = beside.warnings.clone();
        rules::add_tokens(&mut inner, beside)?;
        rules::normalize(&mut inner, beside, &mut warnings)?;
        rules::prefix(&mut inner, beside, &mut warnings)?;
        if beside.leaves_types_out() {
            leave_types_out(&mut inner)?;
        }
        let frame = Frame::of(&inner)?;
        for (special, used) in [
            (Special::Cls, Some(&frame.first)),
            (Special::Sep, frame.last.as_ref()),
        ] {
            let (Some((file, key, name)), Some(used)) = (beside.contradicting(special, used), used)
            else {
                continue;
            };
            return Err(BertError::tokenizer(format!(
                "frames text with {}, but {file} says that `{key}` is {}: make them agree",
                quoted(used),
                quoted(name)
            )));
        }
        Ok(Self {
            pad: pad_of(&inner, beside, padding)?,
            inner,
            frame,
            path: None,
            warnings,
        })
    }
}

/// The token that pads: that of the files, or else one of the usual name.
fn pad_of(
    inner: &tokenizers::Tokenizer,
    beside: &Beside,
    padding: Option<PaddingParams>,
) -> Result<(String, u32), BertError> {
    let known = |name: &str| Some((name.to_owned(), inner.token_to_id(name)?));
    if let Some((file, key, name)) = beside.named(Special::Pad) {
        return known(name).ok_or_else(|| {
            BertError::tokenizer(format!(
                "has no token {}, but {file} says that `{key}` is that: make them agree",
                quoted(name)
            ))
        });
    }
    let of_file = padding.and_then(|padding| {
        let found = known(&padding.pad_token)?;
        (found.1 == padding.pad_id).then_some(found)
    });
    let usual = ModelType::ALL.map(|kind| kind.token(Special::Pad));
    // A vocabulary may have both: then the model's configuration decides.
    let of_model = usual.iter().filter_map(|name| known(name));
    let of_model = of_model
        .clone()
        .find(|(_, id)| Some(*id) == beside.pad_token_id);
    let found = of_file
        .or(of_model)
        .or_else(|| usual.iter().find_map(|name| known(name)));
    found.ok_or_else(|| {
        BertError::tokenizer(format!(
            "has no token that pads; expected {} or {}, or another one that tokenizer_config.json \
             names as `pad_token`",
            usual[0], usual[1]
        ))
    })
}
