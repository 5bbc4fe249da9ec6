//! A language model of characters, on a text that a small grammar makes.

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
        name: "characters",
        group: "characters",
        doc: "the next of 24 characters of a made text, a causal transformer of one layer",
        varies: true,
        make: Make::Scratch(|v| Box::new(characters(v))),
    }]
}

/// Characters that the network sees.
const LENGTH: usize = 24;
/// Letters, a space, a comma, a full stop.
const VOCABULARY: usize = 29;

/// Windows of 25 characters that start at every eighth of a text of 24,000, and at every
/// twenty-fifth of another of 7,500: the loss is the mean over 24 characters of each.
pub(super) fn characters(variant: &Variant) -> impl Problem + use<> {
    let nominal = Shape {
        activation: Activation::Gelu,
        ..Shape::new(32, 1, 16, 600)
    };
    let shape = nominal.of(variant, Limits::COSTLY);
    let windows = |draw, size: usize, stride: usize| {
        let text = text(size, &mut Numbers::new(variant.seed, draw, 0));
        Examples::draw((size - LENGTH - 1) / stride, |i| {
            let window = &text[i * stride..=i * stride + LENGTH];
            (window[..LENGTH].to_vec(), window[1..].to_vec())
        })
    };
    let wrong = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    let train = windows(Draw::Data, 24_000, 8).mislabelled(shape.label_noise, VOCABULARY, wrong);
    let held_out = windows(Draw::HeldOut, 7_500, 25);
    let problem = Supervised::new(
        variant.seed,
        shape,
        Loss::Classes(VOCABULARY),
        train,
        held_out,
        |shape, device| {
            TransformerConfig {
                vocabulary: VOCABULARY,
                length: LENGTH,
                width: shape.width,
                depth: shape.depth,
                outputs: VOCABULARY,
                readout: TransformerReadout::Causal,
                activation: shape.activation,
                dropout: 0.0,
            }
            .init(device)
        },
    );
    problem.measuring(300)
}

const ADJECTIVES: [&str; 12] = [
    "old", "young", "small", "tall", "quiet", "red", "green", "clever", "tired", "happy",
    "strange", "warm",
];
const NOUNS: [&str; 16] = [
    "cat", "dog", "bird", "horse", "farmer", "teacher", "sailor", "garden", "river", "window",
    "letter", "table", "doctor", "king", "painter", "robot",
];
/// They take an s after a singular.
const VERBS: [&str; 12] = [
    "see", "like", "find", "follow", "paint", "call", "help", "know", "want", "hear", "greet",
    "remember",
];
const PLACES: [&str; 6] = ["near", "behind", "under", "with", "before", "without"];
const NUMBERS: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// `size` characters as numbers: a to z are 0 to 25, then space, comma, full stop.
fn text(size: usize, n: &mut Numbers) -> Vec<f32> {
    let mut text = String::new();
    while text.len() < size {
        text.push_str(&sentence(n));
    }
    let number = |letter: u8| match letter {
        b' ' => 26,
        b',' => 27,
        b'.' => 28,
        letter => letter - b'a',
    };
    text.bytes()
        .take(size)
        .map(|letter| f32::from(number(letter)))
        .collect()
}

/// A sentence of one or two clauses, in which verbs agree with their subjects, or a sum.
fn sentence(n: &mut Numbers) -> String {
    if n.chance(0.15) {
        let (a, b) = (n.below(5), n.below(5));
        let [a, b, sum] = [a, b, a + b].map(|i| NUMBERS[i]);
        return format!("{a} and {b} make {sum}. ");
    }
    match n.chance(0.3) {
        true => format!("{}, and {}. ", clause(n), clause(n)),
        false => format!("{}. ", clause(n)),
    }
}

fn clause(n: &mut Numbers) -> String {
    let plural = n.chance(0.4);
    let subject = phrase(plural, n);
    let verb = n.choose(&VERBS);
    let ending = if plural { "" } else { "s" };
    let many = n.chance(0.4);
    let object = phrase(many, n);
    let place = match n.chance(0.25) {
        true => format!(" {} {}", n.choose(&PLACES), phrase(false, n)),
        false => String::new(),
    };
    format!("{subject} {verb}{ending} {object}{place}")
}

/// An article or a number, perhaps an adjective, and a noun.
fn phrase(plural: bool, n: &mut Numbers) -> String {
    let (first, ending) = match plural {
        true => (n.choose(&["the", "some", "two", "many"]), "s"),
        false => (n.choose(&["the", "a", "every", "this"]), ""),
    };
    let adjective = match n.chance(0.5) {
        true => format!(" {}", n.choose(&ADJECTIVES)),
        false => String::new(),
    };
    format!("{first}{adjective} {}{ending}", n.choose(&NOUNS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_in_the_vocabulary() {
        let text = text(2000, &mut Numbers::new(1, Draw::Data, 0));
        assert_eq!(text.len(), 2000);
        let most = (VOCABULARY - 1) as f32;
        assert!(text.iter().all(|&letter| (0.0..=most).contains(&letter)));
    }
}
