//! Adam's moments and directions.

use burn::backend::Flex;
use burn::tensor::Tensor;

use super::values::{Home, Values, home, numbers, numbers_mut, plain, read, zeros};
use crate::slices::adam;
use crate::{AdamConstants, AdamMoments, AdamUpdate, GradientAndMoment};

/// `-P·g`.
pub(crate) fn adam_search_direction<const D: usize>(
    constants: AdamConstants,
    grad: &Tensor<D>,
    before: Option<(usize, &Tensor<D>)>,
) -> Option<Tensor<D>> {
    let grad = read(grad)?;
    let (time, moment) = match before {
        Some((time, moment)) => (time + 1, Some(read(moment)?)),
        None => (1, None),
    };
    let mut direction = zeros(grad.layout().shape().clone());
    adam::search_direction(
        numbers(&grad),
        moment.as_ref().map(numbers),
        constants,
        time,
        numbers_mut(&mut direction),
    );
    Some(Tensor::from_primitive::<Flex>(direction))
}

/// `-P·g` and the second moment after this gradient.
pub(crate) fn adam_update_without_momentum<const D: usize>(
    constants: AdamConstants,
    grad: Tensor<D>,
    before: Option<(usize, Tensor<D>)>,
) -> Result<(Tensor<D>, Tensor<D>), GradientAndMoment<D>> {
    let moment_here = before
        .as_ref()
        .is_none_or(|(_, moment)| home(moment) == Some(Home::Plain));
    if home(&grad) != Some(Home::Plain) || !moment_here {
        return Err((grad, before));
    }
    let grad = plain(grad);
    let shape = grad.layout().shape().clone();
    let time = before.as_ref().map_or(0, |(time, _)| *time) + 1;
    let (g, mut direction) = target(grad);
    let (v, mut moment) = match before {
        Some((_, moment)) => target(plain(moment)),
        None => (None, zeros(shape)),
    };
    adam::update_without_momentum(
        g.as_ref().map(numbers),
        numbers_mut(&mut direction),
        v.as_ref().map(numbers),
        numbers_mut(&mut moment),
        constants,
        time,
    );
    let tensor = |values: Values| Tensor::from_primitive::<Flex>(values);
    Ok((tensor(direction), tensor(moment)))
}

/// `⟨g, -P·m^ - λ·w⟩`.
pub(crate) fn adam_product<const D: usize>(
    constants: AdamConstants,
    grad: &Tensor<D>,
    time: usize,
    [moment_1, moment_2]: [&Tensor<D>; 2],
    (weights, weight_decay): (&Tensor<D>, f64),
) -> Option<f64> {
    let (grad, weights) = (read(grad)?, read(weights)?);
    let (moment_1, moment_2) = (read(moment_1)?, read(moment_2)?);
    let numbers = [&grad, &moment_1, &moment_2, &weights].map(numbers);
    let decay = weight_decay as f32;
    Some(adam::product(numbers, decay, constants, time + 1))
}

/// Where the successor of values is written: over them, or where others hold them, beside them.
fn target(values: Values) -> (Option<Values>, Values) {
    match values.is_unique() {
        true => (None, values),
        false => {
            let beside = zeros(values.layout().shape().clone());
            (Some(values), beside)
        }
    }
}

/// `-P·m^` and the moments after this gradient.
pub(crate) fn adam_update<const D: usize>(
    constants: AdamConstants,
    grad: Tensor<D>,
    before: Option<AdamMoments<D>>,
    along_last: bool,
) -> Result<AdamUpdate<D>, (Tensor<D>, Option<AdamMoments<D>>)> {
    let moments_here = before.as_ref().is_none_or(|before| {
        [home(&before.moment_1), home(&before.moment_2)] == [Some(Home::Plain); 2]
    });
    if home(&grad) != Some(Home::Plain) || !moments_here {
        return Err((grad, before));
    }
    let mut grad = plain(grad);
    let shape = grad.layout().shape().clone();
    let (time, mut moment_1, mut moment_2) = match before {
        Some(before) => (
            before.time + 1,
            plain(before.moment_1),
            plain(before.moment_2),
        ),
        None => (1, zeros(shape.clone()), zeros(shape)),
    };
    let along_last = adam::update(
        numbers_mut(&mut grad),
        numbers_mut(&mut moment_1),
        numbers_mut(&mut moment_2),
        constants,
        time,
        along_last,
    );
    let tensor = |values: Values| Tensor::from_primitive::<Flex>(values);
    Ok(AdamUpdate {
        direction: tensor(grad),
        moments: AdamMoments {
            time,
            moment_1: tensor(moment_1),
            moment_2: tensor(moment_2),
        },
        along_last,
    })
}
