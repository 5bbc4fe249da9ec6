//! From text to token numbers.

use std::collections::HashMap;
use std::num::NonZero;
use std::panic;
use std::path::Path;
use std::thread;

use serde::de::IgnoredAny;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::utils::truncation::{TruncationParams, TruncationStrategy, truncate_encodings};
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PostProcessor,
    PreTokenizedString, PreTokenizer,
};

use crate::{BertConfig, BertError};

/// The special tokens, in the order a word-level vocabulary has them.
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

/// A tokenized sentence or pair of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Token numbers: `[CLS] first [SEP]`, then `second [SEP]` if there is one.
    pub ids: Vec<u32>,
    /// 0 up to the first `[SEP]`, 1 after it; as long as `ids`.
    pub type_ids: Vec<u32>,
}

/// A tokenizer that makes BERT's inputs.
///
/// Truncation and padding settings inside a `tokenizer.json` are ignored: truncation is asked for
/// per call, and batches are padded when they are put together.
///
/// # Example
///
/// ```
/// use burn_sls_bert::Tokenizer;
///
/// let tokenizer = Tokenizer::word_level(["The cat sat.", "The dog sat."], 100)?;
/// let pair = tokenizer.encode("the cat", Some("the zebra"), 16)?;
/// //               [CLS] the cat [SEP] the [UNK] [SEP]
/// assert_eq!(pair.ids.len(), 7);
/// assert_eq!(pair.type_ids, [0, 0, 0, 0, 1, 1, 1]);
/// # Ok::<(), burn_sls_bert::BertError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    pad: u32,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] if the file cannot be read; [`BertError::Tokenizer`] if it is not a
    /// tokenizer, has no `[PAD]`, `[CLS]` or `[SEP]`, or does not frame sentences as BERT does.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BertError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| BertError::io(path, source))?;
        Self::from_bytes(&bytes).map_err(|error| error.in_file(path))
    }

    /// Makes a word-level tokenizer for a model that is trained from scratch.
    ///
    /// Words are lower-cased and split at white space and punctuation, as BERT's own tokenizer does
    /// before it looks for word pieces. The vocabulary is `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` (0 to
    /// 3), then the most frequent words, words of one frequency in alphabetical order; `max_words`
    /// is its size with the special tokens. The same sentences always give the same tokenizer.
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if `max_words` leaves no room for a word.
    pub fn word_level<'a>(
        sentences: impl IntoIterator<Item = &'a str>,
        max_words: usize,
    ) -> Result<Self, BertError> {
        if max_words <= SPECIAL.len() {
            return Err(BertError::tokenizer(format!(
                "a vocabulary of {max_words} words has no room beside the {} special tokens",
                SPECIAL.len()
            )));
        }
        let normalizer = BertNormalizer::default();
        let mut counts = HashMap::<String, u64>::new();
        for sentence in sentences {
            let mut text = NormalizedString::from(sentence);
            normalizer.normalize(&mut text).map_err(failed)?;
            let mut words = PreTokenizedString::from(text);
            BertPreTokenizer.pre_tokenize(&mut words).map_err(failed)?;
            for (word, ..) in words.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
                match counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(word.to_owned(), 1);
                    }
                }
            }
        }
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));

        let special = SPECIAL.map(str::to_owned);
        let vocabulary = special
            .into_iter()
            .chain(words.into_iter().map(|(word, _)| word))
            .take(max_words)
            .zip(0..)
            .collect();
        let model = WordLevel::builder()
            .vocab(vocabulary)
            .unk_token("[UNK]".to_owned())
            .build()
            .map_err(failed)?;

        let mut inner = tokenizers::Tokenizer::new(model);
        inner.with_normalizer(Some(normalizer)).map_err(failed)?;
        inner.with_pre_tokenizer(Some(BertPreTokenizer));
        inner.with_post_processor(Some(BertProcessing::new(
            ("[SEP]".to_owned(), 3),
            ("[CLS]".to_owned(), 2),
        )));
        inner
            .add_special_tokens(SPECIAL.map(|token| AddedToken::from(token, true)))
            .map_err(failed)?;
        Self::new(inner)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, BertError> {
        let not_one = |error: String| BertError::tokenizer(format!("not a tokenizer: {error}"));
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_one(error.to_string()))?;
        // The library unwraps some of what it finds in a file, such as the special tokens that a
        // template names: a panic in it, when reading or at the first use, is the file's fault.
        panic::catch_unwind(|| {
            tokenizers::Tokenizer::from_bytes(bytes)
                .map_err(|error| not_one(error.to_string()))
                .and_then(Self::new)
        })
        .unwrap_or_else(|_| Err(not_one("a part of it contradicts another".to_owned())))
    }

    /// Takes a tokenizer after looking at what it makes of a pair.
    fn new(mut inner: tokenizers::Tokenizer) -> Result<Self, BertError> {
        inner.with_padding(None);
        inner.with_truncation(None).map_err(failed)?;
        let id = |token: &str| {
            inner.token_to_id(token).ok_or_else(|| {
                BertError::tokenizer(format!(
                    "has no {token} token; expected a BERT tokenizer with [PAD], [CLS], [SEP]"
                ))
            })
        };
        let (pad, cls, sep) = (id("[PAD]")?, id("[CLS]")?, id("[SEP]")?);
        let tokenizer = Self { inner, pad };
        let pair = tokenizer.encode("a", Some("b"), 64)?;
        let first = pair.ids.iter().position(|&id| id == sep);
        let single = tokenizer.encode("a", None, 64)?;
        let framed = single.ids.first() == Some(&cls)
            && single.ids.last() == Some(&sep)
            && single.type_ids.iter().all(|&kind| kind == 0)
            && pair.ids.first() == Some(&cls)
            && pair.ids.last() == Some(&sep)
            && first.is_some_and(|first| {
                pair.type_ids[..=first].iter().all(|&kind| kind == 0)
                    && pair.type_ids[first + 1..].iter().all(|&kind| kind == 1)
                    && first + 1 < pair.ids.len()
            });
        if framed {
            Ok(tokenizer)
        } else {
            Err(BertError::tokenizer(
                "does not frame text as [CLS] first [SEP] second [SEP] with types 0 and 1; \
                 expected a BERT tokenizer",
            ))
        }
    }

    /// Writes a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] with the file if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), BertError> {
        let path = path.as_ref();
        self.inner
            .save(path, false)
            .map_err(|error| failed(error).in_file(path))
    }

    /// Number of tokens, special ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The number of `[PAD]`.
    pub fn pad_id(&self) -> u32 {
        self.pad
    }

    /// Checks that every token has an embedding in the model.
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if a token's number is not below the model's `vocab_size`.
    pub fn check_fits(&self, config: &BertConfig) -> Result<(), BertError> {
        let largest = self.inner.get_vocab(true).into_values().max().unwrap_or(0);
        if (largest as usize) < config.vocab_size {
            Ok(())
        } else {
            Err(BertError::tokenizer(format!(
                "the tokenizer numbers its tokens up to {largest}, but the model's `vocab_size` is \
                 {}: they do not belong together",
                config.vocab_size
            )))
        }
    }

    /// Tokenizes a sentence or a pair, special tokens included.
    ///
    /// What is longer than `max_length` tokens loses tokens at the end, those of the longer sentence
    /// first (`longest_first`, as Hugging Face's `truncation=True`).
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if `max_length` has no room for a token beside the special ones.
    pub fn encode(
        &self,
        first: &str,
        second: Option<&str>,
        max_length: usize,
    ) -> Result<Encoded, BertError> {
        let processor = self.inner.get_post_processor();
        let special = processor.map_or(0, |p| p.added_tokens(second.is_some()));
        let texts = 1 + usize::from(second.is_some());
        if max_length < special + texts {
            return Err(BertError::tokenizer(format!(
                "a length of {max_length} tokens has no room for text beside {special} special \
                 tokens; expected at least {}",
                special + texts
            )));
        }
        let bare = |text| self.inner.encode_fast(text, false).map_err(failed);
        let pair = second.map(bare).transpose()?;
        let truncation = TruncationParams {
            max_length: max_length - special,
            strategy: TruncationStrategy::LongestFirst,
            ..TruncationParams::default()
        };
        let (first, pair) = truncate_encodings(bare(first)?, pair, &truncation).map_err(failed)?;
        let whole = self.inner.post_process(first, pair, true).map_err(failed)?;
        Ok(Encoded {
            ids: whole.get_ids().to_vec(),
            type_ids: whole.get_type_ids().to_vec(),
        })
    }

    /// [`encode`](Self::encode) for many, on all cores, in order.
    ///
    /// # Errors
    ///
    /// The first error of [`encode`](Self::encode).
    pub fn encode_all(
        &self,
        texts: &[(&str, Option<&str>)],
        max_length: usize,
    ) -> Result<Vec<Encoded>, BertError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = texts.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = texts
                .chunks(share)
                .map(|chunk| {
                    scope.spawn(move || {
                        chunk
                            .iter()
                            .map(|&(first, second)| self.encode(first, second, max_length))
                            .collect::<Result<Vec<_>, _>>()
                    })
                })
                .collect();
            let mut all = Vec::with_capacity(texts.len());
            for worker in workers {
                match worker.join() {
                    Ok(encoded) => all.extend(encoded?),
                    Err(panic) => panic::resume_unwind(panic),
                }
            }
            Ok(all)
        })
    }
}

