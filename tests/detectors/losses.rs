//! What was lost with a future that was dropped half-way, and what is left beside a finding.

use std::rc::Rc;
use std::time::Duration;

use futures::{FutureExt, select_biased};
use unpick::primitives::task::{self, timeout};
use unpick::primitives::{Lock, Notify, Queue, Semaphore, mpsc};
use unpick::sim::finding::{Finding, Kind};
use unpick::sim::hunt::judge;
use unpick::sim::trace::{EventKind, Lost, Trace};
use unpick::sim::{spawn, time};
use unpick::{Run, event};

const MS: Duration = Duration::from_millis(1);

/// What the plain run of a program leaves: its trace, and its finding if there is one.
fn run<Fut: Future<Output: unpick::sim::hunt::Verdict>>(
    program: impl FnOnce() -> Fut,
) -> (Trace, Option<Finding>, Vec<String>) {
    let outcome = judge(Run::new().plain().traced().execute(program));
    (outcome.trace.expect("the run is traced"), outcome.result.err(), outcome.remarks)
}

fn lost(trace: &Trace) -> Vec<(Lost, u32)> {
    let lost = trace.events.iter().filter_map(|event| match event.kind {
        EventKind::Lost { how, site, .. } => Some((how, site.0.line())),
        _ => None,
    });
    lost.collect()
}

/// A pool of one connection, which somebody takes and pings for longer than there is time.
async fn check_out(pool: &Queue<u8>) -> u8 {
    let connection = pool.get().await.expect("it is not shut down");
    time::sleep(9 * MS).await;
    connection
}

async fn pool() -> Rc<Queue<u8>> {
    let pool = Rc::new(Queue::new(0).named("idle"));
    pool.put(1).await.expect("it is not shut down");
    pool
}

#[test]
fn what_a_timeout_dropped_had_taken_is_named_with_the_finding() {
    let taken = line!() - 13;
    let program = || async {
        let pool = pool().await;
        assert!(timeout(5 * MS, check_out(&pool)).await.is_err());
        pool.get().await
    };
    let (trace, finding, _) = run(program);
    assert_eq!(lost(&trace), [(Lost::Taken, taken)]);
    let finding = finding.expect("nobody puts the connection back");
    assert_eq!(finding.kind, Kind::Deadlock);
    let said = &finding.story[0];
    for part in
        ["lost: at t=0.005 the timeout of main at", "dropped a future that was in `sleep` at"]
    {
        assert!(said.contains(part), "{said}");
    }
    let place = format!("that future had taken something from queue idle at {}:{taken}", file!());
    assert!(said.contains(&place), "{said}");
    let lanes = trace.lanes().to_string();
    assert!(lanes.contains(&format!("<- lost: what it took from queue idle :{taken}")), "{lanes}");
    assert!(lanes.contains("times out"), "{lanes}");
}

#[test]
fn what_was_taken_before_the_timeout_began_is_not_lost_with_it() {
    let (trace, ..) = run(|| async {
        let pool = pool().await;
        let connection = pool.get().await.expect("it is there");
        assert!(timeout(5 * MS, time::sleep(9 * MS)).await.is_err());
        pool.put(connection).await
    });
    assert!(trace.events.iter().any(|event| matches!(event.kind, EventKind::TimedOut { .. })));
    assert_eq!(lost(&trace), []);
}

#[test]
fn what_was_put_back_or_handed_on_is_not_lost() {
    let (trace, ..) = run(|| async {
        let (pool, other) = (pool().await, Queue::new(0));
        let passes_on = async {
            let connection = pool.get().await.expect("it is there");
            other.put(connection).await.expect("it is not shut down");
            time::sleep(9 * MS).await;
        };
        assert!(timeout(5 * MS, passes_on).await.is_err());
        other.get().await
    });
    assert_eq!(lost(&trace), []);
}

#[test]
fn a_worker_that_is_cancelled_between_two_jobs_has_lost_none() {
    let (trace, ..) = run(|| async {
        let jobs = Rc::new(Queue::new(0));
        let worker = {
            let jobs = jobs.clone();
            spawn(async move {
                let lock = Lock::new(());
                loop {
                    drop(lock.lock().await);
                    let _job: u8 = jobs.get().await.expect("it is not shut down");
                    time::sleep(MS).await;
                }
            })
        };
        jobs.put_nowait(1).expect("there is room");
        jobs.put_nowait(2).expect("there is room");
        time::sleep(9 * MS).await;
        worker.abort();
        let _ = worker.await;
    });
    assert_eq!(lost(&trace), []);
}

