//! The ready set: turns, and which alternative of a schedule choice stands for which.
//!
//! Up to some dozens are in a list, in the order in which they became ready, which beats
//! everything else. When it is full they become a [`crowd`], in which only the oldest few are in
//! that order, and when few are left they are in the list again. So alternative 0 is always the
//! turn that has been ready longest, and which turn the others stand for follows from what was
//! pushed and taken since the run began.

mod crowd;

use self::crowd::Crowd;
use super::ids::Turn;

/// How many turns the list has room for.
const LIST: usize = ReadySet::LIST;

/// Said in place of how many are in the list if there is a crowd.
const CROWDED: usize = LIST + 1;

/// How many keys are moved at a time where one is taken out of the list.
const BLOCK: usize = 8;

/// How many of a crowd are in order, and at how few all of them are put into the list again.
const FEW: usize = 8;

/// Turns that can be taken next.
#[derive(Debug)]
pub(crate) struct ReadySet {
    /// How many there are in the list, or [`CROWDED`] if all are in the crowd.
    listed: usize,
    /// The keys of the turns, oldest first, unless there is a crowd. What is behind them is of no
    /// meaning, and there for blocks that reach beyond the last.
    list: [u32; LIST + BLOCK],
    /// Invariant: empty, or of more than [`FEW`].
    crowd: Crowd,
}

impl ReadySet {
    /// How many turns there are at the most that are not a crowd.
    pub(crate) const LIST: usize = 64;

