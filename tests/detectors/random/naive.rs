//! The detectors' results, computed from a trace in the plainest way: every access is kept, with
//! a whole vector clock, and every pair is looked at.

use std::collections::BTreeMap;

use unpick::sim::trace::{EventKind, ObjectRef, Side, Site, Trace};

type Clock = Vec<u64>;

fn join(clock: &mut Clock, other: &Clock) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// One access to a shared variable.
struct Access {
    task: usize,
    title: String,
    variable: ObjectRef,
    /// Such as `wrote 7`.
    did: String,
    updated_to: Option<String>,
    writes: bool,
    overwrites: bool,
    site: Site,
    poll: usize,
    clock: Clock,
}

/// Every access of a run, in order.
pub(super) struct History<'a> {
    trace: &'a Trace,
    accesses: Vec<Access>,
}

impl History<'_> {
    pub(super) fn of(trace: &Trace) -> History<'_> {
        let count = trace.tasks.len();
        let mut clocks = vec![vec![0; count]; count];
        let mut polls = vec![0; count];
        let mut objects: BTreeMap<(ObjectRef, bool), Clock> = BTreeMap::new();
        let mut messages: BTreeMap<u64, Clock> = BTreeMap::new();
        let mut accesses = Vec::new();
        for event in &trace.events {
            // What wakes a task without being one orders nothing.
            let Some(task) = event.task.map(|task| task.0 as usize) else { continue };
            clocks[task][task] += 1;
            let here = clocks[task].clone();
            match &event.kind {
                EventKind::Step { .. } => polls[task] += 1,
                EventKind::Spawned { task: other, .. }
                | EventKind::Woken { task: other }
                | EventKind::WokenAgain { task: other } => {
                    join(&mut clocks[other.0 as usize], &here);
                }
                EventKind::Joined { task: other } => {
                    let there = clocks[other.0 as usize].clone();
                    join(&mut clocks[task], &there);
                }
                EventKind::Published { object, by } => {
                    // What writers publish is for both.
                    for reads in [true, false] {
                        if reads && *by == Side::Reader {
                            continue;
                        }
                        let clock = objects.entry((*object, reads));
                        join(clock.or_insert_with(|| vec![0; count]), &here);
                    }
                }
                EventKind::Observed { object, by } => {
                    if let Some(published) = objects.get(&(*object, *by == Side::Reader)) {
                        join(&mut clocks[task], published);
                    }
                }
                EventKind::Stamped { number } => {
                    messages.insert(*number, here);
                }
                EventKind::StampObserved { number } => {
                    join(&mut clocks[task], &messages[number]);
                }
                EventKind::SharedRead { object, site, value }
                | EventKind::SharedWritten { object, site, value }
                | EventKind::SharedUpdated { object, site, value } => {
                    let value = value.as_deref().unwrap_or("it");
                    let (did, writes, overwrites) = match &event.kind {
                        EventKind::SharedRead { .. } => (format!("read {value}"), false, false),
                        EventKind::SharedWritten { .. } => (format!("wrote {value}"), true, true),
                        _ => (String::from("updated it"), true, false),
                    };
                    accesses.push(Access {
                        task,
                        title: trace.tasks[task].title(),
                        variable: *object,
                        did,
                        updated_to: (writes && !overwrites).then(|| value.to_owned()),
                        writes,
                        overwrites,
                        site: *site,
                        poll: polls[task],
                        clock: here,
                    });
                }
                _ => {}
            }
        }
        History { trace, accesses }
    }

    fn name(&self, variable: ObjectRef) -> String {
        self.trace.objects[variable.0 as usize].title.clone()
    }

    /// How many variables were accessed.
    pub(super) fn variables(&self) -> usize {
        let mut variables: Vec<_> = self.accesses.iter().map(|access| access.variable).collect();
        variables.sort_unstable();
        variables.dedup();
        variables.len()
    }

    /// For each variable that has a race: how the first access is told that races with an
    /// earlier one, beside each of the accesses that it races with.
    pub(super) fn first_races(&self) -> BTreeMap<String, Vec<String>> {
        let mut races: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (number, later) in self.accesses.iter().enumerate() {
            let earlier = self.accesses[..number].iter().filter(|earlier| {
                earlier.variable == later.variable
                    && earlier.task != later.task
                    && (earlier.writes || later.writes)
                    && later.clock[earlier.task] < earlier.clock[earlier.task]
            });
            let pairs: Vec<String> = earlier.map(|earlier| pair(earlier, later)).collect();
            if !pairs.is_empty() {
                races.entry(self.name(later.variable)).or_insert(pairs);
            }
        }
        races
    }

    /// The variables of which an update was lost.
    pub(super) fn lost_updates(&self) -> Vec<String> {
        let writes = (0..self.accesses.len()).filter(|&act| self.loses_an_update(act));
        let mut lost: Vec<String> =
            writes.map(|act| self.name(self.accesses[act].variable)).collect();
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    fn loses_an_update(&self, act: usize) -> bool {
        let access = &self.accesses[act];
        let read = self.last_read(act, access.variable);
        access.overwrites
            && read.is_some_and(|read| self.others(read, act, access.variable).any(|it| it.writes))
    }

    /// The variables on which a task acted although they were no longer so.
    pub(super) fn stale_checks(&self) -> Vec<String> {
        let mut stale = Vec::new();
        for act in 0..self.accesses.len() {
            let access = &self.accesses[act];
            if !access.writes || self.loses_an_update(act) {
                continue;
            }
            let checked = self.accesses[..act].iter().map(|access| access.variable);
            let mut checked: Vec<ObjectRef> = checked.collect();
            checked.sort_unstable();
            checked.dedup();
            for variable in checked {
                let Some(read) = self.last_read(act, variable) else { continue };
                let crosses = |write: &Access| {
                    variable == access.variable
                        || self.others(read, act, access.variable).any(|it| it.task == write.task)
                };
                if self.others(read, act, variable).any(|it| it.writes && crosses(it)) {
                    stale.push(self.name(variable));
                }
            }
        }
        stale
    }

    /// The last access of a task to a variable before it acts, if that is a read in an earlier
    /// poll.
    fn last_read(&self, act: usize, variable: ObjectRef) -> Option<usize> {
        let Access { task, poll, .. } = self.accesses[act];
        let last = self.accesses[..act]
            .iter()
            .rposition(|it| it.task == task && it.variable == variable)?;
        let read = &self.accesses[last];
        (!read.writes && read.poll != poll).then_some(last)
    }

    /// What other tasks did to a variable in between.
    fn others(
        &self,
        read: usize,
        act: usize,
        variable: ObjectRef,
    ) -> impl Iterator<Item = &Access> {
        let task = self.accesses[act].task;
        let between = &self.accesses[read + 1..act];
        between.iter().filter(move |it| it.task != task && it.variable == variable)
    }
}

/// How a race is told.
fn pair(earlier: &Access, later: &Access) -> String {
    let (first, second) = (earlier.site.place(), later.site.place());
    // What an update makes of the variable is not known yet when it is found to race.
    let earlier_did = match &earlier.updated_to {
        Some(value) => format!("updated it to {value}"),
        None => earlier.did.clone(),
    };
    format!(
        "{} {earlier_did} ({first}) and {} {} (:{}), and nothing orders the two",
        earlier.title, later.title, later.did, second.line
    )
}
