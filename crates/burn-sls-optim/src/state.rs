//! What a line search remembers from one iteration to the next.

use burn::tensor::TensorData;
use burn_sls_core::{Memory, Merge, Rhythm, TailState};
use serde::{Deserialize, Serialize};

use crate::error::LineSearchError;
use crate::report::Counts;
use crate::units::Units;

/// The state of a line search. It travels by value, like an optimizer's moments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchState {
    /// A hash of the names and the members of the units: step sizes of other units would mean nothing.
    pub(crate) layout: u64,
    /// Iterations made, `k`.
    pub step: u64,
    /// Whether the first search, of all units together, has been made.
    pub(crate) started: bool,
    /// The unit that is searched next, as an index into `step_sizes`.
    pub turn: usize,
    /// The present unit of every original unit: merging maps several to one.
    pub unit_of: Vec<usize>,
    /// The step size of every present unit.
    pub step_sizes: Vec<f64>,
    /// Moving averages of slopes, which only the `reference` preset keeps. There is one per original
    /// unit; after a merge the published code goes on counting them by the present units.
    pub(crate) averages: Vec<f64>,
    /// When every present unit was searched, and what was found.
    pub rhythms: Vec<Rhythm>,
    /// What the acceptance rule remembers of every present unit.
    pub(crate) memories: Vec<Memory>,
    /// What it remembers of all units together.
    pub(crate) joint: Memory,
    /// Trials after the first search.
    pub(crate) later_trials: u64,
    /// What the tail remembers of the losses, and the factor that it has come to.
    pub(crate) tail: TailState,
    /// How the iterations ended.
    pub counts: Counts,
}

impl SearchState {
    /// The state before the first iteration.
    pub(crate) fn new(units: &Units, first_step_size: f64) -> Self {
        let layout = units.layout();
        let units = units.len();
        Self {
            layout,
            step: 0,
            started: false,
            turn: 0,
            unit_of: (0..units).collect(),
            step_sizes: vec![first_step_size; units],
            averages: vec![0.0; units],
            rhythms: vec![Rhythm::default(); units],
            memories: vec![Memory::default(); units],
            joint: Memory::default(),
            later_trials: 0,
            tail: TailState::default(),
            counts: Counts::default(),
        }
    }

