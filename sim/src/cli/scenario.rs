//! What a scenario is: a program with a name, in one or more variants.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::finding::{Finding, Kind};
use crate::hunt::{Hunt, Verdict};
use crate::options::{Options, TimeModel};

/// The future of a program, whatever its type.
pub type ProgramFuture = Pin<Box<dyn Future<Output = Result<(), Complaint>>>>;

/// A program that can be run any number of times.
pub type Program = &'static (dyn Fn() -> ProgramFuture + Send + Sync);

/// What a program's output says went wrong. Prints as it is, in `Debug` too.
#[derive(Clone, PartialEq, Eq)]
pub struct Complaint(pub String);

impl fmt::Debug for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A future of a program: what its output complains of is a finding.
pub fn program<F>(future: F) -> ProgramFuture
where
    F: Future + 'static,
    F::Output: Verdict,
{
    Box::pin(async { future.await.complaint().map_or(Ok(()), |text| Err(Complaint(text))) })
}

/// One program or bug, in one or more variants.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Its programs; the first is the one that is meant when none is named.
    pub variants: &'static [Variant],
}

/// One program of a scenario.
#[derive(Clone, Copy)]
pub struct Variant {
    /// Its name on the command line, such as `buggy`.
    pub name: &'static str,
    /// The program.
    pub program: Program,
    /// What a hunt is to find.
    pub expectation: Expectation,
    /// How virtual time passes in it.
    pub time: TimeModel,
}

/// What a hunt of a program is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing.
    Passes,
    /// A finding of this kind, within this many runs.
    Finds {
        /// The finding's kind.
        kind: Kind,
        /// In how many runs.
        runs: u64,
    },
}

impl Expectation {
    /// The kind of finding that is expected, if one is.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Expectation::Passes => None,
            Expectation::Finds { kind, .. } => Some(kind),
        }
    }

    /// What is to be said of a single run that ended so. Whether it meets the bug that is expected
    /// is not up to the program: a run that passes is no surprise.
    pub(super) fn judge_run(self, finding: Option<&Finding>) -> super::Verdict {
        match finding {
            Some(finding) if Some(finding.kind) != self.kind() => super::Verdict::Unexpected,
            _ => super::Verdict::Expected,
        }
    }
}

impl Scenario {
    /// A scenario of one program, in which a hunt is to find nothing.
    ///
    /// It is kept for as long as the process lives.
    ///
    /// # Examples
    /// ```no_run
    /// use unpick_sim::cli::{self, Scenario};
    ///
    /// async fn transfer() -> Result<(), String> {
    ///     Ok(())
    /// }
    ///
    /// fn main() -> std::process::ExitCode {
    ///     cli::main(&[Scenario::new("transfer", "moves money between two accounts", transfer)])
    /// }
    /// ```
    #[must_use]
    pub fn new<F, Fut>(name: &'static str, summary: &'static str, make: F) -> Scenario
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future + 'static,
        Fut::Output: Verdict,
    {
        let program: Program = Box::leak(Box::new(move || program(make())));
        let variants =
            Box::leak(Box::new([Variant { name: "program", ..Variant::fixed(program) }]));
        Scenario { name, summary, variants }
    }

    /// What its variant is called in reports, and on the command line: with the name of the variant,
    /// unless there is only one.
    #[must_use]
    pub fn title(&self, variant: &Variant) -> String {
        match self.variants {
            [_] => self.name.to_owned(),
            _ => format!("{} {}", self.name, variant.name),
        }
    }

    /// The variant of this name, or the first one.
    ///
    /// # Errors
    /// If there is none of this name: the error lists those that there are.
    pub fn variant(&self, name: Option<&str>) -> Result<&'static Variant, UnknownVariant> {
        let Some(name) = name else {
            return Ok(&self.variants[0]);
        };
        let found = self.variants.iter().find(|variant| variant.name == name);
        found.ok_or_else(|| UnknownVariant {
            name: name.to_owned(),
            scenario: self.name,
            allowed: self.variants.iter().map(|variant| variant.name).collect(),
        })
    }
}

impl Variant {
    /// A program with a bug, and the kind that hunts find within so many runs.
    #[must_use]
    pub const fn buggy(program: Program, kind: Kind, runs: u64) -> Variant {
        let expectation = Expectation::Finds { kind, runs };
        Variant { name: "buggy", program, expectation, time: TimeModel::Exact }
    }

    /// A program in which there is nothing to find.
    #[must_use]
    pub const fn fixed(program: Program) -> Variant {
        let expectation = Expectation::Passes;
        Variant { name: "fixed", program, expectation, time: TimeModel::Exact }
    }

    /// The same, on a machine that may be slow.
    #[must_use]
    pub const fn stalling(self) -> Variant {
        Variant { time: TimeModel::Stalling, ..self }
    }

    /// How a run of it is carried out.
    #[must_use]
    pub fn options(&self) -> Options {
        Options { time: self.time, ..Options::default() }
    }

    /// A hunt of it under this name.
    pub fn hunt(&self, name: &str) -> Hunt {
        Hunt::new(name).options(self.options())
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Variant { name, expectation, time, program: _ } = self;
        let mut debug = f.debug_struct("Variant");
        debug.field("name", name).field("expectation", expectation).field("time", time);
        debug.finish_non_exhaustive()
    }
}

/// A scenario has no variant of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariant {
    name: String,
    scenario: &'static str,
    allowed: Vec<&'static str>,
}

impl fmt::Display for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownVariant { name, scenario, allowed } = self;
        write!(f, "`{scenario}` has no variant `{name}`; allowed: {}", allowed.join(", "))
    }
}

impl std::error::Error for UnknownVariant {}
