//! Lost wake-ups: a task that goes on if only it is woken.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use unpick::primitives::{Condition, Event, Notify};
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::strategy::Lockstep;
use unpick::sim::{spawn, task, yield_now};
use unpick::{Finding, Kind, Run, Switching};

use crate::{in_lockstep, kinds};

fn found<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Finding {
    in_lockstep(Options::default(), program).expect("a finding")
}

/// A consumer that looks before it waits, and a producer that notifies whoever waits.
async fn consume_after_producing() {
    let jobs = Rc::new(RefCell::new(Vec::new()));
    let job_ready = Rc::new(Notify::new().named("job_ready"));
    let (produced, ready) = (jobs.clone(), job_ready.clone());
    let producer = task().named("producer").spawn(async move {
        produced.borrow_mut().push(1);
        ready.notify_waiters();
    });
    let consumer = task().named("consumer").spawn(async move {
        let is_empty = jobs.borrow().is_empty();
        yield_now().await;
        yield_now().await;
        if is_empty {
            job_ready.notified().await;
        }
        assert_eq!(jobs.borrow_mut().pop(), Some(1));
    });
    consumer.await.expect("nobody aborts it");
    producer.await.expect("nobody aborts it");
}

/// The same with the consumer first: it looks, and waits too late.
async fn look_then_wait() {
    let is_up = Rc::new(Cell::new(false));
    let came_up = Rc::new(Notify::new().named("came_up"));
    let (seen, waited) = (is_up.clone(), came_up.clone());
    let client = task().named("client").spawn(async move {
        while !seen.get() {
            yield_now().await;
            waited.notified().await;
        }
    });
    let server = task().named("server").spawn(async move {
        is_up.set(true);
        came_up.notify_waiters();
    });
    server.await.expect("nobody aborts it");
    client.await.expect("nobody aborts it");
}

#[test]
fn a_notification_before_the_wait_is_lost() {
    let finding = found(look_then_wait);
    assert_eq!(finding.kind, Kind::LostWakeup);
    insta::assert_snapshot!("notification_before_the_wait", finding);
}

#[test]
fn the_detector_can_be_switched_off() {
    let options = Options {
        detectors: Detectors { lost_wakeups: Detection::Off, ..Detectors::DEFAULT },
        ..Options::default()
    };
    let finding = in_lockstep(options, look_then_wait).expect("a finding");
    assert_eq!(finding.kind, Kind::Deadlock);
}

/// What is tried by hand leaves no mark on tape, trace, clock and counts.
#[test]
fn trying_by_hand_leaves_no_mark_on_the_run() {
    let run = |lost_wakeups| {
        let detectors = Detectors { lost_wakeups, ..Detectors::DEFAULT };
        let run = Run::new().strategy(Lockstep).traced().detectors(detectors);
        run.execute(look_then_wait)
    };
    let text = |trace: Option<unpick::sim::trace::Trace>| trace.map(|trace| trace.to_text());
    let (with, without) = (run(Detection::On), run(Detection::Off));
    assert_eq!(with.tape, without.tape);
    assert_eq!((with.steps, with.elapsed), (without.steps, without.elapsed));
    // What is left behind is dropped in teardown, where by hand nothing was left.
    let (with_text, without_text) = (text(with.trace), text(without.trace));
    let begins = without_text.zip(with_text).map(|(without, with)| without.starts_with(&with));
    assert_eq!(begins, Some(true));
    let kinds = [with.result, without.result].map(|result| result.err().map(|it| it.kind));
    assert_eq!(kinds, [Some(Kind::LostWakeup), Some(Kind::Deadlock)]);
}

