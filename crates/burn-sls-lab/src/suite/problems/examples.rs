//! Examples as rows of numbers.

use burn::tensor::{Device, Tensor, TensorData};

use super::numbers::{Draw, Numbers};

/// Inputs and targets, a row of each for an example. Classes are whole numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    inputs: Vec<f32>,
    targets: Vec<f32>,
    count: usize,
}

/// A mini-batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, numbers]`.
    pub inputs: Tensor<2>,
    /// `[batch, targets]`.
    pub targets: Tensor<2>,
}

impl Examples {
    /// `count` examples, one after another.
    pub fn draw(count: usize, mut example: impl FnMut(usize) -> (Vec<f32>, Vec<f32>)) -> Self {
        let mut examples = Self::default();
        for i in 0..count {
            let (inputs, targets) = example(i);
            examples.inputs.extend(inputs);
            examples.targets.extend(targets);
            examples.count += 1;
        }
        examples
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// All inputs.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// All targets.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// The first and the others.
    pub fn split(self, first: usize) -> (Self, Self) {
        let indices: Vec<usize> = (0..self.count).collect();
        (
            self.select(&indices[..first]),
            self.select(&indices[first..]),
        )
    }

    /// The first `count` of them, or all.
    pub fn first(&self, count: usize) -> Self {
        let indices: Vec<usize> = (0..count.min(self.count)).collect();
        self.select(&indices)
    }

    /// Those of these indices.
    pub fn select(&self, indices: &[usize]) -> Self {
        let rows = |all: &[f32]| -> Vec<f32> {
            let width = all.len() / self.count;
            let row = |&i: &usize| all[i * width..(i + 1) * width].iter().copied();
            indices.iter().flat_map(row).collect()
        };
        Self {
            inputs: rows(&self.inputs),
            targets: rows(&self.targets),
            count: indices.len(),
        }
    }

    /// As tensors.
    pub fn batch(self, device: &Device) -> Batch {
        let tensor = |numbers: Vec<f32>| {
            let shape = [self.count, numbers.len() / self.count];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        Batch {
            inputs: tensor(self.inputs),
            targets: tensor(self.targets),
        }
    }

    /// With inputs multiplied by `factor`.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        for x in &mut self.inputs {
            *x *= factor as f32;
        }
        self
    }

    /// With label noise: this share of the examples gets a class that is drawn from all `classes`.
    #[must_use]
    pub fn mislabelled(mut self, share: f64, classes: usize, numbers: &mut Numbers) -> Self {
        for target in &mut self.targets {
            let (wrong, class) = (numbers.chance(share), numbers.below(classes));
            if wrong {
                *target = class as f32;
            }
        }
        self
    }

    /// With normal noise of this deviation added to the targets.
    #[must_use]
    pub fn noisy(mut self, deviation: f64, numbers: &mut Numbers) -> Self {
        for target in &mut self.targets {
            *target += (deviation * numbers.normal()) as f32;
        }
        self
    }

    /// With every column of the inputs, or all of them together, shifted and scaled to mean 0 and
    /// variance 1; the targets likewise, if asked for.
    #[must_use]
    pub fn standardised(mut self, by_column: bool, targets: bool) -> Self {
        let width = match by_column {
            true => self.inputs.len() / self.count,
            false => 1,
        };
        standardise(&mut self.inputs, width);
        if targets {
            standardise(&mut self.targets, 1);
        }
        self
    }

    /// The mini-batch of a step: the examples in an order that is drawn for every epoch, without
    /// what is left over at its end.
    pub fn at(&self, step: usize, batch: usize, seed: u64) -> Self {
        let batch = batch.min(self.count);
        let of_epoch = self.count / batch;
        let (epoch, place) = (step / of_epoch, step % of_epoch);
        let mut order: Vec<usize> = (0..self.count).collect();
        Numbers::new(seed, Draw::Batches, epoch as u64).shuffle(&mut order);
        self.select(&order[place * batch..(place + 1) * batch])
    }
}

/// Shifts and scales each of `width` columns.
fn standardise(numbers: &mut [f32], width: usize) {
    let rows = (numbers.len() / width) as f64;
    for column in 0..width {
        let mut entries: Vec<&mut f32> = numbers.iter_mut().skip(column).step_by(width).collect();
        let mean = entries.iter().map(|x| f64::from(**x)).sum::<f64>() / rows;
        let square = |x: &&mut f32| (f64::from(**x) - mean).powi(2);
        let deviation = (entries.iter().map(square).sum::<f64>() / rows).sqrt();
        for x in &mut entries {
            **x = ((f64::from(**x) - mean) / deviation.max(1e-12)) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_every_example_once() {
        let examples = Examples::draw(12, |i| (vec![i as f32; 3], vec![-(i as f32)]));
        let mut seen: Vec<f32> = (6..9)
            .flat_map(|step| examples.at(step, 4, 7).targets)
            .collect();
        seen.sort_by(f32::total_cmp);
        let all: Vec<f32> = (0..12).rev().map(|i| -(i as f32)).collect();
        assert_eq!(seen, all);
        assert_eq!(examples.at(8, 4, 7), examples.at(8, 4, 7));
        assert_ne!(examples.at(8, 4, 7), examples.at(8, 4, 8));
    }

    #[test]
    fn standardised_numbers_have_mean_0_and_variance_1() {
        let mut numbers = [1.0, 10.0, 3.0, 20.0];
        standardise(&mut numbers, 2);
        assert_eq!(numbers, [-1.0, -1.0, 1.0, 1.0]);
    }
}
