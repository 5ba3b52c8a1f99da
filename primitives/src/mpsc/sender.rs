//! The side that sends, as far as it is the same for both kinds of channel.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Bound;
use super::state::{Shared, State, show_end};
use crate::instrumented::Waiting;
use crate::probe::Access;

/// Sends messages into a channel: a [`Sender`](super::Sender) or an
/// [`UnboundedSender`](super::UnboundedSender). It can be cloned.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::channel(2);
/// let other = sender.clone();
/// assert_eq!(sender.try_send("from one"), Ok(()));
/// assert_eq!(other.try_send("from another"), Ok(()));
/// assert_eq!(receiver.try_recv(), Ok("from one"));
/// ```
pub struct BaseSender<T, B: Bound> {
    pub(super) shared: Shared<T>,
    bound: PhantomData<B>,
}

impl<T, B: Bound> BaseSender<T, B> {
    /// One that is counted already.
    pub(super) const fn counted(shared: Shared<T>) -> Self {
        BaseSender { shared, bound: PhantomData }
    }

    /// Waits until the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        let waiting = Waiting::new("closed", Access::Read, Location::caller());
        Closed { shared: &self.shared, waiting }
    }

    /// Whether the receiver is closed or gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.shared.object.immediate("is_closed", Access::Read);
        self.shared.lock().is_closed()
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Makes a sender that does not keep the channel open.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> BaseWeakSender<T, B> {
        BaseWeakSender::new(&self.shared)
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// let _other = sender.clone();
    /// assert_eq!(sender.strong_count(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.shared.object.immediate("strong_count", Access::Read);
        self.shared.lock().senders()
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.shared.object.immediate("weak_count", Access::Read);
        self.shared.lock().weak_senders()
    }
}

impl<T, B: Bound> Clone for BaseSender<T, B> {
    fn clone(&self) -> Self {
        self.shared.lock().add_sender();
        BaseSender::counted(self.shared.clone())
    }
}

impl<T, B: Bound> Drop for BaseSender<T, B> {
    fn drop(&mut self) {
        self.shared.object.immediate("drop sender", Access::Change);
        self.shared.object.publish();
        let woken = self.shared.lock().remove_sender();
        woken.wake();
    }
}

/// Becomes a sender while there are others: a [`WeakSender`](super::WeakSender) or a
/// [`WeakUnboundedSender`](super::WeakUnboundedSender). The receiver does not wait for it.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::channel::<u8>(1);
/// let _weak = sender.downgrade();
/// drop(sender);
/// assert_eq!(futures::executor::block_on(receiver.recv()), None);
/// ```
pub struct BaseWeakSender<T, B: Bound> {
    shared: Shared<T>,
    bound: PhantomData<B>,
}

impl<T, B: Bound> BaseWeakSender<T, B> {
    fn new(shared: &Shared<T>) -> Self {
        shared.lock().add_weak_sender();
        BaseWeakSender { shared: shared.clone(), bound: PhantomData }
    }

    /// Makes a sender, if there still is one.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// let again = sender.downgrade().upgrade().expect("`sender` is there");
    /// assert_eq!(again.try_send(1), Ok(()));
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<BaseSender<T, B>> {
        self.shared.object.immediate("upgrade", Access::Change);
        let mut state = self.shared.lock();
        if state.senders() == 0 {
            return None;
        }
        state.add_sender();
        drop(state);
        Some(BaseSender::counted(self.shared.clone()))
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let weak = sender.downgrade();
    /// drop(sender);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.shared.object.immediate("strong_count", Access::Read);
        self.shared.lock().senders()
    }

    /// How many weak senders there are, with this one.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// assert_eq!(sender.downgrade().weak_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.shared.object.immediate("weak_count", Access::Read);
        self.shared.lock().weak_senders()
    }
}

impl<T, B: Bound> Clone for BaseWeakSender<T, B> {
    fn clone(&self) -> Self {
        BaseWeakSender::new(&self.shared)
    }
}

impl<T, B: Bound> Drop for BaseWeakSender<T, B> {
    fn drop(&mut self) {
        self.shared.lock().remove_weak_sender();
    }
}

/// The future of [`BaseSender::closed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Closed<'a, T> {
    shared: &'a Shared<T>,
    waiting: Waiting,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Closed { shared, waiting } = &mut *self;
        let attempt = |state: &mut State<T>, _woken: Option<()>| state.is_closed().then_some(());
        let polled = shared.poll(waiting, cx, State::closing, attempt);
        polled.map(|()| shared.object.observe())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.shared.cancel(&mut self.waiting, State::closing, |_, ()| ());
    }
}

impl<T, B: Bound> fmt::Debug for BaseSender<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, B::SENDER, &self.shared)
    }
}

impl<T, B: Bound> fmt::Debug for BaseWeakSender<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, B::WEAK_SENDER, &self.shared)
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::Closed", self.shared)
    }
}
