//! Waiting to be notified.

use std::fmt;
use std::future::Future;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use tokio::sync::futures as real;
use unpick_sim::probe::{Access, is_inside_run};

use super::Notify;
use crate::sync::kept::unbound;
use crate::sync::waiting::Waiting;

pin_project! {
    /// The future of [`Notify::notified`]: tokio's [`Notified`](real::Notified).
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Notified<'a> {
        notify: &'a Notify,
        wait: Wait,
        #[pin]
        inner: real::Notified<'a>,
    }
}

pin_project! {
    /// The future of [`Notify::notified_owned`]: tokio's
    /// [`OwnedNotified`](real::OwnedNotified).
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct OwnedNotified {
        wait: Wait,
        #[pin]
        kept: Kept,
    }
}

/// What both keep for the engine.
struct Wait {
    waiting: Waiting,
    /// Whether it began to wait before it was polled: then it needs no announcement.
    is_enabled: bool,
}

impl Wait {
    const fn new(site: &'static Location<'static>) -> Wait {
        let waiting = Waiting::for_news("notified", Access::Change, site);
        Wait { waiting, is_enabled: false }
    }

    #[track_caller]
    fn enable(&mut self, notify: &Notify, mut inner: Pin<&mut real::Notified<'_>>) -> bool {
        if !is_inside_run() {
            return inner.enable();
        }
        notify.object.immediate("enable", Access::Change);
        let is_first = !std::mem::replace(&mut self.is_enabled, true);
        if inner.as_mut().enable() {
            return true;
        }
        if is_first && !self.waiting.waits() {
            // So that it counts when somebody is notified.
            let waker = self.waiting.waker(Waker::noop());
            let polled = inner.poll(&mut Context::from_waker(&waker));
            debug_assert!(polled.is_pending(), "it was just not notified");
        }
        false
    }

    fn poll(
        &mut self,
        notify: &Notify,
        mut inner: Pin<&mut real::Notified<'_>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let object = &notify.object;
        if self.waiting.ends_by_hand(object) {
            return Poll::Ready(());
        }
        let attempt = |cx: &mut Context<'_>| inner.as_mut().poll(cx);
        if self.is_enabled && is_inside_run() {
            return self.waiting.poll_announced(object, cx, attempt);
        }
        self.waiting.poll(object, cx, attempt)
    }
}

impl<'a> Notified<'a> {
    pub(super) fn new(notify: &'a Notify, site: &'static Location<'static>) -> Self {
        Notified { notify, wait: Wait::new(site), inner: notify.inner.notified() }
    }

    /// As tokio's [`enable`](real::Notified::enable).
    #[track_caller]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.wait.enable(this.notify, this.inner)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.wait.poll(this.notify, this.inner, cx)
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Tokio's future, next to what it borrows from.
struct Kept {
    // Invariant: there until this is dropped. It borrows from what is behind `notify`, not for
    // ever, so that nobody but this type is to see it.
    inner: MaybeUninit<real::Notified<'static>>,
    notify: Arc<Notify>,
}

impl Kept {
    fn new(notify: Arc<Notify>) -> Kept {
        // SAFETY: the `Arc` is kept until the future is gone.
        let inner = unsafe { unbound(&notify) }.inner.notified();
        Kept { inner: MaybeUninit::new(inner), notify }
    }

    fn project(self: Pin<&mut Self>) -> (&Notify, Pin<&mut real::Notified<'static>>) {
        // SAFETY: the future is not moved out of here: nothing but `drop` uses it otherwise. It is
        // there, says the invariant.
        unsafe {
            let this = self.get_unchecked_mut();
            (&this.notify, Pin::new_unchecked(this.inner.assume_init_mut()))
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: it is there, says the invariant, and not used again. The `Arc` is dropped after.
        unsafe { self.inner.assume_init_drop() };
    }
}

impl OwnedNotified {
    pub(super) fn new(notify: Arc<Notify>, site: &'static Location<'static>) -> Self {
        OwnedNotified { wait: Wait::new(site), kept: Kept::new(notify) }
    }

    /// As tokio's [`enable`](real::OwnedNotified::enable).
    #[track_caller]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let (notify, inner) = this.kept.project();
        this.wait.enable(notify, inner)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let (notify, inner) = this.kept.project();
        this.wait.poll(notify, inner, cx)
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: it is there, says the invariant.
        let inner = unsafe { self.kept.inner.assume_init_ref() };
        f.debug_tuple("OwnedNotified").field(inner).finish()
    }
}
