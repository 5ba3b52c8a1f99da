//! A meeting point for a fixed number of tasks: asyncio's `Barrier`.
//!
//! Who arrives waits until as many are there as the barrier has parties; then all go on. The
//! last to arrive does not wait. Until the last of them has left, newcomers wait outside, for
//! the next round.
//!
//! [`abort`](Barrier::abort) breaks the barrier: whoever waits, or comes later, gets an error,
//! until [`reset`](Barrier::reset). Whoever has not left yet when the barrier is broken or reset
//! gets the error too, even if the round was complete. A waiter that is dropped does not count
//! any more; the barrier stays whole.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::instrumented::{Instrumented, Waiting, show};
use crate::probe::{Access, Cause};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "wait", by: &["arrive", "abort", "reset"], owed: &[] }];

/// What a report says of the parties.
const ARRIVED: &str = "parties have arrived";

/// Lets tasks go on when a given number of them have arrived.
///
/// # Examples
/// ```
/// use unpick_primitives::Barrier;
///
/// let start = Barrier::new(2).named("start");
/// let indices = futures::executor::block_on(async {
///     futures::join!(start.wait(), start.wait())
/// });
/// assert_eq!(indices, (Ok(0), Ok(1)));
/// assert_eq!(format!("{start:?}"), "<Barrier start [filling, waiters:0/2]>");
/// ```
pub struct Barrier {
    base: Instrumented<State>,
    parties: usize,
}

struct State {
    phase: Phase,
    parties: usize,
    /// How many have arrived and not left.
    count: usize,
    /// Those who have arrived.
    inside: Waiters,
    /// Those who wait for the next round.
    outside: Waiters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Takes arrivals. Left when the last one arrives, or on `abort` and `reset`.
    Filling,
    /// The round is complete. Left when all have left, or on `abort` and `reset`.
    Draining,
    /// Was reset while somebody was inside. Left when all have left, or on `abort`.
    Resetting,
    /// Was aborted. Left on `reset`.
    Broken,
}

/// How an arrival goes on.
enum Arrival {
    /// It was the last one.
    Complete(usize, Wakeups),
    /// It waits for others.
    Waits(usize),
}

impl State {
    const fn inside(&mut self) -> &mut Waiters {
        &mut self.inside
    }

    const fn outside(&mut self) -> &mut Waiters {
        &mut self.outside
    }

    /// `None` while the barrier takes no arrivals.
    fn arrive(&mut self) -> Option<Result<Arrival, BrokenBarrierError>> {
        match self.phase {
            Phase::Draining | Phase::Resetting => None,
            Phase::Broken => Some(Err(BrokenBarrierError)),
            Phase::Filling => {
                let index = self.count;
                self.count += 1;
                if self.count < self.parties {
                    return Some(Ok(Arrival::Waits(index)));
                }
                self.phase = Phase::Draining;
                let mut woken = self.inside.grant_all(());
                woken.append(self.leave());
                Some(Ok(Arrival::Complete(index, woken)))
            }
        }
    }

    /// `None` while others have to arrive.
    fn depart(&mut self) -> Option<(Result<(), BrokenBarrierError>, Wakeups)> {
        match self.phase {
            Phase::Filling => None,
            Phase::Draining => Some((Ok(()), self.leave())),
            Phase::Resetting | Phase::Broken => Some((Err(BrokenBarrierError), self.leave())),
        }
    }

    fn leave(&mut self) -> Wakeups {
        self.count -= 1;
        if self.count > 0 {
            return Wakeups::none();
        }
        if matches!(self.phase, Phase::Draining | Phase::Resetting) {
            self.phase = Phase::Filling;
        }
        self.outside.grant_all(())
    }

    fn abort(&mut self) -> Wakeups {
        self.phase = Phase::Broken;
        self.wake_all()
    }

    fn reset(&mut self) -> Wakeups {
        self.phase = if self.count > 0 { Phase::Resetting } else { Phase::Filling };
        self.wake_all()
    }

    fn wake_all(&mut self) -> Wakeups {
        let mut woken = self.inside.grant_all(());
        woken.append(self.outside.grant_all(()));
        woken
    }
}

