//! How many objects of each kind each task has made.

use std::collections::BTreeMap;

use super::super::ids::TaskId;

/// Who has made objects, and of which kind.
type Maker = (TaskId, &'static str);

/// How many makers are looked through one by one.
const FEW: usize = 8;

/// Counts by maker: those of the first few makers in a list, which needs no allocation of its own
/// in each run.
#[derive(Debug)]
pub(crate) struct Numbers {
    few: Vec<(Maker, u32)>,
    others: BTreeMap<Maker, u32>,
}

impl Numbers {
    pub(crate) const fn new() -> Numbers {
        Numbers { few: Vec::new(), others: BTreeMap::new() }
    }

    /// The number of the next object of this maker, from 1.
    pub(crate) fn next(&mut self, maker: Maker) -> u32 {
        let place = self.few.iter().position(|(other, _)| *other == maker);
        let count = match place {
            Some(place) => &mut self.few[place].1,
            None if self.few.len() < FEW => {
                self.few.push((maker, 1));
                return 1;
            }
            None => self.others.entry(maker).or_default(),
        };
        *count += 1;
        *count
    }

    /// Forgets all, and keeps the list's allocation.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.few.clear();
        if !self.others.is_empty() {
            self.others.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_maker_counts_for_itself_however_many_there_are() {
        let mut numbers = Numbers::new();
        for round in 1..=3 {
            for task in 0..2 * FEW as u32 {
                for kind in ["lock", "queue"] {
                    assert_eq!(numbers.next((TaskId(task), kind)), round);
                }
            }
        }
        numbers.clear();
        assert_eq!(numbers.next((TaskId(0), "lock")), 1);
        assert_eq!(numbers.next((TaskId(FEW as u32), "queue")), 1);
    }
}
