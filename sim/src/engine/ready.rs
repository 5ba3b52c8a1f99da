//! The ready set: turns in the order in which they became ready, with the k-th in O(log n).
//!
//! Turns get ascending positions as they arrive; a bitmap says which positions are taken, and a
//! Fenwick tree (Fenwick 1994) counts them by word. When the positions run out, the set is
//! packed to the front or its capacity doubled, which costs a constant per arrival on average.

use super::ids::{OperationId, TaskId, Turn};

/// Turns that can be taken next, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ReadySet {
    /// One bit per position. Invariant: its length is a power of two, or zero before first use.
    words: Vec<u64>,
    /// Fenwick tree over the population counts of `words`, 1-based; unused for a single word.
    tree: Vec<u32>,
    /// The turn at each position that is taken.
    turns: Vec<Turn>,
    /// The next free position. Invariant: no position from here on is taken.
    tail: usize,
    len: usize,
    /// Position + 1 of each task's turn; 0 if it has none. Indexed by task, grown on demand.
    task_at: Vec<u32>,
    /// The same for announced operations.
    operation_at: Vec<u32>,
}

impl ReadySet {
    pub(crate) const fn new() -> ReadySet {
        ReadySet {
            words: Vec::new(),
            tree: Vec::new(),
            turns: Vec::new(),
            tail: 0,
            len: 0,
            task_at: Vec::new(),
            operation_at: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a turn behind all others.
    #[inline]
    pub(crate) fn push(&mut self, turn: Turn) {
        debug_assert!(!self.contains(turn), "a turn is ready at most once; a bug in unpick");
        if self.tail == self.turns.len() {
            self.make_room();
        }
        let position = self.tail;
        self.turns[position] = turn;
        self.words[position / 64] |= 1 << (position % 64);
        self.tail += 1;
        self.len += 1;
        if self.words.len() > 1 {
            self.tree_add(position / 64, 1);
        }
        *self.slot(turn) = position as u32 + 1;
    }

    /// The `k`-th turn from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn get(&self, k: usize) -> Turn {
        self.turns[self.position(k)]
    }

    /// Takes out the `k`-th turn from the oldest, from 0.
    #[inline]
    pub(crate) fn take(&mut self, k: usize) -> Turn {
        let position = self.position(k);
        let turn = self.turns[position];
        self.clear_position(position);
        *self.slot(turn) = 0;
        turn
    }

    /// Takes out a turn by its name; says whether it was there.
    #[inline]
    pub(crate) fn remove(&mut self, turn: Turn) -> bool {
        let slot = self.slot(turn);
        let Some(position) = slot.checked_sub(1) else { return false };
        *slot = 0;
        self.clear_position(position as usize);
        true
    }

    pub(crate) fn contains(&self, turn: Turn) -> bool {
        let at = match turn {
            Turn::Resume(TaskId(index)) => self.task_at.get(index as usize),
            Turn::Operation(OperationId(index)) => self.operation_at.get(index as usize),
        };
        at.is_some_and(|&at| at != 0)
    }

    /// Forgets every turn, and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        if self.len > 0 {
            self.words.fill(0);
            self.tree.fill(0);
            self.len = 0;
        }
        self.tail = 0;
        self.task_at.clear();
        self.operation_at.clear();
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
    fn slot(&mut self, turn: Turn) -> &mut u32 {
        let (slots, index) = match turn {
            Turn::Resume(TaskId(index)) => (&mut self.task_at, index as usize),
            Turn::Operation(OperationId(index)) => (&mut self.operation_at, index as usize),
        };
        if index >= slots.len() {
            slots.resize(index + 1, 0);
        }
        &mut slots[index]
    }

    #[inline]
    fn position(&self, k: usize) -> usize {
        assert!(k < self.len, "turn {k} of {} was asked for; this is a bug in unpick", self.len);
        if self.words.len() == 1 {
            return select(self.words[0], k as u32);
        }
        let (word, rest) = self.tree_find(k as u32);
        word * 64 + select(self.words[word], rest)
    }

    /// Packs the set to the front, or doubles it if it is more than half full.
    #[cold]
    fn make_room(&mut self) {
        let capacity = self.turns.len();
        if self.len * 2 > capacity || capacity == 0 {
            let words = (self.words.len() * 2).max(1);
            self.words.resize(words, 0);
            self.turns.resize(words * 64, Turn::Resume(TaskId(0)));
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
                let turn = self.turns[word * 64 + bits.trailing_zeros() as usize];
                bits &= bits - 1;
                self.turns[packed] = turn;
                packed += 1;
                *self.slot(turn) = packed as u32;
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

    #[derive(Clone, Debug)]
    enum Act {
        Push(u32),
        Take(usize),
        Remove(u32),
        Clear,
    }

    fn acts() -> impl proptest::strategy::Strategy<Value = Vec<Act>> {
        use proptest::prelude::*;
        let act = prop_oneof![
            12 => (0..400_u32).prop_map(Act::Push),
            6 => any::<usize>().prop_map(Act::Take),
            2 => (0..400_u32).prop_map(Act::Remove),
            1 => Just(Act::Clear).prop_filter("rarely", |_| true),
        ];
        proptest::collection::vec(act, 0..2000)
    }

    fn turn(number: u32) -> Turn {
        if number.is_multiple_of(2) {
            Turn::Resume(TaskId(number / 2))
        } else {
            Turn::Operation(OperationId(number / 2))
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn it_behaves_like_a_list(acts in acts()) {
            let mut set = ReadySet::new();
            let mut list: Vec<Turn> = Vec::new();
            for act in acts {
                match act {
                    Act::Push(number) if !set.contains(turn(number)) => {
                        set.push(turn(number));
                        list.push(turn(number));
                    }
                    Act::Take(k) if !list.is_empty() => {
                        let k = k % list.len();
                        proptest::prop_assert_eq!(set.get(k), list[k]);
                        proptest::prop_assert_eq!(set.take(k), list.remove(k));
                    }
                    Act::Remove(number) => {
                        let at = list.iter().position(|&other| other == turn(number));
                        proptest::prop_assert_eq!(set.remove(turn(number)), at.is_some());
                        at.map(|at| list.remove(at));
                    }
                    Act::Clear if list.len() > 150 => {
                        set.clear();
                        list.clear();
                    }
                    _ => {}
                }
                proptest::prop_assert_eq!(set.len(), list.len());
            }
            let left: Vec<Turn> = (0..set.len()).map(|k| set.get(k)).collect();
            proptest::prop_assert_eq!(left, list);
        }
    }
}
