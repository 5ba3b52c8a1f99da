//! Lost updates and stale checks: a task reads, awaits, and acts on what it read, although
//! another one wrote in between.
//!
//! *Lost update*: it overwrites that very variable. The other's write is gone.
//!
//! *Stale check*: it changes something else, or updates the variable, as if what it read were
//! still so. Told only when no order of the two tasks one after the other gives what both saw:
//! the other one wrote what was read, and read or wrote what is changed now, both in between.
//! Even so it may be meant, so that by default it is evidence beside a failure and no finding.

use super::super::{Core, TaskId};
use super::access::{Pause, Places, Record, SharedAccess};
use super::held::Holdings;
use super::sparse::{Reuse, Sparse};
use crate::finding::{Finding, Kind};

/// What a task has read and not written back yet.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// How many writes of the variable there were before it.
    version: u64,
    stale: Option<Stale>,
}

/// What is read is no longer so: another task has written it since.
#[derive(Clone, Copy, Debug)]
struct Stale {
    /// Where the reader was when that began.
    pause: Option<Pause>,
}

/// How many accesses there were in the run before one, and that one.
type Numbered = (u64, Record);

/// What one task has done to a variable.
#[derive(Clone, Copy, Debug, Default)]
struct Touch {
    /// Its last access.
    access: Option<Numbered>,
    /// Its last write.
    write: Option<Numbered>,
    // Invariant: there only if its last access is that read.
    read: Option<Read>,
}

impl Reuse for Touch {
    fn clear(&mut self) {
        *self = Touch::default();
    }
}

/// What is known of one variable.
#[derive(Debug, Default)]
struct Variable {
    /// How often it was written.
    version: u64,
    /// Who wrote it last.
    last_writer: Option<TaskId>,
    touches: Sparse<Touch>,
    /// Whoever has read it since the last write, and not written it back.
    fresh: Vec<TaskId>,
}

impl Variable {
    fn last_write(&self) -> Option<Record> {
        let (_, record) = self.touches.get(self.last_writer?.0)?.write?;
        Some(record)
    }
}

impl Reuse for Variable {
    fn clear(&mut self) {
        let Variable { version, last_writer, touches, fresh } = self;
        *version = 0;
        *last_writer = None;
        touches.clear();
        fresh.clear();
    }
}

