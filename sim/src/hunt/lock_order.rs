//! Locks that tasks take in opposite orders, although every run got through.
//!
//! What was taken while something was held is an edge from the one to the other. A ring of such
//! edges, each of another task, could be a deadlock, unless two of its tasks hold a common guard
//! then (Havelund, *Using runtime analysis to guide model checking*, SPIN 2000: Goodlock). Or
//! unless the tasks never get there at the same time, as when one is spawned after the other has
//! ended. So a run is steered into each ring: only one that really deadlocks is a finding, with
//! its tape as any other.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use super::Hunt;
use super::course::Switchings;
use super::findings::Caught;
use super::verdict::{Verdict, judge};
use crate::engine::Nested;
use crate::options::Switching;
use crate::run::Run;
use crate::seed::RunId;
use crate::strategy::{Chooser, Detour, Detours};

/// How many edges a hunt keeps; later ones are not looked at.
const EDGES_MAX: usize = 1024;
/// How long a ring may be.
const RING_MAX: usize = 5;
/// How many rings are tried: those of more are not looked at.
const RINGS_MAX: usize = 32;
/// How many runs are steered into each ring.
const ATTEMPTS: u64 = 8;
/// How many steps the search for rings may take.
const SEARCH_MAX: usize = 100_000;

/// What was taken while something was held, in all runs of a hunt.
#[derive(Clone, Debug, Default)]
pub(super) struct Nestings {
    edges: Vec<Nested>,
    places: BTreeMap<u64, Vec<usize>>,
}

impl Nestings {
    /// Takes in the edges of a run; says whether there was one that was not known.
    pub(super) fn add(&mut self, nested: Vec<Nested>) -> bool {
        let known = self.edges.len();
        for edge in nested {
            let known = self.places.entry(edge.held.key).or_default();
            let is_known = known.iter().any(|&known| {
                let known = &self.edges[known];
                known.identity() == edge.identity() && known.guards == edge.guards
            });
            if !is_known && self.edges.len() < EDGES_MAX {
                known.push(self.edges.len());
                self.edges.push(edge);
            }
        }
        self.edges.len() > known
    }

    pub(super) fn merge(&mut self, other: Nestings) {
        self.add(other.edges);
    }

    /// The rings that could be deadlocks, in an order that does not depend on that of the runs.
    fn rings(&self) -> Vec<Vec<&Nested>> {
        let mut edges: Vec<&Nested> = self.edges.iter().collect();
        edges.sort_by_key(|edge| (edge.identity(), edge.guards.clone()));
        let mut search = Search { edges, rings: Vec::new(), steps: 0 };
        for start in 0..search.edges.len() {
            search.extend(start, &mut vec![start]);
        }
        search.rings.sort_by_key(Vec::len);
        search.rings.truncate(RINGS_MAX);
        search.rings
    }
}

struct Search<'a> {
    edges: Vec<&'a Nested>,
    rings: Vec<Vec<&'a Nested>>,
    steps: usize,
}

impl Search<'_> {
    /// Follows a path of edges; the first one is the lowest, so that a ring is found once.
    fn extend(&mut self, start: usize, path: &mut Vec<usize>) {
        let last = self.edges[path[path.len() - 1]];
        for next in start + 1..self.edges.len() {
            self.steps += 1;
            if self.steps > SEARCH_MAX || self.rings.len() == 4 * RINGS_MAX {
                return;
            }
            let edge = self.edges[next];
            if edge.held.key != last.taken.key || !self.goes_with(edge, path) {
                continue;
            }
            path.push(next);
            if edge.taken.key == self.edges[start].held.key {
                let ring: Vec<_> = path.iter().map(|&edge| self.edges[edge]).collect();
                self.rings.push(ring);
            } else if path.len() < RING_MAX {
                self.extend(start, path);
            }
            path.pop();
        }
    }

    /// Whether it is of another task than those on the path, and guarded by nothing in common.
    fn goes_with(&self, edge: &Nested, path: &[usize]) -> bool {
        path.iter().all(|&other| {
            let other = self.edges[other];
            let is_guarded = edge.guards.iter().any(|guard| other.guards.contains(guard));
            edge.task != other.task && !is_guarded
        })
    }
}

impl Hunt {
    /// Steers runs into orders of locks that could deadlock; the first run that fails, whose time
    /// is the caller's to tell.
    /// `prepare` hears of each run before it is made, and may put another chooser around its own.
    pub(super) fn confirm<F, Fut>(
        &self,
        nestings: &Nestings,
        prepare: &mut dyn FnMut(RunId, Chooser) -> Chooser,
        program: &F,
    ) -> Option<Caught>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        if self.options.switching == Switching::Cooperative && self.switchings != Switchings::Both {
            // Nothing is announced there, so that nobody can be paused.
            return None;
        }
        let rings = nestings.rings();
        let steered = rings.iter().flat_map(|ring| (0..ATTEMPTS).map(move |_| ring));
        for (number, ring) in (self.runs..).zip(steered) {
            let detours = ring.iter().map(|edge| Detour {
                task: edge.task,
                holds_at: edge.held.site,
                takes_at: edge.taken.site,
            });
            let id = RunId::new(self.seed, number);
            let run = Run::with(self.options.clone()).switching(Switching::Preemptive).id(id);
            let run = run.strategy(prepare(id, Detours::new(detours.collect()).into()));
            let outcome = judge(run.execute(program));
            if let Err(mut finding) = outcome.result {
                finding.evidence.push(tell(ring));
                let strategy = String::from(STEERED);
                let (tape, after) = (outcome.tape, Duration::ZERO);
                return Some(Caught { id, strategy, finding, tape, after });
            }
        }
        None
    }
}

/// What the strategy of such a run is called.
pub(super) const STEERED: &str = "steered into locks taken in opposite orders";

fn tell(ring: &[&Nested]) -> String {
    let takes = ring.iter().map(|edge| format!("takes {} and then {}", edge.held, edge.taken));
    let takes: Vec<String> = takes.collect();
    format!(
        "lock order: one task {}. Runs that passed had these orders; this one was steered so that \
         the tasks meet",
        takes.join("; another one ")
    )
}
