//! Timers by deadline: buckets by the highest digit in which a deadline differs from where the
//! wheel stands.
//!
//! A deadline has eleven digits of six bits. A bucket of the lowest level holds one deadline only.
//! One of a higher level is taken apart when its time comes: the wheel moves to the earliest
//! deadline in it, and its timers to the buckets of lower levels. So a timer is moved once a level
//! at the most, and mostly once or not at all: timers that are due soon differ in low digits.
//!
//! A bucket is a list through the timers' own slots, in the order in which they were started, so
//! that one that is cancelled is taken out at once.

use super::{NIL, Slot};

/// How many bits a digit has.
const BITS: u32 = 6;
/// How many buckets a level has.
const DIGITS: usize = 1 << BITS;
/// How many levels: so many digits a deadline has.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// The level of a digit, by the highest bit in it: read, because to divide takes longer.
const LEVEL_OF: [u8; u64::BITS as usize] = {
    let mut levels = [0; u64::BITS as usize];
    let mut bit = 0;
    while bit < levels.len() {
        levels[bit] = (bit / BITS as usize) as u8;
        bit += 1;
    }
    levels
};

/// A list of timers, by their slots. Of no meaning, unless a bit says that there are any.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    first: u32,
    last: u32,
}

/// Timers by deadline. The lists are in the slots, which each call is given.
#[derive(Debug)]
pub(super) struct Wheel {
    /// Where it stands. Invariant: no later than any timer of it, and equal to each in the digits
    /// above that by which the timer's bucket is found.
    stands_at: u64,
    /// Level by level.
    buckets: [Bucket; LEVELS * DIGITS],
    /// A bit for each bucket of each level: whether it has timers.
    occupied: [u64; LEVELS],
    /// A bit for each level: whether any of its buckets has.
    levels: u32,
}

