use super::panel::{MOST_POINTS, log_range};
use super::points::decimate;
use super::*;

fn curve(count: usize, value: impl Fn(f64) -> f64) -> Points {
    let epoch = |index: usize| 5.0 * index as f64 / count as f64;
    (0..count)
        .map(|index| (epoch(index), value(epoch(index))))
        .collect()
}

#[test]
fn smoothing_keeps_a_constant_and_starts_at_the_first_value() {
    let constant = [(0.0, 3.0), (1.0, 3.0), (2.0, 3.0)];
    for (_, value) in smooth(&constant, 0.9) {
        assert!((value - 3.0).abs() < 1e-12);
    }

    // m = (1, 2.5), weights = (0.5, 0.75) at factor 0.5; the infinite point does not count.
    let points = [(0.0, 2.0), (1.0, f64::INFINITY), (2.0, 4.0)];
    let smoothed = smooth(&points, 0.5);
    assert_eq!(smoothed, [(0.0, 2.0), (2.0, 2.5 / 0.75)]);
}

#[test]
fn thinning_keeps_extremes_and_order() {
    let mut points = curve(300_000, |epoch| (epoch * 40.0).sin());
    points[123_456].1 = 9.0;
    points[200_001].1 = -9.0;
    let thin = decimate(&points, MOST_POINTS);
    assert!(
        (MOST_POINTS / 2..=MOST_POINTS).contains(&thin.len()),
        "{}",
        thin.len()
    );
    assert!(thin.contains(&points[123_456]) && thin.contains(&points[200_001]));
    assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(
        decimate(&points[..MOST_POINTS], MOST_POINTS),
        &points[..MOST_POINTS]
    );
}

#[test]
fn a_log_axis_has_two_ticks_however_little_the_values_vary() {
    for (values, range) in [
        ((0.3, 0.31), (0.2, 0.5)),
        ((0.5, 0.5), (0.2, 1.0)),
        ((1.0, 1.0), (0.5, 2.0)),
        ((3e-7, 0.9), (2e-7, 1.0)),
        ((1e-10, 1e-10), (1e-10, 2e-10)),
    ] {
        let (low, high) = log_range(Some(values));
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
        assert!(
            close(low, range.0) && close(high, range.1),
            "{values:?}: {low} to {high}"
        );
    }
}

#[test]
fn every_stage_of_a_run_can_be_drawn() {
    let awkward = vec![
        (0.0, 0.0),
        (0.1, -1.0),
        (0.2, f64::NAN),
        (0.3, f64::INFINITY),
    ];
    let stages = [
        ("empty", RunCurves::default()),
        (
            "first-step",
            RunCurves {
                title: "First step".into(),
                losses: vec![(0.0, 0.7)],
                step_sizes: vec![("learning rate".into(), vec![(0.0, 0.0)])],
                ..RunCurves::default()
            },
        ),
        (
            "awkward",
            RunCurves {
                title: "Values that a logarithmic axis cannot show".into(),
                losses: awkward.clone(),
                train_losses: awkward.clone(),
                metrics: vec![("accuracy".into(), awkward.clone())],
                step_sizes: vec![("all".into(), awkward)],
            },
        ),
        ("full", full_run()),
    ];
    let root = std::env::temp_dir().join(format!("burn-sls-plot-{}", std::process::id()));
    for (name, curves) in stages {
        let dir = root.join(name);
        write(&curves, &dir).unwrap();
        let svg = fs::read_to_string(dir.join("run.svg")).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        assert!(svg.contains(">Training loss</text>"), "{name}");
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(
            fs::read(dir.join("run.png"))
                .unwrap()
                .starts_with(b"\x89PNG"),
            "{name}"
        );
    }
    fs::remove_dir_all(root).unwrap();
}

/// A long run with twelve layers whose step sizes differ.
fn full_run() -> RunCurves {
    let noise = |epoch: f64| (epoch * 7919.0).sin() * (epoch * 104_729.0).cos();
    let loss = |epoch: f64| 0.7 * (-0.8 * epoch).exp() + 0.02;
    let epochs = |value: &dyn Fn(f64) -> f64| -> Points {
        (0..=5)
            .map(|epoch| (f64::from(epoch), value(f64::from(epoch))))
            .collect()
    };
    let steps = |layer: usize| {
        let size = 0.01 * 1.4f64.powi(layer as i32);
        curve(3000, move |epoch| {
            size * (-0.3 * epoch).exp() * (1.0 + 0.3 * noise(epoch))
        })
    };
    RunCurves {
        title: "BERT-base on MRPC, line search per layer, seed 1".into(),
        losses: curve(200_000, |epoch| loss(epoch) * (0.6 * noise(epoch)).exp()),
        train_losses: epochs(&loss),
        metrics: vec![
            ("accuracy".into(), epochs(&|e| 0.9 - 0.25 * (-e).exp())),
            ("F1".into(), epochs(&|e| 0.92 - 0.2 * (-e).exp())),
        ],
        step_sizes: (0..12)
            .map(|layer| (format!("layer {layer}"), steps(layer)))
            .collect(),
    }
}

#[test]
fn a_figure_is_the_same_bytes_whatever_was_drawn_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let drawn = || {
        write(&full_run(), dir.path()).unwrap();
        fs::read_to_string(dir.path().join("run.svg")).unwrap()
    };
    let first = drawn();
    write(&RunCurves::default(), dir.path()).unwrap();
    assert!(drawn() == first);
}