    pub(crate) const fn new() -> ReadySet {
        ReadySet { listed: 0, list: [0; LIST + BLOCK], crowd: Crowd::new() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        if self.is_crowd() { self.crowd.len() } else { self.listed }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.listed == 0
    }

    /// How many there are, or more than [`LIST`](Self::LIST) if they are a crowd.
    #[inline(always)]
    pub(crate) fn listed(&self) -> usize {
        self.listed
    }

    #[inline(always)]
    fn is_crowd(&self) -> bool {
        self.listed > LIST
    }

    /// Adds a turn, the youngest.
    #[inline]
    pub(crate) fn push(&mut self, turn: Turn) {
        debug_assert!(!self.contains(turn), "a turn is ready at most once; a bug in unpick");
        if let Some(place) = self.list[..LIST].get_mut(self.listed) {
            *place = turn.key();
            self.listed += 1;
        } else {
            self.push_to_crowd(turn);
        }
    }

    /// The turn that alternative `k` stands for: the `k`-th oldest, from 0, of the oldest few.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline(always)]
    pub(crate) fn get(&self, k: usize) -> Turn {
        Turn::of_key(match self.list() {
            Some(list) => list[k],
            None => self.crowd.get(k),
        })
    }

    /// Takes out the turn that alternative `k` stands for.
    ///
    /// # Panics
    /// If there are no more than `k` turns.
    #[inline]
    pub(crate) fn take(&mut self, k: usize) -> Turn {
        match self.list() {
            Some(list) => {
                assert!(k < list.len(), "there are as many alternatives as turns");
                Turn::of_key(self.take_of_list(k, list.len()))
            }
            None => self.take_of_crowd(k),
        }
    }

    /// Takes out the turn with this key if alternative `k` stands for it; says whether.
    #[inline]
    pub(crate) fn take_if(&mut self, key: u32, k: usize) -> bool {
        let Some(list) = self.list() else { return self.take_of_crowd_if(key, k) };
        let is_there = list.get(k) == Some(&key);
        if is_there {
            self.close_gap(k, list.len());
        }
        is_there
    }

    #[inline(never)]
    fn take_of_crowd_if(&mut self, key: u32, k: usize) -> bool {
        let is_there = self.crowd.rank(key) == Some(k);
        if is_there {
            self.take_of_crowd(k);
        }
        is_there
    }

    /// Takes out a turn by its name; says whether it was there.
    #[inline]
    pub(crate) fn remove(&mut self, turn: Turn) -> bool {
        let place = self.rank(turn);
        if let Some(k) = place {
            self.take(k);
        }
        place.is_some()
    }

    /// The alternative that stands for a turn; `None` if it is not there.
    #[inline]
    pub(crate) fn rank(&self, turn: Turn) -> Option<usize> {
        let key = turn.key();
        match self.list() {
            Some(list) => list.iter().position(|&other| other == key),
            None => self.crowd.rank(key),
        }
    }

    pub(crate) fn contains(&self, turn: Turn) -> bool {
        self.rank(turn).is_some()
    }

    /// Forgets every turn, and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        if self.is_crowd() {
            self.crowd.clear();
        }
        self.listed = 0;
    }

    /// The keys, oldest first, unless they are a crowd.
    #[inline(always)]
    fn list(&self) -> Option<&[u32]> {
        self.list[..LIST].get(..self.listed)
    }

    /// Takes out the `k`-th oldest turn of so many, which are more than `k` and no crowd; gives its
    /// key.
    #[inline(always)]
    pub(crate) fn take_of_list(&mut self, k: usize, len: usize) -> u32 {
        debug_assert!(k < len && len == self.listed && !self.is_crowd(), "a bug in unpick");
        let key = self.list[..LIST][k];
        self.close_gap(k, len);
        key
    }

    /// Moves those of so many up that are behind the `k`-th. In blocks, of which there is mostly one
    /// or none: to move memory of any length is a call, and takes longer.
    #[inline(always)]
    fn close_gap(&mut self, k: usize, len: usize) {
        if k + 1 < len {
            self.move_up(k);
            if k + 1 + BLOCK < len {
                self.close_gap_behind(k + BLOCK, len);
            }
        }
        self.listed = len - 1;
    }

    #[inline(never)]
    fn close_gap_behind(&mut self, mut at: usize, len: usize) {
        while at + 1 < len {
            self.move_up(at);
            at += BLOCK;
        }
    }

    /// Moves the block behind a place up to that.
    #[inline(always)]
    fn move_up(&mut self, at: usize) {
        if let Some(&block) = self.list[at + 1..].first_chunk::<BLOCK>()
            && let Some(place) = self.list[at..].first_chunk_mut()
        {
            *place = block;
        }
    }

    #[inline(never)]
    fn push_to_crowd(&mut self, turn: Turn) {
        if !self.is_crowd() {
            self.gather();
        }
        self.crowd.push(turn.key());
    }

    #[inline(never)]
    fn take_of_crowd(&mut self, k: usize) -> Turn {
        let key = self.crowd.take(k);
        if self.crowd.len() == FEW {
            self.disperse();
        }
        Turn::of_key(key)
    }

    /// Makes a crowd of the list, which is full.
    #[cold]
    #[inline(never)]
    fn gather(&mut self) {
        self.crowd.fill(&self.list[..LIST]);
        self.listed = CROWDED;
    }

    /// Puts the few that are left into the list.
    #[cold]
    #[inline(never)]
    fn disperse(&mut self) {
        for (place, key) in self.list.iter_mut().zip(self.crowd.keys()) {
            *place = key;
        }
        self.listed = self.crowd.len();
        self.crowd.clear();
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
            6 => any::<usize>().prop_map(Act::Take),
            2 => (0..10_usize).prop_map(Act::Take),
            2 => (0..keys).prop_map(Act::Remove),
            1 => Just(Act::Clear),
        ];
        proptest::collection::vec(act, 0..2000)
    }

    /// A ready set beside the same turns in a list, oldest first.
    struct Beside {
        set: ReadySet,
        list: Vec<Turn>,
    }

    impl Beside {
        fn new() -> Beside {
            Beside { set: ReadySet::new(), list: Vec::new() }
        }

        fn push(&mut self, turn: Turn) {
            self.set.push(turn);
            self.list.push(turn);
        }

        /// Takes out an alternative, and says which turn that was.
        fn take(&mut self, k: usize) -> Turn {
            let turn = self.set.get(k);
            assert_eq!(self.set.rank(turn), Some(k), "each turn is one alternative");
            assert_eq!(self.set.take(k), turn);
            self.forget(turn);
            turn
        }

        fn remove(&mut self, turn: Turn) {
            assert_eq!(self.set.remove(turn), self.list.contains(&turn));
            self.list.retain(|&other| other != turn);
        }

        fn forget(&mut self, turn: Turn) {
            let at = self.list.iter().position(|&other| other == turn);
            self.list.remove(at.expect("only what was pushed is taken"));
            assert!(!self.set.contains(turn), "it is there no more");
        }

        /// The oldest few are the first alternatives; all are, while there is no crowd.
        fn check(&self) {
            assert_eq!(
                (self.set.len(), self.set.is_empty()),
                (self.list.len(), self.list.is_empty())
            );
            let ordered = if self.set.is_crowd() { FEW } else { self.list.len() };
            for (k, &turn) in self.list[..ordered].iter().enumerate() {
                assert_eq!((self.set.get(k), self.set.rank(turn)), (turn, Some(k)));
            }
        }

        fn check_all(&self) {
            self.check();
            self.set.crowd.check_invariants();
            let mut all: Vec<u32> = (0..self.set.len()).map(|k| self.set.get(k).key()).collect();
            let mut list: Vec<u32> = self.list.iter().map(|turn| turn.key()).collect();
            all.sort_unstable();
            list.sort_unstable();
            assert_eq!(all, list);
        }
    }

    fn check_acts(acts: Vec<Act>) {
        let mut beside = Beside::new();
        for act in acts {
            match act {
                Act::Push(key) if !beside.set.contains(Turn::of_key(key)) => {
                    beside.push(Turn::of_key(key));
                }
                Act::Take(k) if !beside.list.is_empty() => {
                    beside.take(k % beside.list.len());
                }
                Act::Remove(key) => beside.remove(Turn::of_key(key)),
                Act::Clear if beside.list.len() > 150 => {
                    beside.set.clear();
                    beside.list.clear();
                }
                _ => {}
            }
            beside.check();
        }
        beside.check_all();
    }

    /// What was done to a set before it was cleared does not move what alternatives stand for.
    fn check_forgetful(before: Vec<Act>, acts: Vec<Act>) {
        let (mut used, mut fresh) = (ReadySet::new(), ReadySet::new());
        for act in before {
            carry_out(&mut used, &act);
        }
        used.clear();
        for act in acts {
            assert_eq!(carry_out(&mut used, &act), carry_out(&mut fresh, &act));
        }
        let all = |set: &ReadySet| -> Vec<Turn> { (0..set.len()).map(|k| set.get(k)).collect() };
        assert_eq!(all(&used), all(&fresh));
    }

    fn carry_out(set: &mut ReadySet, act: &Act) -> Option<Turn> {
        match *act {
            Act::Push(key) if !set.contains(Turn::of_key(key)) => set.push(Turn::of_key(key)),
            Act::Take(k) if !set.is_empty() => return Some(set.take(k % set.len())),
            Act::Remove(key) => {
                set.remove(Turn::of_key(key));
            }
            _ => {}
        }
        None
    }

    /// So many that the queue of arrivals is doubled and packed.
    #[test]
    fn the_oldest_few_of_thousands_are_in_order() {
        let mut streams = Streams::new(RunId::new(3, 0));
        let mut below = |bound: usize| streams.below(Stream::Strategy, bound as u32) as usize;
        let mut beside = Beside::new();
        let mut gone: Vec<Turn> = (0..10_000).map(Turn::of_key).collect();
        // How many of eight acts are pushes, for a while each: it grows, stays, and shrinks.
        for pushes in [8, 6, 4, 3, 5, 4, 4, 2] {
            for _ in 0..2_000 {
                if below(8) < pushes && !gone.is_empty() {
                    beside.push(gone.swap_remove(below(gone.len())));
                } else if !beside.list.is_empty() {
                    let bound = if below(4) == 0 { FEW + 2 } else { usize::MAX };
                    let k = below(beside.list.len().min(bound));
                    let (turn, way) = (beside.list[k], below(4));
                    if way == 0 {
                        assert!(beside.set.remove(turn), "it was there");
                        beside.forget(turn);
                        gone.push(turn);
                    } else if way == 1 && beside.set.take_if(turn.key(), k) {
                        beside.forget(turn);
                        gone.push(turn);
                    } else {
                        gone.push(beside.take(k));
                    }
                }
                beside.check();
            }
            beside.check_all();
        }
    }

    /// As an event loop would, whatever their number.
    #[test]
    fn alternative_0_takes_thousands_in_the_order_of_their_arrival() {
        let mut set = ReadySet::new();
        (0..5_000).for_each(|key| set.push(Turn::of_key(key)));
        for round in 0..15_000 {
            let turn = set.take(0);
            assert_eq!(turn, Turn::of_key(round % 5_000));
            set.push(turn);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn the_oldest_few_of_many_are_in_order(acts in acts(400)) {
            check_acts(acts);
        }

        #[test]
        fn some_dozens_of_turns_behave_like_a_list(acts in acts(50)) {
            check_acts(acts);
        }

        #[test]
        fn nothing_of_a_run_moves_the_next(before in acts(400), acts in acts(400)) {
            check_forgetful(before, acts);
        }
    }
}
