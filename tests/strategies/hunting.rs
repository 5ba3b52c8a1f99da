//! Hunts: reproducible, frozen after calibration, and not blind.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use unpick::primitives::Lock;
use unpick::sim::hunt::explain::Replayed;
use unpick::sim::options::Detection;
use unpick::sim::strategy::portfolio::{CALIBRATION_RUNS, MEMBERS, Member};
use unpick::sim::{pick, spawn, yield_now};
use unpick::{Detectors, Hunt, Kind};

async fn philosophers(count: usize) {
    let forks: Rc<Vec<Lock<()>>> = Rc::new((0..count).map(|_| Lock::new(())).collect());
    let dine = |seat: usize, forks: Rc<Vec<Lock<()>>>| async move {
        let _left = forks[seat].lock().await;
        let _right = forks[(seat + 1) % forks.len()].lock().await;
    };
    let tasks: Vec<_> = (0..count).map(|seat| spawn(dine(seat, forks.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn lockstep_finds_the_philosophers_in_the_second_run() {
    for count in [3, 5, 20] {
        let report = Hunt::new("philosophers").quiet().run(|| philosophers(count));
        report.assert_finds(Kind::Deadlock);
        assert_eq!(report.runs, 2, "{count} philosophers");
    }
}

#[test]
fn every_strategy_finds_the_philosophers_but_the_plain_one() {
    // Otherwise a run would be steered into the locks, whatever the strategy did.
    let detectors = Detectors { lock_order: Detection::Off, ..Detectors::DEFAULT };
    for &(name, member) in MEMBERS {
        let hunt = Hunt::new(name).quiet().strategy(member).past_calibration();
        let hunt = hunt.detectors(detectors);
        let report = hunt.runs(400).run(|| philosophers(3));
        let expected = (member != Member::Fifo).then_some(Kind::Deadlock);
        assert_eq!(report.finding().map(|finding| finding.kind), expected, "{name}");
    }
}

#[test]
fn a_run_of_a_hunt_is_remade_by_its_number() {
    for seed in 0..20 {
        let hunt = Hunt::new("philosophers").quiet().seed(seed).strategy(Member::Surw);
        let hunt = hunt.past_calibration();
        let mut report = hunt.run(|| philosophers(4));
        let failure = report.failures.pop().expect("four philosophers deadlock");
        assert_eq!(failure.replayed(), Some(&Replayed::Identically));
        let again = hunt.run_one(failure.id.number, || philosophers(4));
        assert_eq!((again.tape, again.result), (failure.tape, Err(failure.finding)));
    }
}

/// Three tasks that yield as often as is drawn, and then it fails.
async fn uneven() {
    let steps = || async {
        for _ in 0..pick(12) {
            yield_now().await;
        }
    };
    let tasks = [spawn(steps()), spawn(steps()), spawn(steps())];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
    panic!("it was over");
}

/// Every run of this calibration says something else of the tasks.
#[test]
fn a_remade_run_has_learnt_from_all_of_the_calibration() {
    for (seed, member) in (0..20).flat_map(|seed| [(seed, Member::Urw), (seed, Member::Surw)]) {
        let hunt = Hunt::new("uneven").quiet().unexplained().seed(seed).strategy(member);
        let hunt = hunt.past_calibration();
        let report = hunt.run(uneven);
        let failure = report.failure().expect("the first run that counts fails");
        assert_eq!(failure.id.number, CALIBRATION_RUNS);
        let again = hunt.run_one(failure.id.number, uneven);
        assert_eq!(again.tape.token(), failure.tape.token(), "{seed}, {member:?}");
    }
}

#[test]
fn a_hunt_without_runs_is_refused() {
    let hunt = std::panic::catch_unwind(|| Hunt::new("none").runs(0).run(|| async {}));
    let payload = hunt.expect_err("no runs");
    let message = payload.downcast_ref::<String>().expect("a text");
    assert_eq!(message, "hunt `none` has no runs to make; allowed: at least 1");
}

#[test]
fn a_tape_that_does_not_reproduce_is_said_to_be_so() {
    let count = AtomicU32::new(0);
    let report = Hunt::new("stateful").quiet().run(|| {
        let run = count.fetch_add(1, Ordering::Relaxed);
        async move { assert_ne!(run, 3, "only the fourth time") }
    });
    let failure = report.failure().expect("the fourth run fails");
    let Some(Replayed::Otherwise { alike: 0, of: 8, instead, .. }) = failure.replayed() else {
        panic!("it does not fail again: {:?}", failure.replayed());
    };
    assert_eq!(instead, "it passes");
    let words = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("reproduced in 0 of 8 replays: it passes"), "{report}");
}
