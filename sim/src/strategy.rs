//! Strategies: what makes the choices of one run.
//!
//! A strategy is one file and one line in [`portfolio::MEMBERS`]. It sees each choice as a [`Point`] and draws
//! what randomness it needs from the run's [`Streams`], so that it is remade by the run's seed.

mod delay;
mod detour;
mod fifo;
pub mod learning;
mod lockstep;
mod pct;
pub mod portfolio;
mod pos;
mod queue;
mod replay;
mod sampled;
mod steer;
mod surw;
mod sweep;
mod systematic;
mod unrepeated;

use std::fmt;
use std::panic::Location;

pub use delay::Delay;
pub(crate) use detour::{Detour, Detours};
pub use fifo::Fifo;
pub use lockstep::Lockstep;
pub use pct::Pct;
pub use pos::Pos;
pub use replay::{Asked, Divergence, Replay, Strictness};
pub use steer::{Kept, Order, OrderError};
pub(crate) use steer::{Steering, text_hash};
pub use surw::{Interest, Surw};
pub(crate) use sweep::Swept;
pub use systematic::Systematic;

use crate::choice::{Choice, Label};
use crate::engine::{ReadySet, Turn};
use crate::probe::Access;
use crate::streams::Streams;

/// Decides the choices of one run.
pub trait Strategy: fmt::Debug {
    /// Takes one of the point's alternatives, from 0.
    ///
    /// # Errors
    /// If the program is not the one that the strategy was made for.
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>>;

    /// Hears what happens between choices.
    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        let _ = (notice, streams);
    }

    /// Called once when the run is over, with everything that was chosen.
    ///
    /// # Errors
    /// If the run was not the one that the strategy expected.
    fn finish(&mut self, tape: &[Choice]) -> Result<(), Box<Divergence>> {
        let _ = tape;
        Ok(())
    }
}

/// Who decides the choices of a run.
#[derive(Debug)]
pub enum Chooser {
    /// A uniform random walk: each choice is an even draw from the stream of its label, or a
    /// draw by its weight. The engine draws by itself, which is cheaper.
    RandomWalk,
    /// A strategy is asked.
    Strategy(Box<dyn Strategy>),
}

impl<S: Strategy + 'static> From<S> for Chooser {
    fn from(strategy: S) -> Chooser {
        Chooser::Strategy(Box::new(strategy))
    }
}

/// One turn that is ready, for as long as it is: a strategy knows it by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnKey(pub u32);

/// An operation, as far as strategies look at it.
#[derive(Clone, Copy, Debug)]
pub struct OperationView {
    /// Its object's number in the run; `None` if it has none.
    pub object: Option<u32>,
    /// Whether it changes the object.
    pub access: Access,
    /// Where it was called.
    pub site: &'static Location<'static>,
}

/// Something that happened between choices.
#[derive(Clone, Copy, Debug)]
pub enum Notice {
    /// A task was spawned.
    Spawned {
        /// Its number in the run.
        task: u32,
        /// The number of the task that spawned it.
        parent: u32,
        /// A hash of its path from the main task: the same in every run of the program.
        path: u64,
    },
    /// A turn became ready.
    Ready {
        /// The turn.
        turn: TurnKey,
        /// The number of its task.
        task: u32,
        /// The announced operation that it grants; `None` for the resumption of a task.
        operation: Option<OperationView>,
    },
    /// A turn is ready no more: it was taken, or withdrawn.
    Gone {
        /// The turn.
        turn: TurnKey,
    },
    /// A task takes its turn.
    Step {
        /// The number of the task.
        task: u32,
        /// The announced operation that was granted; `None` for a resumption.
        operation: Option<OperationView>,
    },
    /// An operation that could have given way went on in place.
    WentOn {
        /// The number of the task.
        task: u32,
        /// The operation.
        operation: OperationView,
    },
    /// A named point was passed.
    Passed {
        /// The number of the task.
        task: u32,
        /// The point's label.
        label: &'static str,
        /// A hash of the task's name; 0 if it has none.
        name: u64,
        /// A hash of the task's path as it is printed.
        path: u64,
    },
    /// An operation was executed, awaitable or immediate.
    Executed {
        /// The number of the task.
        task: u32,
        /// The operation.
        operation: OperationView,
    },
}

/// One choice that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What it is about.
    pub label: Label,
    /// How many alternatives there are: 2 or more. Alternative 0 is the plain one.
    pub arity: u32,
    /// How often another alternative than 0 should be drawn at random: out of 2^32. `None` for
    /// evenly.
    pub weight: Option<u32>,
    /// The number of the choice in its run, from 0.
    pub number: usize,
    /// At a preemption point, the task that could go on in place and its operation: that is
    /// alternative 0.
    pub in_place: Option<(u32, OperationView)>,
    pub(crate) ready: &'a ReadySet,
}

impl Point<'_> {
    /// An alternative drawn as a random walk does.
    pub fn draw(&self, streams: &mut Streams) -> u32 {
        streams.alternative(self.label, self.arity, self.weight)
    }

    /// The alternative that takes this turn; `None` if it is not ready.
    #[must_use]
    pub fn alternative(&self, turn: TurnKey) -> Option<u32> {
        let rank = self.ready.rank(Turn::of_key(turn.0))? as u32;
        Some(rank + u32::from(self.in_place.is_some()))
    }
}
