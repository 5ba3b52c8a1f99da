//! Many turns: a bitmap over positions in the order of arrival, counted by a Fenwick tree.
//!
//! Turns get ascending positions as they arrive. The tree counts the bitmap's words (Fenwick, "A
//! new data structure for cumulative frequency tables", 1994), so that the k-th turn is found, and
//! taken out on the same way, in one comparison for each doubling of the number of words. The word
//! that arrivals go into is counted only once it is full. When the positions run out, the set is
//! packed to the front or its capacity doubled, which costs a constant per arrival on average.

/// The keys of turns, oldest first.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// One bit per position. Invariant: its length is a power of two, or zero before first use.
    words: Vec<u64>,
    /// Invariant: entry i, from 1, counts the taken positions of the i & -i words that end before
    /// word i, without the last word and without those that are not full yet. The total is
    /// `closed`.
    tree: Vec<u32>,
    /// How many positions are taken in words that are full: those before the one of `tail`.
    closed: usize,
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
            tree: Vec::new(),
            closed: 0,
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
        if self.tail.is_multiple_of(64) {
            let word = position / 64;
            let count = self.words[word].count_ones();
            self.closed += count as usize;
            self.count(word, count);
        }
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
        let (word, k) = if k < self.closed {
            self.closed -= 1;
            self.take_from_tree(k as u32)
        } else {
            self.open_word(k)
        };
        let bit = select(self.words[word], k);
        let key = self.keys[word * 64 + bit];
        self.clear_bit(word, bit);
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
        let mut word = position / 64;
        let before = self.words[word] & ((1 << (position % 64)) - 1);
        let mut rank = before.count_ones();
        if word == self.tail / 64 {
            return Some(self.closed + rank as usize);
        }
        while word > 0 {
            rank += self.tree[word];
            word &= word - 1;
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
            self.tree.fill(0);
            (self.len, self.closed) = (0, 0);
        }
        self.tail = 0;
        self.at.clear();
    }

    fn clear_position(&mut self, position: usize) {
        let word = position / 64;
        if word < self.tail / 64 {
            self.closed -= 1;
            self.count(word, u32::MAX);
        }
        self.clear_bit(word, position % 64);
    }

    #[inline]
    fn clear_bit(&mut self, word: usize, bit: usize) {
        self.words[word] &= !(1 << bit);
        self.len -= 1;
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
        let mut node = word + 1;
        while let Some(count) = self.tree.get_mut(node) {
            *count = count.wrapping_add(change);
            node += node & node.wrapping_neg();
        }
    }

    #[inline]
    fn position(&self, k: usize) -> usize {
        let (word, k) =
            if k < self.closed { self.find_in_tree(k as u32) } else { self.open_word(k) };
        word * 64 + select(self.words[word], k)
    }

    /// The word that has the `k`-th turn, and the how-manieth of that word this is.
    #[inline]
    fn find_in_tree(&self, mut k: u32) -> (usize, u32) {
        let (mut word, mut step) = (0, self.words.len() / 2);
        while step > 0 {
            let count = self.tree[word + step];
            if k >= count {
                k -= count;
                word += step;
            }
            step /= 2;
        }
        (word, k)
    }

    /// The same, and counts one less in that word: the entries that are not passed by are those
    /// which count it.
    #[inline]
    fn take_from_tree(&mut self, mut k: u32) -> (usize, u32) {
        let (mut word, mut step) = (0, self.words.len() / 2);
        while step > 0 {
            let count = &mut self.tree[word + step];
            if k < *count {
                *count -= 1;
            } else {
                k -= *count;
                word += step;
            }
            step /= 2;
        }
        (word, k)
    }

    /// The same, for a turn that is in the word that is not full yet.
    #[inline]
    fn open_word(&self, k: usize) -> (usize, u32) {
        assert!(k < self.len, "key {k} of {} was asked for; this is a bug in unpick", self.len);
        (self.tail / 64, (k - self.closed) as u32)
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
        self.tree.clear();
        self.tree.resize(self.words.len(), 0);
        self.closed = 0;
        for word in 0..self.tail / 64 {
            let count = self.words[word].count_ones();
            self.closed += count as usize;
            self.count(word, count);
        }
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
