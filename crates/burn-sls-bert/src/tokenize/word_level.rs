//! A tokenizer for a model that is trained from scratch.

use std::collections::HashMap;

use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer,
};

use super::{Tokenizer, failed};
use crate::BertError;

/// The special tokens, in the order of the vocabulary.
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

impl Tokenizer {
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
}
