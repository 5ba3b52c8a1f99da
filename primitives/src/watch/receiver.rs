//! The side that watches.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{RecvError, Ref, Shared, State};
use crate::instrumented::Waiting;
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Sees the last value, and waits for it to change. It can be cloned; a clone has seen what the
/// original has.
///
/// # Examples
/// ```
/// use unpick_primitives::watch::{self, Receiver};
///
/// /// Returns as soon as the last value is big enough, or nobody can change it any more.
/// async fn until_done(mut percent: Receiver<u32>) -> u32 {
///     while *percent.borrow_and_update() < 100 && percent.changed().await.is_ok() {}
///     *percent.borrow()
/// }
///
/// let (sender, receiver) = watch::channel(0);
/// futures::executor::block_on(async {
///     let (seen, ()) = futures::join!(until_done(receiver), async {
///         sender.send_replace(50);
///         sender.send_replace(100);
///     });
///     assert_eq!(seen, 100);
/// });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that it has seen.
    seen: u64,
}

impl<T> Receiver<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>, seen: u64) -> Receiver<T> {
        Receiver { shared, seen }
    }

    /// Borrows the value. It does not count as seen.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_replace(2);
    /// assert_eq!(*receiver.borrow(), 2);
    /// assert_eq!(receiver.has_changed(), Ok(true));
    /// ```
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        let mut value = self.shared.borrow("borrow");
        // The version cannot move on while the value is borrowed.
        value.has_changed = self.shared.base.lock().version != self.seen;
        value
    }

    /// Borrows the value, which counts as seen.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_replace(2);
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.shared.see("borrow_and_update", &mut self.seen)
    }

    /// Whether the value is another than the one that was seen.
    ///
    /// # Errors
    /// If all senders are gone; the value may be another all the same.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::watch::{self, RecvError};
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// drop(sender);
    /// assert_eq!(receiver.has_changed(), Err(RecvError));
    /// ```
    #[track_caller]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.shared.base.object.immediate("has_changed", Access::Read);
        let state = self.shared.base.lock();
        if state.senders == 0 {
            return Err(RecvError);
        }
        Ok(state.version != self.seen)
    }

    /// Whether all senders are gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.shared.base.object.immediate("is_closed", Access::Read);
        self.shared.base.lock().senders == 0
    }

    /// Whether both watch the same value.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::watch::channel(1);
    /// assert!(receiver.same_channel(&sender.subscribe()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Counts the value as not seen.
    ///
    /// # Examples
    /// ```
    /// let (_sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// receiver.mark_changed();
    /// assert_eq!(receiver.has_changed(), Ok(true));
    /// ```
    pub fn mark_changed(&mut self) {
        // No version is ever reached that comes before the first.
        self.seen = u64::MAX;
    }

    /// Counts the value as seen.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_replace(2);
    /// receiver.mark_unchanged();
    /// assert_eq!(receiver.has_changed(), Ok(false));
    /// ```
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.base.lock().version;
    }

    /// Waits until the value is another than the one that was seen, and counts it as seen.
    ///
    /// # Cancel safety
    /// Dropping the future counts nothing as seen.
    ///
    /// # Errors
    /// If all senders are gone, and the last value was seen.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_replace(2);
    /// drop(sender);
    /// futures::executor::block_on(async {
    ///     assert!(receiver.changed().await.is_ok());
    ///     assert!(receiver.changed().await.is_err());
    /// });
    /// ```
    #[track_caller]
    pub fn changed(&mut self) -> Changed<'_, T> {
        let Receiver { shared, seen } = self;
        Changed { shared, seen, waiting: waiting(Location::caller()) }
    }

    /// Waits until the predicate holds for the value, which it may at once, and borrows it.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the receiver as it is, but for values that count as seen.
    ///
    /// # Errors
    /// If all senders are gone, and the predicate does not hold for the last value.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// futures::executor::block_on(async {
    ///     let (seen, ()) = futures::join!(
    ///         async { receiver.wait_for(|value| *value > 1).await.map(|value| *value) },
    ///         async { sender.send_modify(|value| *value = 5) },
    ///     );
    ///     assert_eq!(seen, Ok(5));
    /// });
    /// ```
    #[track_caller]
    pub fn wait_for<P>(&mut self, predicate: P) -> WaitFor<'_, T, P>
    where
        P: FnMut(&T) -> bool,
    {
        let Receiver { shared, seen } = self;
        WaitFor { shared, seen, predicate, site: Location::caller(), waiting: None }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.base.lock().receivers += 1;
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let base = &self.shared.base;
        base.object.immediate("drop receiver", Access::Change);
        base.object.publish();
        let woken = {
            let mut state = base.lock();
            state.receivers -= 1;
            match state.receivers {
                0 => state.closing.grant_all(()),
                _ => Wakeups::none(),
            }
        };
        woken.wake();
    }
}

/// The future of [`Receiver::changed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Changed<'a, T> {
    shared: &'a Shared<T>,
    seen: &'a mut u64,
    waiting: Waiting,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Changed { shared, seen, waiting } = &mut *self;
        shared.poll_changed(seen, waiting, cx)
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.shared.base.cancel(&mut self.waiting, State::changing, |_, ()| ());
    }
}

/// The future of [`Receiver::wait_for`].
#[must_use = "futures do nothing unless they are polled"]
pub struct WaitFor<'a, T, P> {
    shared: &'a Shared<T>,
    seen: &'a mut u64,
    predicate: P,
    site: &'static Location<'static>,
    /// `None` while the value is to be looked at.
    waiting: Option<Waiting>,
}

// The predicate is never pinned: it is called by reference.
impl<T, P> Unpin for WaitFor<'_, T, P> {}

impl<'a, T, P: FnMut(&T) -> bool> Future for WaitFor<'a, T, P> {
    type Output = Result<Ref<'a, T>, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let WaitFor { shared, seen, predicate, site, waiting: wait } = &mut *self;
        loop {
            if wait.is_none() {
                // The value that is returned is the very one that the predicate has seen.
                let value = shared.see("borrow_and_update", seen);
                if predicate(&value) {
                    return Poll::Ready(Ok(value));
                }
            }
            let changing = wait.get_or_insert_with(|| waiting(site));
            ready!(shared.poll_changed(seen, changing, cx))?;
            *wait = None;
        }
    }
}

impl<T, P> Drop for WaitFor<'_, T, P> {
    fn drop(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            self.shared.base.cancel(waiting, State::changing, |_, ()| ());
        }
    }
}

const fn waiting(site: &'static Location<'static>) -> Waiting {
    Waiting::new("changed", Access::Read, site)
}

impl<T> Shared<T> {
    fn poll_changed(
        &self,
        seen: &mut u64,
        waiting: &mut Waiting,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), RecvError>> {
        let attempt = |state: &mut State, _woken: Option<()>| match state.has_changed(*seen) {
            Ok(false) => None,
            Ok(true) => {
                *seen = state.version;
                Some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        };
        let polled = self.base.poll(waiting, cx, State::changing, attempt);
        polled.map(|changed| {
            self.base.object.observe();
            changed
        })
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show(f, "watch::Receiver")
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show(f, "watch::Changed")
    }
}

impl<T, P> fmt::Debug for WaitFor<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show(f, "watch::WaitFor")
    }
}
