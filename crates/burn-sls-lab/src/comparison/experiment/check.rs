//! What can be wrong with an experiment.

use std::collections::HashSet;

use super::{Experiment, Method, Rates};
use glue::names::TrainSize;

impl Experiment {
    /// What can be refused without looking at a model or data.
    pub(super) fn check(&self) -> Result<(), String> {
        let empty = [
            ("tasks", self.tasks.is_empty()),
            ("train_sizes", self.train_sizes.is_empty()),
            ("batch_sizes", self.batch_sizes.is_empty()),
            ("seeds", self.seeds.is_empty()),
            ("methods", self.methods.is_empty()),
        ];
        if let Some((name, _)) = empty.iter().find(|(_, empty)| *empty) {
            return Err(format!("`{name}` is empty: nothing would be run"));
        }
        let zero = [
            ("epochs", self.epochs == 0),
            ("batch_sizes", self.batch_sizes.contains(&0)),
            ("validation_size", self.validation_size == Some(0)),
            ("max_length", self.max_length == Some(0)),
            (
                "train_sizes",
                self.train_sizes.contains(&TrainSize::Examples(0)),
            ),
        ];
        if let Some((name, _)) = zero.iter().find(|(_, zero)| *zero) {
            return Err(format!("`{name}` must be at least 1"));
        }
        fn twice<T: PartialEq>(list: &[T]) -> bool {
            (1..list.len()).any(|place| list[..place].contains(&list[place]))
        }
        let repeated = [
            ("tasks", twice(&self.tasks)),
            ("train_sizes", twice(&self.train_sizes)),
            ("batch_sizes", twice(&self.batch_sizes)),
            ("seeds", twice(&self.seeds)),
            ("selection_seeds", twice(&self.selection_seeds)),
        ];
        if let Some((name, _)) = repeated.iter().find(|(_, repeated)| *repeated) {
            return Err(format!(
                "`{name}` names something twice: it would count twice in every mean"
            ));
        }
        let mut names = HashSet::new();
        for Method { name, lr, .. } in &self.methods {
            if !names.insert(name) {
                return Err(format!("two methods are named `{name}`"));
            }
            let Some(Rates::Best(rates)) = lr else {
                continue;
            };
            if rates.is_empty() {
                return Err(format!("method `{name}` has no `lr` to choose from"));
            }
            if self.selection_seeds.is_empty() {
                return Err(format!(
                    "method `{name}` has {} learning rates to choose from, and there are no \
                     `selection_seeds` to choose by",
                    rates.len()
                ));
            }
        }
        let reported = |seed: &&u64| self.seeds.contains(seed);
        match self.selection_seeds.iter().find(reported) {
            None => Ok(()),
            Some(seed) => Err(format!(
                "seed {seed} is among `seeds` and `selection_seeds`: a learning rate must not be \
                 chosen on what is reported"
            )),
        }
    }
}
