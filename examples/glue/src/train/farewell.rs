//! The end of a training, in words.

use super::Ending;
use crate::command;
use crate::saved;
use crate::settings::{SENTENCES, TrainArgs};

/// What to say at the end, and what to run next.
pub fn farewell(ending: &Ending, args: &TrainArgs) -> String {
    match ending {
        Ending::Interrupted { out, done } => format!(
            "interrupted; {done} epochs are kept. Go on with:\n  {}",
            command::resume(out)
        ),
        Ending::Finished { out, last } => {
            let metrics = last.metrics.iter();
            let metrics: Vec<String> = metrics
                .map(|(name, value)| format!("{name} {:.3}", value.as_f64().unwrap_or(f64::NAN)))
                .collect();
            let mut text = format!(
                "done: training loss {:.4}, validation {}\nthe run is in {out}: run.json, \
                 steps.jsonl, run.svg, run.png{model}",
                last.train_loss,
                metrics.join(", "),
                out = out.display(),
                model = saved::in_words(out),
            );
            let built_in = args.task.as_deref().unwrap_or(SENTENCES) == SENTENCES;
            if built_in && args.data_dir.is_none() && args.model.is_none() {
                text.push_str(
                    "\n\nnext, the same with a learning rate:\n  cargo run --release -p glue -- \
                     train --optimizer adam --lr 1e-3\nand a real BERT (a folder with config.json, \
                     model.safetensors and tokenizer.json) on real data:\n  cargo run --release \
                     -p glue -- train --task \
                     sst2 --data-dir GLUE --model BERT --train-size 500",
                );
            }
            text
        }
    }
}
