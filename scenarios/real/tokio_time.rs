//! Tokio's timers inside a run: a paused runtime that is entered, and whose clock the run's drives.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use unpick::sim::time::{Instant, TimerSource, attach_source};

/// Further than any program goes.
const FAR: Duration = Duration::from_secs(1_000_000);

/// Whether a timer woke somebody, and who is to know.
#[derive(Default)]
struct Bell {
    rang: AtomicBool,
    listener: Mutex<Option<Waker>>,
}

/// The runtime of one run. Futures that use tokio's timers go through [`Timers::drive`].
#[derive(Clone)]
pub(crate) struct Timers {
    runtime: Arc<Runtime>,
    bell: Arc<Bell>,
}

impl Timers {
    /// A runtime for this run, as its second source of timers.
    pub(crate) fn attach() -> Timers {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = Arc::new(runtime.expect("a runtime without input and output is made"));
        let timers = Timers { runtime, bell: Arc::default() };
        let start = timers.inside(tokio::time::Instant::now);
        attach_source(Box::new(Source { timers: timers.clone(), start }));
        timers
    }

    /// Calls this with the runtime entered.
    pub(crate) fn inside<T>(&self, call: impl FnOnce() -> T) -> T {
        let _entered = self.runtime.enter();
        call()
    }

    /// A future each poll of which is inside, and whose wake-ups stop the clock.
    pub(crate) async fn drive<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let ringer = Ringer { bell: Arc::clone(&self.bell), task: cx.waker().clone() };
            let waker = Waker::from(Arc::new(ringer));
            self.inside(|| future.as_mut().poll(&mut Context::from_waker(&waker)))
        })
        .await
    }
}

/// Rings the bell, and wakes a task.
struct Ringer {
    bell: Arc<Bell>,
    task: Waker,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.bell.rang.store(true, Ordering::Relaxed);
        let listener = self.bell.listener.lock().expect("nobody panics with it").take();
        listener.into_iter().for_each(Waker::wake);
        self.task.wake_by_ref();
    }
}

struct Source {
    timers: Timers,
    start: tokio::time::Instant,
}

impl TimerSource for Source {
    fn advance(&mut self, limit: Option<Instant>) -> Option<Instant> {
        let (bell, start) = (&self.timers.bell, self.start);
        bell.rang.store(false, Ordering::Relaxed);
        let limit = limit.map_or(FAR, |limit| limit.duration_since(Instant::START));
        self.timers.runtime.block_on(async {
            let mut end = pin!(tokio::time::sleep_until(start + limit));
            let rang = poll_fn(|cx| {
                *bell.listener.lock().expect("nobody panics with it") = Some(cx.waker().clone());
                match bell.rang.load(Ordering::Relaxed) {
                    true => Poll::Ready(true),
                    false => end.as_mut().poll(cx).map(|()| false),
                }
            });
            let rang = rang.await;
            (rang || limit < FAR).then(|| Instant::START + start.elapsed())
        })
    }
}