    /// The original units that each present unit consists of.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); self.step_sizes.len()];
        for (original, &present) in self.unit_of.iter().enumerate() {
            groups[present].push(original);
        }
        groups
    }

    /// Takes over a merge of two present units, which the step sizes have already been through. What is
    /// remembered of the two goes: it is of neither.
    pub(crate) fn merge(&mut self, merge: Merge) {
        self.rhythms.remove(merge.removed);
        self.memories.remove(merge.removed);
        self.rhythms[merge.kept] = Rhythm::default();
        self.memories[merge.kept] = Memory::default();
        for unit in &mut self.unit_of {
            *unit = match (*unit).cmp(&merge.removed) {
                core::cmp::Ordering::Less => *unit,
                core::cmp::Ordering::Equal => merge.kept,
                core::cmp::Ordering::Greater => *unit - 1,
            };
        }
        if self.turn >= self.step_sizes.len() {
            self.turn = 0;
        }
    }

    /// Whether the state is one of these units, and its indices and step sizes make sense.
    pub(crate) fn check(&self, of: &Units) -> Result<(), LineSearchError> {
        let units = of.len();
        let present = self.step_sizes.len();
        let without_member = (0..present).any(|unit| !self.unit_of.contains(&unit));
        let reason = if self.unit_of.len() != units {
            format!(
                "it has {} units, and the configuration has {units}",
                self.unit_of.len()
            )
        } else if self.layout != of.layout() {
            "it is of units with other names or members".to_string()
        } else if self.turn >= present
            || self.unit_of.iter().any(|&unit| unit >= present)
            || without_member
        {
            "its units are not numbered from 0 without gaps".to_string()
        } else if self.averages.len() != units || self.averages.iter().any(|a| !a.is_finite()) {
            "its averages of slopes are damaged".to_string()
        } else if let Some(bad) = self
            .step_sizes
            .iter()
            .find(|step| !(step.is_finite() && **step > 0.0))
        {
            format!("it has a step size of {bad}")
        } else if !(self.tail.factor > 0.0 && self.tail.factor <= 1.0) {
            format!("its steps are multiplied by {}", self.tail.factor)
        } else if self.rhythms.len() != present
            || self.memories.len() != present
            || !self.remembered().into_iter().all(f64::is_finite)
        {
            "what it remembers of earlier searches is damaged".to_string()
        } else {
            return Ok(());
        };
        Err(LineSearchError::Record { reason })
    }

    /// All numbers of the rhythms and memories.
    fn remembered(&self) -> Vec<f64> {
        let rhythms = self
            .rhythms
            .iter()
            .flat_map(|r| [r.fast, r.slow, r.room, r.first, r.agreement]);
        let memories = self.memories.iter().chain([&self.joint]);
        rhythms
            .chain(memories.flat_map(|memory| [memory.value, memory.scale]))
            .collect()
    }

    /// The number of words in the encoding of a state of that many original units, if it is a
    /// number at all.
    pub(crate) fn words(units: usize) -> Option<usize> {
        units.checked_mul(12)?.checked_add(HEAD + Counts::WORDS)
    }

    /// The state as whole numbers below 2^16, exact in any integer type of 32 bits or more: how it
    /// lies among a model's parameters in a checkpoint. Four make a word, and the number of words
    /// depends on the number of original units alone.
    pub(crate) fn encode(&self) -> Vec<i32> {
        let units = self.unit_of.len();
        let fill = |words: Vec<u64>| words.into_iter().chain(std::iter::repeat(0)).take(units);
        let bits = |values: &[f64]| fill(values.iter().map(|value| value.to_bits()).collect());
        let of_rhythms = |word: fn(&Rhythm) -> u64| fill(self.rhythms.iter().map(word).collect());
        let of_memories = |number: fn(&Memory) -> f64| {
            bits(&self.memories.iter().map(number).collect::<Vec<_>>())
        };
        let head: [u64; HEAD] = [
            VERSION,
            self.layout,
            self.step,
            self.started as u64,
            self.turn as u64,
            self.step_sizes.len() as u64,
            self.later_trials,
            self.joint.value.to_bits(),
            self.joint.scale.to_bits(),
            self.tail.factor.to_bits(),
            self.tail.seen,
            self.tail.mean.to_bits(),
            self.tail.squares.to_bits(),
            self.tail.best.to_bits(),
            self.tail.best_variance.to_bits(),
        ];
        let words = head
            .into_iter()
            .chain(self.counts.to_words())
            .chain(self.unit_of.iter().map(|&unit| unit as u64))
            .chain(bits(&self.step_sizes))
            .chain(bits(&self.averages))
            .chain(of_rhythms(|rhythm| rhythm.searches))
            .chain(of_rhythms(|rhythm| rhythm.waited))
            .chain(of_rhythms(|rhythm| rhythm.fast.to_bits()))
            .chain(of_rhythms(|rhythm| rhythm.slow.to_bits()))
            .chain(of_rhythms(|rhythm| rhythm.room.to_bits()))
            .chain(of_rhythms(|rhythm| rhythm.first.to_bits()))
            .chain(of_rhythms(|rhythm| rhythm.agreement.to_bits()))
            .chain(of_memories(|memory| memory.value))
            .chain(of_memories(|memory| memory.scale));
        words
            .flat_map(|word| (0..4).map(move |part| (word >> (16 * part)) as u16 as i32))
            .collect()
    }

    /// The inverse of [`encode`](Self::encode), for that many original units.
    pub(crate) fn decode(data: &TensorData, units: usize) -> Result<Self, LineSearchError> {
        let parts: Vec<u64> = data.iter::<i64>().map(|part| part as u64).collect();
        let words: Vec<u64> = parts
            .chunks(4)
            .map(|parts| parts.iter().rev().fold(0, |word, part| word << 16 | part))
            .collect();
        let unfit = |reason: String| LineSearchError::Record { reason };
        if words.first().is_some_and(|&version| version != VERSION) {
            return Err(unfit(format!(
                "its version is {}, and this is version {VERSION}",
                words[0]
            )));
        }
        let expected = Self::words(units);
        if Some(words.len()) != expected {
            return Err(unfit(format!(
                "it is {} words long, and {units} units need {}",
                words.len(),
                expected.unwrap_or(usize::MAX)
            )));
        }
        let (head, words) = words.split_first_chunk::<HEAD>().expect("long enough");
        let (counts, words) = words.split_first_chunk().expect("long enough");
        let columns: Vec<&[u64]> = words.chunks(units.max(1)).collect();
        if parts.iter().any(|&part| part > u64::from(u16::MAX)) {
            return Err(unfit(
                "it has numbers of more than sixteen bits".to_string(),
            ));
        }
        let present = head[5] as usize;
        if present == 0 || present > units {
            return Err(unfit(format!("it has {present} step sizes")));
        }
        let floats = |words: &[u64]| words.iter().map(|&word| f64::from_bits(word)).collect();
        let float = |column: usize, unit: usize| f64::from_bits(columns[column][unit]);
        Ok(Self {
            layout: head[1],
            step: head[2],
            started: head[3] != 0,
            turn: head[4] as usize,
            unit_of: columns[0].iter().map(|&unit| unit as usize).collect(),
            step_sizes: floats(&columns[1][..present]),
            averages: floats(columns[2]),
            rhythms: (0..present)
                .map(|unit| Rhythm {
                    searches: columns[3][unit],
                    waited: columns[4][unit],
                    fast: float(5, unit),
                    slow: float(6, unit),
                    room: float(7, unit),
                    first: float(8, unit),
                    agreement: float(9, unit),
                })
                .collect(),
            memories: (0..present)
                .map(|unit| Memory {
                    value: float(10, unit),
                    scale: float(11, unit),
                })
                .collect(),
            joint: Memory {
                value: f64::from_bits(head[7]),
                scale: f64::from_bits(head[8]),
            },
            later_trials: head[6],
            tail: TailState {
                factor: f64::from_bits(head[9]),
                seen: head[10],
                mean: f64::from_bits(head[11]),
                squares: f64::from_bits(head[12]),
                best: f64::from_bits(head[13]),
                best_variance: f64::from_bits(head[14]),
            },
            counts: Counts::from_words(*counts),
        })
    }
}

