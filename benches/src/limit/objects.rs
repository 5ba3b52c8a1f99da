//! Objects, operations on them that give way, wait, and are handed things, and what is told of
//! that: who holds what since when and where, who waits for what since when and where.

use std::fmt::Write;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;

use super::NONE;
use super::engine::{
    Core, Engine, GRANTED, HEARD, INDEX_BITS, PRESELECTED, RING, SHUT, STEPS_MAX, index_of,
    not_here, wake_current,
};
use super::tasks::State;
use super::waker;

/// Nobody holds an object.
pub(super) const FREE: u32 = NONE;

/// Tasks that wait at an object, in the order in which they came.
#[derive(Clone, Copy)]
pub(super) struct Line {
    first: u32,
    last: u32,
}

impl Line {
    const EMPTY: Line = Line { first: NONE, last: NONE };
}

pub(super) struct Object {
    pub(super) kind: &'static str,
    site: &'static Location<'static>,
    /// The task that has it, or that it was handed to.
    pub(super) holder: u32,
    /// Where and when it took it.
    pub(super) held_at: &'static Location<'static>,
    pub(super) held_since_ns: u64,
    /// How often it was taken.
    pub(super) takes: u32,
    pub(super) lines: [Line; 2],
    /// Who last did what those in each line wait for, where and when.
    pub(super) deeds: [Option<(u32, &'static Location<'static>, u64)>; 2],
}

/// Where a task's operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    None,
    /// It has a turn.
    Announced,
    /// It was granted, and not polled.
    Snoozed,
    /// It waits in line.
    Waiting,
    /// It left the line, with what it waited for or to look again.
    Handed,
}

/// What is known of a task's operation.
pub(super) struct Operation {
    pub(super) phase: Phase,
    /// In which line of its object it waits.
    line: u8,
    object: u32,
    next: u32,
    previous: u32,
    /// Which poll of the task polled it last.
    polled_in: u32,
    kind: &'static Kind,
    site: &'static Location<'static>,
    since_ns: u64,
}

impl Operation {
    pub(super) fn new() -> Operation {
        let site = Location::caller();
        let (object, next, previous) = (NONE, NONE, NONE);
        Operation {
            phase: Phase::None,
            line: 0,
            object,
            next,
            previous,
            kind: &NO_KIND,
            site,
            polled_in: 0,
            since_ns: 0,
        }
    }
}

/// What an object keeps of its place in the engine.
pub(super) struct Place {
    number: AtomicU64,
    kind: &'static str,
    site: &'static Location<'static>,
}

impl Place {
    #[track_caller]
    pub(super) fn new(kind: &'static str) -> Place {
        Place { number: AtomicU64::new(0), kind, site: Location::caller() }
    }

    /// Its number in this run.
    #[inline(always)]
    pub(super) fn index(&self, core: &mut Core) -> usize {
        let number = self.number.load(Ordering::Relaxed);
        if number >> INDEX_BITS == core.stamp { index_of(number) } else { self.register(core) }
    }

    #[cold]
    #[inline(never)]
    fn register(&self, core: &mut Core) -> usize {
        let index = core.objects.len();
        core.objects.push(Object {
            kind: self.kind,
            site: self.site,
            holder: FREE,
            held_at: self.site,
            held_since_ns: 0,
            takes: 0,
            lines: [Line::EMPTY; 2],
            deeds: [None; 2],
        });
        let number = core.stamp << INDEX_BITS | index as u64;
        self.number.store(number, Ordering::Relaxed);
        index
    }

    /// The same, if it has one.
    #[inline(always)]
    pub(super) fn known_index(&self, core: &Core) -> Option<usize> {
        let number = self.number.load(Ordering::Relaxed);
        (number >> INDEX_BITS == core.stamp).then_some(index_of(number))
    }
}

/// What a future keeps of its operation.
pub(super) struct Waiting {
    /// The run and the task that has polled it; zero while the engine knows nothing of it.
    number: u64,
    pub(super) site: &'static Location<'static>,
}

impl Waiting {
    pub(super) const fn new(site: &'static Location<'static>) -> Waiting {
        Waiting { number: 0, site }
    }

    /// Whether the engine knows of it.
    #[inline(always)]
    pub(super) const fn is_known(&self) -> bool {
        self.number != 0
    }
}

/// What is polled.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// In which line of its object it waits.
    pub(super) line: u8,
}

static NO_KIND: Kind = Kind { name: "", line: 0 };

/// What an attempt is made with: nothing, or what was waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is tried for the first time.
    First,
    /// It has waited in line, and left it.
    Handed,
}

