//! Telling waiters that something happened: after tokio's `Notify`.
//!
//! [`notify_one`](Notify::notify_one) wakes the waiter that has waited longest; if nobody waits
//! it is stored, once, and lets the next one through. [`notify_waiters`](Notify::notify_waiters)
//! wakes everybody whose [`Notified`] exists, polled or not, and stores nothing. A waiter waits
//! from its first poll on, or from [`enable`](Notified::enable).
//!
//! A waiter that `notify_one` or `notify_last` has woken and that is dropped before it returns
//! passes the notification on, to the first or the last as before, or has it stored again.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause, Passage, Spurious};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 1] =
    [Cause { wait: "notified", by: &["notify_one", "notify_last", "notify_waiters"], owed: &[] }];

/// What moves things through it.
static PASSAGE: Passage =
    Passage { takes: &["notified"], gives: &["notify_one", "notify_last", "notify_waiters"] };

/// Wakes one task, or all, without a value.
///
/// # Examples
/// ```
/// use unpick_primitives::Notify;
///
/// let work = Notify::new().named("work");
/// futures::executor::block_on(async {
///     work.notify_one();
///     work.notified().await;
///     futures::join!(work.notified(), async { work.notify_waiters() });
/// });
/// ```
pub struct Notify {
    base: Instrumented<State>,
}

struct State {
    /// Whether a `notify_one` found nobody and is stored.
    is_stored: bool,
    /// How often everybody was woken.
    broadcasts: u64,
    waiters: Waiters<Reason>,
}

/// How a waiter was woken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// By a `notify_one`, which is not to be lost.
    One,
    /// By a `notify_last`, which is not to be lost either, and looks for the last again.
    Last,
    /// With everybody else.
    All,
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters<Reason> {
        &mut self.waiters
    }

    fn notify_one(&mut self) -> Wakeups {
        let woken = Wakeups::from(self.waiters.grant_first(Reason::One).ok());
        self.is_stored |= woken.len() == 0;
        woken
    }

    fn notify_last(&mut self) -> Wakeups {
        let woken = Wakeups::from(self.waiters.grant_last(Reason::Last).ok());
        self.is_stored |= woken.len() == 0;
        woken
    }

    fn notify_waiters(&mut self) -> Wakeups {
        self.broadcasts += 1;
        self.waiters.grant_all(Reason::All)
    }

    /// Whether who exists since that many broadcasts goes on without waiting.
    fn try_pass(&mut self, since: u64) -> Option<Reason> {
        if self.broadcasts != since {
            return Some(Reason::All);
        }
        std::mem::take(&mut self.is_stored).then_some(Reason::One)
    }

    fn pass_on(&mut self, reason: Reason) -> Wakeups {
        match reason {
            Reason::One => self.notify_one(),
            Reason::Last => self.notify_last(),
            Reason::All => Wakeups::none(),
        }
    }
}

impl Notify {
    /// Makes one with nothing stored.
    ///
    /// # Examples
    /// ```
    /// let notify = unpick_primitives::Notify::new();
    /// assert_eq!(format!("{notify:?}"), "<Notify [empty]>");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new() -> Notify {
        let state = State { is_stored: false, broadcasts: 0, waiters: Waiters::new() };
        Notify {
            base: Instrumented::new("notify", state)
                .with_causes(&CAUSES)
                .with_passage(&PASSAGE)
                .with_spurious_wakes(Spurious::Notified),
        }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let notify = unpick_primitives::Notify::new().named("work");
    /// notify.notify_one();
    /// assert_eq!(format!("{notify:?}"), "<Notify work [stored]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Notify {
        self.base.set_name(name);
        self
    }

    /// Waits until it is notified.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue; a `notify_one` that it got meanwhile
    /// goes to the next, or is stored.
    ///
    /// # Examples
    /// ```
    /// use futures::FutureExt;
    ///
    /// let notify = unpick_primitives::Notify::new();
    /// assert_eq!(notify.notified().now_or_never(), None);
    /// notify.notify_one();
    /// assert_eq!(notify.notified().now_or_never(), Some(()));
    /// ```
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        BaseNotified::new(self, Location::caller())
    }

    /// Waits until it is notified, and keeps it alive meanwhile.
    ///
    /// # Cancel safety
    /// As of [`notified`](Self::notified).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// let notify = Arc::new(unpick_primitives::Notify::new());
    /// let notified = notify.clone().notified_owned();
    /// notify.notify_waiters();
    /// let waiting = std::thread::spawn(|| futures::executor::block_on(notified));
    /// waiting.join().expect("it does not panic");
    /// ```
    #[track_caller]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        BaseNotified::new(self, Location::caller())
    }

    /// Wakes the waiter that has waited longest, or stores the notification for the next one.
    ///
    /// # Examples
    /// ```
    /// let notify = unpick_primitives::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// futures::executor::block_on(notify.notified());
    /// assert_eq!(format!("{notify:?}"), "<Notify [empty]>", "stored once");
    /// ```
    #[track_caller]
    pub fn notify_one(&self) {
        self.base.object.immediate("notify_one", Access::Change);
        self.notify(State::notify_one);
    }

    /// Wakes the waiter that came last, or stores the notification for the next one.
    ///
    /// # Examples
    /// ```
    /// let notify = unpick_primitives::Notify::new();
    /// notify.notify_last();
    /// futures::executor::block_on(notify.notified());
    /// ```
    #[track_caller]
    pub fn notify_last(&self) {
        self.base.object.immediate("notify_last", Access::Change);
        self.notify(State::notify_last);
    }

    /// Wakes everybody whose [`Notified`] exists, and stores nothing.
    ///
    /// # Examples
    /// ```
    /// use futures::FutureExt;
    ///
    /// let notify = unpick_primitives::Notify::new();
    /// let early = notify.notified();
    /// notify.notify_waiters();
    /// assert_eq!(early.now_or_never(), Some(()));
    /// assert_eq!(notify.notified().now_or_never(), None);
    /// ```
    #[track_caller]
    pub fn notify_waiters(&self) {
        self.base.object.immediate("notify_waiters", Access::Change);
        self.notify(State::notify_waiters);
    }

    fn notify(&self, notify: fn(&mut State) -> Wakeups) {
        self.base.object.publish();
        let woken = notify(&mut self.base.lock());
        self.base.object.notified(woken.len());
        woken.wake();
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Notify {
        Notify::new()
    }
}

