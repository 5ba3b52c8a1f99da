//! What went wrong in a run: kind, message, place, evidence.
//!
#![doc = include_str!("finding/READING.md")]

mod signature;

use std::fmt;
use std::panic::Location;

pub use signature::Signature;

use crate::names::{Line, is_same};
use crate::time::Instant;

/// The kind of a finding. The detectors' order of precedence is that of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A task panicked, or a drop did.
    Panic,
    /// The program returned an error.
    Error,
    /// A property that the program claims of itself was violated.
    Property,
    /// A task waits for what was handed to, or is held by, a future of its own that it no longer
    /// polls.
    Futurelock,
    /// Tasks wait for one another, or nothing can run any more and the main future has not ended.
    Deadlock,
    /// Nothing can run any more, and a task that is woken by hand goes on: it missed a wake-up.
    LostWakeup,
    /// A task wrote a shared variable over another write that it had not seen.
    LostUpdate,
    /// A task acted on what it had read before an await, although another one had written it
    /// since.
    StaleCheck,
    /// Two accesses to a shared variable, one of them a write, that nothing orders.
    Race,
    /// Something was left when the main future had ended, which was forbidden.
    Leak,
    /// A task waits while others pass it again and again.
    Starvation,
    /// A budget of steps or of virtual time was used up.
    Livelock,
    /// Something outside of the tape took part.
    Nondeterminism,
    /// A strict replay met another question than the tape's.
    Divergence,
    /// The run ended its process: only an [isolated](crate::hunt::Isolation) hunt can tell.
    Crash,
    /// A poll never returned: only an [isolated](crate::hunt::Isolation) hunt can tell.
    Hang,
}

impl Kind {
    /// The kind that comes after this one, in order of precedence.
    const fn next(self) -> Option<Kind> {
        Some(match self {
            Kind::Panic => Kind::Error,
            Kind::Error => Kind::Property,
            Kind::Property => Kind::Futurelock,
            Kind::Futurelock => Kind::Deadlock,
            Kind::Deadlock => Kind::LostWakeup,
            Kind::LostWakeup => Kind::LostUpdate,
            Kind::LostUpdate => Kind::StaleCheck,
            Kind::StaleCheck => Kind::Race,
            Kind::Race => Kind::Leak,
            Kind::Leak => Kind::Starvation,
            Kind::Starvation => Kind::Livelock,
            Kind::Livelock => Kind::Nondeterminism,
            Kind::Nondeterminism => Kind::Divergence,
            Kind::Divergence => Kind::Crash,
            Kind::Crash => Kind::Hang,
            Kind::Hang => return None,
        })
    }

    /// Whether a replay would end the process that makes it.
    pub(crate) const fn ends_process(self) -> bool {
        matches!(self, Kind::Crash | Kind::Hang)
    }

    /// Every kind, in order of precedence.
    pub fn all() -> impl Iterator<Item = Kind> {
        std::iter::successors(Some(Kind::Panic), |kind| kind.next())
    }

    /// The kind of this name. Meant for where the compiler evaluates constants.
    ///
    /// # Panics
    /// If there is none: with the names that there are.
    #[must_use]
    pub const fn of_name(name: &str) -> Kind {
        let mut kind = Kind::Panic;
        let mut refusal = Line::<1024>::new()
            .with("there is no kind of finding `")
            .with(name)
            .with("`; allowed: panic");
        loop {
            if is_same(kind.name(), name) {
                return kind;
            }
            let Some(next) = kind.next() else { break };
            kind = next;
            refusal = refusal.with(", ").with(kind.name());
        }
        panic!("{}", refusal.as_str())
    }

    /// The kind's name in lower case, as options and files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Panic => "panic",
            Kind::Error => "error",
            Kind::Property => "property",
            Kind::Futurelock => "futurelock",
            Kind::Deadlock => "deadlock",
            Kind::LostWakeup => "lost wake-up",
            Kind::LostUpdate => "lost update",
            Kind::StaleCheck => "stale check",
            Kind::Race => "race",
            Kind::Leak => "leak",
            Kind::Starvation => "starvation",
            Kind::Livelock => "livelock",
            Kind::Nondeterminism => "nondeterminism",
            Kind::Divergence => "divergence",
            Kind::Crash => "crash",
            Kind::Hang => "hang",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl From<&Location<'_>> for Place {
    fn from(location: &Location<'_>) -> Place {
        Place { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What one unfinished task waits for when nothing can run any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Path and name of the task, such as `main.2 reaper`.
    pub task: String,
    /// Where the task was spawned; `None` for the main task.
    pub spawned: Option<Place>,
    /// What it waits for; empty if nothing that it waits for is instrumented.
    pub waits: Vec<Wait>,
}

/// One operation that a task waits in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The operation, such as `acquire`.
    pub operation: &'static str,
    /// The object, such as `lock db`; `None` for an operation that has none.
    pub object: Option<String>,
    /// Where the operation was called.
    pub place: Place,
    /// Since which virtual time.
    pub since: Instant,
    /// Who holds the object, and where each took it: the first few.
    pub holders: Vec<Holder>,
    /// How many more there are.
    pub holders_more: usize,
}

/// A task that holds an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Path and name of the task.
    pub task: String,
    /// Where it took hold.
    pub place: Place,
    /// Since which virtual time.
    pub since: Instant,
}

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which kind of thing went wrong.
    pub kind: Kind,
    /// What it is about, as the headline names it: such as `shared balance`. `None` if the message
    /// is the headline.
    pub subject: Option<String>,
    /// What happened, in one or two sentences.
    pub message: String,
    /// How it came about, a line each: who did what, where, when, and what became of it.
    pub story: Vec<String>,
    /// The virtual time at which it was found.
    pub at: Instant,
    /// Path and name of the task in which it happened, if it happened in one.
    pub task: Option<String>,
    /// Where in the source, if that is known.
    pub place: Option<Place>,
    /// The tasks that wait, if nothing could run any more.
    pub blocked: Vec<Blocked>,
    /// What else detectors saw in the run: one bug makes one finding.
    pub evidence: Vec<String>,
}

