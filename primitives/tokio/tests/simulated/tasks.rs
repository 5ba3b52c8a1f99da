//! Tasks, their handles and sets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use unpick_sim::Run;
use unpick_sim::finding::Kind;
use unpick_tokio::runtime::Handle;
use unpick_tokio::task::{self, JoinSet, LocalSet};
use unpick_tokio::{spawn, time};

use super::{finding_of, run};

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn a_panic_that_somebody_awaits_is_an_error_of_the_handle() {
    let outcome = run(0, || async {
        let error = spawn(async { panic!("it fell over") }).await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.id().to_string(), "1");
        assert_eq!(error.to_string(), "task 1 panicked with message \"it fell over\"");
        *error.into_panic().downcast::<&str>().unwrap()
    });
    assert_eq!(outcome.result, Ok("it fell over"));
}

#[test]
fn a_panic_that_nobody_awaits_is_a_finding_at_its_own_place() {
    for keeps_handle in [false, true] {
        let outcome = run(0, || async move {
            let handle = spawn(async { panic!("unheard") });
            if !keeps_handle {
                drop(handle);
                time::sleep(MILLI).await;
                return;
            }
            while !handle.is_finished() {
                task::yield_now().await;
            }
        });
        let finding = finding_of(outcome, Kind::Panic);
        assert_eq!(finding.message, "unheard");
        assert_eq!(finding.task.as_deref(), Some("main.1"));
        let place = finding.place.unwrap().to_string();
        assert!(place.contains("tasks.rs"), "{place}");
    }
}

#[test]
fn an_aborted_task_is_cancelled_wherever_it_waits() {
    for seed in 0..20 {
        let outcome = run(seed, || async {
            let task = spawn(pending::<()>());
            let aborts = task.abort_handle();
            task::yield_now().await;
            assert!(!aborts.is_finished());
            aborts.abort();
            let error = task.await.unwrap_err();
            assert!(error.is_cancelled() && aborts.is_finished());
            assert_eq!(aborts.id(), error.id());
            std::io::Error::from(error).to_string()
        });
        assert_eq!(outcome.result.as_deref(), Ok("task was cancelled"));
    }
}

#[test]
fn tasks_count_from_one_and_the_main_future_is_none() {
    let outcome = run(0, || async {
        assert_eq!(task::try_id(), None);
        let tasks = [spawn(async { task::id() }), spawn(async { task::id() })];
        let mut ids = Vec::new();
        for handle in tasks {
            let id = handle.id();
            assert_eq!(handle.await.unwrap(), id);
            ids.push(id.to_string());
        }
        ids
    });
    assert_eq!(outcome.result, Ok(vec!["1".to_owned(), "2".to_owned()]));
}

#[test]
fn a_set_gives_outputs_in_the_order_in_which_tasks_end() {
    for seed in 0..50 {
        let outcome = run(seed, || async {
            let mut set = JoinSet::new();
            for millis in [30_u32, 10, 20] {
                set.spawn(async move {
                    time::sleep(MILLI * millis).await;
                    millis
                });
            }
            time::sleep(MILLI * 25).await;
            let mut order = Vec::new();
            while let Some(joined) = set.join_next_with_id().await {
                let (id, millis) = joined.unwrap();
                order.push((id.to_string(), millis));
            }
            order
        });
        let expected =
            [("2", 10), ("3", 20), ("1", 30)].map(|(id, millis)| (id.to_owned(), millis));
        assert_eq!(outcome.result, Ok(expected.to_vec()), "seed {seed}");
    }
}

#[test]
fn all_orders_in_which_the_tasks_of_a_set_may_end_occur() {
    let program = || async {
        let mut set: JoinSet<char> =
            ['a', 'b', 'c'].map(|c| async move { c }).into_iter().collect();
        let mut order = String::new();
        while let Some(joined) = set.join_next().await {
            order.push(joined.unwrap());
        }
        order
    };
    let orders: BTreeSet<String> =
        (0..200).map(|seed| run(seed, program).result.unwrap()).collect();
    assert_eq!(orders.len(), 6);
}

