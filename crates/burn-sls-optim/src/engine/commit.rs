//! Carries out a decision: the only place where parameters, moments, state and counts change.

use burn::module::{Module, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};

use crate::config::{Averaging, Iteration};
use crate::direction::{Proposal, update_direction};
use crate::engine::decision::{Decided, Scale, Stepped};
use crate::engine::loss::rounding_scale;
use crate::engine::machine::Engine;
use crate::engine::policy::{averaging, plateau};
use crate::objective::Costs;
use crate::params::take_step;
use crate::report::{Outcome, StepReport};
use crate::state::UnitState;
use crate::units::Searched;

impl Engine {
    /// Moves the model, advances the optimizer, and remembers what later iterations need.
    pub(super) fn commit<M: Module>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        decided: Decided<M>,
        costs: Costs,
    ) -> Stepped<M> {
        let Decided {
            loss,
            decision,
            scale,
            proposal,
            ..
        } = decided;
        let (outcome, searched) = (decision.outcome, decision.searched);
        self.state.loss_scale = decided.loss_scale;
        let mut report = StepReport {
            step: self.state.step,
            loss,
            searched,
            along: decision.along,
            slope: decision.slope,
            trials: decision.trials,
            outcome,
            step_sizes: Vec::new(),
            lr: lr.base(),
            plateau: scale.plateau,
            polyak: scale.polyak,
            warm_up: 1.0,
            capped: decision.capped,
            restarted: decision.restarted,
            below_bound: self.is_below_bound(
                loss,
                costs.backwards,
                rounding_scale(self.state.loss_scale),
            ),
            checked: decided.checked,
            merged: None,
            forwards: costs.forwards,
            saved: costs.saved,
            backwards: costs.backwards,
            reads: costs.reads,
        };
        let state = &mut self.state;
        let first = !state.started;
        if report.below_bound {
            state.lowest_below = state.lowest_below.min(loss / costs.backwards as f64);
        }
        self.expects_moments = false;
        self.expects_iterates = false;
        if !first {
            state.later_trials += report.trials.len() as u64;
        }
        if outcome.moved() || outcome.exhausted() {
            state.units = decision.units;
            state.joint = decision.joint.unwrap_or(state.joint);
            if decision.slope_averages.is_some() {
                state.slope_averages = decision.slope_averages;
            }
        }
        let (mut model, mut kept_losses) = (model, None);
        if outcome.moved() {
            state.started = true;
            self.forget_iterates();
            report.warm_up = self.warm_up();
            let taken = self.is_taken_as_tried(lr, searched, &proposal, scale);
            model = match (decision.kept.filter(|_| taken), proposal.advanced) {
                (Some(kept), Some(advanced)) => {
                    *optim = advanced;
                    kept_losses = Some(kept.losses);
                    kept.model
                }
                (_, Some(advanced)) => {
                    *optim = advanced;
                    self.moved(lr, model, proposal.direction, scale)
                }
                (_, None) => {
                    drop(proposal.direction); // before the update direction takes its memory
                    let update = update_direction(optim, &model, grads);
                    self.moved(lr, model, update, scale)
                }
            };
            self.pass_turn(searched);
            report.merged = self.merge_collapsed(first);
            if let Some(rule) = &self.config.schedule.reduce_on_plateau {
                plateau::record_loss(rule, &mut self.state.plateau, loss);
            }
        } else if outcome.exhausted() {
            if first {
                state.failures += 1;
                let wait = 1u64.checked_shl(state.failures as u32).unwrap_or(u64::MAX);
                state.waiting = (wait - 1).min(self.config.schedule.longest_wait);
            }
            self.pass_turn(searched);
        } else if outcome == Outcome::WaitingAfterFailure {
            state.waiting -= 1;
        } else if let (Outcome::SkippedAscent, Some(advanced)) = (outcome, proposal.advanced) {
            // The model stays; the momentum that points uphill takes this gradient in.
            *optim = advanced;
        }
        report.step_sizes = self.state.step_sizes();
        self.state.step += 1;
        self.state.counts.add(&report);
        Stepped {
            model,
            report,
            kept: kept_losses,
        }
    }

    /// `w + lr·scale·η^(u)·u` for every unit `u`, or what averaging makes of it.
    fn moved<M: Module>(
        &mut self,
        lr: &ModuleLearningRate,
        model: M,
        mut direction: GradientsParams,
        scale: Scale,
    ) -> M {
        let factor = scale.plateau * scale.polyak;
        if let Some(rule) = self.config.averaging {
            return self.moved_with_average(&rule, lr, model, direction, factor);
        }
        take_step(model, &mut direction, |id| {
            Some(self.rate(lr, id) * (factor * self.state.units[self.unit_of(id)].step_size))
        })
    }

    /// Changes weights of the trained model between two steps. Their average changes along with it.
    pub(crate) fn change_weights<M: Module>(&mut self, model: M, change: impl FnOnce(M) -> M) -> M {
        if self.iterates.is_empty() {
            return change(model);
        }
        let changed = change(model.clone());
        self.iterates.follow(&model, &changed);
        changed
    }

    /// Forgets the steps of units whose average begins now.
    fn forget_iterates(&mut self) {
        if self.iterates.is_empty() {
            return;
        }
        let begins = |id: &ParamId| self.state.units[self.unit_of(*id)].average.steps == 0;
        let ids: Vec<ParamId> = self.assignment.ids().filter(begins).collect();
        for id in ids {
            self.iterates.forget(id);
        }
    }

    /// The largest rate of every unit's parameters.
    pub(in crate::engine) fn largest_rates(&self, lr: &ModuleLearningRate) -> Vec<f64> {
        let mut rates = vec![0.0_f64; self.state.units.len()];
        for id in self.assignment.ids() {
            let rate = &mut rates[self.unit_of(id)];
            *rate = rate.max(self.rate(lr, id));
        }
        rates
    }

    /// Moves the steps and their average. The weight of a unit's step is by the largest rate of its
    /// parameters. At a rate of 0 nothing moves, the average included.
    fn moved_with_average<M: Module>(
        &mut self,
        rule: &Averaging,
        lr: &ModuleLearningRate,
        model: M,
        direction: GradientsParams,
        factor: f64,
    ) -> M {
        let rates = self.largest_rates(lr);
        let count = |(unit, rate): (&mut UnitState, f64)| {
            let warm_up = averaging::warm_up(rule, unit.average.steps + 1);
            let length = factor * warm_up * unit.step_size;
            let share = match rate > 0.0 {
                true => averaging::count(rule, unit, rate * length),
                false => 0.0,
            };
            (length, share)
        };
        let units = self.state.units.iter_mut().zip(rates);
        let steps: Vec<(f64, f64)> = units.map(count).collect();
        let mut iterates = std::mem::take(&mut self.iterates);
        let model = iterates.advance(model, direction, |id| {
            let (length, share) = steps[self.unit_of(id)];
            match self.rate(lr, id) {
                0.0 => averaging::blend(rule, 0.0, 0.0),
                rate => averaging::blend(rule, share, rate * length),
            }
        });
        self.iterates = iterates;
        model
    }

    /// The factor of the step that is made now: the least of the units'.
    fn warm_up(&self) -> f64 {
        let Some(rule) = &self.config.averaging else {
            return 1.0;
        };
        let units = self.state.units.iter();
        let factors = units.map(|unit| averaging::warm_up(rule, unit.average.steps + 1));
        factors.fold(1.0, f64::min)
    }

    /// Whether the step is the one that was tried: of all units, along the update direction, and
    /// with no factor.
    fn is_taken_as_tried(
        &self,
        lr: &ModuleLearningRate,
        searched: Searched,
        proposal: &Proposal,
        scale: Scale,
    ) -> bool {
        let all = searched == Searched::All || self.state.units.len() == 1;
        all && self.config.averaging.is_none()
            && proposal.advanced.is_some()
            && scale.plateau * scale.polyak == 1.0
            && self.assignment.ids().all(|id| self.rate(lr, id) == 1.0)
    }

    /// Passes the turn on to the next unit. A search of all units leaves it where it is.
    fn pass_turn(&mut self, searched: Searched) {
        if let Searched::Unit(unit) = searched {
            self.state.turn = (unit + 1) % self.state.units.len();
        }
    }

    /// Merges two units if one has collapsed; in the paper, never in the iteration of the first
    /// search.
    fn merge_collapsed(&mut self, first: bool) -> Option<Vec<Vec<usize>>> {
        let threshold = self.config.schedule.merge_below?;
        if first && self.config.search.iteration == Iteration::Paper {
            return None;
        }
        self.state.merge_below(threshold)?;
        Some(self.state.groups())
    }
}
