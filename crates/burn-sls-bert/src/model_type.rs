//! The differences between BERT and RoBERTa.

use serde::{Deserialize, Serialize};

/// The type of a model, BERT or RoBERTa.
///
/// The two have the same layers and the same names of parameters. They differ in the count of
/// positions, in the special tokens, and in the names of Hugging Face's classes.
///
/// | | `bert` | `roberta` |
/// |---|---|---|
/// | first position | 0 | `pad_token_id` + 1 |
/// | prefix of keys | `bert.` | `roberta.` |
/// | pair of sentences | `[CLS] a [SEP] b [SEP]` | `<s> a </s></s> b </s>` |
/// | token types of a pair | 0 and 1 | 0 |
/// | Hugging Face's head with a pooler | read and written | different, refused |
///
/// Mirrors `RobertaModel` in transformers/models/roberta/modeling_roberta.py.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ModelType {
    /// BERT (Devlin et al., 2018, <https://arxiv.org/abs/1810.04805>).
    #[default]
    Bert,
    /// RoBERTa (Liu et al., 2019, <https://arxiv.org/abs/1907.11692>).
    Roberta,
}

impl ModelType {
    pub(crate) const ALL: [Self; 2] = [Self::Bert, Self::Roberta];

    /// Hugging Face's name of the encoder inside a model with a head, with a dot at the end.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Bert => "bert.",
            Self::Roberta => "roberta.",
        }
    }

    /// Hugging Face's class of the encoder.
    pub(crate) fn encoder_class(self) -> &'static str {
        match self {
            Self::Bert => "BertModel",
            Self::Roberta => "RobertaModel",
        }
    }

    /// Hugging Face's class of a classifier whose head reads the last hidden state directly.
    pub(crate) fn class_without_pooler(self) -> &'static str {
        match self {
            Self::Bert => "BertForTokenClassification",
            Self::Roberta => "RobertaForTokenClassification",
        }
    }

    /// Hugging Face's class of a classifier whose head reads the pooler. RoBERTa has none.
    pub(crate) fn class_with_pooler(self) -> Option<&'static str> {
        match self {
            Self::Bert => Some("BertForSequenceClassification"),
            Self::Roberta => None,
        }
    }

    /// The text of a special token.
    pub(crate) fn token(self, name: Special) -> &'static str {
        match (self, name) {
            (Self::Bert, Special::Pad) => "[PAD]",
            (Self::Bert, Special::Unk) => "[UNK]",
            (Self::Bert, Special::Cls) => "[CLS]",
            (Self::Bert, Special::Sep) => "[SEP]",
            (Self::Bert, Special::Mask) => "[MASK]",
            (Self::Roberta, Special::Pad) => "<pad>",
            (Self::Roberta, Special::Unk) => "<unk>",
            (Self::Roberta, Special::Cls) => "<s>",
            (Self::Roberta, Special::Sep) => "</s>",
            (Self::Roberta, Special::Mask) => "<mask>",
        }
    }

    /// The name of the model in a message.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Bert => "BERT",
            Self::Roberta => "RoBERTa",
        }
    }
}

/// The purpose of a special token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// Pads short sequences.
    Pad,
    /// Stands for text that has no token.
    Unk,
    /// Begins a text. The head reads its hidden state.
    Cls,
    /// Ends a sentence.
    Sep,
    /// Hides a token in pre-training.
    Mask,
}

impl Special {
    /// The special tokens with their keys in `tokenizer_config.json`.
    pub(crate) const KEYS: [(Self, &str); 5] = [
        (Self::Pad, "pad_token"),
        (Self::Unk, "unk_token"),
        (Self::Cls, "cls_token"),
        (Self::Sep, "sep_token"),
        (Self::Mask, "mask_token"),
    ];
}