impl Wheel {
    pub(super) const fn new() -> Wheel {
        let none = Bucket { first: NIL, last: NIL };
        Wheel { stands_at: 0, buckets: [none; LEVELS * DIGITS], occupied: [0; LEVELS], levels: 0 }
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// Whether a timer of this deadline belongs here: not before the wheel begins.
    #[inline]
    pub(super) const fn reaches(&self, deadline_ns: u64) -> bool {
        deadline_ns >= self.stands_at
    }

    /// Whether it stands before an instant.
    #[inline]
    pub(super) const fn is_before(&self, now_ns: u64) -> bool {
        self.stands_at < now_ns
    }

    /// Puts the wheel, which is empty, to where it is to stand.
    #[inline]
    pub(super) fn begin(&mut self, stands_at: u64) {
        self.stands_at = stands_at;
    }

    /// Adds the timer in a slot, whose deadline the wheel reaches.
    #[inline(always)]
    pub(super) fn insert(&mut self, slots: &mut [Slot], slot: u32, deadline_ns: u64) {
        self.insert_at(slots, slot, self.place_of(deadline_ns));
    }

    #[inline(always)]
    fn insert_at(&mut self, slots: &mut [Slot], slot: u32, (level, digit): (usize, usize)) {
        let bucket = &mut self.buckets[level * DIGITS + digit];
        let mut previous = std::mem::replace(&mut bucket.last, slot);
        if self.occupied[level] >> digit & 1 == 0 {
            bucket.first = slot;
            previous = NIL;
            // Rotated, so that the compiler does not reckon it where it is not needed.
            self.occupied[level] |= 1_u64.rotate_left(digit as u32);
            self.levels |= 1 << level;
        } else if let Some(previous) = slots.get_mut(previous as usize) {
            previous.next = slot;
        }
        if let Some(slot) = slots.get_mut(slot as usize) {
            (slot.previous, slot.next) = (previous, NIL);
        }
    }

    /// Takes out the timer in a slot, before its time.
    pub(super) fn remove(&mut self, slots: &mut [Slot], slot: u32, deadline_ns: u64) {
        let (level, digit) = self.place_of(deadline_ns);
        let bucket = &mut self.buckets[level * DIGITS + digit];
        let Slot { previous, next, .. } = slots[slot as usize];
        match slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => bucket.first = next,
        }
        match slots.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => bucket.last = previous,
        }
        if bucket.first == NIL {
            self.vacate(level, digit);
        }
    }

    /// The earliest deadline.
    #[inline(always)]
    pub(super) fn first_deadline_ns(&mut self, slots: &mut [Slot]) -> Option<u64> {
        if self.occupied[0] == 0 {
            return self.first_high_ns(slots);
        }
        Some(self.begin_of(0, self.lowest_digit()))
    }

    /// The same, where the first bucket is not of the lowest level.
    #[inline(never)]
    fn first_high_ns(&mut self, slots: &mut [Slot]) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        let (level, digit) = self.first_place();
        let Bucket { first, last } = self.buckets[level * DIGITS + digit];
        if first == last {
            return Some(slots[first as usize].deadline_ns());
        }
        Some(self.take_apart(slots, level, digit))
    }

    /// Takes out the timers of the earliest deadline if that is no later than `until_ns`; the slot
    /// of the first, from which a list leads to the others.
    #[inline(always)]
    pub(super) fn take_first(&mut self, slots: &mut [Slot], until_ns: u64) -> Option<u32> {
        if self.occupied[0] == 0 {
            return self.take_high(slots, until_ns);
        }
        let digit = self.lowest_digit();
        if self.begin_of(0, digit) > until_ns {
            return None;
        }
        Some(self.take_lowest(digit))
    }

    /// Takes out the timers of a bucket of the lowest level.
    #[inline(always)]
    fn take_lowest(&mut self, digit: usize) -> u32 {
        self.stands_at = self.begin_of(0, digit);
        self.vacate(0, digit);
        self.buckets[digit].first
    }

    /// The same, where the first bucket is not of the lowest level.
    #[inline(never)]
    fn take_high(&mut self, slots: &mut [Slot], until_ns: u64) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        let (level, digit) = self.first_place();
        if self.begin_of(level, digit) > until_ns {
            return None;
        }
        let deadline_ns = self.first_deadline_ns(slots)?;
        if deadline_ns > until_ns {
            return None;
        }
        let (level, digit) = self.first_place();
        if level == 0 {
            return Some(self.take_lowest(digit));
        }
        // It is alone in its bucket, and all others are of later ones.
        let slot = self.buckets[level * DIGITS + digit].first;
        self.vacate(level, digit);
        self.stands_at = deadline_ns;
        Some(slot)
    }

    /// Forgets every timer.
    pub(super) fn clear(&mut self) {
        (self.stands_at, self.occupied, self.levels) = (0, [0; LEVELS], 0);
    }

    /// Level and digit of the bucket for a deadline that the wheel reaches.
    #[inline(always)]
    fn place_of(&self, deadline_ns: u64) -> (usize, usize) {
        let differs = (deadline_ns ^ self.stands_at) | 1;
        let level = u32::from(LEVEL_OF[differs.ilog2() as usize]);
        (level as usize, (deadline_ns >> (level * BITS)) as usize % DIGITS)
    }

    /// Level and digit of the first bucket that has timers, of which there are some.
    #[inline(always)]
    fn first_place(&self) -> (usize, usize) {
        let level = self.levels.trailing_zeros() as usize;
        (level, self.occupied.get(level).map_or(0, |digits| digits.trailing_zeros() as usize))
    }

    /// The digit of the first bucket of the lowest level, which has some.
    #[inline(always)]
    const fn lowest_digit(&self) -> usize {
        self.occupied[0].trailing_zeros() as usize % DIGITS
    }

    /// The earliest deadline that a bucket can have.
    #[inline(always)]
    fn begin_of(&self, level: usize, digit: usize) -> u64 {
        let shift = level as u32 * BITS;
        let above = self.stands_at >> shift >> BITS << BITS;
        (above | digit as u64) << shift
    }

    /// Notes that a bucket has no timers any more.
    #[inline]
    fn vacate(&mut self, level: usize, digit: usize) {
        self.occupied[level] &= !(1 << digit);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// Moves the wheel to its first bucket, which is not of the lowest level, and the timers in it
    /// to lower levels, the earliest to the lowest. The deadline of that.
    #[inline(never)]
    fn take_apart(&mut self, slots: &mut [Slot], level: usize, digit: usize) -> u64 {
        let first = self.buckets[level * DIGITS + digit].first;
        let begins_at = self.begin_of(level, digit);
        // From the level above the lowest, all go to that.
        self.stands_at = if level == 1 { begins_at } else { earliest_ns(slots, first) };
        self.vacate(level, digit);
        let mut at = first;
        while let Some(slot) = slots.get(at as usize) {
            let (deadline_ns, next) = (slot.deadline_ns(), slot.next);
            let place = (0, deadline_ns as usize % DIGITS);
            let place = if level == 1 { place } else { self.place_of(deadline_ns) };
            self.insert_at(slots, at, place);
            at = next;
        }
        let (level, digit) = self.first_place();
        self.begin_of(level, digit)
    }

    /// Checks what is said above; for tests.
    #[cfg(test)]
    pub(super) fn check_invariants(&self, slots: &[Slot]) {
        let mut count = 0;
        for (place, bucket) in self.buckets.iter().enumerate() {
            let (level, digit) = (place / DIGITS, place % DIGITS);
            if self.occupied[level] >> digit & 1 == 0 {
                continue;
            }
            assert!(self.levels >> level & 1 == 1);
            let (mut at, mut previous, mut order) = (bucket.first, NIL, 0);
            while let Some(slot) = slots.get(at as usize) {
                assert!(self.reaches(slot.deadline_ns()));
                assert_eq!(self.place_of(slot.deadline_ns()), (level, digit));
                assert!(slot.previous == previous && slot.order > order);
                (previous, at, order) = (at, slot.next, slot.order);
                count += 1;
            }
            assert_eq!((at, previous), (NIL, bucket.last));
        }
        let reached = slots
            .iter()
            .filter(|slot| slot.timer().is_some_and(|timer| self.reaches(timer.deadline_ns)));
        assert_eq!(reached.count(), count, "what the wheel reaches is in it");
    }
}

/// The earliest deadline in a list of timers.
fn earliest_ns(slots: &[Slot], first: u32) -> u64 {
    let (mut at, mut earliest_ns) = (first, u64::MAX);
    while let Some(slot) = slots.get(at as usize) {
        earliest_ns = earliest_ns.min(slot.deadline_ns());
        at = slot.next;
    }
    earliest_ns
}
