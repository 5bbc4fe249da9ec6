//! The paper's units of a BERT classifier, which are groups of parameters that share a step size.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::BertError;

/// A way to split a [`BertClassifier`](crate::BertClassifier) of any depth into units, which are
/// groups of parameters that share a step size.
///
/// | split | units |
/// |---|---|
/// | `1` | `all`: the whole network |
/// | `n`, 3 or more | `embeddings`, `n - 2` parts of the encoder, `head` |
/// | `published:n`, `n` 3 or more | the same, grouped as in the paper's published code |
/// | `qkv` | `query`, `key` and `value` of all layers, and the `rest` |
///
/// The paper has 1, 4, 7, 10 and `qkv`, for 12 layers. 10 is the default. With 10 units, the
/// encoder is split into the layers 1 | 2,3 | 4 | 5,6 | 7 | 8,9 | 10 | 11,12. With 7 and 4 units,
/// it has five and two such parts.
///
/// The rule for any number of layers: with `L` layers in `p = n - 2` parts, part `i = 0, …, p-1`
/// holds the layers from `⌊i·L/p⌋ + 1` to `⌊(i+1)·L/p⌋`, counted from 1. So layers keep their
/// order, the sizes of parts differ by at most one, and 12 layers are grouped as in the paper. If
/// there are fewer layers than parts, every layer is a part, and there are `L + 2` units: see
/// [`fit`](Self::fit).
///
/// The paper's published code rounds up where the text rounds down. Part `i` holds the layers from
/// `⌈i·L/p⌉ + 1` to `⌈(i+1)·L/p⌉`. For 12 layers and 10 units, the encoder's parts are then
/// 1,2 | 3 | 4,5 | 6 | 7,8 | 9 | 10,11 | 12. Results of that code belong to these units.
///
/// A split is displayed, parsed and serialised as in the first column of the table.
///
/// # Example
///
/// ```
/// use burn_sls_bert::UnitSplit;
///
/// let names = |split: &str, layers| -> Result<Vec<String>, burn_sls_bert::BertError> {
///     let modules = split.parse::<UnitSplit>()?.modules(layers);
///     Ok(modules.into_iter().map(|(name, _)| name).collect())
/// };
/// assert_eq!(names("4", 12)?, ["embeddings", "layers 1-6", "layers 7-12", "head"]);
/// assert_eq!(names("10", 2)?, ["embeddings", "layer 1", "layer 2", "head"]);
/// assert_eq!(names("qkv", 12)?, ["query", "key", "value", "rest"]);
/// # Ok::<(), burn_sls_bert::BertError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct UnitSplit(Split);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Split {
    Whole,
    /// Embeddings, head, and this number of parts of the encoder, at least 1.
    Encoder(usize, Grouping),
    QueryKeyValue,
}

/// How the ends of the encoder's parts are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Grouping {
    /// Down, as in the paper's text.
    Text,
    /// Up, as in the paper's published code.
    Published,
}

/// The form of a split in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Count(usize),
    Word(String),
}

/// The number of units that are not parts of the encoder: embeddings and head.
const AROUND: usize = 2;

/// The word for the split by query, key, value and rest.
const QKV: &str = "qkv";

/// The prefix of the number of units, grouped as in the published code.
const PUBLISHED: &str = "published:";

/// The choices, for error messages.
const CHOICE: &str = "choose 1 (the whole network), 3 or more (embeddings, parts of the encoder, \
                      head), `published:3` or more (grouped as in the paper's published code), or \
                      `qkv` (query, key, value, rest)";

impl UnitSplit {
    /// The whole network as a single unit.
    pub const WHOLE: Self = Self(Split::Whole);

    /// Query, key and value of all layers, and the rest of the network.
    pub const QUERY_KEY_VALUE: Self = Self(Split::QueryKeyValue);

