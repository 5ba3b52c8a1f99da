//! The watchdog, each time in a process of its own.

use std::time::Duration;

use unpick::sim::options::Options;
use unpick::sim::seed::RunId;
use unpick::sim::watchdog::EXIT_CODE;
use unpick::sim::{Run, spawn, task, yield_now};

use crate::support::child;

fn with_limit(limit: Option<Duration>) -> Run {
    Run::with(Options { poll_max: limit, ..Options::default() }).id(RunId::new(0x5eed, 41))
}

#[test]
fn a_poll_that_never_returns_ends_the_process_and_names_task_site_and_run() {
    let line = line!() + 4;
    if child::is_child() {
        let outcome = with_limit(Some(Duration::from_millis(300))).plain().execute(|| async {
            spawn(async { yield_now().await }).await.expect("it returns");
            let spins = task().named("spinner").spawn(async {
                loop {
                    std::hint::spin_loop();
                }
            });
            spins.await
        });
        unreachable!("the run does not end: {:?}", outcome.result.map(|_: Result<(), _>| ()));
    }
    let name = "watchdog::a_poll_that_never_returns_ends_the_process_and_names_task_site_and_run";
    let output = child::run_test(name);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(EXIT_CODE, 101);
    assert_eq!(output.status.code(), Some(101), "{errors}");
    for part in ["main.2 spinner", "watchdog.rs:", "0x5eed/41", "300 ms"] {
        assert!(errors.contains(part), "`{part}` in: {errors}");
    }
    assert!(errors.contains(&format!("watchdog.rs:{line}")), "{errors}");
}

#[test]
fn without_a_limit_a_poll_may_take_as_long_as_it_likes() {
    if child::is_child() {
        // The watchdog is there, because of another run.
        let other = with_limit(Some(Duration::from_millis(100))).execute(|| async {});
        assert_eq!(other.result, Ok(()));
        let slow = || async { std::thread::sleep(Duration::from_millis(700)) };
        assert_eq!(with_limit(None).execute(slow).result, Ok(()));
        return;
    }
    let name = "watchdog::without_a_limit_a_poll_may_take_as_long_as_it_likes";
    let output = child::run_test(name);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The limit is for one poll: neither a long run nor many short ones come near it.
#[test]
fn many_short_polls_are_not_one_long_one() {
    if child::is_child() {
        let limit = Some(Duration::from_secs(1));
        let a_while = Duration::from_millis(20);
        let outcome = with_limit(limit).execute(|| async {
            for _ in 0..75 {
                std::thread::sleep(a_while);
                yield_now().await;
            }
        });
        assert_eq!(outcome.result, Ok(()));
        for _ in 0..75 {
            let short = || async { std::thread::sleep(a_while) };
            assert_eq!(with_limit(limit).execute(short).result, Ok(()));
        }
        // Between two runs there is nothing to watch.
        std::thread::sleep(Duration::from_millis(1500));
        return;
    }
    let output = child::run_test("watchdog::many_short_polls_are_not_one_long_one");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