#[test]
fn a_worker_that_is_cancelled_at_its_job_has_lost_it() {
    let (trace, ..) = run(|| async {
        let pool = pool().await;
        let jobs = pool.clone();
        let worker = spawn(async move { jobs.get().then(|_| time::sleep(9 * MS)).await });
        time::sleep(MS).await;
        worker.abort();
        let _ = worker.await;
    });
    assert!(matches!(lost(&trace)[..], [(Lost::Taken, _)]), "{:?}", lost(&trace));
}

#[test]
fn what_a_foreign_select_drops_is_told_of_with_care() {
    let (trace, ..) = run(|| async {
        let pool = pool().await;
        select_biased! {
            _ = check_out(&pool).fuse() => unreachable!("it takes longer"),
            () = time::sleep(5 * MS).fuse() => event!("gave up"),
        }
    });
    assert!(matches!(lost(&trace)[..], [(Lost::PerhapsTaken, _)]), "{:?}", lost(&trace));
    let text = trace.lanes().to_string();
    assert!(text.contains("drops its future in sleep"), "{text}");
    assert!(text.contains("<- it had just taken something from queue idle"), "{text}");
}

#[test]
fn a_select_in_a_loop_loses_nothing_when_its_other_branch_wins() {
    let (trace, ..) = run(|| async {
        let (jobs, stop) = (Rc::new(Queue::new(0)), Rc::new(Notify::new()));
        for job in 0..3 {
            jobs.put_nowait(job).expect("there is room");
        }
        for _ in 0..3 {
            select_biased! {
                () = stop.notified().fuse() => unreachable!("nobody notifies"),
                job = jobs.get().fuse() => assert!(job.is_ok()),
            }
        }
    });
    assert_eq!(lost(&trace), []);
}

#[test]
fn an_item_goes_with_the_put_that_is_dropped() {
    let (trace, ..) = run(|| async {
        let full = Queue::new(1).named("full");
        full.put(1).await.expect("there is room");
        assert!(timeout(MS, full.put(2)).await.is_err());
    });
    assert!(matches!(lost(&trace)[..], [(Lost::Carried, _)]), "{:?}", lost(&trace));
}

async fn cancelled_with_a_permit(is_guarded: bool) {
    let permits = Rc::new(Semaphore::new(1).named("permits"));
    let holder = {
        let permits = permits.clone();
        spawn(async move {
            if is_guarded {
                let _permit = permits.acquire().await;
                time::sleep(9 * MS).await;
            } else {
                permits.acquire_unguarded().await;
                time::sleep(9 * MS).await;
                permits.release();
            }
        })
    };
    time::sleep(MS).await;
    holder.abort();
    let _ = holder.await;
    event!("cancelled");
}

#[test]
fn a_permit_that_a_cancelled_task_does_not_give_back_is_lost() {
    let (trace, finding, remarks) = run(|| cancelled_with_a_permit(false));
    assert!(matches!(lost(&trace)[..], [(Lost::Units(1), _)]), "{:?}", lost(&trace));
    assert_eq!(finding, None);
    assert!(
        remarks[0].starts_with("lost: at t=0.001 main.1 was cancelled, and has not given back")
    );
    assert!(
        remarks[1].starts_with("left: semaphore permits, not given back by main.1, which"),
        "{remarks:?}"
    );
    let lanes = trace.lanes().to_string();
    let mut lines = lanes.lines().skip_while(|line| !line.contains("ends, cancelled -> main"));
    let note = lines.nth(1).expect("a note does not fit behind that");
    assert!(note.trim_start().starts_with("<- not given back: semaphore permits :"), "{lanes}");

    let (trace, _, remarks) = run(|| cancelled_with_a_permit(true));
    assert_eq!((lost(&trace), remarks), (Vec::new(), Vec::new()));
}

