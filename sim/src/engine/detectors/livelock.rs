//! Livelocks: what was going round when a run used up its budget of steps.
//!
//! Shortly before that the run begins to keep its events, traced or not. Tasks take turns as the
//! schedule has it, so that what repeats is looked for in each task's own events.

use std::panic::Location;

use super::super::events::Events;
use super::super::{Core, Heed, TaskId, trace_wakes};
use super::access::Places;
use crate::options::Tracing;
use crate::trace::{EventKind, Site, StepKind};

/// One thing that a task did: what, to which object, where.
type Deed = (&'static str, Option<u32>, Option<&'static Location<'static>>);

/// How many tasks are told of, and how many deeds of one round: of more, only how many.
const TASKS_MAX: usize = 4;
const DEEDS_MAX: usize = 8;

/// How often something must have been done to be called a round.
const ROUNDS_MIN: usize = 3;

impl Core {
    /// From here on the run keeps its events, to show what went round if it goes on like this.
    #[cold]
    pub(in super::super) fn open_eye(&mut self) {
        if self.events.is_none() {
            self.events = Some(Events::default());
            self.heed.add(Heed::HEARD.or(Heed::WATCHED).or(Heed::FOLLOWED));
            trace_wakes();
        }
    }

    /// Whether the events are those of a whole run, which somebody asked for.
    pub(in super::super) fn keeps_a_trace(&self) -> bool {
        self.options.tracing != Tracing::Off
    }

    /// What each task did over and over, a line each.
    pub(in super::super) fn rounds(&self) -> Vec<String> {
        let mut tasks: Vec<(TaskId, usize)> = Vec::new();
        for &task in &self.recent {
            match tasks.iter_mut().find(|(other, _)| *other == task) {
                Some((_, turns)) => *turns += 1,
                None => tasks.push((task, 1)),
            }
        }
        tasks.sort_by_key(|&(task, turns)| (std::cmp::Reverse(turns), task));
        let mut places = Places::default();
        let told = tasks.iter().take(TASKS_MAX);
        let mut lines: Vec<String> =
            told.filter_map(|&(task, _)| self.round_of(task, &mut places)).collect();
        if let Some(more) = tasks.len().checked_sub(TASKS_MAX).filter(|&more| more > 0) {
            lines.push(format!("and {more} tasks more"));
        }
        lines
    }

    fn round_of(&self, task: TaskId, places: &mut Places) -> Option<String> {
        let deeds = self.deeds_of(task);
        let round = shortest_round(&deeds);
        let title = self.task_title(task);
        let mut show = |deeds: &[Deed]| {
            let shown = deeds.iter().take(DEEDS_MAX).map(|deed| self.show_deed(deed, places));
            let mut shown = shown.collect::<Vec<_>>().join(", ");
            if let Some(more) = deeds.len().checked_sub(DEEDS_MAX).filter(|&more| more > 0) {
                shown.push_str(&format!(", and {more} things more"));
            }
            shown
        };
        match round {
            Some((length, times)) => {
                let round = &deeds[deeds.len() - length..];
                Some(format!("{title} went round {times} times at the end: {}", show(round)))
            }
            None if deeds.is_empty() => None,
            None => {
                let last = &deeds[deeds.len().saturating_sub(DEEDS_MAX)..];
                Some(format!("{title} at the end: {}", show(last)))
            }
        }
    }

    /// What a task did since events are kept for this, or in the last events of a traced run. A
    /// turn in which it did nothing that is known counts as a deed.
    fn deeds_of(&self, task: TaskId) -> Vec<Deed> {
        let events = self.events.as_deref().unwrap_or_default();
        let events = &events[events.len().saturating_sub(EVENTS_MAX)..];
        let mut deeds: Vec<Deed> = Vec::new();
        let mut is_bare = false;
        for event in events.iter().filter(|event| event.task == Some(task.into())) {
            let deed = match &event.kind {
                EventKind::Step { kind: StepKind::Resumed } => {
                    deeds.push((GAVE_WAY, None, None));
                    is_bare = true;
                    continue;
                }
                EventKind::Executed(operation) => {
                    (operation.name, operation.object.map(|object| object.0), Some(operation.site))
                }
                EventKind::SharedRead { object, site, .. } => ("read", Some(object.0), Some(*site)),
                EventKind::SharedWritten { object, site, .. } => {
                    ("write", Some(object.0), Some(*site))
                }
                EventKind::SharedUpdated { object, site, .. } => {
                    ("update", Some(object.0), Some(*site))
                }
                EventKind::TimerStarted { site, .. } => ("sleep", None, Some(*site)),
                _ => continue,
            };
            if std::mem::take(&mut is_bare) {
                deeds.pop();
            }
            let (name, object, site) = deed;
            deeds.push((name, object, site.map(|Site(site)| site)));
        }
        deeds
    }

    fn show_deed(&self, deed: &Deed, places: &mut Places) -> String {
        let (name, object, site) = deed;
        let object = object.map(|object| format!(" {}", self.object_title(object)));
        let site = site.map(|site| format!(" at {}", places.show(site)));
        format!("{name}{}{}", object.unwrap_or_default(), site.unwrap_or_default())
    }
}

/// A turn in which nothing happened that is known.
const GAVE_WAY: &str = "gave way";

/// How many events of a traced run are looked at.
const EVENTS_MAX: usize = 4096;

/// What the deeds end with over and over: how long it is, and how often it is there.
fn shortest_round(deeds: &[Deed]) -> Option<(usize, usize)> {
    (1..=deeds.len() / ROUNDS_MIN).find_map(|length| {
        let alike = (length..deeds.len())
            .rev()
            .take_while(|&place| deeds[place] == deeds[place - length])
            .count();
        let times = alike / length + 1;
        (times >= ROUNDS_MIN).then_some((length, times))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deeds(text: &'static str) -> Vec<Deed> {
        text.split(' ').map(|name| (name, None, None)).collect()
    }

    #[test]
    fn the_shortest_round_at_the_end_is_found() {
        assert_eq!(shortest_round(&deeds("a b a b a b")), Some((2, 3)));
        assert_eq!(shortest_round(&deeds("x y a a a a")), Some((1, 4)));
        assert_eq!(shortest_round(&deeds("a a b a a b a a b a a b")), Some((3, 4)));
    }

    #[test]
    fn what_was_done_twice_is_no_round() {
        assert_eq!(shortest_round(&deeds("a b c a b c")), None);
        assert_eq!(shortest_round(&deeds("a b c d e f")), None);
        assert_eq!(shortest_round(&[]), None);
    }
}
