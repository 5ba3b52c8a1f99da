//! Lost updates and stale checks: a task reads, awaits, and acts on what it read, although
//! another one wrote in between.
//!
//! *Lost update*: it overwrites that very variable. The other's write is gone.
//!
//! *Stale check*: it changes something else, or updates the variable, as if what it read were
//! still so. Told only when no order of the two tasks one after the other gives what both saw:
//! the other one wrote what was read, and read or wrote what is changed now, both in between.
//! Even so it may be meant, so that by default it is evidence beside a failure and no finding.

use std::collections::BTreeMap;

use super::super::{Core, TaskId};
use super::access::{Pause, Places, Record, SharedAccess};
use super::held::throughout;
use crate::finding::{Finding, Kind};

/// A task's last read of a variable.
#[derive(Clone, Debug)]
struct Read {
    /// How many accesses there were in the run before it.
    number: u64,
    /// How many writes of the variable there were before it.
    version: u64,
    record: Record,
    stale: Option<Stale>,
}

/// What is read is no longer so: another task has written it since.
#[derive(Clone, Copy, Debug)]
struct Stale {
    /// Where the reader was when that began.
    pause: Option<Pause>,
}

/// A task's last touch of a variable.
#[derive(Clone, Debug, Default)]
struct Touch {
    /// The last access, and how many accesses there were in the run before it.
    access: Option<(u64, Record)>,
    /// The last write.
    write: Option<(u64, Record)>,
}

/// What is known of one variable.
#[derive(Debug, Default)]
struct Variable {
    /// How often it was written.
    version: u64,
    last_write: Option<Record>,
    /// What each task has read and not written back yet.
    reads: BTreeMap<TaskId, Read>,
    /// Those of them that have read since the last write.
    fresh: Vec<TaskId>,
    touches: BTreeMap<TaskId, Touch>,
}

/// The state of the detector.
#[derive(Debug, Default)]
pub(super) struct Atomicity {
    /// How many accesses there were.
    accesses: u64,
    variables: BTreeMap<u32, Variable>,
    /// By the task's number: the variables that others have written since it read them.
    stale: Vec<Vec<u32>>,
}

/// How many stale reads of a task are kept: of more, the oldest are forgotten.
const STALE_MAX: usize = 16;

/// A task that acted on what was no longer so.
#[derive(Debug)]
pub(super) struct Violation {
    variable: u32,
    read: Record,
    pause: Option<Pause>,
    /// What it did to `changed`.
    act: Record,
    changed: u32,
    /// The write in between: of a lost update, the one that is overwritten.
    between: Record,
    /// How many writes of others there were in between.
    writes: u64,
    /// Of a stale check of another variable than the changed one: what the other task had seen
    /// or done there.
    counterpart: Option<Record>,
}

impl Atomicity {
    /// Notes an access. `pause` tells where a task is that is not running.
    pub(super) fn accessed(
        &mut self,
        index: u32,
        record: &Record,
        pause: impl Fn(TaskId) -> Option<Pause>,
    ) -> Option<Violation> {
        let number = self.accesses;
        self.accesses += 1;
        let task = record.task;
        let violation = if record.access.writes() {
            let violation = self.lost_update(index, record);
            violation.or_else(|| self.stale_check(index, record))
        } else {
            None
        };
        let variable = self.variables.entry(index).or_default();
        let touch = variable.touches.entry(task).or_default();
        touch.access = Some((number, record.clone()));
        let was_stale = variable.reads.get(&task).is_some_and(|read| read.stale.is_some());
        if was_stale && let Some(stale) = self.stale.get_mut(task.index()) {
            stale.retain(|&variable| variable != index);
        }
        if record.access == SharedAccess::Read {
            let version = variable.version;
            let read = Read { number, version, record: record.clone(), stale: None };
            let known = variable.reads.insert(task, read);
            if known.is_none_or(|known| known.stale.is_some()) {
                variable.fresh.push(task);
            }
            return violation;
        }
        touch.write = Some((number, record.clone()));
        variable.reads.remove(&task);
        variable.version += 1;
        variable.last_write = Some(record.clone());
        let mut fresh = std::mem::take(&mut variable.fresh);
        for reader in fresh.drain(..) {
            let Some(read) = variable.reads.get_mut(&reader) else { continue };
            read.stale = Some(Stale { pause: pause(reader) });
            if self.stale.len() <= reader.index() {
                self.stale.resize_with(reader.index() + 1, Vec::new);
            }
            let stale = &mut self.stale[reader.index()];
            if stale.len() == STALE_MAX {
                stale.remove(0);
            }
            stale.push(index);
        }
        // Put back empty, for the next readers.
        variable.fresh = fresh;
        violation
    }
}

impl Atomicity {
    /// A write over another task's that its own task has not seen.
    fn lost_update(&self, index: u32, record: &Record) -> Option<Violation> {
        if record.access != SharedAccess::Write {
            return None;
        }
        let variable = self.variables.get(&index)?;
        let (read, stale) = stale_read(variable, record)?;
        Some(Violation {
            variable: index,
            read: read.record.clone(),
            pause: stale.pause,
            act: record.clone(),
            changed: index,
            between: variable.last_write.clone()?,
            writes: variable.version - read.version,
            counterpart: None,
        })
    }

    /// A change by a task that goes by what is no longer so.
    fn stale_check(&self, changed: u32, record: &Record) -> Option<Violation> {
        let stale = self.stale.get(record.task.index())?;
        stale.iter().rev().find_map(|&index| {
            let variable = self.variables.get(&index)?;
            let (read, stale) = stale_read(variable, record)?;
            let (between, counterpart) = if index == changed {
                (variable.last_write.clone()?, None)
            } else {
                let (between, counterpart) = self.crossed(read, variable, changed, record.task)?;
                (between, Some(counterpart))
            };
            Some(Violation {
                variable: index,
                read: read.record.clone(),
                pause: stale.pause,
                act: record.clone(),
                changed,
                between,
                writes: variable.version - read.version,
                counterpart,
            })
        })
    }

