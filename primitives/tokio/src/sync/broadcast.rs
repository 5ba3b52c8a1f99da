//! Channels whose receivers all get every message.

mod receiver;
mod sender;

use std::sync::Arc;

use tokio::sync::broadcast as real;
pub use tokio::sync::broadcast::error;
use unpick_sim::probe::{Cause, Object, Passage};

pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};
use super::end::End;
use super::stamped::Stamped;

/// Who ends whose wait.
static CAUSES: [Cause; 2] = [
    Cause { wait: "recv", by: &["send", "drop sender"], owed: &[] },
    Cause { wait: "closed", by: &["drop receiver"], owed: &[] },
];

/// What takes a message: a receiver's copy of it.
static PASSAGE: Passage = Passage { takes: &["recv", "try_recv", "blocking_recv"], gives: &[] };

#[track_caller]
fn object() -> Arc<Object> {
    let object = Object::in_static("broadcast").with_causes(&CAUSES).with_passage(&PASSAGE);
    Arc::new(object.registered())
}

/// Makes a channel that keeps so many messages: tokio's [`channel`](real::channel).
///
/// # Panics
/// If it keeps none, or more than tokio can count.
///
/// # Examples
/// ```
/// use unpick_sim::Run;
/// use unpick_tokio::sync::broadcast::{self, error::RecvError};
///
/// let outcome = Run::new().execute(|| async {
///     let (sender, mut slow) = broadcast::channel(1);
///     sender.send(1).unwrap();
///     sender.send(2).unwrap();
///     (slow.recv().await, slow.recv().await)
/// });
/// assert_eq!(outcome.result, Ok((Err(RecvError::Lagged(1)), Ok(2))));
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel::<Stamped<T>>(capacity);
    let object = object();
    let sender = Sender { end: End::sender(object.clone()), inner: sender };
    (sender, Receiver { end: End::receiver(object), inner: receiver })
}
