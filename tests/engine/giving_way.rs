//! Giving way: what an announced operation does to the task that awaits it.

mod combinators;
mod moved;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures::FutureExt;
use unpick::sim::strategy::{Divergence, Point, Strategy};
use unpick::sim::streams::Streams;
use unpick::sim::{Run, spawn, step, task, without_switching, yield_now};

use crate::{COOPERATIVE, PREEMPTIVE, all_outcomes};

/// What happened, in order.
type Log = Rc<RefCell<String>>;

/// A step that says when it was executed.
async fn mark(log: Log, name: char) {
    step().await;
    log.borrow_mut().push(name);
}

fn ok<T: Ord>(outputs: impl IntoIterator<Item = T>) -> BTreeSet<Result<T, unpick::Kind>> {
    outputs.into_iter().map(Ok).collect()
}

/// Counts how often a future is polled.
async fn counted<F: Future>(polls: Rc<Cell<u32>>, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(cx)
    })
    .await
}

/// Takes these alternatives one after the other, and plain ones from there.
#[derive(Debug)]
struct Scripted(std::collections::VecDeque<u32>);

impl Scripted {
    fn new(script: &[u32]) -> Scripted {
        Scripted(script.iter().copied().collect())
    }
}

impl Strategy for Scripted {
    fn choose(&mut self, _: &Point<'_>, _: &mut Streams) -> Result<u32, Box<Divergence>> {
        Ok(self.0.pop_front().unwrap_or(0))
    }
}

#[test]
fn going_on_in_place_suspends_nothing() {
    let polls = Rc::new(Cell::new(0));
    let ten_steps = |polls: Rc<Cell<u32>>| async move {
        spawn(async { step().await });
        counted(polls, async {
            for _ in 0..10 {
                step().await;
            }
        })
        .await;
    };
    let outcome = Run::new().plain().execute(|| ten_steps(Rc::clone(&polls)));
    assert_eq!((outcome.steps, polls.get()), (1, 1), "every choice was to go on");
    assert_eq!(outcome.tape.len(), 10);
    polls.set(0);
    let alone = Run::new().execute(|| {
        let polls = Rc::clone(&polls);
        async move { counted(polls, step()).await }
    });
    assert_eq!((alone.steps, polls.get(), alone.tape.len()), (1, 1, 0), "nobody could come first");
}

#[test]
fn an_operation_that_gives_way_costs_its_task_one_more_poll() {
    let polls = Rc::new(Cell::new(0));
    let outcome = Run::new().strategy(Scripted::new(&[1])).execute(|| {
        let polls = Rc::clone(&polls);
        async move {
            let other = spawn(async {});
            counted(polls, step()).await;
            assert!(other.is_finished(), "it was decided to come first");
        }
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!((outcome.steps, polls.get()), (3, 2));
}

#[test]
fn steps_interleave_under_preemptive_switching_alone() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'b'));
        mark(Rc::clone(&log), 'a').await;
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(COOPERATIVE, program), ok(["ab".to_owned()]));
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(["ab", "ba"].map(str::to_owned)));
}

#[test]
fn nothing_comes_in_between_inside_of_without_switching() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'x'));
        without_switching(async {
            mark(Rc::clone(&log), 'a').await;
            without_switching(mark(Rc::clone(&log), 'b')).await;
            mark(Rc::clone(&log), 'c').await;
        })
        .await;
        mark(Rc::clone(&log), 'd').await;
        other.await.expect("it returns");
        log.take()
    };
    let outcomes = all_outcomes(PREEMPTIVE, program);
    assert_eq!(outcomes, ok(["abcdx", "abcxd"].map(str::to_owned)));
}

#[test]
fn without_switching_still_suspends_where_a_future_really_waits() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'x'));
        without_switching(async {
            mark(Rc::clone(&log), 'a').await;
            yield_now().await;
            mark(Rc::clone(&log), 'b').await;
        })
        .await;
        other.await.expect("it returns");
        log.take()
    };
    // The other task may give way before its own step, too.
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(["abx", "axb"].map(str::to_owned)));
}

