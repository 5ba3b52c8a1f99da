//! The channel whose capacity is bounded.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::state::{
    Capacity, Closed, Place, Shared, State, abandon, add_sender, has_received, poll_recv,
    remove_sender, show_end,
};
use super::{SendError, TryRecvError, TrySendError};
use crate::instrumented::{Instrumented, Waiting};
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Makes a channel for `capacity` messages at the most.
///
/// # Panics
/// If the capacity is zero.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::channel(1);
/// futures::executor::block_on(async {
///     let (sent, received) = futures::join!(
///         async {
///             sender.send(1).await?;
///             sender.send(2).await
///         },
///         async { [receiver.recv().await, receiver.recv().await] },
///     );
///     assert_eq!((sent, received), (Ok(()), [Some(1), Some(2)]));
/// });
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    make(Instrumented::new("mpsc", State::new(checked(capacity))), capacity)
}

/// Makes a channel with a name, for traces, reports and `Debug`.
///
/// # Panics
/// If the capacity is zero.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::mpsc::named_channel::<u8>("jobs", 2);
/// assert_eq!(format!("{sender:?}"), "<mpsc::Sender jobs [messages:0/2]>");
/// ```
#[must_use]
#[track_caller]
pub fn named_channel<T>(
    name: impl Into<Cow<'static, str>>,
    capacity: usize,
) -> (Sender<T>, Receiver<T>) {
    let mut base = Instrumented::new("mpsc", State::new(checked(capacity)));
    base.set_name(name);
    make(base, capacity)
}

#[track_caller]
fn checked(capacity: usize) -> Capacity {
    assert!(capacity > 0, "a bounded channel of capacity 0; allowed: at least 1");
    Capacity::Bounded(capacity)
}

fn make<T>(base: Instrumented<State<T>>, capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(base);
    (Sender { shared: shared.clone(), capacity }, Receiver { shared })
}

/// Sends messages into a bounded channel. It can be cloned.
pub struct Sender<T> {
    shared: Shared<T>,
    capacity: usize,
}

impl<T> Sender<T> {
    /// Waits for a place, and sends a message.
    ///
    /// # Cancel safety
    /// Dropping the future drops the message, and loses the place in the queue of senders; a
    /// place that it was handed meanwhile goes to the next. To keep the message, use
    /// [`reserve`](Self::reserve).
    ///
    /// # Errors
    /// If the receiver is closed or gone, before or while waiting: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, SendError};
    ///
    /// let (sender, mut receiver) = mpsc::channel(1);
    /// futures::executor::block_on(async {
    ///     assert_eq!(sender.send(1).await, Ok(()));
    ///     receiver.close();
    ///     assert_eq!(sender.send(2).await, Err(SendError(2)));
    /// });
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Sending<'_, T> {
        let waiting = Waiting::new("send", Access::Change, Location::caller());
        Sending { sender: self, message: Some(message), waiting }
    }

    /// Sends a message, if a place is free and nobody comes first.
    ///
    /// # Errors
    /// If there is no place, or the receiver is closed or gone: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, TrySendError};
    ///
    /// let (sender, _receiver) = mpsc::channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// ```
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.shared.object.immediate("try_send", Access::Change);
        let mut state = self.shared.lock();
        let sent = match state.try_reserve() {
            Ok(place) => state.send_reserved(place, message).map_err(TrySendError::Closed),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(message)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(message)),
        };
        drop(state);
        sent.map(|woken| self.has_sent(woken))
    }

    /// Waits for a place, and keeps it for a message to come.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue of senders, and nothing else.
    ///
    /// # Errors
    /// If the receiver is closed or gone, before or while waiting.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc;
    ///
    /// let (sender, mut receiver) = mpsc::channel(1);
    /// futures::executor::block_on(async {
    ///     let permit = sender.reserve().await.expect("it is open");
    ///     assert!(sender.try_send(1).is_err(), "the place is taken");
    ///     permit.send(2);
    ///     assert_eq!(receiver.recv().await, Some(2));
    /// });
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Reserve<'_, T> {
        let waiting = Waiting::new("reserve", Access::Change, Location::caller());
        Reserve { sender: self, waiting }
    }

    /// Keeps a place for a message to come, if one is free and nobody comes first.
    ///
    /// # Errors
    /// If there is no place, or the receiver is closed or gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let permit = sender.try_reserve().expect("one is free");
    /// assert!(sender.try_reserve().is_err());
    /// drop(permit);
    /// assert!(sender.try_reserve().is_ok());
    /// ```
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.shared.object.immediate("try_reserve", Access::Change);
        let reserved = self.shared.lock().try_reserve();
        reserved.map(|place| self.permit(place))
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
        Closed::new(&self.shared, waiting)
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

    /// How many places are free.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(2);
    /// let permit = sender.try_reserve();
    /// assert_eq!(sender.capacity(), 1);
    /// # drop(permit);
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
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(2);
    /// assert_eq!(sender.max_capacity(), 2);
    /// ```
    #[must_use]
    pub const fn max_capacity(&self) -> usize {
        self.capacity
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(2);
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    fn permit(&self, place: Place) -> Permit<'_, T> {
        self.shared.object.observe();
        Permit { sender: self, place: Some(place) }
    }

    fn has_sent(&self, woken: Wakeups) {
        self.shared.object.observe();
        woken.wake();
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender { shared: add_sender(&self.shared), capacity: self.capacity }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        remove_sender(&self.shared);
    }
}

