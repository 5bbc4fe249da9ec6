//! Problems of one kind, and how they are made.

use crate::suite::competitor::{Competitor, Rates};
use crate::suite::files::{Files, FilesError};
use crate::suite::problem::{Plan, Problem};
use crate::suite::record::Record;
use crate::suite::run::{Run, StepError};
use crate::suite::variant::Variant;

/// A [`Problem`] of any kind.
pub trait AnyProblem {
    /// The length of a run, and what the loss can be.
    fn plan(&self) -> Plan;

    /// Trains the problem's model from its beginning.
    ///
    /// # Errors
    ///
    /// See [`StepError`].
    fn run(&self, competitor: &Competitor, run: &Run) -> Result<Record, StepError>;
}

impl<P: Problem> AnyProblem for P {
    fn plan(&self) -> Plan {
        Problem::plan(self)
    }

    fn run(&self, competitor: &Competitor, run: &Run) -> Result<Record, StepError> {
        crate::suite::run::train(self, competitor, run)
    }
}

/// Problems of one kind.
pub struct Family {
    /// Its name, such as `mnist1d-cnn`, or `ill-conditioned/3` for a level of difficulty.
    pub name: &'static str,
    /// What it belongs to in tables, such as `lightbench`.
    pub group: &'static str,
    /// One line: data, model, source.
    pub doc: &'static str,
    /// Whether it has variants beside the nominal problem.
    pub varies: bool,
    /// How it makes a problem.
    pub make: Make,
}

/// How a family makes a problem.
pub enum Make {
    /// From the variant alone. The network is trained from scratch.
    Scratch(fn(&Variant) -> Box<dyn AnyProblem>),
    /// From files too. The network is a pre-trained one.
    Pretrained(fn(&Variant, &Files) -> MadeFromFiles),
}

/// A problem, or why the files do not make one.
pub type MadeFromFiles = Result<Box<dyn AnyProblem>, FilesError>;

impl Family {
    /// The problem.
    ///
    /// # Errors
    ///
    /// If the family needs files, and they are not named or cannot be read.
    pub fn problem(&self, variant: &Variant, files: &Files) -> MadeFromFiles {
        match self.make {
            Make::Scratch(make) => Ok(make(variant)),
            Make::Pretrained(make) => make(variant, files),
        }
    }

    /// Whether it needs [`Files`].
    pub fn reads_files(&self) -> bool {
        matches!(self.make, Make::Pretrained(_))
    }

    /// The learning rates that the bars choose from.
    pub fn rates(&self) -> Rates {
        match self.make {
            Make::Scratch(_) => Rates::SCRATCH,
            Make::Pretrained(_) => Rates::PRETRAINED,
        }
    }
}
