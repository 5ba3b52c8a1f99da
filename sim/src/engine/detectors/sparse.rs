//! A map from small numbers (of tasks, of objects) to what is known of them.
//!
//! It takes as much room as there are entries, and is a few instructions where a tree of nodes is
//! a hundred: numbers that are close together, as they mostly are, never collide. The order of its
//! entries is that of no clock or address, but nobody should depend on it.

/// A map with keys below [`u32::MAX`].
#[derive(Clone, Debug)]
pub(super) struct Sparse<T> {
    /// By a key's lowest bits, or behind: where its entry is. Invariant: none, or a power of two
    /// of at least twice as many as there are entries.
    places: Vec<u32>,
    entries: Vec<(u32, T)>,
}

/// A place without an entry.
const NONE: u32 = u32::MAX;

/// How many places there are at the least.
const PLACES_MIN: usize = 16;

impl<T> Default for Sparse<T> {
    fn default() -> Sparse<T> {
        Sparse { places: Vec::new(), entries: Vec::new() }
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
        if self.entries.is_empty() {
            return None;
        }
        self.find(key).ok().map(|(_, entry)| &self.entries[entry].1)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        if self.entries.is_empty() {
            return None;
        }
        self.find(key).ok().map(|(_, entry)| &mut self.entries[entry].1)
    }

    /// What is known of this key: nothing, the first time.
    #[inline]
    pub(super) fn entry(&mut self, key: u32) -> &mut T
    where
        T: Default,
    {
        if self.places.len() < 2 * (self.entries.len() + 1) {
            self.grow();
        }
        let entry = match self.find(key) {
            Ok((_, entry)) => entry,
            Err(at) => {
                self.places[at] = self.entries.len() as u32;
                self.entries.push((key, T::default()));
                self.entries.len() - 1
            }
        };
        &mut self.entries[entry].1
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let places = (2 * self.places.len()).max(PLACES_MIN);
        self.places.clear();
        self.places.resize(places, NONE);
        self.entries.reserve(places / 2 - self.entries.len());
        for entry in 0..self.entries.len() {
            if let Err(at) = self.find(self.entries[entry].0) {
                self.places[at] = entry as u32;
            }
        }
    }

    /// Forgets all, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.entries.clear();
    }

    /// Forgets what is known of a key.
    pub(super) fn remove(&mut self, key: u32) {
        if self.entries.is_empty() {
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
        let last = self.entries.len() - 1;
        if entry != last
            && let Ok((at, _)) = self.find(self.entries[last].0)
        {
            self.places[at] = entry as u32;
        }
        self.entries.swap_remove(entry);
    }

    /// All entries, in an order that means nothing.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.entries.iter().map(|(key, value)| (*key, value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Add(u32, u32),
        Remove(u32),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        // Close together, and far apart but with the same lowest bits.
        let key = prop_oneof![0..12_u32, (0..8_u32).prop_map(|n| n * 1024 + 15), 0..2000_u32];
        let act = prop_oneof![
            2 => (key.clone(), 1..9_u32).prop_map(|(key, more)| Act::Add(key, more)),
            1 => key.prop_map(Act::Remove),
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
