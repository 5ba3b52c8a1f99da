//! The timer queue, by (deadline, sequence number), cancelled lazily.
//!
//! Few timers are in a binary heap, many in a [`wheel`]. What is started to be due before the
//! wheel begins is in the heap as well: the clock may have been asked for the next deadline, which
//! moves the wheel, and not have gone there.

mod wheel;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::Location;

use self::wheel::Wheel;
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

/// How many entries the heap has at the most while the wheel is empty.
const FEW: usize = 32;

/// Timers that have not fired.
#[derive(Debug)]
pub(crate) struct Timers {
    /// Invariant: every entry is earlier than where the wheel stands.
    heap: BinaryHeap<Reverse<Entry>>,
    wheel: Wheel,
    /// Up to when timers have been taken out.
    past_ns: u64,
    slots: Vec<Slot>,
    free: Vec<u32>,
    next_sequence: u64,
    /// How many entries belong to cancelled timers.
    stale: usize,
}

impl Timers {
    pub(crate) const fn new() -> Timers {
        Timers {
            heap: BinaryHeap::new(),
            wheel: Wheel::new(),
            past_ns: 0,
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
        debug_assert!(timer.deadline_ns < u64::MAX, "what is never due is no timer");
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
        let entry = Entry::new(timer.deadline_ns, order);
        if self.wheel.reaches(timer.deadline_ns) {
            self.wheel.insert(entry);
        } else {
            self.heap.push(Reverse(entry));
            if self.heap.len() > FEW && self.wheel.is_empty() {
                self.gather();
            }
        }
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
        if self.stale > 64 && self.stale > self.slots.len() - self.free.len() {
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
            if is_live(&self.slots, entry) {
                return Some(entry.deadline_ns());
            }
            self.heap.pop();
            self.stale -= 1;
        }
        while let Some(entry) = self.wheel.first() {
            if is_live(&self.slots, entry) {
                return Some(entry.deadline_ns());
            }
            self.wheel.take_first(entry.deadline_ns());
            self.stale -= 1;
        }
        None
    }

    /// Takes out the first timer if it is due at `now_ns`.
    #[inline]
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Timer> {
        self.past_ns = now_ns;
        while let Some(&Reverse(entry)) = self.heap.peek() {
            if entry.deadline_ns() > now_ns {
                return None;
            }
            self.heap.pop();
            if let Some(timer) = self.take(entry) {
                return Some(timer);
            }
        }
        while !self.wheel.is_beyond(now_ns)
            && let Some(entry) = self.wheel.take_first(now_ns)
        {
            if let Some(timer) = self.take(entry) {
                return Some(timer);
            }
        }
        None
    }

    /// Takes a timer whose entry was taken out; `None` if it was cancelled.
    #[inline]
    fn take(&mut self, entry: Entry) -> Option<Timer> {
        let slot = &mut self.slots[slot_of(entry.order())];
        if slot.order == entry.order()
            && let Some(timer) = slot.timer.take()
        {
            self.free.push(slot_of(entry.order()) as u32);
            return Some(timer);
        }
        self.stale -= 1;
        None
    }

    /// Moves what is in the heap to the wheel, which is empty.
    #[cold]
    #[inline(never)]
    fn gather(&mut self) {
        let mut entries: Vec<Entry> = self.heap.drain().map(|Reverse(entry)| entry).collect();
        // In a bucket they are to stand in the order in which they were started.
        entries.sort_unstable_by_key(|entry| entry.order());
        self.wheel.begin(self.past_ns);
        for entry in entries {
            // One that is late already was given an instant that has passed.
            if self.wheel.reaches(entry.deadline_ns()) {
                self.wheel.insert(entry);
            } else {
                self.heap.push(Reverse(entry));
            }
        }
        if self.wheel.is_empty() {
            self.wheel.begin(u64::MAX);
        }
    }

    /// Every timer that has not fired, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Timer> {
        self.slots.iter().filter_map(|slot| slot.timer.as_ref())
    }

    /// Forgets every timer, keeps the allocations, and hands out what must be dropped outside
    /// of the engine.
    #[inline]
    pub(crate) fn clear(&mut self) -> Vec<Timer> {
        self.past_ns = 0;
        if self.slots.is_empty() { Vec::new() } else { self.clear_used() }
    }

    #[inline(never)]
    fn clear_used(&mut self) -> Vec<Timer> {
        self.heap.clear();
        self.wheel.clear();
        self.free.clear();
        self.next_sequence = 1;
        self.stale = 0;
        self.slots.drain(..).filter_map(|slot| slot.timer).collect()
    }

    /// Leaves out what was cancelled, so that there are never many more entries than timers.
    fn sweep(&mut self) {
        let slots = &self.slots;
        self.heap.retain(|&Reverse(entry)| is_live(slots, entry));
        self.wheel.retain(|entry| is_live(slots, entry));
        self.stale = 0;
    }
}

