//! Probabilistic concurrency testing: random priorities, and d - 1 points at which they change
//! (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).

use super::queue::PriorityQueue;
use super::{Divergence, Notice, Point, Strategy, TurnKey};
use crate::choice::Label;
use crate::streams::{Stream, Streams};

/// Runs the task of the highest priority. A bug of depth d, in a program of n tasks and k
/// scheduling points, is found with a probability of at least 1/(n k^(d-1)) a run.
#[derive(Debug)]
pub struct Pct {
    /// How many change points there are.
    changes: u32,
    /// How many scheduling points a run of the program has.
    length: u32,
    /// The scheduling points at which the priority of whoever is about to run drops: drawn at
    /// the first choice, ascending.
    change_points: Option<Vec<u32>>,
    /// How many of them have been passed.
    changed: usize,
    /// How many scheduling points there have been.
    points: u32,
    /// By task; 0 for one that has not been seen.
    priorities: Vec<u64>,
    /// The task of each turn, by key.
    tasks: Vec<u32>,
    queue: PriorityQueue,
}

/// Initial priorities are above this, those after a change below.
const CHANGED: u64 = 1 << 32;

impl Pct {
    /// For bugs of depth `depth`, at least 1, in runs of `length` scheduling points or so.
    #[must_use]
    pub fn new(depth: u32, length: u32) -> Pct {
        Pct {
            changes: depth.saturating_sub(1),
            length: length.max(1),
            change_points: None,
            changed: 0,
            points: 0,
            priorities: Vec::new(),
            tasks: Vec::new(),
            queue: PriorityQueue::default(),
        }
    }

    /// From here on a run goes on at random, so that starving others is no livelock.
    fn points_max(&self) -> u32 {
        self.length.saturating_mul(8).saturating_add(1000)
    }

    fn priority(&mut self, task: u32, streams: &mut Streams) -> u64 {
        let index = task as usize;
        if index >= self.priorities.len() {
            self.priorities.resize(index + 1, 0);
        }
        if self.priorities[index] == 0 {
            let drawn = u64::from(streams.word(Stream::Strategy)) << 24 | u64::from(task);
            self.priorities[index] = CHANGED + drawn;
        }
        self.priorities[index]
    }

    fn requeue(&mut self, turn: TurnKey, streams: &mut Streams) {
        let task = self.tasks[turn.0 as usize];
        let priority = self.priority(task, streams);
        self.queue.push(turn, priority);
    }

    /// The task of the highest priority, and the alternative that runs it.
    fn highest(&mut self, point: &Point<'_>, streams: &mut Streams) -> (u32, u32) {
        let in_place = point.in_place.map(|(task, _)| (self.priority(task, streams), task));
        loop {
            let Some((queued, turn, alternative)) = self.queue.highest(point) else {
                return (in_place.map_or(0, |(_, task)| task), 0);
            };
            let task = self.tasks[turn.0 as usize];
            if self.priority(task, streams) != queued {
                self.requeue(turn, streams);
                continue;
            }
            return match in_place {
                Some((priority, task)) if priority >= queued => (task, 0),
                _ => (task, alternative),
            };
        }
    }

    fn is_change_point(&mut self, streams: &mut Streams) -> bool {
        let (changes, length) = (self.changes, self.length);
        let points = self.change_points.get_or_insert_with(|| {
            let mut points: Vec<u32> =
                (0..changes).map(|_| streams.below(Stream::Strategy, length)).collect();
            points.sort_unstable();
            points
        });
        points.get(self.changed).is_some_and(|&point| point <= self.points)
    }
}

impl Strategy for Pct {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule || self.points >= self.points_max() {
            return Ok(point.draw(streams));
        }
        let mut chosen = self.highest(point, streams);
        while self.is_change_point(streams) {
            self.changed += 1;
            // The later the change, the lower: below everything that was lowered before.
            self.priorities[chosen.0 as usize] = CHANGED - self.changed as u64;
            chosen = self.highest(point, streams);
        }
        self.points += 1;
        Ok(chosen.1)
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        match *notice {
            Notice::Ready { turn, task, .. } => {
                let index = turn.0 as usize;
                if index >= self.tasks.len() {
                    self.tasks.resize(index + 1, 0);
                }
                self.tasks[index] = task;
                self.requeue(turn, streams);
            }
            Notice::Gone { turn } => self.queue.remove(turn),
            _ => {}
        }
    }
}
