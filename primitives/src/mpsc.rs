//! Channels from many senders to one receiver: after tokio's `mpsc`.
//!
//! A bounded channel has as many places as its capacity. They are handed over in order: a place
//! that becomes free belongs to the sender that has waited longest, before it has even run, and
//! passes on to the next if that one is dropped. A place can be [reserved](Sender::reserve)
//! before there is a message.
//!
//! The channel ends for the receiver when all senders are gone, or when it has
//! [closed](Receiver::close) it and every place that was reserved before is given back; messages
//! that are in it are received first.

mod bounded;
mod state;
mod unbounded;

use std::fmt;

pub use bounded::{Permit, Receiver, Recv, Reserve, Sender, Sending, channel, named_channel};
pub use state::Closed;
pub use unbounded::{
    UnboundedReceiver, UnboundedRecv, UnboundedSender, named_unbounded_channel, unbounded_channel,
};

/// The receiver is closed or gone. Gives the message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl<T: fmt::Debug> std::error::Error for SendError<T> {}

/// Nothing was sent. Gives the message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// No place is free.
    Full(T),
    /// The receiver is closed or gone.
    Closed(T),
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "no place is free",
            TrySendError::Closed(_) => "the channel is closed",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for TrySendError<T> {}

/// There is no message to be taken.
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
