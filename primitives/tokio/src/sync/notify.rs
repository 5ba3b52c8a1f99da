//! Telling waiters that something happened.

mod notified;

use std::fmt;
use std::sync::Arc;

pub use notified::{Notified, OwnedNotified};
use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Object, Passage, Spurious, is_inside_run};

use super::waking::Call;

/// Who ends whose wait.
static CAUSES: [Cause; 1] =
    [Cause { wait: "notified", by: &["notify_one", "notify_last", "notify_waiters"], owed: &[] }];

/// What takes a notification, and what gives one.
static PASSAGE: Passage =
    Passage { takes: &["notified"], gives: &["notify_one", "notify_last", "notify_waiters"] };

/// Wakes one task, or all, without a value: tokio's [`Notify`](real::Notify).
///
/// Inside of a run a notification that nobody was there for is found when it is missed.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::Notify;
///
/// let outcome = Run::new().execute(|| async {
///     let ready = Notify::new();
///     ready.notify_waiters();
///     ready.notified().await;
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::LostWakeup);
/// ```
pub struct Notify {
    object: Object,
    inner: real::Notify,
}

#[track_caller]
const fn object() -> Object {
    let object = Object::in_static("notify").with_causes(&CAUSES).with_passage(&PASSAGE);
    object.with_spurious(Spurious::Notified)
}

impl Notify {
    /// As tokio's [`new`](real::Notify::new).
    #[track_caller]
    pub fn new() -> Notify {
        Notify { object: object().registered(), inner: real::Notify::new() }
    }

    /// As tokio's [`const_new`](real::Notify::const_new).
    #[track_caller]
    pub const fn const_new() -> Notify {
        Notify { object: object(), inner: real::Notify::const_new() }
    }

    /// As tokio's [`notified`](real::Notify::notified).
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified::new(self, std::panic::Location::caller())
    }

    /// As tokio's [`notified_owned`](real::Notify::notified_owned).
    #[track_caller]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified::new(self, std::panic::Location::caller())
    }

    /// As tokio's [`notify_one`](real::Notify::notify_one).
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify("notify_one", real::Notify::notify_one);
    }

    /// As tokio's [`notify_last`](real::Notify::notify_last).
    #[track_caller]
    pub fn notify_last(&self) {
        self.notify("notify_last", real::Notify::notify_last);
    }

    /// As tokio's [`notify_waiters`](real::Notify::notify_waiters).
    #[track_caller]
    pub fn notify_waiters(&self) {
        self.notify("notify_waiters", real::Notify::notify_waiters);
    }

    #[inline]
    #[track_caller]
    fn notify(&self, name: &'static str, notify: impl FnOnce(&real::Notify)) {
        if !is_inside_run() {
            return notify(&self.inner);
        }
        self.object.immediate(name, Access::Change);
        self.object.publish();
        let call = Call::begin();
        notify(&self.inner);
        self.object.notified(call.woken());
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Notify {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