#[test]
fn a_condition_whose_predicate_holds_has_missed_a_notification() {
    let finding = found(|| async {
        let items = Rc::new(Condition::new(0).named("items"));
        let taken = items.clone();
        let taker = task().named("taker").spawn(async move {
            let guard = taken.lock().await;
            let mut guard = taken.wait_for(guard, |items| *items > 0).await;
            *guard -= 1;
        });
        for _ in 0..4 {
            yield_now().await;
        }
        // One notification for nobody's good, and then an item without one.
        let mut guard = items.lock().await;
        items.notify(1);
        drop(guard);
        for _ in 0..4 {
            yield_now().await;
        }
        guard = items.lock().await;
        *guard += 1;
        drop(guard);
        taker.await.expect("nobody aborts it");
    });
    assert_eq!(finding.kind, Kind::LostWakeup, "{finding}");
}

/// Near miss: it is woken by hand, looks again, and waits on, because nothing is there.
#[test]
fn a_condition_whose_predicate_does_not_hold_is_a_deadlock() {
    let finding = found(|| async {
        let items = Rc::new(Condition::new(0));
        let taken = items.clone();
        let taker = spawn(async move {
            let guard = taken.lock().await;
            drop(taken.wait_for(guard, |items| *items > 0).await);
        });
        for _ in 0..4 {
            yield_now().await;
        }
        let guard = items.lock().await;
        items.notify_all();
        drop(guard);
        taker.await.expect("nobody aborts it");
    });
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
}

/// Near miss: nobody ever notified, so that nothing was missed.
#[test]
fn a_wait_for_what_nobody_notifies_is_a_deadlock() {
    let finding = found(|| async { Notify::new().notified().await });
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
    let finding = found(|| async { Event::new().wait().await });
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
}

#[test]
fn an_event_that_was_set_and_cleared_before_the_wait_is_lost() {
    let finding = found(|| async {
        let event = Event::new().named("ready");
        event.set();
        event.clear();
        event.wait().await;
    });
    assert_eq!(finding.kind, Kind::LostWakeup, "{finding}");
}

/// A future of nobody's that is done, and has not told whoever waits for it.
async fn wait_for_what_is_done(keep: fn(&Waker) -> Option<Waker>) {
    let is_done = Rc::new(Cell::new(false));
    let kept = Rc::new(RefCell::new(None));
    let (seen, place) = (is_done.clone(), kept.clone());
    let waiter = task().named("waiter").spawn(poll_fn(move |cx| {
        if seen.get() {
            return Poll::Ready(());
        }
        *place.borrow_mut() = keep(cx.waker());
        Poll::Pending
    }));
    yield_now().await;
    yield_now().await;
    is_done.set(true);
    waiter.await.expect("nobody aborts it");
    drop(kept);
}

#[test]
fn a_foreign_future_that_keeps_no_waker_is_lost() {
    let finding = found(|| wait_for_what_is_done(|_| None));
    assert_eq!(finding.kind, Kind::LostWakeup);
    insta::assert_snapshot!("foreign_future_without_a_waker", finding);
}

#[test]
fn a_foreign_future_whose_waker_is_never_called_is_lost() {
    let finding = found(|| wait_for_what_is_done(|waker| Some(waker.clone())));
    assert_eq!(finding.kind, Kind::LostWakeup, "{finding}");
    assert!(finding.message.contains("its waker was not called"), "{finding}");
}

/// Near miss: woken by hand, it is still pending.
#[test]
fn whose_waker_was_called_instead_is_told_of_a_future_that_keeps_its_first() {
    let program = || async {
        let state = Rc::new((Cell::new(false), RefCell::new(None::<Waker>)));
        let setter = state.clone();
        let transfer = task().named("transfer").spawn(async move {
            unpick::sim::time::sleep(std::time::Duration::from_millis(5)).await;
            setter.0.set(true);
            let waker = setter.1.take();
            waker.expect("somebody waits").wake();
        });
        let download = poll_fn(move |cx| {
            if state.0.get() {
                return Poll::Ready(());
            }
            state.1.borrow_mut().get_or_insert_with(|| cx.waker().clone());
            Poll::Pending
        });
        unpick::sim::hand_over(download).await;
        transfer.await.expect("nobody aborts it");
    };
    let failing = |traced: bool| {
        let run =
            |seed| if traced { Run::new().seed(seed).traced() } else { Run::new().seed(seed) };
        (0..20).find_map(|seed| run(seed).execute(program).result.err()).expect("it is moved")
    };
    let (finding, untraced) = (failing(true), failing(false));
    assert_eq!(finding.kind, Kind::LostWakeup);
    let told = "main.1 transfer woke main instead, t=0.005: a future that main polled before it \
                was moved to main.2 handed-over may have kept its first waker";
    assert!(finding.story.iter().any(|line| line == told), "{finding}");
    assert!(finding.says_the_same_as(&untraced));
}

