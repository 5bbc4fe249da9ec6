//! One iteration of a line search: [`Engine::step`].
//!
//! Nothing is changed before the decision is made, so there is nothing to undo after an error. A
//! preset is a choice of the rules in [`policy`]. These are the five, each a whole iteration, where
//! losses and gradients are finite and not all slopes are 0. The lower bound of the loss is 0.
//! Once a loss was below -10·N there is none: κ is 1, and no search begins at f/s.
//!
//! **`default`**, with one unit. The model is at `y`; before the first step `x = y = z`
//! ```text
//! f, g at y;  v ← Adam's second moment;  u = -P·g - λ·y;  s = -⟨g, u⟩      no momentum: m^ = g
//! N = 3e-8·max(1, |f|);  i steps since the search that found η_1
//!
//! losses, for i >= 1
//!   L: the mean of f over i = 1, …, 20, or so far;  l, m ← L if i <= 20
//!   V ← 0.98·(V + 0.02·(f - l)²);  l ← 0.98·l + 0.02·f;  m ← 0.9·m + 0.1·f
//!   the loss has fallen: L - l > min(0.1·|L|, 0.75·√V)
//!
//! agreement, once, by ρ = -⟨g, z - x⟩/((1 - c)·e·s) of i = 4, …, 60 that are not 0, with the last
//! c and e, unless the loss has fallen and η·s <= N
//!   the loss has not fallen, L - m <= 0.05·|L|, mean(ρ) <= σ, its standard error, and
//!   |mean(ρ)| + 2·σ < 0.08
//!     η ← η/16,  η_1 ← η_1/16,  the loss has fallen by 4·√V in place of 0.75·√V, and no search
//!     is due again
//!
//! growth, for i >= 1, unless the loss has fallen and η·s <= N
//!   A ← 0.98·A + 0.02·⟨g, z - x⟩;  B ← 0.98·B + 0.02·min(1, (i + 1)/20)·η·s       r = A/B
//!   i >= 3, and A < -0.02·B or A = 0 < B: the average is behind
//!     η < η_1:                           η ← min(2^(1/4)·η, η_1, 1/λ)
//!     otherwise j ← j + 1, and
//!       if the loss has fallen:          η ← min(2^(1/64)·η, 16·η_1, 1/λ)
//!   otherwise:    j ← 0
//!
//! the first search is due at once
//!   η' ← f/s, up to 1/λ, going up by 2 while the loss falls; up to 8 trials, as in `amortized`
//!   with 0.5·η'·s as the demand, and along -P·g if s < 0
//!     if it fails, nothing moves for 1, 3, 7, … up to 63 iterations, and it begins again
//!     otherwise  η_1 ← η',  η ← η_1/4,  i, j, A, B, L, l, V, max e, Σ w ← 0
//! another is due where j >= 20·2^(such searches in vain), the loss has not fallen, f > 10·N,
//! B < 0.001·max(|L|, |l|), and trials + 1 <= 0.03·3·(k + 1)
//!   like the first; after two searches above the noise it begins no higher than at the longest η'
//!     accepted above the noise, with η' >= 100·η:  as after the first one, and x, z ← y
//!     otherwise  j ← 0, and η stays; if all trials were rejected, y stays too
//!
//! i ← i + 1;  e = lr·κ·min(1, i/20)·η                        warm-up
//! w = i^4·(max e)²;  c = w/Σ w;  a = 1 - 0.8·(1 - c)
//! z ← z + e·u;  y ← y + c·(z - y) + a·e·u                     with the z from before:
//!                                                            x ← (1 - c)·x + c·z
//! κ = min(1, (f - 0)/(0.7·a·e·s)) with the e of κ = 1; κ = 1 after a search that accepts a step
//! ```
//!
//! **`amortized`**, with one unit
//! ```text
//! f, g at w_k;  m, v ← Adam's moments;  u = -P·m^ - λ·w;  s = -⟨g, u⟩;  s' = -⟨g, u_{k-1}⟩
//! h ← 0.97·h + 0.03·clamp(s'/|s|, -1, 1)                     mean hypergradient
//! the first search is due at once, later ones where trials + 1 <= 0.03·3·(k + 1), for 3 % of the
//! cost of training; where none is due, η ← η_last
//!   if s < 0: search along d = -P·g in place of u, with s = -⟨g, d⟩
//!   first search:  η ← (f - 0)/(1.0·s), going up by 2 while the loss falls
//!     if it fails, nothing moves for 1, 3, 7, … up to 63 iterations, and it begins again
//!   later:  η ← max(2^(j/500)·η_last, min(1.5, limit)·η_last)  j iterations since the last search
//!     η ← min(η, max(4·η_first, η_last))                     if h > -0.1, or else
//!     η ← min(η, clamp(0.5·η_first, η_last/1.5, η_last))     steps go too far
//!   η ← min(η, (f - 0)/(0.7·s), 1/λ)                         Polyak cap, and weight decay
//!   up to 8 trials, with Δ = mean(l_i(w_k) - l_i(w_k + η·u)), and noise = 3 standard deviations
//!   of Δ where the rounding error of a loss l is 3e-8·max(1, |l|):
//!     Δ >= 0.7·η·s: accept
//!     max(|Δ|, 0.7·η·s) <= noise: stop; a first trial leaves min(η, η_last)
//!     else η ← parabola through f, -s, f_trial, within [0.1, 0.7]·η
//!   after two searches in a row within the noise, if η has fallen below a thousandth of the
//!   longest step size found, or only one search has been above the noise so far: begin as the
//!   first one does, but at no more than that longest one; if that finds nothing better, after 4,
//!   then 8, …
//!   none accepted: w and the moments stay, η is the shortened one, η_first and h are forgotten,
//!   and the next search begins as the first one does
//!   limit = how far the parabola allows, for a decrease less by half its standard error
//! w_{k+1} = w_k + lr·κ·η·u,   κ = min(1, (f - 0)/(0.7·lr·η·s)), or 1 if d was searched
//! ```
//!
//! **`paper`**
//! ```text
//! f, g at w_k;  d = -P·g (SGD: -g);  s_u = -⟨g_u, d_u⟩
//! first iteration: all units together, from 0.1 (SGD: 1), with Σ s_u; later one unit, in turn
//! η ← γ^(1/n)·η, γ = 2;  up to 100 trials while f(w_k + η·d_u) > f - 0.1·η·s_u:  η ← 0.9·η
//! w_{k+1} = w_k + η^(u)·u^(u), every unit, also if no trial was accepted
//! then merge two units if one is below the threshold, but not in the first iteration
//! ```
//!
//! **`salsa`**
//! ```text
//! as `paper`, along u where it leads downhill, from 1, with η ← 1.1^j·η in the j-th iteration
//! since the last search, and η ← 0.8·η;
//! accept if 0.9·H + 0.1·Δ >= 0.5·η·(0.9·S + 0.1·s);  then H ← 0.9·H + 0.1·Δ, S ← 0.9·S + 0.1·s
//! 10 searches in a row, then one in every L-th iteration, L = 1/(r - 1) from 1 to 10, with r >= 1
//! the ratio of the moving averages (0.9 and 0.99) of η; w moves in every iteration
//! ```
//!
//! **`reference`** is the published code's iteration: see [`policy::published`].

