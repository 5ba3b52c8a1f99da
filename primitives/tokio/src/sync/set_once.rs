//! The cell that is set once, and can be waited for.

use std::future::Future;
use std::panic::Location;

use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Object, is_inside_run};

use super::SetOnceError;
use super::cell::filled_once;
use super::waiting::{Announced, Waiting};
use super::waking::Call;

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "wait", by: &["set"], owed: &[] }];

/// A value that is set once and can be waited for: tokio's [`SetOnce`](real::SetOnce).
///
/// # Examples
/// ```
/// use std::rc::Rc;
/// use unpick_sim::{Run, spawn};
/// use unpick_tokio::sync::SetOnce;
///
/// let outcome = Run::new().execute(|| async {
///     let port = Rc::new(SetOnce::new());
///     let server = port.clone();
///     drop(spawn(async move { server.set(8080) }));
///     *port.wait().await
/// });
/// assert_eq!(outcome.result, Ok(8080));
/// ```
pub struct SetOnce<T> {
    object: Object,
    inner: real::SetOnce<T>,
}

filled_once!(SetOnce, "set_once", &CAUSES);

impl<T> SetOnce<T> {
    /// As tokio's [`set`](real::SetOnce::set).
    ///
    /// # Errors
    /// If it is set already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        if !is_inside_run() {
            return self.inner.set(value);
        }
        self.object.immediate("set", Access::Change);
        self.object.publish();
        let call = Call::begin();
        let set = self.inner.set(value);
        self.object.notified(call.woken());
        set
    }

    /// As tokio's [`wait`](real::SetOnce::wait).
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let waiting = Waiting::for_news("wait", Access::Read, Location::caller());
        Announced::new(&self.object, waiting, self.inner.wait())
    }
}
