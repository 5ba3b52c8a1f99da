//! The events of a run.

use std::panic::Location;

use crate::choice::Choice;
use crate::engine::{Description, TaskId};
use crate::finding::Place;
use crate::probe::{Access, IN_A_DROP};
use crate::time::Instant;

/// A task, as a place in its trace's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef(pub u32);

/// An object, as a place in its trace's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef(pub u32);

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(pub &'static Location<'static>);

impl Site {
    /// Whether it is a place in the program: a guard's drop has none.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0 != IN_A_DROP
    }

    /// Its line alone, such as `:14`, to a reader who knows the other's file; the name of its own
    /// file as well if that is another one.
    pub(crate) fn beside(self, other: Option<Site>) -> String {
        let (file, line) = (self.0.file(), self.0.line());
        if other.is_some_and(|other| other.is_known() && other.0.file() != file) {
            let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
            return format!("{name}:{line}");
        }
        format!(":{line}")
    }

    /// The same, as findings have it.
    #[must_use]
    pub fn place(self) -> Place {
        self.0.into()
    }
}

/// An operation of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationRef {
    /// What it is called, such as `acquire`.
    pub name: &'static str,
    /// What it is done to, if to anything.
    pub object: Option<ObjectRef>,
    /// Whether it changes the object.
    pub access: Access,
    /// Where it was called.
    pub site: Site,
}

/// One event: when, in whose code, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The virtual time.
    pub at: Instant,
    /// The task whose code was running; `None` in the engine's own.
    pub task: Option<TaskRef>,
    /// What happened.
    pub kind: EventKind,
}

/// How a poll came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The task was spawned or woken.
    Resumed,
    /// An announced operation of the task was granted.
    Granted,
}

/// How much something matters that the program logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// An error.
    Error,
    /// A warning.
    Warn,
    /// Something worth knowing.
    Info,
    /// For who looks for a mistake.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned.
    Returned,
    /// It was aborted.
    Cancelled,
    /// It panicked.
    Panicked,
    /// It had not ended when the run was over, and was dropped then.
    LeftBehind,
}

/// On which side of an object a task is, where readers are not ordered among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Beside other readers.
    Reader,
    /// Alone; wherever there are no readers, too.
    Writer,
}

impl Side {
    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Reader => "reader",
            Side::Writer => "writer",
        }
    }
}

/// What went with a future that was dropped half-way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// What the task had taken and not passed on.
    Taken,
    /// The task had taken something right before; whether that was in the future is not known.
    PerhapsTaken,
    /// So many units that the task had taken without a guard, and not given back.
    Units(u32),
    /// What the task was about to give.
    Carried,
    /// A wake-up at which the task had not looked yet.
    WakeUp,
}

/// A fault that struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// The program was told that something is to go wrong.
    Buggified {
        /// Where it asked.
        site: Site,
    },
    /// A task was cancelled at the await where it was.
    Cancelled {
        /// The task.
        task: TaskRef,
    },
    /// A task is polled although nobody woke it.
    WokenSpuriously {
        /// The task.
        task: TaskRef,
    },
    /// A task's turn was put off.
    Stalled {
        /// The task.
        task: TaskRef,
        /// Until when.
        until: Instant,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A task was spawned.
    Spawned {
        /// The new task.
        task: TaskRef,
        /// Where it was spawned.
        site: Site,
    },
    /// A task ended.
    Ended {
        /// The task.
        task: TaskRef,
        /// How it ended.
        how: Ending,
    },
    /// Events before this one were not kept.
    Elided {
        /// How many.
        events: u64,
    },
    /// The task's turn began.
    Step {
        /// How it came about.
        kind: StepKind,
    },
    /// An operation gave way before it was executed.
    Announced(OperationRef),
    /// An operation was dropped before it was executed.
    Withdrawn(OperationRef),
    /// An operation waits in its object's queue.
    Blocked(OperationRef),
    /// An operation was executed.
    Executed(OperationRef),
    /// The task took hold of an object.
    Acquired {
        /// What it holds.
        object: ObjectRef,
        /// How many units.
        units: u32,
        /// Where it took hold.
        site: Site,
    },
    /// A hold on an object ended.
    Released {
        /// What was held.
        object: ObjectRef,
        /// How many units.
        units: u32,
        /// The task that had taken hold, which may not be the one that let go.
        taken_by: TaskRef,
    },
    /// An object was granted to an operation that waited for it.
    Granted {
        /// The task of the operation.
        task: TaskRef,
        /// The object.
        object: Option<ObjectRef>,
    },
    /// A notification woke this many waiters.
    Notified {
        /// What it went through.
        object: ObjectRef,
        /// How many waiters it woke.
        woken: usize,
    },
    /// A task was woken.
    Woken {
        /// The task.
        task: TaskRef,
    },
    /// A task was woken that had been woken before and has not run since.
    WokenAgain {
        /// The task.
        task: TaskRef,
    },
    /// The task took what another task had left, or learnt how it ended.
    Joined {
        /// The task that had ended.
        task: TaskRef,
    },
    /// A task's abort was asked for.
    AbortRequested {
        /// The task.
        task: TaskRef,
    },
    /// A timer was started.
    TimerStarted {
        /// When it is due.
        deadline: Instant,
        /// Where the sleep was called.
        site: Site,
    },
    /// A sleep was dropped before its timer was due.
    TimerDropped {
        /// When it would have been due.
        deadline: Instant,
        /// Where the sleep was called.
        site: Site,
    },
    /// The time of a timeout was up: what it was given is dropped.
    TimedOut {
        /// Where the timeout was called.
        site: Site,
    },
    /// Something went with a future that the task dropped half-way.
    Lost {
        /// What it had come from, or was to go to.
        object: ObjectRef,
        /// What it was.
        how: Lost,
        /// Where it was taken; where it was to be given.
        site: Site,
    },
    /// The task panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// Where, if that is known.
        place: Option<Place>,
    },
    /// The clock moved.
    ClockJumped {
        /// Where to.
        to: Instant,
    },
    /// A decision was taken.
    Choice {
        /// Its number on the tape, from 0.
        number: usize,
        /// What was decided.
        choice: Choice,
        /// Where the program asked; `None` if the engine did by itself.
        site: Option<Site>,
    },
    /// What the task did so far happens before what observes the object later.
    Published {
        /// The object.
        object: ObjectRef,
        /// What a reader publishes is for writers alone.
        by: Side,
    },
    /// What the task does later happens after what was published through the object.
    Observed {
        /// The object.
        object: ObjectRef,
        /// A reader observes what writers have published.
        by: Side,
    },
    /// A message was stamped.
    Stamped {
        /// The message's number in the run.
        number: u64,
    },
    /// A stamped message was received.
    StampObserved {
        /// The message's number in the run.
        number: u64,
    },
    /// The task read a shared variable.
    SharedRead {
        /// The variable.
        object: ObjectRef,
        /// Where.
        site: Site,
        /// What was read; `None` if it cannot be shown.
        value: Option<Box<str>>,
    },
    /// The task overwrote a shared variable.
    SharedWritten {
        /// The variable.
        object: ObjectRef,
        /// Where.
        site: Site,
        /// What was written; `None` if it cannot be shown.
        value: Option<Box<str>>,
    },
    /// The task read and wrote a shared variable in one go.
    SharedUpdated {
        /// The variable.
        object: ObjectRef,
        /// Where.
        site: Site,
        /// What was made of it; `None` if it cannot be shown.
        value: Option<Box<str>>,
    },
    /// A fault struck.
    Struck(Struck),
    /// The task passed a named point.
    Passed {
        /// The point's label.
        label: &'static str,
        /// Where it is.
        site: Site,
    },
    /// The program logged something.
    Logged {
        /// How much it matters.
        level: LogLevel,
        /// What the logging is for: mostly the module.
        target: String,
        /// What was logged.
        text: String,
    },
    /// The program said something with [`event!`](crate::event).
    Said {
        /// What it said.
        text: String,
        /// Where.
        site: Site,
    },
}

