//! A uniform random walk that makes no interleaving twice, where there are few.
//!
//! Of tasks that do not wait for one another, with so many events each, the interleavings can be
//! counted, and each has a number. Draws at random repeat some long before all were there: of N,
//! the median until a given one comes is 0.69 N. Numbers in an order that is a permutation, drawn
//! by the base seed, have a median of N / 2, and after N runs nothing is left.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::learning::Learnt;
use super::sweep::Sweep;
use super::{Divergence, Notice, Point, Strategy, TurnKey};
use crate::choice::{Choice, Label};
use crate::streams::{Stream, Streams};

/// Of how many interleavings a program may have, at the most: of more, hardly any is made twice
/// anyway.
const NUMBER_MAX: u64 = 1 << 16;

/// The interleavings of a program's tasks, as far as it is known how many events each has. Tasks
/// that spawned others do not count as such: they mostly wait for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interleavings {
    /// By the hash of its path: how many events each task has.
    events: BTreeMap<u64, u64>,
    /// How many interleavings there are.
    number: u64,
}

impl Interleavings {
    /// Those of a program; `None` if there is but one, or very many, or if how many events a task
    /// has depends on the others.
    pub(super) fn of(learnt: &Learnt) -> Option<Interleavings> {
        let events = learnt.leaves()?;
        let mut number = 1_u64;
        let mut total = 0;
        for &count in events.values() {
            // The binomial coefficient of `total + count` over `count`, a factor at a time.
            for event in 1..=count {
                total += 1;
                number = number.checked_mul(total)? / event;
                if number > NUMBER_MAX {
                    return None;
                }
            }
        }
        (number > 1).then_some(Interleavings { events, number })
    }

    /// How many there are.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How many tasks are interleaved.
    pub(super) fn tasks(&self) -> usize {
        self.events.len()
    }

    /// The interleaving of this number, as the paths of tasks, the first event last.
    fn unrank(&self, mut rank: u64) -> Vec<u64> {
        let mut left: Vec<(u64, u64)> = self.events.iter().map(|(&path, &n)| (path, n)).collect();
        let mut total: u64 = left.iter().map(|(_, count)| count).sum();
        let mut number = self.number;
        let mut order = Vec::new();
        while total > 0 {
            for (path, count) in &mut left {
                // So many of them begin with this task.
                let those = number * *count / total;
                if rank < those {
                    order.push(*path);
                    (number, *count) = (those, *count - 1);
                    break;
                }
                rank -= those;
            }
            total -= 1;
        }
        order.reverse();
        order
    }
}

/// A permutation of the numbers below `number`: four rounds of a Feistel network over the next
/// power of four, walked until it comes back below (Black and Rogaway 2002).
fn permuted(index: u64, number: u64, key: u64) -> u64 {
    let half = (u64::BITS - (number - 1).leading_zeros()).div_ceil(2);
    let mask = (1 << half) - 1;
    let mut value = index;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 1..=4 {
            (left, right) = (right, left ^ (mix(right ^ mix(key ^ round)) & mask));
        }
        value = left << half | right;
        if value < number {
            return value;
        }
    }
}

