//! Options that a run was not made with.

use super::{Settings, TrainArgs, overrides};

impl Settings {
    /// The first option on the command line that this run was not made with, in words. The units
    /// are to be those that the model really has: see
    /// [`UnitSplit::fit`](burn_sls_bert::UnitSplit::fit).
    pub fn conflict(&self, args: &TrainArgs) -> Option<String> {
        /// An option that is given and differs.
        fn differs<T: PartialEq + serde::Serialize>(
            name: &str,
            asked: &Option<T>,
            made: &T,
        ) -> Option<String> {
            let word = |value: &T| match serde_json::json!(value) {
                serde_json::Value::String(word) => word,
                other => other.to_string(),
            };
            let asked = asked.as_ref().filter(|&asked| asked != made)?;
            let made = match serde_json::json!(made).is_null() {
                true => format!("no --{name}"),
                false => format!("--{name} {}", word(made)),
            };
            Some(format!("{made} (this says {})", word(asked)))
        }
        let data_dir = args.data_dir.clone().map(Some);
        let preset = args.preset.map(Some);
        let units = args.units.map(Some);
        let merge_below = args.merge_below.map(Some);
        let set = overrides::collected(args.set.iter().map(|(key, value)| (key, value)));
        let set = Some(set).filter(|set| !set.is_empty());
        let lr = args.lr.map(Some);
        let first = args.first_step_size.map(Some);
        let validation_size = args.validation_size.map(Some);
        differs("task", &args.task, &self.task)
            .or_else(|| differs("data-dir", &data_dir, &self.data_dir))
            .or_else(|| differs("model", &args.model, &self.model))
            .or_else(|| differs("optimizer", &args.optimizer, &self.optimizer))
            .or_else(|| differs("units", &units, &self.units))
            .or_else(|| differs("merge-below", &merge_below, &self.merge_below))
            .or_else(|| differs("preset", &preset, &self.preset))
            .or_else(|| differs("first-step-size", &first, &self.first_step_size))
            .or_else(|| differs("schedule", &args.schedule, &self.schedule))
            .or_else(|| differs("set", &set, &self.set))
            .or_else(|| differs("lr", &lr, &self.lr))
            .or_else(|| differs("seed", &args.seed, &self.seed))
            .or_else(|| differs("train-size", &args.train_size, &self.train_size))
            .or_else(|| {
                let added = args.balanced && !self.balanced;
                added.then(|| "no --balanced (this has it)".to_string())
            })
            .or_else(|| differs("validation-size", &validation_size, &self.validation_size))
            .or_else(|| differs("epochs", &args.epochs, &self.epochs))
            .or_else(|| differs("batch-size", &args.batch_size, &self.batch_size))
            .or_else(|| differs("max-length", &args.max_length, &self.max_length))
            .or_else(|| differs("dropout", &args.dropout, &self.dropout))
            .or_else(|| differs("device", &args.device, &self.device))
    }
}
