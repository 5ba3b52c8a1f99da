//! Standstills behind a heartbeat.

use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::task::sleep;
use unpick::primitives::{Event, Queue};
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::{spawn, task};
use unpick::{Finding, Kind, Run};

fn execute<Fut: Future<Output = ()>>(
    options: Options,
    program: impl FnOnce() -> Fut,
) -> Option<Finding> {
    Run::with(options).plain().execute(program).result.err()
}

/// A task that ticks for ever, and never tells anybody.
fn heartbeat() {
    drop(task().named("heartbeat").daemon().spawn(async {
        loop {
            sleep(Duration::from_secs(1)).await;
        }
    }));
}

async fn wait_beside_a_heartbeat() {
    heartbeat();
    let jobs = Queue::<u32>::new(0).named("jobs");
    let _never = jobs.get().await;
}

#[test]
fn a_heartbeat_does_not_hide_a_hang() {
    let finding = execute(Options::default(), wait_beside_a_heartbeat).expect("a finding");
    assert_eq!(finding.kind, Kind::Deadlock);
    insta::assert_snapshot!("heartbeat", finding);
}

#[test]
fn the_detector_can_be_switched_off() {
    let detectors = Detectors { standstills: Detection::Off, ..Detectors::DEFAULT };
    let options = Options { detectors, steps_max: 30_000, ..Options::default() };
    let finding = execute(options, wait_beside_a_heartbeat).expect("a finding");
    assert_eq!(finding.kind, Kind::Livelock);
}

/// Near miss: somebody who sleeps for longer than all these rounds has something to do then.
#[test]
fn whoever_sleeps_for_long_beside_a_heartbeat_is_waited_for() {
    let finding = execute(Options::default(), || async {
        heartbeat();
        let event = Rc::new(Event::new());
        let set = event.clone();
        drop(spawn(async move {
            sleep(Duration::from_secs(25_000)).await;
            set.set();
        }));
        event.wait().await;
    });
    assert_eq!(finding, None);
}

/// Near miss: main waits for the one that counts.
#[test]
fn a_long_count_that_is_joined_is_waited_for() {
    let finding = execute(Options::default(), || async {
        let counting = spawn(async {
            for _ in 0..25_000 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        counting.await.expect("nobody aborts it");
    });
    assert_eq!(finding, None);
}

/// Near miss: each tick wakes somebody.
#[test]
fn ticks_that_somebody_hears_are_no_standstill() {
    let finding = execute(Options::default(), || async {
        let ticks = Rc::new(Queue::new(0));
        let heard = ticks.clone();
        drop(task().daemon().spawn(async move { while heard.get().await.is_ok() {} }));
        let event = Rc::new(Event::new());
        let set = event.clone();
        drop(spawn(async move {
            for tick in 0..25_000 {
                sleep(Duration::from_millis(1)).await;
                ticks.put_nowait(tick).expect("it has no bound");
            }
            set.set();
        }));
        event.wait().await;
    });
    assert_eq!(finding, None);
}

/// Near miss: the limit is for who wants another one.
#[test]
fn a_count_that_is_longer_than_the_limit_needs_another_limit() {
    let count = |rounds| {
        let options = Options { standstill_rounds: rounds, ..Options::default() };
        execute(options, || async {
            let event = Rc::new(Event::new());
            let set = event.clone();
            drop(spawn(async move {
                for _ in 0..200 {
                    sleep(Duration::from_millis(1)).await;
                }
                set.set();
            }));
            event.wait().await;
        })
    };
    assert_eq!(count(1000), None);
    assert_eq!(count(100).map(|finding| finding.kind), Some(Kind::Deadlock));
}
