//! Faults on the tape: each kind finds what it is there for, and only where it is on.

mod enumeration;
mod kinds;

use std::future::Future;

use unpick::sim::faults::{Cancellations, Faults, Mixing, Striking};
use unpick::{Options, Run};

const CANCELLATIONS: Faults = Faults { cancellations: Cancellations::Every, ..Faults::OFF };
const SPURIOUS_WAKES: Faults = Faults { spurious_wakes: Striking::On, ..Faults::OFF };
const STALLS: Faults = Faults { stalls: Striking::On, ..Faults::OFF };
const BUGGIFY: Faults = Faults { buggify: Striking::On, ..Faults::OFF };

fn with(faults: Faults) -> Run {
    Run::with(Options { faults, ..Options::default() })
}

/// Everything at once, in every run.
fn everything() -> Faults {
    let cancellations = Cancellations::Every;
    Faults { cancellations, mixing: Mixing::All, strikes_max: 100, ..Faults::ON }
}

/// That a hunt finds something with these faults, and nothing without.
#[track_caller]
fn check_found_only_with<F, Fut>(faults: Faults, program: F)
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    let hunt = unpick::Hunt::new("faults").runs(400).allow_vacuous().quiet();
    hunt.run(&program).assert_ok();
    let report = hunt.faults(faults).run(&program);
    let failure = report.failure().expect("a fault strikes");
    assert!(report.to_string().contains("replayed identically"), "{report}");
    let is_fault = |choice: &unpick::sim::choice::Choice| {
        choice.label() == unpick::sim::choice::Label::Fault && !choice.is_plain()
    };
    assert!(failure.tape.choices.iter().any(is_fault));
}
