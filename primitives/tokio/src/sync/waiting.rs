//! The one way in which the futures here wait: announced, then tried on tokio's own type.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use unpick_sim::probe::{Access, Object, Operation, is_inside_run};

use super::waking::{Call, Gives, Waking};

/// What a future keeps of the operation that it carries out.
#[derive(Debug)]
pub(super) struct Waiting {
    operation: Operation,
    gives: Gives,
    /// What tokio wakes, as long as it is to wake it.
    waking: Weak<Waking>,
}

impl Waiting {
    /// To wait for the object itself, or for permits of it.
    pub(super) const fn for_object(name: &'static str, site: &'static Location<'static>) -> Self {
        let operation = Operation::new(name, Access::Change, site);
        Waiting { operation, gives: Gives::Object, waking: Weak::new() }
    }

    /// To wait until there is something to look at.
    pub(super) const fn for_news(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Self {
        let operation = Operation::new(name, access, site);
        Waiting { operation, gives: Gives::News, waking: Weak::new() }
    }

    /// To wait for a message, which says for itself what its sender had done.
    pub(super) const fn for_message(name: &'static str, site: &'static Location<'static>) -> Self {
        let operation = Operation::new(name, Access::Change, site);
        Waiting { operation, gives: Gives::Message, waking: Weak::new() }
    }

    /// Polls the operation once, which `attempt` does on tokio's type.
    #[inline]
    pub(super) fn poll<T>(
        &mut self,
        object: &Object,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if !is_inside_run() {
            return attempt(cx);
        }
        ready!(self.operation.poll_announce(Some(object), cx));
        self.poll_announced(object, cx, attempt)
    }

    /// The same, inside of a run, for what needs no announcement or has had it.
    #[inline]
    pub(super) fn poll_announced<T>(
        &mut self,
        object: &Object,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let _call = Call::begin();
        let polled = self.attempt(object, cx, &mut attempt);
        if polled.is_ready() {
            self.operation.executed(Some(object));
            if self.gives == Gives::News {
                object.observe();
            }
        }
        polled
    }

    /// Tries the operation. If it has to wait, tokio gets a waker that tells whose wait it ends.
    #[inline]
    fn attempt<T>(
        &mut self,
        object: &Object,
        cx: &mut Context<'_>,
        attempt: &mut impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if let Some(waking) = self.waking.upgrade()
            && waking.will_wake(cx.waker())
        {
            let polled = attempt(&mut Context::from_waker(&Waker::from(waking)));
            if polled.is_pending() {
                self.operation.blocked(Some(object), cx);
            }
            return polled;
        }
        if let Poll::Ready(value) = attempt(cx) {
            return Poll::Ready(value);
        }
        // Only now is it known that it waits, and what its wait is called.
        self.operation.blocked(Some(object), cx);
        attempt(&mut Context::from_waker(&self.waker(cx.waker())))
    }

    /// A waker for tokio, which wakes another one and tells so.
    pub(super) fn waker(&mut self, wakes: &Waker) -> Waker {
        let waking = Waking::new(self.operation.ticket(), self.gives, wakes.clone());
        self.waking = Arc::downgrade(&waking);
        Waker::from(waking)
    }

    /// Whether tokio has a waker of it.
    pub(super) fn waits(&self) -> bool {
        self.waking.strong_count() > 0
    }

    /// Whether it waits, and is to return as if it had been notified: see
    /// [`Operation::is_woken_by_hand`]. Then it counts as executed.
    pub(super) fn ends_by_hand(&mut self, object: &Object) -> bool {
        if !self.waits() || !self.operation.is_woken_by_hand() {
            return false;
        }
        self.operation.executed(Some(object));
        true
    }
}

pin_project! {
    /// A future of tokio's, as one operation on an object.
    #[must_use = "futures do nothing unless they are polled"]
    pub(super) struct Announced<'a, F> {
        object: &'a Object,
        waiting: Waiting,
        #[pin]
        inner: F,
    }
}

impl<'a, F> Announced<'a, F> {
    pub(super) const fn new(object: &'a Object, waiting: Waiting, inner: F) -> Self {
        Announced { object, waiting, inner }
    }
}

impl<F: Future> Future for Announced<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.waiting.poll(this.object, cx, |cx| this.inner.as_mut().poll(cx))
    }
}
