//! A semaphore has as many permits out as it may, and never keeps one from a waiter.

use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::task::sleep;
use unpick_primitives::{BoundedSemaphore, Semaphore};

use crate::harness::{Model, OnDrop, World, check_model};

/// A permit that was handed to a waiter counts as left until the waiter has run and said so.
struct Permits {
    left: usize,
    bound: usize,
    waiting: usize,
}

#[derive(Debug)]
enum Event {
    Acquired,
    Released,
    Refused,
}

impl Model for Permits {
    type Event = Event;
    type Want = ();

    fn begin(&mut self, (): &()) -> u64 {
        self.waiting += 1;
        0
    }

    fn end(&mut self, (): &()) {
        self.waiting -= 1;
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Acquired if self.left == 0 => return Err("no permit is left".into()),
            Event::Acquired => self.left -= 1,
            Event::Released if self.left >= self.bound.saturating_add(self.waiting) => {
                return Err("all are back".into());
            }
            Event::Released => self.left += 1,
            Event::Refused => {}
        }
        Ok(())
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        self.left == 0
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Guarded(u64),
    Acquire,
    Release,
    Try(u64),
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        2 => (0..4u64).prop_map(Operation::Guarded),
        2 => Just(Operation::Acquire),
        1 => Just(Operation::Release),
        1 => (0..4u64).prop_map(Operation::Try),
    ]
}

/// The same program for both kinds; only `release` differs.
macro_rules! perform {
    ($name:ident, $semaphore:ty, $release:expr) => {
        async fn $name(world: Rc<World<$semaphore, Permits>>, operation: Operation) {
            let semaphore = &world.primitive;
            let (permit, hold) = match operation {
                Operation::Acquire => {
                    world.wait((), semaphore.acquire_unguarded()).await;
                    return world.happened(Event::Acquired);
                }
                Operation::Release => return $release(&world),
                Operation::Guarded(hold) => (world.wait((), semaphore.acquire()).await, hold),
                Operation::Try(hold) => match semaphore.try_acquire() {
                    Ok(permit) => (permit, hold),
                    Err(_) => return world.happened(Event::Refused),
                },
            };
            world.happened(Event::Acquired);
            let _permit = permit;
            let _released = OnDrop(|| world.happened(Event::Released));
            if hold > 0 {
                sleep(Duration::from_micros(hold)).await;
            }
        }
    };
}

perform!(perform_unbounded, Semaphore, |world: &World<Semaphore, Permits>| {
    world.happened(Event::Released);
    world.primitive.release();
});

#[test]
fn semaphore_agrees_with_its_model() {
    let make = |_| (Semaphore::new(2), Permits { left: 2, bound: usize::MAX, waiting: 0 });
    check_model(operations(), make, perform_unbounded);
}

perform!(perform_bounded, BoundedSemaphore, |world: &World<BoundedSemaphore, Permits>| {
    // Only what was taken without a guard: see `bounded_operations`.
    let left_before = world.model.borrow().left;
    match world.primitive.release() {
        Ok(()) => world.happened(Event::Released),
        Err(_) => assert!(left_before >= 2, "refused, although a permit is out"),
    }
});

/// Without guards, whose permits a bare release would give back a second time.
fn bounded_operations() -> impl Strategy<Value = Operation> {
    prop_oneof![2 => Just(Operation::Acquire), 1 => Just(Operation::Release)]
}

#[test]
fn bounded_semaphore_agrees_with_its_model() {
    let make = |_| (BoundedSemaphore::new(2), Permits { left: 2, bound: 2, waiting: 0 });
    check_model(bounded_operations(), make, perform_bounded);
}