#[test]
fn a_foreign_future_that_is_not_done_is_a_deadlock() {
    let finding = found(std::future::pending);
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
}

#[test]
fn whoever_begins_to_wait_before_it_looks_loses_nothing() {
    let program = || async {
        let is_up = Rc::new(Cell::new(false));
        let came_up = Rc::new(Notify::new());
        let (seen, waited) = (is_up.clone(), came_up.clone());
        let client = spawn(async move {
            loop {
                let notified = waited.notified();
                if seen.get() {
                    return;
                }
                yield_now().await;
                notified.await;
            }
        });
        let server = spawn(async move {
            is_up.set(true);
            came_up.notify_waiters();
        });
        server.await.expect("nobody aborts it");
        client.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
    assert_eq!(kinds(Switching::Preemptive, consume_after_producing).len(), 2);
}

/// Near miss: what was heard is not lost for whoever comes when it is over.
#[test]
fn an_event_that_was_heard_and_cleared_before_another_wait_is_a_deadlock() {
    let outcome = Run::new().plain().execute(|| async {
        let event = Rc::new(Event::new());
        let waited = event.clone();
        let waiter = spawn(async move { waited.wait().await });
        yield_now().await;
        event.set();
        event.clear();
        waiter.await.expect("nobody aborts it");
        event.wait().await;
    });
    let finding = outcome.result.expect_err("nobody sets it again");
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
}

#[test]
fn whose_earlier_wait_was_woken_and_dropped_is_told() {
    let outcome = Run::new().plain().traced().execute(|| async {
        let stop = Rc::new(Notify::new().named("stop"));
        let notifier = stop.clone();
        let worker = task().named("worker").spawn(async move {
            let mut first = Box::pin(stop.notified());
            assert!(futures::poll!(&mut first).is_pending());
            yield_now().await;
            drop(first);
            stop.notified().await;
        });
        yield_now().await;
        notifier.notify_waiters();
        worker.await.expect("nobody aborts it");
    });
    let finding = outcome.result.expect_err("nobody notifies again");
    assert_eq!(finding.kind, Kind::LostWakeup, "{finding}");
    let told = "it woke an earlier wait of main.1 worker, which was dropped unseen";
    assert!(finding.story.iter().any(|line| line.ends_with(told)), "{finding}");
}

/// Whatever the run's own strategy is: what it would choose now must not decide what is found.
#[test]
fn what_is_woken_by_hand_goes_on_in_the_plain_order() {
    let mut lost = 0;
    for seed in 0..60 {
        let order = Rc::new(RefCell::new(Vec::new()));
        let program = async |order: Rc<RefCell<Vec<u8>>>| {
            look_then_wait().await;
            let tasks = [0, 1, 2, 3].map(|number| {
                let order = order.clone();
                spawn(async move { order.borrow_mut().push(number) })
            });
            for task in tasks {
                task.await.expect("nobody aborts it");
            }
        };
        let run = Run::new().seed(seed).execute(|| program(order.clone()));
        if run.result.is_err_and(|finding| finding.kind == Kind::LostWakeup) {
            lost += 1;
            assert_eq!(*order.borrow(), [0, 1, 2, 3], "seed {seed}");
        }
    }
    assert!(lost > 5, "only {lost} runs lost a wake-up");
}
