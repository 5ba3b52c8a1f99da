//! Properties: what a program claims of itself, beyond assertions.
//!
//! | | is violated | by |
//! |---|---|---|
//! | [`always!`](crate::always!) | the run, at once | a false condition |
//! | [`unreachable!`](crate::unreachable!) | the run, at once | being reached |
//! | [`eventually`] | the run, when its time is up | a condition that does not come true |
//! | [`sometimes!`](crate::sometimes!) | the hunt, when all runs are made | a condition that held in no run |
//! | [`reachable!`](crate::reachable!) | the hunt, when all runs are made | never being reached |
//!
//! What violates a run is a finding of kind [`Kind::Property`](crate::finding::Kind::Property).
//! The run ends when the poll returns in which it came about; the code after it in that poll is
//! still executed, since nothing panics.
//!
//! What a run passed is in [`Outcome::properties`](crate::Outcome::properties), and the report of
//! a hunt has what its runs passed, taken together. It knows the `sometimes!` that were passed and
//! never held. It cannot know of places that no run came to, unless their labels are demanded:
//! with [`Hunt::must_reach`](crate::hunt::Hunt::must_reach), which `#[unpick::test]` does for the
//! labels in the test's own body.
//!
//! A hunt that nothing was found in fails if a property was met by none of its runs
//! ([`Report::assert_ok`](crate::hunt::Report::assert_ok)). One of fewer than 100 runs, one that
//! was cut short, and a single shard only say so: they have not seen enough.
//!
//! Outside of a run `always!` and `unreachable!` panic when they are violated, like assertions;
//! `sometimes!` and `reachable!` do nothing.

mod eventually;
mod tally;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

pub use eventually::{Eventually, eventually};
pub use tally::{Count, Tally, Unmet};

use crate::engine::with_run;
use crate::finding::Place;

/// What a program claims at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// The condition holds whenever it is passed.
    Always,
    /// The condition holds in some run, at some time.
    Sometimes,
    /// Some run comes here.
    Reachable,
    /// No run comes here.
    Unreachable,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Claim; 4] =
        [Claim::Always, Claim::Sometimes, Claim::Reachable, Claim::Unreachable];

    /// The name of the macro that makes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Claim::Always => "always",
            Claim::Sometimes => "sometimes",
            Claim::Reachable => "reachable",
            Claim::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One use of a property macro. The macros make them; there is no need to.
#[derive(Debug)]
pub struct Site {
    claim: Claim,
    label: &'static str,
    file: &'static str,
    line: u32,
    column: u32,
    /// The stamp of the last run that was told of it, shifted left by one; the lowest bit says
    /// whether it held. So that a site that is passed again and again is told once.
    told: AtomicU64,
}

impl Site {
    /// A claim at a place in the source.
    #[must_use]
    pub const fn new(
        claim: Claim,
        label: &'static str,
        file: &'static str,
        line: u32,
        column: u32,
    ) -> Site {
        Site { claim, label, file, line, column, told: AtomicU64::new(0) }
    }

    /// What is claimed.
    #[must_use]
    pub const fn claim(&self) -> Claim {
        self.claim
    }

    /// The label that the program gave it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.label
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { file: self.file.to_owned(), line: self.line, column: self.column }
    }

    /// Notes that it was passed, and whether its condition held then.
    #[inline]
    pub fn pass(&'static self, held: bool) {
        with_run(|core| {
            let (told, now) = (self.told.load(Ordering::Relaxed), core.stamp.0 << 1);
            if told == now | 1 || told == now && !held {
                return;
            }
            // Runs on two threads may overwrite each other: then one is told again.
            core.note_property(self, held);
            self.told.store(now | u64::from(held), Ordering::Relaxed);
        });
    }

    /// Says that it is violated: a finding inside of a run, a panic outside.
    #[cold]
    #[track_caller]
    pub fn violated(&self, details: Option<fmt::Arguments<'_>>) {
        let Site { label, .. } = self;
        let mut message = match self.claim {
            Claim::Unreachable => format!("unreachable `{label}` was reached"),
            claim => format!("{claim} `{label}` did not hold"),
        };
        if let Some(details) = details {
            // Formatted outside of the engine, since it runs the program's code.
            message.push_str(&format!(": {details}"));
        }
        let failed = with_run(|core| core.fail_property(message.clone(), self.place()));
        assert!(failed.is_some(), "{message}");
    }
}

