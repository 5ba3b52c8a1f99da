//! The timer queue, by (deadline, sequence number).
//!
//! Timers are in a [`wheel`]. What is started to be due before that begins is in a heap, which
//! comes first: the clock may have been asked for the next deadline, which moves the wheel, and
//! not have gone there. From the heap timers are cancelled lazily.

mod wheel;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::Location;

use self::wheel::Wheel;
use super::ids::TaskId;
use super::table::NIL;
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

impl Timer {
    /// Takes the timer out of its place, and leaves one there that has no waker.
    fn take(&mut self) -> Timer {
        let &mut Timer { task, site, since_ns, deadline_ns, .. } = self;
        let waiter = std::mem::replace(&mut self.waiter, Waiter::Task(task));
        Timer { waiter, task, site, since_ns, deadline_ns }
    }
}

/// A slot without a timer, for one whose deadline the wheel reaches.
pub(crate) struct Vacancy {
    slot: u32,
}

/// How many bits of an order name the slot: there are at most 2^24 timers at a time, and at most
/// 2^40 in a run.
const SLOT_BITS: u32 = 24;
const SLOT_MAX: usize = (1 << SLOT_BITS) - 1;

/// The order of what is no timer: sequence numbers begin at one.
const VACANT: u64 = 0;

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

/// Timers that were taken out together, and are still in their slots.
#[derive(Debug)]
pub(crate) struct Due {
    first: u32,
    /// Whether it is certain that no others are due: these are so exactly then.
    pub(crate) is_last: bool,
}

const fn slot_of(order: u64) -> usize {
    order as usize & SLOT_MAX
}

/// A place for a timer, in one line of the processor's cache.
#[derive(Debug)]
#[repr(align(64))]
struct Slot {
    /// Invariant: that of a vacant slot, which is what is left of one that was in it, has no waker.
    timer: Timer,
    /// Invariant: equal to the key's while the timer lives, and [`VACANT`] otherwise.
    order: u64,
    /// Its neighbours in a list of the wheel. Vacant slots are chained through `next`.
    previous: u32,
    next: u32,
}

impl Slot {
    /// When the timer that is in it is due.
    #[inline]
    const fn deadline_ns(&self) -> u64 {
        self.timer.deadline_ns
    }

    /// The timer that is in it, if there is one.
    fn timer(&self) -> Option<&Timer> {
        (self.order != VACANT).then_some(&self.timer)
    }
}

/// Timers that have not fired.
#[derive(Debug)]
pub(crate) struct Timers {
    wheel: Wheel,
    /// Invariant: every entry is earlier than where the wheel stands.
    early: BinaryHeap<Reverse<Entry>>,
    /// How many entries of that belong to cancelled timers.
    stale: usize,
    /// Up to when timers have been taken out.
    past_ns: u64,
    slots: Vec<Slot>,
    /// The first vacant slot.
    vacant: u32,
    next_sequence: u64,
}

impl Timers {
    pub(crate) const fn new() -> Timers {
        Timers {
            wheel: Wheel::new(),
            early: BinaryHeap::new(),
            stale: 0,
            past_ns: 0,
            slots: Vec::new(),
            vacant: NIL,
            next_sequence: 1,
        }
    }

