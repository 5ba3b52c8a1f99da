//! The channel whose capacity is bounded.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::permit::{OwnedPermit, Permit, PermitIterator};
use super::receiver::BaseReceiver;
use super::sender::{BaseSender, BaseWeakSender};
use super::state::{CAUSES, Capacity, GONE, Grant, PASSAGE, Places, Refused, Shared, State};
use super::{Bounded, SendError, TrySendError};
use crate::instrumented::{Attempt, Instrumented, Waiting};
use crate::probe::{Access, Entry, Object, Operation, Stamp};
use crate::waiters::Wakeups;

/// Sends messages into a bounded channel. It can be cloned.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{SendError, Sender, channel};
///
/// async fn count(numbers: Sender<u32>) -> Result<(), SendError<u32>> {
///     for number in 1..=3 {
///         numbers.send(number).await?;
///     }
///     Ok(())
/// }
///
/// let (sender, mut receiver) = channel(1);
/// futures::executor::block_on(async {
///     let (counted, _) = futures::join!(count(sender), async {
///         while receiver.recv().await.is_some() {}
///     });
///     assert_eq!(counted, Ok(()));
/// });
/// ```
pub type Sender<T> = BaseSender<T, Bounded>;

/// Becomes a [`Sender`] while there are others.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
/// let weak = sender.downgrade();
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// ```
pub type WeakSender<T> = BaseWeakSender<T, Bounded>;

/// Receives the messages of a bounded channel.
///
/// # Examples
/// ```
/// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
/// assert_eq!(sender.try_send(1), Ok(()));
/// assert_eq!(receiver.capacity(), 0);
/// assert_eq!(futures::executor::block_on(receiver.recv()), Some(1));
/// ```
pub type Receiver<T> = BaseReceiver<T, Bounded>;

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
    make(
        Instrumented::new("mpsc", State::new(checked(capacity)))
            .with_causes(&CAUSES)
            .with_passage(&PASSAGE),
    )
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
    let mut base = Instrumented::new("mpsc", State::new(checked(capacity)))
        .with_causes(&CAUSES)
        .with_passage(&PASSAGE);
    base.set_name(name);
    make(base)
}

#[track_caller]
fn checked(capacity: usize) -> Capacity {
    assert!(capacity > 0, "a bounded channel of capacity 0; allowed: at least 1");
    Capacity::Bounded(capacity)
}

fn make<T>(base: Instrumented<State<T>>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(base);
    (BaseSender::counted(shared.clone()), BaseReceiver::new(shared))
}

