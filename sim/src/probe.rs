//! The probe API: how a primitive tells the engine what happens to it.
//!
//! The engine knows no primitive. A lock, a queue or a channel of anybody's takes part in
//! schedules, traces and diagnoses by calling what is here:
//!
//! - an [`Object`] in each primitive says what it is, what it is called and where it was made;
//! - an [`Operation`] in each future announces what it is about to do, lets other tasks in
//!   between, and says when it was executed or that it is blocked; immediate operations are
//!   recorded through [`Object::immediate`];
//! - a [`Hold`] in each guard says who has what;
//! - [`Object::publish`] and [`Object::observe`] say what happens before what through an object,
//!   and a [`Stamp`] says it for a single message;
//! - a [`Wakeup`] in the object's own queue says whom to wake, and an [`Effect`] what follows from
//!   an operation at once: several of these calls in one;
//! - an operation that is [`lining_up`](Operation::lining_up) waits in a line that the engine keeps,
//!   for objects that one at a time can have;
//! - [`Object::acted`] says who has done what may end the waits of others, and a [`Cause`] which
//!   of it ends which wait; [`Object::notified`] says how many waiters that woke, and
//!   [`Operation::ticket`] lets the one who releases say to which waiter an object was granted;
//!   [`Object::expects`] says which tasks have to end. So a report can say of everybody who waits
//!   for ever who could have ended that, and what became of those;
//! - a [`Passage`] says which operations move things, and a [`Scope`] when a future is given up:
//!   so a report can name what was lost with one that was dropped half-way;
//! - [`choose`] takes a decision of the primitive's own on the tape.
//!
//! Outside of a run every call costs one thread-local look and does nothing.
//!
//! # A primitive of one's own
//!
//! A gate that is opened once, instrumented:
//!
//! ```
//! use std::future::{Future, poll_fn};
//! use std::panic::Location;
//! use std::sync::Mutex;
//! use std::task::{Poll, Waker};
//!
//! use unpick_sim::probe::{Access, Object, Operation};
//! use unpick_sim::{Run, finding::Kind, spawn};
//!
//! struct Gate {
//!     object: Object,
//!     state: Mutex<(bool, Vec<Waker>)>,
//! }
//!
//! impl Gate {
//!     fn new() -> Gate {
//!         Gate { object: Object::new("gate"), state: Mutex::default() }
//!     }
//!
//!     #[track_caller]
//!     fn open(&self) {
//!         let wakers = {
//!             let mut state = self.state.lock().unwrap();
//!             state.0 = true;
//!             std::mem::take(&mut state.1)
//!         };
//!         self.object.immediate("open", Access::Change);
//!         self.object.publish();
//!         self.object.notified(wakers.len());
//!         wakers.into_iter().for_each(Waker::wake);
//!     }
//!
//!     #[track_caller]
//!     fn pass(&self) -> impl Future<Output = ()> + '_ {
//!         let mut operation = Operation::new("pass", Access::Read, Location::caller());
//!         poll_fn(move |cx| {
//!             if operation.poll_announce(Some(&self.object), cx).is_pending() {
//!                 return Poll::Pending;
//!             }
//!             let mut state = self.state.lock().unwrap();
//!             if state.0 {
//!                 operation.executed(Some(&self.object));
//!                 self.object.observe();
//!                 return Poll::Ready(());
//!             }
//!             state.1.push(cx.waker().clone());
//!             operation.blocked(Some(&self.object), cx);
//!             Poll::Pending
//!         })
//!     }
//! }
//!
//! let opened = Run::new().seed(1).execute(|| async {
//!     let gate = std::rc::Rc::new(Gate::new());
//!     let opener = gate.clone();
//!     spawn(async move { opener.open() });
//!     gate.pass().await;
//! });
//! assert_eq!(opened.result, Ok(()));
//!
//! let stuck = Run::new().execute(|| async { Gate::new().pass().await });
//! let finding = stuck.result.unwrap_err();
//! assert_eq!(finding.kind, Kind::Deadlock);
//! assert_eq!(finding.blocked[0].waits[0].object.as_deref(), Some("gate#1"));
//! ```

mod caught;
mod companion;
mod entry;
mod hold;
mod line;
mod object;
mod operation;
mod scope;
mod stamp;
mod wakeup;

pub use caught::CaughtPanic;
pub(crate) use companion::companion;
pub use companion::{Companion, Manner, Standing, accompany};
pub use entry::{Announced, Door, Entry, enter};
pub use hold::{Hold, Mode};
pub(crate) use object::IN_A_DROP;
pub use object::{Cause, Object, Passage, Spurious};
pub use operation::{Access, Operation};
pub use scope::Scope;
pub use stamp::Stamp;
pub use wakeup::{Effect, Ticket, Wakeup};

use crate::choice::{Choice, Label};
use crate::engine::{self, Question};

/// Whether this thread is inside a run.
#[must_use]
pub fn is_inside_run() -> bool {
    engine::is_inside()
}

/// A number for the run on this thread that no other run of the process has; `None` outside of a
/// run. For what is to be made afresh in each run.
#[must_use]
#[inline]
pub fn run_number() -> Option<u64> {
    engine::with_run(|core| core.stamp.0)
}

/// The number of the task whose code is running: 0 is the main one, and the others count up in
/// the order in which they were spawned. `None` outside of a run, and in code that is no task's.
#[must_use]
#[inline]
pub fn current_task() -> Option<u32> {
    engine::with_run(|core| core.current.map(|task| task.0)).flatten()
}

/// Whether some turn is ready, the current task's own apart: nothing is waited for.
#[must_use]
pub fn has_turns() -> bool {
    engine::with_run(|core| core.has_turns()).unwrap_or(false)
}

/// Whether somebody keeps a waker of this run that no instrumented operation is known to have
/// given it: something outside of the engine may wake a task.
#[must_use]
pub fn has_unknown_waits() -> bool {
    engine::with_run(|core| core.has_unknown_waits()).unwrap_or(false)
}

/// Takes a decision on the tape: one of `arity` alternatives, the plain one being 0. Outside of
/// a run it is always the plain one.
///
/// # Panics
/// If `arity` is zero or above [`Choice::ARITY_MAX`].
#[must_use]
pub fn choose(label: Label, arity: u32) -> u32 {
    assert!(
        (1..=Choice::ARITY_MAX).contains(&arity),
        "a choice of {arity} alternatives; allowed: 1 to 2^30"
    );
    engine::with_run(|core| core.choose(Question { label, arity, weight: None })).unwrap_or(0)
}