/// The state of the detector.
#[derive(Debug, Default)]
pub(super) struct Atomicity {
    /// How many accesses there were.
    accesses: u64,
    variables: Sparse<Variable>,
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
    /// Forgets all, and keeps allocations.
    pub(super) fn clear(&mut self) {
        let Atomicity { accesses, variables, stale } = self;
        *accesses = 0;
        variables.clear();
        stale.clear();
    }

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
        let at = self.variables.number(index);
        let touches = &mut self.variables.numbered(at).touches;
        let touch_at = touches.number(task.0);
        let earlier = &touches.numbered(touch_at).read;
        let (is_first, was_stale) = match earlier {
            None => (true, false),
            Some(read) => (false, read.stale.is_some()),
        };
        let goes_by_stale =
            was_stale || self.stale.get(task.index()).is_some_and(|it| !it.is_empty());
        let violation = match record.access {
            SharedAccess::Write | SharedAccess::Update if goes_by_stale => {
                self.violation(index, record)
            }
            _ => None,
        };
        if was_stale && let Some(stale) = self.stale.get_mut(task.index()) {
            stale.retain(|&variable| variable != index);
        }
        let variable = self.variables.numbered(at);
        let version = variable.version;
        let touch = variable.touches.numbered(touch_at);
        touch.access = Some((number, *record));
        if record.access == SharedAccess::Read {
            touch.read = Some(Read { version, stale: None });
            if is_first || was_stale {
                variable.fresh.push(task);
            }
            return violation;
        }
        touch.read = None;
        touch.write = Some((number, *record));
        variable.version += 1;
        variable.last_writer = Some(task);
        let mut fresh = std::mem::take(&mut variable.fresh);
        for reader in fresh.drain(..) {
            if reader == task {
                continue;
            }
            let Some(touch) = variable.touches.get_mut(reader.0) else { continue };
            let Some(read) = &mut touch.read else { continue };
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

    /// What a write of a task violates that has read what is no longer so.
    #[cold]
    #[inline(never)]
    fn violation(&self, index: u32, record: &Record) -> Option<Violation> {
        self.lost_update(index, record).or_else(|| self.stale_check(index, record))
    }

    /// A write over another task's that its own task has not seen.
    fn lost_update(&self, index: u32, record: &Record) -> Option<Violation> {
        if record.access != SharedAccess::Write {
            return None;
        }
        let variable = self.variables.get(index)?;
        let (read, (_, read_by), stale) = stale_read(variable, record)?;
        Some(Violation {
            variable: index,
            read: read_by,
            pause: stale.pause,
            act: *record,
            changed: index,
            between: variable.last_write()?,
            writes: variable.version - read.version,
            counterpart: None,
        })
    }

    /// A change by a task that goes by what is no longer so.
    fn stale_check(&self, changed: u32, record: &Record) -> Option<Violation> {
        let stale = self.stale.get(record.task.index())?;
        stale.iter().rev().find_map(|&index| {
            let variable = self.variables.get(index)?;
            let (read, (number, read_by), stale) = stale_read(variable, record)?;
            let (between, counterpart) = if index == changed {
                (variable.last_write()?, None)
            } else {
                let (between, counterpart) =
                    self.crossed(number, variable, changed, record.task)?;
                (between, Some(counterpart))
            };
            Some(Violation {
                variable: index,
                read: read_by,
                pause: stale.pause,
                act: *record,
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
        since: u64,
        variable: &Variable,
        changed: u32,
        task: TaskId,
    ) -> Option<(Record, Record)> {
        let touched = &self.variables.get(changed)?.touches;
        let later = |numbered: Numbered| (numbered.0 > since).then_some(numbered.1);
        let others = variable.touches.iter().filter(|&(other, _)| other != task.0);
        let crossed = others.filter_map(|(other, touch)| {
            let write = later(touch.write?)?;
            Some((other, (write, later(touched.get(other)?.access?)?)))
        });
        crossed.min_by_key(|(other, _)| *other).map(|(_, crossed)| crossed)
    }

    pub(super) fn forget(&mut self, variable: u32) {
        self.variables.remove(variable);
    }
}

/// What the task of `record` has read in an earlier poll, if that is no longer so.
#[inline]
fn stale_read(variable: &Variable, record: &Record) -> Option<(Read, Numbered, Stale)> {
    let touch = variable.touches.get(record.task.0)?;
    let read = touch.read?;
    let (stale, access) = (read.stale?, touch.access?);
    (access.1.poll != record.poll).then_some((read, access, stale))
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
    pub(super) fn tell_violation(&self, violation: &Violation, holdings: &Holdings) -> Finding {
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
        finding.story.push(format!(
            "why    {}",
            self.tell_unguarded(violation, holdings, [&task, &other], &mut places)
        ));
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
        holdings: &Holdings,
        [task, other]: [&str; 2],
        places: &mut Places,
    ) -> String {
        let Violation { read, act, between, .. } = violation;
        let mut verb = |record: &Record, noun: &str| format!("{noun} {}", places.show(record.site));
        let (read_at, act_at) = (verb(read, "read"), verb(act, "write"));
        match holdings.throughout(read) {
            None => format!(
                "{read_at} and {act_at} have an await between them, and {task} holds no lock from \
                 the one to the other"
            ),
            Some(held) => format!(
                "{task} holds {} (taken at {}) from {read_at} to {act_at}, but {other} writes {}",
                self.object_title(held.object),
                places.show(held.site),
                self.holding(holdings.set(between.held), places),
            ),
        }
    }
}
