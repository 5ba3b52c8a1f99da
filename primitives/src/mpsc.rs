//! Channels from many senders to one receiver: after tokio's `mpsc`.
//!
//! A bounded channel has as many places as its capacity. They are handed over in order: a place
//! that becomes free belongs to the sender that has waited longest, before it has even run, and
//! passes on to the next if that one is dropped. A place can be [reserved](BaseSender::reserve)
//! before there is a message, and [several](BaseSender::reserve_many) together.
//!
//! The channel ends for the receiver when all senders are gone, or when it has
//! [closed](BaseReceiver::close) it and every place that was reserved before is given back; messages
//! that are in it are received first. A sender that was handed a place and has not run since is
//! refused.

mod bounded;
mod permit;
mod receiver;
mod sender;
mod state;
#[cfg(feature = "sim")]
mod timeout;
mod unbounded;

use std::fmt;

pub use bounded::{
    Receiver, Reserve, ReserveMany, ReserveOwned, Sender, Sending, WeakSender, channel,
    named_channel,
};
pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use receiver::{BaseReceiver, Recv, RecvMany};
pub use sender::{BaseSender, BaseWeakSender, Closed};
#[cfg(feature = "sim")]
pub use timeout::SendTimeoutError;
pub use unbounded::{
    UnboundedReceiver, UnboundedSender, WeakUnboundedSender, named_unbounded_channel,
    unbounded_channel,
};

/// Whether a channel has a bound: [`Bounded`] and [`Unbounded`] are all there are.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{self, BaseReceiver, Bound};
///
/// /// Takes what is there, whichever kind of channel it is.
/// fn drain<T, B: Bound>(receiver: &mut BaseReceiver<T, B>) -> Vec<T> {
///     std::iter::from_fn(|| receiver.try_recv().ok()).collect()
/// }
///
/// let (bounded, mut receiver) = mpsc::channel(2);
/// assert_eq!(bounded.try_send(1), Ok(()));
/// assert_eq!(drain(&mut receiver), [1]);
/// let (unbounded, mut receiver) = mpsc::unbounded_channel();
/// assert_eq!(unbounded.send(2), Ok(()));
/// assert_eq!(drain(&mut receiver), [2]);
/// ```
pub trait Bound: sealed::Bound {}

/// A channel has as many places as its capacity.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{BaseSender, Bounded, Sender, channel};
///
/// let (sender, _receiver) = channel::<u8>(2);
/// let sender: Sender<u8> = sender;
/// let sender: BaseSender<u8, Bounded> = sender;
/// assert_eq!(sender.capacity(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {}

/// A channel has a place for every message.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{BaseSender, Unbounded, UnboundedSender, unbounded_channel};
///
/// let (sender, _receiver) = unbounded_channel();
/// let sender: UnboundedSender<u8> = sender;
/// let sender: BaseSender<u8, Unbounded> = sender;
/// assert_eq!(sender.send(1), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbounded {}

impl Bound for Bounded {}
impl Bound for Unbounded {}

/// What only this crate implements.
mod sealed {
    /// How the ends of a channel are called in `Debug`.
    pub trait Bound {
        const SENDER: &'static str;
        const WEAK_SENDER: &'static str;
        const RECEIVER: &'static str;
    }

    impl Bound for super::Bounded {
        const SENDER: &'static str = "mpsc::Sender";
        const WEAK_SENDER: &'static str = "mpsc::WeakSender";
        const RECEIVER: &'static str = "mpsc::Receiver";
    }

    impl Bound for super::Unbounded {
        const SENDER: &'static str = "mpsc::UnboundedSender";
        const WEAK_SENDER: &'static str = "mpsc::WeakUnboundedSender";
        const RECEIVER: &'static str = "mpsc::UnboundedReceiver";
    }
}

/// The receiver is closed or gone. Gives the message back.
///
/// # Examples
/// ```
/// let (sender, receiver) = unpick_primitives::mpsc::channel(1);
/// drop(receiver);
/// let error = futures::executor::block_on(sender.send("job")).unwrap_err();
/// assert_eq!(error.to_string(), "the channel is closed");
/// assert_eq!(error.0, "job");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

// Whatever the message is, so that a result can be unwrapped.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Nothing was sent. Gives the message back.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{self, TrySendError};
///
/// let (sender, mut receiver) = mpsc::channel(1);
/// assert_eq!(sender.try_send(1), Ok(()));
/// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
/// receiver.close();
/// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// No place is free.
    Full(T),
    /// The receiver is closed or gone.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The message.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel(1);
    /// assert_eq!(sender.try_send("first"), Ok(()));
    /// let error = sender.try_send("second").unwrap_err();
    /// assert_eq!(error.into_inner(), "second");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(message) | TrySendError::Closed(message) => message,
        }
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(SendError(message): SendError<T>) -> TrySendError<T> {
        TrySendError::Closed(message)
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "no place is free",
            TrySendError::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> std::error::Error for TrySendError<T> {}

/// There is no message to be taken.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc::{self, TryRecvError};
///
/// let (sender, mut receiver) = mpsc::unbounded_channel::<u8>();
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// None is there yet.
    Empty,
    /// None is there, nor will there be.
    Disconnected,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "no message is there yet",
            TryRecvError::Disconnected => "the channel is closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
