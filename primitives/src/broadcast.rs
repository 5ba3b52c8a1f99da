//! A channel in which every receiver gets every message: after tokio's `broadcast`.
//!
//! Sending never waits. The channel keeps as many messages as its capacity, rounded up to a power of
//! two as in tokio; a receiver that is slower is told how many it has missed, and goes on with the
//! oldest that is left. It gets what is sent after it was made. The channel ends for the receivers when all senders are gone.

mod receiver;
mod sender;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

pub use receiver::{Receiver, Recv};
pub use sender::{Closed, Sender, WeakSender};

use crate::instrumented::{Count, Instrumented, show};
use crate::probe::{Access, Cause, Passage, Stamp};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "recv", by: &["send", "drop sender"], owed: &[] }];

/// What moves things through it.
static PASSAGE: Passage = Passage { takes: &["recv", "try_recv"], gives: &[] };

/// Makes a channel that keeps `capacity` messages for slower receivers, rounded up to a power of
/// two.
///
/// # Panics
/// If the capacity is zero, or more than `usize::MAX / 2`.
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
    make(
        Instrumented::new("broadcast", State::new(capacity))
            .with_causes(&CAUSES)
            .with_passage(&PASSAGE),
    )
}

/// Makes a channel with a name, for traces, reports and `Debug`.
///
/// # Panics
/// As [`channel`].
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
    let mut base = Instrumented::new("broadcast", State::new(capacity))
        .with_causes(&CAUSES)
        .with_passage(&PASSAGE);
    base.set_name(name);
    make(base)
}

/// A channel, as its ends share it.
type Shared<T> = Arc<Instrumented<State<T>>>;

fn make<T>(base: Instrumented<State<T>>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(base);
    (Sender::counted(shared.clone()), Receiver::new(shared, 0))
}

/// A channel with a sender and no receiver.
#[track_caller]
fn alone<T>(capacity: usize) -> Shared<T> {
    let state = State { receivers: 0, ..State::new(capacity) };
    let base = Instrumented::new("broadcast", state);
    Arc::new(base.with_causes(&CAUSES).with_passage(&PASSAGE))
}

struct State<T> {
    messages: VecDeque<Message<T>>,
    /// The number of the first of the messages.
    first: u64,
    // Invariant: a power of two.
    capacity: usize,
    senders: usize,
    weak_senders: usize,
    receivers: usize,
    receiving: Waiters,
    /// Senders that wait for all receivers to go.
    closing: Waiters,
}

struct Message<T> {
    // `None` when all have it.
    value: Option<Value<T>>,
    stamp: Stamp,
    /// How many receivers have not got it.
    unread: usize,
}

/// The value of a message, to be cloned outside of the channel's mutex: under one of its own,
/// so that it need not be `Sync`.
type Value<T> = Arc<Mutex<T>>;

/// What a receiver gets: a value, and when it was sent.
type Received<T> = (Value<T>, Stamp);

impl<T> State<T> {
    #[track_caller]
    fn new(capacity: usize) -> State<T> {
        assert!(
            (1..=usize::MAX / 2).contains(&capacity),
            "a broadcast channel of capacity {capacity}; allowed: 1 to usize::MAX / 2"
        );
        State {
            messages: VecDeque::new(),
            first: 0,
            capacity: capacity.next_power_of_two(),
            senders: 1,
            weak_senders: 0,
            receivers: 1,
            receiving: Waiters::new(),
            closing: Waiters::new(),
        }
    }

    const fn receiving(&mut self) -> &mut Waiters {
        &mut self.receiving
    }

    const fn closing(&mut self) -> &mut Waiters {
        &mut self.closing
    }

    /// The number of the next message to be sent.
    fn end(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// Adds a message; the one that falls out comes back, to be dropped outside of the mutex.
    fn send(&mut self, value: Value<T>, stamp: Stamp) -> (Option<Message<T>>, Wakeups) {
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
    fn leave(&mut self, next: u64) -> (Vec<Received<T>>, Wakeups) {
        let numbers = next.max(self.first)..self.end();
        let unread = numbers.filter_map(|number| self.read(number)).collect();
        self.receivers -= 1;
        let woken = match self.receivers {
            0 => self.closing.grant_all(()),
            _ => Wakeups::none(),
        };
        (unread, woken)
    }
}

/// Makes a receiver for what is sent from here on.
#[track_caller]
fn subscribe<T>(shared: &Shared<T>) -> Receiver<T> {
    shared.object.immediate("subscribe", Access::Change);
    let next = {
        let mut state = shared.lock();
        state.receivers += 1;
        state.end()
    };
    Receiver::new(shared.clone(), next)
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

/// There are no receivers. Gives the message back.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast;
///
/// let (sender, receiver) = broadcast::channel(1);
/// drop(receiver);
/// let error = sender.send("news").unwrap_err();
/// assert_eq!(error.to_string(), "the channel has no receivers");
/// assert_eq!(error.0, "news");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel has no receivers")
    }
}

impl<T: fmt::Debug> std::error::Error for SendError<T> {}

/// No message was received.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast::{self, RecvError};
///
/// let (sender, mut receiver) = broadcast::channel(1);
/// (1..=3).for_each(|number| drop(sender.send(number)));
/// futures::executor::block_on(async {
///     assert_eq!(receiver.recv().await, Err(RecvError::Lagged(2)));
///     assert_eq!(receiver.recv().await, Ok(3));
///     drop(sender);
///     assert_eq!(receiver.recv().await, Err(RecvError::Closed));
/// });
/// ```
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
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast::{self, TryRecvError};
///
/// let (sender, mut receiver) = broadcast::channel(1);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// (1..=3).for_each(|number| drop(sender.send(number)));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(2)));
/// ```
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
