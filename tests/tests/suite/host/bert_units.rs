//! The splits of BERT into units, on the model itself.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn_sls_bert::{BertConfig, UnitSplit};
use burn_sls_tests::device;

/// The path and the count of numbers of every parameter.
#[derive(Default)]
struct Parameters {
    path: Vec<String>,
    found: Vec<(String, usize)>,
}

impl ModuleVisitor for Parameters {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let numbers = param.val().shape().num_elements();
        self.found.push((self.path.join("."), numbers));
    }
}

#[test]
fn the_parameters_that_are_listed_are_the_models_and_each_is_in_one_unit() {
    let mut config = BertConfig::tiny(11);
    config.num_hidden_layers = 3;
    let mut parameters = Parameters::default();
    config.init_classifier(4, &device()).visit(&mut parameters);
    let listed: Vec<_> = config.parameters(4).collect();
    assert_eq!(listed, parameters.found);

    for (split, names) in [
        ("1", vec!["all"]),
        ("4", vec!["embeddings", "layer 1", "layers 2-3", "head"]),
        (
            "10",
            vec!["embeddings", "layer 1", "layer 2", "layer 3", "head"],
        ),
        ("qkv", vec!["query", "key", "value", "rest"]),
    ] {
        let split: UnitSplit = split.parse().expect("a split");
        let units = split.units(config.num_hidden_layers);
        assert!(units.names().eq(names.iter().copied()), "{split}");
        let unit_of = |(path, _): &(String, usize)| {
            let unit = units.unit_of(path);
            unit.unwrap_or_else(|error| panic!("{split}: {error}"))
        };
        let used: Vec<usize> = parameters.found.iter().map(unit_of).collect();
        for (unit, name) in names.iter().enumerate() {
            assert!(used.contains(&unit), "{split}: {name} is empty");
        }
    }
}
