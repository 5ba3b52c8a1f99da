//! The side that receives.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::state::{Shared, Stamped, State, show_end};
use super::{Bound, Bounded, TryRecvError};
use crate::instrumented::Waiting;
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Receives the messages of a channel: a [`Receiver`](super::Receiver) or an
/// [`UnboundedReceiver`](super::UnboundedReceiver).
///
/// # Examples
/// ```
/// let (sender, mut receiver) = unpick_primitives::mpsc::channel(2);
/// assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Ok(())));
/// drop(sender);
/// futures::executor::block_on(async {
///     let mut sum = 0;
///     while let Some(message) = receiver.recv().await {
///         sum += message;
///     }
///     assert_eq!(sum, 3);
/// });
/// ```
pub struct BaseReceiver<T, B: Bound> {
    shared: Shared<T>,
    /// What [`poll_recv`](Self::poll_recv) is at.
    polling: Option<Waiting>,
    bound: PhantomData<B>,
}

// A message is never pinned, and what is polled is not either.
impl<T, B: Bound> Unpin for BaseReceiver<T, B> {}

impl<T, B: Bound> BaseReceiver<T, B> {
    pub(super) const fn new(shared: Shared<T>) -> Self {
        BaseReceiver { shared, polling: None, bound: PhantomData }
    }

    /// Waits for a message, and takes it; `None` when no more can come.
    ///
    /// # Cancel safety
    /// Dropping the future takes no message.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// drop(sender);
    /// futures::executor::block_on(async {
    ///     assert_eq!(receiver.recv().await, Some(1));
    ///     assert_eq!(receiver.recv().await, None);
    /// });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv { shared: &self.shared, waiting: receiving(Location::caller()) }
    }

    /// Waits for messages, and moves as many as are there to the end of `buffer`, `limit` at the
    /// most. Returns how many: none when no more can come, or if the limit is zero.
    ///
    /// # Cancel safety
    /// Dropping the future takes no message.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(3);
    /// for message in 1..=3 {
    ///     assert_eq!(sender.try_send(message), Ok(()));
    /// }
    /// let mut buffer = vec![0];
    /// futures::executor::block_on(async {
    ///     assert_eq!(receiver.recv_many(&mut buffer, 2).await, 2);
    /// });
    /// assert_eq!(buffer, [0, 1, 2]);
    /// ```
    #[track_caller]
    pub fn recv_many<'a>(&'a mut self, buffer: &'a mut Vec<T>, limit: usize) -> RecvMany<'a, T> {
        let waiting = Waiting::new("recv_many", Access::Change, Location::caller());
        RecvMany { shared: &self.shared, buffer, limit, waiting }
    }

    /// Polls for a message: for streams, and other futures that are written by hand. The waker
    /// of the last call is woken.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    ///
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// let received = futures::executor::block_on(poll_fn(|cx| receiver.poll_recv(cx)));
    /// assert_eq!(received, Some(1));
    /// ```
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let caller = Location::caller();
        let waiting = self.polling.get_or_insert_with(|| receiving(caller));
        let received = ready!(self.shared.poll_recv(waiting, cx));
        self.polling = None;
        Poll::Ready(received)
    }

    /// Polls for messages, as [`poll_recv`](Self::poll_recv), and moves as many as are there to the
    /// end of `buffer`, `limit` at the most. Gives how many: none when no more can come, or if the
    /// limit is zero.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    ///
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(2);
    /// assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Ok(())));
    /// let mut buffer = Vec::new();
    /// let received = poll_fn(|cx| receiver.poll_recv_many(cx, &mut buffer, 9));
    /// assert_eq!(futures::executor::block_on(received), 2);
    /// assert_eq!(buffer, [1, 2]);
    /// ```
    #[track_caller]
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let caller = Location::caller();
        let waiting = self.polling.get_or_insert_with(|| receiving(caller));
        let received = ready!(self.shared.poll_recv_many(waiting, cx, buffer, limit));
        if limit > 0 {
            self.polling = None;
        }
        Poll::Ready(received)
    }

    /// Takes a message, if one is there.
    ///
    /// # Errors
    /// If none is: yet, or for ever.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = mpsc::channel::<u8>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.object.immediate("try_recv", Access::Change);
        let received = self.shared.lock().try_recv();
        let (message, woken) = received?;
        Ok(self.shared.has_received(message, woken))
    }

    /// Refuses messages from here on, but for places that are reserved. What is in the channel
    /// is still received.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// receiver.close();
    /// assert!(sender.try_send(1).is_err());
    /// ```
    #[track_caller]
    pub fn close(&mut self) {
        self.shared.object.immediate("close", Access::Change);
        self.shared.object.publish();
        let woken = self.shared.lock().close();
        woken.wake();
    }

    /// Whether it was closed, or all senders are gone. There may be messages left.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.shared.object.immediate("is_closed", Access::Read);
        let state = self.shared.lock();
        state.is_closed() || state.senders() == 0
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let _other = sender.clone();
    /// assert_eq!(receiver.sender_strong_count(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sender_strong_count(&self) -> usize {
        self.shared.object.immediate("sender_strong_count", Access::Read);
        self.shared.lock().senders()
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!(receiver.sender_weak_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sender_weak_count(&self) -> usize {
        self.shared.object.immediate("sender_weak_count", Access::Read);
        self.shared.lock().weak_senders()
    }

    /// How many messages are there.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// assert_eq!(receiver.len(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        self.shared.lock().len()
    }

    /// Whether no message is there.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> BaseReceiver<T, Bounded> {
    /// How many places are free.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::channel(2);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!((receiver.capacity(), receiver.max_capacity()), (1, 2));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.shared.object.immediate("capacity", Access::Read);
        self.shared.lock().places()
    }

    /// How many places there are.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::mpsc::channel::<u8>(2);
    /// assert_eq!(receiver.max_capacity(), 2);
    /// ```
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.shared.lock().places_max()
    }
}

