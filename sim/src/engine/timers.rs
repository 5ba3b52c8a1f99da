//! The timer queue: a binary heap by (deadline, sequence number), cancelled lazily.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::Location;

use super::ids::TaskId;
use super::waker::Waiter;

/// A timer, as its owner knows it. Stale once it has fired or was cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerKey {
    slot: u32,
    sequence: u64,
}

/// A timer that has not fired.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) waiter: Waiter,
    pub(crate) task: TaskId,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since_ns: u64,
    pub(crate) deadline_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline_ns: u64,
    sequence: u64,
    slot: u32,
}

#[derive(Debug, Default)]
struct Slot {
    /// Invariant: equal to the heap entry's while the timer lives.
    sequence: u64,
    timer: Option<Timer>,
}

/// Timers that have not fired.
#[derive(Debug)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    next_sequence: u64,
    /// How many entries of the heap belong to cancelled timers.
    stale: usize,
}

impl Timers {
    pub(crate) const fn new() -> Timers {
        Timers {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            next_sequence: 0,
            stale: 0,
        }
    }

    pub(crate) fn insert(&mut self, timer: Timer) -> TimerKey {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let deadline_ns = timer.deadline_ns;
        self.slots[slot as usize] = Slot { sequence, timer: Some(timer) };
        self.heap.push(Reverse(Entry { deadline_ns, sequence, slot }));
        TimerKey { slot, sequence }
    }

    /// The timer of `key`, unless it has fired.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut Timer> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.sequence == key.sequence { slot.timer.as_mut() } else { None }
    }

    /// Takes a timer out before it fires; its waiter is for the caller to drop.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Timer> {
        self.get_mut(key)?;
        self.stale += 1;
        self.free.push(key.slot);
        let cancelled = self.slots[key.slot as usize].timer.take();
        if self.stale > 64 && self.stale > self.heap.len() / 2 {
            self.sweep();
        }
        cancelled
    }

    /// The deadline of the timer that is due first.
    pub(crate) fn next_deadline_ns(&mut self) -> Option<u64> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if self.is_live(entry) {
                return Some(entry.deadline_ns);
            }
            self.heap.pop();
            self.stale -= 1;
        }
        None
    }

    /// Takes out the first timer if it is due at `now_ns`.
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Timer> {
        if self.next_deadline_ns()? > now_ns {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.free.push(entry.slot);
        self.slots[entry.slot as usize].timer.take()
    }

    /// The timers that `task` waits for.
    pub(crate) fn of_task(&self, task: TaskId) -> impl Iterator<Item = &Timer> {
        let timers = self.slots.iter().filter_map(|slot| slot.timer.as_ref());
        timers.filter(move |timer| timer.task == task)
    }

    /// Forgets every timer, keeps the allocations, and hands out what must be dropped outside
    /// of the engine.
    pub(crate) fn clear(&mut self) -> Vec<Timer> {
        self.heap.clear();
        self.free.clear();
        self.next_sequence = 0;
        self.stale = 0;
        self.slots.drain(..).filter_map(|slot| slot.timer).collect()
    }

    fn is_live(&self, entry: &Entry) -> bool {
        let slot = &self.slots[entry.slot as usize];
        slot.sequence == entry.sequence && slot.timer.is_some()
    }

    /// Rebuilds the heap without cancelled entries, so that it stays linear in live timers.
    fn sweep(&mut self) {
        let mut heap = std::mem::take(&mut self.heap);
        heap.retain(|Reverse(entry)| self.is_live(entry));
        self.heap = heap;
        self.stale = 0;
    }
}
