//! From where a run's operations were called: the lines of the program above a site.

mod stack;

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Place;
use crate::trace::{EventKind, TaskRef, Trace};

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

    /// Reads the stacks that were taken at events of this trace.
    fn read(trace: &Trace, stacks: &BTreeMap<usize, String>) -> Callers {
        let site = |event: usize| trace.events[event].kind.site().filter(|site| site.is_known());
        let known = stacks.iter().find_map(|(&event, stack)| {
            let site = site(event)?.place();
            stack::folder(stack, &site.file)
        });
        // Without a site that is on its stack it is not known how the program's files are named.
        let Some(folder) = known else { return Callers::default() };
        let mut callers = Callers::default();
        for (&event, stack) in stacks {
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

/// Whether two lines may well be of one expression.
fn is_near(one: &Place, other: &Place) -> bool {
    one.file == other.file && one.line.abs_diff(other.line) <= EXPRESSION_MAX
}

thread_local! {
    static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
}

/// What is to be looked at in the run that this thread makes, and what was seen.
struct Collector {
    /// The events, by their places in the trace.
    wanted: BTreeSet<usize>,
    stacks: BTreeMap<usize, Backtrace>,
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

/// Makes a run once more that has left this trace, and looks at these of its events.
pub(crate) fn look_at(trace: &Trace, wanted: BTreeSet<usize>, run: impl FnOnce()) -> Callers {
    COLLECTOR.set(Some(Collector { wanted, stacks: BTreeMap::new() }));
    run();
    let taken = COLLECTOR.take().map(|collector| collector.stacks).unwrap_or_default();
    let stacks = taken.into_iter().map(|(event, stack)| (event, format!("{stack:#}"))).collect();
    Callers::read(trace, &stacks)
}
