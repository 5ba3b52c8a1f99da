//! What a scenario is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use unpick::{Hunt, Kind, Options, TimeModel};

/// A program that can be run any number of times. An error is a finding.
pub type Program = fn() -> Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// One program or bug, in one or more variants.
#[derive(Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Its programs; the first is the one that is meant when none is named.
    pub variants: &'static [Variant],
}

/// One program of a scenario.
#[derive(Debug)]
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

impl Scenario {
    /// The variant of this name, or the first one.
    ///
    /// # Errors
    /// If there is none of this name: the error lists those that there are.
    pub fn variant(&self, name: Option<&str>) -> Result<&'static Variant, UnknownScenario> {
        let Some(name) = name else {
            return Ok(&self.variants[0]);
        };
        let found = self.variants.iter().find(|variant| variant.name == name);
        found.ok_or_else(|| UnknownScenario {
            what: "variant",
            name: name.to_owned(),
            allowed: self.variants.iter().map(|variant| variant.name).collect(),
        })
    }
}

/// The scenario of this name.
///
/// # Errors
/// If there is none: the error lists those that there are.
pub fn find(name: &str) -> Result<&'static Scenario, UnknownScenario> {
    let found = crate::SCENARIOS.iter().copied().find(|scenario| scenario.name == name);
    found.ok_or_else(|| UnknownScenario {
        what: "scenario",
        name: name.to_owned(),
        allowed: crate::SCENARIOS.iter().map(|scenario| scenario.name).collect(),
    })
}

/// There is no scenario, or no variant, of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScenario {
    what: &'static str,
    name: String,
    allowed: Vec<&'static str>,
}

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} `{}`; allowed: {}", self.what, self.name, self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownScenario {}
