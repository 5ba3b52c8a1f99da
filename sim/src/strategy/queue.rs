//! Ready turns by priority, for the strategies that run the highest.

use std::collections::BinaryHeap;

use super::{Point, TurnKey};

/// A priority queue of turns. Entries that are out of date are left in place until they surface,
/// so that nothing is ever searched for.
#[derive(Debug, Default)]
pub(super) struct PriorityQueue {
    heap: BinaryHeap<(u64, TurnKey)>,
    /// The priority of each turn that is queued, by key; 0 for none.
    queued: Vec<u64>,
}

impl PriorityQueue {
    /// Queues a turn, or changes its priority, which must not be 0.
    pub(super) fn push(&mut self, turn: TurnKey, priority: u64) {
        let index = turn.0 as usize;
        if index >= self.queued.len() {
            self.queued.resize(index + 1, 0);
        }
        if self.queued[index] != priority {
            self.queued[index] = priority;
            self.heap.push((priority, turn));
        }
    }

    /// Takes a turn out.
    pub(super) fn remove(&mut self, turn: TurnKey) {
        if let Some(priority) = self.queued.get_mut(turn.0 as usize) {
            *priority = 0;
        }
    }

    /// The ready turn of the highest priority: that, and its alternative.
    pub(super) fn highest(&mut self, point: &Point<'_>) -> Option<(u64, TurnKey, u32)> {
        while let Some(&(priority, turn)) = self.heap.peek() {
            if self.queued[turn.0 as usize] == priority
                && let Some(alternative) = point.alternative(turn)
            {
                return Some((priority, turn, alternative));
            }
            self.heap.pop();
        }
        None
    }
}
