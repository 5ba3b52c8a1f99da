//! Panics that somebody catches on behalf of a task.

use std::any::Any;

use crate::engine::{self, Stamp, TaskId, with_run};
use crate::finding::Place;
use crate::panics;

/// A panic that was caught inside of a run, and that fails the run unless somebody handles it.
///
/// For spawning functions whose handles give a panic to whoever awaits them.
///
/// # Examples
/// ```
/// use std::panic::catch_unwind;
/// use unpick_sim::{Run, probe::CaughtPanic};
///
/// let outcome = Run::new().execute(|| async {
///     let payload = catch_unwind(|| panic!("it fell over")).unwrap_err();
///     CaughtPanic::new(&*payload).fail();
/// });
/// assert_eq!(outcome.result.unwrap_err().message, "it fell over");
/// ```
#[derive(Debug)]
pub struct CaughtPanic {
    stamp: Stamp,
    task: TaskId,
    message: String,
    place: Option<Place>,
}

impl CaughtPanic {
    /// Notes the panic with this payload, that was caught last, as one of the current task.
    #[must_use]
    pub fn new(payload: &(dyn Any + Send)) -> CaughtPanic {
        let (stamp, task) = with_run(|core| (core.stamp, core.current)).unwrap_or_default();
        let message = panics::message_of(payload);
        CaughtPanic {
            stamp,
            task: task.unwrap_or(TaskId::MAIN),
            message,
            place: panics::take_place(),
        }
    }

    /// The panic that happened last on this thread, if one has since this was last asked: for code
    /// that something else polls, which keeps the payload to itself.
    ///
    /// # Examples
    /// ```
    /// use std::panic::catch_unwind;
    /// use unpick_sim::{Run, probe::CaughtPanic};
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let _payload = catch_unwind(|| panic!("it fell over"));
    ///     let panicked = CaughtPanic::last().map(|panic| panic.message().to_owned());
    ///     (panicked, CaughtPanic::last().is_some())
    /// });
    /// assert_eq!(outcome.result, Ok((Some("it fell over".to_owned()), false)));
    /// ```
    #[must_use]
    pub fn last() -> Option<CaughtPanic> {
        let (message, place) = panics::take_last()?;
        let (stamp, task) = with_run(|core| (core.stamp, core.current)).unwrap_or_default();
        Some(CaughtPanic { stamp, task: task.unwrap_or(TaskId::MAIN), message, place })
    }

    /// The same, with something to be told behind what it said.
    #[must_use]
    pub fn with_remark(mut self, remark: &str) -> CaughtPanic {
        self.message.push_str(remark);
        self
    }

    /// What it said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Fails its run: nobody has handled it. Does nothing once the run is over.
    pub fn fail(self) {
        panics::put_place(self.place);
        let (task, message) = (self.task, self.message);
        engine::with_run_of(self.stamp, |core| core.fail_panicked(task, message));
    }
}
