//! A flag that tasks wait for: asyncio's `Event`.
//!
//! Setting it wakes everybody who waits. They have then been let through: whoever was woken
//! returns even if the flag is cleared before it has run. Whoever comes later passes while the
//! flag is set and waits while it is not. There is nothing to compete for, so nothing is passed
//! on when a waiter is dropped.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause, Spurious};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "wait", by: &["set"], owed: &[] }];

/// A flag, unset at first, whose setting wakes all who wait for it.
///
/// # Examples
/// ```
/// use unpick_primitives::Event;
///
/// let ready = Event::new().named("ready");
/// futures::executor::block_on(async {
///     futures::join!(ready.wait(), async { ready.set() });
/// });
/// assert_eq!(format!("{ready:?}"), "<Event ready [set]>");
/// ```
pub struct Event {
    base: Instrumented<State>,
}

struct State {
    is_set: bool,
    waiters: Waiters,
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }

    fn set(&mut self) -> Wakeups {
        if self.is_set {
            return Wakeups::none();
        }
        self.is_set = true;
        self.waiters.grant_all(())
    }
}

impl Event {
    /// Makes an event that is not set.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Event::new().is_set());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new() -> Event {
        let state = State { is_set: false, waiters: Waiters::new() };
        Event {
            base: Instrumented::new("event", state)
                .with_causes(&CAUSES)
                .with_spurious_wakes(Spurious::Unheard),
        }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let event = unpick_primitives::Event::new().named("closed");
    /// assert_eq!(format!("{event:?}"), "<Event closed [unset]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Event {
        self.base.set_name(name);
        self
    }

    /// Whether the flag is set.
    ///
    /// # Examples
    /// ```
    /// let event = unpick_primitives::Event::new();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_set(&self) -> bool {
        self.base.object.immediate("is_set", Access::Read);
        let is_set = self.base.lock().is_set;
        if is_set {
            self.base.object.observe();
        }
        is_set
    }

    /// Sets the flag, and wakes everybody who waits for it.
    ///
    /// # Examples
    /// ```
    /// let event = unpick_primitives::Event::new();
    /// event.set();
    /// futures::executor::block_on(event.wait());
    /// ```
    #[track_caller]
    pub fn set(&self) {
        self.base.object.immediate("set", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().set();
        self.base.object.notified(woken.len());
        woken.wake();
    }

    /// Clears the flag: whoever waits from here on waits for the next [`set`](Self::set).
    ///
    /// # Examples
    /// ```
    /// let event = unpick_primitives::Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    #[track_caller]
    pub fn clear(&self) {
        self.base.object.immediate("clear", Access::Change);
        self.base.lock().is_set = false;
    }

    /// Waits until the flag is set, or has been set since.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the event or on others.
    ///
    /// # Examples
    /// ```
    /// use futures::FutureExt;
    ///
    /// let event = unpick_primitives::Event::new();
    /// assert_eq!(event.wait().now_or_never(), None);
    /// event.set();
    /// assert_eq!(event.wait().now_or_never(), Some(()));
    /// ```
    #[track_caller]
    pub fn wait(&self) -> EventWait<'_> {
        let waiting = Waiting::new("wait", Access::Read, Location::caller());
        EventWait { event: self, waiting }
    }
}

impl Default for Event {
    #[track_caller]
    fn default() -> Event {
        Event::new()
    }
}

/// The future of [`Event::wait`].
#[must_use = "futures do nothing unless they are polled"]
pub struct EventWait<'a> {
    event: &'a Event,
    waiting: Waiting,
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let EventWait { event, waiting } = &mut *self;
        if event.base.ends_by_hand(waiting, State::waiters) {
            return Poll::Ready(());
        }
        let attempt =
            |state: &mut State, granted: Option<()>| granted.or_else(|| state.is_set.then_some(()));
        let polled = event.base.poll(waiting, cx, State::waiters, attempt);
        polled.map(|()| event.base.object.observe())
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        self.event.base.cancel(&mut self.waiting, State::waiters, |_, ()| ());
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_set, waiters) = {
            let state = self.base.lock();
            (state.is_set, Count("waiters", state.waiters.len()))
        };
        let set = if is_set { "set" } else { "unset" };
        show(f, "Event", &self.base.object, format_args!("{set}{waiters}"))
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<EventWait of {:?}>", self.event)
    }
}
