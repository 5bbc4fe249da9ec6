//! The proposal of an optimizer: a direction for every parameter with a gradient.

use burn::module::{Module, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_sls_core::Sum;
use serde::{Deserialize, Serialize};

use super::displacement::displacement;
use super::search_direction::{Pass, with_pass};
use crate::error::LineSearchError;
use crate::params::{collect, collect_with, copy, in_order, present};

/// The direction along which a search makes its trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SearchAlong {
    /// The search direction `d`, made of the gradient without momentum: the paper's. The step that
    /// follows goes along the update direction `u`.
    #[default]
    Gradient,
    /// The update direction `u` itself, wherever it leads downhill: `⟨g, u⟩ < 0` for what is
    /// searched. Otherwise `d`; the [report](crate::StepReport::along) says which. With weight
    /// decay `u` contains it, and so do the loss and the slope.
    ///
    /// Adam's moments are held twice during the search, so that a failure leaves them as they were;
    /// the second moment is computed once in a step, and not twice.
    Update,
}

/// What an optimizer proposes for a gradient.
pub(crate) struct Proposal {
    /// Which direction it is.
    pub(crate) along: SearchAlong,
    /// The direction of every parameter with a gradient: `d`, or `u`. Empty if only the products
    /// are known.
    pub(crate) direction: GradientsParams,
    /// `⟨g, u⟩` of every parameter with a gradient, in the order of the model, in the place of the
    /// direction.
    pub(crate) products: Option<Products>,
    /// The optimizer after the step along `direction`, if that is the step that would be taken.
    pub(crate) advanced: Option<ModuleOptimizer>,
    /// Whether there is also a direction without momentum, for where `u` leads uphill.
    pub(crate) has_gradient_direction: bool,
    /// `⟨g_k, u_{k-1}⟩` of every parameter with a gradient, in the order of the model, if known.
    pub(crate) along_last: Option<Vec<Sum>>,
    /// Parameters whose state was there. Not known of an adopted optimizer.
    pub(crate) with_state: Option<usize>,
    /// The longest step size along these directions, if there is one.
    pub(crate) longest: Option<f64>,
}

/// What is known of directions that were not made.
pub(crate) struct Products {
    pub(crate) ids: Vec<ParamId>,
    pub(crate) products: Vec<Sum>,
}

/// Asks for the direction that is searched, leaving `optim` as it is.
///
/// # Errors
///
/// If the optimizer is not of the kind that belongs to the search.
pub(crate) fn propose<M: Module>(
    optim: &ModuleOptimizer,
    adopted: bool,
    along: SearchAlong,
    along_last: bool,
    model: &M,
    grads: &GradientsParams,
) -> Result<Proposal, LineSearchError> {
    match adopted {
        true => propose_displacement(optim, model, grads),
        false => propose_direction(optim, along, along_last, model, grads),
    }
}

/// Asks every parameter's [`SearchDirection`](super::SearchDirection).
fn propose_direction<M: Module>(
    optim: &ModuleOptimizer,
    along: SearchAlong,
    along_last: bool,
    model: &M,
    grads: &GradientsParams,
) -> Result<Proposal, LineSearchError> {
    let pass = match along {
        SearchAlong::Gradient => Pass::Search,
        SearchAlong::Update => Pass::Update { along_last },
    };
    let mut advanced = optim.clone();
    let (answer, answers) = with_pass(pass, || {
        advanced.step(1.0, model.clone(), copy(model, grads))
    });
    let direction = collect_with(&answer, grads);
    if answers.directions != direction.len() {
        return Err(LineSearchError::ForeignOptimizer {
            answered: answers.directions,
            parameters: direction.len(),
        });
    }
    let known = answers.along_last.len() == direction.len();
    Ok(Proposal {
        along,
        direction,
        products: None,
        advanced: (along == SearchAlong::Update).then_some(advanced),
        has_gradient_direction: true,
        along_last: known.then_some(answers.along_last),
        with_state: Some(answers.with_state),
        longest: answers.longest,
    })
}

/// Asks for the products of update directions alone, which are not made. None if there is a
/// parameter of which they are not known without its direction.
pub(crate) fn propose_products<M: Module>(
    optim: &ModuleOptimizer,
    model: &M,
    grads: &GradientsParams,
) -> Option<Proposal> {
    // A direction is made of the clipped gradient, and its slope is along the whole one.
    if optim.has_gradient_clipping() {
        return None;
    }
    let ((), answers) = with_pass(Pass::Product, || {
        optim.clone().step(1.0, model.clone(), copy(model, grads));
    });
    let ids = in_order(model, grads);
    let known = answers.products.len() == ids.len();
    known.then_some(Proposal {
        along: SearchAlong::Update,
        direction: GradientsParams::new(),
        products: Some(Products {
            ids,
            products: answers.products,
        }),
        advanced: None,
        has_gradient_direction: true,
        along_last: None,
        with_state: Some(answers.with_state),
        longest: answers.longest,
    })
}

/// Lets a copy of the optimizer step by a learning rate of 1. The difference of the two points is
/// the direction, and the copy is the optimizer after the step.
fn propose_displacement<M: Module>(
    optim: &ModuleOptimizer,
    model: &M,
    grads: &GradientsParams,
) -> Result<Proposal, LineSearchError> {
    let mut advanced = optim.clone();
    let (direction, answers) = with_pass(Pass::Step, || {
        displacement(&mut advanced, 1.0.into(), model, copy(model, grads))
    });
    if answers.directions > 0 {
        return Err(LineSearchError::AdoptedDirection);
    }
    Ok(Proposal {
        along: SearchAlong::Update,
        direction,
        products: None,
        advanced: Some(advanced),
        has_gradient_direction: false,
        along_last: None,
        with_state: None,
        longest: None,
    })
}

/// Asks for the update direction `u`, and advances the optimizer's state by the gradient.
pub(crate) fn update_direction<M: Module>(
    optim: &mut ModuleOptimizer,
    model: &M,
    grads: GradientsParams,
) -> GradientsParams {
    // Kept by id, and not as another handle: the optimizer may write over gradients that it alone
    // holds.
    let present = present(model, &grads);
    let (answer, _) = with_pass(Pass::Update { along_last: false }, || {
        optim.step(1.0, model.clone(), grads)
    });
    collect(&answer, &present)
}
