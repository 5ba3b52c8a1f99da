//! `select!` and its kin.

use std::collections::BTreeSet;
use std::future::{pending, ready};

use unpick_sim::Run;
use unpick_sim::trace::EventKind;

use super::run;

/// Which of three branches that are ready is taken.
async fn first_of_three() -> u32 {
    unpick_tokio::select! {
        one = ready(1) => one,
        two = ready(2) => two,
        three = ready(3) => three,
    }
}

#[test]
fn the_branch_that_is_polled_first_is_on_the_tape_and_plainly_the_first() {
    assert_eq!(Run::new().plain().execute(first_of_three).result, Ok(1));
    let taken: BTreeSet<u32> =
        (0..50).map(|seed| run(seed, first_of_three).result.unwrap()).collect();
    assert_eq!(taken.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    for seed in 0..20 {
        let first = run(seed, first_of_three);
        let again = Run::new().replay(&first.tape).execute(first_of_three);
        assert_eq!(again.result, first.result, "seed {seed}");
    }
}

#[test]
fn who_draws_the_first_branch_is_told_with_its_place() {
    let here = line!() + 2;
    let outcome =
        run(7, || async { unpick_tokio::select!(() = ready(()) => 1, () = ready(()) => 2) });
    let events = outcome.trace.unwrap().events;
    let sites = events.iter().filter_map(|event| match &event.kind {
        EventKind::Choice { site: Some(site), .. } => Some((site.0.file(), site.0.line())),
        _ => None,
    });
    assert_eq!(sites.collect::<Vec<_>>(), [(file!(), here)]);
}

#[test]
fn a_biased_select_has_no_choice() {
    let outcome = run(7, || async {
        unpick_tokio::select! {
            biased;
            _ = pending::<()>() => 0,
            two = ready(2) => two,
            three = ready(3) => three,
        }
    });
    assert_eq!((outcome.result, outcome.tape.choices.len()), (Ok(2), 0));
}

#[test]
fn all_of_its_grammar_is_there() {
    let outcome = run(0, || async {
        let nothing = unpick_tokio::select! { else => 1 };
        let nothing_biased = unpick_tokio::select! { biased; else => 2, };
        let disabled = unpick_tokio::select! {
            value = ready(0), if nothing > 1 => value,
            else => 3,
        };
        let mut given = Some(4);
        let matched = unpick_tokio::select! {
            Some(3) = ready(given) => 0,
            Some(mut value) = async { given.take() } => { value += 0; value }
            else => 0,
        };
        let (left, right) = unpick_tokio::join!(async { 5 }, async { 6 });
        let tried = unpick_tokio::try_join!(async { Ok::<_, ()>(7) }, async { Err::<(), _>(()) });
        unpick_tokio::pin! {
            let pinned = ready(8);
        }
        let pinned = unpick_tokio::select! { value = &mut pinned => value };
        assert!(tried.is_err());
        [nothing, nothing_biased, disabled, matched, left, right, pinned]
    });
    assert_eq!(outcome.result, Ok([1, 2, 3, 4, 5, 6, 8]));
}

#[test]
fn outside_of_a_run_it_is_tokios() {
    let taken: BTreeSet<u32> =
        (0..200).map(|_| futures::executor::block_on(first_of_three())).collect();
    assert_eq!(taken.len(), 3);
}
