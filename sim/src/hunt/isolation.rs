//! Runs in a process of their own, so that one that takes its process with it costs no more than
//! itself.
//!
//! The hunt starts its own executable again, as a *worker*, which comes to the same hunt and makes
//! the runs there, one after the other. It tells the hunt of each run that it begins and of what
//! came of it. A worker that dies has begun a run and not ended it: that one is made once more in
//! another worker, which tells every choice, and then the hunt goes on behind it.
//!
//! - `worker`: what a worker does;
//! - `parent`: what the hunt does that started it;
//! - `rehearsal`: what is done by a worker first, lest it ends the hunt's own process;
//! - `process`: how a worker is started and followed;
//! - `records` and `wire`: what the one tells the other, and how that is written;
//! - `orders`: what a worker is to do, and which hunt is meant;
//! - `enduring`: cutting down the tape of a run that ends its process;
//! - `recording`: a strategy that tells each choice;
//! - `earlier`: what hunts came to before, for whoever comes by there again;
//! - `ending`: how a process ended, in words.

mod earlier;
mod ending;
mod enduring;
mod failures;
mod orders;
mod parent;
mod process;
mod recording;
mod records;
mod rehearsal;
mod wire;
mod worker;

pub(super) use earlier::{recall, remember};
pub(super) use enduring::explain_lost;
pub(super) use orders::{Role, role};
pub(super) use parent::carry_out;
pub(super) use rehearsal::{Rehearsal, rehearse_explaining, rehearse_kept};
pub(crate) use worker::tell_hang;
pub(super) use worker::work;

/// In which process a hunt makes its runs.
///
/// # In a process of its own
/// A program that aborts, overflows its stack, exhausts memory, exits, or never returns from a
/// poll, ends one worker. The run is a finding of kind [`Crash`](crate::finding::Kind::Crash) or
/// [`Hang`](crate::finding::Kind::Hang) that says how the process ended, which task was polled
/// last, and what was printed on standard error. A poll counts as one that never returns after
/// [`Options::poll_max`](crate::options::Options::poll_max); without that limit nothing ends it. A
/// hunt that [collects](crate::hunt::Hunt::collect_distinct) findings goes on, up to 32 lost runs.
/// Everything else is found, counted and reported as without isolation.
///
/// Such a finding is cut down like any other, by workers, each of which goes on where the one before
/// has died: up to 100 of them and ten seconds, and up to 200 and ten seconds more to find out
/// which choice decided. Where that was not enough, the report says so. While that is done, a poll
/// counts as one that never returns after 100 milliseconds, and after two seconds in the run that
/// confirms the result. What happens up to the last turn is shown; the last turn itself has left
/// nothing. Other findings are explained in the hunt's own process, if a worker that tried it
/// before came through.
///
/// It is kept as a regression like any other, and a worker replays what is kept before the hunt's
/// own process does. A hunt without isolation that finds such a regression in its file lets a worker
/// replay it, too, and makes its runs itself if that comes through. In replays, a poll counts as one
/// that never returns after two seconds.
///
/// The worker is the current executable. In a test it gets the test's name; in any other program,
/// the same arguments again. It takes the same way up to the hunt, so what the program does
/// before is done there as well; other isolated hunts on this way return at once the report
/// that they had, but for explanations. How a test is called is known from `#[unpick::test]`, or else from the name
/// that the test harness gives its thread.
///
/// Of several jobs, each is a worker that makes a part of the runs; calibration is made by one of
/// them, and learnt from by all. What runs print is not shown.
///
/// # Examples
/// ```
/// use unpick_sim::finding::Kind;
/// use unpick_sim::hunt::{Hunt, Isolation};
///
/// async fn aborts() {
///     std::process::abort();
/// }
///
/// let report = Hunt::new("aborts").quiet().isolate(Isolation::Process).run(aborts);
/// report.assert_finds(Kind::Crash);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// The hunt's own: a run that ends its process ends the hunt.
    #[default]
    None,
    /// A process of their own, which is started anew when it has died.
    Process,
}
