//! Trials that begin where something has moved: the same as whole ones, and cheaper by what they
//! say.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_sls_bert::glue::{Features, GlueBatch, Label, collate};
use burn_sls_bert::{BertClassifier, BertConfig, UnitSplit};
use burn_sls_optim::{LineSearchConfig, Searched, Stages, StepOptions, StepReport, TrialMode};
use burn_sls_tests::{device, plain};

const LAYERS: usize = 3;

fn model(dropout: f64, device: &Device) -> BertClassifier {
    Device::seed(device, 5);
    let config = BertConfig {
        hidden_size: 16,
        num_hidden_layers: LAYERS,
        num_attention_heads: 2,
        intermediate_size: 32,
        hidden_dropout_prob: dropout,
        attention_probs_dropout_prob: dropout,
        classifier_dropout: Some(dropout),
        ..BertConfig::tiny(40)
    };
    config.init_classifier(2, device)
}

fn batch(first: u32, device: &Device) -> GlueBatch {
    let features: Vec<Features> = (first..first + 6)
        .map(|i| Features {
            ids: (0..4 + i % 5).map(|j| 2 + (7 * i + 3 * j) % 37).collect(),
            type_ids: vec![0; (4 + i % 5) as usize],
            label: Label::Class(i as usize % 2),
        })
        .collect();
    collate(&features, 0, device)
}

fn config() -> LineSearchConfig {
    let units = UnitSplit::count(LAYERS + 2).expect("a unit per stage");
    plain::plasls(units.units(LAYERS)).with_seed(3)
}

/// A model that runs its stages from the first, whatever it is asked for: every trial is whole.
#[derive(Module, Debug)]
struct Whole {
    inner: BertClassifier,
}

impl Stages<GlueBatch> for Whole {
    type Hidden = <BertClassifier as Stages<GlueBatch>>::Hidden;

    fn stages(&self) -> usize {
        self.inner.stages()
    }
    fn stage(&self, index: usize, batch: &GlueBatch, before: Option<Self::Hidden>) -> Self::Hidden {
        self.inner.stage(index, batch, before)
    }
    fn losses(&self, batch: &GlueBatch, last: Self::Hidden) -> Tensor<1> {
        Stages::losses(&self.inner, batch, last)
    }
    fn detach(hidden: Self::Hidden) -> Self::Hidden {
        BertClassifier::detach(hidden)
    }
    /// Shows nothing: all parameters count as those of the first stage.
    fn visit_stage<V: burn::module::ModuleVisitor>(&self, _index: usize, _visitor: &mut V) {}
}

/// Trains for some steps on two micro-batches in turn, and returns the reports.
fn train<M: Stages<GlueBatch>>(
    config: LineSearchConfig,
    mut model: M,
    device: &Device,
) -> Vec<StepReport> {
    let batches = [batch(0, device), batch(3, device)];
    let mut optim = config.init();
    (0..12)
        .map(|_| {
            let step = optim
                .step_in_stages(StepOptions::new(), model.clone(), &batches)
                .expect("a step");
            model = step.model;
            step.report
        })
        .collect()
}

fn without_costs(reports: &[StepReport]) -> Vec<StepReport> {
    let mut reports = reports.to_vec();
    for report in &mut reports {
        report.saved = 0.0;
    }
    reports
}

#[test]
fn a_trial_from_a_stage_is_the_whole_trial_to_the_bit_with_and_without_dropout() {
    let device = device().autodiff();
    for dropout in [0.0, 0.1] {
        let staged = train(config(), model(dropout, &device), &device);
        let whole = Whole {
            inner: model(dropout, &device),
        };
        let units = UnitSplit::count(LAYERS + 2).expect("a unit per stage");
        let config = LineSearchConfig {
            units: units.units_at("inner", LAYERS),
            ..config()
        };
        let whole = train(config, whole, &device);
        assert!(whole.iter().all(|report| report.saved == 0.0));
        assert_eq!(without_costs(&staged), whole, "dropout {dropout}");
    }
}

#[test]
fn without_dropout_it_is_the_step_that_knows_no_stages() {
    let device = device().autodiff();
    let staged = train(config(), model(0.0, &device), &device);
    let batches = [batch(0, &device), batch(3, &device)];
    let (mut plain, mut optim) = (model(0.0, &device), config().init());
    for staged in without_costs(&staged) {
        let losses = |model: &BertClassifier, batch: &GlueBatch| {
            batch.labels.losses(model.forward(&batch.input))
        };
        let step = optim
            .step_with(StepOptions::new(), plain, &batches, losses)
            .expect("a step");
        plain = step.model;
        assert_eq!(step.report, staged);
    }
}

#[test]
fn what_is_saved_is_what_lies_before_the_unit() {
    let device = device().autodiff();
    let reports = train(config(), model(0.1, &device), &device);
    // Of two layers and a sixth: the embeddings, the three layers, the head.
    let whole = 2.0 + 1.0 / 6.0;
    let before = [0.0, 0.0, 1.0 / whole, 2.0 / whole, 1.0];
    for report in &reports {
        let share = match report.searched {
            Searched::All => 0.0,
            Searched::Unit(unit) => before[unit],
            _ => unreachable!(),
        };
        let saved = 2.0 * report.trials.len() as f64 * share; // two micro-batches
        assert!((report.saved - saved).abs() < 1e-12, "{report:?}");
    }
    let units: Vec<_> = reports.iter().map(|report| report.searched).collect();
    assert_eq!(units[0], Searched::All);
    assert!((1..=10).all(|turn| units[turn] == Searched::Unit((turn - 1) % 5)));
}

#[test]
fn trials_without_dropout_are_whole() {
    let device = device().autodiff();
    let config = config().with_trial_mode(TrialMode::Deterministic);
    let reports = train(config, model(0.1, &device), &device);
    assert!(reports.iter().all(|report| report.saved == 0.0));
}

#[test]
fn a_run_resumed_from_its_record_plans_its_stages_again() {
    let device = device().autodiff();
    let batches = [batch(0, &device)];
    let step = |optim: &mut burn_sls_optim::LineSearchOptimizer, model| {
        optim
            .step_in_stages(StepOptions::new(), model, &batches)
            .expect("a step")
    };
    let (mut optim, mut trained) = (config().init(), model(0.1, &device));
    for _ in 0..5 {
        trained = step(&mut optim, trained).model;
    }
    let record = optim.to_record();
    let mut resumed = config().init().load_record(record).expect("its own record");
    let (a, b) = (
        step(&mut optim, trained.clone()),
        step(&mut resumed, trained),
    );
    assert_eq!(a.report, b.report);
    assert!(a.report.saved > 0.0);
}
