//! In a run whoever waits for a lock does so in a line that the engine keeps; outside, in the lock's
//! own queue. Nobody can tell the one from the other.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::Lock;
use unpick_primitives::lock::{AcquireOwned, OwnedLockGuard};
use unpick_primitives::task::{sleep, spawn, yield_now};
use unpick_sim::Run;
use unpick_sim::finding::Kind;
use unpick_sim::options::{Options, Switching, TimeModel};
use unpick_sim::trace::{EventKind, TaskRef};

use crate::hand::Hand;

/// With whose waker somebody is polled, and where.
#[derive(Clone, Copy, Debug)]
enum By {
    /// That of the task that does all this.
    Own,
    /// One that counts.
    Counting,
    /// That of another task, in its poll.
    Another,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Polls somebody, who begins to acquire the lock if it has done nothing so far.
    Poll(usize, By),
    /// Gives up the lock, or the attempt to acquire it.
    Drop(usize),
    /// Asks for the lock without waiting.
    Try,
}

enum Party {
    Idle,
    Acquires(Pin<Box<AcquireOwned<u32>>>),
    Has(#[expect(dead_code, reason = "it is held until it is dropped")] OwnedLockGuard<u32>),
}

/// Some who share a lock, with a waker each that counts.
struct Table {
    lock: Arc<Lock<u32>>,
    parties: Vec<(Party, Hand<std::future::Ready<()>>)>,
}

impl Table {
    fn new() -> Table {
        let party = || (Party::Idle, Hand::new(std::future::ready(())));
        Table { lock: Arc::new(Lock::new(0)), parties: (0..5).map(|_| party()).collect() }
    }

    /// Polls a party with this waker, or its own one that counts. Says whether it has the lock.
    fn poll(&mut self, number: usize, cx: Option<&mut Context<'_>>) -> bool {
        let (party, hand) = &mut self.parties[number];
        if let Party::Idle = party {
            *party = Party::Acquires(Box::pin(self.lock.clone().lock_owned()));
        }
        if let Party::Acquires(acquire) = party {
            let polled = match cx {
                Some(cx) => acquire.as_mut().poll(cx),
                None => hand.poll_other(acquire.as_mut()),
            };
            if let Poll::Ready(guard) = polled {
                *party = Party::Has(guard);
            }
        }
        matches!(party, Party::Has(_))
    }

    fn seen(&self, answer: bool) -> Seen {
        let wakes = self.parties.iter().map(|(_, hand)| hand.wakes()).collect();
        (answer, self.lock.locked(), format!("{:?}", self.lock), wakes)
    }
}

/// What is seen after an act: what it says, whether the lock is taken, what it looks like, and how
/// often each has been woken.
type Seen = (bool, bool, String, Vec<usize>);

/// What is seen after each act, in a run or outside.
async fn played(acts: &[Act], table: Rc<RefCell<Table>>, is_run: bool) -> Vec<Seen> {
    let mut seen = Vec::new();
    for &act in acts {
        let answer = match act {
            Act::Poll(number, By::Own) => {
                poll_fn(|cx| Poll::Ready(table.borrow_mut().poll(number, Some(cx)))).await
            }
            Act::Poll(number, By::Another) if is_run => {
                let table = table.clone();
                let other =
                    poll_fn(move |cx| Poll::Ready(table.borrow_mut().poll(number, Some(cx))));
                spawn(other).await.expect("nobody aborts it")
            }
            Act::Poll(number, By::Counting | By::Another) => table.borrow_mut().poll(number, None),
            Act::Drop(number) => {
                table.borrow_mut().parties[number].0 = Party::Idle;
                false
            }
            Act::Try => table.borrow().lock.try_lock().is_ok(),
        };
        seen.push(table.borrow().seen(answer));
    }
    seen
}

fn in_run<T>(program: impl AsyncFnOnce() -> T) -> T {
    let run = Run::new().switching(Switching::Cooperative);
    run.execute(|| program()).result.expect("nothing is wrong with it")
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Own), Just(By::Counting), Just(By::Another)]
}

fn acts(by: impl Strategy<Value = By>) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..5_usize, by).prop_map(|(number, by)| Act::Poll(number, by)),
        2 => (0..5_usize).prop_map(Act::Drop),
        1 => Just(Act::Try),
    ];
    prop::collection::vec(act, 0..40)
}