mod commit;
mod context;
mod decision;
mod loss;
mod machine;
mod policy;
mod search;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_sls_core::random;

use crate::config::Iteration;
use crate::direction::{Proposal, SearchAlong, check_state};
use crate::error::{LineSearchError, StepError};
use crate::objective::{Losses, MicroBatch, Objective, seed_devices};
use crate::params::{Buffers, all_finite, any_nonzero};
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
        let keep = request.keep && buffers.is_empty() && self.can_keep(lr);
        let request = Request { keep, ..request };
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

    /// Decides everything about an iteration. Changes nothing but the assignment of parameters to
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
        if self.state_is_new {
            check_state(optim, model)?;
            self.state_is_new = false;
        }
        let along = self.config.search.along;
        let proposal = match self.propose_products(optim, model, grads) {
            Some(products) => products,
            None => self.propose(optim, along, model, grads)?,
        };
        let point = StepContext::read(self, objective, model, grads, &proposal, base_lr)?;
        self.check_iterates()?;
        self.check_rates(lr)?;
        let loss_scale = self.largest_loss(objective, point.loss);
        let checked = point.loss.is_finite() && (request.check || self.is_check_due());
        if checked {
            objective.check(model)?;
        }
        let (mut decision, made) = match self.config.search.iteration {
            Iteration::Published => {
                let decision = policy::published::decide(self, objective, &point, optim, lr)?;
                (decision, None)
            }
            _ => self.decide_by_rules(objective, optim, &point, request.keep)?,
        };
        if decision.outcome == Outcome::SkippedNonFiniteGradient {
            objective.count_read();
            if all_finite(model, grads) {
                decision.outcome = Outcome::SkippedOverflow;
            }
        }
        let scale = policy::scale(self, &point, &decision, lr);
        let loss = point.loss;
        Ok(Decided {
            loss,
            decision,
            scale,
            loss_scale,
            proposal: made.unwrap_or(proposal),
            checked,
        })
    }

    /// Plans and searches. Where the update direction leads uphill, the search goes along the
    /// gradient direction; the step still goes along the update direction. Directions that were not
    /// made so far are made for a search, and returned.
    fn decide_by_rules<M: Module, I, L: Losses<M, I>>(
        &self,
        objective: &mut Objective<'_, I, L>,
        optim: &ModuleOptimizer,
        point: &StepContext<'_, M>,
        keep: bool,
    ) -> Result<(Decision<M>, Option<Proposal>), LineSearchError> {
        let along_update = self.config.search.along == SearchAlong::Update;
        let fallback = along_update && point.proposal.has_gradient_direction;
        let without_direction = point.proposal.products.is_some();
        let units = policy::observe(self, point);
        let mut plan = policy::plan(self, point, units, fallback)?;
        let decision = match plan.action {
            Action::Without(Outcome::SkippedAscent) if fallback => {
                let along = SearchAlong::Gradient;
                let gradient = self.propose(optim, along, point.model, point.grads)?;
                let point = point.along(self, objective, &gradient);
                let plan = policy::plan(self, &point, plan.units, false)?;
                let decision = search::decide(self, objective, &point, plan, false)?;
                let uphill = decision.outcome == Outcome::SkippedAscent;
                if uphill && without_direction {
                    // The optimizer takes this gradient in all the same.
                    let along = SearchAlong::Update;
                    let made = self.propose(optim, along, point.model, point.grads)?;
                    return Ok((decision, Some(made)));
                }
                decision
            }
            Action::Search(_) if without_direction => {
                let along = SearchAlong::Update;
                let made = self.propose(optim, along, point.model, point.grads)?;
                let point = point.with_direction(&made);
                let decision = search::decide(self, objective, &point, plan, keep)?;
                return Ok((decision, Some(made)));
            }
            Action::Without(Outcome::SkippedZeroGradient) => {
                objective.count_read();
                if any_nonzero(point.model, point.grads) {
                    plan.action = Action::Without(Outcome::SkippedOverflow);
                }
                search::decide(self, objective, point, plan, keep)?
            }
            _ => search::decide(self, objective, point, plan, keep)?,
        };
        Ok((decision, None))
    }
}
