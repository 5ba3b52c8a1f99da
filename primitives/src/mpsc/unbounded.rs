//! The channel whose capacity is not bounded.

use std::borrow::Cow;
use std::sync::Arc;

use super::receiver::BaseReceiver;
use super::sender::{BaseSender, BaseWeakSender};
use super::state::{CAUSES, Capacity, GONE, PASSAGE, State};
use super::{SendError, Unbounded};
use crate::instrumented::Instrumented;
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Sends messages into a channel without a bound. It can be cloned.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{UnboundedSender, unbounded_channel};
///
/// fn log(lines: &UnboundedSender<String>, line: &str) {
///     let _unless_nobody_reads = lines.send(line.into());
/// }
///
/// let (sender, mut receiver) = unbounded_channel();
/// log(&sender, "hello");
/// assert_eq!(receiver.try_recv().as_deref(), Ok("hello"));
/// ```
pub type UnboundedSender<T> = BaseSender<T, Unbounded>;

/// Becomes an [`UnboundedSender`] while there are others.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
/// let weak = sender.downgrade();
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// ```
pub type WeakUnboundedSender<T> = BaseWeakSender<T, Unbounded>;

/// Receives the messages of a channel without a bound.
///
/// # Examples
/// ```
/// let (sender, mut receiver) = unpick_primitives::mpsc::unbounded_channel();
/// assert_eq!(sender.send(1), Ok(()));
/// assert_eq!(receiver.len(), 1);
/// assert_eq!(futures::executor::block_on(receiver.recv()), Some(1));
/// ```
pub type UnboundedReceiver<T> = BaseReceiver<T, Unbounded>;

/// Makes a channel in which sending never waits.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::unbounded_channel();
/// assert_eq!(sender.send(1), Ok(()));
/// assert_eq!(futures::executor::block_on(receiver.recv()), Some(1));
/// ```
#[must_use]
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    make(
        Instrumented::new("mpsc", State::new(Capacity::Unbounded))
            .with_causes(&CAUSES)
            .with_passage(&PASSAGE),
    )
}

/// Makes a channel in which sending never waits, with a name for traces, reports and `Debug`.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::mpsc::named_unbounded_channel::<u8>("log");
/// assert_eq!(format!("{sender:?}"), "<mpsc::UnboundedSender log [messages:0]>");
/// ```
#[must_use]
#[track_caller]
pub fn named_unbounded_channel<T>(
    name: impl Into<Cow<'static, str>>,
) -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let mut base = Instrumented::new("mpsc", State::new(Capacity::Unbounded))
        .with_causes(&CAUSES)
        .with_passage(&PASSAGE);
    base.set_name(name);
    make(base)
}

fn make<T>(base: Instrumented<State<T>>) -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let shared = Arc::new(base);
    (BaseSender::counted(shared.clone()), BaseReceiver::new(shared))
}

impl<T> BaseSender<T, Unbounded> {
    /// Sends a message.
    ///
    /// # Errors
    /// If the receiver is closed or gone: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, SendError};
    ///
    /// let (sender, receiver) = mpsc::unbounded_channel();
    /// drop(receiver);
    /// assert_eq!(sender.send(1), Err(SendError(1)));
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.shared.object.immediate("send", Access::Change);
        let sent = self.shared.lock().send_unbounded(message);
        if sent.is_err() {
            self.shared.object.remark(|| GONE.into());
        }
        sent.map(Wakeups::wake).map_err(SendError)
    }
}
