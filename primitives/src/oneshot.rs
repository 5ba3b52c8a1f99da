//! A channel for one value: after tokio's `oneshot`.
//!
//! Sending never waits. The [`Receiver`] is a future: it gets the value, or an error when the
//! sender is dropped. A value that was sent is received even if the sender is gone, and comes
//! back to the sender if the receiver is.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::instrumented::{Instrumented, Waiting, show};
use crate::probe::{Access, Cause, Passage, Stamp};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 2] = [
    Cause { wait: "recv", by: &["send", "drop sender"], owed: &[] },
    Cause { wait: "closed", by: &["close"], owed: &[] },
];

/// What moves things through it.
static PASSAGE: Passage = Passage { takes: &["recv", "try_recv"], gives: &["send"] };

/// Makes a channel.
///
/// # Examples
/// ```
/// use unpick_primitives::oneshot;
///
/// let (sender, receiver) = oneshot::channel();
/// assert_eq!(sender.send(42), Ok(()));
/// assert_eq!(futures::executor::block_on(receiver), Ok(42));
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    make(
        Instrumented::new("oneshot", State::new()).with_causes(&CAUSES).with_passage(&PASSAGE),
        Location::caller(),
    )
}

/// Makes a channel with a name, for traces, reports and `Debug`.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::oneshot::named_channel::<u8>("reply");
/// assert_eq!(format!("{sender:?}"), "<oneshot::Sender reply [open]>");
/// ```
#[track_caller]
pub fn named_channel<T>(name: impl Into<Cow<'static, str>>) -> (Sender<T>, Receiver<T>) {
    let mut base =
        Instrumented::new("oneshot", State::new()).with_causes(&CAUSES).with_passage(&PASSAGE);
    base.set_name(name);
    make(base, Location::caller())
}

fn make<T>(
    base: Instrumented<State<T>>,
    site: &'static Location<'static>,
) -> (Sender<T>, Receiver<T>) {
    let base = Arc::new(base);
    let waiting = Waiting::new("recv", Access::Change, site);
    (Sender { base: base.clone() }, Receiver { base, waiting })
}

struct State<T> {
    value: Option<(T, Stamp)>,
    stage: Stage,
    /// The receiver, while it waits.
    receiver: Waiters,
    /// Who waits for the receiver to close.
    closed: Waiters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was sent. Left when something is, or either side goes.
    Open,
    /// A value was sent, or the sender is gone.
    Over,
    /// The receiver does not want a value any more.
    Closed,
}

impl<T> State<T> {
    const fn new() -> State<T> {
        State { value: None, stage: Stage::Open, receiver: Waiters::new(), closed: Waiters::new() }
    }

    const fn receiver(&mut self) -> &mut Waiters {
        &mut self.receiver
    }

    const fn closed(&mut self) -> &mut Waiters {
        &mut self.closed
    }

    /// `None` while there may be a value later.
    fn try_recv(&mut self) -> Option<Result<(T, Stamp), RecvError>> {
        match (self.value.take(), self.stage) {
            (Some(value), _) => Some(Ok(value)),
            (None, Stage::Open) => None,
            (None, Stage::Over | Stage::Closed) => Some(Err(RecvError)),
        }
    }

    fn end(&mut self, value: Option<(T, Stamp)>) -> Wakeups {
        self.value = value;
        self.stage = Stage::Over;
        self.receiver.grant_all(())
    }

    fn close(&mut self) -> Wakeups {
        if self.stage == Stage::Open {
            self.stage = Stage::Closed;
        }
        // The receiver itself may have been polled before; then it has to look again.
        let mut woken = self.receiver.grant_all(());
        woken.append(self.closed.grant_all(()));
        woken
    }
}

/// Sends the value; dropping it instead tells the receiver that there is none.
///
/// # Examples
/// ```
/// use unpick_primitives::oneshot::{self, RecvError, Sender};
///
/// fn answer(question: &str, reply: Sender<u32>) {
///     if question == "6 * 7" {
///         let _unless_nobody_waits = reply.send(42);
///     }
/// }
///
/// let (reply, answered) = oneshot::channel();
/// answer("why", reply);
/// assert_eq!(futures::executor::block_on(answered), Err(RecvError));
/// ```
pub struct Sender<T> {
    base: Arc<Instrumented<State<T>>>,
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// If the receiver is closed or gone: the value comes back.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::oneshot::channel();
    /// drop(receiver);
    /// assert_eq!(sender.send(1), Err(1));
    /// ```
    #[track_caller]
    pub fn send(self, value: T) -> Result<(), T> {
        let object = &self.base.object;
        object.immediate("send", Access::Change);
        let stamp = Stamp::here();
        let woken = {
            let mut state = self.base.lock();
            if state.stage == Stage::Closed {
                return Err(value);
            }
            state.end(Some((value, stamp)))
        };
        object.notified(woken.len());
        woken.wake();
        Ok(())
    }

