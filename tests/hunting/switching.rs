//! Hunts under both switchings.

use std::collections::BTreeMap;

use unpick::sim::step;
use unpick::sim::strategy::portfolio::CALIBRATION_RUNS;
use unpick::{Hunt, Kind, Switching};

/// Fails wherever another task comes in between before a step: under preemptive switching only.
async fn needs_preemption() {
    let other = unpick::sim::spawn(async {});
    step().await;
    assert!(!other.is_finished(), "the other one came first");
    other.await.expect("nobody aborts it");
}

#[test]
fn runs_take_turns_between_preemptive_and_cooperative() {
    let hunt = Hunt::new("both").quiet().seed(7).both_switchings().past_calibration();
    let report = hunt.run(needs_preemption);
    report.assert_finds(Kind::Panic);
    for number in 0..200 {
        let outcome = hunt.run_one(number, needs_preemption);
        let expected = [Switching::Preemptive, Switching::Cooperative][number as usize % 2];
        assert_eq!(outcome.tape.switching, expected);
        if expected == Switching::Cooperative {
            assert_eq!(outcome.result, Ok(()));
        }
    }
    let first = hunt.run_one(report.failures[0].id.number, needs_preemption);
    assert_eq!(first.tape, report.failures[0].tape, "a run of both is remade by its number");
}

#[test]
fn each_strategy_makes_as_many_runs_under_one_switching_as_under_the_other() {
    let runs = 1000 + CALIBRATION_RUNS;
    let one = Hunt::new("one").runs(500 + CALIBRATION_RUNS).run(crate::sound);
    let both = Hunt::new("both").runs(runs).both_switchings().run(crate::sound);
    let halved: BTreeMap<_, _> =
        both.strategies.iter().map(|(name, counts)| (name.clone(), counts.runs / 2)).collect();
    let single: BTreeMap<_, _> =
        one.strategies.iter().map(|(name, counts)| (name.clone(), counts.runs)).collect();
    assert_eq!(halved, single);
}
