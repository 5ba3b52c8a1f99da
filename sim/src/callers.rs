//! From where a run's operations were called: the lines of the program above a site.

mod stack;

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::finding::Place;
use crate::time::Instant;
use crate::trace::{Event, EventKind, OperationRef, TaskRef, Trace};

/// From where a run's operations were called, at the events of its trace that were looked at.
///
/// An operation's site is the line that calls it. If that is in a function which others call, the
/// site is the same for all of them, and only the stack tells which it was: an async function that
/// is being polled is on it, with the line at which it awaits. Stacks are taken in one more replay
/// of a failing run, at a few events, so that hunts do not pay for it. What they tell is in no
/// trace: it takes debug information, which a build may lack, and then there is nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    calls: BTreeMap<usize, Call>,
    kept: BTreeMap<TaskRef, Kept>,
}

/// Where something that is not instrumented has kept a task's waker last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    at: Instant,
    places: Vec<Place>,
}

/// How the program came to an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Call {
    /// The line of the event itself, if it has no site: where a guard was dropped.
    own: Option<Place>,
    /// The lines that call that, the innermost first.
    above: Vec<Place>,
    /// How many of them, from the outermost on, say nothing: all calls of the task have them.
    common: usize,
}

/// How many lines an await may be away from the site of what it awaits, in one expression.
const EXPRESSION_MAX: u32 = 8;

impl Callers {
    /// The lines of the program that called what happened at this event, the innermost first; none
    /// if its task has nothing above its site, or if it was not looked at.
    #[must_use]
    pub fn above(&self, event_index: usize) -> &[Place] {
        self.calls.get(&event_index).map_or(&[], |call| &call.above)
    }

    /// The same without the outermost lines that all the task's calls have in common, such as the
    /// one line of an `async` block around the function that is spawned.
    #[must_use]
    pub fn telling(&self, event_index: usize) -> &[Place] {
        self.calls
            .get(&event_index)
            .map_or(&[], |call| &call.above[..call.above.len() - call.common])
    }

    /// The line of an event that has no site of its own, such as where a guard was dropped.
    #[must_use]
    pub fn own(&self, event_index: usize) -> Option<&Place> {
        self.calls.get(&event_index).and_then(|call| call.own.as_ref())
    }

    /// When a waker of this task was kept last by something that is not instrumented, and the lines
    /// of the program that did, the innermost first; `None` if that is not known.
    #[must_use]
    pub fn kept(&self, task: TaskRef) -> Option<(Instant, &[Place])> {
        self.kept.get(&task).map(|kept| (kept.at, kept.places.as_slice()))
    }

