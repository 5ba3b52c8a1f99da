//! Many turns: a bitmap over positions in the order of arrival, counted by a Fenwick tree.
//!
//! Turns get ascending positions as they arrive; the tree (Fenwick 1994) counts the positions
//! that are taken, by word of the bitmap. When the positions run out, the set is packed to the
//! front or its capacity doubled, which costs a constant per arrival on average.

/// The keys of turns, oldest first.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// One bit per position. Invariant: its length is a power of two, or zero before first use.
    words: Vec<u64>,
    /// Fenwick tree over the population counts of `words`, 1-based; unused for a single word.
    tree: Vec<u32>,
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
        if self.words.len() > 1 {
            self.tree_add(position / 64, 1);
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

    pub(super) fn contains(&self, key: u32) -> bool {
        self.at.get(key as usize).is_some_and(|&at| at != 0)
    }

    /// Forgets every key, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        if self.len > 0 {
            self.words.fill(0);
            self.tree.fill(0);
            self.len = 0;
        }
        self.tail = 0;
        self.at.clear();
    }

    fn clear_position(&mut self, position: usize) {
        self.words[position / 64] &= !(1 << (position % 64));
        self.len -= 1;
        if self.words.len() > 1 {
            self.tree_add(position / 64, u32::MAX);
        }
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

    #[inline]
    fn position(&self, k: usize) -> usize {
        assert!(k < self.len, "key {k} of {} was asked for; this is a bug in unpick", self.len);
        if self.words.len() == 1 {
            return select(self.words[0], k as u32);
        }
        let (word, rest) = self.tree_find(k as u32);
        word * 64 + select(self.words[word], rest)
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
        self.rebuild_tree();
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

    fn rebuild_tree(&mut self) {
        let words = self.words.len();
        if words == 1 {
            return;
        }
        self.tree.clear();
        self.tree.resize(words + 1, 0);
        for word in 0..words {
            self.tree[word + 1] += self.words[word].count_ones();
            let parent = (word + 1) + ((word + 1) & (word + 1).wrapping_neg());
            if parent <= words {
                self.tree[parent] += self.tree[word + 1];
            }
        }
    }

    #[inline]
    fn tree_add(&mut self, word: usize, change: u32) {
        let mut node = word + 1;
        while node < self.tree.len() {
            self.tree[node] = self.tree[node].wrapping_add(change);
            node += node & node.wrapping_neg();
        }
    }

    /// The word with the `k`-th taken position, and which of that word's it is.
    #[inline]
    fn tree_find(&self, mut k: u32) -> (usize, u32) {
        let mut node = 0;
        let mut stride = self.words.len();
        while stride > 0 {
            let next = node + stride;
            if next < self.tree.len() && self.tree[next] <= k {
                k -= self.tree[next];
                node = next;
            }
            stride /= 2;
        }
        (node, k)
    }
}

/// The position of the `k`-th set bit, from 0.
#[inline]
fn select(mut bits: u64, mut k: u32) -> usize {
    let mut base = 0;
    let mut width = 32;
    while k >= 4 && width >= 8 {
        let low = bits & ((1 << width) - 1);
        let below = low.count_ones();
        if k >= below {
            k -= below;
            bits >>= width;
            base += width;
        } else {
            bits = low;
        }
        width /= 2;
    }
    for _ in 0..k {
        bits &= bits - 1;
    }
    base as usize + bits.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn select_counts_set_bits_from_the_lowest() {
        for bits in [1, 0b1011_0010, u64::MAX, 1 << 63, 0xdead_beef_0bad_cafe] {
            let set: Vec<usize> = (0..64).filter(|bit| bits >> bit & 1 == 1).collect();
            for (k, &position) in set.iter().enumerate() {
                assert_eq!(select(bits, k as u32), position, "{bits:#x}, {k}");
            }
        }
    }
}
