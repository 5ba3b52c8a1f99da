//! What a run has of tokio's own: a paused runtime, entered, whose clock is the run's.
//!
//! Crates that use tokio themselves call `tokio::spawn`, `tokio::time::sleep` and their like, which
//! look for a runtime in a thread-local. So each run of a program that this package is part of has
//! one, entered until the run is over. Runs of a hunt have a [`lookout`] in its place, which costs
//! nothing while the program runs, until one of them shows that the code of others wants more. The
//! runtime makes progress in two ways only:
//!
//! - when one of its tasks is ready, the run has a turn for it, of a task that is called `tokio`:
//!   each poll of one of its tasks is a step of the run, which schedules order among all others;
//! - when no turn is left, it moves its own clock to its next timer or to the run's, whichever
//!   comes first, and the run's clock follows.
//!
//! Invariant: between two steps both clocks show the same instant.
//!
//! Building a runtime costs some microseconds, so one that a run has left as it was (nothing was
//! spawned on it and its clock stands still) is kept for the thread's next run.

mod entered;
mod hooks;
mod lookout;
mod origins;
mod panics;
mod progress;
mod registered;
mod source;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use unpick_sim::probe::{self, Companion, Manner, Standing};
use unpick_sim::time::{Instant, attach_source};

use self::entered::Entered;
pub(crate) use self::panics::handle_panics;
use self::source::Source;
use crate::task;

thread_local! {
    /// The run that has a runtime, by its number; 0 when none has.
    static RUN: Cell<u64> = const { Cell::new(0) };
    /// What that is on tokio's clock when the run begins.
    static START: Cell<Option<std::time::Instant>> = const { Cell::new(None) };
    /// A runtime that was built and not used.
    static SPARE: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// Goes with every run of a process that this package is part of.
pub(crate) static COMPANION: Companion = Companion { begin, panicked: lookout::panicked, end };

/// Gives the run that begins a runtime, or one that shows whether it is missed.
fn begin(manner: Manner) {
    let Some(run) = probe::run_number() else { return };
    match manner {
        Manner::OnTrial => watch(run),
        Manner::ForGood => attach(run),
    }
}

/// A run on trial is over.
fn end() -> Standing {
    panics::forget();
    task::give_up();
    lookout::leave()
}

/// Gives the run with this number a runtime, unless it has one. It has, where the package could
/// say before the program began that it goes with every run.
#[inline]
pub(crate) fn enter(run: u64) {
    if RUN.try_with(Cell::get) != Ok(run) {
        attach(run);
    }
}

fn watch(run: u64) {
    match lookout::enter() {
        Some(start) => {
            RUN.set(run);
            START.set(Some(start));
        }
        None => attach(run),
    }
}

#[cold]
fn attach(run: u64) {
    // The thread is ending: nobody will look for a runtime.
    if RUN.try_with(|known| known.set(run)).is_err() {
        return;
    }
    let runtime = Rc::new(SPARE.take().unwrap_or_else(build));
    let entered = Entered::new(Rc::new(runtime.handle().clone()));
    let origin = Instant::now();
    let since_start = origin.duration_since(Instant::START);
    let start = tokio::time::Instant::now().into_std().checked_sub(since_start);
    let start = start.expect("a run does not reach back beyond what an instant can say");
    START.set(Some(start));
    attach_source(Box::new(Source::new(runtime, entered, origin, start)));
}

/// What the beginning of the current run is on tokio's clock.
pub(crate) fn start() -> std::time::Instant {
    START.with(Cell::get).expect("a run that asks has entered its runtime")
}

/// The runtime that the current run has entered.
pub(crate) fn handle() -> Handle {
    Handle::current()
}

/// Gives the run's runtime up; it is kept for the next run if it is as good as new.
fn leave(runtime: Rc<Runtime>, is_new: bool) {
    RUN.set(0);
    START.set(None);
    hooks::forget_lookahead();
    panics::forget();
    task::give_up();
    let is_spoilt = hooks::was_thread_refused();
    let Ok(runtime) = Rc::try_unwrap(runtime) else { return };
    if is_new && !is_spoilt {
        SPARE.set(Some(runtime));
    } else {
        // Does not wait for anything, so that it may be done anywhere.
        runtime.shutdown_background();
    }
}

/// A runtime without threads and without input or output, at a standing clock.
fn build() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_time()
        .start_paused(true)
        // One task is polled between two looks at the driver, and those that were woken from
        // outside come first: see `progress`.
        .event_interval(1)
        .global_queue_interval(1)
        .on_thread_unpark(hooks::unparked)
        .thread_name_fn(hooks::refuse_thread);
    origins::tell(&mut builder);
    builder.build().expect("a runtime that has neither threads nor input and output can be built")
}

/// Moves the clock of the runtime that is entered, without firing anything.
fn move_clock(by: Duration) {
    let mut moving = pin!(tokio::time::advance(by));
    let mut context = Context::from_waker(Waker::noop());
    // It moves the clock in its first poll, and then only gives way.
    let _given_way = moving.as_mut().poll(&mut context);
}
