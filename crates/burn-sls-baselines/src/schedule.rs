//! The learning-rate schedule of the Adam baseline: linear warm-up, then cosine decay.

use burn::optim::lr_scheduler::{
    LrSchedulerConfig, cosine::CosineAnnealingLrSchedulerConfig, linear::LinearLrSchedulerConfig,
    module_lr_scheduler::ModuleLrScheduler, sequential::SequentialLrSchedulerConfig,
};

/// Linear warm-up from 0 to `peak`, then half a cosine wave from `peak` down to 0.
///
/// The learning rate of step `k = 0, 1, …` with `w` warm-up steps out of `n` steps in total is
///
/// ```text
/// peak · k / w                                     for k < w
/// peak · ½ (1 + cos(π (k − w) / (n − w)))          for w ≤ k < n
/// 0                                                for k ≥ n
/// ```
///
/// This is `get_cosine_schedule_with_warmup` of Hugging Face's transformers with its default half
/// cycle, except that a run which goes on after `total` steps stays at 0 and does not climb the
/// next half of the wave. The first step of a warm-up has learning rate 0. A `total` that leaves
/// no step after the warm-up counts as `warmup + 1`.
///
/// The result is made of Burn's own schedulers, so its record resumes like theirs.
///
/// # Errors
///
/// [`InvalidPeak`] unless `0 < peak ≤ 1`, the range that Burn's schedulers take.
///
/// # Example
///
/// ```
/// use burn_sls_baselines::warmup_cosine;
///
/// let mut schedule = warmup_cosine(2e-5, 10, 100).unwrap();
/// assert_eq!(schedule.step().base(), 0.0);
/// assert!((schedule.step().base() - 2e-6).abs() < 1e-18);
/// ```
pub fn warmup_cosine(
    peak: f64,
    warmup: usize,
    total: usize,
) -> Result<ModuleLrScheduler, InvalidPeak> {
    if !(peak > 0.0 && peak <= 1.0) {
        return Err(InvalidPeak(peak));
    }

    let end = total.max(warmup + 1);
    let mut stages: Vec<LrSchedulerConfig> = Vec::new();
    let mut milestones = Vec::new();
    // Burn's linear scheduler cannot start at 0: step 0 is a constant of its own, and the line
    // runs from step 1 and would reach the peak at step `warmup`, where the cosine takes over.
    if warmup > 0 {
        stages.push(LrSchedulerConfig::Constant(0.0));
        milestones.push(1);
    }
    if warmup > 1 {
        let first = peak / warmup as f64;
        stages.push(LinearLrSchedulerConfig::new(first, peak, warmup - 1).into());
        milestones.push(warmup);
    }
    stages.push(CosineAnnealingLrSchedulerConfig::new(peak, end - warmup).into());
    milestones.push(end);
    stages.push(LrSchedulerConfig::Constant(0.0));

    SequentialLrSchedulerConfig::new(stages, milestones)
        .init()
        .map_err(|_| InvalidPeak(peak))
}

/// The peak learning rate of a [`warmup_cosine`] schedule is out of range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the peak learning rate must be greater than 0 and at most 1, and it is {0}")]
pub struct InvalidPeak(
    /// The rejected value.
    pub f64,
);

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::PI;

    fn formula(peak: f64, warmup: usize, total: usize, step: usize) -> f64 {
        if step < warmup {
            peak * step as f64 / warmup as f64
        } else if step >= total {
            0.0
        } else {
            let progress = (step - warmup) as f64 / (total - warmup) as f64;
            peak * 0.5 * (1.0 + (PI * progress).cos())
        }
    }

    fn assert_close(actual: f64, expected: f64, context: &str) {
        assert!(
            (actual - expected).abs() < 1e-15,
            "{context}: {actual} instead of {expected}"
        );
    }

    #[test]
    fn every_step_has_the_value_of_the_formula() {
        for (warmup, total) in [
            (0, 1),
            (0, 2),
            (1, 2),
            (1, 10),
            (2, 3),
            (2, 20),
            (3, 4),
            (10, 100),
            (0, 50),
        ] {
            let mut schedule = warmup_cosine(0.5, warmup, total).unwrap();
            for step in 0..total + 5 {
                let expected = formula(0.5, warmup, total, step);
                let context = format!("warm-up {warmup} of {total}, step {step}");
                assert_close(schedule.step().base(), expected, &context);
            }
        }
    }

    // cos(0), cos(π/4), cos(π/2), cos(3π/4) and cos(π), after two steps of warm-up.
    #[test]
    fn a_short_schedule_has_known_values() {
        let mut schedule = warmup_cosine(1.0, 2, 6).unwrap();
        let half_root = 0.5_f64.sqrt();
        let expected = [
            0.0,
            0.5,
            1.0,
            0.5 + 0.5 * half_root,
            0.5,
            0.5 - 0.5 * half_root,
            0.0,
        ];
        for (step, expected) in expected.into_iter().enumerate() {
            assert_close(schedule.step().base(), expected, &format!("step {step}"));
        }
    }

    #[test]
    fn a_warmup_that_fills_the_run_still_reaches_the_peak() {
        let mut schedule = warmup_cosine(1.0, 4, 2).unwrap();
        let rates: Vec<_> = (0..6).map(|_| schedule.step().base()).collect();
        assert_eq!(rates, [0.0, 0.25, 0.5, 0.75, 1.0, 0.0]);
    }

    #[test]
    fn a_loaded_record_continues_where_the_saved_schedule_stopped() {
        for saved_at in [0, 1, 3, 4, 7, 20, 21] {
            let mut schedule = warmup_cosine(1e-3, 4, 20).unwrap();
            (0..saved_at).for_each(|_| {
                schedule.step();
            });
            let bytes = schedule.to_record().into_bytes().unwrap();
            let record = burn::optim::lr_scheduler::LrSchedulerRecord::from_bytes(bytes).unwrap();
            let mut resumed = warmup_cosine(1e-3, 4, 20).unwrap().load_record(record);
            for step in saved_at..24 {
                let context = format!("saved at {saved_at}, step {step}");
                assert_close(resumed.step().base(), schedule.step().base(), &context);
            }
        }
    }

    #[test]
    fn a_peak_out_of_range_is_refused() {
        for (peak, valid) in [
            (0.0, false),
            (f64::MIN_POSITIVE, true),
            (1.0, true),
            (1.0 + f64::EPSILON, false),
        ] {
            assert_eq!(warmup_cosine(peak, 1, 10).is_ok(), valid, "{peak}");
        }
        assert!(warmup_cosine(f64::NAN, 1, 10).is_err());
    }
}
