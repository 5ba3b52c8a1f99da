//! Virtual time: a wheel of the tasks that sleep, in the order of their deadlines.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::NONE;
use super::engine::{Core, Engine, INDEX_BITS, engine, index_of};
use super::tasks::State;
use super::waker;

/// How many bits of a deadline choose among the slots of a level.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// What a task's sleep needs, and is told of it.
#[derive(Clone, Copy)]
pub(super) struct Timer {
    deadline_ns: u64,
    next: u32,
    previous: u32,
    is_set: bool,
    site: &'static Location<'static>,
    since_ns: u64,
}

impl Timer {
    pub(super) fn new() -> Timer {
        let site = Location::caller();
        Timer { deadline_ns: 0, next: NONE, previous: NONE, is_set: false, site, since_ns: 0 }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
}

pub(super) struct Wheel {
    stands_at: u64,
    slots: [[Slot; SLOTS]; LEVELS],
    occupied: [u64; LEVELS],
}

impl Wheel {
    pub(super) const fn new() -> Wheel {
        let none = Slot { first: NONE, last: NONE };
        Wheel { stands_at: 0, slots: [[none; SLOTS]; LEVELS], occupied: [0; LEVELS] }
    }

    pub(super) fn clear(&mut self) {
        (self.stands_at, self.occupied) = (0, [0; LEVELS]);
    }

    /// Where a deadline belongs.
    #[inline(always)]
    const fn place_of(&self, deadline_ns: u64) -> (usize, usize) {
        let level = ((deadline_ns ^ self.stands_at) | 1).ilog2() / BITS;
        (level as usize, (deadline_ns >> (level * BITS)) as usize % SLOTS)
    }

    #[inline(always)]
    fn leave(&mut self, level: usize, slot: usize) {
        self.occupied[level] &= !(1 << slot);
    }
}

impl Core {
    /// Has the current task woken at this instant, which lies ahead.
    #[inline(always)]
    fn start_timer(&mut self, deadline_ns: u64, site: &'static Location<'static>) {
        let (id, since_ns) = (self.current, self.now_ns);
        let timer = &mut self.tasks[id as usize].timer;
        assert!(!timer.is_set, "a task has one timer at a time");
        (timer.deadline_ns, timer.is_set) = (deadline_ns, true);
        (timer.site, timer.since_ns) = (site, since_ns);
        self.enter(id, deadline_ns);
    }

    #[inline(always)]
    fn enter(&mut self, id: u32, deadline_ns: u64) {
        let (level, slot) = self.wheel.place_of(deadline_ns);
        let bit = 1_u64 << slot;
        let place = &mut self.wheel.slots[level][slot];
        let mut previous = NONE;
        if self.wheel.occupied[level] & bit == 0 {
            self.wheel.occupied[level] |= bit;
            place.first = id;
        } else {
            previous = place.last;
            self.tasks[previous as usize].timer.next = id;
        }
        place.last = id;
        let timer = &mut self.tasks[id as usize].timer;
        (timer.previous, timer.next) = (previous, NONE);
    }

    /// Moves the clock to the first deadline, and wakes whoever sleeps until then; says whether
    /// anybody does.
    #[inline(always)]
    pub(super) fn fire_next(&mut self) -> bool {
        loop {
            let lowest = self.wheel.occupied[0];
            if lowest == 0 {
                if !self.take_apart() {
                    return false;
                }
                continue;
            }
            let slot = lowest.trailing_zeros() as usize;
            self.now_ns = self.wheel.stands_at & !(SLOTS as u64 - 1) | slot as u64;
            self.wheel.stands_at = self.now_ns;
            self.wheel.leave(0, slot);
            let mut at = self.wheel.slots[0][slot].first;
            while at != NONE {
                let task = &mut self.tasks[at as usize];
                let next = task.timer.next;
                task.timer.is_set = false;
                if task.state == State::Idle {
                    task.state = State::Ready;
                    self.ready.push(at << 1);
                }
                at = next;
            }
            return true;
        }
    }

    /// Moves the timers of the first slot that is not of the lowest level to lower ones.
    #[inline(never)]
    fn take_apart(&mut self) -> bool {
        let Some(level) = self.wheel.occupied.iter().position(|&level| level != 0) else {
            return false;
        };
        let slot = self.wheel.occupied[level].trailing_zeros() as usize;
        let shift = level as u32 * BITS;
        let above = self.wheel.stands_at >> shift >> BITS << BITS;
        self.wheel.stands_at = (above | slot as u64) << shift;
        self.wheel.leave(level, slot);
        let mut at = self.wheel.slots[level][slot].first;
        while at != NONE {
            let &Timer { next, deadline_ns, .. } = &self.tasks[at as usize].timer;
            self.enter(at, deadline_ns);
            at = next;
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn cancel_timer(&mut self, id: u32) {
        let Timer { deadline_ns, previous, next, is_set, .. } = self.tasks[id as usize].timer;
        if !is_set {
            return;
        }
        let (level, slot) = self.wheel.place_of(deadline_ns);
        let place = &mut self.wheel.slots[level][slot];
        match previous {
            NONE => place.first = next,
            previous => self.tasks[previous as usize].timer.next = next,
        }
        match next {
            NONE => place.last = previous,
            next => self.tasks[next as usize].timer.previous = previous,
        }
        if place.first == NONE {
            self.wheel.leave(level, slot);
        }
        self.tasks[id as usize].timer.is_set = false;
    }
}

/// Waits for so long, by the clock of the run.
#[inline]
#[track_caller]
pub(crate) fn sleep(duration: Duration) -> Sleep {
    let now_ns = engine().now_ns.get();
    let ahead_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Sleep { deadline_ns: now_ns.saturating_add(ahead_ns), number: 0, site: Location::caller() }
}

/// The future of [`sleep`].
pub(crate) struct Sleep {
    deadline_ns: u64,
    /// The run and the task that sleeps; zero until it is polled, and when it is over.
    number: u64,
    site: &'static Location<'static>,
}

impl Future for Sleep {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.deadline_ns <= engine().now_ns.get() {
            self.number = 0;
            return Poll::Ready(());
        }
        if self.number == 0 {
            self.number = start(engine(), self.deadline_ns, cx, self.site);
        }
        Poll::Pending
    }
}

/// Has the current task woken at this instant, which lies ahead; says how it is numbered.
#[inline(never)]
fn start(
    engine: &Engine,
    deadline_ns: u64,
    cx: &Context<'_>,
    site: &'static Location<'static>,
) -> u64 {
    let number = engine.current.get();
    assert!(waker::is_of(cx.waker(), number), "a task sleeps with its own waker");
    engine.core.borrow_mut().start_timer(deadline_ns, site);
    number
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if self.number != 0 {
            self.drop_set();
        }
    }
}

impl Sleep {
    #[cold]
    #[inline(never)]
    fn drop_set(&self) {
        let engine = engine();
        let core: &mut Core = &mut engine.core.borrow_mut();
        if self.number >> INDEX_BITS == core.stamp {
            core.cancel_timer(index_of(self.number) as u32);
        }
    }
}