#[test]
fn a_panic_inside_of_without_switching_ends_it() {
    let program = || async {
        let failing = without_switching(async { panic!("on purpose") });
        let result = task().handles_panics().spawn(failing).await;
        assert!(result.is_err());
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'b'));
        mark(Rc::clone(&log), 'a').await;
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(["ab", "ba"].map(str::to_owned)));
}

#[test]
fn waiting_for_a_flag_with_yield_now_ends_on_the_plain_schedule() {
    let program = || async {
        let flag = Rc::new(Cell::new(false));
        let setter = Rc::clone(&flag);
        spawn(async move {
            for _ in 0..10 {
                step().await;
                yield_now().await;
            }
            setter.set(true);
        });
        while !flag.get() {
            yield_now().await;
        }
    };
    let outcome = Run::new().plain().steps_max(100).execute(program);
    assert_eq!(outcome.result, Ok(()));
    let random = (0..100).map(|seed| Run::new().seed(seed).steps_max(5_000).execute(program));
    assert!(random.into_iter().all(|outcome| outcome.result == Ok(())));
}

#[test]
fn now_or_never_on_an_announced_operation_may_come_to_nothing() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'b'));
        let name = if step().now_or_never().is_some() { 'a' } else { '-' };
        log.borrow_mut().push(name);
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(COOPERATIVE, program), ok(["ab".to_owned()]));
    // The operation gives way, its future is dropped, and the task goes on in the same poll.
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(["ab", "-b"].map(str::to_owned)));
}

#[test]
fn after_one_operation_has_given_way_later_ones_in_that_poll_do_so_without_a_choice() {
    let outcome = Run::new().strategy(Scripted::new(&[1])).traced().execute(|| async {
        spawn(async {});
        assert_eq!(step().now_or_never(), None);
        assert_eq!(step().now_or_never(), None);
        assert_eq!(step().now_or_never(), None);
        yield_now().await;
        assert_eq!(step().now_or_never(), Some(()), "a new poll, and nobody else is ready");
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.tape.len(), 1, "{:?}", outcome.tape);
    let text = outcome.trace.expect("it is traced").to_text();
    assert_eq!(text.matches("step, gives way").count(), 3, "{text}");
    assert_eq!(text.matches("step, dropped").count(), 3, "{text}");
}

#[test]
fn a_dropped_announcement_leaves_no_turn() {
    for script in [&[1][..], &[1, 1], &[1, 0, 1]] {
        let outcome = Run::new().strategy(Scripted::new(script)).execute(|| async {
            spawn(async { yield_now().await });
            for _ in 0..50 {
                let announced: Vec<_> = (0..3).map(|_| step().now_or_never()).collect();
                drop(announced);
                yield_now().await;
            }
        });
        assert_eq!(outcome.result, Ok(()));
        assert_eq!((outcome.steps, outcome.tasks), (53, 2), "a step for each yield, and no more");
    }
}

#[test]
fn an_announcement_that_outlives_its_task_leaves_no_turn_and_can_still_be_awaited() {
    let polls = Rc::new(Cell::new(0));
    // The first turn is the announcing task's, which gives way to the other one.
    let outcome = Run::new().strategy(Scripted::new(&[0, 1])).execute(|| {
        let polls = Rc::clone(&polls);
        async move {
            let kept = Rc::new(RefCell::new(None));
            let keeper = Rc::clone(&kept);
            let announcing = spawn(async move {
                let mut announced = Box::pin(step());
                assert_eq!(announced.as_mut().now_or_never(), None, "it gives way");
                *keeper.borrow_mut() = Some(announced);
            });
            spawn(async {
                for _ in 0..5 {
                    yield_now().await;
                }
            });
            counted(Rc::clone(&polls), announcing).await.expect("nobody aborts it");
            counted(polls, yield_now()).await;
            let announced = kept.take().expect("it was kept");
            announced.await;
        }
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(polls.get(), 4, "each is polled to begin, and to end");
}
