//! Sentences of words, classified from scratch by a transformer with dropout.

use crate::suite::family::{Family, Make};
use crate::suite::nets::{Activation, TransformerConfig, TransformerReadout};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// The problem.
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "text-classification",
        group: "text",
        doc: "made sentences about four topics, a transformer of two layers with dropout 0.1",
        varies: true,
        make: Make::Scratch(|v| Box::new(text(v))),
    }]
}

/// Topics, and words that belong to each.
const TOPICS: usize = 4;
const OF_TOPIC: usize = 30;
/// Words of no topic.
const COMMON: usize = 80;
/// Words of a sentence, after a token that is the same in all.
const LENGTH: usize = 15;

pub(super) fn text(variant: &Variant) -> impl Problem + use<> {
    let nominal = Shape {
        activation: Activation::Gelu,
        ..Shape::new(32, 2, 16, 500)
    };
    let shape = nominal.of(variant, Limits::COSTLY);
    let sentences = |draw, count| {
        let n = &mut Numbers::new(variant.seed, draw, 0);
        Examples::draw(count, |i| {
            (sentence(i % TOPICS, n), vec![(i % TOPICS) as f32])
        })
    };
    let wrong = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    let train = sentences(Draw::Data, 2000).mislabelled(shape.label_noise, TOPICS, wrong);
    let held_out = sentences(Draw::HeldOut, 500);
    let problem = Supervised::new(
        variant.seed,
        shape,
        Loss::Classes(TOPICS),
        train,
        held_out,
        |shape, device| {
            TransformerConfig {
                vocabulary: 1 + COMMON + TOPICS * OF_TOPIC,
                length: 1 + LENGTH,
                width: shape.width,
                depth: shape.depth,
                outputs: TOPICS,
                readout: TransformerReadout::First,
                activation: shape.activation,
                dropout: 0.1,
            }
            .init(device)
        },
    );
    problem.measuring(500)
}

/// A quarter of the words are of the topic, a tenth of any other topic, the rest of none. Within
/// its list a word is as frequent as the inverse of its rank (Zipf), about.
fn sentence(topic: usize, n: &mut Numbers) -> Vec<f32> {
    let word =
        |words: usize, n: &mut Numbers| (n.log_uniform(1.0, words as f64 + 1.0) as usize) - 1;
    let mut tokens = vec![0];
    for _ in 0..LENGTH {
        let other = n.below(TOPICS);
        tokens.push(match n.unit() {
            x if x < 0.25 => 1 + COMMON + topic * OF_TOPIC + word(OF_TOPIC, n),
            x if x < 0.35 => 1 + COMMON + other * OF_TOPIC + word(OF_TOPIC, n),
            _ => 1 + word(COMMON, n),
        });
    }
    tokens.into_iter().map(|token| token as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_in_the_vocabulary() {
        let n = &mut Numbers::new(1, Draw::Data, 0);
        let words: Vec<f32> = (0..100).flat_map(|i| sentence(i % TOPICS, n)).collect();
        let most = (COMMON + TOPICS * OF_TOPIC) as f32;
        assert!(words.iter().all(|&word| (0.0..=most).contains(&word)));
    }
}