impl<T> BaseSender<T, Bounded> {
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
        let waiting = Waiting::wanting("send", Access::Change, Location::caller(), 1);
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
        let sent = match state.try_reserve(1) {
            Ok(place) => {
                let sent = state.send_reserved(place, message, Stamp::here);
                sent.map_err(TrySendError::Closed)
            }
            Err(TrySendError::Full(())) => Err(TrySendError::Full(message)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(message)),
        };
        drop(state);
        if matches!(sent, Err(TrySendError::Closed(_))) {
            self.shared.object.remark(|| GONE.into());
        }
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
        self.reserve_from(Location::caller())
    }

    /// The same, called at another site than the caller's.
    pub(super) const fn reserve_from(&self, site: &'static Location<'static>) -> Reserve<'_, T> {
        Reserve { sender: self, waiting: reserving(1, site) }
    }

    /// Waits until so many places are free together, and keeps them for messages to come. Whoever
    /// comes later waits behind it, even for fewer.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue of senders, and nothing else.
    ///
    /// # Errors
    /// If the receiver is closed or gone, before or while waiting, or if the channel never has so
    /// many places.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(2);
    /// futures::executor::block_on(async {
    ///     let mut permits = sender.reserve_many(2).await.expect("it is open");
    ///     assert!(sender.try_send("in between").is_err());
    ///     for message in ["begin", "end"] {
    ///         permits.next().expect("there are two").send(message);
    ///     }
    ///     assert_eq!(receiver.recv().await, Some("begin"));
    ///     assert_eq!(receiver.recv().await, Some("end"));
    ///     assert!(sender.reserve_many(3).await.is_err());
    /// });
    /// ```
    #[track_caller]
    pub fn reserve_many(&self, count: usize) -> ReserveMany<'_, T> {
        ReserveMany { sender: self, count, waiting: reserving(count, Location::caller()) }
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
        let reserved = self.shared.lock().try_reserve(1);
        reserved.map(|place| self.permit(place))
    }

    /// Keeps so many places for messages to come, if they are free and nobody comes first.
    ///
    /// # Errors
    /// If there are not as many places, or the receiver is closed or gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(3);
    /// let permits = sender.try_reserve_many(2).expect("three are free");
    /// assert!(sender.try_reserve_many(2).is_err());
    /// drop(permits);
    /// assert!(sender.try_reserve_many(3).is_ok());
    /// ```
    #[track_caller]
    pub fn try_reserve_many(
        &self,
        count: usize,
    ) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.shared.object.immediate("try_reserve", Access::Change);
        let reserved = self.shared.lock().try_reserve(count);
        reserved.map(|places| self.permits(places))
    }

    /// Waits for a place, and keeps it for a message to come, with the sender.
    ///
    /// # Cancel safety
    /// Dropping the future drops the sender, and loses its place in the queue.
    ///
    /// # Errors
    /// If the receiver is closed or gone, before or while waiting.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// futures::executor::block_on(async {
    ///     let permit = sender.reserve_owned().await.expect("it is open");
    ///     let _sender = permit.send(1);
    ///     assert_eq!(receiver.recv().await, Some(1));
    /// });
    /// ```
    #[track_caller]
    pub fn reserve_owned(self) -> ReserveOwned<T> {
        let waiting = reserving(1, Location::caller());
        ReserveOwned { sender: Some(self), waiting }
    }

    /// Keeps a place for a message to come, with the sender, if one is free and nobody comes
    /// first.
    ///
    /// # Errors
    /// If there is no place, or the receiver is closed or gone: the sender comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::TrySendError;
    ///
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let permit = sender.clone().try_reserve_owned().expect("one is free");
    /// assert!(matches!(sender.try_reserve_owned(), Err(TrySendError::Full(_))));
    /// # drop(permit);
    /// ```
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Sender<T>>> {
        self.shared.object.immediate("try_reserve", Access::Change);
        let reserved = self.shared.lock().try_reserve(1);
        match reserved {
            Ok(place) => {
                self.shared.object.observe();
                Ok(OwnedPermit::new(self, place))
            }
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
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
    pub fn max_capacity(&self) -> usize {
        self.shared.lock().places_max()
    }

    fn permit(&self, place: Places) -> Permit<'_, T> {
        self.shared.object.observe();
        Permit::new(self, place)
    }

    fn permits(&self, places: Places) -> PermitIterator<'_, T> {
        self.shared.object.observe();
        PermitIterator::new(self, places)
    }

    fn has_sent(&self, woken: Wakeups) {
        self.shared.object.observe();
        woken.wake();
    }
}

const fn reserving(count: usize, site: &'static Location<'static>) -> Waiting<usize> {
    Waiting::wanting("reserve", Access::Change, site, count)
}

/// What a sender has of places that it waited for.
fn taken(reserved: Result<Places, Refused>) -> Result<Places, SendError<()>> {
    reserved.map_err(|refused| {
        refused.wake();
        SendError(())
    })
}

/// A sender that may wait gives up: what it was granted, or has kept others from, goes to them.
fn give_up<T>(shared: &Shared<T>, waiting: &mut Waiting<usize>) {
    if !waiting.is_queued() {
        return;
    }
    let passed_on = shared.cancel(waiting, State::sending, State::pass_on);
    let woken = passed_on.unwrap_or_else(|| shared.lock().hand_over());
    woken.wake_granted();
}

/// The future of [`BaseSender::send`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Sending<'a, T> {
    sender: &'a Sender<T>,
    message: Option<T>,
    waiting: Waiting<usize>,
}

/// Sends the message of a [`Sending`], if there is a place for it.
struct TrySend<'a, T>(&'a mut Option<T>);

