//! Uniform and selectively uniform random walks (Zhao et al., ASPLOS 2025).

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

use super::learning::Learnt;
use super::sampled::{UniformSet, Weights, below};
use super::{Divergence, Notice, OperationView, Point, Strategy, TurnKey};
use crate::choice::Label;
use crate::streams::{Stream, Streams};

/// What a walk is uniform over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Every turn and operation: the plain uniform random walk.
    Everything,
    /// The operations at one to three await sites, drawn anew for each run.
    Sites,
}

/// Samples the interleavings of interesting events evenly: a task is preferred in proportion to
/// how many of them it and its descendants still have ahead, as learnt in earlier runs.
///
/// Events that are not interesting are run as a random walk would.
#[derive(Debug)]
pub struct Surw {
    learnt: Arc<Learnt>,
    interest: Interest,
    /// The interesting sites, and the weights by path; drawn at the first notice.
    plan: Option<Plan>,
    tasks: Vec<Task>,
    turns: Vec<Turn>,
    /// Turns that are ready and about to do something interesting.
    interesting: UniformSet,
    /// The other ones.
    others: UniformSet,
    /// Each ready turn with its task's remaining events, floored at 1.
    weights: Weights,
    /// The task whose interesting event comes next.
    intended: Option<u32>,
}

#[derive(Debug)]
struct Plan {
    sites: Vec<&'static Location<'static>>,
    weights: BTreeMap<u64, u64>,
}

#[derive(Clone, Debug, Default)]
struct Task {
    /// Interesting events that the task and its descendants still have ahead.
    ahead: u64,
    /// The task's turns that are ready.
    turns: Vec<TurnKey>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    task: u32,
}

impl Surw {
    /// A walk of one run, uniform over `interest` as far as `learnt` knows.
    #[must_use]
    pub fn new(learnt: Arc<Learnt>, interest: Interest) -> Surw {
        Surw {
            learnt,
            interest,
            plan: None,
            tasks: Vec::new(),
            turns: Vec::new(),
            interesting: UniformSet::default(),
            others: UniformSet::default(),
            weights: Weights::default(),
            intended: None,
        }
    }

