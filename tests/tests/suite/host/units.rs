//! Units: how they are described, assigned to parameters, and read.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn_sls_bert::{BertConfig, UnitSplit};
use burn_sls_optim::{LineSearchConfig, LineSearchError, Units};
use burn_sls_tests::classifier::{Batch, Classifier};
use burn_sls_tests::device;
use burn_sls_tests::network::network;
use burn_sls_tests::network::{Layer, Network};
use burn_sls_tests::trainer::Trainer;

#[test]
fn units_are_read_off_a_model_by_module_and_by_layer() {
    let device = device().autodiff();
    let model = Classifier::new(0.1, &device);
    assert!(Units::by_module(&model).names().eq(["hidden", "output"]));

    // A frozen module needs no unit.
    let mut frozen = model.clone();
    frozen.hidden = frozen.hidden.no_grad();
    assert!(Units::by_module(&frozen).names().eq(["output"]));

    let (network, ..) = network(&[3, 6, 6, 2]);
    assert!(Units::by_module(&network).names().eq(["layers"]));
    let units = Units::by_layer(&network, "layers").expect("layers");
    assert!(units.names().eq(["layers.0", "layers.1", "layers.2"]));
    assert_eq!(units.unit_of("layers.1.bias"), Ok(1));

    let error = Units::by_layer(&model, "encoder.layers").unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("`encoder.layers`") && message.contains("`hidden`"),
        "{message}"
    );
}

/// A module with layers, and something beside and around them.
#[derive(Module, Debug)]
struct Nested {
    first: Layer,
    body: Body,
    last: Layer,
}

#[derive(Module, Debug)]
struct Body {
    norm: Layer,
    layers: Vec<Layer>,
    pooler: Layer,
}

#[test]
fn what_surrounds_the_layers_stays_in_the_unit_of_its_module() {
    let layer = || network(&[1, 1]).0.layers.remove(0);
    let body = Body {
        norm: layer(),
        layers: (0..11).map(|_| layer()).collect(),
        pooler: layer(),
    };
    let model = Nested {
        first: layer(),
        body,
        last: layer(),
    };
    let units = Units::by_layer(&model, "body.layers").expect("layers");
    let names: Vec<&str> = units.names().collect();
    assert_eq!(
        names[..4],
        ["first", "body", "body.layers.0", "body.layers.1"]
    );
    assert_eq!((names.len(), names[13]), (14, "last"));
    for (path, unit) in [
        ("body.norm.bias", 1),
        ("body.layers.1.weight", 3),
        ("body.layers.10.weight", 12),
        ("body.pooler.weight", 1),
    ] {
        assert_eq!(units.unit_of(path), Ok(unit), "{path}");
    }
}

#[test]
fn parameters_left_over_or_claimed_twice_are_all_named() {
    let (model, inputs, targets) = network(&[3, 6, 6, 2]);
    let message = |units: Units| {
        let mut optim = LineSearchConfig::plasls(units).init();
        let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
        let error = optim.step(model.clone(), losses).unwrap_err();
        assert_eq!(optim.state().step, 0);
        error.to_string()
    };
    let some = message(Units::named([("a", vec!["layers.0"])]));
    for path in [
        "layers.1.weight",
        "layers.1.bias",
        "layers.2.weight",
        "layers.2.bias",
    ] {
        assert!(some.contains(&format!("`{path}`")), "{some}");
    }
    assert!(some.starts_with("4 parameters"), "{some}");

    let twice = message(Units::matching([("all", ""), ("biases", r"bias$")]));
    assert!(
        twice.contains("`layers.2.bias` (`all` and `biases`)"),
        "{twice}"
    );

    let nothing = message(Units::named([
        ("all", vec!["layers"]),
        ("head", vec!["heads"]),
    ]));
    assert!(
        nothing.contains("unit `head` claims no parameter"),
        "{nothing}"
    );
}

/// A module whose second layer is the first one again.
#[derive(Module, Debug)]
struct Tied {
    first: Layer,
    again: Layer,
}

#[test]
fn a_parameter_that_stands_in_two_places_is_refused_by_its_path() {
    let layer = || network(&[2, 2]).0.layers.remove(0);
    let mut model = Tied {
        first: layer(),
        again: layer(),
    };
    model.again.weight = model.first.weight.clone();
    let losses = |m: &Tied| {
        let sum = m.first.weight.val() + m.again.weight.val().square();
        sum.sum_dim(1).squeeze_dim(1)
    };
    let mut optim = LineSearchConfig::adamsls().init();
    let error = optim.step(model, losses).unwrap_err().source;
    assert_eq!(
        error,
        LineSearchError::TiedParameter {
            path: "again.weight".into()
        }
    );
    assert_eq!(optim.state().step, 0);
}

#[test]
fn step_sizes_are_read_by_name_before_and_after_a_merge() {
    let device = device().autodiff();
    device.seed(2);
    let model = Classifier::new(0.0, &device);
    let batch = Batch::random(32, &device);
    // A threshold that is never undercut by less than everything: three units merge to two.
    let units = Units::named([
        ("weight", vec!["hidden.weight"]),
        ("bias", vec!["hidden.bias"]),
        ("output", vec!["output"]),
    ]);
    let config = LineSearchConfig::plasls(units).with_merging(1e6);
    for mut trainer in Trainer::both(&model, &config) {
        let names = |trainer: &Trainer<Classifier>| -> Vec<(String, f64)> {
            let own = |(name, size): (&str, f64)| (name.to_string(), size);
            match trainer {
                Trainer::Loop(_, optim) => optim.step_sizes().map(own).collect(),
                Trainer::Learner(model, _) => model.step_sizes().map(own).collect(),
            }
        };
        let first = names(&trainer);
        assert_eq!(first[1], ("bias".to_string(), 0.1));
        let merged: Vec<_> = (0..4).filter_map(|_| trainer.step(&batch).merged).collect();
        assert_eq!(merged.len(), 1, "down to two units, and no further");
        assert_eq!(trainer.state().counts.merges, 1);
        let groups = trainer.state().groups();
        assert_eq!(groups, merged[0]);
        let mut members = groups.concat();
        members.sort();
        assert_eq!(members, [0, 1, 2], "every unit is in exactly one group");
        let last = names(&trainer);
        let pair = groups
            .iter()
            .find(|group| group.len() == 2)
            .expect("a pair");
        assert_eq!(last[pair[0]].1, last[pair[1]].1);
    }
}

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

/// The splits of BERT, on the model itself.
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