    /// A split into this number of units, grouped as in the paper's text.
    ///
    /// # Errors
    ///
    /// [`BertError::Units`] for 0 and 2, which have no part for the encoder.
    pub fn count(units: usize) -> Result<Self, BertError> {
        match units {
            1 => Ok(Self::WHOLE),
            0 | 2 => Err(BertError::Units(format!(
                "there is no split into {units} units: {CHOICE}"
            ))),
            more => Ok(Self(Split::Encoder(more - AROUND, Grouping::Text))),
        }
    }

    /// A split into this number of units, grouped as in the paper's published code.
    ///
    /// # Errors
    ///
    /// [`BertError::Units`] for fewer than 3.
    pub fn published(units: usize) -> Result<Self, BertError> {
        match units.checked_sub(AROUND) {
            Some(parts @ 1..) => Ok(Self(Split::Encoder(parts, Grouping::Published))),
            _ => Err(BertError::Units(format!(
                "the published code has no split into {units} units: {CHOICE}"
            ))),
        }
    }

    /// The split of a model with `layers` layers. It has at most one part of the encoder per layer,
    /// so it may have fewer units.
    #[must_use]
    pub fn fit(self, layers: usize) -> Self {
        match self.0 {
            Split::Encoder(parts, grouping) => {
                Self(Split::Encoder(parts.min(layers.max(1)), grouping))
            }
            Split::Whole | Split::QueryKeyValue => self,
        }
    }

    /// The units of a model with `layers` layers, in the model's order. Each has a name and the
    /// paths of its modules in [`BertClassifier`](crate::BertClassifier). Every parameter is below
    /// exactly one of these paths. The empty path is the whole model. Names count layers from 1,
    /// like the paper, and paths count from 0.
    ///
    /// # Panics
    ///
    /// If `layers` is 0, which no [`BertConfig`](crate::BertConfig) has.
    pub fn modules(self, layers: usize) -> Vec<(String, Vec<String>)> {
        assert!(layers > 0, "a BERT has at least one layer");
        match self.fit(layers).0 {
            Split::Whole => vec![("all".to_string(), vec![String::new()])],
            Split::Encoder(parts, grouping) => {
                let before = |i: usize| match grouping {
                    Grouping::Text => i * layers / parts,
                    Grouping::Published => (i * layers).div_ceil(parts),
                };
                let part = |i: usize| {
                    let (first, end) = (before(i), before(i + 1));
                    let name = match end - first {
                        1 => format!("layer {end}"),
                        _ => format!("layers {}-{end}", first + 1),
                    };
                    (name, (first..end).map(layer).collect())
                };
                let embeddings = ("embeddings".to_string(), vec![EMBEDDINGS.to_string()]);
                let head = ("head".to_string(), vec![HEAD.to_string()]);
                let encoder = (0..parts).map(part);
                [embeddings]
                    .into_iter()
                    .chain(encoder)
                    .chain([head])
                    .collect()
            }
            Split::QueryKeyValue => {
                let in_layers = |modules: &[&str]| -> Vec<String> {
                    let of_layer = |i| modules.iter().map(move |m| format!("{}.{m}", layer(i)));
                    (0..layers).flat_map(of_layer).collect()
                };
                let maps = ["query", "key", "value"].map(|map| {
                    let path = format!("attention.self_attention.{map}");
                    (map.to_string(), in_layers(&[&path]))
                });
                let mut rest = vec![EMBEDDINGS.to_string()];
                rest.extend(in_layers(&["attention.output", "intermediate", "output"]));
                rest.push(HEAD.to_string());
                maps.into_iter()
                    .chain([("rest".to_string(), rest)])
                    .collect()
            }
        }
    }

    /// The units as a setting for a line search on a [`BertClassifier`](crate::BertClassifier) with
    /// `layers` layers. See [`modules`](Self::modules).
    ///
    /// # Panics
    ///
    /// If `layers` is 0, which no [`BertConfig`](crate::BertConfig) has.
    #[cfg(feature = "units")]
    pub fn units(self, layers: usize) -> burn_sls_optim::Units {
        burn_sls_optim::Units::named(self.modules(layers))
    }

