//! Channels of many messages for one receiver.

mod permit;
mod receiver;
mod sender;

mod unbounded;
mod unsent;
mod weak;

use std::sync::Arc;

use tokio::sync::mpsc as real;
pub use tokio::sync::mpsc::error;
use unpick_sim::probe::{Cause, Object, Passage};

pub use self::permit::{OwnedPermit, Permit, PermitIterator};
pub use self::receiver::{Receiver, UnboundedReceiver};
pub use self::sender::Sender;
pub use self::unbounded::UnboundedSender;
pub use self::weak::{WeakSender, WeakUnboundedSender};
use super::end::End;

/// What gives a sender that waits a place, or tells it that there will be none.
const FREES: &[&str] =
    &["recv", "recv_many", "try_recv", "blocking_recv", "release", "close", "drop receiver"];

/// What gives a receiver that waits a message, or tells it that there will be none.
const SENDS: &[&str] = &["send", "try_send", "blocking_send", "drop sender"];

/// Who ends whose wait.
static CAUSES: [Cause; 5] = [
    Cause { wait: "recv", by: SENDS, owed: &[] },
    Cause { wait: "recv_many", by: SENDS, owed: &[] },
    Cause { wait: "send", by: FREES, owed: &[] },
    Cause { wait: "reserve", by: FREES, owed: &[] },
    Cause { wait: "closed", by: &["close", "drop receiver"], owed: &[] },
];

/// What takes messages out, and what puts them in.
static PASSAGE: Passage = Passage {
    takes: &["recv", "recv_many", "try_recv", "blocking_recv"],
    gives: &["send", "try_send", "blocking_send"],
};

#[track_caller]
fn object() -> Arc<Object> {
    let object = Object::in_static("mpsc").with_causes(&CAUSES).with_passage(&PASSAGE);
    Arc::new(object.registered())
}

/// Makes a channel with so many places: tokio's [`channel`](real::channel).
///
/// # Panics
/// If there are none, or more than tokio can count.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::mpsc;
///
/// let outcome = Run::new().execute(|| async {
///     let (sender, mut receiver) = mpsc::channel(1);
///     sender.send(1).await.unwrap();
///     // Nobody receives.
///     sender.send(2).await.unwrap();
///     receiver.recv().await
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::Deadlock);
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel(buffer);
    let object = object();
    let sender = Sender { end: End::sender(object.clone()), inner: sender };
    (sender, Receiver::new(End::receiver(object), receiver))
}

/// Makes a channel without a bound: tokio's [`unbounded_channel`](real::unbounded_channel).
///
/// # Examples
/// ```
/// use unpick_sim::Run;
/// use unpick_tokio::sync::mpsc;
///
/// let outcome = Run::new().execute(|| async {
///     let (sender, mut receiver) = mpsc::unbounded_channel();
///     sender.send(1).unwrap();
///     receiver.recv().await
/// });
/// assert_eq!(outcome.result, Ok(Some(1)));
/// ```
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = real::unbounded_channel();
    let object = object();
    let sender = UnboundedSender { end: End::sender(object.clone()), inner: sender };
    (sender, UnboundedReceiver::new(End::receiver(object), receiver))
}
