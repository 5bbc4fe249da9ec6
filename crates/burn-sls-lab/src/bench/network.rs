//! The trained networks, of known sizes with random weights, on random batches.
//!
//! What a step costs does not depend on what it learns, so nothing needs to be downloaded.

use burn::module::{Module, ModuleDisplay, ModuleVisitor, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_sls_bert::glue::{Features, GlueBatch, Label, collate};
use burn_sls_bert::{BertClassifier, BertConfig, cross_entropies};
use burn_sls_core::random::Generator;
use burn_sls_optim::Units;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use glue::error::GlueError;

use crate::error::LabError;

/// The seed of the weights and the batches.
const SEED: u64 = 1;

/// The batches that a bench goes round in: one alone would soon be learned by heart, and a loss of
/// 0 is searched differently.
pub const BATCHES: usize = 8;

/// The classes of a BERT's head.
const CLASSES: usize = 2;

/// The vectors between the layers of `--model mlp`.
pub const MLP: [usize; 4] = [784, 512, 256, 10];

/// The models of a benchmark, by their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelSize {
    /// A small network of linear layers.
    Mlp,
    /// A BERT of the size of all-MiniLM-L6-v2.
    Minilm,
    /// A BERT of the size of BERT-base.
    BertBase,
    /// A BERT of the size of BERT-large.
    BertLarge,
}

/// How large a network is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// What it is.
    pub name: String,
    /// The tensors of its parameters.
    pub tensors: usize,
    /// Its parameters.
    pub parameters: usize,
}

/// A network that has losses on batches of its own kind.
pub trait Network: Module + ModuleDisplay + 'static {
    /// What the losses are of.
    type Batch: Clone + Send + 'static;

    /// The loss of every example, `[batch]`.
    fn losses(&self, batch: &Self::Batch) -> Tensor<1>;
}

/// Linear layers with ReLU between them.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

/// Vectors and their classes.
#[derive(Clone, Debug)]
pub struct Vectors {
    /// `[batch, width]`
    inputs: Tensor<2>,
    /// `[batch]`
    classes: Tensor<1, Int>,
}

impl Mlp {
    /// Layers between vectors of these sizes, at least two; the last are scores of classes. The
    /// variance of what comes out of a layer is on average that of what went in, however many there
    /// are.
    pub fn new(sizes: &[usize], device: &Device) -> Self {
        let gain = 2f64.sqrt();
        let initializer = Initializer::KaimingNormal {
            gain,
            fan_out_only: false,
        };
        let layer = |sizes: &[usize]| {
            let config = LinearConfig::new(sizes[0], sizes[1]);
            config.with_initializer(initializer.clone()).init(device)
        };
        device.seed(SEED);
        let network = Self {
            layers: sizes.windows(2).map(layer).collect(),
        };
        draw(&network);
        network
    }

    /// How large a network of these layers is.
    pub fn size(sizes: &[usize]) -> Size {
        let words: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let layer = |sizes: &[usize]| (sizes[0] + 1) * sizes[1];
        Size {
            name: format!("MLP {}", words.join("-")),
            tensors: 2 * (sizes.len() - 1),
            parameters: sizes.windows(2).map(layer).sum(),
        }
    }

    /// Random batches for layers of these sizes.
    pub fn batches(sizes: &[usize], batch: usize, device: &Device) -> Vec<Vectors> {
        let (width, classes) = (sizes[0], sizes[sizes.len() - 1]);
        let mut generator = Generator::new(SEED);
        let mut vectors = || {
            let inputs: Vec<f32> = (0..batch * width)
                .map(|_| uniform(&mut generator))
                .collect();
            let labels: Vec<i32> = (0..batch)
                .map(|_| generator.below(classes) as i32)
                .collect();
            Vectors {
                inputs: Tensor::from_data(TensorData::new(inputs, [batch, width]), device),
                classes: Tensor::from_data(TensorData::new(labels, [batch]), device),
            }
        };
        (0..BATCHES).map(|_| vectors()).collect()
    }

    /// So many units, of consecutive layers, in a network of so many layers at the path `at`. The
    /// sizes of units differ by one layer at most.
    pub fn units(at: &str, layers: usize, units: usize) -> Units {
        let before = |unit: usize| unit * layers / units;
        let unit = |unit: usize| {
            let (first, end) = (before(unit), before(unit + 1));
            let paths = (first..end).map(|layer| format!("{at}.layers.{layer}"));
            (format!("layers {}-{end}", first + 1), paths.collect())
        };
        Units::named::<String, String>((0..units).map(unit))
    }
}

impl Network for Mlp {
    type Batch = Vectors;

    fn losses(&self, batch: &Vectors) -> Tensor<1> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        let inputs = batch.inputs.clone();
        let outputs = hidden
            .iter()
            .fold(inputs, |x, layer| relu(layer.forward(x)));
        cross_entropies(last.forward(outputs), batch.classes.clone())
    }
}

impl Network for BertClassifier {
    type Batch = GlueBatch;

    fn losses(&self, batch: &GlueBatch) -> Tensor<1> {
        batch.labels.losses(self.forward(&batch.input))
    }
}