proptest! {
    // What another task's waker would count is not counted: it is not compared then.
    #[test]
    fn a_line_is_as_good_as_a_queue(acts in acts(prop_oneof![Just(By::Own), Just(By::Counting)])) {
        let outside = futures::executor::block_on(played(&acts, Rc::new(RefCell::new(Table::new())), false));
        let inside = in_run(async || {
            played(&acts, Rc::new(RefCell::new(Table::new())), true).await
        });
        prop_assert_eq!(outside, inside);
    }

    #[test]
    fn whoever_is_polled_by_other_tasks_keeps_its_place(acts in acts(by())) {
        let table = || Rc::new(RefCell::new(Table::new()));
        let order = |seen: Vec<Seen>| seen.into_iter().map(|it| it.0).collect::<Vec<bool>>();
        let outside = futures::executor::block_on(played(&acts, table(), false));
        let inside = in_run(async || played(&acts, table(), true).await);
        prop_assert_eq!(order(outside), order(inside));
    }

    #[test]
    fn whoever_waits_beyond_a_run_gets_the_lock_and_gives_it_back(
        phases in prop::collection::vec((any::<bool>(), acts(by())), 1..5),
    ) {
        let table = Rc::new(RefCell::new(Table::new()));
        for (is_run, acts) in &phases {
            match is_run {
                true => drop(in_run(async || played(acts, table.clone(), true).await)),
                false => drop(futures::executor::block_on(played(acts, table.clone(), false))),
            }
        }
        // One at a time: whoever has it gives it up, and somebody else who waits gets it.
        let mut table = table.borrow_mut();
        for _ in 0..6 {
            let has = |(party, _): &(Party, _)| matches!(party, Party::Has(_));
            prop_assert!(table.parties.iter().filter(|it| has(it)).count() <= 1);
            for (party, _) in &mut table.parties {
                if let Party::Has(_) = party {
                    *party = Party::Idle;
                }
            }
            for number in 0..5 {
                if let (Party::Acquires(_), _) = table.parties[number] {
                    table.poll(number, None);
                }
            }
        }
        prop_assert!(table.parties.iter().all(|(party, _)| matches!(party, Party::Idle)));
        prop_assert!(table.lock.try_lock().is_ok());
    }
}

/// Polls a future once and puts it aside.
async fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut future = Some(future);
    poll_fn(|cx| Poll::Ready(future.take().expect("polled once").poll(cx))).await
}

