//! The ready set: turns in the order in which they became ready.
//!
//! The newest turns are in a short list, which beats everything else up to some dozens. When it is
//! full, it is put behind older ones as a chunk: see [`chunks`]. When few turns are left, all of
//! them are in the list again.

mod chunks;

use self::chunks::{CHUNK, Chunks};
use super::ids::Turn;

/// At how few turns all of them are put into the list again.
const LIST_AGAIN: usize = 8;

/// Turns that can be taken next, oldest first.
#[derive(Debug)]
pub(crate) struct ReadySet {
    /// The keys of the newest turns, oldest first.
    newest: [u32; CHUNK],
    newest_len: usize,
    /// The keys of those that are older.
    older: Chunks,
}

impl ReadySet {
    pub(crate) const fn new() -> ReadySet {
        ReadySet { newest: [0; CHUNK], newest_len: 0, older: Chunks::new() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.newest_len + self.older.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a turn behind all others.
    #[inline]
    pub(crate) fn push(&mut self, turn: Turn) {
        debug_assert!(!self.contains(turn), "a turn is ready at most once; a bug in unpick");
        if self.newest_len >= CHUNK {
            self.close();
        }
        self.newest[self.newest_len] = turn.key();
        self.newest_len += 1;
    }

    /// The `k`-th turn from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn get(&self, k: usize) -> Turn {
        Turn::of_key(match k.checked_sub(self.older.len()) {
            Some(k) => self.newest[..self.newest_len][k],
            None => self.older.get(k),
        })
    }

    /// Takes out the `k`-th turn from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn take(&mut self, k: usize) -> Turn {
        match k.checked_sub(self.older.len()) {
            Some(k) => self.take_newest(k),
            None => self.take_older(k),
        }
    }

    /// Takes out a turn by its name; says whether it was there.
    #[inline]
    pub(crate) fn remove(&mut self, turn: Turn) -> bool {
        let key = turn.key();
        match self.newest[..self.newest_len].iter().position(|&other| other == key) {
            Some(k) => {
                self.take_newest(k);
                true
            }
            None => !self.older.is_empty() && self.older.remove(key),
        }
    }

    /// How many turns are older than this one; `None` if it is not there.
    pub(crate) fn rank(&self, turn: Turn) -> Option<usize> {
        let key = turn.key();
        let newest = self.newest[..self.newest_len].iter().position(|&other| other == key);
        newest.map(|k| self.older.len() + k).or_else(|| self.older.rank(key))
    }

    pub(crate) fn contains(&self, turn: Turn) -> bool {
        self.newest[..self.newest_len].contains(&turn.key()) || self.older.contains(turn.key())
    }

    /// Forgets every turn, and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        self.newest_len = 0;
        self.older.clear();
    }

    #[inline]
    fn take_newest(&mut self, k: usize) -> Turn {
        let len = self.newest_len.min(CHUNK);
        let key = self.newest[..len][k];
        for at in k + 1..len {
            self.newest[at - 1] = self.newest[at];
        }
        self.newest_len = len - 1;
        Turn::of_key(key)
    }

    #[inline(never)]
    fn take_older(&mut self, k: usize) -> Turn {
        let key = self.older.take(k);
        if self.len() <= LIST_AGAIN {
            self.open();
        }
        Turn::of_key(key)
    }

    /// Puts the list, which is full, behind the older turns.
    #[inline(never)]
    fn close(&mut self) {
        self.older.append(&self.newest);
        self.newest_len = 0;
    }

    /// Puts all turns into the list.
    #[cold]
    fn open(&mut self) {
        let mut all = [0; CHUNK];
        let mut len = 0;
        self.older.drain(|key| {
            all[len] = key;
            len += 1;
        });
        all[len..len + self.newest_len].copy_from_slice(&self.newest[..self.newest_len]);
        self.newest = all;
        self.newest_len += len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::RunId;
    use crate::streams::{Stream, Streams};

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

    /// So many that the tree has several levels, and that it is packed and doubled.
    #[test]
    fn thousands_of_turns_behave_like_a_list() {
        let mut streams = Streams::new(RunId::new(3, 0));
        let mut below = |bound: usize| streams.below(Stream::Strategy, bound as u32) as usize;
        let mut set = ReadySet::new();
        let mut list: Vec<Turn> = Vec::new();
        let mut gone: Vec<Turn> = (0..20_000).map(Turn::of_key).collect();
        // How many of eight acts are pushes, for a while each: it grows, stays, and shrinks.
        for pushes in [8, 6, 4, 3, 5, 4, 4, 2] {
            for _ in 0..4_000 {
                if below(8) < pushes && !gone.is_empty() {
                    let turn = gone.swap_remove(below(gone.len()));
                    set.push(turn);
                    list.push(turn);
                } else if !list.is_empty() {
                    let k = below(list.len());
                    assert_eq!((set.get(k), set.rank(list[k])), (list[k], Some(k)));
                    let turn = list.remove(k);
                    if below(4) == 0 {
                        assert!(set.remove(turn), "it was there");
                    } else {
                        assert_eq!(set.take(k), turn);
                    }
                    assert!(!set.contains(turn), "it is there no more");
                    gone.push(turn);
                }
            }
            let left: Vec<Turn> = (0..set.len()).map(|k| set.get(k)).collect();
            assert_eq!(left, list);
        }
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