#[test]
fn a_set_aborts_its_tasks_when_it_is_dropped_or_shut_down_and_not_those_it_let_go() {
    let dropped = Rc::new(Cell::new(0));
    struct Counts(Rc<Cell<u32>>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let outcome = run(0, || async {
        LocalSet::new()
            .run_until(async {
                let waits = || {
                    let counts = Counts(dropped.clone());
                    async move {
                        let _counts = counts;
                        pending::<()>().await;
                    }
                };
                let mut set = JoinSet::new();
                set.spawn_local(waits());
                set.spawn_local(waits());
                set.shutdown().await;
                assert_eq!((dropped.get(), set.len()), (2, 0));
                set.spawn_local(waits());
                set.detach_all();
                set.spawn_local(waits());
                drop(set);
                time::sleep(MILLI).await;
                dropped.get()
            })
            .await
    });
    assert_eq!(outcome.result, Ok(3));
}

#[test]
fn whoever_waits_at_a_set_for_ever_is_told_of_with_the_set() {
    let outcome = run(0, || async {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        set.join_next().await;
    });
    let finding = finding_of(outcome, Kind::Deadlock);
    let blocked = &finding.blocked[0];
    assert_eq!(blocked.waits[0].operation, "join_next");
    assert!(blocked.waits[0].place.to_string().contains("tasks.rs"));
}

#[test]
fn local_tasks_run_only_while_their_set_is_driven() {
    for seed in 0..20 {
        let outcome = run(seed, || async {
            let log = Rc::new(RefCell::new(Vec::new()));
            let set = LocalSet::new();
            let writer = log.clone();
            let task = set.spawn_local(async move {
                writer.borrow_mut().push("ran");
            });
            time::sleep(MILLI).await;
            assert!(log.borrow().is_empty(), "nothing has driven it");
            set.run_until(async move {
                task::spawn_local(task).await.unwrap().unwrap();
            })
            .await;
            set.spawn_local(pending::<()>());
            let writer = log.clone();
            set.spawn_local(async move { writer.borrow_mut().push("never") });
            drop(set);
            time::sleep(MILLI).await;
            log.take()
        });
        assert_eq!(outcome.result, Ok(vec!["ran"]), "seed {seed}");
    }
}

#[test]
fn a_local_set_that_is_awaited_ends_with_its_last_task() {
    let outcome = run(3, || async {
        let set = LocalSet::new();
        set.spawn_local(async {
            task::spawn_local(time::sleep(MILLI * 7));
        });
        let begin = time::Instant::now();
        set.await;
        begin.elapsed()
    });
    assert_eq!(outcome.result, Ok(MILLI * 7));
}

#[test]
fn spawn_local_outside_of_a_set_panics_as_tokios_does() {
    let outcome = run(0, || async {
        task::spawn_local(async {});
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.starts_with("`spawn_local` called from outside of a `task::LocalSet`"));
}

#[test]
fn a_closure_that_blocks_is_one_step_at_any_time() {
    let program = || async {
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let writer = log.clone();
        let task = task::spawn_blocking(move || {
            writer.lock().unwrap().push('b');
            writer.lock().unwrap().push('b');
            6 * 7
        });
        for _ in 0..3 {
            log.lock().unwrap().push('a');
            task::yield_now().await;
        }
        assert_eq!(task.await.unwrap(), 42);
        std::sync::Arc::into_inner(log).unwrap().into_inner().unwrap()
    };
    let orders: BTreeSet<String> =
        (0..100).map(|seed| run(seed, program).result.unwrap()).collect();
    assert_eq!(orders.into_iter().collect::<Vec<_>>(), ["aaabb", "aabba", "abbaa"]);
}

#[test]
fn blocking_on_a_future_inside_of_a_run_says_what_to_do_unless_it_is_ready() {
    let outcome = run(0, || async {
        assert_eq!(Handle::current().block_on(async { 7 }), 7);
        task::block_in_place(|| Handle::current().block_on(time::sleep(MILLI)));
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("`Handle::block_on` was called inside of a run"), "{message}");
    assert!(message.contains("Await instead"), "{message}");
}

#[test]
fn a_runtime_that_a_run_makes_spawns_into_the_run_and_takes_its_tasks_along() {
    let outcome = run(0, || async {
        let runtime = unpick_tokio::runtime::Runtime::new().unwrap();
        let ends = runtime.spawn(async { 1 });
        let waits = runtime.handle().spawn(pending::<()>());
        let ended = ends.await.unwrap();
        drop(runtime);
        (ended, waits.await.unwrap_err().is_cancelled())
    });
    assert_eq!(outcome.result, Ok((1, true)));
}

/// Panics when it is dropped.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_panic_of_what_an_aborted_task_drops_goes_to_whoever_awaits_it() {
    let program = |awaits: bool| async move {
        let task = spawn(async {
            let _panics = PanicsInDrop;
            pending::<()>().await;
        });
        time::sleep(MILLI).await;
        task.abort();
        time::sleep(MILLI).await;
        if awaits {
            assert_eq!(task.await.unwrap_err().into_panic().downcast_ref(), Some(&"dropped"));
        }
    };
    for seed in 0..20 {
        assert_eq!(run(seed, || program(true)).result, Ok(()));
        let finding = finding_of(run(seed, || program(false)), Kind::Panic);
        assert_eq!(finding.message, "dropped");
        assert!(finding.place.unwrap().to_string().contains("tasks.rs"));
    }
}

#[test]
fn sockets_inside_of_a_run_are_a_finding_that_says_what_to_do() {
    let outcome = run(0, || async {
        let _listener = unpick_tokio::net::TcpListener::bind("127.0.0.1:0").await;
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("tokio::io::duplex"), "{message}");
}

#[test]
fn files_inside_of_a_run_are_a_finding_that_says_what_to_do() {
    let outcome = run(0, || async {
        let _text = unpick_tokio::fs::read_to_string("Cargo.toml").await;
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("behind a trait"), "{message}");
}

#[test]
fn processes_inside_of_a_run_are_a_finding_that_says_what_to_do() {
    let outcome = run(0, || async {
        let _child = unpick_tokio::process::Command::new("true").spawn();
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("behind a trait"), "{message}");
}

#[test]
fn signals_inside_of_a_run_are_a_finding_that_says_what_to_do() {
    let outcome = run(0, || async {
        let _interrupted = unpick_tokio::signal::ctrl_c().await;
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("behind a trait"), "{message}");
}

#[test]
fn a_local_runtime_inside_of_a_run_is_refused_with_what_there_is_instead() {
    let outcome = run(0, || async {
        let mut builder = unpick_tokio::runtime::Builder::new_current_thread();
        let refused = builder.build_local(Default::default()).unwrap_err();
        refused.to_string()
    });
    let told = outcome.result.unwrap();
    assert_eq!(told, "a `LocalRuntime` is not to be had inside of a run; a `LocalSet` is");
    let outside = unpick_tokio::runtime::LocalRuntime::new().unwrap();
    let task = outside.spawn_local(async { Rc::new(7) });
    assert_eq!(outside.block_on(async { *task.await.unwrap() }), 7);
    let outcome = run(0, || async {
        assert!(unpick_tokio::runtime::LocalRuntime::new().is_err());
        outside.block_on(time::sleep(MILLI));
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("`LocalRuntime::block_on` was called inside of a run"), "{message}");
}

#[test]
fn a_closure_that_blocks_in_place_is_part_of_its_tasks_step() {
    for seed in 0..50 {
        let outcome = run(seed, || async {
            let (count, other) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let (counter, seen) = (count.clone(), other.clone());
            let task = LocalSet::new();
            task.spawn_local(async move {
                task::block_in_place(|| {
                    counter.set(counter.get() + 1);
                    counter.set(counter.get() + 1);
                });
            });
            task.spawn_local(async move { seen.set(count.get()) });
            task.await;
            other.get()
        });
        let seen = outcome.result.unwrap();
        assert!(seen == 0 || seen == 2, "seed {seed}: {seen}");
    }
}

#[test]
fn outside_of_runs_everything_is_tokios() {
    let runtime = unpick_tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (sum, elapsed) = runtime.block_on(async {
        let begin = time::Instant::now();
        let mut set: JoinSet<u64> = (1..=4).map(|n| async move { n }).collect();
        let mut sum = spawn(async { 10 }).await.unwrap();
        while let Some(joined) = set.join_next().await {
            sum += joined.unwrap();
        }
        let late = time::timeout(MILLI * 20, pending::<()>()).await;
        assert!(late.is_err());
        let panicked = spawn(async { panic!("handled") }).await.unwrap_err();
        assert!(panicked.is_panic());
        (sum, begin.elapsed())
    });
    assert_eq!((sum, elapsed), (20, MILLI * 20));
}

#[test]
fn a_task_local_belongs_to_its_task() {
    unpick_tokio::task_local! {
        static NUMBER: u32;
    }
    for seed in 0..20 {
        let outcome = Run::new().seed(seed).execute(|| async {
            let tasks: Vec<_> = (0..4)
                .map(|number| {
                    spawn(NUMBER.scope(number, async move {
                        for _ in 0..3 {
                            task::yield_now().await;
                            assert_eq!(NUMBER.get(), number);
                        }
                    }))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(outcome.result, Ok(()));
    }
}