/// The configuration of a BERT of this size without dropout; none for another network.
///
/// # Errors
///
/// If examples are to have more tokens than it has positions.
pub fn bert(size: ModelSize, tokens: usize) -> Result<Option<BertConfig>, LabError> {
    // All others are as in BERT-base.
    let config = match size {
        ModelSize::Mlp => return Ok(None),
        ModelSize::Minilm => {
            r#"{ "hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536 }"#
        }
        ModelSize::BertBase => "{}",
        ModelSize::BertLarge => {
            r#"{ "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
                 "intermediate_size": 4096 }"#
        }
    };
    let config = BertConfig::from_json(config)
        .map_err(GlueError::from)?
        .with_dropout(0.0);
    let most = config.max_tokens();
    if tokens > most {
        return Err(LabError::usage(format!(
            "--tokens is {tokens}, and the model has {most} positions: ask for at most {most}"
        )));
    }
    Ok(Some(config))
}

/// How large a classifier of this configuration is.
pub fn bert_size(size: ModelSize, config: &BertConfig) -> Size {
    let like = match size {
        ModelSize::Minilm => "all-MiniLM-L6-v2",
        ModelSize::BertLarge => "BERT-large",
        _ => "BERT-base",
    };
    let (layers, hidden) = (config.num_hidden_layers, config.hidden_size);
    let parameters = || config.parameters(CLASSES).map(|(_, count)| count);
    Size {
        name: format!("a BERT of the size of {like} ({layers} layers, hidden {hidden})"),
        tensors: parameters().count(),
        parameters: parameters().sum(),
    }
}

/// A BERT with random weights.
pub fn classifier(config: &BertConfig, device: &Device) -> BertClassifier {
    device.seed(SEED);
    config.init_classifier(CLASSES, device)
}

/// Random batches without padding.
pub fn token_batches(
    config: &BertConfig,
    batch: usize,
    tokens: usize,
    device: &Device,
) -> Vec<GlueBatch> {
    let mut generator = Generator::new(SEED);
    let mut example = || Features {
        // 0 is the padding.
        ids: (0..tokens)
            .map(|_| 1 + generator.below(config.vocab_size - 1) as u32)
            .collect(),
        type_ids: vec![0; tokens],
        label: Label::Class(generator.below(CLASSES)),
    };
    let mut features = || -> Vec<Features> { (0..batch).map(|_| example()).collect() };
    (0..BATCHES)
        .map(|_| collate(&features(), 0, device))
        .collect()
}

/// Draws every parameter that is still a promise, so that copies share values.
fn draw(network: &impl Module) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }
    network.visit(&mut Draw);
}

/// Uniform with mean 0 and variance 1.
fn uniform(generator: &mut Generator) -> f32 {
    let unit = (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (12f64.sqrt() * (unit - 0.5)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::testing::alone_with_the_device;

    #[test]
    fn an_mlp_has_the_size_that_it_says_and_finite_losses() {
        let _alone = alone_with_the_device();
        let device = Device::flex().autodiff();
        let network = Mlp::new(&MLP, &device);
        let size = Mlp::size(&MLP);
        assert_eq!(size.name, "MLP 784-512-256-10");
        assert_eq!((size.tensors, size.parameters), (6, network.num_params()));
        let batches = Mlp::batches(&MLP, 4, &device);
        assert_eq!(batches.len(), BATCHES);
        let losses = network.losses(&batches[0]).into_data();
        assert_eq!(losses.iter::<f64>().count(), 4);
        assert!(losses.iter::<f64>().all(f64::is_finite));
    }

    #[test]
    fn units_share_the_layers_of_an_mlp() {
        let units = Mlp::units("network", 5, 2);
        assert!(units.names().eq(["layers 1-2", "layers 3-5"]));
        assert_eq!(units.unit_of("network.layers.1.weight"), Ok(0));
        assert_eq!(units.unit_of("network.layers.4.bias"), Ok(1));
    }

    #[test]
    fn a_bert_takes_as_many_tokens_as_it_has_positions() {
        let base = bert(ModelSize::BertBase, 512).unwrap().expect("a BERT");
        let size = bert_size(ModelSize::BertBase, &base);
        assert_eq!((size.tensors, size.parameters), (199, 108_893_186));
        let large = bert(ModelSize::BertLarge, 512).unwrap().expect("a BERT");
        let size = bert_size(ModelSize::BertLarge, &large);
        assert_eq!((size.tensors, size.parameters), (391, 334_094_338));
        let error = bert(ModelSize::Minilm, 513).unwrap_err().to_string();
        assert!(error.contains("--tokens is 513") && error.contains("at most 512"));
        assert!(bert(ModelSize::Mlp, 9999).unwrap().is_none());
    }

    #[test]
    fn batches_of_tokens_have_no_padding_and_stay_in_the_vocabulary() {
        let device = Device::flex();
        let config = BertConfig::tiny(5);
        let batches = token_batches(&config, 3, 7, &device);
        assert_eq!(batches.len(), BATCHES);
        for batch in batches {
            assert_eq!(batch.input.input_ids.dims(), [3, 7]);
            assert!(batch.input.packing.is_none());
            let ids = batch.input.input_ids.into_data();
            assert!(ids.iter::<i64>().all(|id| (1..5).contains(&id)));
        }
    }
}
