//! The wrapper as a Burn module, and the state of the search as an entry of its records.

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use burn::train::TrainStep;

use super::entries::{self, CONTAINER};
use super::wrapper::LineSearch;
use crate::average::Iterates;
use crate::objective::main_device;
use crate::params::reparameterized;
use crate::state::SearchState;

/// The name under which the state is recorded, beside the model's own parameters.
const STATE: &str = "line_search";

impl<M: TrainStep<Input: Clone> + Module> LineSearch<M> {
    /// The state as a parameter of the module, of a length that depends on the number of units
    /// alone: Burn loads a tensor only into one of the same shape. The tensor is made only where
    /// something asks for it: Burn visits a model in every step, for its gradients.
    fn state_param(&self) -> Param<Tensor<1, Int>> {
        let numbers: Vec<i32> = self.engine.state.to_data().iter().collect();
        let shape = Shape::new([numbers.len()]);
        let device = self.model.devices().into_iter().next();
        let device = device.unwrap_or_default().inner();
        let init = move |device: &Device, _require_grad: bool| {
            let data = TensorData::from(numbers.as_slice());
            Tensor::from_data(data, (device, DType::I32))
        };
        Param::uninitialized(self.state_id, init, device, false, shape)
    }
}

impl<M: TrainStep<Input: Clone> + Module> Module for LineSearch<M> {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        let (model, iterates) = (&self.model, &self.engine.iterates);
        match self.averaging() {
            Some(beta) => entries::visit_averaged(model, iterates, beta, visitor),
            None => model.visit(visitor),
        }
        if self.inference {
            return;
        }
        visitor.enter_module(STATE, CONTAINER);
        visitor.visit_int(&self.state_param());
        if self.averaging().is_some() {
            entries::visit_entries(model, iterates, visitor);
        }
        visitor.exit_module(STATE, CONTAINER);
    }

    fn map<P: ModuleMapper>(mut self, mapper: &mut P) -> Self {
        let param = (!self.inference).then(|| self.state_param());
        self.model = self.model.map(mapper);
        let Some(param) = param else {
            // The average may be another now, and training would begin with it.
            self.engine.iterates = Iterates::default();
            return self;
        };
        mapper.enter_module(STATE, CONTAINER);
        let mapped = mapper.map_int(param);
        if self.averaging().is_some() {
            self.model = entries::map_entries(self.model, &mut self.engine.iterates, mapper);
        }
        mapper.exit_module(STATE, CONTAINER);
        self.state_id = mapped.id;
        // A mapper that loads nothing leaves the entry uninitialized.
        if mapped.is_initialized() {
            let state = SearchState::from_data(&mapped.into_value().into_data());
            match state.and_then(|state| state.check(&self.engine.config.units).map(|()| state)) {
                Ok(state) => {
                    self.engine.state = state;
                    // The optimizer gets its own record.
                    self.engine.state_is_new = true;
                }
                // A mapper takes no error.
                Err(error) => self.reporter.postpone(error),
            }
        }
        self
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.model.collect_devices(devices)
    }

    /// The model's parameters, without the entries of averaging.
    fn num_params(&self) -> usize {
        self.model.num_params()
    }

    /// Iterates follow the parameters when they are next asked for: a worker never asks.
    fn fork(self, device: &Device) -> Self {
        let workers = self.workers.of_fork(|| main_device(&self.model), device);
        Self {
            workers,
            ..self.map_model(|model| model.fork(device))
        }
    }

    fn to_device(mut self, device: &Device) -> Self {
        self.engine.iterates = self.engine.iterates.to_device(device);
        self.map_model(|model| model.to_device(device))
    }

    fn valid(&self) -> Self {
        let model = self.model.valid();
        let model = match self.averaging() {
            Some(beta) => self.engine.iterates.averaged(model, beta),
            None => model,
        };
        Self {
            inference: true,
            ..self.around(model)
        }
    }

    fn train(mut self) -> Self {
        let beta = self.engine.averaging_beta().filter(|_| self.inference);
        if let Some(beta) = beta {
            self.model = self.engine.iterates.trained(self.model, beta);
        }
        Self {
            inference: false,
            ..self.map_model(Module::train)
        }
    }

    fn materialize(mut self) -> Self {
        if let Some(beta) = self.averaging() {
            // What is folded in is no iterate any more: the average is folded, and begins again.
            let folded = reparameterized(&self.model);
            let iterates = &mut self.engine.iterates;
            self.model = iterates.averaged_at(self.model, beta, &folded);
            folded.into_iter().for_each(|id| iterates.forget(id));
        }
        self.map_model(Module::materialize)
    }
}
