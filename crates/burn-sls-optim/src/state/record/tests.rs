use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::state::{Agreement, AverageState};
use crate::units::Units;

fn units(count: usize) -> Units {
    Units::named((0..count).map(|i| (format!("unit {i}"), vec![format!("layers.{i}")])))
}

fn with_step_sizes(sizes: &[f64]) -> SearchState {
    let mut state = SearchState::new(&units(sizes.len()), 1.0);
    for (unit, size) in state.units.iter_mut().zip(sizes) {
        unit.step_size = *size;
    }
    state
}

/// A state in which no number has its default.
fn merged() -> SearchState {
    let mut state = with_step_sizes(&[1e-300, 0.1 + 0.2, 1e100, 7.0, 1e-301]);
    state.seed = Some(u64::MAX);
    state.step = (1 << 40) + 3;
    state.started = true;
    state.failures = 2;
    state.waiting = 3;
    state.turn = 4;
    state.slope_averages = Some(vec![0.0, 1e-8, 0.5, 1e300, 3.0]);
    state.merge_below(1e-200).expect("two collapsed units");
    state.counts.trials = u64::MAX;
    state.counts.restarted = 1;
    let unit = &mut state.units[3];
    unit.history.record_search(0.25, 1.5, (0.9, 0.99));
    unit.history.record_reuse();
    unit.history.hypergradient_mean = -0.25;
    unit.history.indistinguishable = 2;
    unit.history.failed_restarts = 1;
    unit.history.judged = 5;
    unit.history.longest = 0.75;
    state.units[1].average = AverageState {
        searched: 1.5,
        steps: 30,
        longest_step: 0.5,
        weights: 1e300,
        along: -0.125,
        promised: 0.1 + 0.2,
        early_loss: -3.0,
        recent_loss: -3.5,
        scatter: 1e-300,
        latest_loss: -3.75,
        at_bound: 6,
        agreement: Agreement {
            samples: 27,
            mean: -0.0625,
            squares: 0.1 + 0.2,
            absent: true,
            last_step: 1e-3,
        },
    };
    state.units[2].acceptance = AcceptanceState::Smoothed {
        decrease: -0.5,
        slope: 1e-300,
    };
    state.joint = AcceptanceState::Nonmonotone {
        loss: 2.5,
        weight: 0.1 + 0.2,
    };
    state.later_trials = 7;
    state.loss_scale = 1e-10;
    state.lowest_below = -0.5;
    state.plateau.factor = 0.125;
    state.plateau.seen = 1;
    state.plateau.mean = 3.5;
    state
}

#[test]
fn a_state_comes_back_from_its_record_bit_for_bit() {
    let state = merged();
    assert_eq!(SearchState::from_data(&state.to_data()), Ok(state));
}

#[test]
fn a_record_is_as_long_as_the_units_need_whatever_has_happened() {
    let length = |state: &SearchState| state.to_data().num_elements();
    assert_eq!(length(&merged()), length(&SearchState::new(&units(5), 0.1)));
}

#[test]
fn an_absent_name_has_its_default_and_another_version_is_refused() {
    let mut fields = Fields::default();
    fields.put("version", [VERSION]);
    fields.put("layout", [units(2).layout()]);
    fields.put("unit_of", [0, 1]);
    fields.put_floats("step_size", [0.5, 0.25]);
    fields.put("a name of the future", [1, 2, 3]);
    let state = SearchState::from_data(&fields.to_data(2)).expect("a record");
    assert_eq!(state, with_step_sizes(&[0.5, 0.25]));
    fields.put("version", [VERSION + 1]);
    let error = SearchState::from_data(&fields.to_data(2)).unwrap_err();
    assert!(error.to_string().contains("version is 8"), "{error}");
}

#[test]
fn a_training_that_began_without_it_is_not_asked_whether_mini_batches_agree() {
    let mut fields = Fields::default();
    fields.put("version", [VERSION]);
    fields.put("layout", [units(2).layout()]);
    fields.put("unit_of", [0, 1]);
    fields.put_floats("step_size", [0.5, 0.25]);
    fields.put("average.steps", [0, 30]);
    let state = SearchState::from_data(&fields.to_data(2)).expect("a record");
    let agreements = state.units.iter().map(|unit| unit.average.agreement);
    let expected = [Agreement::default(), Agreement::decided()];
    assert!(agreements.eq(expected));
}

#[test]
fn a_merge_moves_later_units_up_and_restarts_a_cycle_that_fell_off_the_end() {
    let state = merged();
    assert_eq!(state.groups(), [vec![0, 4], vec![1], vec![2], vec![3]]);
    assert_eq!(state.turn, 0);
}

/// However units are merged, every original unit stays in exactly one group, and the groups keep
/// the order of their first members.
fn stays_a_partition(thresholds: &[f64], sizes: &[f64], turn: usize) {
    let units = units(sizes.len());
    let mut state = with_step_sizes(sizes);
    state.turn = turn % sizes.len();
    for &threshold in thresholds {
        state.merge_below(threshold);
        assert_eq!(state.check(&units), Ok(()));
        let groups = state.groups();
        let mut members = groups.concat();
        members.sort();
        assert_eq!(members, (0..sizes.len()).collect::<Vec<_>>());
        assert!(groups.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        assert_eq!(SearchState::from_data(&state.to_data()), Ok(state.clone()));
    }
}

proptest! {
    #[test]
    fn merging_keeps_a_partition(
        thresholds in vec(0.0..1.0f64, 0..20), sizes in vec(1e-6..1.0f64, 1..12),
        turn in 0..12usize,
    ) {
        stays_a_partition(&thresholds, &sizes, turn);
    }
}

#[test]
fn merging_units_of_equal_step_sizes_keeps_a_partition() {
    stays_a_partition(&[0.64], &[1e-6; 3], 0);
}

#[test]
fn a_state_of_other_units_is_refused_though_there_are_as_many() {
    let state = merged();
    assert_eq!(state.check(&units(5)), Ok(()));
    let renamed = Units::named((0..5).map(|i| (format!("part {i}"), vec![format!("layers.{i}")])));
    let moved = Units::named((0..5).map(|i| (format!("unit {i}"), vec![format!("blocks.{i}")])));
    for other in [renamed, moved] {
        let error = state.check(&other).unwrap_err().to_string();
        assert!(error.contains("other names or members"), "{error}");
    }
    let error = state.check(&units(4)).unwrap_err().to_string();
    assert!(error.contains("5 units"), "{error}");
    let mut holed = merged();
    holed.unit_of = vec![0, 0, 2, 3, 2];
    let error = holed.check(&units(5)).unwrap_err().to_string();
    assert!(error.contains("without gaps"), "{error}");
}