/// A place that is kept for a message; dropping it gives the place to the next.
#[must_use = "dropping the permit gives the place back"]
pub struct Permit<'a, T> {
    sender: &'a Sender<T>,
    // Invariant: there until the permit is used or dropped.
    place: Option<Place>,
}

impl<T> Permit<'_, T> {
    /// Sends a message. If the receiver is gone, the message is dropped.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// sender.try_reserve().expect("one is free").send(1);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[track_caller]
    pub fn send(mut self, message: T) {
        let place = self.place.take().expect("a permit has its place until it is used");
        let shared = &self.sender.shared;
        shared.object.immediate("send", Access::Change);
        let sent = shared.lock().send_reserved(place, message);
        match sent {
            Ok(woken) => woken.wake(),
            Err(unreceived) => drop(unreceived),
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let shared = &self.sender.shared;
            shared.object.immediate("release", Access::Change);
            shared.object.publish();
            let woken = shared.lock().release(place);
            woken.wake();
        }
    }
}

/// The future of [`Sender::send`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Sending<'a, T> {
    sender: &'a Sender<T>,
    message: Option<T>,
    waiting: Waiting,
}

// The message is never pinned: it is moved into the channel.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Sending { sender, message, waiting } = &mut *self;
        let attempt = |state: &mut State<T>, granted| {
            let reserved = state.reserve(granted)?;
            let message = message.take().expect("the message is there until it is sent");
            Some(match reserved {
                Ok(place) => state.send_reserved(place, message).map_err(SendError),
                Err(SendError(())) => Err(SendError(message)),
            })
        };
        let polled = sender.shared.poll(waiting, cx, State::sending, attempt);
        polled.map_ok(|woken| sender.has_sent(woken))
    }
}

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        let shared = &self.sender.shared;
        let woken = shared.cancel(&mut self.waiting, State::sending, State::pass_on);
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// The future of [`Sender::reserve`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Reserve<'a, T> {
    sender: &'a Sender<T>,
    waiting: Waiting,
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Reserve { sender, waiting } = &mut *self;
        let polled = sender.shared.poll(waiting, cx, State::sending, State::reserve);
        polled.map_ok(|place| sender.permit(place))
    }
}

impl<T> Drop for Reserve<'_, T> {
    fn drop(&mut self) {
        let shared = &self.sender.shared;
        let woken = shared.cancel(&mut self.waiting, State::sending, State::pass_on);
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// Receives the messages of a bounded channel.
pub struct Receiver<T> {
    shared: Shared<T>,
}

impl<T> Receiver<T> {
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
        let waiting = Waiting::new("recv", Access::Change, Location::caller());
        Recv { receiver: self, waiting }
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
        let taken = has_received(&self.shared, Some(received?));
        taken.ok_or(TryRecvError::Disconnected)
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
    /// let (_sender, receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        abandon(&self.shared);
    }
}

/// The future of [`Receiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    waiting: Waiting,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Recv { receiver, waiting } = &mut *self;
        poll_recv(&receiver.shared, waiting, cx)
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        // There is one receiver: whoever receives next looks for itself.
        self.receiver.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::Sender", &self.shared)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::Receiver", &self.shared)
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Permit of {:?}>", self.sender)
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Sending of {:?}>", self.sender)
    }
}

impl<T> fmt::Debug for Reserve<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Reserve of {:?}>", self.sender)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Recv of {:?}>", self.receiver)
    }
}
