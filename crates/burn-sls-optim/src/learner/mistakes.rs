//! Mistakes that do not compile, each beside the program that does.
//!
//! A training and its model have the same type:
//!
//! ```
//! use burn::train::{LearnerModel, SupervisedTraining};
//! use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig};
//!
//! fn train<M: LearnerModel + BatchLoss>(model: M, training: SupervisedTraining<LineSearch<M>>) {
//!     let _ = LineSearchConfig::adamsls().for_learner(model).launch(training);
//! }
//! ```
//!
//! The training of the bare model does not fit the wrapped one:
//!
//! ```compile_fail,E0308
//! use burn::train::{LearnerModel, SupervisedTraining};
//! use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig};
//!
//! fn train<M: LearnerModel + BatchLoss>(model: M, training: SupervisedTraining<M>) {
//!     let _ = LineSearchConfig::adamsls().for_learner(model).launch(training);
//! }
//! ```
//!
//! A model without [`BatchLoss`](super::BatchLoss):
//!
//! ```compile_fail,E0277
//! use burn::train::{LearnerModel, SupervisedTraining};
//! use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig};
//!
//! fn train<M: LearnerModel>(model: M) {
//!     let _ = LineSearchConfig::adamsls().for_learner(model);
//! }
//! ```
//!
//! The losses of a batch are a `Tensor<1>`, one number per example:
//!
//! ```
//! # use burn::module::Module;
//! # use burn::nn::Linear;
//! use burn::tensor::Tensor;
//! # use burn::train::{RegressionOutput, TrainOutput, TrainStep};
//! use burn_sls_optim::BatchLoss;
//!
//! # #[derive(Module, Debug)]
//! # struct Model {
//! #     linear: Linear,
//! # }
//! # impl TrainStep for Model {
//! #     type Input = Tensor<2>;
//! #     type Output = RegressionOutput;
//! #     fn step(&self, x: Tensor<2>) -> TrainOutput<RegressionOutput> {
//! #         let y = self.linear.forward(x.clone());
//! #         let output = RegressionOutput::new(y.clone().square().mean(), y, x);
//! #         TrainOutput::new(self, output.loss.backward(), output)
//! #     }
//! # }
//! impl BatchLoss for Model {
//!     fn batch_loss(&self, batch: &Tensor<2>) -> Tensor<1> {
//!         self.linear.forward(batch.clone()).square().mean_dim(1).reshape([-1])
//!     }
//! }
//! ```
//!
//! A matrix of losses is refused:
//!
//! ```compile_fail,E0053
//! # use burn::module::Module;
//! # use burn::nn::Linear;
//! use burn::tensor::Tensor;
//! # use burn::train::{RegressionOutput, TrainOutput, TrainStep};
//! use burn_sls_optim::BatchLoss;
//!
//! # #[derive(Module, Debug)]
//! # struct Model {
//! #     linear: Linear,
//! # }
//! # impl TrainStep for Model {
//! #     type Input = Tensor<2>;
//! #     type Output = RegressionOutput;
//! #     fn step(&self, x: Tensor<2>) -> TrainOutput<RegressionOutput> {
//! #         let y = self.linear.forward(x.clone());
//! #         let output = RegressionOutput::new(y.clone().square().mean(), y, x);
//! #         TrainOutput::new(self, output.loss.backward(), output)
//! #     }
//! # }
//! impl BatchLoss for Model {
//!     fn batch_loss(&self, batch: &Tensor<2>) -> Tensor<2> {
//!         self.linear.forward(batch.clone()).square().mean_dim(1)
//!     }
//! }
//! ```