    /// Whether there is no timer.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.wheel.is_empty() && self.early.len() == self.stale
    }

    pub(crate) fn insert(&mut self, timer: Timer) -> TimerKey {
        if let Some(vacancy) = self.vacancy_for(timer.deadline_ns) {
            return self.fill(vacancy, timer);
        }
        let deadline_ns = timer.deadline_ns;
        self.begin_if_empty();
        let (slot, order) = self.place(timer);
        if self.wheel.reaches(deadline_ns) {
            self.wheel.insert(&mut self.slots, slot, deadline_ns);
        } else {
            self.early.push(Reverse(Entry::new(deadline_ns, order)));
        }
        TimerKey { order }
    }

    /// A vacant slot for a timer of this deadline, if there is one, and the wheel reaches that.
    #[inline(always)]
    pub(crate) fn vacancy_for(&mut self, deadline_ns: u64) -> Option<Vacancy> {
        debug_assert!(deadline_ns < u64::MAX, "what is never due is no timer");
        let slot = self.vacant;
        if slot as usize >= self.slots.len() {
            return None;
        }
        self.begin_if_empty();
        self.wheel.reaches(deadline_ns).then_some(Vacancy { slot })
    }

    /// Puts a timer into a slot that was just found to be vacant.
    #[inline(always)]
    pub(crate) fn fill(&mut self, Vacancy { slot }: Vacancy, timer: Timer) -> TimerKey {
        let deadline_ns = timer.deadline_ns;
        let order = self.next_sequence << SLOT_BITS | u64::from(slot);
        self.next_sequence += 1;
        let place = &mut self.slots[slot as usize];
        debug_assert!(place.order == VACANT, "a slot that is vacant; a bug in unpick");
        self.vacant = place.next;
        // Forgotten, because it is known to have no waker: its drop need not be looked at.
        std::mem::forget(std::mem::replace(&mut place.timer, timer));
        place.order = order;
        self.wheel.insert(&mut self.slots, slot, deadline_ns);
        TimerKey { order }
    }

    /// Puts a timer into a slot, a new one if none is vacant; which that is, and its order.
    fn place(&mut self, timer: Timer) -> (u32, u64) {
        let slot = if self.vacant == NIL { self.slots.len() } else { self.vacant as usize };
        assert!(slot < SLOT_MAX, "a run has at most {SLOT_MAX} timers at a time");
        let order = self.next_sequence << SLOT_BITS | slot as u64;
        self.next_sequence += 1;
        match self.slots.get_mut(slot) {
            None => self.slots.push(Slot { timer, order, previous: NIL, next: NIL }),
            Some(place) => {
                self.vacant = place.next;
                (place.timer, place.order) = (timer, order);
            }
        }
        (slot as u32, order)
    }

    /// Puts the wheel back to where the clock is if there are no timers.
    #[inline(always)]
    fn begin_if_empty(&mut self) {
        if self.is_empty() {
            // Nothing is left that the wheel would have to stay for, but what was cancelled.
            self.early.clear();
            self.stale = 0;
            self.wheel.begin(self.past_ns);
        }
    }

    /// The timer of `key`, unless it has fired.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut Timer> {
        let slot = self.slots.get_mut(slot_of(key.order))?;
        (slot.order == key.order).then_some(&mut slot.timer)
    }

    /// Takes a timer out before it fires; its waiter is for the caller to drop.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Timer> {
        let deadline_ns = self.get_mut(key)?.deadline_ns;
        let slot = slot_of(key.order) as u32;
        if self.wheel.reaches(deadline_ns) {
            self.wheel.remove(&mut self.slots, slot, deadline_ns);
        } else {
            self.stale += 1;
        }
        let cancelled = self.vacate(slot).map(Timer::take);
        if self.stale > 64 && self.stale > self.early.len() / 2 {
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
        if !self.early.is_empty()
            && let Some(entry) = self.first_early()
        {
            return Some(entry.deadline_ns());
        }
        self.wheel.first_deadline_ns(&mut self.slots)
    }

    /// Takes out the timers that are due first, at one instant, if that is no later than `now_ns`.
    /// Each is then taken by [`take_of`](Self::take_of).
    #[inline(always)]
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Due> {
        self.past_ns = now_ns;
        if !self.early.is_empty()
            && let Some(entry) = self.first_early()
        {
            return self.pop_early(entry, now_ns);
        }
        let first = self.wheel.take_first(&mut self.slots, now_ns)?;
        Some(Due { first, is_last: !self.wheel.is_before(now_ns) })
    }

    /// Takes the first of timers that were taken out together. It stays in its slot, which is
    /// vacant: its waiter is for the caller to take, unless that is a task.
    #[inline(always)]
    pub(crate) fn take_of(&mut self, due: &mut Due) -> Option<&mut Timer> {
        let slot = due.first;
        due.first = self.slots.get(slot as usize)?.next;
        self.vacate(slot)
    }

    /// The first of those that are not in the wheel.
    #[cold]
    #[inline(never)]
    fn first_early(&mut self) -> Option<Entry> {
        while let Some(&Reverse(entry)) = self.early.peek() {
            if is_live(&self.slots, entry) {
                return Some(entry);
            }
            self.early.pop();
            self.stale -= 1;
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn pop_early(&mut self, entry: Entry, now_ns: u64) -> Option<Due> {
        if entry.deadline_ns() > now_ns {
            return None;
        }
        self.early.pop();
        let first = slot_of(entry.order());
        self.slots[first].next = NIL;
        Some(Due { first: first as u32, is_last: false })
    }

    /// Makes the slot of a timer vacant, which is still in it.
    #[inline(always)]
    fn vacate(&mut self, slot: u32) -> Option<&mut Timer> {
        let place = self.slots.get_mut(slot as usize)?;
        place.next = self.vacant;
        place.order = VACANT;
        self.vacant = slot;
        Some(&mut place.timer)
    }

    /// Every timer that has not fired, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Timer> {
        self.slots.iter().filter_map(Slot::timer)
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
        self.wheel.clear();
        self.early.clear();
        self.stale = 0;
        self.vacant = NIL;
        self.next_sequence = 1;
        let slots = self.slots.drain(..).filter(|slot| slot.order != VACANT);
        slots.map(|slot| slot.timer).collect()
    }

    /// Leaves out what was cancelled, so that there are never many more entries than timers.
    fn sweep(&mut self) {
        let slots = &self.slots;
        self.early.retain(|&Reverse(entry)| is_live(slots, entry));
        self.stale = 0;
    }
}