#[test]
fn a_notification_that_nobody_looked_at_is_lost_with_its_wait() {
    let (trace, ..) = run(|| async {
        let stop = Rc::new(Notify::new().named("stop"));
        let notifier = stop.clone();
        let wait = stop.notified();
        let mut wait = Box::pin(wait);
        assert!(futures::poll!(&mut wait).is_pending());
        notifier.notify_waiters();
        drop(wait);
        let mut seen = Box::pin(stop.notified());
        assert!(futures::poll!(&mut seen).is_pending());
        drop(seen);
    });
    assert!(matches!(lost(&trace)[..], [(Lost::WakeUp, _)]), "{:?}", lost(&trace));
}

#[test]
fn what_is_left_beside_an_error_is_among_its_evidence() {
    let program = || async {
        let (lock, queue) = (Rc::new(Lock::new(()).named("log")), Rc::new(Queue::new(0)));
        let waits = {
            let (lock, queue): (_, Rc<Queue<u8>>) = (lock.clone(), queue.clone());
            task::task().named("waits").spawn(async move {
                let _guard = lock.lock().await;
                let _item = queue.get().await;
            })
        };
        let goes_on = task::task().named("goes-on").spawn(time::sleep(99 * MS));
        time::sleep(MS).await;
        drop((waits, goes_on));
        Err::<(), _>("it did not work")
    };
    let (_, finding, _) = run(program);
    let finding = finding.expect("it is an error");
    assert_eq!(finding.kind, Kind::Error);
    let [waits, goes_on] = &finding.evidence[..] else { panic!("{:?}", finding.evidence) };
    assert!(waits.starts_with("left: main.1 waits waits: get queue#1 at"), "{waits}");
    assert!(waits.contains("; it holds lock log since t=0.000 ("), "{waits}");
    assert_eq!(goes_on, "left: main.2 goes-on, which had not ended and could have gone on");
}

#[test]
fn what_is_left_beside_a_panic_is_what_waits_for_more_than_an_end() {
    let (trace, finding, _) = run(|| async {
        let queue = Rc::new(Queue::<u8>::new(0).named("jobs"));
        let waits = spawn(async move { queue.get().await.is_ok() });
        let joins = spawn(async move { waits.await.is_ok() });
        time::sleep(MS).await;
        assert!(joins.is_finished(), "gone wrong");
    });
    let finding = finding.expect("it panics");
    assert_eq!(finding.kind, Kind::Panic);
    let [waits] = &finding.evidence[..] else { panic!("{:?}", finding.evidence) };
    assert!(waits.starts_with("left: main.1 waits: get queue jobs at"), "{waits}");
    let said = trace.to_text();
    assert!(said.contains("main                  panic: gone wrong\n"), "{said}");
    assert!(said.contains("main                  end, panicked\n"), "{said}");
    assert!(!said.contains("main was left behind"), "{said}");
}

#[test]
fn a_run_that_leaves_nothing_has_nothing_remarked() {
    let (trace, finding, remarks) = run(|| async {
        let pool = pool().await;
        let _ = timeout(9 * MS, pool.get()).await;
        spawn(time::sleep(MS)).await.expect("nobody aborts it");
    });
    assert_eq!((lost(&trace), finding, remarks), (Vec::new(), None, Vec::new()));
}

#[test]
fn a_panic_that_is_handled_is_an_event() {
    let (trace, finding, _) = run(|| async {
        let broken = unpick::sim::task().handles_panics().spawn(async { panic!("as planned") });
        assert!(broken.await.is_err());
    });
    assert_eq!(finding, None);
    let said = trace.to_text();
    assert!(said.contains("panic: as planned\n"), "{said}");
}

#[test]
fn who_kept_a_sender_to_the_end_is_told() {
    let program = |is_used: bool| {
        move || async move {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let idle = task::task().named("idle").spawn(async move {
                if is_used {
                    sender.send(1).expect("it is received");
                }
                let _sender = sender;
                std::future::pending::<()>().await;
            });
            while receiver.recv().await.is_some() {}
            drop(idle);
        }
    };
    let (_, finding, _) = run(program(false));
    let kept = "kept: main.1 idle had a sender of mpsc#1 to the end, and never used it";
    assert_eq!(finding.expect("a deadlock").evidence, [kept]);
    let (_, finding, _) = run(program(true));
    let evidence = finding.expect("a deadlock").evidence;
    let kept = "kept: main.1 idle had a sender of mpsc#1 to the end, which it used last at";
    assert!(evidence.len() == 1 && evidence[0].starts_with(kept), "{evidence:?}");
}