#[inline]
fn is_live(slots: &[Slot], entry: Entry) -> bool {
    let slot = &slots[slot_of(entry.order())];
    slot.order == entry.order() && slot.timer.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Start(u64),
        Cancel(usize),
        Postpone(usize, u64),
        Advance(u64),
        Peek,
        Clear,
    }

    /// Durations of all sizes, so that deadlines differ in high digits and in low ones.
    fn durations() -> impl proptest::strategy::Strategy<Value = u64> {
        use proptest::prelude::*;
        prop_oneof![4 => 1..40_u64, 2 => 1..5_000_u64, 1 => 1..1_u64 << 40, 1 => 1..u64::MAX]
    }

    fn acts() -> impl proptest::strategy::Strategy<Value = Vec<Act>> {
        use proptest::prelude::*;
        let act = prop_oneof![
            60 => durations().prop_map(Act::Start),
            12 => any::<usize>().prop_map(Act::Cancel),
            4 => (any::<usize>(), 0..u64::MAX).prop_map(|(which, by)| Act::Postpone(which, by)),
            4 => (any::<usize>(), 0..50_u64).prop_map(|(which, by)| Act::Postpone(which, by)),
            20 => (0..30_u64).prop_map(Act::Advance),
            3 => (0..3_000_u64).prop_map(Act::Advance),
            6 => Just(Act::Peek),
            1 => Just(Act::Clear),
        ];
        proptest::collection::vec(act, 0..500)
    }

    /// Timers beside the same timers in a list: deadline, number, key.
    struct Beside {
        timers: Timers,
        list: Vec<(u64, u32, TimerKey)>,
        now_ns: u64,
        /// How many were started or given another deadline.
        started: u32,
    }

    impl Beside {
        fn timer(&mut self, deadline_ns: u64) -> Timer {
            self.started += 1;
            let task = TaskId(self.started);
            let site = Location::caller();
            Timer { waiter: Waiter::Task(task), task, site, since_ns: 0, deadline_ns }
        }

        fn carry_out(&mut self, act: &Act) {
            match *act {
                Act::Start(after_ns) => {
                    let deadline_ns = self.now_ns.saturating_add(after_ns);
                    let timer = self.timer(deadline_ns);
                    let key = self.timers.insert(timer);
                    self.list.push((deadline_ns, self.started, key));
                }
                Act::Cancel(which) if !self.list.is_empty() => {
                    let (_, number, key) = self.list.remove(which % self.list.len());
                    let cancelled = self.timers.cancel(key).map(|timer| timer.task.0);
                    assert_eq!(cancelled, Some(number));
                    assert!(self.timers.cancel(key).is_none());
                }
                Act::Postpone(which, deadline_ns) if !self.list.is_empty() => {
                    let (_, number, key) = self.list.remove(which % self.list.len());
                    let key = self.timers.postpone(key, deadline_ns).expect("it has not fired");
                    self.list.push((deadline_ns, number, key));
                }
                Act::Advance(by_ns) => {
                    self.now_ns = self.now_ns.saturating_add(by_ns);
                    // Of equal deadlines the order stays, which is that of their starts.
                    self.list.sort_by_key(|&(deadline_ns, ..)| deadline_ns);
                    while let Some(timer) = self.timers.pop_due(self.now_ns) {
                        let (deadline_ns, number, _) = self.list.remove(0);
                        assert_eq!((timer.deadline_ns, timer.task.0), (deadline_ns, number));
                    }
                    assert!(self.list.iter().all(|&(deadline_ns, ..)| deadline_ns > self.now_ns));
                }
                Act::Peek => {
                    let earliest = self.list.iter().map(|&(deadline_ns, ..)| deadline_ns).min();
                    assert_eq!(self.timers.next_deadline_ns(), earliest);
                }
                Act::Clear => {
                    assert_eq!(self.timers.clear().len(), self.list.len());
                    (self.list, self.now_ns) = (Vec::new(), 0);
                }
                _ => {}
            }
            assert_eq!(self.timers.is_empty(), self.list.is_empty());
        }
    }

    fn check_like_a_list(acts: Vec<Act>, between: Option<Act>) {
        let mut beside = Beside { timers: Timers::new(), list: Vec::new(), now_ns: 0, started: 0 };
        for act in acts {
            beside.carry_out(&act);
            between.iter().for_each(|act| beside.carry_out(act));
        }
        beside.carry_out(&Act::Peek);
        beside.carry_out(&Act::Advance(u64::MAX));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(100))]
        #[test]
        fn they_behave_like_a_sorted_list(acts in acts()) {
            check_like_a_list(acts, None);
        }

        /// As when the clock may run ahead: it is asked for the next deadline, and stays.
        #[test]
        fn looking_ahead_moves_nothing(acts in acts()) {
            check_like_a_list(acts, Some(Act::Peek));
        }
    }

    #[test]
    fn what_was_cancelled_is_swept_out() {
        let mut beside = Beside { timers: Timers::new(), list: Vec::new(), now_ns: 0, started: 0 };
        (0..200).for_each(|_| beside.carry_out(&Act::Start(1 << 30)));
        for round in 0..20_000 {
            beside.carry_out(&Act::Start(1000 + round % 7 * 1000));
            beside.carry_out(&Act::Cancel(200));
        }
        let Timers { heap, wheel, .. } = &beside.timers;
        assert!(heap.len() + wheel.len() <= 700, "{} and {}", heap.len(), wheel.len());
        beside.carry_out(&Act::Peek);
        beside.carry_out(&Act::Advance(u64::MAX));
    }
}