impl<T, B: Bound> Drop for BaseReceiver<T, B> {
    fn drop(&mut self) {
        if let Some(waiting) = &mut self.polling {
            self.shared.cancel(waiting, State::receiving, |_, ()| ());
        }
        self.shared.object.immediate("drop receiver", Access::Change);
        self.shared.object.publish();
        let (unreceived, woken) = self.shared.lock().abandon();
        match unreceived.len() {
            0 => {}
            1 => self.shared.object.remark(|| "with 1 message in it".into()),
            left => self.shared.object.remark(|| format!("with {left} messages in it")),
        }
        woken.wake();
        drop(unreceived);
    }
}

const fn receiving(site: &'static Location<'static>) -> Waiting {
    Waiting::new("recv", Access::Change, site)
}

impl<T> crate::instrumented::Instrumented<State<T>> {
    /// Polls for a message; `None` when none can come any more.
    fn poll_recv(&self, waiting: &mut Waiting, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let attempt = |state: &mut State<T>, _woken: Option<()>| match state.try_recv() {
            Ok(received) => Some(Some(received)),
            Err(TryRecvError::Disconnected) => Some(None),
            Err(TryRecvError::Empty) => None,
        };
        let received = ready!(self.poll(waiting, cx, State::receiving, attempt));
        if received.is_none() {
            self.object.observe();
        }
        Poll::Ready(received.map(|(message, woken)| self.has_received(message, woken)))
    }

    /// Polls for messages; none when no more can come, and at once if none are wanted.
    fn poll_recv_many(
        &self,
        waiting: &mut Waiting,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
        let attempt = |state: &mut State<T>, _woken: Option<()>| match state.try_recv_many(limit) {
            Ok(received) => Some(Some(received)),
            Err(TryRecvError::Disconnected) => Some(None),
            Err(TryRecvError::Empty) => None,
        };
        let Some((received, woken)) = ready!(self.poll(waiting, cx, State::receiving, attempt))
        else {
            self.object.observe();
            return Poll::Ready(0);
        };
        let count = received.len();
        for (message, stamp) in received {
            stamp.observe();
            buffer.push(message);
        }
        self.object.publish();
        woken.wake_granted();
        Poll::Ready(count)
    }

    /// What follows when a message was received.
    fn has_received(&self, (message, stamp): Stamped<T>, woken: Wakeups) -> T {
        stamp.observe();
        // In a bounded channel, whoever sends next may have waited for this.
        self.object.publish();
        woken.wake_granted();
        message
    }
}

/// The future of [`BaseReceiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Recv<'a, T> {
    shared: &'a Shared<T>,
    waiting: Waiting,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Recv { shared, waiting } = &mut *self;
        shared.poll_recv(waiting, cx)
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        // There is one receiver: whoever receives next looks for itself.
        self.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

/// The future of [`BaseReceiver::recv_many`].
#[must_use = "futures do nothing unless they are polled"]
pub struct RecvMany<'a, T> {
    shared: &'a Shared<T>,
    buffer: &'a mut Vec<T>,
    limit: usize,
    waiting: Waiting,
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let RecvMany { shared, buffer, limit, waiting } = &mut *self;
        shared.poll_recv_many(waiting, cx, buffer, *limit)
    }
}

impl<T> Drop for RecvMany<'_, T> {
    fn drop(&mut self) {
        self.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

impl<T, B: Bound> fmt::Debug for BaseReceiver<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, B::RECEIVER, &self.shared)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::Recv", self.shared)
    }
}

impl<T> fmt::Debug for RecvMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::RecvMany", self.shared)
    }
}
