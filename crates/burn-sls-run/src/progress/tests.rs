use std::sync::{Arc, Mutex};

use burn::train::logger::TrainingProgressLogger;
use burn::train::metric::{
    MetricDefinition, MetricEntry, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn::train::renderer::{MetricsRenderer, MetricsRendererTraining};

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn loss(value: f64) -> MetricState {
    let entry = SerializedEntry::new(String::new(), String::new());
    let id = MetricId::new(Arc::new("Loss".to_string()));
    MetricState::Numeric(
        MetricEntry::new(id, entry),
        Some(NumericEntry::Value(value)),
    )
}

#[test]
fn a_log_gets_a_line_with_the_latest_metrics_and_nothing_after_the_end() {
    let log = Log::default();
    let target = ProgressDrawTarget::hidden();
    let mut progress = Progress::with_outputs(3, target, Box::new(log.clone()));
    progress.register_metric(MetricDefinition {
        metric_id: MetricId::new(Arc::new("Loss".to_string())),
        name: Arc::new("Loss".to_string()),
        description: None,
        attributes: NumericAttributes::default().into(),
    });
    progress.start(3, 2, None, None);
    progress.start_split("train", 100);
    progress.update_train(loss(0.5));
    progress.update_split(5);
    assert!(
        log.0.lock().unwrap().is_empty(),
        "no line before one is due"
    );

    // As if the split had begun half a minute ago.
    progress.split_started = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
    progress.update_train(loss(0.25));
    progress.update_split(62);
    progress.end_split();
    progress.end();
    progress.on_train_end(None).unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("epoch 2/3, train 62/100, "), "{text}");
    assert!(text.ends_with(": Loss 0.2500\n"), "{text}");
}

#[test]
fn lines_come_at_tenths_but_not_too_often_and_not_too_rarely() {
    let mut pace = Pace::default();
    let steps = [
        (10, 1, false), // a tenth, but too soon
        (11, 2, true),
        (19, 20, false), // in the same tenth
        (20, 21, true),
        (21, 50, false),
        (21, 51, true), // half a minute without a line
        (21, 52, false),
        (40, 53, true),
    ];
    for (done, second, due) in steps {
        assert_eq!(
            pace.is_due(done, 100, Duration::from_secs(second)),
            due,
            "{second} s"
        );
    }
    assert!(
        !Pace::default().is_due(0, 0, Duration::from_secs(3)),
        "an empty split"
    );
}

#[test]
fn a_resumed_run_estimates_from_its_own_epochs() {
    let epochs = Epochs {
        total: 5,
        skipped: 3,
        complete: 3,
        fraction: 0.5,
    };
    let left = epochs.time_left(Duration::from_secs(10)).unwrap();
    assert_eq!(left, Duration::from_secs(30));
    assert_eq!(epochs.describe(), "epoch 4/5");
}

#[test]
fn numbers_keep_four_digits() {
    for (value, text) in [
        (0.0, "0"),
        (0.512_345, "0.5123"),
        (84.25, "84.25"),
        (-1.5, "-1.500"),
        (12_345.6, "12346"),
        (1.0, "1"),
        (0.002, "0.002000"),
        (2e-5, "2.00e-5"),
        (3e9, "3.00e9"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(number(value), text);
    }
}
