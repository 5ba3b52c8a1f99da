//! The same bug over unpick's own primitives and over tokio's: what is found and told is the same,
//! but for what a mutex and its operations are called.

#![expect(clippy::duplicate_mod, reason = "the same programs, of two families")]

mod own;
mod theirs;

use std::future::Future;
use std::pin::Pin;

use unpick_sim::Run;
use unpick_sim::options::{Leaks, Options};
use unpick_sim::strategy::Lockstep;

/// A program with a bug.
type Program = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// What a report says of a program in which all tasks go forward together.
fn told(program: Program) -> String {
    let run = Run::with(Options { leaks: Leaks::Forbid, ..Options::default() });
    let outcome = run.strategy(Lockstep).traced().execute(program);
    let finding = outcome.result.expect_err("the program has a bug");
    finding.to_string()
}

/// The report on tokio's, which is that on our own.
#[track_caller]
fn check_alike(own: Program, theirs: Program) -> String {
    let (own, theirs) = (told(own), told(theirs));
    // What tokio's types and methods are called, and which there are besides.
    let own = own.replace("lock#", "mutex#").replace("rwmutex#", "rwlock#");
    let own =
        own.replace("acquire mutex#", "lock mutex#").replace("in `acquire` at", "in `lock` at");
    let own = own.replace("recv or try_recv", "recv or recv_many or try_recv or blocking_recv");
    assert_eq!(own, theirs);
    theirs
}

macro_rules! alike {
    ($($program:ident: $told:literal;)*) => {
        $(
            #[test]
            fn $program() {
                let told = check_alike(
                    || Box::pin(own::programs::$program()),
                    || Box::pin(theirs::programs::$program()),
                );
                assert!(told.contains($told), "{told}");
            }
        )*
    };
}

alike! {
    locks_in_opposite_orders: "DEADLOCK";
    readers_that_both_want_to_write: "DEADLOCK";
    permits_that_all_wait_for_each_other: "DEADLOCK";
    notified_too_early: "LOST WAKE-UP";
    a_full_channel_each_way: "DEADLOCK";
    a_sender_that_is_kept: "DEADLOCK";
    a_message_that_a_timeout_loses: "lost";
    a_value_of_a_oneshot_that_a_timeout_loses: "lost";
    a_message_that_a_select_loses: "had just taken something";
    a_lock_that_was_handed_to_a_future_that_was_left: "FUTURELOCK";
    nobody_sends_to_all: "DEADLOCK";
    nobody_changes_what_is_watched: "DEADLOCK";
    one_of_two_arrives: "1 of 2";
    who_initializes_waits_for_who_waits_for_it: "DEADLOCK";
    a_permit_that_is_kept: "LEAK";
}
