//! `always!`, `sometimes!`, `reachable!`, `unreachable!`: inside of a run.

use std::cell::Cell;

use unpick::sim::properties::{Claim, Tally};
use unpick::sim::{spawn, task, yield_now};
use unpick::{Kind, Run, always, reachable, sometimes};

#[test]
fn a_violated_claim_is_a_finding_with_label_place_and_task() {
    let line = line!() + 3;
    let outcome = Run::new().plain().execute(|| async {
        let worker = task().named("worker").spawn(async {
            always!(1 > 2, "order is kept", "got {} and {}", 1, 2);
        });
        worker.await
    });
    let finding = outcome.result.expect_err("1 is not above 2");
    assert_eq!(finding.kind, Kind::Property);
    assert_eq!(finding.message, "always `order is kept` did not hold: got 1 and 2");
    assert_eq!(finding.task.as_deref(), Some("main.1 worker"));
    let place = finding.place.expect("the macro knows");
    assert_eq!((place.file.as_str(), place.line), (file!(), line));
}

#[test]
fn the_code_after_a_violated_claim_goes_on_until_the_poll_returns() {
    let (after, later) = (Cell::new(false), Cell::new(false));
    let outcome = Run::new().execute(|| async {
        unpick::sim::unreachable!("here");
        after.set(true);
        yield_now().await;
        later.set(true);
    });
    let finding = outcome.result.expect_err("it was reached");
    assert_eq!(finding.message, "unreachable `here` was reached");
    assert!(after.get() && !later.get());
}

#[test]
fn a_claim_that_holds_is_no_finding() {
    let outcome = Run::new().execute(|| async { always!(true, "fine") });
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn a_property_comes_before_what_it_entails() {
    let outcome = Run::new().execute(|| async {
        always!(false, "first");
        std::future::pending::<()>().await
    });
    assert_eq!(outcome.result.expect_err("violated").kind, Kind::Property);
    assert!(Kind::Error < Kind::Property && Kind::Property < Kind::Deadlock);
}

#[test]
fn a_run_says_which_claims_it_passed_and_which_held() {
    let outcome = Run::new().execute(|| async {
        for round in 0..5 {
            sometimes!(round == 3, "the third round");
            sometimes!(round == 7, "the seventh round");
        }
        if false {
            reachable!("nowhere");
        }
        spawn(async { reachable!("a task") }).await
    });
    let passed: Vec<_> = outcome.properties.iter().map(|it| (it.site.label(), it.held)).collect();
    assert_eq!(passed, [("the third round", true), ("the seventh round", false), ("a task", true)]);
}

#[test]
fn claims_of_one_run_are_not_those_of_the_next() {
    let run = |holds: bool| {
        let outcome = Run::new().execute(move || async move { sometimes!(holds, "at times") });
        let passed = outcome.properties.iter().map(|it| it.held);
        passed.collect::<Vec<_>>()
    };
    assert_eq!((run(true), run(false), run(true)), (vec![true], vec![false], vec![true]));
}

#[test]
fn what_no_run_met_is_told_apart_from_what_one_run_met() {
    let mut tally = Tally::default();
    for number in 0..3 {
        let outcome = Run::new().execute(move || async move {
            sometimes!(number == 2, "two");
            sometimes!(number == 3, "three");
        });
        tally.add(&outcome.properties);
    }
    let unmet = tally.unmet();
    let unmet: Vec<_> = unmet.iter().map(|it| (it.claim, it.label.as_str(), it.passed)).collect();
    assert_eq!(unmet, [(Claim::Sometimes, "three", 3)]);
}

#[test]
fn claims_are_seen_apart_on_every_thread() {
    let program = |holds: bool| async move { sometimes!(holds, "on this thread") };
    std::thread::scope(|scope| {
        for holds in [true, false, true, false] {
            scope.spawn(move || {
                for _ in 0..200 {
                    let outcome = Run::new().execute(|| program(holds));
                    let passed = outcome.properties.iter().map(|it| it.held);
                    assert_eq!(passed.collect::<Vec<_>>(), [holds]);
                }
            });
        }
    });
}
