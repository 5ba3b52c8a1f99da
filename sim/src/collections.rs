//! Hash maps and sets whose order of iteration is on the tape.
//!
//! The standard library's own begin with a random state, so that a program which goes through
//! one does something else in each process, and no tape brings it back. These begin with a
//! decision of the run: so all orders are tried, each of them again when its run is made again.

#![expect(clippy::disallowed_types, reason = "their state is not random here")]

use std::hash::{BuildHasher, Hasher};

use crate::engine::with_run;

/// The standard library's map, with the run's order of iteration. Make one with
/// [`default`](Default::default) or by collecting.
///
/// # Examples
/// ```
/// use unpick_sim::{HashMap, Run};
///
/// let order = |seed| {
///     let outcome = Run::new().seed(seed).execute(|| async {
///         let map: HashMap<u32, ()> = (0..20).map(|key| (key, ())).collect();
///         map.into_keys().collect::<Vec<_>>()
///     });
///     outcome.result.unwrap()
/// };
/// assert_eq!(order(1), order(1), "a run's order comes back");
/// assert!((1..9).any(|seed| order(seed) != order(0)), "and other runs have others");
/// ```
pub type HashMap<K, V> = std::collections::HashMap<K, V, RunState>;

/// The standard library's set, with the run's order of iteration. Make one with
/// [`default`](Default::default) or by collecting.
pub type HashSet<T> = std::collections::HashSet<T, RunState>;

/// What the hashing of a run begins with: one of 16 states, decided when the run makes its first
/// map or set, and on its tape. The plain one, which there also is outside of a run, is always
/// the same.
#[derive(Clone, Debug)]
pub struct RunState {
    state: u64,
}

impl Default for RunState {
    fn default() -> RunState {
        let order = with_run(|core| core.hashing_order()).unwrap_or(0);
        RunState { state: mixed(u64::from(order)) }
    }
}

impl BuildHasher for RunState {
    type Hasher = RunHasher;

    fn build_hasher(&self) -> RunHasher {
        RunHasher { state: self.state }
    }
}

/// A hasher of a run: fast, the same everywhere, and none to keep attackers out with.
#[derive(Clone, Debug)]
pub struct RunHasher {
    state: u64,
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
const fn mixed(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Hasher for RunHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.state = mixed(self.state ^ number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_run_the_order_is_fixed() {
        let order = || (0..8).collect::<HashSet<u32>>().into_iter().collect::<Vec<_>>();
        assert_eq!(order(), order());
        let mut sorted = order();
        sorted.sort_unstable();
        assert_ne!(order(), sorted, "an order that nobody takes for granted");
    }

    #[test]
    fn strings_that_share_a_beginning_hash_apart() {
        let hashed = |text: &str| RunState { state: 1 }.hash_one(text);
        let hashes: HashSet<u64> = (0..1000).map(|n| hashed(&format!("customer-{n}"))).collect();
        assert_eq!(hashes.len(), 1000);
    }
}
