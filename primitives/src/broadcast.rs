//! A channel in which every receiver gets every message: after tokio's `broadcast`.
//!
//! Sending never waits. The channel keeps as many messages as its capacity; a receiver that is
//! slower is told how many it has missed, and goes on with the oldest that is left. It gets what
//! is sent after it was made. The channel ends for the receivers when all senders are gone.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Stamp};
use crate::waiters::{Waiters, Wakeups};

/// Makes a channel that keeps `capacity` messages for slower receivers.
///
/// # Panics
/// If the capacity is zero.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast;
///
/// let (sender, mut first) = broadcast::channel(4);
/// let mut second = sender.subscribe();
/// assert_eq!(sender.send("news"), Ok(2));
/// futures::executor::block_on(async {
///     assert_eq!(first.recv().await, Ok("news"));
///     assert_eq!(second.recv().await, Ok("news"));
/// });
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    make(Instrumented::new("broadcast", State::new(capacity)))
}

/// Makes a channel with a name, for traces, reports and `Debug`.
///
/// # Panics
/// If the capacity is zero.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::broadcast::named_channel::<u8>("news", 4);
/// assert_eq!(format!("{sender:?}"), "<broadcast::Sender news [messages:0/4, receivers:1]>");
/// ```
#[must_use]
#[track_caller]
pub fn named_channel<T>(
    name: impl Into<Cow<'static, str>>,
    capacity: usize,
) -> (Sender<T>, Receiver<T>) {
    let mut base = Instrumented::new("broadcast", State::new(capacity));
    base.set_name(name);
    make(base)
}

fn make<T>(base: Instrumented<State<T>>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(base);
    (Sender { shared: shared.clone() }, Receiver { shared, next: 0 })
}

struct State<T> {
    messages: VecDeque<Message<T>>,
    /// The number of the first of the messages.
    first: u64,
    capacity: usize,
    senders: usize,
    receivers: usize,
    receiving: Waiters,
}

struct Message<T> {
    // In an `Arc`, so that it can be cloned outside of the mutex. `None` when all have it.
    value: Option<Arc<T>>,
    stamp: Stamp,
    /// How many receivers have not got it.
    unread: usize,
}

/// What a receiver gets: a value, when it was sent, and whether it is the last to get it.
type Received<T> = (Arc<T>, Stamp);

impl<T> State<T> {
    #[track_caller]
    fn new(capacity: usize) -> State<T> {
        assert!(capacity > 0, "a broadcast channel of capacity 0; allowed: at least 1");
        State {
            messages: VecDeque::new(),
            first: 0,
            capacity,
            senders: 1,
            receivers: 1,
            receiving: Waiters::new(),
        }
    }

    const fn receiving(&mut self) -> &mut Waiters {
        &mut self.receiving
    }

    /// The number of the next message to be sent.
    fn end(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// Adds a message; the one that falls out comes back, to be dropped outside of the mutex.
    fn send(&mut self, value: Arc<T>, stamp: Stamp) -> (Option<Message<T>>, Wakeups) {
        let fallen = if self.messages.len() < self.capacity { None } else { self.pop_front() };
        self.messages.push_back(Message { value: Some(value), stamp, unread: self.receivers });
        (fallen, self.receiving.grant_all(()))
    }

    fn pop_front(&mut self) -> Option<Message<T>> {
        let message = self.messages.pop_front()?;
        self.first += 1;
        Some(message)
    }

    /// Reads the message number `next`, and moves on.
    fn try_recv(&mut self, next: &mut u64) -> Result<Received<T>, TryRecvError> {
        if *next < self.first {
            let missed = self.first - *next;
            *next = self.first;
            return Err(TryRecvError::Lagged(missed));
        }
        match self.read(*next) {
            Some(received) => {
                *next += 1;
                Ok(received)
            }
            None if self.senders == 0 => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Reads one message for one receiver. The last one takes it out.
    fn read(&mut self, number: u64) -> Option<Received<T>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let message = self.messages.get_mut(at)?;
        message.unread -= 1;
        let value = match message.unread {
            0 => message.value.take(),
            _ => message.value.clone(),
        };
        let stamp = message.stamp;
        while self.messages.front().is_some_and(|front| front.unread == 0) {
            self.pop_front();
        }
        Some((value.expect("a message that somebody has not read is there"), stamp))
    }

    /// A receiver goes. What nobody reads any more comes back.
    fn leave(&mut self, next: u64) -> Vec<Received<T>> {
        let numbers = next.max(self.first)..self.end();
        let unread = numbers.filter_map(|number| self.read(number)).collect();
        self.receivers -= 1;
        unread
    }
}

/// Sends messages to all receivers. It can be cloned.
pub struct Sender<T> {
    shared: Arc<Instrumented<State<T>>>,
}

impl<T> Sender<T> {
    /// Sends a message, and returns how many receivers there are.
    ///
    /// # Errors
    /// If there are none: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, SendError};
    ///
    /// let (sender, receiver) = broadcast::channel(1);
    /// assert_eq!(sender.send(1), Ok(1));
    /// drop(receiver);
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// ```
    #[track_caller]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.shared.object.immediate("send", Access::Change);
        let mut state = self.shared.lock();
        let receivers = state.receivers;
        if receivers == 0 {
            return Err(SendError(value));
        }
        let (fallen, woken) = state.send(Arc::new(value), Stamp::here());
        drop(state);
        self.shared.object.notified(woken.len());
        woken.wake();
        drop(fallen);
        Ok(receivers)
    }

    /// Makes a receiver for what is sent from here on.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel(1);
    /// let mut late = sender.subscribe();
    /// assert_eq!(sender.send(1), Ok(2));
    /// assert_eq!(late.try_recv(), Ok(1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }

    /// How many receivers there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(sender.receiver_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.shared.object.immediate("receiver_count", Access::Read);
        self.shared.lock().receivers
    }

