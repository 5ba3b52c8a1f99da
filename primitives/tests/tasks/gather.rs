use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use unpick_primitives::task::{
    GatherError, Instant, gather, gather_results, sleep, spawn, timeout, yield_now,
};
use unpick_sim::finding::Kind;
use unpick_sim::options::Switching;
use unpick_sim::{Run, Shared};

use super::{Notes, every, plain, seconds};

type Outcome = Result<u64, &'static str>;

async fn after(delay: u64, outcome: Outcome) -> Outcome {
    sleep(seconds(delay)).await;
    outcome
}

#[test]
fn outputs_come_in_the_order_of_the_futures() {
    let program =
        || gather([(3, 30), (1, 10), (2, 20)].map(|(delay, value)| after(delay, Ok(value))));
    assert_eq!(plain(program), Ok(vec![30, 10, 20]));
}

#[test]
fn gathering_nothing_returns_at_once() {
    plain(|| async {
        assert_eq!(gather(Vec::<std::future::Ready<Outcome>>::new()).await, Ok(Vec::new()));
        assert_eq!(gather_results(Vec::<std::future::Ready<Outcome>>::new()).await, Vec::new());
        assert_eq!(Instant::now(), Instant::START);
    });
}

#[test]
fn the_first_failure_in_time_is_the_result_and_the_others_go_on() {
    let notes = Notes::default();
    plain(|| async {
        let (slow, later) = (notes.clone(), notes.clone());
        let failed = gather::<[std::pin::Pin<Box<dyn Future<Output = Outcome>>>; 3], _, _, _>([
            Box::pin(async move {
                sleep(seconds(5)).await;
                slow.add("slow returns");
                Ok(1)
            }),
            Box::pin(async move {
                sleep(seconds(3)).await;
                later.add("later fails");
                Err("later")
            }),
            Box::pin(after(1, Err("first"))),
        ])
        .await;
        assert_eq!(failed, Err(GatherError::Failed("first")));
        assert_eq!(Instant::now().to_string(), "1.000");
        notes.check(&[]);
        sleep(seconds(10)).await;
    });
    notes.check(&["later fails", "slow returns"]);
}

#[test]
fn results_hold_every_failure_in_its_place() {
    let program =
        || gather_results([after(2, Err("two")), after(1, Ok(1)), after(3, Err("three"))]);
    let expected = [Err(GatherError::Failed("two")), Ok(1), Err(GatherError::Failed("three"))];
    assert_eq!(plain(program), expected);
}

#[test]
fn dropping_it_drops_the_children_in_place_and_in_order() {
    let notes = Notes::default();
    plain(|| async {
        let children = ["a", "b", "c"].map(|name| {
            let noted = notes.on_drop(name);
            async move {
                let _noted = noted;
                pending::<Outcome>().await
            }
        });
        assert!(timeout(seconds(1), gather(children)).await.is_err());
        notes.add("timeout returned");
    });
    notes.check(&["a dropped", "b dropped", "c dropped", "timeout returned"]);
}

#[test]
fn dropping_it_before_it_was_polled_drops_the_children_before_they_begin() {
    let notes = Notes::default();
    plain(|| async {
        let inner = notes.clone();
        let noted = notes.on_drop("child");
        drop(gather([async move {
            let _noted = noted;
            inner.add("child began");
            Outcome::Ok(1)
        }]));
        yield_now().await;
    });
    notes.check(&["child dropped"]);
}

#[test]
fn children_that_have_ended_are_not_ended_again_by_the_drop() {
    let notes = Notes::default();
    plain(|| async {
        let (quick, slow) = (notes.on_drop("quick"), notes.on_drop("slow"));
        let children = [(0, quick), (9, slow)].map(|(delay, noted)| async move {
            let _noted = noted;
            after(delay, Ok(delay)).await
        });
        assert!(timeout(seconds(1), gather(children)).await.is_err());
    });
    notes.check(&["quick dropped", "slow dropped"]);
}

#[test]
fn an_aborted_owner_drops_the_children_when_it_is_scheduled_next() {
    let notes = Notes::default();
    plain(|| async {
        let noted = notes.on_drop("child");
        let owner = spawn(gather([async move {
            let _noted = noted;
            pending::<Outcome>().await
        }]));
        yield_now().await;
        owner.abort();
        notes.add("abort returned");
        assert!(owner.await.is_err());
    });
    notes.check(&["abort returned", "child dropped"]);
}

#[test]
fn either_of_two_failures_at_the_same_instant_may_be_the_first() {
    let program = || async {
        let children = ["a", "b"].map(|name| async move {
            yield_now().await;
            Err::<(), _>(name)
        });
        gather(children).await.expect_err("both fail").into_failure()
    };
    assert_eq!(every(Switching::Cooperative, program), [Some("a"), Some("b")].into());
}

#[test]
fn a_child_that_panics_fails_the_run() {
    async fn panics() -> Outcome {
        panic!("as it is meant to")
    }
    let program = || gather([panics()]);
    let finding = Run::new().plain().execute(program).result.expect_err("the child panics");
    assert_eq!(finding.kind, Kind::Panic);
}

#[test]
fn a_stuck_gather_is_reported_as_what_waits() {
    let outcome = Run::new().plain().execute(|| gather([pending::<Outcome>()]));
    let finding = outcome.result.expect_err("it is stuck");
    assert_eq!(finding.kind, Kind::Deadlock);
    let wait = &finding.blocked[0].waits[0];
    assert_eq!((wait.operation, wait.object.as_deref()), ("join", Some("gather#1")));
    assert!(wait.place.file.ends_with("gather.rs"));
}

/// Reads a variable that a child has written in its own drop: nothing is left of a child when its
/// parent hears of it.
#[test]
fn what_a_child_drops_comes_before_what_its_parent_does() {
    struct WritesWhenDropped(Rc<Shared<u32>>);

    impl Drop for WritesWhenDropped {
        fn drop(&mut self) {
            self.0.set(1);
        }
    }

    every(Switching::Preemptive, || async {
        let variable = Rc::new(Shared::new(0));
        let own = WritesWhenDropped(variable.clone());
        let child = poll_fn(move |_| {
            let _own = &own;
            Poll::Ready(Ok::<(), ()>(()))
        });
        assert_eq!(gather([child]).await, Ok(vec![()]));
        assert_eq!(variable.get(), 1);
    });
}
