//! Sets that a uniform or weighted member can be drawn from.

use crate::streams::{Stream, Streams};

/// The place of a key that is not in the set.
const NOWHERE: u32 = u32::MAX;

/// A set of small numbers from which one can be drawn evenly, in constant time.
#[derive(Debug, Default)]
pub(super) struct UniformSet {
    members: Vec<u32>,
    /// The place of each number among the members.
    places: Vec<u32>,
}

impl UniformSet {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn contains(&self, key: u32) -> bool {
        self.places.get(key as usize).is_some_and(|&place| place != NOWHERE)
    }

    pub(super) fn insert(&mut self, key: u32) {
        let index = key as usize;
        if index >= self.places.len() {
            self.places.resize(index + 1, NOWHERE);
        }
        if self.places[index] == NOWHERE {
            self.places[index] = self.members.len() as u32;
            self.members.push(key);
        }
    }

    pub(super) fn remove(&mut self, key: u32) {
        if !self.contains(key) {
            return;
        }
        let place = std::mem::replace(&mut self.places[key as usize], NOWHERE);
        self.members.swap_remove(place as usize);
        if let Some(&moved) = self.members.get(place as usize) {
            self.places[moved as usize] = place;
        }
    }

    /// The member at a place below the length.
    pub(super) fn get(&self, place: usize) -> u32 {
        self.members[place]
    }
}

/// Weights by small numbers, from which one can be drawn in proportion: a Fenwick tree.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// 1-based; entry i is the sum over the lowest-bit(i) weights up to i.
    tree: Vec<u64>,
    weights: Vec<u64>,
    total: u64,
}

impl Weights {
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn set(&mut self, key: u32, weight: u64) {
        let index = key as usize;
        if index >= self.weights.len() {
            self.grow(index + 1);
        }
        let old = std::mem::replace(&mut self.weights[index], weight);
        self.total = self.total - old + weight;
        let mut node = index + 1;
        while node < self.tree.len() {
            self.tree[node] = self.tree[node].wrapping_sub(old).wrapping_add(weight);
            node += node & node.wrapping_neg();
        }
    }

    /// The number at which the running sum of weights first exceeds `at`, below the total.
    pub(super) fn find(&self, mut at: u64) -> u32 {
        let mut node = 0;
        let mut stride = self.weights.len();
        while stride > 0 {
            let next = node + stride;
            if next < self.tree.len() && self.tree[next] <= at {
                at -= self.tree[next];
                node = next;
            }
            stride /= 2;
        }
        node as u32
    }

    fn grow(&mut self, least: usize) {
        let size = least.next_power_of_two().max(16);
        self.weights.resize(size, 0);
        self.tree = vec![0; size + 1];
        for index in 1..=size {
            self.tree[index] += self.weights[index - 1];
            let parent = index + (index & index.wrapping_neg());
            if parent <= size {
                self.tree[parent] += self.tree[index];
            }
        }
    }
}

/// A number below `bound`, which may be larger than 32 bits.
pub(super) fn below(streams: &mut Streams, bound: u64) -> u64 {
    match u32::try_from(bound) {
        Ok(bound) => u64::from(streams.below(Stream::Strategy, bound)),
        Err(_) => {
            let high = u64::from(streams.word(Stream::Strategy));
            let word = high << 32 | u64::from(streams.word(Stream::Strategy));
            // The bias of at most bound / 2^64 is of no consequence to a search.
            ((u128::from(word) * u128::from(bound)) >> 64) as u64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn weights_find_what_a_scan_finds(sets in proptest::collection::vec((0..70_u32, 0..5_u64), 1..100)) {
            let mut weights = Weights::default();
            let mut list = [0_u64; 70];
            for (key, weight) in sets {
                weights.set(key, weight);
                list[key as usize] = weight;
                proptest::prop_assert_eq!(weights.total(), list.iter().sum::<u64>());
                let mut at = 0;
                for (key, &weight) in list.iter().enumerate() {
                    for _ in 0..weight {
                        proptest::prop_assert_eq!(weights.find(at), key as u32);
                        at += 1;
                    }
                }
            }
        }

        #[test]
        fn a_uniform_set_has_the_members_of_a_set(acts in proptest::collection::vec((0..40_u32, proptest::bool::ANY), 0..200)) {
            let mut set = UniformSet::default();
            let mut model = std::collections::BTreeSet::new();
            for (key, is_insert) in acts {
                if is_insert {
                    set.insert(key);
                    model.insert(key);
                } else {
                    set.remove(key);
                    model.remove(&key);
                }
                let mut members: Vec<u32> = (0..set.len()).map(|place| set.get(place)).collect();
                members.sort_unstable();
                proptest::prop_assert_eq!(members, Vec::from_iter(model.iter().copied()));
            }
        }
    }
}
