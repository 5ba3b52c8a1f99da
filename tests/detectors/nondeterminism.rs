//! What no tape controls is found by doing it again: each of the usual causes, and no other
//! program.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::select;
use unpick::sim::hunt::nondeterminism;
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::seed::RunId;
use unpick::sim::time::sleep;
use unpick::sim::{HashMap, HashSet, Shared, spawn, step, yield_now};
use unpick::{Finding, Hunt, Kind, Run, event};

use crate::random::{interpret, programs};

/// What repeating a run of a program finds.
fn checked<F, Fut>(seed: u64, program: F) -> Option<Finding>
where
    F: Fn() -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    let tape = Run::new().seed(seed).execute(&program).tape;
    nondeterminism::check(&Options::default(), RunId::new(seed, 0), &tape, &program)
}

/// The finding, and whether this is given as the likely cause, or among the causes.
#[track_caller]
fn check_found(finding: Option<Finding>, line: u32, cause: &str) -> Finding {
    let finding = finding.expect("something that no tape controls");
    assert_eq!(finding.kind, Kind::Nondeterminism);
    assert!(finding.story.iter().any(|line| line.contains(cause)), "{finding}");
    let place = finding.place.as_ref().expect("a line");
    assert!(place.file.ends_with("nondeterminism.rs"), "{finding}");
    assert!(place.line.abs_diff(line) <= 3, "{finding}\nnot near line {line}");
    finding
}

#[expect(clippy::disallowed_types, reason = "its order is what is looked for")]
type RandomMap = std::collections::HashMap<u32, u32>;

#[test]
fn the_order_of_a_hash_map() {
    let line = line!() + 4;
    let finding = checked(1, || async {
        let map: RandomMap = (0..40).map(|key| (key, key)).collect();
        for key in map.into_keys() {
            Shared::new(0).named(format!("v{key}")).set(key);
        }
    });
    check_found(finding, line, "the order of a `HashMap`");
}

#[test]
fn a_select_that_is_not_biased() {
    let line = line!() + 5;
    let finding = checked(1, || async {
        for _ in 0..40 {
            let (mut left, mut right) = (futures::future::ready(()), futures::future::ready(()));
            select! {
                () = left => step().await,
                () = right => sleep(Duration::from_millis(1)).await,
            }
        }
    });
    check_found(finding, line, "a `select!`");
}

#[expect(clippy::disallowed_methods, reason = "a wall clock is what is looked for")]
fn wall_clock() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970")
}

#[test]
fn a_wall_clock() {
    let line = line!() + 1;
    let finding = checked(1, || async { Shared::new(Duration::ZERO).set(wall_clock()) });
    let finding = check_found(finding, line, "`Instant::now`");
    assert!(
        finding.story.iter().any(|line| line.starts_with("likely    `Instant::now`")),
        "{finding}"
    );
    let line = line!() + 1;
    let finding = checked(1, || async { sleep(wall_clock() / 10).await });
    check_found(finding, line, "`Instant::now`");
}

#[test]
fn a_random_generator() {
    let line = line!() + 3;
    let finding = checked(1, || async {
        let drawn = RandomState::new().build_hasher().finish();
        sleep(Duration::from_nanos(drawn % 1_000_000)).await;
    });
    check_found(finding, line, "a random generator");
}

#[test]
fn a_static_that_counts_runs() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let line = line!() + 2;
    let finding = checked(1, || async {
        Shared::new(0).set(RUNS.fetch_add(1, Ordering::Relaxed));
    });
    let finding = check_found(finding, line, "a static");
    assert!(finding.story.iter().any(|line| line.starts_with("likely    a static")), "{finding}");
}

#[test]
fn a_static_that_the_first_run_sets_up() {
    static IS_SET_UP: AtomicU64 = AtomicU64::new(0);
    let line = line!() + 5;
    let finding = checked(1, || async {
        let other = spawn(async { step().await });
        if IS_SET_UP.swap(1, Ordering::Relaxed) == 0 {
            yield_now().await;
            step().await;
        }
        other.await.expect("it returns");
    });
    let finding = finding.expect("the second run does otherwise");
    assert!(finding.message.contains("did not do the same as at first"), "{finding}");
    assert!(finding.story.iter().any(|line| line.contains("was set up once")), "{finding}");
    let place = finding.place.expect("a line");
    assert!(place.line.abs_diff(line) <= 4, "{place}, not near line {line}");
}

#[test]
fn something_that_the_closure_has_captured() {
    let seen = Mutex::new(Vec::new());
    let line = line!() + 5;
    let finding = checked(1, || async {
        let mut seen = seen.lock().expect("no run panics");
        seen.push(());
        for _ in 0..seen.len() {
            Shared::new(0).set(1);
        }
    });
    check_found(finding, line, "has captured");
}

#[test]
fn a_hunt_repeats_its_run_0_unless_it_is_switched_off() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let program = || async { event!("{}", RUNS.fetch_add(1, Ordering::Relaxed)) };
    let hunt = Hunt::new("counts").runs(3).quiet();
    hunt.clone().run(program).assert_finds(Kind::Nondeterminism);
    let detectors = Detectors { nondeterminism: Detection::Off, ..Detectors::DEFAULT };
    hunt.detectors(detectors).run(program).assert_ok();
}

#[test]
fn addresses_and_what_has_no_effect_are_none() {
    let program = || async {
        let place = Box::new(1);
        event!("at {:p}", place);
        Shared::new(std::ptr::null::<u8>()).set(&raw const *place as *const u8);
        let _unused = wall_clock();
    };
    assert_eq!(checked(1, program), None);
}

#[test]
fn maps_of_a_run_are_none() {
    let program = || async {
        let map: HashMap<u32, u32> = (0..40).map(|key| (key, key)).collect();
        let set: HashSet<u32> = map.into_keys().collect();
        for key in set {
            event!("{key}");
        }
    };
    for seed in 0..20 {
        assert_eq!(checked(seed, program), None);
    }
}

#[test]
fn programs_that_only_the_tape_controls_are_none() {
    for seed in 0..300 {
        let program = programs::generate(seed, programs::Mix::Even);
        let finding =
            checked(seed, || interpret::main(programs::generate(seed, programs::Mix::Even)));
        assert_eq!(finding, None, "program {seed}: {program:?}");
    }
}
