//! The built-in sentences of `glue`: a tiny BERT learns from scratch whether they praise.

use std::sync::Arc;

use burn_sls_bert::glue::Label;
use burn_sls_bert::{Activation as Inner, BertConfig};
use glue::arguments::TrainArgs;
use glue::data::{self, Source};
use glue::settings::Settings;

use crate::suite::family::{Family, Make};
use crate::suite::nets::Activation;
use crate::suite::problem::{Plan, Problem};
use crate::suite::variant::Variant;

use super::bert::Classification;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};

/// The problem.
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "sentences",
        group: "text",
        doc: "4000 made sentences that praise or complain, a BERT of two layers, as `glue train`",
        varies: true,
        make: Make::Scratch(|v| Box::new(sentences(v))),
    }]
}

/// Training sentences that are measured.
const MEASURED: usize = 1000;

/// What `glue train` alone trains, with its number of steps and mini-batches of its size, and as
/// there without dropout.
pub(super) fn sentences(variant: &Variant) -> impl Problem + use<> {
    let mut settings = Settings::new(&TrainArgs {
        seed: Some(variant.seed),
        ..TrainArgs::default()
    })
    .expect("settings that `glue train` has by default");
    let (mut data, source) = data::load(&mut settings, false).expect("data made by the program");
    let Source::Scratch(tiny) = &source else {
        panic!("the built-in sentences are learned from scratch")
    };
    let steps = settings.epochs * data.training.len().div_ceil(settings.batch_size);
    let shape = nominal(tiny, settings.batch_size, steps).of(variant, Limits::COSTLY);
    let config = shaped(tiny, &shape);

    let wrong = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    for row in Arc::make_mut(&mut data.training) {
        let (is_wrong, class) = (wrong.chance(shape.label_noise), wrong.below(data.outputs));
        if is_wrong {
            row.label = Label::Class(class);
        }
    }
    let (outputs, plan) = (data.outputs, Plan::new(shape.steps, shape.batch));
    let build = move |device: &_| config.init_classifier(outputs, device);
    let problem = Classification::new(variant.seed, plan, data, MEASURED, build);
    problem.scaled(shape.initial_scale)
}

/// The shape of a model.
fn nominal(config: &BertConfig, batch: usize, steps: usize) -> Shape {
    let (width, depth) = (config.hidden_size, config.num_hidden_layers);
    Shape {
        activation: Activation::Gelu,
        ..Shape::new(width, depth, batch, steps)
    }
}

/// A model of that shape, without dropout. Where the shape has an activation that a BERT has not,
/// the model keeps its own.
fn shaped(config: &BertConfig, shape: &Shape) -> BertConfig {
    BertConfig {
        intermediate_size: config.intermediate_size * shape.width / config.hidden_size,
        hidden_size: shape.width,
        num_hidden_layers: shape.depth,
        hidden_act: match shape.activation {
            Activation::Relu => Inner::Relu,
            _ => config.hidden_act,
        },
        ..config.clone().with_dropout(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nominal_problem_is_that_of_the_program() {
        let tiny = BertConfig::tiny(200);
        let shape = nominal(&tiny, 32, 1500);
        assert_eq!(shaped(&tiny, &shape), tiny.with_dropout(0.0));
        let plan = sentences(&Variant::nominal(1)).plan();
        assert_eq!((plan.steps, plan.batch), (1500, 32));
    }
}
