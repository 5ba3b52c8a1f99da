//! The timer queue: a binary heap by (deadline, sequence number), cancelled lazily.
//!
//! A heap with four children to each entry took a tenth more instructions a timer than this one,
//! at a thousand timers. A radix heap, which makes use of time never going back, was tried: it took as many
//! instructions as this at a thousand timers, and is slow when the earliest timer is cancelled
//! again and again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::Location;

use super::ids::TaskId;
use super::waker::Waiter;

/// A timer, as its owner knows it. Stale once it has fired or was cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerKey {
    order: u64,
}

impl TimerKey {
    /// A number that no other timer of the run has.
    pub(crate) const fn order(self) -> u64 {
        self.order
    }
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

/// How many bits of an order name the slot: there are at most 2^24 timers at a time, and at most
/// 2^40 in a run.
const SLOT_BITS: u32 = 24;
const SLOT_MAX: usize = (1 << SLOT_BITS) - 1;

/// A deadline in the high 64 bits, and below it an order: a sequence number and a slot. One
/// number, so that the heap compares once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

impl Entry {
    const fn new(deadline_ns: u64, order: u64) -> Entry {
        Entry((deadline_ns as u128) << 64 | order as u128)
    }

    const fn deadline_ns(self) -> u64 {
        (self.0 >> 64) as u64
    }

    const fn order(self) -> u64 {
        self.0 as u64
    }
}

const fn slot_of(order: u64) -> usize {
    order as usize & SLOT_MAX
}

#[derive(Debug, Default)]
struct Slot {
    /// Invariant: equal to the heap entry's and the key's while the timer lives.
    order: u64,
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
            next_sequence: 1,
            stale: 0,
        }
    }

    /// Whether there is no timer.
    pub(crate) const fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    #[inline]
    pub(crate) fn insert(&mut self, timer: Timer) -> TimerKey {
        let slot = match self.free.pop() {
            Some(slot) => slot as usize,
            None => {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            }
        };
        assert!(slot < SLOT_MAX, "a run has at most {SLOT_MAX} timers at a time");
        let order = self.next_sequence << SLOT_BITS | slot as u64;
        self.next_sequence += 1;
        self.heap.push(Reverse(Entry::new(timer.deadline_ns, order)));
        let place = &mut self.slots[slot];
        place.order = order;
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(place.timer.replace(timer));
        TimerKey { order }
    }

    /// The timer of `key`, unless it has fired.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut Timer> {
        let slot = self.slots.get_mut(slot_of(key.order))?;
        if slot.order == key.order { slot.timer.as_mut() } else { None }
    }

    /// Takes a timer out before it fires; its waiter is for the caller to drop.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Timer> {
        self.get_mut(key)?;
        self.stale += 1;
        let slot = slot_of(key.order);
        self.free.push(slot as u32);
        let cancelled = self.slots[slot].timer.take();
        if self.stale > 64 && self.stale > self.heap.len() / 2 {
            self.sweep();
        }
        cancelled
    }

    /// Gives a timer that has not fired another deadline, behind others of the same deadline.
    pub(crate) fn postpone(&mut self, key: TimerKey, deadline_ns: u64) -> Option<TimerKey> {
        let timer = self.cancel(key)?;
        Some(self.insert(Timer { deadline_ns, ..timer }))
    }

    /// The deadline of the timer that is due first.
    #[inline]
    pub(crate) fn next_deadline_ns(&mut self) -> Option<u64> {
        while let Some(&Reverse(entry)) = self.heap.peek() {
            if self.is_live(entry) {
                return Some(entry.deadline_ns());
            }
            self.heap.pop();
            self.stale -= 1;
        }
        None
    }

    /// Takes out the first timer if it is due at `now_ns`.
    #[inline]
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Timer> {
        while let Some(&Reverse(entry)) = self.heap.peek() {
            if entry.deadline_ns() > now_ns {
                return None;
            }
            self.heap.pop();
            let slot = &mut self.slots[slot_of(entry.order())];
            if slot.order == entry.order()
                && let Some(timer) = slot.timer.take()
            {
                self.free.push(slot_of(entry.order()) as u32);
                return Some(timer);
            }
            self.stale -= 1;
        }
        None
    }

    /// Every timer that has not fired, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Timer> {
        self.slots.iter().filter_map(|slot| slot.timer.as_ref())
    }

    /// Forgets every timer, keeps the allocations, and hands out what must be dropped outside
    /// of the engine.
    pub(crate) fn clear(&mut self) -> Vec<Timer> {
        self.heap.clear();
        self.free.clear();
        self.next_sequence = 1;
        self.stale = 0;
        if self.slots.is_empty() {
            return Vec::new();
        }
        self.slots.drain(..).filter_map(|slot| slot.timer).collect()
    }

    #[inline]
    fn is_live(&self, entry: Entry) -> bool {
        let slot = &self.slots[slot_of(entry.order())];
        slot.order == entry.order() && slot.timer.is_some()
    }

    /// Rebuilds the heap without cancelled entries, so that it stays linear in live timers.
    fn sweep(&mut self) {
        let mut heap = std::mem::take(&mut self.heap);
        heap.retain(|&Reverse(entry)| self.is_live(entry));
        self.heap = heap;
        self.stale = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Start(u64),
        Cancel(usize),
        Advance(u64),
        Peek,
    }

    fn acts() -> impl proptest::strategy::Strategy<Value = Vec<Act>> {
        use proptest::prelude::*;
        let act = prop_oneof![
            8 => (1..40_u64).prop_map(Act::Start),
            2 => (0..u64::MAX).prop_map(Act::Start),
            4 => any::<usize>().prop_map(Act::Cancel),
            3 => (0..30_u64).prop_map(Act::Advance),
            2 => Just(Act::Peek),
        ];
        proptest::collection::vec(act, 0..600)
    }

    proptest::proptest! {
        #[test]
        fn they_behave_like_a_sorted_list(acts in acts()) {
            let mut timers = Timers::new();
            let mut list: Vec<(u64, u32, TimerKey)> = Vec::new();
            let mut now_ns = 0_u64;
            for (number, act) in acts.into_iter().enumerate() {
                match act {
                    Act::Start(after_ns) => {
                        let deadline_ns = now_ns.saturating_add(after_ns);
                        let task = TaskId(number as u32);
                        let site = Location::caller();
                        let waiter = Waiter::Task(task);
                        let key = timers.insert(Timer { waiter, task, site, since_ns: 0, deadline_ns });
                        list.push((deadline_ns, task.0, key));
                    }
                    Act::Cancel(which) if !list.is_empty() => {
                        let (_, task, key) = list.remove(which % list.len());
                        let cancelled = timers.cancel(key).map(|timer| timer.task.0);
                        proptest::prop_assert_eq!(cancelled, Some(task));
                        proptest::prop_assert!(timers.cancel(key).is_none());
                    }
                    Act::Advance(by_ns) => {
                        now_ns = now_ns.saturating_add(by_ns);
                        list.sort_by_key(|&(deadline_ns, task, _)| (deadline_ns, task));
                        while let Some(timer) = timers.pop_due(now_ns) {
                            let (deadline_ns, task, _) = list.remove(0);
                            proptest::prop_assert_eq!((timer.deadline_ns, timer.task.0), (deadline_ns, task));
                        }
                        proptest::prop_assert!(list.iter().all(|&(deadline_ns, ..)| deadline_ns > now_ns));
                    }
                    _ => {}
                }
                let earliest = list.iter().map(|&(deadline_ns, ..)| deadline_ns).min();
                proptest::prop_assert_eq!(timers.next_deadline_ns(), earliest);
            }
        }
    }
}
