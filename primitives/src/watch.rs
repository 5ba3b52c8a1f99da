//! A value that many watch: after tokio's `watch`.
//!
//! Receivers see the last value alone, and wait for it to change; what came in between is not
//! kept. Reading borrows the value under a lock of the operating system's: a [`Ref`] that is
//! kept holds up whoever sends. So keep it for a moment, and never over an await. Inside of a
//! run, where nobody else could ever end it, sending while a [`Ref`] exists panics instead.

mod receiver;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use receiver::{Changed, Receiver, WaitFor};
pub use value::Ref;

use self::value::Value;
use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 2] = [
    Cause {
        wait: "changed",
        by: &["send", "send_replace", "send_modify", "send_if_modified", "drop sender"],
        owed: &[],
    },
    Cause { wait: "closed", by: &["drop receiver"], owed: &[] },
];

/// Makes a channel with its first value, which the receiver has seen.
///
/// # Examples
/// ```
/// use unpick_primitives::watch;
///
/// let (sender, mut receiver) = watch::channel("old");
/// futures::executor::block_on(async {
///     let (changed, sent) = futures::join!(receiver.changed(), async { sender.send("new") });
///     assert_eq!((changed, sent), (Ok(()), Ok(())));
/// });
/// assert_eq!(*receiver.borrow(), "new");
/// ```
#[track_caller]
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    make(Instrumented::new("watch", State::new()).with_causes(&CAUSES), value)
}

/// Makes a channel with a name, for traces, reports and `Debug`.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::watch::named_channel("config", 1);
/// assert_eq!(format!("{sender:?}"), "<watch::Sender config [version:0, receivers:1]>");
/// ```
#[track_caller]
pub fn named_channel<T>(name: impl Into<Cow<'static, str>>, value: T) -> (Sender<T>, Receiver<T>) {
    let mut base = Instrumented::new("watch", State::new()).with_causes(&CAUSES);
    base.set_name(name);
    make(base, value)
}

fn make<T>(base: Instrumented<State>, value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared { base, value: Value::new(value) });
    (Sender { shared: shared.clone() }, Receiver::new(shared, 0))
}

struct Shared<T> {
    base: Instrumented<State>,
    value: Value<T>,
}

struct State {
    /// How often the value was changed.
    version: u64,
    senders: usize,
    receivers: usize,
    changing: Waiters,
    /// Senders that wait for all receivers to go.
    closing: Waiters,
}

impl State {
    const fn new() -> State {
        State {
            version: 0,
            senders: 1,
            receivers: 1,
            changing: Waiters::new(),
            closing: Waiters::new(),
        }
    }

    const fn changing(&mut self) -> &mut Waiters {
        &mut self.changing
    }

    const fn closing(&mut self) -> &mut Waiters {
        &mut self.closing
    }

    /// Whether the value is another than the one that was seen; if not, whether it will never be.
    const fn has_changed(&self, seen: u64) -> Result<bool, RecvError> {
        match (self.version != seen, self.senders) {
            (false, 0) => Err(RecvError),
            (has_changed, _) => Ok(has_changed),
        }
    }
}