impl Finding {
    /// What a reader may have to know who has never met such a finding.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let has_unknown = self.blocked.iter().any(|blocked| blocked.waits.is_empty());
        match self.kind {
            Kind::Divergence => Some(
                "a tape is good for one program as it was. If that was edited since, or the tape is \
                 another program's, run without it: what a test keeps in `unpick-regressions` is \
                 found again after edits",
            ),
            Kind::Race => Some(
                "unpick knows the order that its own primitives, joins and wake-ups give. If a \
                 lock of another crate guards this variable, make it with `Shared::synchronized`",
            ),
            Kind::Deadlock if has_unknown => Some(
                "an unknown future is none of unpick's. One of another crate's locks or channels may \
                 really be stuck: those of `unpick::primitives` say who holds what. One of a runtime \
                 (`tokio::spawn`, `tokio::time`, I/O) cannot end inside a run: use \
                 `unpick::sim::spawn` and `unpick::sim::time`",
            ),
            _ => None,
        }
    }

    /// The finding in one line: its kind, and what it is about or what happened.
    #[must_use]
    pub fn headline(&self) -> String {
        let kind = self.kind.name().to_uppercase();
        match &self.subject {
            Some(subject) => format!("{kind} on {subject}"),
            None => format!("{kind}: {}", self.message),
        }
    }

    /// Whether the other one says the same, but for what only a traced run can tell: the values
    /// of shared variables, and what tasks had done before.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Finding) -> bool {
        let rest = |finding: &Finding| Finding {
            message: match finding.kind {
                Kind::LostUpdate | Kind::StaleCheck | Kind::Race => String::new(),
                _ => finding.message.clone(),
            },
            story: Vec::new(),
            evidence: Vec::new(),
            ..finding.clone()
        };
        rest(self) == rest(other)
    }

    /// What it has in common with other findings of the same bug.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature::of(self)
    }

    /// A finding of which no more is known than this.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>, at: Instant) -> Finding {
        let message = message.into();
        Finding {
            kind,
            subject: None,
            message,
            story: Vec::new(),
            at,
            task: None,
            place: None,
            blocked: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if self.subject.is_some() {
            write!(f, "\n  {}", self.message)?;
        }
        for line in &self.story {
            write!(f, "\n  {line}")?;
        }
        if let Some(task) = &self.task {
            write!(f, "\n  in {task}")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\n  at {place}")?;
        }
        if !self.kind.ends_process() {
            // Of a process that is gone it is not known.
            write!(f, "\n  t={}", self.at)?;
        }
        if self.story.is_empty() {
            for blocked in &self.blocked {
                write!(f, "\n  {blocked}")?;
            }
        }
        for evidence in &self.evidence {
            write!(f, "\n  also {evidence}")?;
        }
        if let Some(hint) = self.hint() {
            write!(
                f,
                "
  hint: {hint}"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.task)?;
        if self.waits.is_empty() {
            f.write_str(" waits for an unknown future")?;
            if let Some(spawned) = &self.spawned {
                write!(f, " (spawned at {spawned})")?;
            }
        }
        for (number, wait) in self.waits.iter().enumerate() {
            f.write_str(if number == 0 { " waits: " } else { ", or " })?;
            write!(f, "{wait}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        write!(f, " at {} since t={}", self.place, self.since)?;
        for (number, holder) in self.holders.iter().enumerate() {
            let lead = if number == 0 { "held by" } else { "and" };
            write!(f, ", {lead} {} since t={} ({})", holder.task, holder.since, holder.place)?;
        }
        if self.holders_more > 0 {
            write!(f, ", and {} more", self.holders_more)?;
        }
        Ok(())
    }
}
