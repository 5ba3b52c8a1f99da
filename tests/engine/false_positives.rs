//! False positives: nothing is found in programs that are correct by construction, under any
//! schedule, with leaks forbidden.
//!
//! A sample of them here. `UNPICK_CAMPAIGN=20000 cargo test --release --test engine
//! false_positives` makes so many programs of each size; those of an asyncio oracle that finish
//! are for the command `asyncio` of the scenarios.

use std::collections::BTreeMap;

use unpick::sim::options::{Leaks, Options};
use unpick::sim::seed::RunId;
use unpick::sim::strategy::Lockstep;
use unpick::sim::{Outcome, Run};

use crate::support::programs::{Form, Program, Size, execute, execute_on_primitives, generate};
use crate::{MODES, options_of};

/// How many programs of each size are made, if the environment does not say.
const SAMPLE: u64 = 60;

fn campaign() -> u64 {
    match std::env::var("UNPICK_CAMPAIGN") {
        Err(_) => SAMPLE,
        Ok(count) => count.parse().expect("UNPICK_CAMPAIGN is a number of programs"),
    }
}

#[track_caller]
fn check_nothing_found(seed: u64, outcome: &Outcome<()>, program: &Program) {
    if let Err(finding) = &outcome.result {
        panic!("program {seed}, tape {}:\n{program}\n{finding}", outcome.tape.token());
    }
}

#[test]
fn nothing_is_found_in_programs_that_are_correct() {
    let mut runs = 0_u64;
    for seed in 0..campaign() {
        for size in [Size::Small, Size::Medium, Size::Large] {
            let program = generate(1_000_000 + seed, size, Form::Balanced);
            for mode in MODES {
                // Suspicions of rings are looked at soon, so that many are.
                let options =
                    || Options { leaks: Leaks::Forbid, ring_steps: 3, ..options_of(mode) };
                let random = || Run::with(options()).id(RunId::new(seed, 1));
                check_nothing_found(seed, &execute(random(), &program).outcome, &program);
                let on_primitives = execute_on_primitives(random(), &program);
                check_nothing_found(seed, &on_primitives, &program);
                let lockstep = Run::with(options()).strategy(Lockstep);
                check_nothing_found(seed, &execute_on_primitives(lockstep, &program), &program);
                runs += 3;
            }
        }
    }
    println!("{} programs, {runs} runs: nothing found", campaign() * 3);
}

/// The same programs come to the same ends on the primitives of the library as on those of these
/// tests, deadlocks among them: so the detectors are tried on something.
#[test]
fn stuck_programs_are_found_stuck_on_the_primitives_as_well() {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..200 {
        let program = generate(seed, Size::Medium, Form::Free);
        for mode in MODES {
            let run = || Run::with(options_of(mode)).plain();
            let probed = execute(run(), &program).outcome;
            let on_primitives = execute_on_primitives(run(), &program);
            let kind = |outcome: &Outcome<()>| outcome.result.as_ref().err().map(|it| it.kind);
            assert_eq!(kind(&probed), kind(&on_primitives), "{seed} {mode:?}\n{program}");
            let name = kind(&probed).map_or("none", |kind| kind.name());
            *kinds.entry(name.to_owned()).or_default() += 1;
        }
    }
    assert!(kinds["none"] >= 80 && kinds["deadlock"] >= 80, "{kinds:?}");
}
