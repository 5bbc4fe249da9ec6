//! `glue units`: the units of a model, and how large they are.

use std::path::Path;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use indicatif::HumanCount;

use crate::arguments::{TrainArgs, UnitsArgs};
use crate::data;
use crate::error::GlueError;
use crate::pretrained;
use crate::settings::{Settings, TINY};
use crate::words;

/// The classes of the head that is counted. It makes no difference that one could see.
const CLASSES: usize = 2;

/// The most layers that are counted: no weights are read here that would show a false number of
/// them.
const MOST_LAYERS: usize = 1000;

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
            let (_, source) = data::load(&mut settings, false)?;
            source.config().clone()
        }
        model => pretrained::config(model)?,
    };
    let layers = config.num_hidden_layers;
    if layers > MOST_LAYERS {
        return Err(GlueError::usage(format!(
            "--model {model} has {layers} layers by its config.json, and a table of more than \
             {MOST_LAYERS} makes no sense: check `num_hidden_layers`"
        )));
    }
    let asked = args.units.unwrap_or_default();
    let units = asked.sizes(&config, CLASSES);
    let tensors = units.iter().map(|unit| unit.tensors).sum();
    let parameters: usize = units.iter().map(|unit| unit.parameters).sum();

    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["unit", "modules", "tensors", "parameters", "share"]);
    let mut row = |name: &str, modules: &str, tensors: usize, count: usize| {
        let share = 100.0 * count as f64 / parameters as f64;
        table.add_row([
            name.to_string(),
            modules.to_string(),
            tensors.to_string(),
            HumanCount(count as u64).to_string(),
            format!("{share:.1} %"),
        ]);
    };
    for unit in &units {
        row(&unit.name, &unit.modules, unit.tensors, unit.parameters);
    }
    if units.len() > 1 {
        row("together", "", tensors, parameters);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let name = Path::new(model).file_name().unwrap_or(model.as_ref());
    Ok(format!(
        "{}: {layers} layers, hidden size {}, a head for {CLASSES} classes; {}\n{}",
        name.to_string_lossy(),
        config.hidden_size,
        words::units(asked, layers),
        table.trim_fmt()
    ))
}