/// Polls an operation: it gives way, is tried, or waits in line.
#[inline(always)]
pub(super) fn poll<const TOLD: bool, R>(
    engine: &Engine,
    (place, waiting): (&Place, &mut Waiting),
    kind: &'static Kind,
    cx: &Context<'_>,
    attempt: impl FnOnce(&mut Core, usize, Turn) -> Option<R>,
) -> Option<R> {
    let core: &mut Core = &mut engine.core.borrow_mut();
    if core.stamp == 0 {
        not_here();
    }
    let turn = if waiting.number == 0 {
        if !core.ask::<TOLD>(engine, (place, waiting), kind, cx) {
            return None;
        }
        Turn::First
    } else if core.attention & GRANTED != 0 {
        core.attention &= !GRANTED;
        Turn::First
    } else {
        let operation = &mut core.tasks[index_of(waiting.number)].operation;
        if operation.phase != Phase::Handed {
            if operation.phase != Phase::Snoozed {
                return None;
            }
            operation.phase = Phase::None;
            if !core.ask::<TOLD>(engine, (place, waiting), kind, cx) {
                return None;
            }
            Turn::First
        } else {
            Turn::Handed
        }
    };
    let object = place.index(core);
    let result = attempt(core, object, turn);
    if result.is_none() {
        core.wait_in_line::<TOLD>(object, waiting, kind);
        return None;
    }
    core.tasks[core.current as usize].operation.phase = Phase::None;
    if core.attention & HEARD != 0 {
        not_here();
    }
    waiting.number = 0;
    result
}

impl Core {
    /// Whether an operation goes on in place. If not, it is announced.
    #[inline(always)]
    fn ask<const TOLD: bool>(
        &mut self,
        engine: &Engine,
        (place, waiting): (&Place, &mut Waiting),
        kind: &'static Kind,
        cx: &Context<'_>,
    ) -> bool {
        let number = engine.current.get();
        assert!(
            waker::is_of(cx.waker(), number)
                && self.tasks[self.current as usize].operation.phase == Phase::None,
            "a task has one operation at a time, which is polled with its own waker"
        );
        self.asked += 1;
        if self.asked >= STEPS_MAX {
            // The poll is to return, so that the run can end.
            self.fail(String::from("out of steps"));
        } else if self.attention & (PRESELECTED | HEARD | SHUT) == 0 {
            let others = self.ready.len();
            if others == 0 {
                return true;
            }
            let taken = self.choose(others as u32 + 1);
            if taken == 0 {
                return true;
            }
            self.preselected = (self.ready.get(taken as usize - 1), taken - 1);
            self.attention |= PRESELECTED;
        }
        if self.attention & (HEARD | SHUT) != 0 {
            not_here();
        }
        waiting.number = number;
        let id = self.current;
        if TOLD {
            let object = place.index(self) as u32;
            self.describe(object, waiting, kind);
        }
        self.tasks[id as usize].operation.phase = Phase::Announced;
        self.ready.push(id << 1 | 1);
        false
    }

    #[inline(always)]
    fn describe(&mut self, object: u32, waiting: &Waiting, kind: &'static Kind) {
        let since_ns = self.now_ns;
        let operation = &mut self.tasks[self.current as usize].operation;
        (operation.object, operation.kind) = (object, kind);
        (operation.site, operation.since_ns) = (waiting.site, since_ns);
    }

    /// An operation cannot be executed, and waits.
    #[inline(always)]
    fn wait_in_line<const TOLD: bool>(
        &mut self,
        index: usize,
        waiting: &mut Waiting,
        kind: &'static Kind,
    ) {
        let id = self.current;
        waiting.number = self.stamp << INDEX_BITS | u64::from(id);
        let object = &mut self.objects[index];
        if TOLD {
            let holder = object.holder;
            if holder != FREE && self.tasks[holder as usize].state != State::Ready {
                self.attention |= RING;
            }
        }
        let line = &mut object.lines[usize::from(kind.line) % 2];
        let previous = line.last;
        line.last = id;
        match previous {
            NONE => line.first = id,
            previous => self.tasks[previous as usize].operation.next = id,
        }
        let since_ns = self.now_ns;
        let task = &mut self.tasks[id as usize];
        let (polled_in, operation) = (task.polls, &mut task.operation);
        if TOLD && operation.phase == Phase::None {
            (operation.kind, operation.site) = (kind, waiting.site);
            operation.since_ns = since_ns;
        }
        (operation.phase, operation.line) = (Phase::Waiting, kind.line);
        operation.polled_in = polled_in;
        (operation.object, operation.previous, operation.next) = (index as u32, previous, NONE);
    }

