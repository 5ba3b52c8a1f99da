//! Tokio's own names, simulated.
//!
//! Code that is written for tokio runs unchanged in hunts of [unpick](https://docs.rs/unpick):
//! with its own imports, in virtual time, under every order of its tasks' steps.
//!
//! Without the feature `sim` this package is `pub use tokio::*` and nothing else, so that code
//! which is built for production is built with tokio. With it, and outside of a run, everything
//! defers to tokio.
//!
//! # Porting a crate in five minutes
//!
//! 1. Name this package `tokio`, and turn on its feature `sim` for tests alone. Its other features
//!    are tokio's.
//!
//!    ```toml
//!    [dependencies]
//!    tokio = { package = "unpick-tokio", version = "0.1", features = ["rt", "sync", "time"] }
//!
//!    [dev-dependencies]
//!    tokio = { package = "unpick-tokio", version = "0.1", features = ["sim"] }
//!    unpick = "0.1"
//!    ```
//!
//! 2. Write a test whose attribute is `#[unpick::test]` in the place of `#[tokio::test]`: the same
//!    body now runs a thousand times, each time under another schedule.
//!
//!    ```
//!    # use unpick_tokio as tokio;
//!    use std::sync::Arc;
//!    use tokio::sync::Mutex;
//!
//!    // #[unpick::test]
//!    async fn deposits() {
//!        let balance = Arc::new(Mutex::new(100));
//!        let tellers: Vec<_> = (0..2)
//!            .map(|_| {
//!                let balance = balance.clone();
//!                tokio::spawn(async move {
//!                    let seen = *balance.lock().await;
//!                    *balance.lock().await = seen + 10;
//!                })
//!            })
//!            .collect();
//!        for teller in tellers {
//!            teller.await.unwrap();
//!        }
//!        assert_eq!(*balance.lock().await, 120);
//!    }
//!    # let report = unpick_sim::hunt::Hunt::new("deposits").quiet().run(deposits);
//!    # report.assert_finds(unpick_sim::finding::Kind::Panic);
//!    ```
//!
//!    Tests that are there already can stay as they are: `UNPICK_TOKIO_TEST=hunt cargo test` makes
//!    hunts of those under [`#[tokio::test]`](macro@test), whatever their arguments, and without it
//!    they run as they do in tokio.
//!
//! 3. Where the code opens sockets or files, hand it what it reads and writes:
//!    `tokio::io::duplex` connects a client and a server without a system. A run that comes to a
//!    socket, a file, a process or a signal ends with a finding which says so.
//! 4. Where it blocks on a future (`Runtime::block_on`), let the test call the async function
//!    underneath.
//!
//! # What is controlled, what is detected, what is not seen
//!
//! | | inside of a run |
//! |---|---|
//! | `spawn`, `JoinSet`, `LocalSet`, `spawn_blocking` | *controlled*: tasks of the run; a closure that blocks is one step |
//! | `sync` | *controlled*: tokio's own types, each operation announced, named and explained |
//! | `time` | *controlled*: virtual time, at whole milliseconds; a value at the instant of its deadline is a choice |
//! | `select!` | *controlled*: which branch is polled first is on the tape |
//! | a panic of a task, or of what it drops when it is aborted | goes to whoever awaits it, as in tokio; *detected* if nobody does |
//! | crates that use tokio themselves | *controlled*: they find a paused runtime of tokio's own in every run; each poll of a task there is a turn of the run, and its clock is the run's. They wait for something that reports call unknown |
//! | which branch `select!` polls first, in such crates | *detected*, as nondeterminism, where it matters: tokio draws it from the system |
//! | sockets, processes, signals | *detected*: a finding that says what to do |
//! | files, host names, closures that block in such crates | *detected*: a finding that says what to do |
//! | blocking on a future, as `#[tokio::main]` does | *detected*, unless it is ready at once |
//! | std locks, atomics, threads of one's own | *not seen*: unpick's documentation has the table for all code |
//! | a panic of a task of such crates in the very poll in which it spawns another one | *not seen*, but in the trace: tokio tells nobody that a task ended so, only how many there are |
//! | how many threads poll tasks, budgets of cooperative scheduling | *not seen*: tasks of a run give way where a schedule says |
//!
//! Such a crate's tasks have no names. Traces say when tokio's own runtime is given one, each poll is
//! a step of the task that is called `tokio`, and jumps of the clock to timers there are told. Built
//! with `RUSTFLAGS="--cfg tokio_unstable"`, tokio tells where each was spawned, and traces say so. A
//! panic of one fails the run, as tokio does not tell whether somebody awaits it;
//! `tokio::sim::handle_panics` says that somebody does.
//!
//! Only programs with such crates pay for that runtime. A hunt makes its runs without driving it; the
//! first of them in which somebody asks it for a task, a timer or the time is thrown away, and the
//! hunt begins anew with all of it: so the program may be called once or a few times more than there
//! are runs. `sim::enter` is for systems on which a package cannot say that it goes with every run
//! (those other than Linux, Android, macOS, Windows and the BSDs).
//!
//! Such a crate can be built against this package as well: a copy of its source, whose dependency
//! `tokio` is `{ package = "unpick-tokio", … }`, in the place of the published one by cargo's
//! `[patch.crates-io]`. Then its own operations are announced, named and interleaved.
//!
//! Types of this package are not tokio's: a function of another crate that takes a
//! `tokio::sync::mpsc::Receiver` or a `tokio::time::Interval` wants tokio's own. Instants, handles,
//! ids and errors convert.
//!
//! # What it costs
//!
//! In hunts a step of a program over this package costs what one of unpick's own does (504
//! instructions and 30 for the call), and a jump of the clock too (1026, and 250 for instants that
//! are tokio's): the driven runtime costs such a program nothing but 450 instructions a run. Where a
//! crate uses tokio itself, a jump costs 0.1 µs if nothing of tokio's is due, and 0.6 to 2 µs if
//! something is. `cargo run --release -p unpick-tokio --features full,sim --example cost` counts
//! that anew, and `--example sync_cost` what an operation of `sync` costs over tokio's own.
//!
//! # What has been run
//!
#![doc = include_str!("../RUN.md")]
//!
//! # Tokio's own tests
//!
//! Tokio's published tests of `sync`, `task`, `time` and the macros are run over this package with
//! its feature `sim` by `cargo run -p unpick-tokio --features full,sim --example published`. Of
//! tokio 1.54.1:
//!
//! | | pass | fail | left out |
//! |---|---|---|---|
//! | outside of runs | 649 | 0 | 9 files: 5 need `--cfg tokio_unstable`, 3 are for another target, 1 is about a tokio of another name |
//! | inside of runs: the plain one and 100 random ones each | 531 | 0 | those 9 files, that of tokio's attributes, and 115 tests |
//!
//! Inside of runs are left out: 48 that block the thread or on a future, 18 that start threads, 14
//! that look at where something panics or runs outside of a run, 12 that are about the budget of
//! cooperative scheduling, 7 about `block_in_place` where tokio refuses it, 4 that take for granted
//! that tasks run in the order of spawning, 3 with sockets, 2 of a panic that is a finding here, 3
//! of `LocalRuntime`, 2 of a call without a runtime, and 2 that pause time where tokio refuses to.

pub use tokio::*;

#[cfg(feature = "sim")]
mod driven;
#[cfg(feature = "sim")]
mod inside;
#[cfg(feature = "sim")]
#[doc(hidden)]
pub mod macros;
#[cfg(feature = "sim")]
pub mod runtime;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sim")]
pub mod sync;
#[cfg(feature = "sim")]
pub mod task;
#[cfg(feature = "sim")]
pub mod time;

#[cfg(feature = "sim")]
pub use task::spawn;
/// Makes a test of an async function: tokio's [`#[tokio::test]`](__tokio::test), with all its
/// arguments.
///
/// Where the environment has `UNPICK_TOKIO_TEST=hunt`, the test is a hunt instead: the function is
/// called afresh in each run, as under `#[unpick::test]`, whose variables hold for it too. What
/// the arguments say of a runtime means nothing there. Otherwise it runs as it does in tokio.
///
/// The function returns nothing, a `Result` whose error is a finding, or anything else that a test
/// may return.
#[cfg(feature = "sim")]
pub use unpick_macros::tokio_test as test;

/// For macros.
#[cfg(feature = "sim")]
#[doc(hidden)]
pub use tokio as __tokio;