fn failed(error: tokenizers::Error) -> BertError {
    BertError::tokenizer(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Tokenizer {
        Tokenizer::word_level(["a a a b b c", "d, B"], 100).unwrap()
    }

    #[test]
    fn the_vocabulary_is_ordered_by_frequency_then_alphabet() {
        let tokenizer = letters();
        // a×3 and b×3 (once as B), then `,` c d once each; 0 to 3 are special.
        for (id, token) in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", ",", "c", "d"]
            .into_iter()
            .enumerate()
        {
            assert_eq!(
                tokenizer.inner.token_to_id(token),
                Some(id as u32),
                "{token}"
            );
        }
        assert_eq!(tokenizer.vocab_size(), 9);
        let small = Tokenizer::word_level(["a a a b b c", "d, B"], 6).unwrap();
        assert_eq!(small.vocab_size(), 6);
        assert_eq!(small.encode("b c", None, 9).unwrap().ids, [2, 5, 1, 3]);
    }

    #[test]
    fn the_longer_sentence_is_truncated_first() {
        let tokenizer = letters();
        let cases = [
            // (first, second, max_length, ids)
            ("a a a a", None, 5, vec![2, 4, 4, 4, 3]),
            ("a a a a", Some("b"), 6, vec![2, 4, 4, 3, 5, 3]),
            ("a", Some("b b b b"), 6, vec![2, 4, 3, 5, 5, 3]),
            ("a a a a", Some("b b b b"), 8, vec![2, 4, 4, 3, 5, 5, 5, 3]),
            ("a", Some("b"), 5, vec![2, 4, 3, 5, 3]),
            ("", None, 3, vec![2, 3]),
        ];
        for (first, second, max_length, ids) in cases {
            let encoded = tokenizer.encode(first, second, max_length).unwrap();
            assert_eq!(encoded.ids, ids, "{first:?} {second:?} {max_length}");
            assert_eq!(encoded.type_ids.len(), ids.len());
        }
        assert!(tokenizer.encode("a", None, 2).is_err());
        assert!(tokenizer.encode("a", Some("b"), 4).is_err());
    }

    #[test]
    fn a_vocabulary_larger_than_the_model_is_refused() {
        let tokenizer = letters();
        assert!(tokenizer.check_fits(&BertConfig::tiny(9)).is_ok());
        let error = tokenizer.check_fits(&BertConfig::tiny(8)).unwrap_err();
        assert!(error.to_string().contains("vocab_size"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_bert_tokenizer_is_refused() {
        let whole = letters().inner.to_string(false).unwrap();
        let mut template: serde_json::Value = serde_json::from_str(&whole).unwrap();
        template["post_processor"] = serde_json::json!({
            "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }],
            "pair": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }],
            "special_tokens": {},
        });
        let cases = [
            (template.to_string(), "not a tokenizer"),
            (String::new(), "not a tokenizer: EOF"),
            (whole[..whole.len() / 2].to_owned(), "not a tokenizer: EOF"),
            ("{}".to_owned(), "not a tokenizer"),
            (whole.replace("[CLS]", "<s>"), "has no [CLS] token"),
        ];
        for (text, says) in cases {
            let message = Tokenizer::from_bytes(text.as_bytes())
                .expect_err(says)
                .to_string();
            assert!(message.contains(says), "{message:?} instead of {says:?}");
        }
        let mut unframed = letters().inner;
        unframed.with_post_processor(None::<BertProcessing>);
        let message = Tokenizer::new(unframed).unwrap_err().to_string();
        assert!(message.contains("does not frame text"), "{message}");
    }

    #[test]
    fn a_saved_tokenizer_encodes_the_same() {
        let path = std::env::temp_dir().join(format!("burn-sls-tok-{}.json", std::process::id()));
        let tokenizer = letters();
        tokenizer.save(&path).unwrap();
        let read = Tokenizer::from_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let texts = [("A b", Some("d!")), ("c", None)];
        assert_eq!(
            read.encode_all(&texts, 16).unwrap(),
            tokenizer.encode_all(&texts, 16).unwrap()
        );
    }
}