/// The future of [`Notify::notified`]. Once it has returned it does so whenever it is polled.
pub type Notified<'a> = BaseNotified<&'a Notify>;

/// The future of [`Notify::notified_owned`]. Once it has returned it does so whenever it is polled.
pub type OwnedNotified = BaseNotified<Arc<Notify>>;

/// The future of [`Notify::notified`] and [`Notify::notified_owned`]. Once it has returned it does
/// so whenever it is polled.
#[must_use = "futures do nothing unless they are polled"]
pub struct BaseNotified<N: Deref<Target = Notify>> {
    notify: N,
    waiting: Waiting,
    /// How often everybody had been woken when this was made.
    since: u64,
}

impl<N: Deref<Target = Notify> + Unpin> BaseNotified<N> {
    fn new(notify: N, site: &'static Location<'static>) -> Self {
        let waiting = Waiting::new("notified", Access::Change, site);
        let since = notify.base.lock().broadcasts;
        BaseNotified { notify, waiting, since }
    }

    /// Begins to wait without being polled: from here on it gets a `notify_one`. Says whether it
    /// was notified already; then it has returned, in effect: awaiting it returns at once, and
    /// dropping it passes nothing on.
    ///
    /// # Examples
    /// ```
    /// use futures::FutureExt;
    /// use std::pin::pin;
    ///
    /// let notify = unpick_primitives::Notify::new();
    /// let mut notified = pin!(notify.notified());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// assert!(notified.as_mut().enable());
    /// assert_eq!(notified.now_or_never(), Some(()));
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let BaseNotified { notify, waiting, since } = &mut *self;
        notify.base.object.immediate("enable", Access::Change);
        if waiting.is_over() {
            return true;
        }
        let mut state = notify.base.lock();
        let reason = match waiting.is_queued() {
            true => waiting.take_granted(&mut state.waiters),
            false => state.try_pass(*since),
        };
        if reason.is_none() && !waiting.is_queued() {
            waiting.enqueue(&mut state.waiters);
        }
        drop(state);
        if reason.is_some() {
            notify.base.end(waiting);
            notify.base.object.observe();
        }
        reason.is_some()
    }
}

impl<N: Deref<Target = Notify> + Unpin> Future for BaseNotified<N> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let BaseNotified { notify, waiting, since } = &mut *self;
        if waiting.is_over() || notify.base.ends_by_hand(waiting, State::waiters) {
            return Poll::Ready(());
        }
        let attempt =
            |state: &mut State, granted: Option<Reason>| granted.or_else(|| state.try_pass(*since));
        let polled = notify.base.poll(waiting, cx, State::waiters, attempt);
        polled.map(|_reason| notify.base.object.observe())
    }
}

impl<N: Deref<Target = Notify>> Drop for BaseNotified<N> {
    fn drop(&mut self) {
        let base = &self.notify.base;
        let woken = base.cancel(&mut self.waiting, State::waiters, State::pass_on);
        woken.into_iter().for_each(Wakeups::wake);
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_stored, waiters) = {
            let state = self.base.lock();
            (state.is_stored, Count("waiters", state.waiters.len()))
        };
        let stored = if is_stored { "stored" } else { "empty" };
        show(f, "Notify", &self.base.object, format_args!("{stored}{waiters}"))
    }
}

impl<N: Deref<Target = Notify>> fmt::Debug for BaseNotified<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Notified of {:?}>", *self.notify)
    }
}
