//! Handles: to wait for a task, and to abort it.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::error::Panicked;
use super::id::DropsAs;
use super::{Id, JoinError, dropped};

/// What a task of a run leaves: its output, or its panic.
pub(super) type Ended<T> = Result<T, Panicked>;

/// Waits for a task and gives its output; dropping it leaves the task running.
///
/// # Cancel safety
/// It may be polled in a `select!` by reference; nothing is lost.
pub struct JoinHandle<T>(Kind<T>);

enum Kind<T> {
    Tokio(tokio::task::JoinHandle<T>),
    Run(OfRun<T>),
}

/// A handle of a task of a run.
struct OfRun<T> {
    /// Invariant: these stand around the handle, with which an output is dropped that nobody took.
    _before: DropsAs,
    handle: unpick_sim::JoinHandle<Ended<T>>,
    _behind: DropsAs,
    id: Id,
    /// Polls the handle. Kept from where it is known that the output is `'static`.
    poll: PollJoin<T>,
}

type PollJoin<T> = fn(
    &mut unpick_sim::JoinHandle<Ended<T>>,
    &mut Context<'_>,
    &'static Location<'static>,
) -> Poll<Result<Ended<T>, unpick_sim::JoinError>>;

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(super) fn of_run(handle: unpick_sim::JoinHandle<Ended<T>>) -> JoinHandle<T>
    where
        T: 'static,
    {
        let id = Id::of_run(handle.abort_handle().number());
        let (_before, _behind) = DropsAs::around(id);
        let poll = unpick_sim::JoinHandle::poll_join;
        JoinHandle(Kind::Run(OfRun { _before, handle, _behind, id, poll }))
    }

    /// Asks for the task to be cancelled. Inside of a run it is dropped when it is next scheduled.
    pub fn abort(&self) {
        match &self.0 {
            Kind::Tokio(handle) => handle.abort(),
            Kind::Run(of_run) => {
                of_run.handle.abort();
            }
        }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Kind::Tokio(handle) => handle.is_finished(),
            Kind::Run(of_run) => of_run.handle.is_finished(),
        }
    }

    /// A handle that can abort the task and no more.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(match &self.0 {
            Kind::Tokio(handle) => Aborts::Tokio(handle.abort_handle()),
            Kind::Run(of_run) => Aborts::Run(of_run.handle.abort_handle()),
        })
    }

    /// The id of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        match &self.0 {
            Kind::Tokio(handle) => handle.id().into(),
            Kind::Run(of_run) => of_run.id,
        }
    }

    /// Polls it on behalf of something that was called at `site`.
    pub(super) fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Result<T, JoinError>> {
        match &mut self.0 {
            Kind::Tokio(handle) => Pin::new(handle).poll(cx).map_err(JoinError::from),
            Kind::Run(of_run) => {
                let joined = ready!((of_run.poll)(&mut of_run.handle, cx, site));
                Poll::Ready(match joined {
                    Ok(Ok(output)) => Ok(output),
                    Ok(Err(panicked)) => Err(JoinError::panicked(of_run.id, panicked.handled())),
                    Err(_) => Err(match dropped::take(of_run.id) {
                        Some(panicked) => JoinError::panicked(of_run.id, panicked.handled()),
                        None => JoinError::cancelled(of_run.id),
                    }),
                })
            }
        }
    }
}

impl<T> From<tokio::task::JoinHandle<T>> for JoinHandle<T> {
    fn from(handle: tokio::task::JoinHandle<T>) -> JoinHandle<T> {
        JoinHandle(Kind::Tokio(handle))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The place of the `.await`, where it is awaited directly.
        self.poll_at(cx, Location::caller())
    }
}

impl<T> fmt::Debug for JoinHandle<T>
where
    T: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish()
    }
}

/// Aborts a task.
#[derive(Clone)]
pub struct AbortHandle(Aborts);

#[derive(Clone)]
enum Aborts {
    Tokio(tokio::task::AbortHandle),
    Run(unpick_sim::AbortHandle),
}

impl AbortHandle {
    /// Asks for the task to be cancelled. Inside of a run it is dropped when it is next scheduled.
    pub fn abort(&self) {
        match &self.0 {
            Aborts::Tokio(handle) => handle.abort(),
            Aborts::Run(handle) => {
                handle.abort();
            }
        }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Aborts::Tokio(handle) => handle.is_finished(),
            Aborts::Run(handle) => handle.is_finished(),
        }
    }

    /// The id of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        match &self.0 {
            Aborts::Tokio(handle) => handle.id().into(),
            Aborts::Run(handle) => Id::of_run(handle.number()),
        }
    }

    /// The run's own handle, of a task of a run.
    pub(super) fn of_run(&self) -> Option<&unpick_sim::AbortHandle> {
        match &self.0 {
            Aborts::Tokio(_) => None,
            Aborts::Run(handle) => Some(handle),
        }
    }
}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl From<tokio::task::AbortHandle> for AbortHandle {
    fn from(handle: tokio::task::AbortHandle) -> AbortHandle {
        AbortHandle(Aborts::Tokio(handle))
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
