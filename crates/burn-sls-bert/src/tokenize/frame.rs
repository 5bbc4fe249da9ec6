//! The special tokens around a text: what a model needs of them, whatever they are called.

use serde_json::{Value, json};
use tokenizers::{Encoding, PostProcessor, PostProcessorWrapper};

use super::{TruncationParams, TruncationStrategy, failed, truncate_encodings};
use crate::BertError;

/// How a tokenizer frames text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The token before every text. A classifier's head reads its hidden state.
    pub(super) first: String,
    /// The token after a text, if there is one.
    pub(super) last: Option<String>,
    /// The largest type of a token in a single sentence.
    pub(super) single_type: u32,
    /// The largest type of a token in a pair.
    pub(super) pair_type: u32,
}

/// A text or pair of at most `max_length` tokens, with special tokens.
pub(super) fn framed(
    inner: &tokenizers::Tokenizer,
    first: &str,
    second: Option<&str>,
    max_length: usize,
) -> Result<Encoding, BertError> {
    let processor = inner.get_post_processor();
    let special = processor.map_or(0, |p| p.added_tokens(second.is_some()));
    let texts = 1 + usize::from(second.is_some());
    if max_length < special + texts {
        return Err(BertError::tokenizer(format!(
            "a length of {max_length} tokens has no room for text besides {special} special \
             tokens; expected at least {}",
            special + texts
        )));
    }
    let bare = |text| inner.encode_fast(text, false).map_err(failed);
    let pair = second.map(bare).transpose()?;
    let truncation = TruncationParams {
        max_length: max_length - special,
        strategy: TruncationStrategy::LongestFirst,
        ..TruncationParams::default()
    };
    let (first, pair) = truncate_encodings(bare(first)?, pair, &truncation).map_err(failed)?;
    inner.post_process(first, pair, true).map_err(failed)
}

impl Frame {
    /// Finds how `inner` frames text, by a sentence and a pair.
    pub(super) fn of(inner: &tokenizers::Tokenizer) -> Result<Self, BertError> {
        const ROOM: usize = 64;
        let not_framed = |what: &str| {
            BertError::tokenizer(format!(
                "does not frame text as a model needs it: {what}; expected a `post_processor` such \
                 as BertProcessing or RobertaProcessing in tokenizer.json"
            ))
        };
        let bare = |text| -> Result<Vec<u32>, BertError> {
            let encoded = inner.encode_fast(text, false).map_err(failed)?;
            Ok(encoded.get_ids().to_vec())
        };
        let (a, b) = (bare("a")?, bare("b")?);
        let single = framed(inner, "a", None, ROOM)?;
        let pair = framed(inner, "a", Some("b"), ROOM)?;
        let is_special = |encoded: &Encoding, at: Option<usize>| {
            let mask = encoded.get_special_tokens_mask();
            at.and_then(|at| mask.get(at).copied()) == Some(1)
        };
        let (start, other) = (single.get_ids().first(), pair.get_ids().first());
        let (Some(&start), Some(&other)) = (start, other) else {
            return Err(not_framed("it gives no token at all"));
        };
        if !is_special(&single, Some(0)) || !is_special(&pair, Some(0)) || start != other {
            return Err(not_framed(
                "no special token comes before it, and a classifier reads the first one",
            ));
        }
        let text = |encoded: &Encoding| -> Vec<u32> {
            let tokens = encoded.get_ids().iter();
            let tokens = tokens.zip(encoded.get_special_tokens_mask());
            tokens
                .filter(|(_, mask)| **mask == 0)
                .map(|(id, _)| *id)
                .collect()
        };
        if text(&single) != a || text(&pair) != [a, b].concat() {
            return Err(not_framed("it loses a part of it"));
        }
        let end = single.get_ids().len().checked_sub(1).filter(|&end| end > 0);
        let end = end.filter(|&end| is_special(&single, Some(end)));
        let token = |id: u32| inner.id_to_token(id).unwrap_or_default();
        let largest = |encoded: &Encoding| encoded.get_type_ids().iter().copied().max();
        Ok(Self {
            first: token(start),
            last: end.map(|end| token(single.get_ids()[end])),
            single_type: largest(&single).unwrap_or(0),
            pair_type: largest(&pair).unwrap_or(0),
        })
    }
}

/// Makes every token type 0.
pub(super) fn leave_types_out(inner: &mut tokenizers::Tokenizer) -> Result<(), BertError> {
    let Some(processor) = inner.get_post_processor() else {
        return Ok(());
    };
    let unusable = |error: serde_json::Error| BertError::tokenizer(error.to_string());
    let mut processor = serde_json::to_value(processor).map_err(unusable)?;
    of_type_0(&mut processor);
    let processor: PostProcessorWrapper = serde_json::from_value(processor).map_err(unusable)?;
    inner.with_post_processor(Some(processor));
    Ok(())
}

fn of_type_0(processor: &mut Value) {
    match processor["type"].as_str() {
        Some("BertProcessing") => {
            let token = |of: &Value| json!({ "SpecialToken": { "id": of[0], "type_id": 0 } });
            let text = |name| json!({ "Sequence": { "id": name, "type_id": 0 } });
            let (cls, sep) = (processor["cls"].clone(), processor["sep"].clone());
            let tokens = [&cls, &sep].map(|of| {
                let name = of[0].as_str().unwrap_or_default().to_owned();
                (
                    name,
                    json!({ "id": of[0], "ids": [of[1]], "tokens": [of[0]] }),
                )
            });
            *processor = json!({
                "type": "TemplateProcessing",
                "single": [token(&cls), text("A"), token(&sep)],
                "pair": [token(&cls), text("A"), token(&sep), text("B"), token(&sep)],
                "special_tokens": serde_json::Map::from_iter(tokens),
            });
        }
        Some("TemplateProcessing") => {
            for piece in ["single", "pair"] {
                for piece in processor[piece].as_array_mut().into_iter().flatten() {
                    for (_, piece) in piece.as_object_mut().into_iter().flatten() {
                        piece["type_id"] = 0.into();
                    }
                }
            }
        }
        Some("Sequence") => {
            let inside = processor["processors"].as_array_mut();
            inside.into_iter().flatten().for_each(of_type_0);
        }
        _ => {}
    }
}
