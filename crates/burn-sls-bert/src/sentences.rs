//! A small two-class sentence task made by a grammar: does this sentence praise or complain?
//!
//! The task needs no download and no licence, and it cannot be solved by counting words. Every
//! content word ("superb", "dull", "loved") is as frequent in praise as in complaints; the grammar
//! around it decides what the sentence says:
//!
//! | construction | example | what decides |
//! |---|---|---|
//! | plain | `the plot was really superb .` | the content word |
//! | negation | `the plot was by no means superb .` | the content word, reversed |
//! | degree | `the wine was too sweet to be good .` | the last content word, reversed |
//! | agreement | `the plot was superb and we loved the music .` | either clause |
//! | contrast | `although we loved the music , the plot was dull .` | the main clause |
//!
//! A clause reverses its content word at most once and a sentence contrasts at most two clauses.
//!
//! Content words mostly mean what they say in sentences without a contrast, and mostly the opposite
//! of the sentence in those with one, so that their counts balance over the labels (see
//! [`generate`]) while each construction by itself still teaches the polarity of a word. With fair
//! coins in every clause, a small transformer memorises a few thousand sentences before it finds
//! the rule.
//!
//! The text has the form of SST-2: lower case, tokens separated by single blanks.
//!
//! # Example
//!
//! ```
//! use burn_sls_bert::sentences::{LABELS, splits};
//!
//! let (train, validation) = splits(2000, 500, 1);
//! assert_eq!((train.len(), validation.len()), (2000, 500));
//! for sentence in train.iter().take(3) {
//!     println!("{}: {}", LABELS[sentence.label], sentence.text);
//! }
//! ```

use std::collections::HashSet;

use burn_sls_core::random::Generator;

use words::*;

mod words;

/// The name of each label.
pub const LABELS: [&str; 2] = ["negative", "positive"];

/// A sentence and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The sentence: lower-case words and punctuation marks, separated by single blanks.
    pub text: String,
    /// 0 when the sentence complains, 1 when it praises: an index into [`LABELS`].
    pub label: usize,
}

/// Makes `count` different sentences, half of each label (one more negative if `count` is odd).
///
/// A content word agrees with the label of its sentence in 70 % of its occurrences without a
/// contrast and in 32.5 % of those with one, which makes one half of all.
///
/// The same `count` and `seed` give the same sentences on every platform. The grammar has more
/// than a billion sentences, so that `count` is bounded by memory, not by the grammar.
#[must_use]
pub fn generate(count: usize, seed: u64) -> Vec<Sentence> {
    draw(count, &mut Generator::new(seed), &mut HashSet::new())
}

/// Makes a training set and a validation set of the given sizes that share no sentence.
///
/// Each is balanced like the result of [`generate`].
#[must_use]
pub fn splits(train: usize, validation: usize, seed: u64) -> (Vec<Sentence>, Vec<Sentence>) {
    let mut random = Generator::new(seed);
    let mut seen = HashSet::new();
    let train = draw(train, &mut random, &mut seen);
    let validation = draw(validation, &mut random, &mut seen);
    (train, validation)
}

/// Draws balanced sentences that are not in `seen`, adds them to it and shuffles them.
fn draw(count: usize, random: &mut Generator, seen: &mut HashSet<String>) -> Vec<Sentence> {
    // Short sentences run out of new words first. Insisting on a plan keeps the mix of plans, and
    // with it the balance of the content words; giving up at last keeps a huge `count` possible.
    const ATTEMPTS: usize = 1000;

    let mut sentences = Vec::with_capacity(count);
    while sentences.len() < count {
        let label = sentences.len() % 2;
        let plan = Plan::draw(random, label == 1);
        let mut texts = (0..ATTEMPTS).map(|_| plan.write(random));
        if let Some(text) = texts.find(|text| !seen.contains(text)) {
            seen.insert(text.clone());
            sentences.push(Sentence { text, label });
        }
    }
    random.shuffle(&mut sentences);
    sentences
}

/// The longest sentence in words, punctuation not counted.
const MAX_WORDS: usize = 20;

