//! A table of records, each a member of one owner's list, newest first.
//!
//! Operations are listed by task and holds by object: inserting, finding and removing one costs
//! a constant, however many others there are.

/// The end of a list, and the head of an empty one.
pub(crate) const NIL: u32 = u32::MAX;

#[derive(Debug)]
struct Slot<T> {
    /// Vacant slots are chained through `next`.
    value: Option<T>,
    previous: u32,
    next: u32,
}

/// Records by index; an index is used again after its record was removed.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    vacant: u32,
    live: usize,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Table<T> {
        Table { slots: Vec::new(), vacant: NIL, live: 0 }
    }

    /// How many records there have been at once, at the most.
    pub(crate) fn most(&self) -> usize {
        self.slots.len()
    }

    /// Puts a record at the front of the list with this head.
    #[inline]
    pub(crate) fn insert(&mut self, head: &mut u32, value: T) -> u32 {
        let next = std::mem::replace(head, self.vacant);
        match self.slots.get_mut(self.vacant as usize) {
            Some(slot) => {
                self.vacant = slot.next;
                (slot.previous, slot.next) = (NIL, next);
                // Forgotten, because it is known to be empty: its drop need not be looked at.
                std::mem::forget(slot.value.replace(value));
            }
            None => {
                *head = self.slots.len() as u32;
                self.slots.push(Slot { value: Some(value), previous: NIL, next });
            }
        }
        if let Some(next) = self.slots.get_mut(next as usize) {
            next.previous = *head;
        }
        self.live += 1;
        *head
    }

    /// Takes a record out of the table and of the list with this head.
    #[inline]
    pub(crate) fn remove(&mut self, head: &mut u32, index: u32) -> Option<T> {
        self.remove_by(index, |_| head)
    }

    /// Takes a record out of the table and of its owner's list, whose head `head` finds.
    #[inline(always)]
    pub(crate) fn remove_by<'a>(
        &mut self,
        index: u32,
        head: impl FnOnce(&T) -> &'a mut u32,
    ) -> Option<T> {
        let slot = self.slots.get_mut(index as usize)?;
        let value = slot.value.take()?;
        let (previous, next) = (slot.previous, slot.next);
        slot.next = self.vacant;
        self.vacant = index;
        let head = head(&value);
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => *head = next,
        }
        if let Some(next) = self.slots.get_mut(next as usize) {
            next.previous = previous;
        }
        self.live -= 1;
        Some(value)
    }

    /// How many records there are.
    pub(crate) const fn len(&self) -> usize {
        self.live
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.value.as_mut()
    }

    /// Whether there is no record.
    pub(crate) const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// All records with their indexes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let values = self.slots.iter().enumerate();
        values.filter_map(|(index, slot)| Some((index as u32, slot.value.as_ref()?)))
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
        if self.slots.is_empty() { Vec::new() } else { self.clear_used() }
    }

    #[inline(never)]
    fn clear_used(&mut self) -> Vec<T> {
        self.vacant = NIL;
        if self.live == 0 {
            self.slots.clear();
            return Vec::new();
        }
        self.live = 0;
        self.slots.drain(..).filter_map(|slot| slot.value).collect()
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
            .map(|n| table.insert(if n % 2 == 1 { &mut odd } else { &mut even }, n))
            .collect();
        assert_eq!(table.remove(&mut odd, indexes[5]), Some(5));
        assert_eq!(table.remove(&mut even, indexes[8]), Some(8));
        assert_eq!(table.remove(&mut even, indexes[0]), Some(0));
        assert_eq!(table.remove(&mut even, indexes[0]), None);
        let of = |head| table.list(head).map(|(_, &n)| n).collect::<Vec<_>>();
        assert_eq!((of(odd), of(even)), (vec![9, 7, 3, 1], vec![6, 4, 2]));
        let again = table.insert(&mut odd, 11);
        assert!(indexes.contains(&again), "a vacant place is used again");
        assert_eq!(table.get(again), Some(&11));
        assert_eq!(table.clear().len(), 8);
    }
}