impl Barrier {
    /// Makes a barrier for so many parties.
    ///
    /// # Panics
    /// If there are none.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::Barrier::new(3).parties(), 3);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(parties: usize) -> Barrier {
        assert!(parties > 0, "a barrier of no parties; allowed: at least 1");
        let (inside, outside) = (Waiters::new(), Waiters::new());
        let state = State { phase: Phase::Filling, parties, count: 0, inside, outside };
        Barrier { base: Instrumented::new("barrier", state).with_causes(&CAUSES), parties }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let barrier = unpick_primitives::Barrier::new(2).named("start");
    /// barrier.abort();
    /// assert_eq!(format!("{barrier:?}"), "<Barrier start [broken]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Barrier {
        self.base.set_name(name);
        self
    }

    /// How many it takes to go on.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::Barrier::new(2).parties(), 2);
    /// ```
    #[must_use]
    pub const fn parties(&self) -> usize {
        self.parties
    }

    /// How many have arrived and wait for others.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::Barrier::new(2).n_waiting(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn n_waiting(&self) -> usize {
        self.base.object.immediate("n_waiting", Access::Read);
        let state = self.base.lock();
        if state.phase == Phase::Filling { state.count } else { 0 }
    }

    /// Whether it was aborted, and not reset since.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Barrier::new(2).broken());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn broken(&self) -> bool {
        self.base.object.immediate("broken", Access::Read);
        self.base.lock().phase == Phase::Broken
    }

    /// Waits until all parties have arrived, and returns how many were there before.
    ///
    /// The indices of a round are different, unless a waiter was dropped: then the next one to
    /// arrive may get an index that another one of the round has, as in asyncio.
    ///
    /// # Cancel safety
    /// Dropping the future takes the arrival back.
    ///
    /// # Errors
    /// If the barrier is broken, or is broken or reset before this has left it.
    ///
    /// # Examples
    /// ```
    /// let barrier = unpick_primitives::Barrier::new(1);
    /// assert_eq!(futures::executor::block_on(barrier.wait()), Ok(0));
    /// barrier.abort();
    /// assert!(futures::executor::block_on(barrier.wait()).is_err());
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWait<'_> {
        let arriving = Waiting::new("arrive", Access::Change, Location::caller());
        BarrierWait { barrier: self, stage: Stage::Arriving(arriving) }
    }

    /// Breaks the barrier: whoever waits, or comes later, gets an error.
    ///
    /// # Examples
    /// ```
    /// let barrier = unpick_primitives::Barrier::new(2);
    /// barrier.abort();
    /// assert!(barrier.broken());
    /// ```
    #[track_caller]
    pub fn abort(&self) {
        self.base.object.immediate("abort", Access::Change);
        self.change(State::abort);
    }

    /// Makes the barrier as new: whoever waits gets an error, whoever comes later does not.
    ///
    /// # Examples
    /// ```
    /// let barrier = unpick_primitives::Barrier::new(2);
    /// barrier.abort();
    /// barrier.reset();
    /// assert!(!barrier.broken());
    /// ```
    #[track_caller]
    pub fn reset(&self) {
        self.base.object.immediate("reset", Access::Change);
        self.change(State::reset);
    }

    fn change(&self, change: fn(&mut State) -> Wakeups) {
        self.base.object.publish();
        let woken = change(&mut self.base.lock());
        self.base.object.notified(woken.len());
        woken.wake();
    }
}

/// The future of [`Barrier::wait`].
#[must_use = "futures do nothing unless they are polled"]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
    stage: Stage,
}

enum Stage {
    /// Is outside. Left when it has arrived.
    Arriving(Waiting),
    /// Is inside, with this index. Left when it leaves.
    Inside(usize, Waiting),
    /// Has returned.
    Over,
}

impl Future for BarrierWait<'_> {
    type Output = Result<usize, BrokenBarrierError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let BarrierWait { barrier, stage } = &mut *self;
        let base = &barrier.base;
        if let Stage::Arriving(arriving) = stage {
            let attempt = |state: &mut State, _woken: Option<()>| state.arrive();
            let arrived = ready!(base.poll(arriving, cx, State::outside, attempt));
            let site = arriving.site();
            *stage = Stage::Over;
            base.object.observe();
            match arrived? {
                Arrival::Complete(index, woken) => {
                    base.object.publish();
                    base.object.notified(woken.len());
                    woken.wake();
                    return Poll::Ready(Ok(index));
                }
                Arrival::Waits(index) => {
                    base.object.publish();
                    base.object.counted(ARRIVED, index + 1, barrier.parties);
                    let waiting = Waiting::unannounced("wait", Access::Read, site);
                    *stage = Stage::Inside(index, waiting);
                }
            }
        }
        let Stage::Inside(index, waiting) = stage else {
            panic!("a future was polled after it had returned");
        };
        let index = *index;
        let attempt = |state: &mut State, _woken: Option<()>| state.depart();
        let (departed, woken) = ready!(base.poll(waiting, cx, State::inside, attempt));
        *stage = Stage::Over;
        base.object.observe();
        woken.wake();
        Poll::Ready(departed.map(|()| index))
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        let base = &self.barrier.base;
        match &mut self.stage {
            Stage::Arriving(arriving) => {
                base.cancel(arriving, State::outside, |_, ()| ());
            }
            Stage::Inside(_, waiting) => {
                base.cancel(waiting, State::inside, |_, ()| ());
                let (woken, count) = {
                    let mut state = base.lock();
                    (state.leave(), state.count)
                };
                base.object.counted(ARRIVED, count, self.barrier.parties);
                woken.wake();
            }
            Stage::Over => {}
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, count) = {
            let state = self.base.lock();
            (state.phase, state.count)
        };
        let (phase, waiting) = match phase {
            Phase::Filling => ("filling", count),
            Phase::Draining => ("draining", 0),
            Phase::Resetting => ("resetting", 0),
            Phase::Broken => return show(f, "Barrier", &self.base.object, format_args!("broken")),
        };
        let details = format_args!("{phase}, waiters:{waiting}/{}", self.parties);
        show(f, "Barrier", &self.base.object, details)
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<BarrierWait of {:?}>", self.barrier)
    }
}

/// The barrier was aborted or reset: asyncio's `BrokenBarrierError`.
///
/// # Examples
/// ```
/// use unpick_primitives::barrier::{Barrier, BrokenBarrierError};
///
/// let barrier = Barrier::new(2);
/// futures::executor::block_on(async {
///     let (waited, ()) = futures::join!(barrier.wait(), async { barrier.abort() });
///     assert_eq!(waited.err(), Some(BrokenBarrierError));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was aborted or reset")
    }
}

impl std::error::Error for BrokenBarrierError {}
