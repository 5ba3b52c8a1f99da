//! Faults: what may go wrong in a run without the program doing anything for it, and places that
//! the program makes go wrong by itself.
//!
//! Everything is off by default; a hunt turns on what it wants with
//! [`Options::faults`](crate::options::Options::faults).
//!
//! | fault | strikes |
//! |---|---|
//! | [`buggify!`](crate::buggify!) | where the program asks for it: a full buffer, a lost packet, a slow path |
//! | cancellation | a task at an await: it is aborted, as by [`JoinHandle::abort`](crate::JoinHandle::abort) |
//! | spurious wake | a task that waits: it is polled although nobody woke it |
//! | stall | a task that could run: it is not scheduled for a while of virtual time |
//!
//! Whether a fault strikes is a choice on the tape, of label [`Label::Fault`](crate::choice::Label::Fault),
//! and the plain alternative is that none does. So replays repeat faults, and shrinking removes
//! those that do not matter. A tape is of the faults that were turned on when it was recorded: a
//! run with others asks other questions.
//!
//! **Swarms** (Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012): where every kind of fault strikes in
//! every run, faults hide one another. So each run has a subset of them, drawn by its seed, and a
//! rate; only how often a random strategy draws a fault depends on that, and not what is asked.

use std::panic::Location;
use std::time::Duration;

use crate::engine::with_run;

/// Whether faults of a kind strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Striking {
    /// They do not, and cost nothing.
    #[default]
    Off,
    /// They do.
    On,
}

/// Which tasks random cancellation strikes. The main future is never among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cancellations {
    /// None.
    #[default]
    Off,
    /// Those that were spawned as [`cancellable`](crate::Builder::cancellable).
    Marked,
    /// Every one.
    Every,
}

/// How a run mixes kinds of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mixing {
    /// A random subset of the kinds that are on, and of the `buggify!` places, for each run, at a
    /// rate of its own.
    #[default]
    Swarm,
    /// All of them in every run, at a rate of 1 in 16.
    All,
}

/// Which faults may strike. All are off by default.
///
/// # Examples
/// A worker that is cancelled while it holds the only permit in a variable of its own:
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use unpick_sim::faults::{Cancellations, Faults};
/// use unpick_sim::hunt::Hunt;
/// use unpick_sim::options::Options;
/// use unpick_sim::{spawn, yield_now};
///
/// let faults = Faults { cancellations: Cancellations::Every, ..Faults::OFF };
/// let hunt = Hunt::new("permit").options(Options { faults, ..Options::default() });
/// let report = hunt.run(|| async {
///     let permits = Rc::new(Cell::new(1));
///     let worker = permits.clone();
///     let task = spawn(async move {
///         worker.set(worker.get() - 1);
///         yield_now().await;
///         worker.set(worker.get() + 1);
///     });
///     let _ = task.await;
///     assert_eq!(permits.get(), 1, "the permit came back");
/// });
/// assert!(report.finding().is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Whether [`buggify!`](crate::buggify!) may say yes.
    pub buggify: Striking,
    /// Which tasks may be cancelled, at any await.
    pub cancellations: Cancellations,
    /// Whether tasks may be polled although nobody woke them.
    pub spurious_wakes: Striking,
    /// Whether a turn may be put off for a while.
    pub stalls: Striking,
    /// How long the longest stall takes: others take a tenth and a hundredth of it. 10 seconds by
    /// default.
    pub stall_max: Duration,
    /// How many cancellations, spurious wakes and stalls a run may have, taken together. 3 by
    /// default.
    pub strikes_max: u32,
    /// How they are mixed. As a swarm by default.
    pub mixing: Mixing,
}

impl Faults {
    /// No faults: the default.
    pub const OFF: Faults = Faults {
        buggify: Striking::Off,
        cancellations: Cancellations::Off,
        spurious_wakes: Striking::Off,
        stalls: Striking::Off,
        stall_max: Duration::from_secs(10),
        strikes_max: 3,
        mixing: Mixing::Swarm,
    };

    /// Every kind of fault, and cancellation of tasks that are marked for it.
    pub const ON: Faults = Faults {
        buggify: Striking::On,
        cancellations: Cancellations::Marked,
        spurious_wakes: Striking::On,
        stalls: Striking::On,
        ..Faults::OFF
    };

    /// Whether any kind is on.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        matches!(self.buggify, Striking::On) || self.is_any_of_engine()
    }

    /// Whether a kind is on that the engine brings about by itself.
    pub(crate) const fn is_any_of_engine(&self) -> bool {
        !matches!(self.cancellations, Cancellations::Off)
            || matches!(self.spurious_wakes, Striking::On)
            || matches!(self.stalls, Striking::On)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Faults::OFF
    }
}

/// Says whether something is to go wrong here: an optional probability, 1/4 if none is given.
///
/// `false` outside of a run, where [`Faults::buggify`](crate::faults::Faults::buggify) is off, and
/// plainly. A place is active in a quarter of the runs (FoundationDB's rule: Zhou et al., SIGMOD
/// 2021), and there it says yes with the probability.
///
/// # Panics
/// Inside of a run, if the probability is not between 0 and 1.
///
/// # Examples
/// ```
/// use unpick_sim::faults::{Faults, Striking};
/// use unpick_sim::hunt::Hunt;
/// use unpick_sim::options::Options;
/// use unpick_sim::buggify;
///
/// /// Sends a packet, which may be lost.
/// fn send(packets: &mut Vec<u32>, packet: u32) {
///     if !buggify!(0.1) {
///         packets.push(packet);
///     }
/// }
///
/// let faults = Faults { buggify: Striking::On, ..Faults::OFF };
/// let hunt = Hunt::new("packets").options(Options { faults, ..Options::default() });
/// let report = hunt.run(|| async {
///     let mut packets = Vec::new();
///     send(&mut packets, 1);
///     assert_eq!(packets, [1]);
/// });
/// assert!(report.finding().is_some());
/// ```
#[macro_export]
macro_rules! buggify {
    () => {
        $crate::faults::buggify_here(0.25)
    };
    ($probability:expr $(,)?) => {
        $crate::faults::buggify_here($probability)
    };
}

/// What [`buggify!`](crate::buggify!) calls.
#[doc(hidden)]
#[track_caller]
#[must_use]
pub fn buggify_here(probability: f64) -> bool {
    // Whether it is on is looked at first, so that it costs next to nothing where it is not.
    if with_run(|core| core.has_buggify()) != Some(true) {
        return false;
    }
    let weight = crate::random::weight("sim::buggify!", probability);
    let site = Location::caller();
    with_run(|core| core.buggify(site, u32::try_from(weight).unwrap_or(u32::MAX))) == Some(true)
}
