//! A map from small numbers (of tasks, of objects) to what is known of them.
//!
//! It takes as much room as there are entries, and is a few instructions where a tree of nodes is
//! a hundred: numbers that are close together, as they mostly are, never collide. The order of its
//! entries is that of no clock or address, but nobody should depend on it.

/// What may be used again for another key.
pub(super) trait Reuse: Default {
    /// Forgets all, and keeps allocations: it is as good as new.
    fn clear(&mut self);
}

/// A map with keys below [`u32::MAX`].
#[derive(Debug)]
pub(super) struct Sparse<T> {
    /// By a key's lowest bits, or behind: where its entry is. Invariant: none, or a power of two
    /// of at least twice as many as there are entries.
    places: Vec<u32>,
    /// The entries, and behind them those of earlier keys, to be used again.
    entries: Vec<(u32, T)>,
    /// How many entries there are.
    count: usize,
}

/// A place without an entry.
const NONE: u32 = u32::MAX;

/// How many places there are at the least.
const PLACES_MIN: usize = 16;

impl<T> Default for Sparse<T> {
    fn default() -> Sparse<T> {
        Sparse { places: Vec::new(), entries: Vec::new(), count: 0 }
    }
}

impl<T> Sparse<T> {
    /// Where the entry of a key is, or the place at which it would be noted.
    #[inline]
    fn find(&self, key: u32) -> Result<(usize, usize), usize> {
        let mask = self.places.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let entry = self.places[at];
            if entry == NONE {
                return Err(at);
            }
            if self.entries[entry as usize].0 == key {
                return Ok((at, entry as usize));
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub(super) fn get(&self, key: u32) -> Option<&T> {
        if self.count == 0 {
            return None;
        }
        self.find(key).ok().map(|(_, entry)| &self.entries[entry].1)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        if self.count == 0 {
            return None;
        }
        self.find(key).ok().map(|(_, entry)| &mut self.entries[entry].1)
    }

    /// What is known of this key: nothing, the first time.
    #[inline]
    pub(super) fn entry(&mut self, key: u32) -> &mut T
    where
        T: Reuse,
    {
        let entry = self.number(key);
        self.numbered(entry)
    }

    /// The number of the entry of this key, which is good until a key is removed.
    #[inline]
    pub(super) fn number(&mut self, key: u32) -> usize
    where
        T: Reuse,
    {
        if self.places.len() < 2 * (self.count + 1) {
            self.grow();
        }
        match self.find(key) {
            Ok((_, entry)) => entry,
            Err(at) => self.add(key, at),
        }
    }

    /// What the entry of this number knows.
    #[inline]
    pub(super) fn numbered(&mut self, entry: usize) -> &mut T {
        &mut self.entries[entry].1
    }

    #[inline(never)]
    fn add(&mut self, key: u32, at: usize) -> usize
    where
        T: Reuse,
    {
        let entry = self.count;
        self.places[at] = entry as u32;
        match self.entries.get_mut(entry) {
            Some((earlier, value)) => {
                *earlier = key;
                value.clear();
            }
            None => self.entries.push((key, T::default())),
        }
        self.count += 1;
        entry
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let places = (2 * self.places.len()).max(PLACES_MIN);
        self.places.clear();
        self.places.resize(places, NONE);
        for entry in 0..self.count {
            if let Err(at) = self.find(self.entries[entry].0) {
                self.places[at] = entry as u32;
            }
        }
    }

    /// Forgets all, and keeps the allocations. It has as many places as were needed this time.
    pub(super) fn clear(&mut self) {
        let places = (2 * self.count).next_power_of_two().max(PLACES_MIN);
        self.places.truncate(places);
        self.places.fill(NONE);
        self.count = 0;
    }

    /// Forgets what is known of a key.
    pub(super) fn remove(&mut self, key: u32) {
        if self.count == 0 {
            return;
        }
        let Ok((mut hole, entry)) = self.find(key) else { return };
        // Whoever stands behind moves up, unless that would be before where it belongs.
        let mask = self.places.len() - 1;
        let mut at = hole;
        self.places[hole] = NONE;
        loop {
            at = (at + 1) & mask;
            let moved = self.places[at];
            if moved == NONE {
                break;
            }
            let belongs = self.entries[moved as usize].0 as usize & mask;
            if (at.wrapping_sub(belongs) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.places[hole] = moved;
                self.places[at] = NONE;
                hole = at;
            }
        }
        let last = self.count - 1;
        if entry != last
            && let Ok((at, _)) = self.find(self.entries[last].0)
        {
            self.places[at] = entry as u32;
        }
        self.entries.swap(entry, last);
        self.count = last;
    }

    /// All entries, in an order that means nothing.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.entries[..self.count].iter().map(|(key, value)| (*key, value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    impl Reuse for u32 {
        fn clear(&mut self) {
            *self = 0;
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Add(u32, u32),
        Remove(u32),
        Clear,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        // Close together, and far apart but with the same lowest bits.
        let key = prop_oneof![0..12_u32, (0..8_u32).prop_map(|n| n * 1024 + 15), 0..2000_u32];
        let act = prop_oneof![
            20 => (key.clone(), 1..9_u32).prop_map(|(key, more)| Act::Add(key, more)),
            10 => key.prop_map(Act::Remove),
            1 => Just(Act::Clear),
        ];
        proptest::collection::vec(act, 0..300)
    }

    proptest! {
        #[test]
        fn it_is_a_map(acts in acts()) {
            let mut sparse = Sparse::<u32>::default();
            let mut map = BTreeMap::new();
            for act in acts {
                match act {
                    Act::Add(key, more) => {
                        *sparse.entry(key) += more;
                        *map.entry(key).or_default() += more;
                    }
                    Act::Remove(key) => {
                        sparse.remove(key);
                        map.remove(&key);
                    }
                    Act::Clear => {
                        sparse.clear();
                        map.clear();
                    }
                }
                for key in (0..16).chain((0..8).map(|n| n * 1024 + 15)) {
                    prop_assert_eq!(sparse.get(key), map.get(&key));
                    prop_assert_eq!(sparse.get_mut(key).copied(), map.get(&key).copied());
                }
            }
            let mut entries: Vec<(u32, u32)> = sparse.iter().map(|(key, n)| (key, *n)).collect();
            entries.sort_unstable();
            prop_assert_eq!(entries, map.into_iter().collect::<Vec<_>>());
        }
    }
}