impl EventKind {
    /// Where in the source it is, if that is known.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        match self {
            EventKind::Announced(on)
            | EventKind::Withdrawn(on)
            | EventKind::Blocked(on)
            | EventKind::Executed(on) => Some(on.site),
            EventKind::Spawned { site, .. }
            | EventKind::Acquired { site, .. }
            | EventKind::TimerStarted { site, .. }
            | EventKind::TimerDropped { site, .. }
            | EventKind::TimedOut { site }
            | EventKind::Lost { site, .. }
            | EventKind::SharedRead { site, .. }
            | EventKind::SharedWritten { site, .. }
            | EventKind::SharedUpdated { site, .. }
            | EventKind::Struck(Struck::Buggified { site })
            | EventKind::Said { site, .. }
            | EventKind::Passed { site, .. } => Some(*site),
            EventKind::Choice { site, .. } => *site,
            _ => None,
        }
    }

    /// The object that it is about, if it is about one.
    #[must_use]
    pub fn object(&self) -> Option<ObjectRef> {
        match self {
            EventKind::Announced(on)
            | EventKind::Withdrawn(on)
            | EventKind::Blocked(on)
            | EventKind::Executed(on) => on.object,
            EventKind::Granted { object, .. } => *object,
            EventKind::Acquired { object, .. }
            | EventKind::Released { object, .. }
            | EventKind::Notified { object, .. }
            | EventKind::Lost { object, .. }
            | EventKind::Published { object, .. }
            | EventKind::Observed { object, .. }
            | EventKind::SharedRead { object, .. }
            | EventKind::SharedWritten { object, .. }
            | EventKind::SharedUpdated { object, .. } => Some(*object),
            EventKind::Spawned { .. }
            | EventKind::Ended { .. }
            | EventKind::Step { .. }
            | EventKind::Woken { .. }
            | EventKind::Joined { .. }
            | EventKind::AbortRequested { .. }
            | EventKind::TimerStarted { .. }
            | EventKind::TimerDropped { .. }
            | EventKind::TimedOut { .. }
            | EventKind::Panicked { .. }
            | EventKind::ClockJumped { .. }
            | EventKind::Elided { .. }
            | EventKind::Choice { .. }
            | EventKind::Stamped { .. }
            | EventKind::StampObserved { .. }
            | EventKind::Struck(_)
            | EventKind::Passed { .. }
            | EventKind::WokenAgain { .. }
            | EventKind::Logged { .. }
            | EventKind::Said { .. } => None,
        }
    }
}

impl From<TaskId> for TaskRef {
    fn from(task: TaskId) -> TaskRef {
        TaskRef(task.0)
    }
}

impl From<u32> for ObjectRef {
    fn from(index: u32) -> ObjectRef {
        ObjectRef(index)
    }
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Site {
        Site(location)
    }
}

impl From<Description> for OperationRef {
    fn from(description: Description) -> OperationRef {
        OperationRef {
            name: description.name,
            object: description.object.map(ObjectRef),
            access: description.access,
            site: Site(description.site),
        }
    }
}