/// Words before the counts.
const HEAD: usize = 15;

const VERSION: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use burn_sls_core::Tail;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn units(count: usize) -> Units {
        Units::named((0..count).map(|i| (format!("unit {i}"), vec![format!("layers.{i}")])))
    }

    fn merged() -> SearchState {
        let mut state = SearchState::new(&units(5), 0.1);
        state.step = (1 << 40) + 3;
        state.started = true;
        state.turn = 4;
        state.step_sizes = vec![1e-300, 0.1 + 0.2, f64::MAX, 7.0];
        state.averages = vec![0.0, 1e-8, 0.5, 1e300, 3.0];
        state.merge(Merge {
            kept: 1,
            removed: 4,
        });
        state.counts.trials = u64::MAX;
        state.rhythms[3].searched(0.25, 1.5);
        state.rhythms[3].passed();
        state.rhythms[3].agreement = -0.25;
        state.memories[2] = Memory {
            value: -0.5,
            scale: 1e-300,
        };
        state.joint.scale = 2.5;
        state.later_trials = 7;
        state.tail.factor = 0.125;
        state.tail.tell(Tail::new(10), 3.5);
        state
    }

    #[test]
    fn a_state_comes_back_from_its_encoding_bit_for_bit() {
        let state = merged();
        let code = state.encode();
        let data = TensorData::from(code.as_slice());
        assert_eq!(SearchState::decode(&data, 5), Ok(state));
    }

    #[test]
    fn a_merge_moves_later_units_up_and_restarts_a_cycle_that_fell_off_the_end() {
        let state = merged();
        assert_eq!(state.groups(), [vec![0], vec![1, 4], vec![2], vec![3]]);
        assert_eq!(state.turn, 0);
    }

    /// Whatever is merged, every original unit stays in exactly one group, and the groups keep
    /// the order of their first members.
    fn stays_a_partition(thresholds: &[f64], sizes: &[f64], turn: usize) {
        let count = sizes.len();
        let units = units(count);
        let mut state = SearchState::new(&units, 1.0);
        state.step_sizes = sizes.to_vec();
        state.turn = turn % count;
        for &threshold in thresholds {
            if let Some(merge) = burn_sls_core::merge(&mut state.step_sizes, threshold) {
                state.merge(merge);
            }
            assert_eq!(state.check(&units), Ok(()));
            let groups = state.groups();
            let mut members = groups.concat();
            members.sort();
            assert_eq!(members, (0..count).collect::<Vec<_>>());
            assert!(groups.windows(2).all(|pair| pair[0][0] < pair[1][0]));
            let data = TensorData::from(state.encode().as_slice());
            assert_eq!(SearchState::decode(&data, count), Ok(state.clone()));
        }
    }

    proptest! {
        #[test]
        fn merging_keeps_a_partition(
            thresholds in vec(0.0..1.0f64, 0..20), sizes in vec(1e-6..1.0f64, 1..12),
            turn in 0..12usize,
        ) {
            stays_a_partition(&thresholds, &sizes, turn);
        }
    }

    #[test]
    fn merging_units_of_equal_step_sizes_keeps_a_partition() {
        stays_a_partition(&[0.64], &[1e-6; 3], 0);
    }

    #[test]
    fn a_broken_encoding_is_refused_with_its_reason() {
        let mut code = merged().encode();
        let short = TensorData::from(&code[..code.len() - 4]);
        let error = SearchState::decode(&short, 5).unwrap_err().to_string();
        assert!(error.contains("words long"), "{error}");
        code[0] = 9;
        let version = TensorData::from(code.as_slice());
        let error = SearchState::decode(&version, 5).unwrap_err().to_string();
        assert!(error.contains("version is 9"), "{error}");
    }

    #[test]
    fn a_state_of_other_units_is_refused_though_there_are_as_many() {
        let state = merged();
        assert_eq!(state.check(&units(5)), Ok(()));
        let renamed =
            Units::named((0..5).map(|i| (format!("part {i}"), vec![format!("layers.{i}")])));
        let moved =
            Units::named((0..5).map(|i| (format!("unit {i}"), vec![format!("blocks.{i}")])));
        for other in [renamed, moved] {
            let error = state.check(&other).unwrap_err().to_string();
            assert!(error.contains("other names or members"), "{error}");
        }
        let error = state.check(&units(4)).unwrap_err().to_string();
        assert!(error.contains("5 units"), "{error}");
        let mut holed = merged();
        holed.unit_of = vec![0, 0, 2, 3, 2];
        let error = holed.check(&units(5)).unwrap_err().to_string();
        assert!(error.contains("without gaps"), "{error}");
    }
}
