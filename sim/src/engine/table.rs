//! A table of records, each a member of one owner's list, newest first.
//!
//! Inserting, finding and removing one costs a constant, however many others there are, and least
//! if nothing else is in its list.

/// The end of a list, and the head of an empty one.
pub(crate) const NIL: u32 = u32::MAX;

/// For how many records there is room at first, once there is one.
const ROOM_MIN: usize = 8;

#[derive(Debug)]
struct Slot<T> {
    /// Vacant slots are chained through `next`.
    value: Option<T>,
    previous: u32,
    next: u32,
}

impl<T> Slot<T> {
    const VACANT: Slot<T> = Slot { value: None, previous: NIL, next: NIL };
}

/// Records by index: the one that was vacated last, or else the lowest that was not used yet.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    /// The slot that was vacated last.
    vacant: u32,
    /// The first slot that was not used yet. Invariant: all from there on are empty.
    fresh: u32,
    live: usize,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Table<T> {
        Table { slots: Vec::new(), vacant: NIL, fresh: 0, live: 0 }
    }

    /// Puts a record, which `make` makes in its place, at the front of the list with this head.
    #[inline(always)]
    pub(crate) fn insert(&mut self, head: &mut u32, make: impl FnOnce() -> T) -> u32 {
        let (index, next) = (self.take_vacant(), *head);
        let slot = &mut self.slots[index as usize];
        if index == self.vacant {
            self.vacant = slot.next;
        } else {
            self.fresh += 1;
        }
        (slot.previous, slot.next) = (NIL, next);
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(slot.value.replace(make()));
        self.live += 1;
        *head = index;
        if next != NIL {
            self.link(index, next);
        }
        index
    }

    /// A vacant slot.
    #[inline(always)]
    fn take_vacant(&mut self) -> u32 {
        if self.vacant != NIL {
            return self.vacant;
        }
        if self.fresh as usize >= self.slots.len() {
            self.make_room();
        }
        self.fresh
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let room = (self.slots.len() * 2).max(ROOM_MIN);
        self.slots.resize_with(room, || Slot::VACANT);
    }

    #[inline(never)]
    fn link(&mut self, index: u32, next: u32) {
        self.slots[next as usize].previous = index;
    }

    /// Takes a record out of the table and of the list with this head.
    #[inline]
    pub(crate) fn remove(&mut self, head: &mut u32, index: u32) -> Option<T> {
        let value = self.place_mut(index)?.take()?;
        self.vacate(head, index);
        Some(value)
    }

    /// The place of a record, where there is one; whoever takes it from there has to
    /// [vacate](Self::vacate) its place.
    #[inline]
    pub(crate) fn place_mut(&mut self, index: u32) -> Option<&mut Option<T>> {
        Some(&mut self.slots.get_mut(index as usize)?.value)
    }

    /// Gives back the place of a record that was taken from it, in the list with this head.
    #[inline]
    pub(crate) fn vacate(&mut self, head: &mut u32, index: u32) {
        let slot = &mut self.slots[index as usize];
        let (previous, next) = (slot.previous, slot.next);
        slot.next = self.vacant;
        self.vacant = index;
        self.live -= 1;
        if previous & next == NIL {
            *head = NIL;
        } else {
            self.unlink(previous, next, head);
        }
    }

    /// What stood between these two does so no more.
    #[inline(never)]
    fn unlink(&mut self, previous: u32, next: u32, head: &mut u32) {
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => *head = next,
        }
        if let Some(next) = self.slots.get_mut(next as usize) {
            next.previous = previous;
        }
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    /// All records with their indexes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let slots = self.slots.iter().enumerate();
        let records = slots.filter_map(|(index, slot)| Some((index as u32, slot.value.as_ref()?)));
        // The slots behind the last one are not looked at.
        records.take(self.live)
    }

    /// The records of the list with this head, newest first.
    pub(crate) fn list(&self, head: u32) -> impl Iterator<Item = (u32, &T)> {
        let mut at = head;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            let index = at;
            at = slot.next;
            slot.value.as_ref().map(|value| (index, value))
        })
    }

    /// Forgets every record, keeps the allocation, and hands out what must be dropped outside
    /// of the engine.
    #[inline]
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.vacant = NIL;
        let used = std::mem::take(&mut self.fresh);
        if self.live == 0 { Vec::new() } else { self.take_all(used as usize) }
    }

    #[inline(never)]
    fn take_all(&mut self, used: usize) -> Vec<T> {
        self.live = 0;
        self.slots[..used].iter_mut().filter_map(|slot| slot.value.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_apart_and_keep_their_order() {
        let mut table = Table::new();
        let (mut odd, mut even) = (NIL, NIL);
        let indexes: Vec<u32> = (0..10)
            .map(|n| table.insert(if n % 2 == 1 { &mut odd } else { &mut even }, || n))
            .collect();
        assert_eq!(table.remove(&mut odd, indexes[5]), Some(5));
        assert_eq!(table.remove(&mut even, indexes[8]), Some(8));
        assert_eq!(table.remove(&mut even, indexes[0]), Some(0));
        assert_eq!(table.remove(&mut even, indexes[0]), None);
        let of = |head| table.list(head).map(|(_, &n)| n).collect::<Vec<_>>();
        assert_eq!((of(odd), of(even)), (vec![9, 7, 3, 1], vec![6, 4, 2]));
        let again = table.insert(&mut odd, || 11);
        assert!(indexes.contains(&again), "a vacant place is used again");
        assert_eq!(table.get(again), Some(&11));
        assert_eq!(table.clear().len(), 8);
    }

    proptest::proptest! {
        #[test]
        fn a_table_is_as_good_as_a_list_for_each_owner(
            acts in proptest::collection::vec((0..4_usize, 0..3_usize, 0..8_usize), 0..200),
        ) {
            let mut heads = [NIL; 4];
            let mut lists: [Vec<(u32, usize)>; 4] = Default::default();
            let mut table = Table::new();
            for (number, (owner, act, at)) in acts.into_iter().enumerate() {
                let (head, list) = (&mut heads[owner], &mut lists[owner]);
                if act == 0 && at < list.len() {
                    let (index, value) = list.remove(at);
                    assert_eq!(table.remove(head, index), Some(value));
                    assert_eq!(table.remove(head, index), None, "it is gone");
                } else if act > 0 {
                    list.insert(0, (table.insert(head, || number), number));
                }
                for (head, list) in heads.iter().zip(&lists) {
                    let listed = table.list(*head).map(|(index, &value)| (index, value));
                    assert_eq!(&listed.collect::<Vec<_>>(), list);
                }
                assert_eq!(table.iter().count(), lists.iter().map(Vec::len).sum::<usize>());
            }
            let rest = table.iter().count();
            assert_eq!((table.clear().len(), table.iter().count()), (rest, 0));
            assert_eq!(table.insert(&mut { NIL }, || 0), 0, "it is as good as new");
        }
    }
}
