//! The parameters of a model in Hugging Face's names and layout.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::BertError;
use crate::keys::hugging_face_name;

/// A parameter as Hugging Face stores it.
pub(super) struct Weight {
    /// Hugging Face's name, without `bert.` or `roberta.` in front.
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// f32, little-endian.
    pub(super) bytes: Vec<u8>,
}

impl Weight {
    pub(super) fn first_not_finite(&self) -> Option<usize> {
        self.bytes.chunks_exact(4).position(|number| {
            !f32::from_le_bytes([number[0], number[1], number[2], number[3]]).is_finite()
        })
    }
}

/// The parameters of a model, in its order.
pub(super) fn collect(model: &impl Module) -> Vec<Weight> {
    struct Collect {
        path: Vec<String>,
        container: Vec<String>,
        weights: Vec<Weight>,
    }
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data().convert::<f32>();
            let mut shape = data.shape().to_vec();
            let mut numbers: Vec<f32> = data.iter::<f32>().collect();
            // Linear maps are recognised in the same way as by Burn's own adapter.
            let linear = self.container.last().is_some_and(|c| c == "Struct:Linear");
            if let (true, &[rows, columns]) = (linear, shape.as_slice()) {
                numbers = (0..rows * columns)
                    .map(|at| numbers[at % rows * columns + at / rows])
                    .collect();
                shape = vec![columns, rows];
            }
            self.weights.push(Weight {
                name: hugging_face_name(&self.path.join(".")),
                shape,
                bytes: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            });
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.push(name.to_owned());
            self.container.push(container.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
            self.container.pop();
        }
    }
    let mut collect = Collect {
        path: Vec::new(),
        container: Vec::new(),
        weights: Vec::new(),
    };
    model.visit(&mut collect);
    collect.weights
}

/// Checks that the model has exactly the parameters of its configuration.
pub(super) fn check_shapes(
    found: &[Weight],
    mut shapes: impl Iterator<Item = (String, Vec<usize>)>,
) -> Result<(), BertError> {
    let another = |message: String| {
        BertError::config(
            "",
            format!("the model was not made from this configuration: {message}"),
        )
    };
    let mut left: Vec<&Weight> = found.iter().collect();
    // If the configuration has too many layers, this ends at the first missing one.
    for (name, shape) in shapes.by_ref() {
        let Some(place) = left.iter().position(|weight| weight.name == name) else {
            return Err(another(format!("it has no `{name}`")));
        };
        let weight = left.swap_remove(place);
        if weight.shape != shape {
            return Err(another(format!(
                "its `{name}` has shape {:?}, expected {shape:?}",
                weight.shape
            )));
        }
    }
    match left.first() {
        Some(weight) => Err(another(format!(
            "it has `{}`, which the configuration does not have",
            weight.name
        ))),
        None => Ok(()),
    }
}
