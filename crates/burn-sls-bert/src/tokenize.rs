//! Turning text into token numbers.

mod beside;
mod file;
mod frame;
mod rules;
mod word_level;

use std::num::NonZero;
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

use tokenizers::utils::truncation::{TruncationParams, TruncationStrategy, truncate_encodings};

use crate::model_type::Special;
use crate::quote::quoted;
use crate::{BertConfig, BertError, ModelType};
use frame::Frame;

/// A tokenized sentence or pair of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// Token numbers of `[CLS] first [SEP]`, and of `second [SEP]` for a pair. With RoBERTa's usual
    /// tokenizer, those of `<s> first </s>`, and of `</s> second </s>` for a pair.
    pub ids: Vec<u32>,
    /// Token types, as many as `ids`: 0 up to the first `[SEP]`, then 1. With RoBERTa's usual
    /// tokenizer they are always 0.
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
    frame: Frame,
    /// The text and the number of the token that pads.
    pad: (String, u32),
    /// The file it was read from, for error messages.
    path: Option<PathBuf>,
    /// See [`warnings`](Self::warnings).
    warnings: Vec<String>,
}

impl Tokenizer {
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

    /// The text of a special token, if the vocabulary has it.
    pub(crate) fn special(&self, special: Special) -> Option<&str> {
        match special {
            Special::Pad => Some(&self.pad.0),
            Special::Cls => Some(&self.frame.first),
            Special::Sep => self.frame.last.as_deref(),
            Special::Unk | Special::Mask => {
                let names = ModelType::ALL.map(|kind| kind.token(special));
                let has = |name: &&str| self.inner.token_to_id(name).is_some();
                names.into_iter().find(has)
            }
        }
    }

    /// Whether the second sentence of a pair has another type than the first.
    pub(crate) fn has_types(&self) -> bool {
        self.frame.pair_type > 0
    }

    /// The number of tokens, with the special tokens.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The number of the token that pads, such as `[PAD]` or `<pad>`.
    pub fn pad_id(&self) -> u32 {
        self.pad.1
    }

    /// What may give other tokens than meant, a sentence for each: what Hugging Face's tokenizer
    /// would read otherwise, and a padding token that is not the model's.
    pub fn warnings(&self, config: &BertConfig) -> Vec<String> {
        let mut all = self.warnings.clone();
        let (pad, id) = &self.pad;
        if let Some(expected) = config.pad_token_id.filter(|&pad| pad != *id as usize) {
            all.push(self.placed(format!(
                "the token {} has the number {id}, but the model's `pad_token_id` is {expected}: \
                 check that they belong together",
                quoted(pad)
            )));
        }
        all
    }

    /// Checks that the tokenizer gives a model what it needs for single sentences: every token must
    /// have an embedding, and every type too. What the special tokens are called makes no
    /// difference. For pairs, see [`check_fits_pairs`](Self::check_fits_pairs).
    ///
    /// # Errors
    ///
    /// [`BertError::Tokenizer`] if a token's number is not below the model's `vocab_size`, if a
    /// type is not below `type_vocab_size`, or if the `pad_token_id` of a RoBERTa is not the
    /// number of the token that pads.
    pub fn check_fits(&self, config: &BertConfig) -> Result<(), BertError> {
        let vocabulary = self.inner.get_vocab(true);
        let largest = vocabulary.into_iter().max_by_key(|(_, id)| *id);
        let beyond = largest.filter(|(_, id)| *id as usize >= config.vocab_size);
        let (pad, id) = &self.pad;
        let counted_from = config.padding_position();
        if let Some((token, id)) = beyond {
            return Err(self.error(format!(
                "the token {} has the number {id}, but the model's `vocab_size` is {}: they do not \
                 belong together",
                quoted(&token),
                config.vocab_size
            )));
        }
        if let Some(expected) = counted_from.filter(|&pad| pad != *id as usize) {
            return Err(self.error(format!(
                "the token {} has the number {id}, but the model's `pad_token_id` is {expected}: \
                 they do not belong together",
                quoted(pad)
            )));
        }
        self.check_type("a sentence", self.frame.single_type, config)
    }

    /// Checks in addition that the model has the token types of a pair of sentences.
    ///
    /// # Errors
    ///
    /// Those of [`check_fits`](Self::check_fits), and [`BertError::Tokenizer`] if the type of the
    /// second sentence is not below the model's `type_vocab_size`.
    pub fn check_fits_pairs(&self, config: &BertConfig) -> Result<(), BertError> {
        self.check_fits(config)?;
        self.check_type("a pair of sentences", self.frame.pair_type, config)
    }

    fn check_type(&self, text: &str, largest: u32, config: &BertConfig) -> Result<(), BertError> {
        if (largest as usize) < config.type_vocab_size {
            return Ok(());
        }
        Err(self.error(format!(
            "gives {text} the token type {largest}, but the model has {} (`type_vocab_size` is {} \
             in config.json): take a model with more types, or leave the types out with \
             \"model_input_names\": [\"input_ids\", \"attention_mask\"] in tokenizer_config.json",
            match config.type_vocab_size {
                1 => "one type, 0".to_owned(),
                types => format!("only the types 0 to {}", types - 1),
            },
            config.type_vocab_size
        )))
    }

    /// An error about the file that the tokenizer was read from.
    fn error(&self, message: String) -> BertError {
        let error = BertError::tokenizer(message);
        match &self.path {
            Some(path) => error.in_file(path),
            None => error,
        }
    }

    fn placed(&self, sentence: String) -> String {
        self.error(sentence).to_string()
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
        let whole = frame::framed(&self.inner, first, second, max_length)?;
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
