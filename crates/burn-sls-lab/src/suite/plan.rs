//! Which runs a judgement needs.

use crate::suite::competitor::Tuned;
use crate::suite::family::Family;
use crate::suite::record::{Key, Record};
use crate::suite::variant::Variant;

/// The runs that are asked for: every competitor on every variant.
#[derive(Clone)]
pub struct Wanted {
    /// The problems.
    pub families: Vec<&'static Family>,
    /// Competitors by name, the tuned ones too.
    pub competitors: Vec<String>,
    /// The seeds of the nominal problems.
    pub seeds: Vec<u64>,
    /// The draws of the others, each with a data seed of the same number.
    pub drawn: Vec<u64>,
    /// The length of runs, as a part of the problem's own.
    pub length: f64,
}

/// The variants on which a rate is chosen for a variant: of the nominal problem seeds 1 and 2, of a
/// drawn one the same draw with other data and other initial weights.
pub fn tuning(variant: Variant) -> Vec<Variant> {
    match variant.drawn {
        None => [1, 2].map(Variant::nominal).to_vec(),
        Some(_) => vec![Variant {
            seed: variant.seed + 500,
            ..variant
        }],
    }
}

impl Wanted {
    /// The variants of a family.
    pub fn variants(&self, family: &Family) -> Vec<Variant> {
        let nominal = self.seeds.iter().map(|&seed| Variant::nominal(seed));
        let drawn = self.drawn.iter().filter(|_| family.varies);
        let drawn = drawn.map(|&seed| Variant {
            seed,
            drawn: Some(seed),
        });
        nominal.chain(drawn).collect()
    }

    /// The runs that need no other before them: those of competitors with one configuration, and
    /// those that the tuned ones choose from, unless their own run `is_there`. Without repetitions.
    pub fn first(&self, is_there: impl Fn(&Key) -> bool) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        let mut push = |key: Key| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        for family in &self.families {
            for variant in self.variants(family) {
                for competitor in &self.competitors {
                    match Tuned::named(competitor) {
                        None => push(self.key(family, variant, competitor)),
                        Some(_) if is_there(&self.key(family, variant, competitor)) => {}
                        Some(tuned) => self
                            .choices(tuned, family, variant)
                            .into_iter()
                            .flatten()
                            .for_each(&mut push),
                    }
                }
            }
        }
        keys
    }

    /// The names of all who have runs: the competitors, and the candidates of the tuned ones.
    pub fn judged(&self) -> Vec<String> {
        let mut names = self.competitors.clone();
        for key in self.first(|_| false) {
            if !names.contains(&key.competitor) {
                names.push(key.competitor);
            }
        }
        names
    }

    /// The tuned competitors' own runs.
    pub fn tuned(&self) -> Vec<(Tuned, &'static Family, Variant)> {
        let bars = self.competitors.iter();
        let bars: Vec<Tuned> = bars.filter_map(|name| Tuned::named(name)).collect();
        let mut runs = Vec::new();
        for family in &self.families {
            for variant in self.variants(family) {
                runs.extend(bars.iter().map(|&bar| (bar, *family, variant)));
            }
        }
        runs
    }

    /// For each candidate its runs on the tuning variants.
    pub fn choices(&self, tuned: Tuned, family: &Family, variant: Variant) -> Vec<Vec<Key>> {
        let candidates = tuned.candidates(&family.rates()).into_iter();
        let runs = candidates.map(|candidate| {
            let variants = tuning(variant).into_iter();
            let keys = variants.map(|variant| self.key(family, variant, &candidate));
            keys.collect()
        });
        runs.collect()
    }

    /// The key of a run.
    pub fn key(&self, family: &Family, variant: Variant, competitor: &str) -> Key {
        Key {
            problem: family.name.to_string(),
            variant,
            competitor: competitor.to_string(),
            length: self.length,
        }
    }
}

/// The candidate with the best runs; each candidate has its runs on the same variants.
///
/// Best is the lowest mean of the last training losses. Where a problem can be solved, it is first
/// the number of runs that have solved it, and among candidates that always have, the steps it
/// took.
pub fn best<'a>(candidates: &[Vec<&'a Record>]) -> Option<&'a str> {
    let grade = |runs: &Vec<&Record>| {
        let unsolved = runs.iter().filter(|run| run.passed == Some(false)).count();
        let solved = runs.iter().all(|run| run.passed == Some(true));
        let each = |run: &&Record| match (solved, run.end().loss) {
            (true, _) => run.steps as f64,
            (false, loss) if loss.is_finite() => loss,
            _ => f64::INFINITY,
        };
        (unsolved, runs.iter().map(each).sum::<f64>())
    };
    let runs = candidates.iter().filter(|runs| !runs.is_empty());
    let best = runs.min_by(|a, b| {
        let (a, b) = (grade(a), grade(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    })?;
    Some(&best[0].key.competitor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::problems::families;
    use crate::suite::testing::record;

    #[test]
    fn the_best_candidate_ends_lowest() {
        let runs = [
            record("p", "a", &[2.0, f64::NAN]),
            record("p", "b", &[2.0, 0.5]),
            record("p", "c", &[2.0, 0.7]),
        ];
        let candidates: Vec<Vec<&Record>> = runs.iter().map(|run| vec![run]).collect();
        assert_eq!(best(&candidates), Some("b"));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn a_solved_problem_goes_before_a_lower_loss_and_fewer_steps_first() {
        let mut runs = [
            record("p", "a", &[2.0, 0.5]),
            record("p", "b", &[2.0, 0.5, 0.001]),
            record("p", "c", &[2.0, 0.005]),
        ];
        for (run, passed) in runs.iter_mut().zip([false, true, true]) {
            run.passed = Some(passed);
        }
        let candidates: Vec<Vec<&Record>> = runs.iter().map(|run| vec![run]).collect();
        assert_eq!(best(&candidates), Some("c"));
    }

    #[test]
    fn a_rate_is_never_chosen_on_the_drawn_problem_itself() {
        let variant = Variant {
            seed: 1001,
            drawn: Some(1001),
        };
        for tuning in tuning(variant) {
            assert_eq!(tuning.drawn, variant.drawn);
            assert_ne!(tuning.seed, variant.seed);
        }
    }
    #[test]
    fn a_pretrained_network_has_rates_of_its_own() {
        let wanted = Wanted {
            families: Vec::new(),
            competitors: Vec::new(),
            seeds: Vec::new(),
            drawn: Vec::new(),
            length: 1.0,
        };
        let first = |name: &str, tuned| {
            let family = families().iter().find(|family| family.name == name);
            let family = family.expect("a family");
            let choices = wanted.choices(tuned, family, Variant::nominal(1001));
            assert_eq!((choices.len(), choices[0].len()), (5, 2));
            choices[0][0].competitor.clone()
        };
        assert_eq!(first("vgg", Tuned::Adam), "adam-cosine:3e-4");
        assert_eq!(first("glue-mnli", Tuned::Adam), "adam-cosine:1e-5");
        let free = first("glue-sst2", Tuned::ScheduleFree);
        assert_eq!(free, "schedule-free-warm:1e-5");
    }
}
