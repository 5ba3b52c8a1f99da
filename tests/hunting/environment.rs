//! What the environment makes of hunts.

use std::time::Duration;

use unpick::sim::environment::Environment;
use unpick::sim::hunt::explain::Replayed;
use unpick::{Hunt, Kind, Report};

use crate::{child, opposite_locks, sound};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::read(variables.iter().copied()).expect("it makes sense")
}

fn found_by(hunt: &Hunt, variables: &[(&str, &str)]) -> Report {
    hunt.clone().quiet().environment(environment(variables)).run(opposite_locks)
}

#[test]
fn it_overrides_what_the_builder_says() {
    let hunt = Hunt::new("overridden").runs(40).quiet().past_calibration();
    let with =
        |variables: &[(&str, &str)]| hunt.clone().environment(environment(variables)).run(sound);
    assert_eq!(with(&[]).runs, 40);
    assert_eq!(with(&[("UNPICK_RUNS", "50")]).runs, 50);
    assert_eq!(with(&[("UNPICK_RUNS", "2x")]).runs, 80);
    assert_eq!(with(&[("UNPICK_SHARD", "2/4")]).runs, 34, "32 for calibration, and 2 of 8");
    let by_pos = with(&[("UNPICK_STRATEGY", "pos"), ("UNPICK_JOBS", "2")]);
    assert_eq!(by_pos.strategies.keys().collect::<Vec<_>>(), ["pos"]);
    assert_eq!(with(&[("UNPICK_SEED", "7")]).seed, 7);
    let cut = hunt.clone().runs(u64::MAX).environment(environment(&[("UNPICK_TIME", "20ms")]));
    assert!(cut.run(sound).is_out_of_time);
    let spent = cut.wall_max(Duration::from_secs(3600)).run(sound);
    assert!(spent.is_out_of_time, "it overrides the budget in code");
}

#[test]
fn a_run_by_its_seed_and_a_tape_are_made_alone() {
    let hunt = Hunt::new("alone");
    let found = found_by(&hunt, &[]);
    let failure = found.failure().expect("it is found").clone();
    let again = found_by(&hunt, &[("UNPICK_SEED", &failure.id.to_string())]);
    assert_eq!(again.runs, 1);
    let repeated = again.failure().expect("it is found again");
    assert_eq!((&repeated.tape, &repeated.strategy), (&failure.tape, &failure.strategy));
    assert_eq!(repeated.finding, failure.finding);
    let token = failure.tape.token().to_string();
    let replayed = found_by(&hunt, &[("UNPICK_TAPE", &token)]);
    let replayed = replayed.failure().expect("it is found again");
    assert_eq!(replayed.finding, failure.finding);
    assert_eq!(replayed.replayed(), Some(&Replayed::Identically));
    let passing = found_by(&hunt, &[("UNPICK_SEED", "0x0/0")]);
    passing.assert_ok();
    assert!(passing.to_string().contains("only run 0x0/0 was made, as UNPICK_SEED says"));
}

#[test]
fn a_tape_of_another_program_is_a_finding() {
    let found = Hunt::new("other").quiet().run(opposite_locks);
    let token = found.failure().expect("it is found").tape.token().to_string();
    let hunt = Hunt::new("other").quiet().environment(environment(&[("UNPICK_TAPE", &token)]));
    hunt.run(|| async {}).assert_finds(Kind::Divergence);
}

#[test]
fn a_seed_in_code_overrules_it_and_that_is_said() {
    let hunt = Hunt::new("seeded").seed(3).runs(40).quiet();
    for value in ["7", "7/2", "random"] {
        let report = hunt.clone().environment(environment(&[("UNPICK_SEED", value)])).run(sound);
        assert_eq!((report.seed, report.runs), (3, 40));
        let note = "UNPICK_SEED was overruled: the code names a seed itself";
        assert!(report.to_string().contains(note), "{report}");
    }
}

#[test]
fn random_seeds_differ_and_are_said() {
    let environment = environment(&[("UNPICK_SEED", "random")]);
    let hunt = Hunt::new("random").runs(1).quiet().environment(environment);
    let (first, second) = (hunt.run(sound), hunt.run(sound));
    assert_ne!(first.seed, second.seed);
    let note = format!("UNPICK_SEED=random drew {:#x}", first.seed);
    assert!(first.to_string().contains(&note), "{first}");
}

/// With the environment of a process of its own.
#[test]
fn a_hunt_with_an_environment_that_makes_no_sense_fails() {
    if child::is_child() {
        Hunt::new("refused").run(sound).assert_ok();
        return;
    }
    let name = "environment::a_hunt_with_an_environment_that_makes_no_sense_fails";
    let output = child::run_test_with(name, &[("UNPICK_SHARD", "5/4")]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    let expected = "hunt `refused`: UNPICK_SHARD=5/4: there is no such part; allowed: i/n";
    assert!(text.contains(expected), "{text}");
    let output = child::run_test(name);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
