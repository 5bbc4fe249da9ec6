//! One iteration of a line search: [`Engine::step`].
//!
//! Nothing is changed before the decision stands, so there is nothing to undo where there is none.
//! A preset is a choice of the rules in [`policy`]. These are the four, each a whole iteration.
//!
//! **`default`**
//! ```text
//! f, g at w_k;  m, v ← Adam's moments;  u = -P·m^ - λ·w;  s = -⟨g, u⟩;  s' = -⟨g, u_{k-1}⟩
//! h ← 0.97·h + 0.03·clamp(s'/|s|, -1, 1)                     mean hypergradient
//! first search:   η ← (f - 0)/(1.0·s), going up by 2 while the loss falls
//!   if it fails, wait 1, 3, 7, … up to 63 iterations, and begin again
//! later, due if trials + 1 <= 0.03·3·(k + 1):                3 % of the cost of training
//!   if s < 0: search along d = -P·g instead, s = -⟨g, d⟩
//!   η ← max(2^(j/500)·η, min(1.5, limit)·η)                  j iterations since the last search
//!   η ← min(η, max(4·η_first, η_last))                       if h > -0.1, or else
//!   η ← min(η, clamp(0.5·η_first, η_last/1.5, η_last))       steps go too far
//!   η ← min(η, (f - 0)/(0.7·s))                              Polyak cap
//! up to 8 trials, with Δ = mean(l_i(w_k) - l_i(w_k + η·u)) and rounding errors of 3e-8 a loss:
//!   Δ >= 0.7·η·s: accept
//!   max(|Δ|, 0.7·η·s) <= noise: keep η; after two such searches, begin as the first one does
//!   else η ← parabola through f, -s, f_trial, within [0.1, 0.7]·η
//! none accepted: change nothing; the next search begins as the first one does
//! limit = how far the parabola allows, for a decrease less by half its standard error
//! w_{k+1} = w_k + lr·κ·η·u,   κ = min(1, (f - 0)/(0.7·lr·η·s))
//! ```
//!
//! **`paper`**
//! ```text
//! f, g at w_k;  d = -P·g (SGD: -g);  s_u = -⟨g_u, d_u⟩
//! first iteration: all units together, from 0.1 (SGD: 1), with Σ s_u; later one unit, in turn
//! η ← γ^(1/n)·η, γ = 2;  up to 100 trials while f(w_k + η·d_u) > f - 0.1·η·s_u:  η ← 0.9·η
//! w_{k+1} = w_k + η^(u)·u^(u), every unit;  then merge two units if one is below the threshold
//! ```
//!
//! **`salsa`**
//! ```text
//! as `paper`, along u where it leads downhill, from 1, with γ^(1/n) = 1.1 and η ← 0.8·η;
//! accept if 0.9·H + 0.1·Δ >= 0.5·η·(0.9·S + 0.1·s);  then H ← 0.9·H + 0.1·Δ, S ← 0.9·S + 0.1·s
//! searched in the first 10 iterations, then in every L-th, L = 1/(r - 1) from 1 to 10, with r >= 1
//! the ratio of the moving averages (0.9 and 0.99) of η
//! ```
//!
//! **`reference`** is the published code's iteration: see [`policy::published`].

mod commit;
mod context;
mod decision;
mod machine;
mod policy;
mod search;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_sls_core::random;

use crate::config::Iteration;
use crate::direction::SearchAlong;
use crate::error::{LineSearchError, StepError};
use crate::objective::{Losses, MicroBatch, Objective, seed_devices};
use crate::params::{Buffers, any_nonzero};
use crate::report::Outcome;

pub(crate) use decision::{Request, Stepped};
pub(crate) use machine::Engine;

use context::StepContext;
use decision::{Action, Decided, Decision};

impl Engine {
    /// One iteration. `losses` evaluates the loss of a micro-batch without touching gradients.
    #[allow(clippy::too_many_arguments)] // the model, what moves it, and the loss
    pub(crate) fn step<M: Module, I>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        batches: &[MicroBatch<I>],
        losses: impl Losses<M, I>,
        request: Request,
    ) -> Result<Stepped<M>, StepError<M>> {
        let mut objective = Objective::new(batches, losses, &self.config, !request.reused);
        let buffers = Buffers::keep(&model);
        let decided = self.decide(&mut objective, optim, lr, &model, &grads, request);
        if objective.has_evaluated() {
            buffers.restore(&model);
        }
        let run_seed = self.seeds().then_some(request.run_seed);
        let after = run_seed.map(|seed| random::seed(seed, self.state.step, u64::MAX));
        seed_devices(&model, after);
        let decided = match decided {
            Ok(decided) => decided,
            Err(source) => return Err(StepError { model, source }),
        };
        self.remember_seed(request.run_seed);
        let costs = objective.costs();
        Ok(self.commit(optim, lr, model, grads, decided, costs))
    }

    /// Everything that an iteration decides. Changes nothing but the assignment of parameters to
    /// units.
    fn decide<M: Module, I, L: Losses<M, I>>(
        &mut self,
        objective: &mut Objective<'_, I, L>,
        optim: &ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: &M,
        grads: &GradientsParams,
        request: Request,
    ) -> Result<Decided<M>, LineSearchError> {
        if grads.is_empty() {
            return Err(LineSearchError::NoGradient);
        }
        let base_lr = lr.base();
        if !(base_lr.is_finite() && base_lr >= 0.0) {
            return Err(LineSearchError::LearningRate { value: base_lr });
        }
        let along = self.config.search.along;
        let proposal = self.propose(optim, along, model, grads)?;
        let point = StepContext::read(self, objective, model, grads, &proposal, base_lr)?;
        let loss_scale = self.largest_loss(objective, point.loss);
        let checked = point.loss.is_finite() && (request.check || self.is_check_due());
        if checked {
            objective.check(model)?;
        }
        let decision = match self.config.search.iteration {
            Iteration::Published => policy::published::decide(self, objective, &point, optim, lr)?,
            _ => self.decide_by_rules(objective, optim, &point, request.keep)?,
        };
        let scale = policy::scale(self, &point, &decision);
        let loss = point.loss;
        Ok(Decided {
            loss,
            decision,
            scale,
            loss_scale,
            proposal,
            checked,
        })
    }

    /// Plans and searches. Where the update direction leads uphill, the search goes along the
    /// gradient direction; the step still goes along the update direction.
    fn decide_by_rules<M: Module, I, L: Losses<M, I>>(
        &self,
        objective: &mut Objective<'_, I, L>,
        optim: &ModuleOptimizer,
        point: &StepContext<'_, M>,
        keep: bool,
    ) -> Result<Decision<M>, LineSearchError> {
        let along_update = self.config.search.along == SearchAlong::Update;
        let fallback = along_update && point.proposal.has_gradient_direction;
        let units = policy::observe(self, point);
        let mut plan = policy::plan(self, point, units, fallback)?;
        match plan.action {
            Action::Without(Outcome::SkippedAscent) if fallback => {
                let along = SearchAlong::Gradient;
                let gradient = self.propose(optim, along, point.model, point.grads)?;
                let point = point.along(self, objective, &gradient);
                let plan = policy::plan(self, &point, plan.units, false)?;
                search::decide(self, objective, &point, plan, false)
            }
            Action::Without(Outcome::SkippedZeroGradient) => {
                objective.count_read();
                if any_nonzero(point.model, point.grads) {
                    plan.action = Action::Without(Outcome::SkippedOverflow);
                }
                search::decide(self, objective, point, plan, keep)
            }
            _ => search::decide(self, objective, point, plan, keep),
        }
    }
}
