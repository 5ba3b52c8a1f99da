//! The driven runtime as the engine's second source of timers.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::{Runtime, RuntimeMetrics};
use unpick_sim::probe;
use unpick_sim::time::{Instant, TimerSource};

use super::entered::Entered;
use super::progress::{Advance, Reached, Turns, poll_one};
use super::{hooks, leave, move_clock};

/// Tokio's timers are due at whole milliseconds.
const TICK_NS: u128 = 1_000_000;

/// How far the clock goes when nothing is due, some two years: tokio's timers reach little
/// further. It is the beginning of a slot of the highest level of tokio's timer wheel, so that a
/// timer for it has its clock stop nowhere before.
const FAR: Duration = Duration::from_millis(58 << 30);

/// The runtime of one run.
pub(super) struct Source {
    /// `None` once it was left.
    entered: Option<Entered>,
    /// `None` once it was given up.
    runtime: Option<Rc<Runtime>>,
    metrics: RuntimeMetrics,
    /// When the runtime was entered, from which its ticks count.
    origin: Instant,
    /// What the beginning of the run is on tokio's clock.
    start: std::time::Instant,
    /// What tokio's clock shows.
    now: Instant,
    /// Whether its clock has moved, or it was let run.
    is_used: bool,
    /// How many tasks of others it had when that was looked at last, and how many in all.
    tasks: usize,
    alive: usize,
    /// There once it had something to do: see [`Turns`].
    turns: Option<Rc<RefCell<Option<Waker>>>>,
}

impl Source {
    pub(super) fn new(
        runtime: Rc<Runtime>,
        entered: Entered,
        origin: Instant,
        start: std::time::Instant,
    ) -> Source {
        let metrics = entered.handle().metrics();
        Source {
            entered: Some(entered),
            runtime: Some(runtime),
            metrics,
            origin,
            start,
            now: origin,
            is_used: false,
            tasks: 0,
            alive: 0,
            turns: None,
        }
    }

    fn runtime(&self) -> &Rc<Runtime> {
        self.runtime.as_ref().expect("it is there until the run is over")
    }

    /// How many tasks others have spawned there that have not ended.
    fn count_tasks(&mut self) -> usize {
        self.alive = self.metrics.num_alive_tasks();
        let tasks = self.alive.saturating_sub(hooks::own_tasks());
        if tasks > self.tasks {
            let more = tasks - self.tasks;
            unpick_sim::event!("tokio's own runtime was given {more} task(s) in this step");
        }
        self.tasks = tasks;
        tasks
    }

    /// Gives the runtime a turn.
    fn wake_turns(&mut self) {
        match &self.turns {
            None => {
                let (turns, waker) = Turns::new(Rc::clone(self.runtime()));
                self.turns = Some(waker);
                self.is_used = true;
                drop(unpick_sim::task().named("tokio").daemon().spawn(turns));
            }
            Some(waker) => {
                if let Some(waker) = waker.borrow().as_ref() {
                    waker.wake_by_ref();
                }
            }
        }
    }

    /// Lets tokio's clock show the same as the run's, without looking at its timers.
    fn catch_up(&mut self, now: Instant) {
        if now > self.now {
            move_clock(now - self.now);
            self.now = now;
            self.is_used = true;
        }
    }

    /// Lets the runtime go on to its next timer or to `limit`.
    fn let_go(&mut self, limit: Instant) -> Reached {
        self.is_used = true;
        // Its ticks are whole: to the last one before the limit first.
        let since_ns = limit.duration_since(self.origin).as_nanos();
        let last_tick = limit - Duration::from_nanos((since_ns % TICK_NS) as u64);
        if last_tick > self.now {
            let last = self.start + last_tick.duration_since(Instant::START);
            let has_tasks = self.tasks > 0;
            let limit = tokio::time::sleep_until(last.into());
            let reached = self.runtime().block_on(Advance::new(limit, has_tasks));
            let since_start = tokio::time::Instant::now().into_std() - self.start;
            self.now = Instant::START + since_start;
            if reached == Reached::Timer {
                unpick_sim::event!("tokio's own timers take the clock to t={}", self.now);
                return Reached::Timer;
            }
        }
        self.catch_up(limit);
        Reached::Limit
    }
}

impl TimerSource for Source {
    fn advance(&mut self, limit: Option<Instant>) -> Option<Instant> {
        if self.count_tasks() == 0 && !probe::has_unknown_waits() {
            // Nobody waits for a timer of tokio's.
            self.catch_up(limit?);
            return limit;
        }
        let far = self.origin + FAR;
        let reached = self.let_go(limit.unwrap_or(far).min(far));
        if reached == Reached::Limit && limit.is_none() {
            return None;
        }
        if self.tasks > 0 {
            self.wake_turns();
        }
        Some(self.now)
    }

    fn is_busy(&self) -> bool {
        self.metrics.num_alive_tasks() > hooks::own_tasks()
    }

    fn is_attentive(&self, now: Instant) -> bool {
        let alive = self.metrics.num_alive_tasks();
        let has_changed = now > self.now || alive != self.alive;
        has_changed || alive > 0 && self.metrics.global_queue_depth() > 0
    }

    fn stepped(&mut self, now: Instant) {
        let has_moved = now > self.now;
        self.catch_up(now);
        let tasks = self.count_tasks();
        if tasks > 0 && (has_moved || self.metrics.global_queue_depth() > 0) {
            self.wake_turns();
        } else if has_moved && probe::has_unknown_waits() {
            // What is due wakes tasks of the run, if anybody, as the run's own timers did at once.
            self.is_used = true;
            let _none = poll_one(self.runtime());
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let tasks = self.metrics.num_alive_tasks();
        self.entered = None;
        if let Some(runtime) = self.runtime.take() {
            leave(runtime, !self.is_used && tasks == 0);
        }
    }
}