/// SplitMix64's output function.
const fn mix(value: u64) -> u64 {
    let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Follows one interleaving. Where a task cannot run when it is its turn, the next one in the
/// order that can goes before it. Whoever is not in what is left of the order is drawn as often as
/// corresponds to the events that it still has ahead.
#[derive(Debug)]
pub(super) struct Unrepeated {
    sweep: Arc<Sweep>,
    /// The how-manieth run it is of those that share the interleavings.
    index: u64,
    /// The own events of tasks that are not in the order.
    others: BTreeMap<u64, u64>,
    /// The number of the interleaving; there with the order.
    rank: u64,
    /// What is left of the order, its beginning last; there from the first event on.
    order: Option<Vec<u64>>,
    /// Whether an event came out of the order, or one that is not in it.
    has_strayed: bool,
    /// Whether there was something to choose that is not in the order.
    asks_more: bool,
    /// By number: the path of each task, and how many events of those expected it has ahead if it
    /// is not in the order.
    tasks: Vec<(u64, u64)>,
    /// The ready turns, with their tasks.
    turns: Vec<(TurnKey, u32)>,
}

impl Unrepeated {
    /// The run of this index of those that share the interleavings.
    pub(super) fn new(sweep: Arc<Sweep>, learnt: &Learnt, index: u64) -> Unrepeated {
        let mut others = learnt.own_events();
        others.retain(|path, _| !sweep.interleavings().events.contains_key(path));
        let (tasks, turns) = (Vec::new(), Vec::new());
        let (has_strayed, asks_more) = (false, false);
        Unrepeated {
            sweep,
            index,
            others,
            rank: 0,
            order: None,
            has_strayed,
            asks_more,
            tasks,
            turns,
        }
    }

    fn order(&mut self, streams: &Streams) -> &mut Vec<u64> {
        let Unrepeated { sweep, index, rank, order, .. } = self;
        order.get_or_insert_with(|| {
            let interleavings = sweep.interleavings();
            let number = interleavings.number;
            // Once all were made, they are made in another order.
            let key = mix(streams.base() ^ mix(*index / number));
            *rank = permuted(*index % number, number, key);
            interleavings.unrank(*rank)
        })
    }

    fn passed(&mut self, task: u32, streams: &Streams) {
        let (path, ahead) = &mut self.tasks[task as usize];
        *ahead = ahead.saturating_sub(1);
        let path = *path;
        if self.sweep.interleavings().events.contains_key(&path) {
            let order = self.order(streams);
            let place = order.iter().rposition(|&next| next == path);
            let is_next = place.is_some_and(|place| place + 1 == order.len());
            if let Some(place) = place {
                order.remove(place);
            }
            self.has_strayed |= !is_next;
        }
    }
}

impl Strategy for Unrepeated {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule {
            self.asks_more = true;
            return Ok(point.draw(streams));
        }
        self.order(streams);
        let in_place = point.in_place.map(|(task, _)| (0, task));
        let ready = self.turns.iter().filter_map(|&(turn, task)| {
            point.alternative(turn).map(|alternative| (alternative, task))
        });
        let all: Vec<(u32, u32)> = in_place.into_iter().chain(ready).collect();
        let path = |task: u32| self.tasks[task as usize].0;
        let order = self.order.as_deref().unwrap_or_default();
        let is_ordered = |task: u32| order.contains(&path(task));
        let next = order.iter().rev().find_map(|&next| {
            all.iter().find(|&&(_, task)| path(task) == next).map(|&(alternative, _)| alternative)
        });
        let free: Vec<(u32, u32)> =
            all.iter().copied().filter(|&(_, task)| !is_ordered(task)).collect();
        let weight = |task: u32| self.tasks[task as usize].1.clamp(1, u64::from(u16::MAX)) as u32;
        let of_free: u32 = free.iter().map(|&(_, task)| weight(task)).sum();
        let of_ordered =
            if next.is_some() { order.len().min(usize::from(u16::MAX)) as u32 } else { 0 };
        let Some(total) = of_free.checked_add(of_ordered).filter(|&total| total > 0) else {
            // Tasks of the order that have more events than expected.
            return Ok(point.draw(streams));
        };
        if of_free == 0 {
            return Ok(next.unwrap_or(0));
        }
        let mut at = streams.below(Stream::Strategy, total);
        let drawn = free.iter().find_map(|&(alternative, task)| {
            let is_drawn = at < weight(task);
            at = at.saturating_sub(weight(task));
            is_drawn.then_some(alternative)
        });
        self.asks_more = true;
        Ok(drawn.or(next).unwrap_or(0))
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        match *notice {
            Notice::Spawned { path, .. } => {
                let ahead = self.others.get(&path).copied().unwrap_or(0);
                self.tasks.push((path, ahead));
            }
            Notice::Ready { turn, task, .. } => self.turns.push((turn, task)),
            Notice::Gone { turn } => self.turns.retain(|(other, _)| *other != turn),
            Notice::Step { task, .. } | Notice::WentOn { task, .. } => self.passed(task, streams),
            Notice::Passed { .. } | Notice::Executed { .. } => {}
        }
    }

    fn finish(&mut self, _: &[Choice]) -> Result<(), Box<Divergence>> {
        let is_whole = self.order.as_ref().is_some_and(Vec::is_empty);
        if is_whole && !self.has_strayed {
            self.sweep.make(self.rank, self.asks_more);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn interleavings(counts: &[u64]) -> Interleavings {
        let events: BTreeMap<u64, u64> = (1..).zip(counts.iter().copied()).collect();
        let factorial = |n: u64| (1..=n).product::<u64>();
        let each: u64 = counts.iter().map(|&count| factorial(count)).product();
        Interleavings { events, number: factorial(counts.iter().sum()) / each }
    }

    #[test]
    fn each_number_is_another_interleaving_and_all_have_one() {
        for counts in [vec![3, 2, 2], vec![1, 1], vec![5, 1, 1], vec![2, 2, 2, 1]] {
            let all = interleavings(&counts);
            let orders: BTreeSet<Vec<u64>> = (0..all.number).map(|rank| all.unrank(rank)).collect();
            assert_eq!(orders.len() as u64, all.number, "{counts:?}");
            for order in orders {
                let count = |path| order.iter().filter(|&&next| next == path).count() as u64;
                assert!((1..).zip(&counts).all(|(path, &n)| count(path) == n), "{order:?}");
            }
        }
    }

    #[test]
    fn numbers_are_permuted_differently_for_each_key() {
        for number in [2, 3, 210, 506, 4096, NUMBER_MAX] {
            let order = |key| (0..number).map(|at| permuted(at, number, key)).collect::<Vec<u64>>();
            let first = order(1);
            let all: BTreeSet<u64> = first.iter().copied().collect();
            assert_eq!((all.len() as u64, all.last().copied()), (number, Some(number - 1)));
            if number > 100 {
                assert_ne!(first, order(2), "{number}");
                let fixed = (0..number).filter(|&at| first[at as usize] == at).count();
                assert!(fixed < 10, "{fixed} of {number} are where they were");
            }
        }
    }
}
