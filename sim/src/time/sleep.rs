//! Sleeping until an instant of virtual time.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Instant;
use crate::engine::{Stamp, TimerKey, Waiter, expect_run, try_run, with_run, with_run_of};

/// Waits until `duration` of virtual time has passed from now.
///
/// A duration of zero gives way once, as `asyncio.sleep(0)` does; one that reaches beyond the
/// end of time waits for ever.
///
/// # Cancel safety
/// Dropping it cancels the timer and has no other effect.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_sim::{Run, time};
///
/// let outcome = Run::new().execute(|| async {
///     time::sleep(Duration::from_secs(3600)).await;
///     time::Instant::now().as_nanos()
/// });
/// assert_eq!(outcome.result, Ok(3_600_000_000_000));
/// ```
#[inline]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    let now = expect_run("sim::time::sleep", |core| core.now());
    Sleep::new(now + duration, if duration.is_zero() { Stage::MustYield } else { Stage::New })
}

/// Waits until `deadline`; at once if it has passed.
///
/// # Cancel safety
/// Dropping it cancels the timer and has no other effect.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(deadline, Stage::New)
}

/// The future of [`sleep`] and [`sleep_until`].
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct Sleep {
    deadline: Instant,
    stage: Stage,
    site: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Has not been polled.
    New,
    /// Has not been polled, and must give way once although its deadline has come.
    MustYield,
    /// Has a timer, in the run with this stamp.
    Waiting(TimerKey, Stamp),
    /// Has no timer, because its deadline never comes.
    ForEver,
    /// Has given way, or is over.
    Done,
}

impl Sleep {
    #[inline]
    #[track_caller]
    fn new(deadline: Instant, stage: Stage) -> Sleep {
        Sleep { deadline, stage, site: Location::caller() }
    }

    /// A sleep on behalf of something that was called at `site`.
    pub(crate) fn at(deadline: Instant, site: &'static Location<'static>) -> Sleep {
        Sleep { deadline, stage: Stage::New, site }
    }

    /// When it is over.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether it is over.
    ///
    /// # Panics
    /// Outside of a run.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.deadline <= Instant::now()
    }

    /// Gives it another deadline. Whoever waits for it is woken then, and not at the earlier one;
    /// one that is over has to be polled afresh.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.stage = match self.stage {
            Stage::Waiting(key, of) if deadline < Instant::NEVER => {
                let moved = with_run_of(of, |core| core.timers.postpone(key, deadline.as_nanos()));
                moved.flatten().map_or(Stage::New, |key| Stage::Waiting(key, of))
            }
            _ => {
                self.cancel();
                Stage::New
            }
        };
    }

    /// Polls one that has no timer, and will get none.
    #[inline(never)]
    fn poll_rare(&mut self, cx: &Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::New => {
                self.stage = Stage::ForEver;
                self.wait_for_ever()
            }
            Stage::MustYield => {
                self.stage = Stage::Done;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Stage::Waiting(key, of) => self.go_on(key, of, cx),
            Stage::ForEver => self.wait_for_ever(),
            Stage::Done => Poll::Ready(()),
        }
    }

    #[inline(never)]
    fn start(&mut self, cx: &Context<'_>) -> Poll<()> {
        let started = try_run(|core| {
            let place = core.vacancy_for(self.deadline, cx.waker())?;
            Some(Stage::Waiting(core.start_timer_in(place, self.site), core.stamp))
        });
        match started {
            Some(stage) => {
                self.stage = stage;
                Poll::Pending
            }
            None => self.start_otherwise(cx),
        }
    }

    /// The same, whatever the timer and whoever is told of it.
    #[inline(never)]
    fn start_otherwise(&mut self, cx: &Context<'_>) -> Poll<()> {
        let (deadline, site, stage) = (self.deadline, self.site, &mut self.stage);
        let is_settled = expect_run("a sim::time::Sleep", |core| {
            if deadline <= core.now() {
                *stage = Stage::Done;
                return true;
            }
            let Some(waiter) = Waiter::of_task(cx.waker(), core.stamp) else { return false };
            *stage = Stage::Waiting(core.start_timer(deadline, waiter, site), core.stamp);
            true
        });
        if !is_settled {
            self.stage = self.start_for(cx.waker().clone());
        }
        if let Stage::Done = self.stage { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Starts the timer for a waker that is somebody else's.
    #[inline(never)]
    fn start_for(&self, waker: Waker) -> Stage {
        let (deadline, site) = (self.deadline, self.site);
        expect_run("a sim::time::Sleep", |core| {
            let key = core.start_timer(deadline, Waiter::Other(waker), site);
            Stage::Waiting(key, core.stamp)
        })
    }

    #[inline]
    fn go_on(&mut self, key: TimerKey, of: Stamp, cx: &Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        // Every timer that is due has fired: the clock alone tells.
        let is_over = with_run_of(of, |core| {
            core.sleep_was_polled();
            deadline <= core.now()
        });
        match is_over {
            Some(true) => {
                self.stage = Stage::Done;
                Poll::Ready(())
            }
            Some(false) => self.wait_on(key, of, cx),
            None => of_another_run(),
        }
    }

    /// Polled before its time, maybe by another task or with another waker.
    #[inline(never)]
    fn wait_on(&self, key: TimerKey, of: Stamp, cx: &Context<'_>) -> Poll<()> {
        let waiter = Waiter::of(cx.waker());
        let _old = with_run_of(of, |core| {
            core.poll.is_known = true;
            let current = core.current;
            let timer = core.timers.get_mut(key)?;
            timer.task = current.unwrap_or(timer.task);
            Some(std::mem::replace(&mut timer.waiter, waiter))
        });
        Poll::Pending
    }

    #[inline(never)]
    fn wait_for_ever(&self) -> Poll<()> {
        with_run(|core| core.poll.is_known = true);
        Poll::Pending
    }

    fn cancel(&mut self) {
        if let Stage::Waiting(key, of) = self.stage {
            self.stage = Stage::Done;
            // The timer's waker is dropped once the engine is not borrowed any more.
            let _timer = with_run_of(of, |core| {
                core.sleep_was_polled();
                core.timers.cancel(key)
            });
        }
    }
}

#[cold]
fn of_another_run() -> ! {
    expect_run("a sim::time::Sleep", |_| ());
    panic!("a Sleep of another run was polled in this one")
}

impl Future for Sleep {
    type Output = ();

    // In one piece with the future that awaits it: it is short where a timer has fired.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::Waiting(key, of) => self.go_on(key, of, cx),
            Stage::New if self.deadline < Instant::NEVER => self.start(cx),
            _ => self.poll_rare(cx),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Waiting(key, of) = self.stage {
            drop_timer(key, of);
        }
    }
}

#[inline(never)]
fn drop_timer(key: TimerKey, of: Stamp) {
    // The timer's waker is dropped once the engine is not borrowed any more.
    let _timer = with_run_of(of, |core| {
        core.sleep_was_polled();
        core.drop_timer(key)
    });
}
