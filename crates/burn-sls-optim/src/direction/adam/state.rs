//! What Adam remembers of a parameter.

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_sls_kernels::AdamMoments;

/// The moments of one parameter.
#[derive(Clone, Debug)]
pub struct AdamState<const D: usize> {
    /// Updates so far, `t`.
    pub(super) time: usize,
    /// First moment `m`, uncorrected. With `β1 = 0` it is the gradient, and kept only where the
    /// next one is to be multiplied with it.
    pub(super) moment_1: Option<Tensor<D>>,
    /// Second moment `v`, uncorrected.
    pub(super) moment_2: Tensor<D>,
    /// The largest second moment so far, uncorrected, with AMSGrad.
    pub(super) max_moment_2: Option<Tensor<D>>,
}

impl<const D: usize> AdamState<D> {
    /// What the kernels advance: all but what AMSGrad keeps. A first moment that is not there, in a
    /// state that was made without momentum, begins at 0.
    pub(super) fn into_moments(self) -> AdamMoments<D> {
        let moment_1 = self.moment_1.unwrap_or_else(|| self.moment_2.zeros_like());
        AdamMoments {
            time: self.time,
            moment_1,
            moment_2: self.moment_2,
        }
    }

    /// Without momentum.
    pub(super) fn of_moment_2(time: usize, moment_2: Tensor<D>) -> Self {
        Self {
            time,
            moment_1: None,
            moment_2,
            max_moment_2: None,
        }
    }

    pub(super) fn of_moments(moments: AdamMoments<D>) -> Self {
        Self {
            time: moments.time,
            moment_1: Some(moments.moment_1),
            moment_2: moments.moment_2,
            max_moment_2: None,
        }
    }
}

// Written by hand: the derive expands to paths of burn-optim itself.
impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        if let Some(moment) = &self.moment_1 {
            out.push_tensor(prefix, "moment_1", moment.to_data());
        }
        out.push_tensor(prefix, "moment_2", self.moment_2.to_data());
        if let Some(max) = &self.max_moment_2 {
            out.push_tensor(prefix, "max_moment_2", max.to_data());
        }
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let time = usize::try_from(src.take_scalar(prefix, "time")?).ok()?;
        let mut tensor = |leaf| {
            let data = src.take_tensor(prefix, leaf)?;
            let dtype = data.dtype();
            Some(Tensor::from_data(data, (device, dtype)))
        };
        Some(Self {
            time,
            moment_1: tensor("moment_1"),
            moment_2: tensor("moment_2")?,
            max_moment_2: tensor("max_moment_2"),
        })
    }
}