impl<T> Attempt<State<T>, Grant> for TrySend<'_, T> {
    /// Whom it wakes; or the message, and what else comes of it that it was refused.
    type Value = Result<Wakeups, (T, Option<Refused>)>;
    type Output = Self::Value;

    fn attempt(
        &mut self,
        state: &mut State<T>,
        granted: Option<Grant>,
        stamp: impl FnOnce() -> Stamp,
    ) -> Option<Self::Value> {
        let reserved = state.reserve(1, granted)?;
        let message = self.0.take().expect("the message is there until it is sent");
        Some(match reserved {
            Ok(place) => state.send_reserved(place, message, stamp).map_err(|back| (back, None)),
            Err(refused) => Err((message, Some(refused))),
        })
    }

    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        sent: Self::Value,
    ) -> Self::Output {
        operation.executed_in(entry, object);
        sent
    }
}

// The message is never pinned: it is moved into the channel.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Sending { sender, message, waiting } = &mut *self;
        let sent = ready!(sender.shared.poll_by(waiting, cx, State::sending, TrySend(message)));
        Poll::Ready(match sent {
            Ok(woken) => {
                sender.has_sent(woken);
                Ok(())
            }
            Err((message, refused)) => {
                sender.shared.object.remark(|| GONE.into());
                refused.into_iter().for_each(Refused::wake);
                Err(SendError(message))
            }
        })
    }
}

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        give_up(&self.sender.shared, &mut self.waiting);
    }
}

/// The future of [`BaseSender::reserve`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Reserve<'a, T> {
    sender: &'a Sender<T>,
    waiting: Waiting<usize>,
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Reserve { sender, waiting } = &mut *self;
        let attempt = |state: &mut State<T>, granted| state.reserve(1, granted);
        let polled = sender.shared.poll(waiting, cx, State::sending, attempt);
        polled.map(|reserved| Ok(sender.permit(taken(reserved)?)))
    }
}

impl<T> Drop for Reserve<'_, T> {
    fn drop(&mut self) {
        give_up(&self.sender.shared, &mut self.waiting);
    }
}

/// The future of [`BaseSender::reserve_many`].
#[must_use = "futures do nothing unless they are polled"]
pub struct ReserveMany<'a, T> {
    sender: &'a Sender<T>,
    count: usize,
    waiting: Waiting<usize>,
}

impl<'a, T> Future for ReserveMany<'a, T> {
    type Output = Result<PermitIterator<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ReserveMany { sender, count, waiting } = &mut *self;
        let attempt = |state: &mut State<T>, granted| state.reserve(*count, granted);
        let polled = sender.shared.poll(waiting, cx, State::sending, attempt);
        polled.map(|reserved| Ok(sender.permits(taken(reserved)?)))
    }
}

impl<T> Drop for ReserveMany<'_, T> {
    fn drop(&mut self) {
        give_up(&self.sender.shared, &mut self.waiting);
    }
}

/// The future of [`BaseSender::reserve_owned`].
#[must_use = "futures do nothing unless they are polled"]
pub struct ReserveOwned<T> {
    // Invariant: there until the future has returned.
    sender: Option<Sender<T>>,
    waiting: Waiting<usize>,
}

impl<T> Future for ReserveOwned<T> {
    type Output = Result<OwnedPermit<T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ReserveOwned { sender, waiting } = &mut *self;
        let Some(shared) = sender.as_ref().map(|sender| &sender.shared) else {
            panic!("a future was polled after it had returned");
        };
        let attempt = |state: &mut State<T>, granted| state.reserve(1, granted);
        let reserved = ready!(shared.poll(waiting, cx, State::sending, attempt));
        shared.object.observe();
        let sender = sender.take().expect("it was there a moment ago");
        Poll::Ready(taken(reserved).map(|place| OwnedPermit::new(sender, place)))
    }
}

impl<T> Drop for ReserveOwned<T> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            give_up(&sender.shared, &mut self.waiting);
        }
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

impl<T> fmt::Debug for ReserveMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ReserveMany of {:?}>", self.sender)
    }
}

impl<T> fmt::Debug for ReserveOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sender {
            Some(sender) => write!(f, "<ReserveOwned of {sender:?}>"),
            None => f.write_str("<ReserveOwned [over]>"),
        }
    }
}