#[inline]
fn is_live(slots: &[Slot], entry: Entry) -> bool {
    slots[slot_of(entry.order())].order == entry.order()
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
                    while let Some(mut due) = self.timers.pop_due(self.now_ns) {
                        while let Some(timer) = self.timers.take_of(&mut due) {
                            let (deadline_ns, number, _) = self.list.remove(0);
                            assert_eq!((timer.deadline_ns, timer.task.0), (deadline_ns, number));
                        }
                        assert!(!due.is_last || self.timers.pop_due(self.now_ns).is_none());
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
            self.timers.wheel.check_invariants(&self.timers.slots);
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

    /// In the wheel nothing stays, and in the heap not much.
    #[test]
    fn what_was_cancelled_is_swept_out() {
        let mut beside = Beside { timers: Timers::new(), list: Vec::new(), now_ns: 0, started: 0 };
        (0..200).for_each(|_| beside.carry_out(&Act::Start(1 << 30)));
        // The wheel moves to them, and what is started now is earlier.
        beside.carry_out(&Act::Peek);
        for round in 0..20_000 {
            beside.carry_out(&Act::Start(1000 + round % 7 * 1000));
            beside.carry_out(&Act::Cancel(200));
            assert!(beside.timers.early.len() <= 130, "{}", beside.timers.early.len());
        }
        assert_eq!(beside.timers.slots.len(), 201);
        beside.carry_out(&Act::Peek);
        beside.carry_out(&Act::Advance(u64::MAX));
    }

    /// Whatever their number, and whatever is started meanwhile.
    #[test]
    fn timers_of_one_deadline_fire_in_the_order_of_their_starts() {
        let mut beside = Beside { timers: Timers::new(), list: Vec::new(), now_ns: 0, started: 0 };
        for after_ns in [5_000, 5_000, 70, 5_000, 4_999, 70] {
            beside.carry_out(&Act::Start(after_ns));
        }
        for by_ns in [1, 69, 4_000] {
            beside.carry_out(&Act::Advance(by_ns));
            beside.carry_out(&Act::Start(5_000 - beside.now_ns));
        }
        let mut fired = Vec::new();
        while let Some(mut due) = beside.timers.pop_due(5_000) {
            let mut together = Vec::new();
            while let Some(timer) = beside.timers.take_of(&mut due) {
                together.push(timer.task.0);
            }
            fired.push(together);
        }
        assert_eq!(fired, [vec![5], vec![1, 2, 4, 7, 8, 9]]);
    }
}
