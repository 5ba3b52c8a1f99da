//! Why a task has no output.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use unpick_sim::probe::CaughtPanic;

use super::Id;

/// What a panic was thrown with.
pub(super) type Payload = Box<dyn Any + Send + 'static>;

/// Why a task has no output: it was cancelled, or it panicked.
pub struct JoinError(Repr);

enum Repr {
    Tokio(tokio::task::JoinError),
    Cancelled(Id),
    Panic {
        id: Id,
        /// What it said, if it was thrown with a text.
        message: Option<String>,
        /// Locked by nobody: only so that the error can be shared, as tokio's can.
        payload: AssertUnwindSafe<Mutex<Payload>>,
    },
}

impl JoinError {
    pub(super) fn cancelled(id: Id) -> JoinError {
        JoinError(Repr::Cancelled(id))
    }

    pub(super) fn panicked(id: Id, payload: Payload) -> JoinError {
        let text = payload.downcast_ref::<String>().cloned();
        let message =
            text.or_else(|| payload.downcast_ref::<&'static str>().map(|&text| text.into()));
        JoinError(Repr::Panic { id, message, payload: AssertUnwindSafe(Mutex::new(payload)) })
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Repr::Tokio(error) => error.is_cancelled(),
            Repr::Cancelled(_) => true,
            Repr::Panic { .. } => false,
        }
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        match &self.0 {
            Repr::Tokio(error) => error.is_panic(),
            Repr::Cancelled(_) => false,
            Repr::Panic { .. } => true,
        }
    }

    /// What the task panicked with.
    ///
    /// # Panics
    /// If it did not panic.
    #[track_caller]
    #[must_use]
    pub fn into_panic(self) -> Payload {
        self.try_into_panic().expect("`JoinError` reason is not a panic.")
    }

    /// What the task panicked with.
    ///
    /// # Errors
    /// This error again, if it did not panic.
    pub fn try_into_panic(self) -> Result<Payload, JoinError> {
        match self.0 {
            Repr::Tokio(error) => error.try_into_panic().map_err(JoinError::from),
            Repr::Cancelled(_) => Err(self),
            Repr::Panic { payload, .. } => {
                Ok(payload.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
            }
        }
    }

    /// The id of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        match &self.0 {
            Repr::Tokio(error) => error.id().into(),
            Repr::Cancelled(id) | Repr::Panic { id, .. } => *id,
        }
    }
}

impl From<tokio::task::JoinError> for JoinError {
    fn from(error: tokio::task::JoinError) -> JoinError {
        JoinError(Repr::Tokio(error))
    }
}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(if error.is_panic() { "task panicked" } else { "task was cancelled" })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Tokio(error) => error.fmt(f),
            Repr::Cancelled(id) => write!(f, "task {id} was cancelled"),
            Repr::Panic { id, message: Some(message), .. } => {
                write!(f, "task {id} panicked with message {message:?}")
            }
            Repr::Panic { id, message: None, .. } => write!(f, "task {id} panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Tokio(error) => error.fmt(f),
            Repr::Cancelled(id) => write!(f, "JoinError::Cancelled({id:?})"),
            Repr::Panic { id, message: Some(message), .. } => {
                write!(f, "JoinError::Panic({id:?}, {message:?}, ...)")
            }
            Repr::Panic { id, message: None, .. } => write!(f, "JoinError::Panic({id:?}, ...)"),
        }
    }
}

impl Error for JoinError {}

/// A panic of a task of a run, on its way to whoever awaits the task. It is a finding if it does
/// not get there.
pub(super) struct Panicked(Option<(Payload, CaughtPanic)>);

impl Panicked {
    /// The panic that was caught last.
    pub(super) fn new(payload: Payload) -> Panicked {
        let caught = CaughtPanic::new(&*payload);
        unpick_sim::event!("panicked: {}", caught.message());
        Panicked(Some((payload, caught)))
    }

    /// Somebody awaited it.
    pub(super) fn handled(mut self) -> Payload {
        let (payload, _caught) = self.0.take().expect("it is handled once");
        payload
    }
}

impl Drop for Panicked {
    fn drop(&mut self) {
        if let Some((payload, caught)) = self.0.take() {
            caught.fail();
            drop(payload);
        }
    }
}