    /// A task that has both written what was read and touched what is changed, since the read:
    /// its last write of the one, and its last access to the other.
    fn crossed(
        &self,
        read: &Read,
        variable: &Variable,
        changed: u32,
        task: TaskId,
    ) -> Option<(Record, Record)> {
        let touched = &self.variables.get(&changed)?.touches;
        let since = |touch: &Option<(u64, Record)>| {
            touch
                .as_ref()
                .filter(|(number, _)| *number > read.number)
                .map(|(_, record)| record.clone())
        };
        let others = variable.touches.iter().filter(|(other, _)| **other != task);
        let mut crossed = others.filter_map(|(other, touch)| {
            let write = since(&touch.write)?;
            Some((write, since(&touched.get(other)?.access)?))
        });
        crossed.next()
    }

    pub(super) fn forget(&mut self, variable: u32) {
        self.variables.remove(&variable);
    }
}

/// What the task of `record` has read in an earlier poll, if that is no longer so.
fn stale_read<'a>(variable: &'a Variable, record: &Record) -> Option<(&'a Read, Stale)> {
    let read = variable.reads.get(&record.task)?;
    let stale = read.stale?;
    (read.record.poll != record.poll).then_some((read, stale))
}

impl Violation {
    pub(super) const fn variable(&self) -> u32 {
        self.variable
    }

    pub(super) fn kind(&self) -> Kind {
        match self.act.access {
            SharedAccess::Write if self.variable == self.changed => Kind::LostUpdate,
            _ => Kind::StaleCheck,
        }
    }
}

impl Core {
    /// A lost update or a stale check, told to somebody who has not seen the program.
    #[cold]
    pub(super) fn tell_violation(&self, violation: &Violation) -> Finding {
        let Violation { variable, read, pause, act, between, .. } = violation;
        let mut places = Places::default();
        let [task, other] = [read, between].map(|record| self.task_title(record.task));
        let (read_did, read_at) = (self.did(read, "it"), places.show(read.site));
        let gave_way = self.gave_way(*pause, &mut places);
        let beginning = format!("{task} {read_did} ({read_at}), {gave_way}");
        let message = match violation.kind() {
            Kind::LostUpdate => self.tell_lost(violation, &beginning, &other, &mut places),
            _ => self.tell_stale(violation, &beginning, &other, &mut places),
        };
        let mut finding = Finding::new(violation.kind(), message, self.now());
        finding.subject = Some(self.object_title(*variable));
        finding
            .story
            .push(format!("why    {}", self.tell_unguarded(violation, &task, &other, &mut places)));
        finding.task = Some(task);
        finding.place = Some(act.site.into());
        finding
    }

    fn tell_lost(
        &self,
        violation: &Violation,
        beginning: &str,
        other: &str,
        places: &mut Places,
    ) -> String {
        let Violation { act, between, writes, .. } = violation;
        let wrote = format!("{} ({})", self.did(act, "it"), places.show(act.site));
        let over = match self.value_of(between) {
            Some(value) => format!("the {value} that"),
            None => String::from("what"),
        };
        let verb = if between.access == SharedAccess::Update { "made of it" } else { "wrote" };
        let more = match writes - 1 {
            0 => String::new(),
            1 => String::from(", after 1 other write"),
            more => format!(", after {more} other writes"),
        };
        format!(
            "{beginning}, then {wrote} over {over} {other} {verb} in between ({}){more}. {other}'s \
             write is gone.",
            places.show(between.site)
        )
    }

    fn tell_stale(
        &self,
        violation: &Violation,
        beginning: &str,
        other: &str,
        places: &mut Places,
    ) -> String {
        let Violation { variable, act, changed, between, counterpart, .. } = violation;
        let changes_another = variable != changed;
        let title = self.object_title(*changed);
        let acted = if changes_another && self.value_of(act).is_some() {
            let to = if act.access == SharedAccess::Write { "to " } else { "" };
            format!("{} ({to}{title})", self.did(act, "it"))
        } else {
            self.did(act, if changes_another { &title } else { "it" })
        };
        let crossing = counterpart.as_ref().map(|counterpart| {
            format!(
                " {other} had {} {title} ({}) before that change.",
                if counterpart.access == SharedAccess::Read { "read" } else { "changed" },
                places.show(counterpart.site)
            )
        });
        format!(
            "{beginning}, and then {acted} ({}), although {other} {} in between ({}).{}",
            places.show(act.site),
            self.did(between, "it"),
            places.show(between.site),
            crossing.unwrap_or_default()
        )
    }

    /// Why the other task could come in.
    fn tell_unguarded(
        &self,
        violation: &Violation,
        task: &str,
        other: &str,
        places: &mut Places,
    ) -> String {
        let Violation { read, act, between, .. } = violation;
        let mut verb = |record: &Record, noun: &str| format!("{noun} {}", places.show(record.site));
        let (read_at, act_at) = (verb(read, "read"), verb(act, "write"));
        match throughout(&read.held, &act.held) {
            None => format!(
                "{read_at} and {act_at} have an await between them, and {task} holds no lock from \
                 the one to the other"
            ),
            Some(held) => format!(
                "{task} holds {} (taken at {}) from {read_at} to {act_at}, but {other} writes {}",
                self.object_title(held.object),
                places.show(held.site),
                self.holding(&between.held, places),
            ),
        }
    }
}
