//! `#[tokio::test]`: as it is in tokio, and a hunt where the environment asks for one.

#![expect(clippy::unwrap_used, reason = "programs under test, written as their authors would")]

use std::process::{Command, ExitCode, Output};
use std::sync::Arc;

use unpick_sim::probe::is_inside_run;
use unpick_tokio as tokio;
use unpick_tokio::runtime::{Handle, RuntimeFlavor};
use unpick_tokio::sync::Mutex;
use unpick_tokio::time::{Duration, Instant, sleep};

/// Whether this is the process that [`hunting`] has started.
fn is_hunted() -> bool {
    std::env::var_os("UNPICK_TOKIO_TEST").is_some()
}

#[tokio::test]
async fn without_arguments_it_has_one_thread() {
    assert_eq!(is_inside_run(), is_hunted());
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_has_as_many_threads_as_it_says() {
    assert_eq!(is_inside_run(), is_hunted());
    if !is_hunted() {
        assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
        assert_eq!(Handle::current().metrics().num_workers(), 2);
    }
}

#[tokio::test(start_paused = true, crate = "unpick_tokio")]
async fn a_clock_that_is_paused_jumps() -> Result<(), std::io::Error> {
    let begin = Instant::now();
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(86_400));
    Ok(())
}

#[tokio::test(flavor = "local")]
async fn what_it_returns_may_be_an_exit_code() -> ExitCode {
    ExitCode::SUCCESS
}

#[tokio::test]
#[should_panic(expected = "as it should")]
async fn it_works_beside_should_panic() {
    panic!("as it should");
}

/// Right as long as nothing comes in between: on one thread nothing does.
#[tokio::test]
async fn deposits() {
    let balance = Arc::new(Mutex::new(100));
    let tellers: Vec<_> = (0..2)
        .map(|_| {
            let balance = Arc::clone(&balance);
            tokio::spawn(async move {
                let seen = *balance.lock().await;
                *balance.lock().await = seen + 10;
            })
        })
        .collect();
    for teller in tellers {
        teller.await.unwrap();
    }
    assert_eq!(*balance.lock().await, 120);
}

#[tokio::test]
async fn an_error_of_some_schedules() -> Result<(), String> {
    let first = tokio::spawn(async { Instant::now() });
    let second = tokio::spawn(async { tokio::task::yield_now().await });
    second.await.map_err(|error| error.to_string())?;
    if first.is_finished() { Ok(()) } else { Err("overtaken".to_owned()) }
}

/// This test, run again as a hunt.
fn hunting(test: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env("UNPICK_TOKIO_TEST", "hunt").env("UNPICK_RUNS", "50");
    command.env("UNPICK_REGRESSIONS", "off").env("UNPICK_REPORT_DIR", env!("CARGO_TARGET_TMPDIR"));
    command.output().unwrap()
}

#[track_caller]
fn check_passes(test: &str) {
    let output = hunting(test);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[track_caller]
fn check_finds(test: &str, found: &str) {
    let output = hunting(test);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && told.contains(found), "{told}");
    let rerun = format!(
        "UNPICK_TOKIO_TEST=hunt cargo test -p unpick-tokio --test attribute -- --exact {test}"
    );
    assert!(told.contains(&rerun), "{told}");
}

#[test]
fn what_the_environment_asks_to_hunt_is_hunted() {
    if is_hunted() {
        return;
    }
    check_passes("without_arguments_it_has_one_thread");
    check_passes("it_has_as_many_threads_as_it_says");
    check_passes("a_clock_that_is_paused_jumps");
    check_passes("what_it_returns_may_be_an_exit_code");
    check_passes("it_works_beside_should_panic");
    check_finds("deposits", "left: 110");
    check_finds("an_error_of_some_schedules", "overtaken");
}

#[test]
fn a_value_of_the_variable_that_makes_no_sense_fails_the_test() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "deposits"]).env("UNPICK_TOKIO_TEST", "yes");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("UNPICK_TOKIO_TEST=yes: no way to run them; allowed: `hunt`"), "{told}");
}

#[tokio::main(flavor = "current_thread")]
async fn main_of_a_program() {
    sleep(Duration::from_millis(1)).await;
}

#[test]
fn a_main_function_blocks_and_a_run_that_comes_to_it_says_so() {
    main_of_a_program();
    let outcome = unpick_sim::Run::new().execute(|| async { main_of_a_program() });
    let message = outcome.result.unwrap_err().message;
    assert!(message.contains("`Runtime::block_on` was called inside of a run"), "{message}");
    assert!(message.contains("#[tokio::main]"), "{message}");
}
