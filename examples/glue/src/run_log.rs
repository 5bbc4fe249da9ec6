//! Tells the recorder where the `Learner` is.

use std::sync::Arc;

use burn::train::logger::TrainingProgressLogger;
use derive_new::new;

use crate::recorder::Recorder;

/// Ends the recorder's epochs when evaluation is through.
#[derive(new)]
pub struct RunLog {
    recorder: Arc<Recorder>,
}

impl TrainingProgressLogger for RunLog {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}

    fn update_epoch(&mut self, epoch: usize) {
        self.recorder.epoch_ends(epoch);
    }

    fn start_split(&mut self, _: &str, _: usize) {}

    fn update_split(&mut self, _: usize) {}

    fn end_split(&mut self) {}

    fn end(&mut self) {}

    fn log_event_training(&mut self, _: String) {}
}
