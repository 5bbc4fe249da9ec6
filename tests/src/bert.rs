//! Inputs and outputs of a BERT as plain numbers.

use std::path::PathBuf;

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_sls_bert::{BertInput, Encoded};
use serde::{Deserialize, Serialize};

/// A padded batch in Hugging Face's names, as fixtures keep it: three times `[batch][seq]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Token numbers.
    pub input_ids: Vec<Vec<u32>>,
    /// 1 for a token, 0 for padding.
    pub attention_mask: Vec<Vec<u32>>,
    /// 0 for the first sentence and padding, 1 for the second.
    pub token_type_ids: Vec<Vec<u32>>,
}

impl Rows {
    /// Pads tokenized sentences to the longest.
    pub fn padded(encoded: &[Encoded], pad: u32) -> Self {
        let longest = encoded.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let fill = |row: &[u32], with| {
            let padding = vec![with; longest - row.len()];
            [row, &padding].concat()
        };
        let rows = |of: &dyn Fn(&Encoded) -> Vec<u32>| encoded.iter().map(of).collect();
        Self {
            input_ids: rows(&|row| fill(&row.ids, pad)),
            attention_mask: rows(&|row| fill(&vec![1; row.ids.len()], 0)),
            token_type_ids: rows(&|row| fill(&row.type_ids, 0)),
        }
    }

    /// The batch on a device.
    pub fn input(&self, device: &Device) -> BertInput {
        let ints = |rows: &[Vec<u32>]| {
            let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
            let numbers: Vec<i32> = rows.concat().into_iter().map(|id| id as i32).collect();
            Tensor::<2, Int>::from_data(TensorData::new(numbers, shape), device)
        };
        BertInput {
            input_ids: ints(&self.input_ids),
            attention_mask: ints(&self.attention_mask).equal_elem(1),
            token_type_ids: ints(&self.token_type_ids),
            packing: None,
        }
    }
}

/// A BERT of the size of all-MiniLM-L6-v2, for benchmarks.
pub mod minilm {
    use burn::tensor::{Device, Int, Tensor, TensorData};
    use burn_sls_bert::{BertConfig, BertInput, Packing};

    /// Examples of the batch.
    pub const BATCH: usize = 32;
    /// Tokens of an example.
    pub const TOKENS: usize = 64;

    /// Its configuration, with a small vocabulary: the lookup is no part of the question.
    pub fn config(dropout: f64) -> BertConfig {
        let json = r#"{
            "vocab_size": 1000, "hidden_size": 384, "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "intermediate_size": 1536, "hidden_act": "gelu", "max_position_embeddings": 512,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12, "initializer_range": 0.02,
            "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "pad_token_id": 0,
            "model_type": "bert"
        }"#;
        let config: BertConfig = serde_json::from_str(json).expect("a configuration");
        BertConfig {
            hidden_dropout_prob: dropout,
            attention_probs_dropout_prob: dropout,
            ..config
        }
    }

    /// A batch with lengths from 4 to 64, half of it padding, as real sentences have.
    pub fn padded(device: &Device) -> BertInput {
        let lengths: Vec<usize> = (0..BATCH)
            .map(|example| 4 + 60 * example / (BATCH - 1))
            .collect();
        let real = lengths
            .iter()
            .flat_map(|&length| (0..TOKENS).map(move |at| at < length));
        let mask = TensorData::new(real.collect::<Vec<bool>>(), [BATCH, TOKENS]);
        BertInput {
            attention_mask: Tensor::from_data(mask, device),
            packing: Packing::new(&lengths, TOKENS, device),
            ..input(device)
        }
    }

    /// A batch without padding.
    pub fn input(device: &Device) -> BertInput {
        let count = (BATCH * TOKENS) as i64;
        let ids = Tensor::<1, Int>::arange(0..count, device).remainder_scalar(999) + 1;
        let ids = ids.reshape([BATCH, TOKENS]);
        BertInput {
            attention_mask: ids.clone().greater_elem(0),
            token_type_ids: ids.zeros_like(),
            input_ids: ids,
            packing: None,
        }
    }
}

/// A tensor's numbers, row by row.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Largest difference over largest expected number.
///
/// # Panics
///
/// If they are not as many, or one is not finite.
pub fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len(), "as many numbers");
    assert!(found.iter().all(|x| x.is_finite()), "all finite");
    let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max) / largest
}

/// The folder of the project's own BERT fixture of this name.
pub fn fixture(name: &str) -> PathBuf {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/bert");
    fixtures.join(name)
}
