//! The ready set: turns in the order in which they became ready.
//!
//! Few turns are kept in a short list, which beats everything else up to some dozens; many in a
//! counted bitmap, which finds and takes out the k-th in O(log n). The set moves from the one to
//! the other and back as it grows and shrinks.

mod counted;

use self::counted::Counted;
use super::ids::Turn;

/// How many turns the list holds at the most.
const LIST_MAX: usize = 32;
/// At how many turns the bitmap is left for the list.
const LIST_AGAIN: usize = 8;

/// Turns that can be taken next, oldest first.
#[derive(Debug)]
pub(crate) struct ReadySet {
    /// The turns' keys, oldest first. Invariant: `few_len` is zero while `many` is not empty.
    few: [u32; LIST_MAX],
    few_len: usize,
    many: Counted,
}

impl ReadySet {
    pub(crate) const fn new() -> ReadySet {
        ReadySet { few: [0; LIST_MAX], few_len: 0, many: Counted::new() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.few_len + self.many.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a turn behind all others.
    #[inline]
    pub(crate) fn push(&mut self, turn: Turn) {
        debug_assert!(!self.contains(turn), "a turn is ready at most once; a bug in unpick");
        if self.few_len < LIST_MAX && self.many.is_empty() {
            self.few[self.few_len] = turn.key();
            self.few_len += 1;
        } else {
            self.push_many(turn);
        }
    }

    /// The `k`-th turn from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn get(&self, k: usize) -> Turn {
        Turn::of_key(if k < self.few_len { self.few[k] } else { self.many.get(k) })
    }

    /// Takes out the `k`-th turn from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn take(&mut self, k: usize) -> Turn {
        let len = self.few_len.min(LIST_MAX);
        if k >= len {
            return self.take_many(k);
        }
        let key = self.few[k];
        for at in k + 1..len {
            self.few[at - 1] = self.few[at];
        }
        self.few_len = len - 1;
        Turn::of_key(key)
    }

    /// Takes out a turn by its name; says whether it was there.
    #[inline]
    pub(crate) fn remove(&mut self, turn: Turn) -> bool {
        let key = turn.key();
        match self.few[..self.few_len].iter().position(|&other| other == key) {
            Some(k) => {
                self.take(k);
                true
            }
            None => !self.many.is_empty() && self.many.remove(key),
        }
    }

    /// How many turns are older than this one; `None` if it is not there.
    pub(crate) fn rank(&self, turn: Turn) -> Option<usize> {
        let key = turn.key();
        let rank = self.few[..self.few_len].iter().position(|&other| other == key);
        rank.or_else(|| self.many.rank(key))
    }

    pub(crate) fn contains(&self, turn: Turn) -> bool {
        self.few[..self.few_len].contains(&turn.key()) || self.many.contains(turn.key())
    }

    /// Forgets every turn, and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        self.few_len = 0;
        self.many.clear();
    }

    #[inline(never)]
    fn push_many(&mut self, turn: Turn) {
        for k in 0..std::mem::take(&mut self.few_len) {
            self.many.push(self.few[k]);
        }
        self.many.push(turn.key());
    }

    #[inline(never)]
    fn take_many(&mut self, k: usize) -> Turn {
        let key = self.many.take(k);
        if self.many.len() <= LIST_AGAIN {
            while !self.many.is_empty() {
                self.few[self.few_len] = self.many.take(0);
                self.few_len += 1;
            }
        }
        Turn::of_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Push(u32),
        Take(usize),
        Remove(u32),
        Clear,
    }

    fn acts(keys: u32) -> impl proptest::strategy::Strategy<Value = Vec<Act>> {
        use proptest::prelude::*;
        let act = prop_oneof![
            12 => (0..keys).prop_map(Act::Push),
            8 => any::<usize>().prop_map(Act::Take),
            2 => (0..keys).prop_map(Act::Remove),
            1 => Just(Act::Clear),
        ];
        proptest::collection::vec(act, 0..2000)
    }

    fn check_like_a_list(acts: Vec<Act>) {
        let mut set = ReadySet::new();
        let mut list: Vec<Turn> = Vec::new();
        for act in acts {
            match act {
                Act::Push(key) if !set.contains(Turn::of_key(key)) => {
                    set.push(Turn::of_key(key));
                    list.push(Turn::of_key(key));
                }
                Act::Take(k) if !list.is_empty() => {
                    let k = k % list.len();
                    assert_eq!(set.get(k), list[k]);
                    assert_eq!(set.take(k), list.remove(k));
                }
                Act::Remove(key) => {
                    let at = list.iter().position(|&other| other == Turn::of_key(key));
                    assert_eq!(set.remove(Turn::of_key(key)), at.is_some());
                    at.map(|at| list.remove(at));
                }
                Act::Clear if list.len() > 150 => {
                    set.clear();
                    list.clear();
                }
                _ => {}
            }
            if let Some(last) = list.last() {
                assert_eq!(set.rank(*last), Some(list.len() - 1));
                assert_eq!(set.rank(list[list.len() / 2]), Some(list.len() / 2));
            }
            assert_eq!((set.len(), set.is_empty()), (list.len(), list.is_empty()));
        }
        let left: Vec<Turn> = (0..set.len()).map(|k| set.get(k)).collect();
        assert_eq!(left, list);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn many_turns_behave_like_a_list(acts in acts(400)) {
            check_like_a_list(acts);
        }

        #[test]
        fn some_dozens_of_turns_behave_like_a_list(acts in acts(50)) {
            check_like_a_list(acts);
        }
    }
}
