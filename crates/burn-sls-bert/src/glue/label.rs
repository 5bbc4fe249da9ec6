//! Labels of examples and predictions of models: classes or scores.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::{cross_entropies, squared_errors};

/// The label of an example, or the prediction of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Label {
    /// A class, as its index in [`Target::Classes`](super::Target::Classes).
    Class(usize),
    /// The score of a regression.
    Score(f64),
}

impl Label {
    /// The class.
    ///
    /// # Panics
    ///
    /// If it is a score.
    pub fn class(self) -> usize {
        match self {
            Self::Class(class) => class,
            Self::Score(score) => panic!("{score} is a score, and a class is needed"),
        }
    }

    /// The score.
    ///
    /// # Panics
    ///
    /// If it is a class.
    pub fn score(self) -> f64 {
        match self {
            Self::Score(score) => score,
            Self::Class(class) => panic!("{class} is a class, and a score is needed"),
        }
    }
}

/// The labels of a batch on a device, all of one kind.
///
/// Their kind decides whether a model's outputs are logits or scores, like the type of `labels` in
/// `BertForSequenceClassification` of transformers/models/bert/modeling_bert.py.
#[derive(Debug, Clone)]
pub enum Labels {
    /// Class numbers, `[batch]`.
    Classes(Tensor<1, Int>),
    /// Scores, `[batch]`.
    Scores(Tensor<1>),
}

impl Labels {
    /// Puts labels on a device. An empty slice gives classes.
    ///
    /// # Panics
    ///
    /// If classes and scores are mixed.
    pub fn new(labels: &[Label], device: &Device) -> Self {
        let shape = [labels.len()];
        match labels.first() {
            Some(Label::Score(_)) => {
                let scores = labels.iter().map(|l| l.score() as f32).collect();
                Self::Scores(Tensor::from_data(TensorData::new(scores, shape), device))
            }
            _ => {
                let classes: Vec<i32> = labels.iter().map(|l| l.class() as i32).collect();
                Self::Classes(Tensor::from_data(TensorData::new(classes, shape), device))
            }
        }
    }

    /// The loss of each example: [`cross_entropies`] for classes, [`squared_errors`] for scores.
    ///
    /// # Shapes
    ///
    /// - `outputs`: `[batch, classes]`, or `[batch, 1]` for scores
    /// - output: `[batch]`
    pub fn losses(&self, outputs: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Classes(classes) => cross_entropies(outputs, classes.clone()),
            Self::Scores(scores) => squared_errors(outputs, scores.clone()),
        }
    }

    /// The predictions of a model for labels of this kind: the class with the largest output, or
    /// the output itself.
    ///
    /// # Shapes
    ///
    /// - `outputs`: `[batch, classes]`, or `[batch, 1]` for scores
    /// - output: `[batch]`
    pub fn predicted(&self, outputs: Tensor<2>) -> Self {
        match self {
            Self::Classes(_) => Self::Classes(outputs.argmax(1).squeeze_dim(1)),
            Self::Scores(_) => Self::Scores(outputs.squeeze_dim(1)),
        }
    }

    /// Reads the labels from the device.
    pub fn read(self) -> Vec<Label> {
        match self {
            Self::Classes(classes) => {
                let data = classes.into_data();
                data.iter::<i64>()
                    .map(|class| Label::Class(class as usize))
                    .collect()
            }
            Self::Scores(scores) => {
                let data = scores.into_data();
                data.iter::<f64>().map(Label::Score).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs<const C: usize>(rows: &[[f32; C]], device: &Device) -> Tensor<2> {
        let data = TensorData::new(rows.concat(), [rows.len(), C]);
        Tensor::from_data(data, device)
    }

    fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data().iter::<f64>().collect()
    }

    #[test]
    fn scores_are_answered_by_the_output_and_lose_its_squared_error() {
        let device = Device::flex().autodiff();
        let labels = Labels::new(&[Label::Score(2.5), Label::Score(0.0)], &device);
        let outputs = outputs(&[[1.0], [-0.5]], &device).require_grad();
        let losses = labels.losses(outputs.clone());
        assert_eq!(floats(losses.clone()), [2.25, 0.25]);
        // ∂/∂o of the mean of (o − s)² is 2 (o − s) / n.
        let gradients = losses.mean().backward();
        let gradient = outputs.grad(&gradients).expect("a gradient");
        assert_eq!(floats(gradient), [-1.5, -0.5]);
        let answers = labels.predicted(outputs).read();
        assert_eq!(answers, [Label::Score(1.0), Label::Score(-0.5)]);
        assert_eq!(labels.read(), [Label::Score(2.5), Label::Score(0.0)]);
    }

    #[test]
    fn classes_are_answered_by_the_largest_output_and_lose_cross_entropy() {
        let device = Device::flex();
        let labels = Labels::new(&[Label::Class(1), Label::Class(0)], &device);
        let outputs = outputs(&[[0.0, 0.0, 0.0], [1.0, 3.0, -1.0]], &device);
        let answers = labels.predicted(outputs.clone()).read();
        assert_eq!(answers[1], Label::Class(1));
        let losses = floats(labels.losses(outputs));
        assert!((losses[0] - 3f64.ln()).abs() < 1e-6, "{losses:?}");
        let sum = 1f64.exp() + 3f64.exp() + (-1f64).exp();
        assert!((losses[1] - (sum.ln() - 1.0)).abs() < 1e-6, "{losses:?}");
    }
}