    /// Has the first in line leave it, and wakes it; says who that is.
    #[inline(always)]
    pub(super) fn hand_to_first(&mut self, object: usize, line: usize) -> u32 {
        let line = &mut self.objects[object].lines[line];
        let first = line.first;
        if first == NONE {
            return NONE;
        }
        let task = &mut self.tasks[first as usize];
        let next = task.operation.next;
        task.operation.phase = Phase::Handed;
        let is_idle = task.state == State::Idle;
        task.state = State::Ready;
        line.first = next;
        match next {
            NONE => line.last = NONE,
            next => self.tasks[next as usize].operation.previous = NONE,
        }
        if is_idle {
            self.ready.push(first << 1);
        } else if first == self.current {
            wake_current();
        }
        first
    }

    /// Grants the announced operation of a task: whatever else woke it is served by the same poll.
    #[inline(always)]
    pub(super) fn grant(&mut self, id: u32) {
        self.attention |= GRANTED;
        self.granted = id;
        let task = &mut self.tasks[id as usize];
        if task.state == State::Ready {
            self.ready.remove(id << 1);
        }
        self.tasks[id as usize].state = State::Ready;
    }

    /// A grant was not taken up.
    #[cold]
    #[inline(never)]
    pub(super) fn snooze(&mut self) {
        self.tasks[self.granted as usize].operation.phase = Phase::Snoozed;
    }

    /// Follows from holder to holder whether the task that waits waits for itself.
    #[cold]
    #[inline(never)]
    pub(super) fn look_for_ring(&mut self, start: u32) {
        let mut at = start;
        for _ in 0..self.len {
            let Some(holder) = self.waits_for(at) else { return };
            if holder == start {
                let report = self.who_waits();
                self.fail(report);
                return;
            }
            at = holder;
        }
    }

    /// The task that holds what a task waits for.
    fn waits_for(&self, id: u32) -> Option<u32> {
        let task = &self.tasks[id as usize];
        if task.state != State::Idle || task.operation.phase != Phase::Waiting {
            return None;
        }
        let holder = self.objects[task.operation.object as usize].holder;
        (holder != FREE).then_some(holder)
    }

    /// Who waits for what, and who holds that.
    #[cold]
    #[inline(never)]
    pub(super) fn who_waits(&self) -> String {
        let mut text = String::from("nothing can run");
        for (id, task) in self.tasks[..self.len].iter().enumerate() {
            let operation = &task.operation;
            if task.state != State::Idle {
                continue;
            }
            let (own, since_ns) = (task.ordinal, operation.since_ns);
            if operation.phase == Phase::Waiting {
                let object = &self.objects[operation.object as usize];
                let (kind, line) = (operation.kind.name, operation.site.line());
                let _ = write!(
                    text,
                    "\ntask {id} ({own} of {}) waits to {kind} {} of :{} at :{line} since {since_ns}",
                    task.parent,
                    object.kind,
                    object.site.line()
                );
                if object.holder != FREE {
                    let (line, since_ns) = (object.held_at.line(), object.held_since_ns);
                    let _ = write!(
                        text,
                        ", which task {} has since {since_ns} at :{line}",
                        object.holder
                    );
                }
                if let Some((by, site, at_ns)) = object.deeds[usize::from(operation.line) % 2] {
                    let _ = write!(text, ", last done by task {by} at :{} {at_ns}", site.line());
                }
            } else if let Some(site) = task.joins_at {
                let _ = write!(text, "\ntask {id} joins task {} at :{}", task.joins, site.line());
            } else {
                let _ = write!(
                    text,
                    "\ntask {id} of :{} waits for what is not known",
                    task.site.line()
                );
            }
        }
        text
    }

    /// Takes an operation back that is dropped before it was executed; says whether it had been
    /// handed what it waited for, which is then somebody else's.
    #[cold]
    #[inline(never)]
    pub(super) fn withdraw(&mut self, waiting: &Waiting) -> bool {
        if waiting.number >> INDEX_BITS != self.stamp {
            return false;
        }
        let id = index_of(waiting.number) as u32;
        let operation = &mut self.tasks[id as usize].operation;
        let phase = std::mem::replace(&mut operation.phase, Phase::None);
        match phase {
            Phase::Announced if self.attention & GRANTED != 0 && self.granted == id => {
                self.attention &= !GRANTED;
            }
            Phase::Announced => self.ready.remove(id << 1 | 1),
            Phase::Waiting => self.leave_line(id),
            Phase::None | Phase::Snoozed | Phase::Handed => {}
        }
        phase == Phase::Handed
    }

    fn leave_line(&mut self, id: u32) {
        let &Operation { next, previous, object, line, .. } = &self.tasks[id as usize].operation;
        let line = &mut self.objects[object as usize].lines[usize::from(line) % 2];
        match previous {
            NONE => line.first = next,
            previous => self.tasks[previous as usize].operation.next = next,
        }
        match next {
            NONE => line.last = previous,
            next => self.tasks[next as usize].operation.previous = previous,
        }
    }
}
