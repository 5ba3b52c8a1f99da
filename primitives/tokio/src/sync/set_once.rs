//! The cell that is set once, and can be waited for.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Object, is_inside_run};

use super::SetOnceError;
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

#[track_caller]
const fn object() -> Object {
    Object::in_static("set_once").with_causes(&CAUSES)
}

impl<T> SetOnce<T> {
    /// As tokio's [`new`](real::SetOnce::new).
    #[track_caller]
    pub fn new() -> Self {
        SetOnce { object: object().registered(), inner: real::SetOnce::new() }
    }

    /// As tokio's [`const_new`](real::SetOnce::const_new).
    #[track_caller]
    pub const fn const_new() -> Self {
        SetOnce { object: object(), inner: real::SetOnce::const_new() }
    }

    /// As tokio's [`new_with`](real::SetOnce::new_with).
    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        SetOnce { object: object().registered(), inner: real::SetOnce::new_with(value) }
    }

    /// As tokio's [`const_new_with`](real::SetOnce::const_new_with).
    #[track_caller]
    pub const fn const_new_with(value: T) -> Self {
        SetOnce { object: object(), inner: real::SetOnce::const_new_with(value) }
    }

    /// As tokio's [`initialized`](real::SetOnce::initialized).
    #[track_caller]
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// As tokio's [`get`](real::SetOnce::get).
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.object.immediate("get", Access::Read);
        let value = self.inner.get();
        if value.is_some() {
            self.object.observe();
        }
        value
    }

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

    /// As tokio's [`into_inner`](real::SetOnce::into_inner).
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// As tokio's [`wait`](real::SetOnce::wait).
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let waiting = Waiting::for_news("wait", Access::Read, Location::caller());
        Announced::new(&self.object, waiting, self.inner.wait())
    }
}

impl<T> Default for SetOnce<T> {
    #[track_caller]
    fn default() -> SetOnce<T> {
        SetOnce::new()
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    #[track_caller]
    fn clone(&self) -> SetOnce<T> {
        SetOnce::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &SetOnce<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T> From<T> for SetOnce<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        SetOnce::new_with(Some(value))
    }
}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