#[test]
fn whoever_waits_for_a_held_lock_is_polled_to_ask_and_to_take_it() {
    let mut most = 0;
    for seed in 0..200 {
        let polls = Rc::new(RefCell::new(Vec::new()));
        let counted = polls.clone();
        let outcome = Run::new().seed(seed).execute(|| async move {
            let lock = Rc::new(Lock::new(()));
            let tasks: Vec<_> = (0..4)
                .map(|number| {
                    let (lock, polls) = (lock.clone(), counted.clone());
                    polls.borrow_mut().push(0);
                    spawn(async move {
                        let mut acquire = Box::pin(lock.lock());
                        let guard = poll_fn(|cx| {
                            polls.borrow_mut()[number] += 1;
                            acquire.as_mut().poll(cx)
                        });
                        let _guard = guard.await;
                        yield_now().await;
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("nobody aborts it");
            }
        });
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
        most = polls.borrow().iter().copied().chain([most]).max().unwrap_or(0);
    }
    assert_eq!(most, 2);
}

#[test]
fn a_task_that_does_more_than_wait_for_a_held_lock_goes_on() {
    for seed in 0..500 {
        let outcome = Run::new().seed(seed).execute(|| async {
            let locks = Rc::new([Lock::new(0), Lock::new(0)]);
            let tasks: Vec<_> = (0..3)
                .map(|_| {
                    let locks = locks.clone();
                    spawn(async move {
                        let add = |which: usize| {
                            let lock = &locks[which];
                            async move {
                                let mut value = lock.lock().await;
                                yield_now().await;
                                *value += 1;
                            }
                        };
                        futures::join!(add(0), add(1), add(0));
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("nobody aborts it");
            }
            let both = (locks[0].try_lock(), locks[1].try_lock());
            (both.0.map(|value| *value), both.1.map(|value| *value))
        });
        assert_eq!(outcome.result, Ok((Ok(6), Ok(3))), "seed {seed}");
    }
}

#[test]
fn an_acquisition_that_its_task_looks_at_no_more_does_not_line_up() {
    let (mut at_once, mut granted, mut late) = (0, 0, 0);
    for seed in 0..300 {
        let options = Options { time: TimeModel::Stalling, ..Options::default() };
        let outcome = Run::with(options).seed(seed).traced().execute(|| async {
            let lock = Rc::new(Lock::new(()));
            let held = lock.lock().await;
            let other = lock.clone();
            let sets_aside = spawn(async move {
                let mut acquire = Box::pin(other.lock());
                if poll_once(acquire.as_mut()).await.is_ready() {
                    return;
                }
                sleep(Duration::from_nanos(1)).await;
                sleep(Duration::from_secs(1)).await;
            });
            for _ in 0..8 {
                yield_now().await;
            }
            drop(held);
            sets_aside.await.expect("nobody aborts it");
        });
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
        let trace = outcome.trace.expect("it was traced");
        let own = trace.events.iter().filter(|event| event.task == Some(TaskRef(1)));
        let mut steps = 0;
        let mut announced = None;
        for event in own {
            match &event.kind {
                EventKind::Step { .. } => steps += 1,
                EventKind::Announced(_) => announced = Some(steps),
                EventKind::Blocked(_) => match announced {
                    None => at_once += 1,
                    // The step in which it was granted comes at once after the one that announced it.
                    Some(announced) if announced + 1 == steps => granted += 1,
                    Some(_) => late += 1,
                },
                _ => {}
            }
        }
    }
    assert!(at_once > 0 && granted > 0, "{at_once} and {granted}");
    assert_eq!(late, 0, "it lines up behind its back");
}

#[test]
fn a_guard_that_another_thread_drops_is_a_finding_if_somebody_waits() {
    let program = |others: usize| {
        Run::new().execute(move || async move {
            let lock = Arc::new(Lock::new(()));
            let guard = lock.clone().lock_owned().await;
            let waits: Vec<_> = (0..others)
                .map(|_| {
                    let lock = lock.clone();
                    spawn(async move { drop(lock.lock_owned().await) })
                })
                .collect();
            for _ in 0..5 {
                yield_now().await;
            }
            std::thread::scope(|scope| {
                scope.spawn(move || drop(guard));
            });
            for wait in waits {
                wait.await.expect("nobody aborts it");
            }
            drop(lock.lock_owned().await);
        })
    };
    assert_eq!(program(0).result, Ok(()));
    let finding = program(2).result.expect_err("somebody was woken from elsewhere");
    assert_eq!(finding.kind, Kind::Nondeterminism, "{finding}");
    assert!(finding.message.contains("from another OS thread"), "{finding}");
}

#[test]
fn a_lock_that_is_held_outside_of_the_run_finds_who_waits_in_it() {
    let program = |is_elsewhere: bool| {
        let lock = Arc::new(Lock::new(0));
        let guard = lock.clone().try_lock_owned().expect("it is free");
        Run::new().execute(move || async move {
            let other = lock.clone();
            let waits = spawn(async move { *other.lock().await += 1 });
            for _ in 0..20 {
                yield_now().await;
            }
            match is_elsewhere {
                true => std::thread::scope(|scope| drop(scope.spawn(move || drop(guard)))),
                false => drop(guard),
            }
            waits.await.expect("nobody aborts it");
            *lock.lock().await
        })
    };
    assert_eq!(program(false).result, Ok(1));
    let finding = program(true).result.expect_err("somebody was woken from elsewhere");
    assert_eq!(finding.kind, Kind::Nondeterminism, "{finding}");
}

#[test]
fn tasks_that_come_back_to_the_line_and_are_aborted_in_it_do_not_disturb_it() {
    let mut aborted = 0;
    for seed in 0..400 {
        let outcome = Run::new().seed(seed).execute(|| async {
            let lock = Rc::new(Lock::new(0));
            let tasks: Vec<_> = (0..5)
                .map(|_| {
                    let lock = lock.clone();
                    spawn(async move {
                        for _ in 0..4 {
                            let mut rounds = lock.lock().await;
                            yield_now().await;
                            *rounds += 1;
                        }
                    })
                })
                .collect();
            let mut ended = 0;
            for (number, task) in (0..).zip(tasks) {
                for _ in 0..number {
                    yield_now().await;
                }
                if number % 2 == 0 {
                    task.abort();
                }
                ended += u32::from(task.await.is_ok());
            }
            let rounds = *lock.try_lock().expect("nobody has it");
            (ended, rounds)
        });
        let (ended, rounds) = outcome.result.expect("nobody waits for ever");
        assert!(ended >= 2 && rounds >= 4 * ended, "seed {seed}: {ended}, {rounds}");
        aborted += 5 - ended;
    }
    assert!(aborted > 400, "{aborted}");
}

thread_local! {
    /// What the next clone of the waker below does.
    static ON_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

static ACTING: RawWakerVTable = RawWakerVTable::new(
    |data| {
        if let Some(act) = ON_CLONE.take() {
            act();
        }
        RawWaker::new(data, &ACTING)
    },
    |_| {},
    |_| {},
    |_| {},
);

#[test]
#[expect(unsafe_code, reason = "a waker whose clone does something cannot be made otherwise")]
fn a_lock_that_is_handed_over_while_a_waker_is_cloned_is_taken_in_that_poll() {
    in_run(async || {
        let lock = Arc::new(Lock::new(0));
        let guard = lock.clone().lock_owned().await;
        let mut first = Box::pin(lock.clone().lock_owned());
        let mut second = Box::pin(lock.clone().lock_owned());
        assert!(poll_once(first.as_mut()).await.is_pending());
        assert!(poll_once(second.as_mut()).await.is_pending());
        ON_CLONE.set(Some(Box::new(move || drop(guard))));
        // SAFETY: Its functions do not look at the data.
        let waker = unsafe { Waker::new(std::ptr::null(), &ACTING) };
        let polled = first.as_mut().poll(&mut Context::from_waker(&waker));
        let Poll::Ready(guard) = polled else { panic!("it was handed the lock") };
        drop((guard, first));
        assert!(poll_once(second.as_mut()).await.is_ready());
        assert!(!lock.locked());
    });
}
