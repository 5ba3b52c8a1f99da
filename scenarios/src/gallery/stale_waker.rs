//! A hand-written future that keeps the first waker it has seen.
//!
//! The documentation of `Future::poll` warns of it: the waker of the last poll counts.
//!
//! - Symptom: a download is complete, and whoever awaits it sleeps on.
//! - Cause: the future stores its waker in the first poll only. When it is moved to another task
//!   (into a `spawn`, a `select!` in a loop, a `FuturesUnordered`), the task that is woken is the
//!   one that does not have it any more.
//! - Shortest schedule: the plain one but for one hand-over.
//! - Fix: in every poll, store the waker unless the stored one `will_wake` the same task.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::{sleep, task};
use unpick::sim::hand_over;
use unpick::{Kind, event};

/// A download, and a task that awaits it.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "stale-waker",
    summary: "a hand-written future keeps its first waker",
    variants: &[
        Variant::buggy(&|| program(await_download(keep_first)), Kind::LostWakeup, 30),
        Variant::fixed(&|| program(await_download(keep_last))),
    ],
};

/// How a future that is polled updates the waker that it has stored.
type Keep = fn(&mut Option<Waker>, &Waker);

fn keep_first(stored: &mut Option<Waker>, current: &Waker) {
    stored.get_or_insert_with(|| current.clone());
}

fn keep_last(stored: &mut Option<Waker>, current: &Waker) {
    match stored {
        Some(stored) => stored.clone_from(current),
        None => *stored = Some(current.clone()),
    }
}

#[derive(Default)]
struct Shared {
    is_complete: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

struct Download {
    shared: Rc<Shared>,
    keep: Keep,
}

impl Future for Download {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.shared.is_complete.get() {
            return Poll::Ready(());
        }
        (self.keep)(&mut self.shared.waker.borrow_mut(), cx.waker());
        Poll::Pending
    }
}

async fn transfer(shared: Rc<Shared>) {
    sleep(Duration::from_millis(5)).await;
    shared.is_complete.set(true);
    event!("the download is complete");
    if let Some(waker) = shared.waker.take() {
        waker.wake();
    }
}

async fn await_download(keep: Keep) -> Result<(), String> {
    let shared = Rc::new(Shared::default());
    let transfer = task().named("transfer").spawn(transfer(shared.clone()));
    hand_over(Download { shared, keep }).await;
    transfer.await.map_err(|error| error.to_string())
}