/// Changes the value. It can be cloned.
///
/// # Examples
/// ```
/// let (progress, watching) = unpick_primitives::watch::channel(0);
/// for percent in [10, 50, 100] {
///     // Sending never waits: who watches sees the last one.
///     progress.send_replace(percent);
/// }
/// assert_eq!(*watching.borrow(), 100);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes a channel that nobody watches yet.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::watch::Sender;
    ///
    /// let sender = Sender::new(0);
    /// assert!(sender.is_closed());
    /// let mut receiver = sender.subscribe();
    /// assert_eq!(sender.send(1), Ok(()));
    /// assert_eq!(*receiver.borrow_and_update(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(value: T) -> Sender<T> {
        let state = State { receivers: 0, ..State::new() };
        let base = Instrumented::new("watch", state).with_causes(&CAUSES);
        Sender { shared: Arc::new(Shared { base, value: Value::new(value) }) }
    }

    /// Sends a value.
    ///
    /// # Errors
    /// If there are no receivers: the value comes back.
    ///
    /// # Panics
    /// Inside of a run, if a [`Ref`] exists.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// assert_eq!(sender.send(2), Ok(()));
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.shared.base.lock().receivers == 0 {
            self.shared.base.object.immediate("send", Access::Change);
            return Err(SendError(value));
        }
        let _old = self.replace("send", value);
        Ok(())
    }

    /// Sends a value, receivers or not, and returns the old one.
    ///
    /// # Panics
    /// Inside of a run, if a [`Ref`] exists.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// ```
    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        self.replace("send_replace", value)
    }

    /// Changes the value in place, receivers or not.
    ///
    /// # Panics
    /// If `modify` does: then nobody is told. Inside of a run, if a [`Ref`] exists.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_modify(|value| *value += 1);
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    #[track_caller]
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.change("send_modify", |value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place, and tells the receivers only if `modify` says that it did.
    ///
    /// # Panics
    /// As [`send_modify`](Self::send_modify).
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// assert!(!sender.send_if_modified(|_| false));
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    #[track_caller]
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        self.change("send_if_modified", modify)
    }

    /// Borrows the value.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// assert_eq!(*sender.borrow(), 1);
    /// ```
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.borrow("borrow")
    }

    /// Makes a receiver that has seen the value as it is.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// assert_eq!(sender.subscribe().has_changed(), Ok(false));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.base.object.immediate("subscribe", Access::Change);
        let version = {
            let mut state = self.shared.base.lock();
            state.receivers += 1;
            state.version
        };
        Receiver::new(self.shared.clone(), version)
    }

    /// Waits until there are no receivers.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        let waiting = Waiting::new("closed", Access::Read, Location::caller());
        Closed { sender: self, waiting }
    }

    /// Whether there are no receivers.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// How many receivers there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// assert_eq!(sender.receiver_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.shared.base.object.immediate("receiver_count", Access::Read);
        self.shared.base.lock().receivers
    }

    /// How many senders there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// let _other = sender.clone();
    /// assert_eq!(sender.sender_count(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sender_count(&self) -> usize {
        self.shared.base.object.immediate("sender_count", Access::Read);
        self.shared.base.lock().senders
    }

    /// Whether both change the same value.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::watch::channel(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    #[track_caller]
    fn replace(&self, name: &'static str, mut value: T) -> T {
        self.change(name, |current| {
            std::mem::swap(current, &mut value);
            true
        });
        value
    }

    #[track_caller]
    fn change(&self, name: &'static str, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let Shared { base, value } = &*self.shared;
        base.object.immediate(name, Access::Change);
        let mut value = value.write(&base.object);
        if !modify(&mut value) {
            return false;
        }
        base.object.publish();
        let woken = {
            let mut state = base.lock();
            state.version += 1;
            state.changing.grant_all(())
        };
        drop(value);
        base.object.notified(woken.len());
        woken.wake();
        true
    }
}

impl<T> Shared<T> {
    #[track_caller]
    fn borrow(&self, name: &'static str) -> Ref<'_, T> {
        self.base.object.immediate(name, Access::Read);
        let value = self.value.read(&self.base.object);
        self.base.object.observe();
        value
    }

    #[track_caller]
    fn see(&self, name: &'static str, seen: &mut u64) -> Ref<'_, T> {
        let mut value = self.borrow(name);
        // The version cannot move on while the value is borrowed.
        let version = self.base.lock().version;
        value.has_changed = std::mem::replace(seen, version) != version;
        value
    }
}

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Sender<T> {
        Sender::new(T::default())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.base.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let base = &self.shared.base;
        base.object.immediate("drop sender", Access::Change);
        base.object.publish();
        let woken = {
            let mut state = base.lock();
            state.senders -= 1;
            match state.senders {
                0 => state.changing.grant_all(()),
                _ => Wakeups::none(),
            }
        };
        woken.wake();
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Closed<'a, T> {
    sender: &'a Sender<T>,
    waiting: Waiting,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Closed { sender, waiting } = &mut *self;
        let base = &sender.shared.base;
        let attempt = |state: &mut State, _woken: Option<()>| (state.receivers == 0).then_some(());
        base.poll(waiting, cx, State::closing, attempt).map(|()| base.object.observe())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.sender.shared.base.cancel(&mut self.waiting, State::closing, |_, ()| ());
    }
}

impl<T> Shared<T> {
    fn show(&self, f: &mut fmt::Formatter<'_>, kind: &str) -> fmt::Result {
        let (version, receivers) = {
            let state = self.base.lock();
            (state.version, Count("receivers", state.receivers))
        };
        show(f, kind, &self.base.object, format_args!("version:{version}{receivers}"))
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show(f, "watch::Sender")
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Closed of {:?}>", self.sender)
    }
}

/// There are no receivers. Gives the value back.
///
/// # Examples
/// ```
/// let (sender, receiver) = unpick_primitives::watch::channel(1);
/// drop(receiver);
/// let error = sender.send(2).unwrap_err();
/// assert_eq!(error.to_string(), "the channel has no receivers");
/// assert_eq!(error.0, 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

// Whatever the value is, so that a result can be unwrapped.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel has no receivers")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// All senders are gone, and the last value was seen.
///
/// # Examples
/// ```
/// use unpick_primitives::watch::{self, RecvError};
///
/// let (sender, mut receiver) = watch::channel(1);
/// drop(sender);
/// assert_eq!(futures::executor::block_on(receiver.changed()), Err(RecvError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl std::error::Error for RecvError {}
