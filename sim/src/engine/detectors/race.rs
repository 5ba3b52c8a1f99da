//! Data races: two accesses of which one writes, and nothing orders them (after FastTrack:
//! Flanagan, Freund, PLDI 2009).
//!
//! Of each variable the last write is kept, and those reads since then that no later read is
//! ordered after. That is enough to say of every variable whether it has a race in this run, and
//! which is the first; what races after that one is not told apart from its consequences.

use super::super::{Core, TaskId};
use super::access::{Places, Record};
use super::clocks::Clocks;
use super::held::{Held, Holdings};
use super::sparse::{Reuse, Sparse};
use crate::finding::{Finding, Kind};

/// One earlier access, and how far its task was.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    at: u32,
    record: Record,
}

/// What is known of one variable.
#[derive(Debug, Default)]
struct Variable {
    last_write: Option<Epoch>,
    /// Reads since that write, none of them ordered after another one. The newest is the last.
    reads: Vec<Epoch>,
}

impl Reuse for Variable {
    fn clear(&mut self) {
        let Variable { last_write, reads } = self;
        *last_write = None;
        reads.clear();
    }
}

/// The state of the detector.
#[derive(Debug, Default)]
pub(super) struct Race {
    variables: Sparse<Variable>,
}

/// Two accesses that nothing orders.
#[derive(Debug)]
pub(super) struct Unordered {
    variable: u32,
    earlier: Record,
    later: Record,
}

impl Race {
    /// Forgets all, and keeps allocations.
    pub(super) fn clear(&mut self) {
        let Race { variables } = self;
        variables.clear();
    }

    /// Notes an access.
    pub(super) fn accessed(
        &mut self,
        clocks: &mut Clocks,
        index: u32,
        record: &Record,
    ) -> Option<Unordered> {
        let task = record.task;
        let variable = self.variables.entry(index);
        let knowledge = clocks.of(task);
        let is_ordered = |earlier: &Epoch| {
            earlier.record.task == task || knowledge.knows(earlier.record.task, earlier.at)
        };
        let write = variable.last_write.as_ref().filter(|write| !is_ordered(write));
        let earlier = match write {
            Some(write) => Some(write.record),
            None if record.access.writes() => {
                let read = variable.reads.iter().find(|read| !is_ordered(read));
                read.map(|read| read.record)
            }
            None => None,
        };
        if record.access.writes() {
            variable.reads.clear();
        } else if !variable.reads.is_empty() {
            variable.reads.retain(|read| !is_ordered(read));
        }
        let epoch = Epoch { at: knowledge.now(), record: *record };
        if record.access.writes() {
            variable.last_write = Some(epoch);
        } else {
            variable.reads.push(epoch);
        }
        earlier.map(|earlier| Unordered { variable: index, earlier, later: *record })
    }

    pub(super) fn forget(&mut self, variable: u32) {
        self.variables.remove(variable);
    }
}

impl Core {
    /// A race, told to somebody who has not seen the program.
    #[cold]
    pub(super) fn tell_race(&self, race: &Unordered, holdings: &Holdings) -> Finding {
        let Unordered { variable, earlier, later } = race;
        let mut places = Places::default();
        let [first, second] = [earlier, later].map(|record| self.task_title(record.task));
        let message = format!(
            "{first} {} ({}) and {second} {} ({}), and nothing orders the two",
            self.did(earlier, "it"),
            places.show(earlier.site),
            self.did(later, "it"),
            places.show(later.site),
        );
        let mut finding = Finding::new(Kind::Race, message, self.now());
        finding.subject = Some(self.object_title(*variable));
        for record in [earlier, later] {
            let line = self.circumstances(record, holdings, &mut places);
            finding.story.push(line);
        }
        finding.story.push(format!(
            "missing  {second} has not heard of anything that {first} did after that: no release, \
             message, notification or end of {first} that {second} has seen came in between"
        ));
        let held = [earlier, later].map(|record| holdings.set(record.held));
        let remedy = match held {
            [[], []] => String::from("hold a lock around both"),
            [held, []] | [[], held] => {
                let other = if earlier.held == Held::NOTHING { &first } else { &second };
                let held = held.iter().map(|held| self.object_title(held.object));
                let held = held.collect::<Vec<_>>().join(" or ");
                format!("hold {held} in {other} too")
            }
            _ => String::from("hold one and the same lock around both"),
        };
        finding.story.push(format!(
            "remedy   {remedy}, or let {second} wait for a message or an event that {first} sends \
             afterwards, or for its end"
        ));
        finding.task = Some(second);
        finding.place = Some(later.site.into());
        finding
    }

    /// Who did what when, what they held, and what they had done before.
    fn circumstances(&self, record: &Record, holdings: &Holdings, places: &mut Places) -> String {
        let title = self.task_title(record.task);
        let time = crate::time::Instant::from_nanos(record.at_ns);
        let before = self.before(record.task, record.event, places);
        format!(
            "{title} {} at {}, t={time}, {}{}",
            self.did(record, "it"),
            places.show(record.site),
            self.holding(holdings.set(record.held), places),
            before.map(|before| format!("; before that: {before}")).unwrap_or_default(),
        )
    }

    /// What a task had executed last before one of its accesses, if the run is traced.
    fn before(&self, task: TaskId, event: Option<usize>, places: &mut Places) -> Option<String> {
        use crate::trace::EventKind;
        let events = self.events.as_ref()?.before(event?)?;
        let last = events.iter().rev().take_while(|event| match &event.kind {
            EventKind::Spawned { task: spawned, .. } => *spawned != task.into(),
            _ => true,
        });
        let last = last.filter(|event| event.task == Some(task.into()));
        let described = last.filter_map(|event| match &event.kind {
            EventKind::Executed(operation) => Some((operation, "")),
            EventKind::Announced(operation) => Some((operation, " (gave way)")),
            _ => None,
        });
        let (operation, how) = described.take(1).next()?;
        let object = operation.object.map(|object| format!(" {}", self.object_title(object.0)));
        let object = object.unwrap_or_default();
        Some(format!("{}{object} at {}{how}", operation.name, places.show(operation.site.0)))
    }
}
