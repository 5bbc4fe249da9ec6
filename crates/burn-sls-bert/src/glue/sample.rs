//! Random subsets of a training set.

use burn_sls_core::random::Generator;

use super::{Example, Label};

/// Draws `n` examples without replacement, or all if there are fewer.
///
/// A seed draws the same examples on every platform. A smaller `n` gives the first examples of a
/// larger one.
pub fn subset(examples: &[Example], n: usize, seed: u64) -> Vec<Example> {
    let drawn = order(examples.len(), seed).into_iter().take(n);
    drawn.map(|i| examples[i].clone()).collect()
}

/// Draws `n` examples without replacement, balanced over the classes. The numbers of examples of
/// two classes differ by at most one, unless a class has no more examples.
///
/// A seed draws the same examples on every platform. A smaller `n` gives the first examples of a
/// larger one. If `n` cannot be divided evenly, the seed decides which classes get one more.
///
/// # Panics
///
/// If the labels are scores.
pub fn balanced_subset(examples: &[Example], n: usize, seed: u64) -> Vec<Example> {
    let mut classes: Vec<(Label, Vec<usize>)> = Vec::new();
    for row in order(examples.len(), seed) {
        let label = Label::Class(examples[row].label.class());
        match classes.iter_mut().find(|(class, _)| *class == label) {
            Some((_, rows)) => rows.push(row),
            None => classes.push((label, vec![row])),
        }
    }
    // One example of each class in turn, while the class has any.
    let rounds = classes.iter().map(|(_, rows)| rows.len()).max();
    let dealt = (0..rounds.unwrap_or(0))
        .flat_map(|round| classes.iter().filter_map(move |(_, rows)| rows.get(round)));
    dealt.take(n).map(|&row| examples[row].clone()).collect()
}

/// The random order that belongs to a seed.
fn order(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    Generator::new(seed).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example per label. Its sentence is its number.
    fn examples(labels: impl IntoIterator<Item = usize>) -> Vec<Example> {
        let example = |(number, class): (usize, usize)| Example {
            first: number.to_string(),
            second: None,
            label: Label::Class(class),
        };
        labels.into_iter().enumerate().map(example).collect()
    }

    fn numbers(drawn: &[Example]) -> Vec<usize> {
        drawn.iter().map(|e| e.first.parse().unwrap()).collect()
    }

    fn counts(drawn: &[Example]) -> [usize; 3] {
        [0, 1, 2].map(|class| drawn.iter().filter(|e| e.label.class() == class).count())
    }

    #[test]
    fn a_subset_repeats_and_a_smaller_one_is_its_front() {
        let all = examples((0..50).map(|i| usize::from(i % 10 == 0)));
        for draw in [subset, balanced_subset] {
            let ten = draw(&all, 10, 7);
            assert_eq!(draw(&all, 4, 7), ten[..4]);
            assert_ne!(draw(&all, 10, 8), ten);
            let mut every = numbers(&draw(&all, 99, 7));
            every.sort_unstable();
            assert!(every.into_iter().eq(0..50), "each once");
        }
    }

    #[test]
    fn a_balanced_subset_has_as_many_of_each_class_as_there_can_be() {
        // 40, 15 and 5 examples.
        let all = examples((0..60).map(|i| match i % 12 {
            0 => 2,
            1..=3 => 1,
            _ => 0,
        }));
        for seed in 0..20 {
            for (n, expected) in [
                (0, [0, 0, 0]),
                (3, [1, 1, 1]),
                (15, [5, 5, 5]),
                (17, [6, 6, 5]),
                (35, [15, 15, 5]),
                (36, [16, 15, 5]),
                (60, [40, 15, 5]),
            ] {
                assert_eq!(counts(&balanced_subset(&all, n, seed)), expected, "{n}");
            }
        }
        let left_over = |seed| counts(&balanced_subset(&all, 4, seed));
        assert!(
            (1..20).any(|seed| left_over(seed) != left_over(0)),
            "the seed decides which class gets one more"
        );
        assert!(balanced_subset(&[], 4, 1).is_empty());
    }
}