/// How two clauses make a sentence.
#[derive(Clone, Copy)]
enum Joint {
    /// Both clauses say the same.
    Agreement(&'static str),
    /// The second clause decides and is introduced by this.
    TurnsAfter(&'static str),
    /// The subordinate clause comes first, the main clause after a comma.
    ConcedesFirst(&'static str),
    /// The main clause comes first.
    ConcedesLast(&'static str),
}

const JOINTS: [Joint; 10] = [
    Joint::Agreement("and"),
    Joint::Agreement("because"),
    Joint::TurnsAfter(", but"),
    Joint::TurnsAfter(", but"),
    Joint::TurnsAfter(", yet"),
    Joint::ConcedesFirst("although"),
    Joint::ConcedesFirst("even though"),
    Joint::ConcedesLast("although"),
    Joint::ConcedesLast("even though"),
    Joint::ConcedesLast("although"),
];

/// How often a clause reverses its content word, in percent.
///
/// A sentence has one clause in 50 % of the cases, two that agree in 10 % and two that contrast in
/// 40 %. Per sentence that is 0.5 + 0.2 content words without a contrast, of which 70 % agree with
/// the label; 0.4 in the deciding clause of a contrast, of which 50 % do; and 0.4 in the other
/// clause, which says the opposite, of which 15 % do: 0.49 + 0.2 + 0.06 = 0.75 of 1.5.
const REVERSED: usize = 30;
const REVERSED_DECIDING: usize = 50;
const REVERSED_CONTRASTED: usize = 15;

/// What a clause says, and whether it says so by reversing its content word.
#[derive(Clone, Copy)]
struct Clause {
    praises: bool,
    reverses: bool,
}

/// All that matters of a sentence: its clauses and how they are joined. The rest is words.
enum Plan {
    Single(Clause),
    Joined(Joint, Clause, Clause),
}

impl Plan {
    fn draw(random: &mut Generator, praises: bool) -> Self {
        let mut clause = |praises, percent| Clause {
            praises,
            reverses: chance(random, percent),
        };
        let plain = [clause(praises, REVERSED), clause(praises, REVERSED)];
        let decides = clause(praises, REVERSED_DECIDING);
        let contrasts = clause(!praises, REVERSED_CONTRASTED);

        if chance(random, 50) {
            return Self::Single(plain[0]);
        }
        let joint = pick(random, &JOINTS);
        match joint {
            Joint::Agreement(_) => Self::Joined(joint, plain[0], plain[1]),
            Joint::TurnsAfter(_) | Joint::ConcedesFirst(_) => {
                Self::Joined(joint, contrasts, decides)
            }
            Joint::ConcedesLast(_) => Self::Joined(joint, decides, contrasts),
        }
    }

    /// Writes a sentence of this plan.
    fn write(&self, random: &mut Generator) -> String {
        let topic = pick(random, &TOPICS);
        let first = random.below(topic.len());
        let second = (first + 1 + random.below(topic.len() - 1)) % topic.len();

        let mut text = match *self {
            Self::Single(clause) => clause.write(random, topic[first]),
            Self::Joined(joint, one, other) => {
                let one = one.write(random, topic[first]);
                let other = other.write(random, topic[second]);
                match joint {
                    Joint::ConcedesFirst(joint) => format!("{joint} {one} , {other}"),
                    Joint::Agreement(joint)
                    | Joint::TurnsAfter(joint)
                    | Joint::ConcedesLast(joint) => format!("{one} {joint} {other}"),
                }
            }
        };
        if chance(random, 25) {
            let opening = pick(random, &OPENINGS);
            if words(&text) + words(opening) <= MAX_WORDS {
                text = format!("{opening} , {text}");
            }
        }
        if chance(random, 25) {
            let ending = pick(random, &ENDINGS);
            if words(&text) + words(ending) <= MAX_WORDS {
                text = format!("{text} {ending}");
            }
        }
        text + " ."
    }
}

impl Clause {
    /// Writes a clause about a subject.
    fn write(self, random: &mut Generator, (subject, plural): (&str, bool)) -> String {
        let Self { praises, reverses } = self;
        let positive = praises != reverses;

        if chance(random, 33) {
            let verb = pick(random, if positive { &PRAISED } else { &COMPLAINED });
            let who = pick(random, if reverses { &NOBODY } else { &SOMEBODY });
            return format!("{who} {verb} the {subject}");
        }

        let content = pick(random, if positive { &PRAISING } else { &COMPLAINING });
        let verb = match (plural, chance(random, 50)) {
            (false, false) => "was",
            (false, true) => "is",
            (true, false) => "were",
            (true, true) => "are",
        };
        let degree = pick(random, if reverses { &REVERSING } else { &KEEPING });
        match (degree, reverses) {
            ("", true) => {
                let neutral = pick(random, &NEUTRAL);
                format!("the {subject} {verb} too {neutral} to be {content}")
            }
            ("", false) => format!("the {subject} {verb} {content}"),
            (degree, _) => format!("the {subject} {verb} {degree} {content}"),
        }
    }
}

/// Counts the words of a text, without punctuation.
fn words(text: &str) -> usize {
    let is_word = |token: &&str| token.chars().any(char::is_alphabetic);
    text.split_whitespace().filter(is_word).count()
}

/// True in `percent` percent of the cases.
fn chance(random: &mut Generator, percent: usize) -> bool {
    random.below(100) < percent
}

fn pick<T: Copy, const N: usize>(random: &mut Generator, items: &[T; N]) -> T {
    items[random.below(N)]
}

#[cfg(test)]
mod tests;
