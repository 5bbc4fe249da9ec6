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
