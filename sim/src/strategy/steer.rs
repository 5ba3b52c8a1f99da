//! Steering: schedules in which named points are passed in a given order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Divergence, Notice, Point, Strategy, TurnKey};
use crate::choice::{Choice, Label};
use crate::streams::{Stream, Streams};

/// Points in the order in which they are to be passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    points: Vec<Named>,
}

/// A point in an order: `label`, or `task:label` with the name or the path of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    task: Option<String>,
    label: String,
}

/// An order cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderError {
    wrong: String,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; allowed: `label`, or `task:label` with a task's name or path", self.wrong)
    }
}

impl std::error::Error for OrderError {}

impl FromStr for Named {
    type Err = OrderError;

    fn from_str(text: &str) -> Result<Named, OrderError> {
        let (task, label) = match text.split_once(':') {
            Some((task, label)) => (Some(task), label),
            None => (None, text),
        };
        if label.is_empty() || task == Some("") {
            return Err(OrderError { wrong: format!("an order has the point `{text}`") });
        }
        Ok(Named { task: task.map(str::to_owned), label: label.to_owned() })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Some(task) => write!(f, "{task}:{}", self.label),
            None => f.write_str(&self.label),
        }
    }
}

impl Order {
    /// An order of points, each `label` or `task:label`.
    ///
    /// # Errors
    /// If there are none, or one of them is not of this form.
    pub fn new<L: AsRef<str>>(points: impl IntoIterator<Item = L>) -> Result<Order, OrderError> {
        let points: Vec<Named> =
            points.into_iter().map(|point| point.as_ref().parse()).collect::<Result<_, _>>()?;
        if points.is_empty() {
            return Err(OrderError { wrong: String::from("an order has no points") });
        }
        Ok(Order { points })
    }

    /// What passing a point means when so many have been passed.
    fn judge(&self, progress: usize, passing: &Passing) -> Turn {
        let mut left = self.points[progress..].iter();
        match left.next() {
            Some(next) if passing.is(next) => Turn::Next,
            _ if left.any(|point| passing.is(point)) => Turn::Early,
            _ => Turn::Free,
        }
    }
}

/// What passing a point means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It is the next one in the order.
    Next,
    /// It comes later in the order.
    Early,
    /// It is not in what is left of the order.
    Free,
}

/// A task passing a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Passing {
    label: &'static str,
    /// Hashes of the task's name and of its path.
    task: [u64; 2],
}

impl Passing {
    fn is(&self, point: &Named) -> bool {
        let is_task = |task: &String| self.task.contains(&text_hash(task));
        self.label == point.label && point.task.as_ref().is_none_or(is_task)
    }
}

/// A task's name or path as notices have it: 64-bit FNV-1a.
pub(crate) fn text_hash(text: &str) -> u64 {
    crate::hunt::Hunt::seed_of(text)
}

/// What the runs of a hunt have found out about an order.
#[derive(Clone, Debug)]
pub(crate) struct Steering {
    order: Arc<Order>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The points that a task passes after its n-th turn or operation, by the hash of its path
    /// and n: as they were the last time.
    passes: BTreeMap<(u64, u64), Vec<Passing>>,
    /// Every label that was passed.
    labels: BTreeSet<&'static str>,
    runs: u64,
    kept: u64,
    /// How far the best run came, and what stopped it there.
    best: Option<(usize, String)>,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many runs were made.
    pub runs: u64,
    /// How many of them passed all points in order.
    pub kept: u64,
    /// Where the run that came furthest got stuck, if none kept the order.
    pub stuck: Option<String>,
    /// A point that no run passed, and those that were passed.
    pub unknown: Option<String>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stuck {
            None => write!(f, "the order was kept in {} of {} runs", self.kept, self.runs),
            Some(stuck) => write!(f, "no schedule of {} kept the order: {stuck}", self.runs),
        }
    }
}

impl Steering {
    pub(crate) fn new(order: Arc<Order>) -> Steering {
        Steering { order, known: Arc::default() }
    }

