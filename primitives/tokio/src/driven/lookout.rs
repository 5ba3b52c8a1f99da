//! What stands in the place of the driven runtime in a run on trial: a runtime that is entered, does
//! nothing, and shows when somebody wanted more of it.
//!
//! Nobody but the code of others looks at it. It costs what entering it costs, and nothing for each
//! step or jump of the run. What others can want of a runtime shows in one of three ways:
//!
//! - *what the time is*: its clock stands a moment before the last instant that there is, and goes,
//!   so that whoever asks gets a panic of the standard library's in the place of a stale time;
//! - *a timer*, or to stop or move its clock: that panics in tokio, as it has no timers, and its
//!   clock goes;
//! - *to run a task*, or to start a thread: the task is there until the end, since nothing polls
//!   it, and a thread is refused, for good as on trial.
//!
//! The panics are recognised by what they say, whoever catches them; what they say is learnt when
//! the lookout is built, by asking it. Should a version of tokio answer otherwise, there is no
//! lookout, and every run is made for good.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeMetrics};
use tokio::time::Instant;
use unpick_sim::probe::{CaughtPanic, Standing};

use super::entered::Entered;
use super::hooks;

thread_local! {
    static LOOKOUT: RefCell<State> = const { RefCell::new(State::Unbuilt) };
    /// There in a run on trial.
    static ENTERED: RefCell<Option<Entered>> = const { RefCell::new(None) };
    /// Whether it was asked for anything that it has not.
    static WAS_MISSED: Cell<bool> = const { Cell::new(false) };
}

/// The lookout of this thread.
enum State {
    Unbuilt,
    /// This version of tokio is another.
    Impossible,
    Built(Lookout),
}

struct Lookout {
    runtime: Runtime,
    handle: Rc<Handle>,
    metrics: RuntimeMetrics,
    /// What the panics say that it gives.
    answers: Vec<String>,
    /// The beginning of runs, as an instant.
    start: std::time::Instant,
}

/// Enters the lookout, and says what the beginning of the run is as an instant. `None` if there is
/// no lookout.
pub(super) fn enter() -> Option<std::time::Instant> {
    LOOKOUT.with_borrow_mut(|state| {
        if let State::Unbuilt = state {
            *state = Lookout::build().map_or(State::Impossible, State::Built);
        }
        let State::Built(lookout) = state else { return None };
        ENTERED.set(Some(Entered::new(Rc::clone(&lookout.handle))));
        Some(lookout.start)
    })
}

/// Somebody panicked with this message.
#[cold]
pub(super) fn panicked(message: &str) {
    let is_entered = || ENTERED.try_with(|entered| entered.borrow().is_some()) == Ok(true);
    let is_answer = |state: &RefCell<State>| match &*state.borrow() {
        State::Built(lookout) => lookout.answers.iter().any(|answer| answer == message),
        State::Unbuilt | State::Impossible => false,
    };
    if is_entered() && LOOKOUT.try_with(is_answer) == Ok(true) {
        WAS_MISSED.set(true);
    }
}

/// Leaves the lookout, and says whether it was enough.
pub(super) fn leave() -> Standing {
    if ENTERED.take().is_none() {
        // The run had a runtime.
        return Standing::Stands;
    }
    let was_missed = WAS_MISSED.take();
    let (has_tasks, spoilt) = LOOKOUT.with_borrow_mut(|state| {
        let State::Built(lookout) = state else { return (false, None) };
        let has_tasks = lookout.metrics.num_alive_tasks() > 0;
        let is_spoilt = has_tasks || hooks::was_thread_refused();
        (has_tasks, is_spoilt.then(|| std::mem::replace(state, State::Unbuilt)))
    });
    if let Some(State::Built(lookout)) = spoilt {
        // Does not wait for anything, and drops the tasks, which may do anything.
        lookout.runtime.shutdown_background();
    }
    if has_tasks || was_missed { Standing::Void } else { Standing::Stands }
}

impl Lookout {
    fn build() -> Option<Lookout> {
        let mut builder = Builder::new_current_thread();
        let builder = builder.start_paused(true).thread_name_fn(hooks::refuse_thread);
        let runtime = builder.build().expect("a runtime without drivers can be built");
        let handle = Rc::new(runtime.handle().clone());
        let entered = Entered::new(Rc::clone(&handle));
        let start = Instant::now().into_std();
        super::move_clock(until_the_last(start));
        tokio::time::resume();
        let answers = learn_answers(start.into());
        drop(entered);
        let metrics = runtime.metrics();
        Some(Lookout { runtime, handle, metrics, answers: answers?, start })
    }
}

/// How long it is from this instant to the last one that there is.
fn until_the_last(from: std::time::Instant) -> Duration {
    let mut until = Duration::ZERO;
    let seconds = (0..u64::BITS).rev().map(|bit| Duration::from_secs(1 << bit));
    let nanos = (0..30).rev().map(|bit| Duration::from_nanos(1 << bit));
    for more in seconds.chain(nanos) {
        if let Some(longer) = until.checked_add(more)
            && from.checked_add(longer).is_some()
        {
            until = longer;
        }
    }
    until
}

/// What the lookout that is entered says to whoever asks for more than it has; `None` if there is
/// anything to which it says nothing.
fn learn_answers(later: Instant) -> Option<Vec<String>> {
    const BRIEFLY: Duration = Duration::from_millis(1);
    // Until its clock has moved by the least that it can.
    const LOOKS_MAX: u32 = 1_000_000;
    let has_moved = (0..LOOKS_MAX).any(|_| answer_to(Instant::now).is_some());
    let answers = [
        answer_to(Instant::now),
        answer_to(|| tokio::time::sleep(BRIEFLY)),
        answer_to(|| poll(tokio::time::sleep_until(later))),
        answer_to(|| poll(tokio::time::timeout_at(later, pending::<()>()))),
        answer_to(|| tokio::time::interval_at(later, BRIEFLY)),
        answer_to(tokio::time::pause),
        answer_to(tokio::time::resume),
        answer_to(|| poll(tokio::time::advance(BRIEFLY))),
    ];
    answers.into_iter().collect::<Option<Vec<String>>>().filter(|_| has_moved)
}

/// What the panic says that comes of this, if there is one.
fn answer_to<T>(question: impl FnOnce() -> T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(question()))).err()?;
    let message = CaughtPanic::new(&*panic).message().to_owned();
    // It was ours.
    drop(CaughtPanic::last());
    Some(message)
}

fn poll<F: Future>(future: F) {
    let mut context = Context::from_waker(Waker::noop());
    let _polled = pin!(future).poll(&mut context).is_ready();
}