    /// Like [`units`](Self::units), for a model that contains the classifier at `path`. In a
    /// `struct Model { classifier: BertClassifier, … }`, the path is `classifier`.
    ///
    /// # Panics
    ///
    /// If `layers` is 0, which no [`BertConfig`](crate::BertConfig) has.
    #[cfg(feature = "units")]
    pub fn units_at(self, path: &str, layers: usize) -> burn_sls_optim::Units {
        let below = |module: String| match module.as_str() {
            "" => path.to_string(),
            module => format!("{path}.{module}"),
        };
        let units = self.modules(layers).into_iter().map(|(name, modules)| {
            let modules = modules.into_iter().map(below);
            (name, modules.collect::<Vec<_>>())
        });
        burn_sls_optim::Units::named(units)
    }
}

const EMBEDDINGS: &str = "bert.embeddings";
const HEAD: &str = "classifier";

fn layer(index: usize) -> String {
    format!("bert.encoder.layer.{index}")
}

impl Default for UnitSplit {
    /// The paper's 10 units.
    fn default() -> Self {
        Self(Split::Encoder(10 - AROUND, Grouping::Text))
    }
}

impl fmt::Display for UnitSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Split::Whole => f.write_str("1"),
            Split::Encoder(parts, Grouping::Text) => write!(f, "{}", parts + AROUND),
            Split::Encoder(parts, Grouping::Published) => {
                write!(f, "{PUBLISHED}{}", parts + AROUND)
            }
            Split::QueryKeyValue => f.write_str(QKV),
        }
    }
}

impl FromStr for UnitSplit {
    type Err = BertError;

    fn from_str(text: &str) -> Result<Self, BertError> {
        let published = text.strip_prefix(PUBLISHED);
        match (text, published, published.unwrap_or(text).parse()) {
            (QKV, ..) => Ok(Self::QUERY_KEY_VALUE),
            (_, None, Ok(units)) => Self::count(units),
            (_, Some(_), Ok(units)) => Self::published(units),
            _ => Err(BertError::Units(format!(
                "`{text}` is not a split into units: {CHOICE}"
            ))),
        }
    }
}

impl From<UnitSplit> for Written {
    fn from(split: UnitSplit) -> Self {
        match split.0 {
            Split::Whole => Self::Count(1),
            Split::Encoder(parts, Grouping::Text) => Self::Count(parts + AROUND),
            Split::Encoder(_, Grouping::Published) | Split::QueryKeyValue => {
                Self::Word(split.to_string())
            }
        }
    }
}

impl TryFrom<Written> for UnitSplit {
    type Error = BertError;

