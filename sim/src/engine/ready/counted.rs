//! Many turns: a bitmap over positions in the order of arrival, counted by a wide tree.
//!
//! Turns get ascending positions as they arrive. Above the bitmap's words lie levels of counts,
//! each count over 8 of the level below, so that a turn is found and updated in few, short,
//! straight scans. When the positions run out, the set is packed to the front or its capacity
//! doubled, which costs a constant per arrival on average.

/// How many entries of the level below one count covers, as a power of two.
const FAN_BITS: usize = 3;
const FAN: usize = 1 << FAN_BITS;

/// The keys of turns, oldest first.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// One bit per position. Invariant: its length is a power of two, or zero before first use.
    words: Vec<u64>,
    /// Counts of taken positions: the first level's by word, each further one's over `FAN` of
    /// the level below, up to a level of at most `FAN`.
    levels: Vec<Vec<u32>>,
    /// The key at each position that is taken.
    keys: Vec<u32>,
    /// The next free position. Invariant: no position from here on is taken.
    tail: usize,
    len: usize,
    /// Position + 1 of each key; 0 if it is not there. Indexed by key, grown on demand.
    at: Vec<u32>,
}

impl Counted {
    pub(super) const fn new() -> Counted {
        Counted {
            words: Vec::new(),
            levels: Vec::new(),
            keys: Vec::new(),
            tail: 0,
            len: 0,
            at: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a key behind all others.
    #[inline]
    pub(super) fn push(&mut self, key: u32) {
        if self.tail == self.keys.len() {
            self.make_room();
        }
        let position = self.tail;
        self.keys[position] = key;
        self.words[position / 64] |= 1 << (position % 64);
        self.tail += 1;
        self.len += 1;
        self.count(position / 64, 1);
        *self.slot(key) = position as u32 + 1;
    }

    /// The `k`-th key from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    #[inline]
    pub(super) fn get(&self, k: usize) -> u32 {
        self.keys[self.position(k)]
    }

    /// Takes out the `k`-th key from the oldest, from 0.
    #[inline]
    pub(super) fn take(&mut self, k: usize) -> u32 {
        let position = self.position(k);
        let key = self.keys[position];
        self.clear_position(position);
        *self.slot(key) = 0;
        key
    }

    /// Takes out a key; says whether it was there.
    #[inline]
    pub(super) fn remove(&mut self, key: u32) -> bool {
        let slot = self.slot(key);
        let Some(position) = slot.checked_sub(1) else { return false };
        *slot = 0;
        self.clear_position(position as usize);
        true
    }

    /// How many keys are older than this one; `None` if it is not there.
    pub(super) fn rank(&self, key: u32) -> Option<usize> {
        let position = self.at.get(key as usize)?.checked_sub(1)? as usize;
        let mut entry = position / 64;
        let before = self.words[entry] & ((1 << (position % 64)) - 1);
        let mut rank = before.count_ones();
        for level in &self.levels {
            let first = entry & !(FAN - 1);
            rank += level[first..entry].iter().sum::<u32>();
            entry >>= FAN_BITS;
        }
        Some(rank as usize)
    }

    pub(super) fn contains(&self, key: u32) -> bool {
        self.at.get(key as usize).is_some_and(|&at| at != 0)
    }

    /// Forgets every key, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        if self.len > 0 {
            self.words.fill(0);
            self.levels.iter_mut().for_each(|level| level.fill(0));
            self.len = 0;
        }
        self.tail = 0;
        self.at.clear();
    }

    fn clear_position(&mut self, position: usize) {
        self.words[position / 64] &= !(1 << (position % 64));
        self.len -= 1;
        self.count(position / 64, u32::MAX);
        if self.len == 0 {
            self.tail = 0;
        }
    }

    #[inline]
    fn slot(&mut self, key: u32) -> &mut u32 {
        let index = key as usize;
        if index >= self.at.len() {
            self.at.resize(index + 1, 0);
        }
        &mut self.at[index]
    }

    /// Adds `change` (modulo 2^32) to the counts over a word.
    #[inline]
    fn count(&mut self, word: usize, change: u32) {
        let mut entry = word;
        for level in &mut self.levels {
            level[entry] = level[entry].wrapping_add(change);
            entry >>= FAN_BITS;
        }
    }

    #[inline]
    fn position(&self, k: usize) -> usize {
        assert!(k < self.len, "key {k} of {} was asked for; this is a bug in unpick", self.len);
        let mut k = k as u32;
        let mut entry = 0;
        for level in self.levels.iter().rev() {
            entry <<= FAN_BITS;
            for &count in &level[entry..] {
                if k < count {
                    break;
                }
                k -= count;
                entry += 1;
            }
        }
        entry * 64 + select(self.words[entry], k)
    }

    /// Packs the set to the front, or doubles it if it is more than half full.
    #[cold]
    fn make_room(&mut self) {
        let capacity = self.keys.len();
        if self.len * 2 > capacity || capacity == 0 {
            let words = (self.words.len() * 2).max(1);
            self.words.resize(words, 0);
            self.keys.resize(words * 64, 0);
        } else {
            self.pack();
        }
        self.recount();
    }

    fn pack(&mut self) {
        let mut packed = 0;
        for word in 0..self.words.len() {
            let mut bits = std::mem::take(&mut self.words[word]);
            while bits != 0 {
                let key = self.keys[word * 64 + bits.trailing_zeros() as usize];
                bits &= bits - 1;
                self.keys[packed] = key;
                packed += 1;
                *self.slot(key) = packed as u32;
            }
        }
        for position in 0..packed {
            self.words[position / 64] |= 1 << (position % 64);
        }
        self.tail = packed;
    }

    fn recount(&mut self) {
        self.levels.clear();
        let mut level: Vec<u32> = self.words.iter().map(|word| word.count_ones()).collect();
        while level.len() > FAN {
            let above = level.chunks(FAN).map(|chunk| chunk.iter().sum()).collect();
            self.levels.push(std::mem::replace(&mut level, above));
        }
        self.levels.push(level);
    }
}

/// The position of the `k`-th set bit, from 0: the byte by prefix sums over all bytes at once
/// (Vigna, "Broadword implementation of rank/select queries", 2008), then bit by bit.
#[inline]
fn select(bits: u64, k: u32) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let mut sums = bits - ((bits >> 1) & 0x5555_5555_5555_5555);
    sums = (sums & 0x3333_3333_3333_3333) + ((sums >> 2) & 0x3333_3333_3333_3333);
    sums = (sums + (sums >> 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // Byte i now counts byte i; after this, bytes 0 to i.
    sums = sums.wrapping_mul(ONES);
    // The high bit of each byte whose prefix sum is at most k: those lie before the one sought.
    let before = (((u64::from(k) * ONES) | HIGHS) - sums) & HIGHS;
    let byte = before.count_ones();
    let below = if byte == 0 { 0 } else { (sums >> (8 * (byte - 1)) & 0xff) as u32 };
    let mut rest = bits >> (8 * byte);
    for _ in below..k {
        rest &= rest - 1;
    }
    (8 * byte + rest.trailing_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn select_counts_set_bits_from_the_lowest() {
        for bits in [1, 0b1011_0010, u64::MAX, 1 << 63, 0xdead_beef_0bad_cafe, 0xff00, 1 << 8] {
            let set: Vec<usize> = (0..64).filter(|bit| bits >> bit & 1 == 1).collect();
            for (k, &position) in set.iter().enumerate() {
                assert_eq!(select(bits, k as u32), position, "{bits:#x}, {k}");
            }
        }
    }
}