    /// How many messages some receiver has not got.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel(2);
    /// assert_eq!(sender.send(1), Ok(1));
    /// assert_eq!(sender.len(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        self.shared.lock().messages.len()
    }

    /// Whether every receiver has got every message.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(2);
    /// assert!(sender.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.object.immediate("drop sender", Access::Change);
        self.shared.object.publish();
        let woken = {
            let mut state = self.shared.lock();
            state.senders -= 1;
            match state.senders {
                0 => state.receiving.grant_all(()),
                _ => Wakeups::none(),
            }
        };
        woken.wake();
    }
}

#[track_caller]
fn subscribe<T>(shared: &Arc<Instrumented<State<T>>>) -> Receiver<T> {
    shared.object.immediate("subscribe", Access::Change);
    let next = {
        let mut state = shared.lock();
        state.receivers += 1;
        state.end()
    };
    Receiver { shared: shared.clone(), next }
}

/// Receives every message that was sent since it was made.
pub struct Receiver<T> {
    shared: Arc<Instrumented<State<T>>>,
    /// The number of the message that it reads next.
    next: u64,
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next message, and returns a clone of it.
    ///
    /// # Cancel safety
    /// Dropping the future takes no message.
    ///
    /// # Errors
    /// If messages were missed: how many; the next call goes on with the oldest that is left.
    /// If all senders are gone and every message was got.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(2);
    /// for number in 0..5 {
    ///     assert_eq!(sender.send(number), Ok(1));
    /// }
    /// drop(sender);
    /// futures::executor::block_on(async {
    ///     assert_eq!(receiver.recv().await, Err(RecvError::Lagged(3)));
    ///     assert_eq!(receiver.recv().await, Ok(3));
    ///     assert_eq!(receiver.recv().await, Ok(4));
    ///     assert_eq!(receiver.recv().await, Err(RecvError::Closed));
    /// });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        let waiting = Waiting::new("recv", Access::Change, Location::caller());
        Recv { receiver: self, waiting }
    }

    /// Returns a clone of the next message, if it is there.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), or if it is not there yet.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, TryRecvError};
    ///
    /// let (_sender, mut receiver) = broadcast::channel::<u8>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// ```
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.object.immediate("try_recv", Access::Change);
        let received = self.shared.lock().try_recv(&mut self.next);
        received.map(unpack)
    }
}

impl<T> Receiver<T> {
    /// How many messages are there for it, with those that it has missed.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(receiver.len(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        let unread = self.shared.lock().end() - self.next;
        usize::try_from(unread).unwrap_or(usize::MAX)
    }

    /// Whether no message is there for it.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes another receiver, for what is sent from here on.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::broadcast::channel(2);
    /// assert_eq!(sender.send(1), Ok(1));
    /// assert!(receiver.resubscribe().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resubscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.object.immediate("drop receiver", Access::Change);
        let unread = self.shared.lock().leave(self.next);
        drop(unread);
    }
}

/// The message itself for the last to get it, and a clone for the others.
fn unpack<T: Clone>((value, stamp): Received<T>) -> T {
    stamp.observe();
    Arc::unwrap_or_clone(value)
}

/// The future of [`Receiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    waiting: Waiting,
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Recv { receiver, waiting } = &mut *self;
        let Receiver { shared, next } = &mut **receiver;
        let attempt = |state: &mut State<T>, _woken: Option<()>| match state.try_recv(next) {
            Ok(received) => Some(Ok(received)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
            Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
            Err(TryRecvError::Empty) => None,
        };
        let polled = shared.poll(waiting, cx, State::receiving, attempt);
        polled.map(|received| match received {
            Ok(received) => Ok(unpack(received)),
            Err(error) => {
                shared.object.observe();
                Err(error)
            }
        })
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.receiver.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

fn show_end<T>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    shared: &Instrumented<State<T>>,
) -> fmt::Result {
    let (messages, capacity, receivers) = {
        let state = shared.lock();
        (state.messages.len(), state.capacity, Count("receivers", state.receivers))
    };
    show(f, kind, &shared.object, format_args!("messages:{messages}/{capacity}{receivers}"))
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "broadcast::Sender", &self.shared)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "broadcast::Receiver", &self.shared)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Recv of {:?}>", self.receiver)
    }
}

/// There are no receivers. Gives the message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel has no receivers")
    }
}

impl<T: fmt::Debug> std::error::Error for SendError<T> {}

/// No message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders are gone, and every message was got.
    Closed,
    /// So many messages were missed.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => f.write_str("the channel is closed"),
            RecvError::Lagged(missed) => write!(f, "{missed} messages were missed"),
        }
    }
}

impl std::error::Error for RecvError {}

/// No message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// None is there yet.
    Empty,
    /// All senders are gone, and every message was got.
    Closed,
    /// So many messages were missed.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("no message is there yet"),
            TryRecvError::Closed => f.write_str("the channel is closed"),
            TryRecvError::Lagged(missed) => write!(f, "{missed} messages were missed"),
        }
    }
}

impl std::error::Error for TryRecvError {}
