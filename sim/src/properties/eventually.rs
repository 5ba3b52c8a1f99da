//! `eventually`: a condition that comes true within some virtual time.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::engine::{Packed, Waiter, expect_run, with_run};
use crate::time::{Instant, Sleep};

/// Waits until a condition comes true, at the latest `within` this virtual time; if it does not,
/// the run ends with a finding of kind [`Kind::Property`](crate::finding::Kind::Property).
///
/// The condition is looked at when the future is polled, and then whenever nothing else can run
/// at an instant, before the clock moves on. So it costs no step, adds nothing to choose, and a
/// condition that comes true only between two steps of the same instant does not count.
///
/// # Cancel safety
/// Dropping it gives the claim up.
///
/// # Panics
/// If it is polled outside of a run, where no clock moves.
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
/// use unpick_sim::properties::eventually;
/// use unpick_sim::time::{Instant, sleep};
/// use unpick_sim::{Run, spawn};
///
/// let outcome = Run::new().execute(|| async {
///     let done = Rc::new(Cell::new(false));
///     let worker = done.clone();
///     spawn(async move {
///         sleep(Duration::from_secs(3)).await;
///         worker.set(true);
///     });
///     eventually(Duration::from_secs(5), || done.get()).await;
///     Instant::now().as_nanos()
/// });
/// assert_eq!(outcome.result, Ok(3_000_000_000));
/// ```
#[track_caller]
pub fn eventually<C: FnMut() -> bool>(within: Duration, condition: C) -> Eventually<C> {
    let site = Location::caller();
    Eventually { condition, within, site, deadline: None, watch: Watch(Packed::NONE) }
}

pin_project! {
    /// The future of [`eventually`].
    #[must_use = "futures do nothing unless they are polled"]
    #[derive(Debug)]
    pub struct Eventually<C> {
        condition: C,
        within: Duration,
        site: &'static Location<'static>,
        // From the first poll on.
        #[pin]
        deadline: Option<Sleep>,
        watch: Watch,
    }
}

/// The engine's record of a condition that is watched. Given up when dropped.
#[derive(Debug)]
struct Watch(Packed);

impl Drop for Watch {
    fn drop(&mut self) {
        let _waiter = with_run(|core| core.give_up_watch(self.0));
    }
}

impl<C: FnMut() -> bool> Future for Eventually<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if (this.condition)() {
            let _waiter = with_run(|core| core.settle_watch(this.watch.0));
            this.watch.0 = Packed::NONE;
            return Poll::Ready(());
        }
        if this.deadline.is_none() {
            let now = expect_run("eventually", |core| core.now());
            this.deadline.set(Some(Sleep::at(now + *this.within, this.site)));
        }
        let deadline = this.deadline.as_mut().as_pin_mut().expect("it was put there");
        let is_over = deadline.poll(cx).is_ready();
        let waiter = Waiter::of(cx.waker());
        let (watch, was_quiet, _old) =
            expect_run("eventually", |core| core.watch(this.watch.0, waiter));
        this.watch.0 = watch;
        if is_over && was_quiet {
            let message =
                format!("eventually: the condition did not come true within {:?}", this.within);
            with_run(|core| core.fail_property(message, (*this.site).into()));
        }
        Poll::Pending
    }
}

impl<C> Eventually<C> {
    /// When its time is up; `None` before the first poll.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.as_ref().map(Sleep::deadline)
    }
}