    fn try_from(written: Written) -> Result<Self, BertError> {
        match written {
            Written::Count(units) => Self::count(units),
            Written::Word(word) => word.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The layers of every encoder part, counted from 1 as in the paper.
    fn encoder_parts(split: UnitSplit, layers: usize) -> Vec<Vec<usize>> {
        let modules = split.modules(layers);
        let encoder = &modules[1..modules.len() - 1];
        let number = |path: &String| -> usize {
            let number = path.strip_prefix("bert.encoder.layer.").unwrap();
            number.parse::<usize>().unwrap() + 1
        };
        let layers = encoder
            .iter()
            .map(|(_, paths)| paths.iter().map(number).collect());
        layers.collect()
    }

    #[test]
    fn twelve_layers_are_grouped_as_in_the_paper() {
        let ten: [&[usize]; 8] = [
            &[1],
            &[2, 3],
            &[4],
            &[5, 6],
            &[7],
            &[8, 9],
            &[10],
            &[11, 12],
        ];
        let encoder_parts = |units, layers| encoder_parts(UnitSplit::count(units).unwrap(), layers);
        assert_eq!(encoder_parts(10, 12), ten);
        let seven: [&[usize]; 5] = [&[1, 2], &[3, 4], &[5, 6, 7], &[8, 9], &[10, 11, 12]];
        assert_eq!(encoder_parts(7, 12), seven);
        let four: [&[usize]; 2] = [&[1, 2, 3, 4, 5, 6], &[7, 8, 9, 10, 11, 12]];
        assert_eq!(encoder_parts(4, 12), four);
        assert_eq!(UnitSplit::default().modules(12).len(), 10);
        assert_eq!(
            UnitSplit::WHOLE.modules(12),
            [("all".to_string(), vec![String::new()])]
        );
    }

    #[test]
    fn twelve_layers_are_grouped_as_in_the_published_code() {
        let published = |units| encoder_parts(UnitSplit::published(units).unwrap(), 12);
        let ten: [&[usize]; 8] = [
            &[1, 2],
            &[3],
            &[4, 5],
            &[6],
            &[7, 8],
            &[9],
            &[10, 11],
            &[12],
        ];
        assert_eq!(published(10), ten);
        let seven: [&[usize]; 5] = [&[1, 2, 3], &[4, 5], &[6, 7, 8], &[9, 10], &[11, 12]];
        assert_eq!(published(7), seven);
        for few in [0, 1, 2] {
            let error = UnitSplit::published(few).unwrap_err().to_string();
            assert!(error.contains(&format!("{few} units")), "{error}");
        }
    }

    #[test]
    fn a_split_is_parsed_and_serialised_as_it_is_written() {
        for text in ["1", "3", "10", "99", "published:10", "qkv"] {
            let split: UnitSplit = text.parse().unwrap();
            assert_eq!(split.to_string(), text);
            let json = serde_json::to_string(&split).unwrap();
            assert_eq!(json.trim_matches('"'), text);
            assert_eq!(serde_json::from_str::<UnitSplit>(&json).unwrap(), split);
        }
        for text in ["0", "2", "-4", "4.0", "", "QKV", "layers"] {
            let error = text.parse::<UnitSplit>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("`qkv`"), "{error}");
        }
        let error = serde_json::from_str::<UnitSplit>("2").unwrap_err();
        assert!(
            error.to_string().contains("no split into 2 units"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn every_layer_is_in_one_part_in_order_and_parts_differ_by_one_at_most(
            layers in 1usize..200,
            units in 3usize..210,
            as_published: bool,
        ) {
            let split = match as_published {
                true => UnitSplit::published(units),
                false => UnitSplit::count(units),
            };
            let parts = encoder_parts(split.unwrap(), layers);
            prop_assert_eq!(parts.len(), (units - 2).min(layers));
            prop_assert_eq!(parts.concat(), (1..=layers).collect::<Vec<_>>());
            let sizes = || parts.iter().map(Vec::len);
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
            prop_assert!(sizes().min().unwrap() >= 1);
        }

        #[test]
        #[cfg(feature = "units")]
        fn every_parameter_is_in_one_unit_and_every_unit_has_one(
            layers in 1usize..20,
            units in prop_oneof![Just(None), Just(Some(1)), (3usize..25).prop_map(Some)],
        ) {
            let split = match units {
                Some(units) => UnitSplit::count(units).unwrap(),
                None => UnitSplit::QUERY_KEY_VALUE,
            };
            let mut config = crate::BertConfig::tiny(7);
            config.num_hidden_layers = layers;
            let (units, inside) = (split.units(layers), split.units_at("model.bert", layers));
            let mut used = vec![false; units.len()];
            for (path, _) in config.parameters(2) {
                let unit = units.unit_of(&path).unwrap();
                used[unit] = true;
                prop_assert_eq!(inside.unit_of(&format!("model.bert.{path}")), Ok(unit));
            }
            prop_assert!(used.iter().all(|used| *used));
        }
    }
}
