//! Names of parameters: in Burn's modules, in Hugging Face's modules, and in files.

use crate::{BertConfig, ModelType};

/// Hugging Face's name for the parameter at a path in [`Bert`](crate::Bert) or
/// [`BertClassifier`](crate::BertClassifier).
///
/// # Example
///
/// ```
/// use burn_sls_bert::hugging_face_name;
///
/// assert_eq!(
///     hugging_face_name("bert.encoder.layer.3.output.layer_norm.gamma"),
///     "encoder.layer.3.output.LayerNorm.weight"
/// );
/// ```
pub fn hugging_face_name(path: &str) -> String {
    path.strip_prefix("bert.")
        .unwrap_or(path)
        .replace("layer_norm.gamma", "LayerNorm.weight")
        .replace("layer_norm.beta", "LayerNorm.bias")
        .replace(".self_attention.", ".self.")
}

/// The path in [`Bert`](crate::Bert) of a parameter with this Hugging Face name, for Burn's store.
/// Layer norms keep the names `weight` and `bias`, which Burn's PyTorch adapter renames.
pub(crate) fn path_in_store(name: &str) -> String {
    name.replace("LayerNorm", "layer_norm")
        .replace(".attention.self.", ".attention.self_attention.")
}

/// The path in [`BertClassifier`](crate::BertClassifier) of an encoder's parameter with this
/// Hugging Face name: the inverse of [`hugging_face_name`].
fn burn_path(name: &str) -> String {
    let path = name
        .replace("LayerNorm.weight", "layer_norm.gamma")
        .replace("LayerNorm.bias", "layer_norm.beta")
        .replace(".self.", ".self_attention.");
    format!("bert.{path}")
}

impl BertConfig {
    /// The parameters of a [`BertClassifier`](crate::BertClassifier) with `classes` classes, in the
    /// model's order: the path and the size of each. No model is created.
    ///
    /// # Example
    ///
    /// ```
    /// use burn_sls_bert::BertConfig;
    ///
    /// let base = BertConfig::from_json("{}")?; // BERT-base, whose pooler has no part here
    /// let parameters: usize = base.parameters(2).map(|(_, numbers)| numbers).sum();
    /// assert_eq!(parameters, 108_893_186);
    /// # Ok::<(), burn_sls_bert::BertError>(())
    /// ```
    pub fn parameters(&self, classes: usize) -> impl Iterator<Item = (String, usize)> {
        let encoder =
            expected(self).map(|(name, shape)| (burn_path(&name), shape.iter().product::<usize>()));
        encoder.chain([
            ("classifier.weight".to_string(), classes * self.hidden_size),
            ("classifier.bias".to_string(), classes),
        ])
    }
}

/// Hugging Face's name for a key in the spelling of a file.
pub(crate) fn canonical(key: &str) -> String {
    let prefixes = ModelType::ALL.map(ModelType::prefix);
    let bare = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix));
    let key = bare.unwrap_or(key);
    match key.rsplit_once("LayerNorm.") {
        Some((head, "gamma")) => format!("{head}LayerNorm.weight"),
        Some((head, "beta")) => format!("{head}LayerNorm.bias"),
        _ => key.to_owned(),
    }
}

/// Every parameter of the encoder with the shape that Hugging Face stores. A linear map is
/// `[out, in]`. This is an iterator, so that a wrong layer count does not take memory.
pub(crate) fn expected(config: &BertConfig) -> impl Iterator<Item = (String, Vec<usize>)> {
    let (hidden, wide) = (config.hidden_size, config.intermediate_size);
    let embeddings = [
        ("word_embeddings.weight", vec![config.vocab_size, hidden]),
        (
            "position_embeddings.weight",
            vec![config.max_position_embeddings, hidden],
        ),
        (
            "token_type_embeddings.weight",
            vec![config.type_vocab_size, hidden],
        ),
        ("LayerNorm.weight", vec![hidden]),
        ("LayerNorm.bias", vec![hidden]),
    ]
    .into_iter()
    .map(|(key, shape)| (format!("embeddings.{key}"), shape));

    let layers = (0..config.num_hidden_layers).flat_map(move |layer| {
        [
            ("attention.self.query.weight", vec![hidden, hidden]),
            ("attention.self.query.bias", vec![hidden]),
            ("attention.self.key.weight", vec![hidden, hidden]),
            ("attention.self.key.bias", vec![hidden]),
            ("attention.self.value.weight", vec![hidden, hidden]),
            ("attention.self.value.bias", vec![hidden]),
            ("attention.output.dense.weight", vec![hidden, hidden]),
            ("attention.output.dense.bias", vec![hidden]),
            ("attention.output.LayerNorm.weight", vec![hidden]),
            ("attention.output.LayerNorm.bias", vec![hidden]),
            ("intermediate.dense.weight", vec![wide, hidden]),
            ("intermediate.dense.bias", vec![wide]),
            ("output.dense.weight", vec![hidden, wide]),
            ("output.dense.bias", vec![hidden]),
            ("output.LayerNorm.weight", vec![hidden]),
            ("output.LayerNorm.bias", vec![hidden]),
        ]
        .map(|(key, shape)| (format!("encoder.layer.{layer}.{key}"), shape))
    });
    embeddings.chain(layers)
}

/// The parameters of a pooler, like [`expected`] for the encoder.
pub(crate) fn expected_in_pooler(config: &BertConfig) -> [(String, Vec<usize>); 2] {
    let hidden = config.hidden_size;
    [
        ("pooler.dense.weight".to_owned(), vec![hidden, hidden]),
        ("pooler.dense.bias".to_owned(), vec![hidden]),
    ]
}

/// The parameters of a head, like [`expected`] for the encoder.
pub(crate) fn expected_in_head(hidden: usize, classes: usize) -> [(String, Vec<usize>); 2] {
    [
        ("classifier.weight".to_owned(), vec![classes, hidden]),
        ("classifier.bias".to_owned(), vec![classes]),
    ]
}
