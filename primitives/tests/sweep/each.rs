//! One program, with each of its tasks cancelled at each of its awaits.

use std::future::Future;

use unpick_sim::Run;
use unpick_sim::options::{Switching, TimeModel};
use unpick_sim::seed::RunId;

use crate::victim::{Manner, Victim};

/// How many schedules each cancellation is tried under, in each switching mode.
const SEEDS: u64 = 12;
/// No task of these programs suspends more often than this.
const AWAITS_MAX: u32 = 60;

/// Runs a program without a cancellation, and then with each of its tasks cancelled at each of
/// its awaits, in both manners, under random schedules.
#[track_caller]
pub(crate) fn sweep<F, Fut>(tasks: u32, program: F)
where
    F: Fn(Victim) -> Fut,
    Fut: Future<Output = ()>,
{
    let mut cancelled = 0_u32;
    check(&program, &Victim::nobody());
    for task in 0..tasks {
        for manner in [Manner::InPlace, Manner::Aborted] {
            let mut at = 0;
            loop {
                assert!(at < AWAITS_MAX, "task {task} suspends more than {AWAITS_MAX} times");
                let victim = Victim::new(task, at, manner);
                check(&program, &victim);
                if !victim.was_struck() {
                    break;
                }
                cancelled += 1;
                at += 1;
            }
        }
    }
    assert!(cancelled >= tasks, "only {cancelled} cancellations took place");
}

#[track_caller]
fn check<F, Fut>(program: &F, victim: &Victim)
where
    F: Fn(Victim) -> Fut,
    Fut: Future<Output = ()>,
{
    for switching in [Switching::Cooperative, Switching::Preemptive] {
        for number in 0..SEEDS {
            let time = if number % 3 == 2 { TimeModel::Stalling } else { TimeModel::Exact };
            let run = Run::new().id(RunId::new(0x5eed, number)).switching(switching).time(time);
            let outcome = run.execute(|| program(victim.clone()));
            if let Err(finding) = outcome.result {
                let tape = outcome.tape.token();
                panic!("{victim:?} under {switching:?}, {tape}: {finding}");
            }
        }
    }
}