    fn plan(&mut self, streams: &mut Streams) -> &Plan {
        let (learnt, interest) = (&self.learnt, self.interest);
        self.plan.get_or_insert_with(|| {
            let known = learnt.sites();
            let mut places: Vec<usize> = Vec::new();
            if interest == Interest::Sites && !known.is_empty() {
                let count = 1 + streams.below(Stream::Strategy, 3);
                for _ in 0..count {
                    let place = streams.below(Stream::Strategy, known.len() as u32) as usize;
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
            let sites = places.iter().map(|&place| known[place]).collect();
            Plan { sites, weights: learnt.weights(&places) }
        })
    }

    /// Whether an event is one of those that the walk is uniform over.
    fn is_interesting(&self, operation: Option<OperationView>) -> bool {
        let Some(plan) = &self.plan else { return false };
        // Without sites, because none was learnt or asked for, everything is.
        plan.sites.is_empty() || operation.is_some_and(|is| plan.sites.contains(&is.site))
    }

    fn set_ahead(&mut self, task: u32, ahead: u64) {
        let entry = &mut self.tasks[task as usize];
        entry.ahead = ahead;
        for turn in &entry.turns {
            self.weights.set(turn.0, ahead.max(1));
        }
    }

    fn spawned(&mut self, task: u32, parent: u32, path: u64, streams: &mut Streams) {
        let ahead = self.plan(streams).weights.get(&path).copied().unwrap_or(0);
        self.tasks.push(Task { ahead, turns: Vec::new() });
        if task == parent {
            return;
        }
        let of_parent = self.tasks[parent as usize].ahead;
        if self.intended == Some(parent) && below(streams, of_parent.max(1)) < ahead {
            self.intended = Some(task);
        }
        self.set_ahead(parent, of_parent.saturating_sub(ahead));
    }

    fn ready(&mut self, turn: TurnKey, task: u32, operation: Option<OperationView>) {
        let index = turn.0 as usize;
        if index >= self.turns.len() {
            self.turns.resize(index + 1, Turn::default());
        }
        self.turns[index] = Turn { task };
        let entry = &mut self.tasks[task as usize];
        entry.turns.push(turn);
        self.weights.set(turn.0, entry.ahead.max(1));
        if self.is_interesting(operation) {
            self.interesting.insert(turn.0);
        } else {
            self.others.insert(turn.0);
        }
    }

    fn gone(&mut self, turn: TurnKey) {
        let task = self.turns[turn.0 as usize].task;
        self.tasks[task as usize].turns.retain(|other| *other != turn);
        self.weights.set(turn.0, 0);
        self.interesting.remove(turn.0);
        self.others.remove(turn.0);
    }

    /// An interesting event took place.
    fn passed(&mut self, task: u32, operation: Option<OperationView>) {
        if self.is_interesting(operation) {
            let ahead = self.tasks[task as usize].ahead;
            self.set_ahead(task, ahead.saturating_sub(1));
            self.intended = None;
        }
    }

    /// The task whose interesting event is to come next, in proportion to what lies ahead.
    fn intend(&mut self, in_place: Option<u32>, streams: &mut Streams) -> u32 {
        let of_current = in_place.map_or(0, |task| self.tasks[task as usize].ahead.max(1));
        let at = below(streams, (self.weights.total() + of_current).max(1));
        match in_place {
            Some(task) if at < of_current => task,
            _ => self.turns[self.weights.find(at - of_current) as usize].task,
        }
    }

    /// Draws among the uninteresting events and the intended one: `None` for going on in place.
    fn among(
        &self,
        in_place: Option<(u32, bool)>,
        streams: &mut Streams,
    ) -> Option<Option<TurnKey>> {
        let intended = self.intended.and_then(|task| {
            let turns = &self.tasks.get(task as usize)?.turns;
            turns.iter().find(|turn| self.interesting.contains(turn.0))
        });
        let goes_on = in_place
            .is_some_and(|(task, is_interesting)| !is_interesting || self.intended == Some(task));
        let others = self.others.len() as u64;
        let count = others + u64::from(intended.is_some()) + u64::from(goes_on);
        if count == 0 {
            return None;
        }
        let at = below(streams, count);
        if at < others {
            return Some(Some(TurnKey(self.others.get(at as usize))));
        }
        match intended {
            Some(&turn) if at == others => Some(Some(turn)),
            _ => Some(None),
        }
    }
}

impl Strategy for Surw {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule {
            return Ok(point.draw(streams));
        }
        let in_place = point.in_place.map(|(task, operation)| {
            let is_interesting = self.is_interesting(Some(operation));
            (task, is_interesting)
        });
        let current = in_place.map(|(task, _)| task);
        if self.intended.is_none() {
            let intended = self.intend(current, streams);
            self.intended = Some(intended);
        }
        let chosen = match self.among(in_place, streams) {
            Some(chosen) => chosen,
            None => {
                // The intended task cannot run now: another one is intended.
                let intended = self.intend(current, streams);
                self.intended = Some(intended);
                self.among(in_place, streams).unwrap_or(None)
            }
        };
        let alternative = chosen.and_then(|turn| point.alternative(turn));
        Ok(alternative.unwrap_or(0))
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        match *notice {
            Notice::Spawned { task, parent, path } => self.spawned(task, parent, path, streams),
            Notice::Ready { turn, task, operation } => self.ready(turn, task, operation),
            Notice::Gone { turn } => self.gone(turn),
            Notice::Step { task, operation } => self.passed(task, operation),
            Notice::WentOn { task, operation } => self.passed(task, Some(operation)),
            Notice::Passed { .. } | Notice::Executed { .. } => {}
        }
    }
}
