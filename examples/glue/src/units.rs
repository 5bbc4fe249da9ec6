//! `glue units`: the units of a model, and how large they are.

use std::path::Path;

use burn_sls_bert::UnitSplit;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, CellAlignment, Table};

use crate::data;
use crate::error::GlueError;
use crate::pretrained;
use crate::settings::{Settings, TINY, TrainArgs, UnitsArgs};

/// The classes of the head that is counted. It makes no difference that one could see.
const CLASSES: usize = 2;

/// The most layers that are counted: no weights are read here that would show a false number of
/// them.
const MOST_LAYERS: usize = 1000;

/// What the parameters of a unit come to.
#[derive(Clone, Copy, Default)]
struct Size {
    tensors: usize,
    parameters: usize,
}

/// The table of units that the command line asks for, with a heading.
///
/// # Errors
///
/// Whatever is wrong with the model's configuration.
pub fn table(args: &UnitsArgs) -> Result<String, GlueError> {
    let model = args.model.as_deref().unwrap_or(TINY);
    let config = match model {
        // Its vocabulary is that of the built-in sentences.
        TINY => {
            let mut settings = Settings::new(&TrainArgs::default())?;
            let data = data::load(&mut settings, false)?;
            data.model.config().clone()
        }
        model => pretrained::config(model)?,
    };
    let layers = config.num_hidden_layers;
    if layers > MOST_LAYERS {
        return Err(GlueError::Usage(format!(
            "--model {model} has {layers} layers by its config.json, and a table of more than \
             {MOST_LAYERS} makes no sense: check `num_hidden_layers`"
        )));
    }
    let asked = args.units.unwrap_or_default();
    let modules = asked.modules(layers);
    let units = asked.units(layers);

    let mut sizes = vec![Size::default(); units.len()];
    for (path, parameters) in config.parameters(CLASSES) {
        let unit = units.unit_of(&path);
        let unit = unit.map_err(|error| GlueError::Usage(error.to_string()))?;
        sizes[unit].tensors += 1;
        sizes[unit].parameters += parameters;
    }
    let all = Size {
        tensors: sizes.iter().map(|size| size.tensors).sum(),
        parameters: sizes.iter().map(|size| size.parameters).sum(),
    };

    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["unit", "modules", "tensors", "parameters", "share"]);
    for ((name, paths), size) in modules.iter().zip(&sizes) {
        table.add_row(row(name, &describe(paths), *size, all));
    }
    if units.len() > 1 {
        table.add_row(row("together", "", all, all));
    }
    for column in 2..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let name = Path::new(model).file_name().unwrap_or(model.as_ref());
    Ok(format!(
        "{}: {layers} layers, hidden size {}, a head for {CLASSES} classes; {}\n{}",
        name.to_string_lossy(),
        config.hidden_size,
        in_words(asked, layers),
        table.trim_fmt()
    ))
}

/// The split in words, and why it is not what was asked for where it is not.
pub fn in_words(asked: UnitSplit, layers: usize) -> String {
    let count = asked.modules(layers).len();
    let units = match count {
        1 => "1 unit".to_string(),
        _ => format!("{count} units"),
    };
    match asked.fit(layers) == asked {
        true => units,
        false => format!("{units}, since {layers} layers are too few for {asked}"),
    }
}

fn row(name: &str, modules: &str, size: Size, all: Size) -> Vec<Cell> {
    let share = 100.0 * size.parameters as f64 / all.parameters as f64;
    [
        name.to_string(),
        modules.to_string(),
        size.tensors.to_string(),
        grouped(size.parameters),
        format!("{share:.1} %"),
    ]
    .map(Cell::new)
    .to_vec()
}

/// A number with its digits in groups of three: `108,893,186`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The paths of modules, a line each. Those of the same module in consecutive layers are taken
/// together: `bert.encoder.layer.0-11.output`.
fn describe(paths: &[String]) -> String {
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
    fn numbers_are_grouped_and_layers_taken_together() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (108_893_186, "108,893,186"),
        ] {
            assert_eq!(grouped(number), text);
        }
        let described = |split: UnitSplit, unit: usize| describe(&split.modules(12)[unit].1);
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

    #[test]
    fn a_split_that_does_not_fit_says_why() {
        assert_eq!(in_words(UnitSplit::WHOLE, 2), "1 unit");
        assert_eq!(in_words(UnitSplit::QUERY_KEY_VALUE, 2), "4 units");
        assert_eq!(
            in_words(UnitSplit::default(), 2),
            "4 units, since 2 layers are too few for 10"
        );
    }
}
