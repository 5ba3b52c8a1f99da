//! Many timers: buckets by the highest digit in which a deadline differs from where the wheel
//! stands.
//!
//! A deadline has eleven digits of six bits. A bucket of the lowest level holds one deadline only;
//! one of a higher level is taken apart when its time comes, into buckets of lower levels. So a
//! timer is moved once a level at the most, and mostly not at all: timers that are due soon differ
//! in low digits. Within a bucket timers stand in the order in which they were started.

use super::Entry;

/// How many bits a digit has.
const BITS: u32 = 6;
/// How many buckets a level has.
const DIGITS: usize = 1 << BITS;
/// How many levels: so many digits a deadline has.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// How many entries' room an empty bucket keeps.
const ROOM_MAX: usize = 256;

#[derive(Debug, Default)]
struct Bucket {
    entries: Vec<Entry>,
    /// How many of them have been taken out. Invariant: zero but in the lowest level.
    taken: usize,
}

/// Timers by deadline. None of them is earlier than where it stands.
#[derive(Debug)]
pub(super) struct Wheel {
    /// Where it stands. Invariant: no later than any entry, and at the end of time while there is
    /// none.
    stands_at: u64,
    /// Level by level; none before the first entry.
    buckets: Vec<Bucket>,
    /// A bit for each bucket of each level: whether it has entries.
    occupied: [u64; LEVELS],
    /// A bit for each level: whether any of its buckets has.
    levels: u32,
}

impl Wheel {
    pub(super) const fn new() -> Wheel {
        Wheel { stands_at: u64::MAX, buckets: Vec::new(), occupied: [0; LEVELS], levels: 0 }
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// Whether an entry of this deadline belongs here: not before anything begins.
    #[inline]
    pub(super) const fn reaches(&self, deadline_ns: u64) -> bool {
        deadline_ns >= self.stands_at
    }

    /// Puts the wheel, which is empty, to where it is to stand.
    pub(super) fn begin(&mut self, stands_at: u64) {
        self.buckets.resize_with(LEVELS * DIGITS, Bucket::default);
        self.stands_at = stands_at;
    }

    /// Adds an entry that it reaches.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry) {
        let deadline_ns = entry.deadline_ns();
        let differs = (deadline_ns ^ self.stands_at) | 1;
        let level = (differs.ilog2() / BITS) as usize;
        let digit = (deadline_ns >> (level as u32 * BITS)) as usize % DIGITS;
        self.buckets[level * DIGITS + digit].entries.push(entry);
        self.occupied[level] |= 1 << digit;
        self.levels |= 1 << level;
    }

    /// The first entry.
    #[inline]
    pub(super) fn first(&mut self) -> Option<Entry> {
        while self.levels != 0 {
            let (level, digit) = self.first_place();
            let bucket = &self.buckets[level * DIGITS + digit];
            match bucket.entries[bucket.taken..] {
                [entry] => return Some(entry),
                [entry, ..] if level == 0 => return Some(entry),
                _ => self.take_apart(level, digit),
            }
        }
        None
    }

    /// Whether all entries are certain to be later than `until_ns`.
    #[inline(always)]
    pub(super) fn is_beyond(&self, until_ns: u64) -> bool {
        let (level, digit) = self.first_place();
        level >= LEVELS || self.begin_of(level, digit) > until_ns
    }

    /// Takes out the first entry if its deadline is no later than `until_ns`.
    pub(super) fn take_first(&mut self, until_ns: u64) -> Option<Entry> {
        while !self.is_beyond(until_ns) {
            let (level, digit) = self.first_place();
            let bucket = &mut self.buckets[level * DIGITS + digit];
            let entry = match bucket.entries[bucket.taken..] {
                [entry] => entry,
                [entry, ..] if level == 0 => {
                    // The others are of the same deadline.
                    bucket.taken += 1;
                    return Some(entry);
                }
                _ => {
                    self.take_apart(level, digit);
                    continue;
                }
            };
            if entry.deadline_ns() > until_ns {
                return None;
            }
            bucket.taken = 0;
            empty(&mut bucket.entries);
            // All others are of later buckets.
            self.stands_at = entry.deadline_ns();
            self.vacate(level, digit);
            return Some(entry);
        }
        None
    }

    /// Leaves out entries that are not live.
    pub(super) fn retain(&mut self, is_live: impl Fn(Entry) -> bool) {
        for place in 0..self.buckets.len() {
            let bucket = &mut self.buckets[place];
            if bucket.entries.is_empty() {
                continue;
            }
            bucket.entries.drain(..std::mem::take(&mut bucket.taken));
            bucket.entries.retain(|&entry| is_live(entry));
            if bucket.entries.is_empty() {
                self.vacate(place / DIGITS, place % DIGITS);
            }
        }
    }

    /// Forgets every entry.
    pub(super) fn clear(&mut self) {
        while self.levels != 0 {
            let (level, digit) = self.first_place();
            let bucket = &mut self.buckets[level * DIGITS + digit];
            bucket.taken = 0;
            empty(&mut bucket.entries);
            self.vacate(level, digit);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.entries.len() - bucket.taken).sum()
    }

    /// Level and digit of the first bucket that has entries.
    #[inline(always)]
    fn first_place(&self) -> (usize, usize) {
        let level = self.levels.trailing_zeros() as usize;
        (level, self.occupied.get(level).map_or(0, |digits| digits.trailing_zeros() as usize))
    }

    /// The earliest deadline that a bucket can have.
    #[inline(always)]
    fn begin_of(&self, level: usize, digit: usize) -> u64 {
        let shift = level as u32 * BITS;
        let above = self.stands_at >> shift >> BITS << BITS;
        (above | digit as u64) << shift
    }

    /// Notes that a bucket has no entries any more.
    #[inline]
    fn vacate(&mut self, level: usize, digit: usize) {
        self.occupied[level] &= !(1 << digit);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
            if self.levels == 0 {
                self.stands_at = u64::MAX;
            }
        }
    }

    /// Moves the wheel to the beginning of its first bucket, and its entries to lower levels.
    #[inline(never)]
    fn take_apart(&mut self, level: usize, digit: usize) {
        let place = level * DIGITS + digit;
        let mut entries = std::mem::take(&mut self.buckets[place].entries);
        let begins_at = self.begin_of(level, digit);
        self.vacate(level, digit);
        self.stands_at = begins_at;
        entries.iter().for_each(|&entry| self.insert(entry));
        empty(&mut entries);
        self.buckets[place].entries = entries;
    }
}

/// Forgets entries, and keeps their room unless it is large.
#[inline]
fn empty(entries: &mut Vec<Entry>) {
    entries.clear();
    if entries.capacity() > ROOM_MAX {
        *entries = Vec::new();
    }
}
