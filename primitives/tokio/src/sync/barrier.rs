//! The barrier.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Object, is_inside_run};

use super::BarrierWaitResult;
use super::waiting::Waiting;

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "wait", by: &["arrive"], owed: &[] }];

/// What a report says of the tasks that wait.
const ARRIVED: &str = "parties have arrived";

/// Lets tasks go on when a given number of them have arrived: tokio's [`Barrier`](real::Barrier).
///
/// Inside of a run a report says how many have.
///
/// # Examples
/// ```
/// use unpick_sim::Run;
/// use unpick_tokio::sync::Barrier;
///
/// let outcome = Run::new().execute(|| async {
///     let barrier = Barrier::new(2);
///     barrier.wait().await;
/// });
/// let stuck = outcome.result.unwrap_err().to_string();
/// assert!(stuck.contains("1 of 2 parties have arrived"), "{stuck}");
/// ```
pub struct Barrier {
    object: Object,
    /// How many have arrived inside of runs since the last time that they went on.
    arrived: AtomicUsize,
    parties: usize,
    inner: real::Barrier,
}

impl Barrier {
    /// As tokio's [`new`](real::Barrier::new).
    #[track_caller]
    pub fn new(n: usize) -> Barrier {
        let object = Object::in_static("barrier").with_causes(&CAUSES).registered();
        let arrived = AtomicUsize::new(0);
        Barrier { object, arrived, parties: n.max(1), inner: real::Barrier::new(n) }
    }

    /// As tokio's [`wait`](real::Barrier::wait): a task that gives up waiting has still arrived.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        let site = Location::caller();
        async move {
            let mut waiting = Waiting::for_news("wait", Access::Change, site);
            let mut wait = pin!(self.inner.wait());
            let mut has_arrived = false;
            poll_fn(|cx| {
                waiting.poll(&self.object, cx, |cx| {
                    if !std::mem::replace(&mut has_arrived, true) && is_inside_run() {
                        self.arrive(site);
                    }
                    wait.as_mut().poll(cx)
                })
            })
            .await
        }
    }

    /// Notes that somebody arrives.
    fn arrive(&self, site: &'static Location<'static>) {
        self.object.acted_at("arrive", site);
        self.object.publish();
        // Relaxed: it is only told.
        let arrived = (self.arrived.load(Ordering::Relaxed) + 1) % self.parties;
        self.arrived.store(arrived, Ordering::Relaxed);
        self.object.counted(ARRIVED, arrived, self.parties);
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
