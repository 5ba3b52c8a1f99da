//! The side that watches.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{RecvError, Ref, Shared, State};
use crate::instrumented::Waiting;
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Sees the last value, and waits for it to change. It can be cloned; a clone has seen what the
/// original has.
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
        self.shared.borrow("borrow")
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
    /// If it is not, and all senders are gone.
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
        self.shared.base.lock().has_changed(self.seen)
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
        Changed::new(shared, seen, Location::caller())
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
    pub fn wait_for<P>(
        &mut self,
        mut predicate: P,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> + use<'_, T, P>
    where
        P: FnMut(&T) -> bool,
    {
        let site = Location::caller();
        let Receiver { shared, seen } = self;
        let shared = &**shared;
        async move {
            loop {
                // The value that is returned is the very one that the predicate has seen.
                let value = shared.see("borrow_and_update", seen);
                if predicate(&value) {
                    return Ok(value);
                }
                drop(value);
                Changed::new(shared, seen, site).await?;
            }
        }
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

impl<'a, T> Changed<'a, T> {
    const fn new(
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        site: &'static Location<'static>,
    ) -> Changed<'a, T> {
        Changed { shared, seen, waiting: Waiting::new("changed", Access::Read, site) }
    }
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Changed { shared, seen, waiting } = &mut *self;
        let attempt = |state: &mut State, _woken: Option<()>| match state.has_changed(**seen) {
            Ok(false) => None,
            Ok(true) => {
                **seen = state.version;
                Some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        };
        let polled = shared.base.poll(waiting, cx, State::changing, attempt);
        polled.map(|changed| {
            shared.base.object.observe();
            changed
        })
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        let base = &self.shared.base;
        base.cancel(&mut self.waiting, State::changing, |_, ()| ());
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
