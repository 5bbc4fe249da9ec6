//! How large the units of a model are.

use crate::{BertConfig, UnitSplit};

/// A unit and what its parameters come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSize {
    /// Its name.
    pub name: String,
    /// The paths of its modules, a line each. Those of the same module in consecutive layers are
    /// taken together: `bert.encoder.layer.0-11.output`.
    pub modules: String,
    /// The tensors of its parameters.
    pub tensors: usize,
    /// Its parameters.
    pub parameters: usize,
}

impl UnitSplit {
    /// The units of a classifier with so many outputs, in the model's order.
    pub fn sizes(self, config: &BertConfig, outputs: usize) -> Vec<UnitSize> {
        let parameters: Vec<(String, usize)> = config.parameters(outputs).collect();
        let units = self.modules(config.num_hidden_layers).into_iter();
        let size = |(name, paths): (String, Vec<String>)| {
            let inside = |parameter: &str| paths.iter().any(|path| is_below(parameter, path));
            let own = parameters.iter().filter(|(path, _)| inside(path));
            UnitSize {
                name,
                modules: described(&paths),
                tensors: own.clone().count(),
                parameters: own.map(|(_, count)| count).sum(),
            }
        };
        units.map(size).collect()
    }
}

/// Whether a parameter belongs to the module of a path; the empty path is the whole model.
fn is_below(parameter: &str, path: &str) -> bool {
    match parameter.strip_prefix(path) {
        Some(rest) => path.is_empty() || rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

/// Paths in lines.
fn described(paths: &[String]) -> String {
    const LAYERS: &str = "bert.encoder.layer.";
    // The first and the last layer, if it is in layers, and the path below that.
    let mut lines: Vec<(Option<[usize; 2]>, &str)> = Vec::new();
    for path in paths {
        let in_layer = path.strip_prefix(LAYERS).and_then(|rest| {
            let end = rest.find('.').unwrap_or(rest.len());
            Some((rest[..end].parse().ok()?, &rest[end..]))
        });
        let Some((layer, below)) = in_layer else {
            lines.push((None, path));
            continue;
        };
        let layer: usize = layer;
        let before = lines.iter_mut().find_map(|(layers, module)| match layers {
            Some([_, last]) if *module == below && *last + 1 == layer => Some(last),
            _ => None,
        });
        match before {
            Some(last) => *last = layer,
            None => lines.push((Some([layer, layer]), below)),
        }
    }
    let lines = lines.into_iter().map(|(layers, path)| match layers {
        None if path.is_empty() => "the whole model".to_string(),
        None => path.to_string(),
        Some([first, last]) if first == last => format!("{LAYERS}{first}{path}"),
        Some([first, last]) => format!("{LAYERS}{first}-{last}{path}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_taken_together_and_every_parameter_is_counted_once() {
        let config = BertConfig::from_json("{}").expect("BERT-base");
        let all: usize = config.parameters(2).map(|(_, count)| count).sum();
        let described = |split: UnitSplit, unit: usize| {
            let sizes = split.sizes(&config, 2);
            assert_eq!(sizes.iter().map(|size| size.parameters).sum::<usize>(), all);
            sizes[unit].modules.clone()
        };
        assert_eq!(described(UnitSplit::WHOLE, 0), "the whole model");
        let ten = UnitSplit::default();
        assert_eq!(described(ten, 0), "bert.embeddings");
        assert_eq!(described(ten, 1), "bert.encoder.layer.0");
        assert_eq!(described(ten, 2), "bert.encoder.layer.1-2");
        assert_eq!(
            described(UnitSplit::QUERY_KEY_VALUE, 3),
            "bert.embeddings\n\
             bert.encoder.layer.0-11.attention.output\n\
             bert.encoder.layer.0-11.intermediate\n\
             bert.encoder.layer.0-11.output\n\
             classifier"
        );
    }
}
