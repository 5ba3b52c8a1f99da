//! Records, each a member of one owner's list, newest first.
//!
//! Operations are listed by task. Mostly an owner has one record or none: its oldest has a place
//! that is found by the owner's number, without links and without a search. The others are in a
//! [`Table`], and whatever belongs to later owners: there may be many who come and go, and all
//! places are looked at when something is searched for.

use super::ids::INDEX_MAX;
use super::table::{NIL, Table};

/// The number of no record.
pub(crate) const NO_RECORD: u32 = u32::MAX;

/// Something that has an owner.
pub(crate) trait Owned {
    /// The owner's number.
    fn owner(&self) -> u32;
}

/// Records by their numbers: even ones stand for an owner's oldest, odd ones for the others.
/// Strategies order turns by the numbers of operations, so that what a seed means depends on that.
#[derive(Debug)]
pub(crate) struct Lists<T> {
    /// By owner, and no longer than [`FIRSTS_MAX`].
    firsts: Vec<First<T>>,
    others: Table<T>,
    /// The newest record of each owner from [`FIRSTS_MAX`] on, who has no place.
    late: Vec<u32>,
    live: usize,
    most: usize,
}

#[derive(Debug)]
struct First<T> {
    /// The owner's oldest record. Invariant: whatever else the owner has is younger.
    oldest: Option<T>,
    /// The newest of its others.
    newest: u32,
}

impl<T> First<T> {
    const NONE: First<T> = First { oldest: None, newest: NIL };
}

/// How many owners have a place each.
const FIRSTS_MAX: usize = 1024;

/// How many others there can be: their numbers are odd, and fit in a handle.
const OTHERS_MAX: u32 = INDEX_MAX / 2;

/// For how many owners there are places at first, once there is a record.
const ROOM_MIN: usize = 8;

impl<T: Owned> Lists<T> {
    pub(crate) const fn new() -> Lists<T> {
        Lists { firsts: Vec::new(), others: Table::new(), late: Vec::new(), live: 0, most: 0 }
    }

    /// Puts a record, which `make` makes in its place, at the front of its owner's list.
    #[inline(always)]
    pub(crate) fn insert(&mut self, owner: u32, make: impl FnOnce() -> T) -> u32 {
        self.live += 1;
        if self.live > self.most {
            self.most = self.live;
        }
        match self.firsts.get_mut(owner as usize) {
            Some(First { oldest: oldest @ None, newest: NIL }) => {
                // Forgotten, because it is known to be empty: its drop need not be looked at.
                std::mem::forget(oldest.replace(make()));
                owner << 1
            }
            _ => self.insert_slowly(owner, make()),
        }
    }

    /// The same, for an owner who has others, or has no place yet.
    #[inline(never)]
    fn insert_slowly(&mut self, owner: u32, record: T) -> u32 {
        let at = owner as usize;
        if at < FIRSTS_MAX && at >= self.firsts.len() {
            let room = (at + 1).next_power_of_two().max(ROOM_MIN);
            self.firsts.resize_with(room, || First::NONE);
            self.firsts[at].oldest = Some(record);
            return owner << 1;
        }
        if at >= FIRSTS_MAX && at - FIRSTS_MAX >= self.late.len() {
            self.late.resize((at - FIRSTS_MAX + 1).next_power_of_two(), NIL);
        }
        let Lists { firsts, others, late, .. } = self;
        let index = others.insert(newest_mut(firsts, late, owner), || record);
        assert!(index < OTHERS_MAX, "a run has at most {OTHERS_MAX} operations at once");
        index << 1 | 1
    }

    /// Takes a record out, of which `keep` keeps what is needed.
    #[inline(always)]
    pub(crate) fn remove<R>(&mut self, id: u32, keep: impl FnOnce(T) -> R) -> Option<R> {
        let record = self.place_mut(id)?.take()?;
        self.live -= 1;
        if id & 1 == 1 {
            self.unlink(id, record.owner());
        }
        Some(keep(record))
    }

    /// Takes a record out of which `keep` keeps something. Its drop is not looked at: it must have
    /// nothing to drop.
    #[inline(always)]
    pub(crate) fn remove_if<R>(
        &mut self,
        id: u32,
        keep: impl FnOnce(&T) -> Option<R>,
    ) -> Option<R> {
        let place = self.place_mut(id)?;
        let record = place.as_ref()?;
        let kept = keep(record)?;
        let owner = record.owner();
        std::mem::forget(place.take());
        self.live -= 1;
        if id & 1 == 1 {
            self.unlink(id, owner);
        }
        Some(kept)
    }

