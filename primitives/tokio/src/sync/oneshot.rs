//! A channel for one value.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::sync::oneshot as real;
pub use tokio::sync::oneshot::error;
use unpick_sim::probe::{Access, Cause, Object, Passage, is_inside_run};

use self::error::{RecvError, TryRecvError};
use super::blocking::would_block;
use super::waiting::{Announced, Waiting};
use super::waking::Call;

/// Who ends whose wait.
static CAUSES: [Cause; 2] = [
    Cause { wait: "recv", by: &["send", "drop sender"], owed: &[] },
    Cause { wait: "closed", by: &["close", "drop receiver"], owed: &[] },
];

/// What takes the value out, and what puts it in.
static PASSAGE: Passage =
    Passage { takes: &["recv", "try_recv", "blocking_recv"], gives: &["send"] };

/// Makes a channel for one value: tokio's [`channel`](real::channel).
///
/// # Examples
/// ```
/// use unpick_sim::{Run, spawn};
/// use unpick_tokio::sync::oneshot;
///
/// let outcome = Run::new().execute(|| async {
///     let (sender, receiver) = oneshot::channel();
///     drop(spawn(async move { sender.send(1) }));
///     receiver.await
/// });
/// assert_eq!(outcome.result, Ok(Ok(1)));
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let object = Object::in_static("oneshot").with_causes(&CAUSES).with_passage(&PASSAGE);
    let object = Arc::new(object.registered());
    let (sender, receiver) = real::channel();
    let sender = Sender { inner: Some(sender), object: object.clone(), closed: None };
    let waiting = Waiting::for_news("recv", Access::Change, Location::caller());
    (sender, Receiver { waiting, inner: Some(receiver), object })
}

/// Sends the value: tokio's [`Sender`](real::Sender).
pub struct Sender<T> {
    // Invariant: there until the value is sent.
    inner: Option<real::Sender<T>>,
    object: Arc<Object>,
    /// What `poll_closed` is at.
    closed: Option<Waiting>,
}

const HAS_SENT: &str = "a sender is gone once it has sent";

impl<T> Sender<T> {
    /// As tokio's [`send`](real::Sender::send).
    ///
    /// # Errors
    /// If the receiver is closed or gone: with the value.
    #[track_caller]
    pub fn send(mut self, t: T) -> Result<(), T> {
        let inner = self.inner.take().expect(HAS_SENT);
        if !is_inside_run() {
            return inner.send(t);
        }
        self.object.immediate("send", Access::Change);
        self.object.publish();
        let call = Call::begin();
        let sent = inner.send(t);
        self.object.notified(call.woken());
        sent
    }

    /// As tokio's [`closed`](real::Sender::closed).
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        let waiting = Waiting::for_news("closed", Access::Read, Location::caller());
        Announced::new(&self.object, waiting, self.inner.as_mut().expect(HAS_SENT).closed())
    }

    /// As tokio's [`is_closed`](real::Sender::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.object.immediate("is_closed", Access::Read);
        self.inner.as_ref().expect(HAS_SENT).is_closed()
    }

    /// As tokio's [`poll_closed`](real::Sender::poll_closed).
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let site = Location::caller();
        let inner = self.inner.as_mut().expect(HAS_SENT);
        let make = || Waiting::for_news("closed", Access::Read, site);
        let waiting = self.closed.get_or_insert_with(make);
        ready!(waiting.poll(&self.object, cx, |cx| inner.poll_closed(cx)));
        self.closed = None;
        Poll::Ready(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && is_inside_run()
        {
            self.object.immediate("drop sender", Access::Change);
            self.object.publish();
            let _call = Call::begin();
            drop(inner);
        }
    }
}

/// Receives the value: tokio's [`Receiver`](real::Receiver).
pub struct Receiver<T> {
    waiting: Waiting,
    // Invariant: there until it is dropped, or used up by `blocking_recv`.
    inner: Option<real::Receiver<T>>,
    object: Arc<Object>,
}

const IS_THERE: &str = "a receiver is there until it is dropped";

impl<T> Receiver<T> {
    /// As tokio's [`close`](real::Receiver::close).
    #[track_caller]
    pub fn close(&mut self) {
        let inner = self.inner.as_mut().expect(IS_THERE);
        if !is_inside_run() {
            return inner.close();
        }
        self.object.immediate("close", Access::Change);
        self.object.publish();
        let _call = Call::begin();
        inner.close();
    }

    /// As tokio's [`is_terminated`](real::Receiver::is_terminated).
    pub fn is_terminated(&self) -> bool {
        self.inner.as_ref().is_none_or(real::Receiver::is_terminated)
    }

    /// As tokio's [`is_empty`](real::Receiver::is_empty).
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.object.immediate("is_empty", Access::Read);
        self.inner.as_ref().expect(IS_THERE).is_empty()
    }

    /// As tokio's [`try_recv`](real::Receiver::try_recv).
    ///
    /// # Errors
    /// If no value is there: yet, or for ever.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.object.immediate("try_recv", Access::Change);
        let received = self.inner.as_mut().expect(IS_THERE).try_recv();
        if !matches!(received, Err(TryRecvError::Empty)) {
            self.object.observe();
        }
        received
    }

    /// As tokio's [`blocking_recv`](real::Receiver::blocking_recv).
    ///
    /// # Errors
    /// If the sender is gone.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if the value is not there yet.
    #[track_caller]
    pub fn blocking_recv(mut self) -> Result<T, RecvError> {
        let mut inner = self.inner.take().expect(IS_THERE);
        if !is_inside_run() {
            return inner.blocking_recv();
        }
        self.object.immediate("blocking_recv", Access::Change);
        match Pin::new(&mut inner).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(received) => {
                self.object.observe();
                received
            }
            Poll::Pending => would_block("blocking_recv", &self.object),
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Receiver { waiting, inner, object } = &mut *self;
        let inner = inner.as_mut().expect(IS_THERE);
        waiting.poll(object, cx, |cx| Pin::new(&mut *inner).poll(cx))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && !inner.is_terminated()
            && is_inside_run()
        {
            self.object.immediate("drop receiver", Access::Change);
            self.object.publish();
            let _call = Call::begin();
            drop(inner);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.as_ref().expect(HAS_SENT).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.as_ref().expect(IS_THERE).fmt(f)
    }
}
