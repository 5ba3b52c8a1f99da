//! Channels that keep the newest value for all receivers.

mod receiver;
mod sender;
mod value;

use std::sync::Arc;

use tokio::sync::watch as real;
pub use tokio::sync::watch::error;
use unpick_sim::probe::{Cause, Object};

pub use self::receiver::Receiver;
pub use self::sender::Sender;
use self::value::Borrows;
pub use self::value::Ref;
use super::end::End;
use super::waking::InCall;

/// What whoever waits for a change waits for.
const CHANGES: &[&str] =
    &["send", "send_replace", "send_modify", "send_if_modified", "drop sender"];

/// Who ends whose wait.
static CAUSES: [Cause; 3] = [
    Cause { wait: "changed", by: CHANGES, owed: &[] },
    Cause { wait: "wait_for", by: CHANGES, owed: &[] },
    Cause { wait: "closed", by: &["drop receiver"], owed: &[] },
];

#[track_caller]
fn object() -> Arc<Object> {
    Arc::new(Object::in_static("watch").with_causes(&CAUSES).registered())
}

/// Makes a channel with a value in it: tokio's [`channel`](real::channel).
///
/// # Examples
/// ```
/// use unpick_sim::{Run, spawn};
/// use unpick_tokio::sync::watch;
///
/// let outcome = Run::new().execute(|| async {
///     let (sender, mut receiver) = watch::channel("starting");
///     drop(spawn(async move { sender.send("ready") }));
///     receiver.changed().await.unwrap();
///     *receiver.borrow()
/// });
/// assert_eq!(outcome.result, Ok("ready"));
/// ```
#[track_caller]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel(init);
    let (object, borrows) = (object(), Borrows::default());
    let end = End::receiver(object.clone());
    let receiver = Receiver { end, borrows: borrows.clone(), inner: receiver };
    (Sender { end: End::sender(object), borrows, inner: InCall::new(sender) }, receiver)
}