    /// Takes a record out that has nothing to drop.
    #[inline(always)]
    pub(crate) fn forget(&mut self, id: u32) {
        self.remove_if(id, |_| Some(()));
    }

    #[inline(never)]
    fn unlink(&mut self, id: u32, owner: u32) {
        let Lists { firsts, others, late, .. } = self;
        others.vacate(newest_mut(firsts, late, owner), id >> 1);
    }

    #[inline(always)]
    fn place_mut(&mut self, id: u32) -> Option<&mut Option<T>> {
        if id & 1 == 0 {
            Some(&mut self.firsts.get_mut((id >> 1) as usize)?.oldest)
        } else {
            self.others.place_mut(id >> 1)
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        if id & 1 == 0 {
            self.firsts.get((id >> 1) as usize)?.oldest.as_ref()
        } else {
            self.others.get(id >> 1)
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.place_mut(id)?.as_mut()
    }

    /// How many records there are.
    pub(crate) const fn len(&self) -> usize {
        self.live
    }

    /// How many records there have been at once, at the most.
    pub(crate) const fn most(&self) -> usize {
        self.most
    }

    /// Whether there is no record.
    pub(crate) const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// All records with their numbers: the oldest of each owner, then the others.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let firsts = self.firsts.iter().zip(0..);
        let firsts = firsts.filter_map(|(first, owner)| Some((owner << 1, first.oldest.as_ref()?)));
        let others = self.others.iter().map(|(index, record)| (index << 1 | 1, record));
        // The places behind the last one are not looked at.
        firsts.chain(others).take(self.live)
    }

    /// What an owner has beside its oldest record.
    #[inline]
    fn newest(&self, owner: u32) -> u32 {
        match self.firsts.get(owner as usize) {
            Some(first) => first.newest,
            None => self.newest_late(owner),
        }
    }

    #[cold]
    #[inline(never)]
    fn newest_late(&self, owner: u32) -> u32 {
        let late = (owner as usize).checked_sub(FIRSTS_MAX);
        late.and_then(|late| self.late.get(late)).copied().unwrap_or(NIL)
    }

    /// A record, if it is plainly all that its owner has: it has the owner's place, and there is no
    /// other.
    #[inline(always)]
    pub(crate) fn sole(&self, id: u32) -> Option<&T> {
        if id & 1 == 1 {
            return None;
        }
        let first = self.firsts.get((id >> 1) as usize)?;
        first.oldest.as_ref().filter(|_| first.newest == NIL)
    }

    /// Whether an owner has any.
    #[inline]
    pub(crate) fn has_any(&self, owner: u32) -> bool {
        self.live > 0 && !self.has_none(owner)
    }

    #[inline]
    fn has_none(&self, owner: u32) -> bool {
        match self.firsts.get(owner as usize) {
            Some(first) => first.oldest.is_none() && first.newest == NIL,
            None => self.newest_late(owner) == NIL,
        }
    }

    /// The records of an owner, newest first.
    pub(crate) fn list(&self, owner: u32) -> impl Iterator<Item = (u32, &T)> {
        let others = self.others.list(self.newest(owner));
        let others = others.map(|(index, record)| (index << 1 | 1, record));
        let oldest = self.firsts.get(owner as usize).and_then(|first| first.oldest.as_ref());
        others.chain(oldest.map(|oldest| (owner << 1, oldest)))
    }

    /// Forgets every record, keeps the allocations, and hands out what must be dropped outside of
    /// the engine.
    #[inline]
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.most = 0;
        let others = self.others.clear();
        if self.live == 0 { others } else { self.take_all(others) }
    }

    #[inline(never)]
    fn take_all(&mut self, mut all: Vec<T>) -> Vec<T> {
        for other in &all {
            *newest_mut(&mut self.firsts, &mut self.late, other.owner()) = NIL;
        }
        let firsts = std::mem::take(&mut self.live) - all.len();
        all.extend(self.firsts.iter_mut().filter_map(|first| first.oldest.take()).take(firsts));
        all
    }
}

