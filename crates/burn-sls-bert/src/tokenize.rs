//! Turning text into token numbers.

use std::collections::HashMap;
use std::num::NonZero;
use std::panic;
use std::path::{Path, PathBuf};
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

use crate::model_type::Special;
use crate::{BertConfig, BertError, ModelType};

/// The special tokens, in the order of a word-level vocabulary.
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

/// A tokenized sentence or pair of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// Token numbers of `[CLS] first [SEP]`, and of `second [SEP]` for a pair. For RoBERTa, those
    /// of `<s> first </s>`, and of `</s> second </s>` for a pair.
    pub ids: Vec<u32>,
    /// Token types, as many as `ids`: 0 up to the first `[SEP]`, then 1. RoBERTa's are always 0.
    pub type_ids: Vec<u32>,
}

/// A tokenizer for the inputs of BERT or RoBERTa.
///
/// Settings for truncation and padding in a `tokenizer.json` are ignored. The maximum length is an
/// argument of every call, and batches are padded when they are made.
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
    /// The type of model whose special tokens it has.
    kind: ModelType,
    pad: u32,
    /// The file it was read from, for error messages.
    path: Option<PathBuf>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] if the file cannot be read. [`BertError::Tokenizer`] if it is not a
    /// tokenizer, or does not frame sentences as BERT or RoBERTa does. It needs the special tokens
    /// `[PAD]`, `[CLS]` and `[SEP]`, or `<pad>`, `<s>` and `</s>`.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BertError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| BertError::io(path, source))?;
        Self::from_bytes(&bytes)
            .map(|tokenizer| Self {
                path: Some(path.to_owned()),
                ..tokenizer
            })
            .map_err(|error| error.in_file(path))
    }

    /// Makes a word-level tokenizer for a model that is trained from scratch.
    ///
    /// Text is lower-cased and split at white space and punctuation, as in BERT's tokenizer before
    /// word pieces are looked up. The vocabulary has at most `max_words` entries. The first four
    /// are `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]`. The most frequent words follow, and equally
    /// frequent words are in alphabetical order. The same sentences always give the same tokenizer.
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if `max_words` is not larger than the number of special tokens.
    pub fn word_level<'a>(
        sentences: impl IntoIterator<Item = &'a str>,
        max_words: usize,
    ) -> Result<Self, BertError> {
        if max_words <= SPECIAL.len() {
            return Err(BertError::tokenizer(format!(
                "a vocabulary of {max_words} words has no room for more than the {} special tokens",
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
        // The library unwraps some values of a file, such as the special tokens that a template
        // names. So a panic while reading, or at the first use, is an error in the file.
        panic::catch_unwind(|| {
            tokenizers::Tokenizer::from_bytes(bytes)
                .map_err(|error| not_one(error.to_string()))
                .and_then(Self::new)
        })
        .unwrap_or_else(|_| Err(not_one("its parts contradict each other".to_owned())))
    }

    /// Accepts a tokenizer after checking its output for a sentence and a pair.
    fn new(mut inner: tokenizers::Tokenizer) -> Result<Self, BertError> {
        inner.with_padding(None);
        inner.with_truncation(None).map_err(failed)?;
        let id = |kind: ModelType, special| inner.token_to_id(kind.token(special));
        let kinds = ModelType::ALL.into_iter().filter_map(|kind| {
            let pad = id(kind, Special::Pad)?;
            Some((kind, pad, id(kind, Special::Cls)?, id(kind, Special::Sep)?))
        });
        let Some((kind, pad, cls, sep)) = kinds.into_iter().next() else {
            let special = |kind: ModelType| {
                let names = [Special::Pad, Special::Cls, Special::Sep];
                names.map(|special| kind.token(special)).join(", ")
            };
            return Err(BertError::tokenizer(format!(
                "lacks special tokens; expected {} (BERT) or {} (RoBERTa)",
                special(ModelType::Bert),
                special(ModelType::Roberta)
            )));
        };
        let tokenizer = Self {
            inner,
            kind,
            pad,
            path: None,
        };
        let pair = tokenizer.encode("a", Some("b"), 64)?;
        let single = tokenizer.encode("a", None, 64)?;
        let ends = |ids: &[u32]| ids.first() == Some(&cls) && ids.last() == Some(&sep);
        // The second sentence, with the special tokens before it.
        let first = pair.ids.iter().position(|&id| id == sep);
        let first = first.map_or(0, |first| first + 1);
        let (types, second) = (pair.type_ids.split_at(first), &pair.ids[first..]);
        let all = |types: &[u32], kind| types.iter().all(|&found| found == kind);
        let framed = ends(&single.ids)
            && ends(&pair.ids)
            && all(&single.type_ids, 0)
            && all(types.0, 0)
            && match kind {
                ModelType::Bert => all(types.1, 1) && !second.is_empty(),
                ModelType::Roberta => all(types.1, 0) && second.first() == Some(&sep),
            };
        match framed {
            true => Ok(tokenizer),
            false => Err(BertError::tokenizer(match kind {
                ModelType::Bert => {
                    "does not frame text as [CLS] first [SEP] second [SEP] with types 0 and 1; \
                     expected a BERT tokenizer"
                }
                ModelType::Roberta => {
                    "does not frame text as <s> first </s></s> second </s> with types 0; \
                     expected a RoBERTa tokenizer"
                }
            })),
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

    /// Whether the vocabulary has this token.
    pub(crate) fn has(&self, token: &str) -> bool {
        self.inner.token_to_id(token).is_some()
    }

    /// The number of tokens, with the special tokens.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The number of the token `[PAD]`, or `<pad>` for RoBERTa.
    pub fn pad_id(&self) -> u32 {
        self.pad
    }

    /// Checks that the tokenizer matches a model: it must frame text for the model's type, and
    /// every token must have an embedding.
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if the tokenizer is for another type of model, if a token's number
    /// is not below the model's `vocab_size`, or if the `pad_token_id` of a RoBERTa is not the
    /// number of `<pad>`.
    pub fn check_fits(&self, config: &BertConfig) -> Result<(), BertError> {
        let vocabulary = self.inner.get_vocab(true);
        let largest = vocabulary.into_iter().max_by_key(|(_, id)| *id);
        let beyond = largest.filter(|(_, id)| *id as usize >= config.vocab_size);
        let counted_from = config.padding_position();
        let error = if self.kind != config.model_type {
            BertError::tokenizer(format!(
                "frames text for a {}, but the model is a {}: they do not belong together",
                self.kind.in_words(),
                config.model_type.in_words()
            ))
        } else if let Some((token, id)) = beyond {
            BertError::tokenizer(format!(
                "the token {token:?} has the number {id}, but the model's `vocab_size` is {}: \
                 they do not belong together",
                config.vocab_size
            ))
        } else if let Some(id) = counted_from.filter(|&id| id != self.pad as usize) {
            BertError::tokenizer(format!(
                "the token {:?} has the number {}, but the model's `pad_token_id` is {id}: \
                 they do not belong together",
                self.kind.token(Special::Pad),
                self.pad
            ))
        } else {
            return Ok(());
        };
        Err(match &self.path {
            Some(path) => error.in_file(path),
            None => error,
        })
    }

    /// Tokenizes a sentence or a pair, with special tokens.
    ///
    /// The result has at most `max_length` tokens. Tokens are removed from the end of the longer
    /// sentence first (`longest_first`, the default of Hugging Face's `truncation=True`).
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if `max_length` has no room for the special tokens and one token of
    /// each sentence.
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
                "a length of {max_length} tokens has no room for text besides {special} special \
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

    /// Like [`encode`](Self::encode) for many texts, on all cores. The results are in order.
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
mod tests;