/// A property that one run passed.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// Which one.
    pub site: &'static Site,
    /// Whether its condition held at least once.
    pub held: bool,
}

/// Claims that a condition holds whenever this is passed: a label, and if wanted details as for
/// [`format!`]. See [`properties`](mod@crate::properties).
///
/// # Examples
/// ```
/// use unpick_sim::finding::Kind;
/// use unpick_sim::{Run, always};
///
/// let outcome = Run::new().execute(|| async {
///     let stock = -1;
///     always!(stock >= 0, "stock is never negative", "it is {stock}");
/// });
/// let finding = outcome.result.unwrap_err();
/// assert_eq!(finding.kind, Kind::Property);
/// assert_eq!(finding.message, "always `stock is never negative` did not hold: it is -1");
/// ```
#[macro_export]
macro_rules! always {
    ($condition:expr, $label:expr $(,)?) => {
        $crate::__property!(always $condition, $label, ::core::option::Option::None)
    };
    ($condition:expr, $label:expr, $($details:tt)+) => {
        $crate::__property!(
            always $condition, $label, ::core::option::Option::Some(::core::format_args!($($details)+))
        )
    };
}

/// Claims that a condition holds in some run of a hunt, at some time: a hunt in which it never
/// does has a test that misses its point. See [`properties`](mod@crate::properties).
///
/// # Examples
/// ```
/// use unpick_sim::hunt::Hunt;
/// use unpick_sim::{pick, sometimes};
///
/// let report = Hunt::new("retries").run(|| async {
///     let attempts = pick(3);
///     sometimes!(attempts > 1, "it is tried again");
/// });
/// report.assert_ok();
/// ```
#[macro_export]
macro_rules! sometimes {
    ($condition:expr, $label:expr $(,)?) => {
        $crate::__property!(pass Sometimes $condition, $label)
    };
}

/// Claims that some run of a hunt comes here. See [`properties`](mod@crate::properties).
#[macro_export]
macro_rules! reachable {
    ($label:expr $(,)?) => {
        $crate::__property!(pass Reachable true, $label)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __unreachable {
    ($label:expr $(,)?) => {
        $crate::__property!(unreachable $label, ::core::option::Option::None)
    };
    ($label:expr, $($details:tt)+) => {
        $crate::__property!(
            unreachable $label, ::core::option::Option::Some(::core::format_args!($($details)+))
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __property {
    (site $claim:ident, $label:expr) => {
        $crate::properties::Site::new(
            $crate::properties::Claim::$claim,
            $label,
            ::core::file!(),
            ::core::line!(),
            ::core::column!(),
        )
    };
    (always $condition:expr, $label:expr, $details:expr) => {{
    static SITE: $crate::properties::Site = $crate::__property!(site Always, $label);
        if !$condition {
            SITE.violated($details);
        }
    }};
    (unreachable $label:expr, $details:expr) => {{
    static SITE: $crate::properties::Site = $crate::__property!(site Unreachable, $label);
        SITE.violated($details);
    }};
    (pass $claim:ident $condition:expr, $label:expr) => {{
    static SITE: $crate::properties::Site = $crate::__property!(site $claim, $label);
        SITE.pass($condition);
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn outside_of_a_run_they_are_assertions_or_nothing() {
        crate::always!(1 + 1 == 2, "sums are right");
        crate::sometimes!(false, "never");
        crate::reachable!("here");
        let panic = std::panic::catch_unwind(|| crate::always!(1 + 1 == 3, "sums", "at {}", 7));
        let message = panic.expect_err("it is false");
        let message = message.downcast_ref::<String>().expect("a text");
        assert_eq!(message, "always `sums` did not hold: at 7");
        let panic = std::panic::catch_unwind(|| crate::unreachable!("not here"));
        let message = panic.expect_err("it is reached");
        let message = message.downcast_ref::<String>().expect("a text");
        assert_eq!(message, "unreachable `not here` was reached");
    }
}