/// The newest of an owner's others.
fn newest_mut<'a, T>(firsts: &'a mut [First<T>], late: &'a mut [u32], owner: u32) -> &'a mut u32 {
    match firsts.get_mut(owner as usize) {
        Some(first) => &mut first.newest,
        None => &mut late[owner as usize - FIRSTS_MAX],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of an owner, and which one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Record(u32, usize);

    impl Owned for Record {
        fn owner(&self) -> u32 {
            self.0
        }
    }

    fn of(lists: &Lists<Record>, owner: u32) -> Vec<usize> {
        lists.list(owner).map(|(_, record)| record.1).collect()
    }

    #[test]
    fn an_owners_oldest_is_found_by_its_number_and_is_last_in_its_list() {
        let mut lists = Lists::new();
        let ids: Vec<u32> = (0..3).map(|at| lists.insert(5, || Record(5, at))).collect();
        assert_eq!(ids[0], 10);
        assert_eq!(of(&lists, 5), [2, 1, 0]);
        // Younger ones are left: what comes is not put before them.
        assert_eq!(lists.remove(10, |record| record.1), Some(0));
        assert_eq!(lists.remove(10, |record| record.1), None, "it is gone");
        lists.insert(5, || Record(5, 3));
        assert_eq!(of(&lists, 5), [3, 2, 1]);
        assert_eq!(lists.remove(ids[1], |record| record.1), Some(1));
        assert_eq!(lists.remove(ids[2], |record| record.1), Some(2));
        assert_eq!(of(&lists, 5), [3]);
        let (last, _) = lists.list(5).next().expect("one is left");
        lists.remove(last, drop);
        assert!(!lists.has_any(5), "none is left");
        assert_eq!(lists.insert(5, || Record(5, 4)), 10);
        assert_eq!((lists.len(), lists.most()), (1, 3));
    }

    #[test]
    fn owners_beyond_those_that_have_a_place_have_lists_all_the_same() {
        let owner = FIRSTS_MAX as u32 + 1;
        let mut lists = Lists::new();
        assert!(!lists.has_any(owner), "it has none yet");
        let ids: Vec<u32> = (0..3).map(|at| lists.insert(owner, || Record(owner, at))).collect();
        assert_eq!(of(&lists, owner), [2, 1, 0]);
        assert!(ids.iter().all(|&id| id < INDEX_MAX), "each fits in a handle");
        assert_eq!(lists.remove(ids[1], |record| record.1), Some(1));
        assert_eq!(lists.remove(ids[0], |record| record.1), Some(0));
        assert_eq!(of(&lists, owner), [2]);
        assert_eq!(of(&lists, owner - 1), [0_usize; 0]);
    }

    proptest::proptest! {
        #[test]
        fn lists_are_as_good_as_a_list_for_each_owner(
            acts in proptest::collection::vec((0..4_usize, 0..3_usize, 0..8_usize), 0..200),
        ) {
            let mut models: [Vec<(u32, Record)>; 4] = Default::default();
            let (mut lists, mut most) = (Lists::new(), 0);
            for (number, (owner, act, at)) in acts.into_iter().enumerate() {
                let model = &mut models[owner];
                if act == 0 && at < model.len() {
                    let (id, record) = model.remove(at);
                    assert_eq!(lists.get(id), Some(&record));
                    assert_eq!(lists.get_mut(id), Some(&mut { record }));
                    assert_eq!(lists.remove_if(id, |_| None::<()>), None, "it stays");
                    let taken = match number % 2 {
                        0 => lists.remove(id, |record| record),
                        _ => lists.remove_if(id, |record| Some(*record)),
                    };
                    assert_eq!(taken, Some(record));
                    assert_eq!(lists.remove(id, |record| record), None, "it is gone");
                } else if act > 0 {
                    let record = Record(owner as u32, number);
                    model.insert(0, (lists.insert(owner as u32, || record), record));
                }
                for (owner, model) in (0..).zip(&models) {
                    let listed = lists.list(owner).map(|(id, &record)| (id, record));
                    assert_eq!(&listed.collect::<Vec<_>>(), model);
                    assert_eq!(lists.has_any(owner), !model.is_empty());
                }
                let all: usize = models.iter().map(Vec::len).sum();
                most = most.max(all);
                assert_eq!((lists.len(), lists.iter().count(), lists.most()), (all, all, most));
                let mut ids: Vec<u32> = lists.iter().map(|(id, _)| id).collect();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), all, "each has a number of its own");
            }
            let late = FIRSTS_MAX as u32;
            lists.insert(late, || Record(late, 0));
            let rest = lists.len();
            assert_eq!((lists.clear().len(), lists.len(), lists.most()), (rest, 0, 0));
            assert!([0, 1, 2, 3, late].iter().all(|&owner| !lists.has_any(owner)));
            assert_eq!(lists.insert(0, || Record(0, 0)), 0, "they are as good as new");
            assert_eq!(of(&lists, 0), [0]);
        }
    }
}