    /// Whether the receiver is closed or gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::oneshot::channel::<u8>();
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.base.object.immediate("is_closed", Access::Read);
        self.base.lock().stage == Stage::Closed
    }

    /// Waits until the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let (mut sender, receiver) = unpick_primitives::oneshot::channel::<u8>();
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> Closed<'_, T> {
        let waiting = Waiting::new("closed", Access::Read, Location::caller());
        Closed { sender: self, waiting }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let woken = {
            let mut state = self.base.lock();
            match state.stage {
                Stage::Open => state.end(None),
                Stage::Over | Stage::Closed => return,
            }
        };
        self.base.object.immediate("drop sender", Access::Change);
        self.base.object.publish();
        woken.wake();
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Closed<'a, T> {
    sender: &'a mut Sender<T>,
    waiting: Waiting,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Closed { sender, waiting } = &mut *self;
        let attempt =
            |state: &mut State<T>, _woken: Option<()>| (state.stage == Stage::Closed).then_some(());
        let polled = sender.base.poll(waiting, cx, State::closed, attempt);
        polled.map(|()| sender.base.object.observe())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.sender.base.cancel(&mut self.waiting, State::closed, |_, ()| ());
    }
}

/// Waits for the value.
///
/// # Cancel safety
/// It may be polled in a `select!` by reference; nothing is lost. Dropping it gives up the
/// value, even if it was sent.
///
/// # Errors
/// When the sender is gone without having sent.
///
/// # Examples
/// ```
/// use unpick_primitives::oneshot;
///
/// let (sender, receiver) = oneshot::channel();
/// futures::executor::block_on(async {
///     let (received, sent) = futures::join!(receiver, async { sender.send("reply") });
///     assert_eq!((received, sent), (Ok("reply"), Ok(())));
/// });
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct Receiver<T> {
    base: Arc<Instrumented<State<T>>>,
    waiting: Waiting,
}

impl<T> Receiver<T> {
    /// Takes the value, if it was sent.
    ///
    /// # Errors
    /// If it was not: yet, or because the sender is gone.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::oneshot::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// assert_eq!(sender.send(1), Ok(()));
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.base.object.immediate("try_recv", Access::Change);
        let received = self.base.lock().try_recv();
        match received {
            None => Err(TryRecvError::Empty),
            Some(Err(RecvError)) => Err(TryRecvError::Closed),
            Some(Ok((value, stamp))) => {
                stamp.observe();
                Ok(value)
            }
        }
    }

    /// Refuses a value that has not been sent yet. One that has been is still received.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send(1), Err(1));
    /// ```
    #[track_caller]
    pub fn close(&mut self) {
        self.base.object.immediate("close", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().close();
        woken.wake();
    }
}

impl<T> Receiver<T> {
    /// Whether there is no value to be taken.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::oneshot::channel();
    /// assert!(receiver.is_empty());
    /// assert_eq!(sender.send(1), Ok(()));
    /// assert!(!receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.base.object.immediate("is_empty", Access::Read);
        self.base.lock().value.is_none()
    }

    /// Whether it has returned, so that it must not be polled again.
    ///
    /// # Examples
    /// ```
    /// use futures::executor::block_on;
    ///
    /// let (sender, mut receiver) = unpick_primitives::oneshot::channel();
    /// assert_eq!(sender.send(1), Ok(()));
    /// assert!(!receiver.is_terminated());
    /// assert_eq!(block_on(&mut receiver), Ok(1));
    /// assert!(receiver.is_terminated());
    /// ```
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        self.waiting.is_over()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Receiver { base, waiting } = &mut *self;
        let attempt = |state: &mut State<T>, _woken: Option<()>| state.try_recv();
        let polled = base.poll(waiting, cx, State::receiver, attempt);
        polled.map(|received| {
            let (value, stamp) = received.inspect_err(|_| base.object.observe())?;
            stamp.observe();
            Ok(value)
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.base.cancel(&mut self.waiting, State::receiver, |_, ()| ());
        self.base.object.publish();
        let (unreceived, woken) = {
            let mut state = self.base.lock();
            (state.value.take(), state.close())
        };
        woken.wake();
        drop(unreceived);
    }
}

impl<T> State<T> {
    const fn show(&self) -> &'static str {
        match (self.stage, &self.value) {
            (Stage::Open, _) => "open",
            (Stage::Over, Some(_)) => "sent",
            (Stage::Over, None) => "over",
            (Stage::Closed, _) => "closed",
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.base.lock().show();
        show(f, "oneshot::Sender", &self.base.object, format_args!("{stage}"))
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.base.lock().show();
        show(f, "oneshot::Receiver", &self.base.object, format_args!("{stage}"))
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Closed of {:?}>", self.sender)
    }
}

/// The sender is gone without having sent.
///
/// # Examples
/// ```
/// use unpick_primitives::oneshot::{self, RecvError};
///
/// let (sender, receiver) = oneshot::channel::<u8>();
/// drop(sender);
/// assert_eq!(futures::executor::block_on(receiver), Err(RecvError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl std::error::Error for RecvError {}

/// There is no value to be taken.
///
/// # Examples
/// ```
/// use unpick_primitives::oneshot::{self, TryRecvError};
///
/// let (sender, mut receiver) = oneshot::channel::<u8>();
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing was sent yet.
    Empty,
    /// Nothing was sent, and the sender is gone.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "nothing was sent yet",
            TryRecvError::Closed => "the channel is closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