    /// Whether this event was looked at.
    #[must_use]
    pub fn is_known(&self, event_index: usize) -> bool {
        self.calls.contains_key(&event_index)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Reads the stacks that were taken at events of this trace, and where wakers were kept.
    fn read(
        trace: &Trace,
        stacks: &BTreeMap<usize, String>,
        wakers: &BTreeMap<TaskRef, Vec<(usize, String)>>,
    ) -> Callers {
        let site = |event: usize| trace.events[event].kind.site().filter(|site| site.is_known());
        let known = stacks.iter().find_map(|(&event, stack)| {
            let site = site(event)?.place();
            stack::folder(stack, &site.file)
        });
        // Without a site that is on its stack it is not known how the program's files are named.
        let Some(folder) = known else { return Callers::default() };
        let mut callers = Callers::default();
        for &event in stacks.keys() {
            let Some(stack) = stacks.get(&called_at(&trace.events, event)) else { continue };
            let mut above = stack::places(stack, &folder);
            let own = match site(event).map(|site| site.place()) {
                Some(site) => {
                    if above.first().is_some_and(|first| is_near(first, &site)) {
                        above.remove(0);
                    }
                    if matches!(trace.events[event].kind, EventKind::Spawned { .. }) {
                        // The closure that spawns, and what calls that, are mostly one expression.
                        while above.first().is_some_and(|first| is_near(first, &site)) {
                            above.remove(0);
                        }
                    }
                    None
                }
                None if above.is_empty() => None,
                None => Some(above.remove(0)),
            };
            callers.calls.insert(event, Call { own, above, common: 0 });
        }
        callers.find_common(trace);
        for (&task, stacks) in wakers {
            let kept = stacks.iter().rev().find_map(|(event, stack)| {
                let places = stack::keepers(stack, &folder)?;
                // What comes next has not happened yet.
                let at = trace.events.get(event.saturating_sub(1))?.at;
                Some(Kept { at, places })
            });
            callers.kept.extend(kept.map(|kept| (task, kept)));
        }
        callers
    }

    /// Finds the outermost lines that say nothing of each task's calls.
    fn find_common(&mut self, trace: &Trace) {
        let spawned: BTreeMap<TaskRef, Place> = trace
            .events
            .iter()
            .filter_map(|event| match event.kind {
                EventKind::Spawned { task, site } => Some((task, site.place())),
                _ => None,
            })
            .collect();
        let mut of_task: BTreeMap<Option<TaskRef>, Vec<usize>> = BTreeMap::new();
        for &event in self.calls.keys() {
            of_task.entry(trace.events[event].task).or_default().push(event);
        }
        for (task, events) in of_task {
            // What is dropped where a scope ends may have been moved out of it.
            let chains: BTreeSet<&[Place]> = events
                .iter()
                .map(|event| &self.calls[event])
                .filter(|call| call.own.is_none())
                .map(|call| call.above.as_slice())
                .collect();
            let first = chains.first().copied().unwrap_or_default().to_vec();
            let common = if chains.len() > 1 {
                let shared = |chain: &[Place]| {
                    let pairs = chain.iter().rev().zip(first.iter().rev());
                    pairs.take_while(|(one, other)| one == other).count()
                };
                chains.iter().map(|chain| shared(chain)).min().unwrap_or(0)
            } else {
                let spawned = task.and_then(|task| spawned.get(&task));
                let at_spawn = first.last().zip(spawned);
                usize::from(at_spawn.is_some_and(|(root, spawned)| is_near(root, spawned)))
            };
            for event in events {
                self.calls.entry(event).and_modify(|call| {
                    let own = call.above.iter().rev().zip(first.iter().rev());
                    let alike = own.take_while(|(one, other)| one == other).count();
                    call.common = common.min(alike);
                });
            }
        }
    }
}

/// At which event that was called which an event tells of. An operation that is blocked was mostly
/// announced before, and may be blocked without its task being polled: then it is on no stack.
fn called_at(events: &[Event], event: usize) -> usize {
    let Event { task, kind: EventKind::Blocked(blocked), .. } = &events[event] else {
        return event;
    };
    let is_announcement = |earlier: &Event| match &earlier.kind {
        EventKind::Announced(announced) => announced == blocked && earlier.task == *task,
        _ => false,
    };
    // What was executed, withdrawn or blocked since then was not this operation.
    let last = events[..event].iter().rposition(|earlier| {
        is_announcement(earlier) || (earlier.task == *task && is_end(&earlier.kind, blocked))
    });
    last.filter(|&last| is_announcement(&events[last])).unwrap_or(event)
}

/// Whether an operation that was announced is not any more.
fn is_end(kind: &EventKind, operation: &OperationRef) -> bool {
    match kind {
        EventKind::Executed(ended) | EventKind::Withdrawn(ended) | EventKind::Blocked(ended) => {
            ended == operation
        }
        _ => false,
    }
}

/// Whether two lines may well be of one expression.
fn is_near(one: &Place, other: &Place) -> bool {
    one.file == other.file && one.line.abs_diff(other.line) <= EXPRESSION_MAX
}

thread_local! {
    static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
}

/// How many times that a waker of one task was kept are looked at: the last ones.
const KEPT_MAX: usize = 4;

/// What is to be looked at in the run that this thread makes, and what was seen.
struct Collector {
    /// The events, by their places in the trace.
    wanted: BTreeSet<usize>,
    stacks: BTreeMap<usize, Backtrace>,
    /// Of each task that waits for something unknown, where its waker was kept, and which event
    /// came next.
    wakers: BTreeMap<TaskRef, VecDeque<(usize, Backtrace)>>,
}

/// Takes the stack, if it was to be taken at this event.
pub(crate) fn note(event: usize) {
    COLLECTOR.with_borrow_mut(|collector| {
        if let Some(collector) = collector
            && collector.wanted.contains(&event)
        {
            collector.stacks.insert(event, Backtrace::force_capture());
        }
    });
}

/// A waker of a task of the run was cloned before this event.
#[cold]
pub(crate) fn note_kept(task: TaskRef, event: usize) {
    COLLECTOR.with_borrow_mut(|collector| {
        let wanted = collector.as_mut().and_then(|collector| collector.wakers.get_mut(&task));
        if let Some(taken) = wanted {
            if taken.len() == KEPT_MAX {
                taken.pop_front();
            }
            taken.push_back((event, Backtrace::force_capture()));
        }
    });
}

/// Makes a run once more that has left this trace, and looks at these of its events, and at where
/// wakers of these tasks are kept.
pub(crate) fn look_at(
    trace: &Trace,
    wanted: BTreeSet<usize>,
    wakers_of: &[TaskRef],
    run: impl FnOnce(),
) -> Callers {
    let announced: Vec<usize> =
        wanted.iter().map(|&event| called_at(&trace.events, event)).collect();
    let wanted = wanted.into_iter().chain(announced).collect();
    let wakers = wakers_of.iter().map(|&task| (task, VecDeque::new())).collect();
    COLLECTOR.set(Some(Collector { wanted, stacks: BTreeMap::new(), wakers }));
    run();
    let Some(Collector { stacks, wakers, .. }) = COLLECTOR.take() else {
        return Callers::default();
    };
    let stacks = stacks.into_iter().map(|(event, stack)| (event, format!("{stack:#}"))).collect();
    let read = |(event, stack): (usize, Backtrace)| (event, format!("{stack:#}"));
    let wakers = wakers
        .into_iter()
        .map(|(task, stacks)| (task, stacks.into_iter().map(read).collect()))
        .collect();
    Callers::read(trace, &stacks, &wakers)
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::probe::Access;
    use crate::trace::Site;

    #[test]
    fn what_blocks_an_announced_operation_was_called_when_that_was_announced() {
        let sites = [Site(Location::caller()), Site(Location::caller())];
        let operation = |name, site: usize| OperationRef {
            name,
            object: None,
            access: Access::Change,
            site: sites[site],
        };
        let event =
            |task, kind| Event { at: Instant::from_nanos(0), task: Some(TaskRef(task)), kind };
        let events = [
            event(1, EventKind::Announced(operation("acquire", 0))),
            event(2, EventKind::Announced(operation("acquire", 0))),
            event(1, EventKind::Announced(operation("acquire", 1))),
            event(1, EventKind::Blocked(operation("acquire", 0))),
            event(1, EventKind::Blocked(operation("acquire", 0))),
            event(1, EventKind::Executed(operation("acquire", 1))),
            event(1, EventKind::Blocked(operation("acquire", 1))),
            event(3, EventKind::Blocked(operation("acquire", 0))),
        ];
        let called: Vec<usize> = (0..events.len()).map(|at| called_at(&events, at)).collect();
        // One that blocks without having been announced since is polled then.
        assert_eq!(called, [0, 1, 2, 0, 4, 5, 6, 7]);
    }
}