    /// The strategy of the next run.
    pub(crate) fn strategy(&self) -> Steer {
        Steer {
            steering: self.clone(),
            tasks: Vec::new(),
            turns: Vec::new(),
            progress: 0,
            passed: Vec::new(),
            left: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of the runs so far.
    pub(crate) fn kept(&self) -> Kept {
        let known = self.lock();
        let stuck = (known.kept == 0).then(|| self.stuck(&known));
        Kept { runs: known.runs, kept: known.kept, stuck, unknown: self.unknown(&known) }
    }

    /// What is to be said of a point that no run passed.
    fn unknown(&self, known: &Known) -> Option<String> {
        let is_unknown = |point: &&Named| !known.labels.contains(point.label.as_str());
        let unknown = self.order.points.iter().find(is_unknown)?;
        let labels: Vec<String> = known.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { String::from("none") } else { labels.join(", ") };
        let label = &unknown.label;
        Some(format!("no run passed `{label}` at all; points that were passed: {labels}"))
    }

    fn stuck(&self, known: &Known) -> String {
        if let Some(unknown) = self.unknown(known) {
            return unknown;
        }
        let points = &self.order.points;
        let (progress, why) = known.best.clone().unwrap_or_default();
        let before: Vec<String> =
            points[..progress].iter().map(|point| format!("`{point}`")).collect();
        let before = match before.as_slice() {
            [] => String::from("at the beginning"),
            before => format!("after {}", before.join(", ")),
        };
        format!("{before} ({progress} of {} points) {why}", points.len())
    }
}

#[derive(Debug)]
struct Task {
    path: u64,
    /// Its turns, and its operations that went on in place.
    events: u64,
}

/// Holds a task back that would pass a point before its turn, as far as earlier runs tell, and
/// draws evenly among the others. A run that leaves the order ends there.
#[derive(Debug)]
pub(crate) struct Steer {
    steering: Steering,
    tasks: Vec<Task>,
    /// The turns that are ready, with their tasks.
    turns: Vec<(TurnKey, u32)>,
    /// How many points of the order were passed.
    progress: usize,
    /// The points that were passed, with path and event.
    passed: Vec<((u64, u64), Passing)>,
    /// What was passed too early, once something was.
    left: Option<String>,
}

impl Steer {
    /// Whether a task would pass a point too early, as far as is known.
    fn is_held(&self, known: &Known, task: u32) -> bool {
        let task = &self.tasks[task as usize];
        let Some(passes) = known.passes.get(&(task.path, task.events + 1)) else { return false };
        let mut progress = self.progress;
        passes.iter().any(|passing| match self.steering.order.judge(progress, passing) {
            Turn::Next => {
                progress += 1;
                false
            }
            Turn::Early => true,
            Turn::Free => false,
        })
    }

    fn pass(&mut self, task: u32, passing: Passing) {
        let Task { path, events } = self.tasks[task as usize];
        let before = self.passed.last().filter(|(place, _)| *place == (path, events));
        let before = before.map(|(_, passing)| passing.label);
        self.passed.push(((path, events), passing));
        if self.left.is_some() {
            return;
        }
        let points = &self.steering.order.points;
        match self.steering.order.judge(self.progress, &passing) {
            Turn::Next => self.progress += 1,
            Turn::Free => {}
            Turn::Early => {
                let (next, label) = (&points[self.progress], passing.label);
                let mut left = format!("`{label}` was passed before `{next}`");
                if let Some(before) = before {
                    left.push_str(&format!(
                        ", in one step with `{before}`: nothing can come in between (put \
                         `point!(\"{label}\").await` there)"
                    ));
                }
                self.left = Some(left);
            }
        }
    }

    fn divergence(&self) -> Result<(), Box<Divergence>> {
        match &self.left {
            None => Ok(()),
            Some(left) => Err(Box::new(Divergence::LeftOrder { why: left.clone() })),
        }
    }
}

impl Strategy for Steer {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        self.divergence()?;
        let known = self.steering.lock();
        match point.label {
            Label::Schedule => {}
            Label::Time => {
                // The clock runs ahead when whoever could run is held back.
                let is_held = |&(_, task): &(TurnKey, u32)| self.is_held(&known, task);
                let all_held = !self.turns.is_empty() && self.turns.iter().all(is_held);
                return Ok(if all_held { 1 } else { point.draw(streams) });
            }
            _ => return Ok(point.draw(streams)),
        }
        let in_place = point.in_place.map(|(task, _)| (0, task));
        let ready = self.turns.iter().filter_map(|&(turn, task)| {
            point.alternative(turn).map(|alternative| (alternative, task))
        });
        let all: Vec<(u32, u32)> = in_place.into_iter().chain(ready).collect();
        let free: Vec<u32> = all
            .iter()
            .filter(|&&(_, task)| !self.is_held(&known, task))
            .map(|&(alternative, _)| alternative)
            .collect();
        if free.is_empty() {
            return Ok(point.draw(streams));
        }
        Ok(free[streams.below(Stream::Strategy, free.len() as u32) as usize])
    }

    fn hear(&mut self, notice: &Notice, _: &mut Streams) {
        match *notice {
            Notice::Spawned { path, .. } => self.tasks.push(Task { path, events: 0 }),
            Notice::Ready { turn, task, .. } => self.turns.push((turn, task)),
            Notice::Gone { turn } => self.turns.retain(|(other, _)| *other != turn),
            Notice::Step { task, .. } | Notice::WentOn { task, .. } => {
                self.tasks[task as usize].events += 1;
            }
            Notice::Passed { task, label, name, path } => {
                self.pass(task, Passing { label, task: [name, path] });
            }
            Notice::Executed { .. } => {}
        }
    }

    fn finish(&mut self, _: &[Choice]) -> Result<(), Box<Divergence>> {
        let mut known = self.steering.lock();
        let length = self.steering.order.points.len();
        known.runs += 1;
        known.kept += u64::from(self.left.is_none() && self.progress == length);
        // What was learnt of the steps that this run made is replaced by what it saw.
        for task in &self.tasks {
            let made = (task.path, 0)..=(task.path, task.events);
            let stale: Vec<(u64, u64)> = known.passes.range(made).map(|(&at, _)| at).collect();
            stale.iter().for_each(|at| {
                known.passes.remove(at);
            });
        }
        for &(at, passing) in &self.passed {
            known.labels.insert(passing.label);
            known.passes.entry(at).or_default().push(passing);
        }
        let reached = known.best.as_ref().map(|(progress, _)| *progress);
        if reached.is_none_or(|reached| self.progress > reached) && self.progress < length {
            let next = &self.steering.order.points[self.progress];
            let ended = || format!("the run ended, and `{next}` had not been passed");
            known.best = Some((self.progress, self.left.clone().unwrap_or_else(ended)));
        }
        drop(known);
        self.divergence()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_cannot_be_read_is_refused() {
        let error = |points: &[&str]| Order::new(points).expect_err("it is refused").to_string();
        let allowed = "; allowed: `label`, or `task:label` with a task's name or path";
        assert_eq!(error(&[]), format!("an order has no points{allowed}"));
        assert_eq!(error(&["a", "x:"]), format!("an order has the point `x:`{allowed}"));
        assert_eq!(error(&[":a"]), format!("an order has the point `:a`{allowed}"));
        assert_eq!(error(&[""]), format!("an order has the point ``{allowed}"));
    }
}
