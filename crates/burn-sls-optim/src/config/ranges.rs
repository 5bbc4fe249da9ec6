//! Checks of one value each. NaN is in no range.

use core::fmt::Debug;

use crate::error::LineSearchError;

pub(super) type Checked = Result<(), LineSearchError>;

pub(super) fn open_unit(name: &'static str, x: f64) -> Checked {
    check(x > 0.0 && x < 1.0, name, &x, "in (0, 1)")
}

pub(super) fn decay(name: &'static str, x: f64) -> Checked {
    check((0.0..1.0).contains(&x), name, &x, "in [0, 1)")
}

pub(super) fn up_to_1(name: &'static str, x: f64) -> Checked {
    check(x > 0.0 && x <= 1.0, name, &x, "in (0, 1]")
}

pub(super) fn from_1(name: &'static str, x: f64) -> Checked {
    check(x >= 1.0 && x.is_finite(), name, &x, "at least 1 and finite")
}

pub(super) fn above_1(name: &'static str, x: f64) -> Checked {
    check(x > 1.0 && x.is_finite(), name, &x, "above 1 and finite")
}

pub(super) fn positive(name: &'static str, x: f64) -> Checked {
    check(x > 0.0 && x.is_finite(), name, &x, "positive and finite")
}

pub(super) fn not_negative(name: &'static str, x: f64) -> Checked {
    check(x >= 0.0 && x.is_finite(), name, &x, "at least 0 and finite")
}

pub(super) fn optional(
    range: impl Fn(&'static str, f64) -> Checked,
    name: &'static str,
    x: Option<f64>,
) -> Checked {
    x.map_or(Ok(()), |x| range(name, x))
}

pub(super) fn check(
    ok: bool,
    name: &'static str,
    value: &dyn Debug,
    expected: &'static str,
) -> Checked {
    match ok {
        true => Ok(()),
        false => Err(LineSearchError::Setting {
            name,
            value: format!("{value:?}"),
            expected,
        }),
    }
}
