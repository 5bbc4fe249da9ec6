//! Averaged weights as entries of the wrapper's records.
//!
//! At the model's own paths a record has the average `x`, so that it loads into the bare model as
//! the model to use. What training goes on with lies beside it, flattened, for every parameter that
//! is to be trained: `line_search.iterate.<path>` is `z`, and `line_search.point.<path>` is `y`,
//! which `x` and `z` would give back only up to rounding.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Device, Int, Shape, Tensor};

use crate::average::Iterates;
use crate::params::{AutodiffContext, trainable};

/// The type by which the wrapper's own entries are entered.
pub(super) const CONTAINER: &str = "Struct:LineSearch";

/// Which of the two is an entry.
#[derive(Clone, Copy)]
enum Sequence {
    /// `z`.
    Iterate,
    /// `y`.
    Point,
}

const SEQUENCES: [Sequence; 2] = [Sequence::Iterate, Sequence::Point];

impl Sequence {
    fn name(self) -> &'static str {
        match self {
            Self::Iterate => "iterate",
            Self::Point => "point",
        }
    }

    /// The id of a parameter's entry: the same in every step, and no parameter's own, which would
    /// be taken for its gradient's.
    fn id(self, of: ParamId) -> ParamId {
        let mark = match self {
            Self::Iterate => 0x6974_6572_6174_6573,
            Self::Point => 0x706f_696e_7473_6f66,
        };
        ParamId::from(of.val() ^ mark)
    }

    /// The entry of a parameter. Its tensor is made only where something asks for it.
    fn entry<const D: usize>(
        self,
        param: &Param<Tensor<D>>,
        iterates: &Iterates,
    ) -> Param<Tensor<1>> {
        let (of, iterates) = (param.clone(), iterates.only(param.id));
        let init = move |device: &Device, _require_grad: bool| {
            let (y, z) = iterates.pair_of(of.id, of.base());
            let entry = match self {
                Self::Iterate => z,
                Self::Point => y,
            };
            entry.to_device(device)
        };
        let shape = Shape::new([param.lazy_shape().num_elements()]);
        let device = param.lazy_device().inner();
        Param::uninitialized(self.id(param.id), init, device, false, shape)
    }
}

/// Visits a model at `y`, whose records are to have `x`.
pub(super) fn visit_averaged<M: Module>(
    model: &M,
    iterates: &Iterates,
    beta: f64,
    visitor: &mut impl ModuleVisitor,
) {
    model.visit(&mut Averaged {
        iterates,
        beta,
        visitor,
    });
}

/// Passes a model on to a visitor as it is, but for what is saved of it.
struct Averaged<'a, V> {
    iterates: &'a Iterates,
    beta: f64,
    visitor: &'a mut V,
}

impl<V: ModuleVisitor> ModuleVisitor for Averaged<'_, V> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (id, beta) = (param.id, self.beta);
        if !self.iterates.contains(id) {
            return self.visitor.visit_float(param);
        }
        let iterates = self.iterates.only(id);
        let (_, _, mapper) = param.clone().consume();
        let average = move |y| mapper.on_save(iterates.average_of(id, y, beta));
        self.visitor
            .visit_float(&param.clone().save_mapper(average));
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.visitor.visit_int(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.visitor.visit_bool(param);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.visitor.visit_flag(flag);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.visitor.enter_module(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.visitor.exit_module(name, container_type);
    }
}

/// Visits the entries beside the model.
pub(super) fn visit_entries<M: Module>(
    model: &M,
    iterates: &Iterates,
    visitor: &mut impl ModuleVisitor,
) {
    for sequence in SEQUENCES {
        visitor.enter_module(sequence.name(), CONTAINER);
        model.visit(&mut Visit {
            sequence,
            iterates,
            visitor,
        });
        visitor.exit_module(sequence.name(), CONTAINER);
    }
}

struct Visit<'a, V> {
    sequence: Sequence,
    iterates: &'a Iterates,
    visitor: &'a mut V,
}

impl<V: ModuleVisitor> ModuleVisitor for Visit<'_, V> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if trainable(param) {
            let entry = self.sequence.entry(param, self.iterates);
            self.visitor.visit_float(&entry);
        }
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.visitor.enter_module(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.visitor.exit_module(name, container_type);
    }
}

/// Shows the entries to a mapper, and takes over those that it loads: the model's `y`, and its `z`.
/// Whatever else a mapper does to an entry has no effect.
pub(super) fn map_entries<M: Module>(
    model: M,
    iterates: &mut Iterates,
    mapper: &mut impl ModuleMapper,
) -> M {
    let [z, y] = SEQUENCES.map(|sequence| {
        mapper.enter_module(sequence.name(), CONTAINER);
        let mut load = Load {
            sequence,
            iterates,
            mapper: &mut *mapper,
            loaded: HashMap::new(),
        };
        model.visit(&mut load);
        let loaded = load.loaded;
        mapper.exit_module(sequence.name(), CONTAINER);
        loaded
    });
    match z.is_empty() && y.is_empty() {
        true => model,
        false => model.map(&mut Resume { y, z, iterates }),
    }
}

struct Load<'a, P> {
    sequence: Sequence,
    iterates: &'a Iterates,
    mapper: &'a mut P,
    loaded: HashMap<ParamId, Tensor<1>>,
}

impl<P: ModuleMapper> ModuleVisitor for Load<'_, P> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !trainable(param) {
            return;
        }
        let slot = Arc::new(Mutex::new(None));
        let filled = slot.clone();
        let entry = self.sequence.entry(param, self.iterates);
        let entry = entry.load_mapper(move |tensor| {
            let mut slot = filled.lock().unwrap_or_else(|p| p.into_inner());
            *slot = Some(tensor.clone());
            tensor
        });
        drop(self.mapper.map_float(entry));
        let mut slot = slot.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(loaded) = slot.take() {
            self.loaded.insert(param.id, loaded);
        }
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.mapper.enter_module(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.mapper.exit_module(name, container_type);
    }
}

/// Puts `y` in the place of `x`, which has been loaded.
struct Resume<'a> {
    y: HashMap<ParamId, Tensor<1>>,
    z: HashMap<ParamId, Tensor<1>>,
    iterates: &'a mut Iterates,
}

impl ModuleMapper for Resume<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        match (self.y.remove(&id), self.z.remove(&id)) {
            (None, None) => param,
            (Some(y), Some(z)) => param.map(|x| {
                let context = AutodiffContext::of(&x);
                let y = self.iterates.set_pair(id, (y, z), &x.inner());
                context.restore(y, id)
            }),
            // One without the other says nothing: the average begins again.
            _ => {
                self.iterates.forget(id);
                param
            }
        }
    }
}
