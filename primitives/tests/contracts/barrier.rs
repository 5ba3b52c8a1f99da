//! Barriers.

use unpick_primitives::Barrier;
use unpick_primitives::barrier::BrokenBarrierError;

use crate::hand::{ready, waiting};

#[test]
fn the_last_to_arrive_lets_everybody_go() {
    let barrier = Barrier::new(3);
    let mut first = waiting(barrier.wait());
    let mut second = waiting(barrier.wait());
    assert_eq!(barrier.n_waiting(), 2);
    assert_eq!(ready(barrier.wait()), Ok(2));
    assert_eq!((first.assert_ready(), second.assert_ready()), (Ok(0), Ok(1)));
}

#[test]
fn newcomers_wait_outside_until_the_round_is_over() {
    let barrier = Barrier::new(2).named("start");
    let mut first = waiting(barrier.wait());
    assert_eq!(ready(barrier.wait()), Ok(1));
    let mut early = waiting(barrier.wait());
    assert_eq!(format!("{barrier:?}"), "<Barrier start [draining, waiters:0/2]>");
    assert_eq!(first.assert_ready(), Ok(0));
    assert_eq!(early.wakes(), 1);
    early.assert_pending();
    assert_eq!(format!("{barrier:?}"), "<Barrier start [filling, waiters:1/2]>");
    assert_eq!(ready(barrier.wait()), Ok(1));
    assert_eq!(early.assert_ready(), Ok(0));
}

#[test]
fn a_cancelled_waiter_does_not_count() {
    let barrier = Barrier::new(2);
    drop(waiting(barrier.wait()));
    assert_eq!(barrier.n_waiting(), 0);
    waiting(barrier.wait());
}

#[test]
fn the_round_goes_on_when_one_is_cancelled_on_its_way_out() {
    let barrier = Barrier::new(2);
    let first = waiting(barrier.wait());
    assert_eq!(ready(barrier.wait()), Ok(1));
    let early = waiting(barrier.wait());
    drop(first);
    assert_eq!(early.wakes(), 1);
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
fn aborting_breaks_it_for_those_inside_and_those_to_come() {
    let barrier = Barrier::new(2);
    let mut first = waiting(barrier.wait());
    barrier.abort();
    assert_eq!(first.assert_ready(), Err(BrokenBarrierError));
    assert_eq!(ready(barrier.wait()), Err(BrokenBarrierError));
    barrier.reset();
    waiting(barrier.wait());
}

#[test]
fn resetting_sends_those_inside_away() {
    let barrier = Barrier::new(2);
    let mut first = waiting(barrier.wait());
    barrier.reset();
    let mut newcomer = waiting(barrier.wait());
    assert_eq!(first.assert_ready(), Err(BrokenBarrierError));
    newcomer.assert_pending();
    assert_eq!(ready(barrier.wait()), Ok(1));
    assert_eq!(newcomer.assert_ready(), Ok(0));
}

#[test]
#[should_panic(expected = "a barrier of no parties")]
fn a_barrier_has_parties() {
    let _barrier = Barrier::new(0);
}
