//! Reproduction: the failing run once more from its tape, on a fresh OS thread.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::finding::Finding;
use crate::hunt::{Verdict, judge};
use crate::options::{Options, Tracing};
use crate::run::Run;
use crate::tape::Tape;
use crate::trace::Trace;

/// What came of replaying a failure's tape on fresh OS threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same finding at once.
    Identically,
    /// Something else at least once: something outside of the tape takes part.
    Otherwise {
        /// How many replays failed in the same way.
        alike: u32,
        /// Of how many, each on a fresh thread.
        of: u32,
        /// What the first one that did not came to instead.
        instead: String,
        /// Whether a replay on the thread that found it fails in the same way: if that alone does,
        /// an earlier run left something behind there.
        on_the_same_thread: bool,
    },
}

/// A replay, as far as it leaves its thread.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) trace: Option<Trace>,
    /// What it came to, if not the same.
    instead: Option<String>,
}

/// How many replays there are once the first was not the same.
const REPLAYS: u32 = 8;

/// Replays a failing tape on fresh OS threads, once if that gives the same. The trace is that of
/// the first replay that failed in the same way.
pub(super) fn reproduce<F, Fut>(
    program: &F,
    options: &Options,
    tape: &Tape,
    finding: &Finding,
) -> (Replayed, Option<Trace>)
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let again = || replay(program, options, tape, finding);
    let first = on_a_fresh_thread(again);
    let Some(instead) = first.instead else { return (Replayed::Identically, first.trace) };
    let more: Vec<Replay> = (1..REPLAYS).map(|_| on_a_fresh_thread(again)).collect();
    let mut alike: Vec<Replay> = more.into_iter().filter(|more| more.instead.is_none()).collect();
    let replayed = Replayed::Otherwise {
        alike: alike.len() as u32,
        of: REPLAYS,
        instead,
        on_the_same_thread: again().instead.is_none(),
    };
    (replayed, alike.pop().and_then(|replay| replay.trace))
}

/// Replays a tape on this thread.
fn replay<F, Fut>(program: &F, options: &Options, tape: &Tape, finding: &Finding) -> Replay
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let options = Options { tracing: Tracing::On, ..options.clone() };
    let again = judge(Run::with(options).replay(tape).execute(program));
    let instead = match (again.divergence, again.result) {
        (Some(divergence), _) => Some(divergence.to_string()),
        (None, Ok(())) => Some(String::from("it passes")),
        (None, Err(other)) if other.signature() == finding.signature() => None,
        (None, Err(other)) => Some(other.headline()),
    };
    Replay { trace: again.trace, instead }
}

/// Calls this on an OS thread of its own, on which no run was made before; on this one, if there is
/// none to be had.
pub(super) fn on_a_fresh_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let call = || take().map(|work| work());
    let fresh = thread::scope(|scope| {
        let fresh = thread::Builder::new().spawn_scoped(scope, call).ok()?;
        fresh.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    fresh.or_else(call).expect("it is called where it was not yet; a bug in unpick")
}
