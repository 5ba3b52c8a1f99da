//! A semaphore has as many permits out as it may, and never keeps one from a waiter.

use std::cell::Cell;
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
    /// How many permits each of those who wait wants.
    waiting: Vec<usize>,
}

#[derive(Debug)]
enum Event {
    Acquired(usize),
    Released(usize),
    Refused,
}

impl Model for Permits {
    type Event = Event;
    type Want = usize;

    fn begin(&mut self, permits: &usize) -> u64 {
        self.waiting.push(*permits);
        0
    }

    fn end(&mut self, permits: &usize) {
        let at = self.waiting.iter().position(|wanted| wanted == permits);
        self.waiting.swap_remove(at.expect("it began to wait"));
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        match *event {
            Event::Acquired(permits) if self.left < permits => {
                return Err(format!("{} are left", self.left));
            }
            Event::Acquired(permits) => self.left -= permits,
            Event::Released(_) if self.left >= self.bound.saturating_add(self.waiting.len()) => {
                return Err("all are back".into());
            }
            Event::Released(permits) => self.left += permits,
            Event::Refused => {}
        }
        Ok(())
    }

    /// Too few are left for it, or for somebody who may have come before.
    fn may_wait(&self, _permits: &usize, _begun: u64) -> bool {
        self.waiting.iter().any(|&wanted| self.left < wanted)
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Guarded(u64),
    Acquire,
    Release,
    Try(u64),
    /// Has several permits at a time, for a while.
    Many(u32, u64),
    /// Has several permits, if they are there.
    TryMany(u32, u64),
    /// Has several permits, and gives some of them back earlier.
    Split(u32, u64),
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
    ($name:ident, $semaphore:ty, $release:expr, $many:expr) => {
        async fn $name(world: Rc<World<$semaphore, Permits>>, operation: Operation) {
            let semaphore = &world.primitive;
            let (permit, hold) = match operation {
                Operation::Acquire => {
                    world.wait(1, semaphore.acquire_unguarded()).await;
                    return world.happened(Event::Acquired(1));
                }
                Operation::Release => return $release(&world),
                Operation::Guarded(hold) => (world.wait(1, semaphore.acquire()).await, hold),
                Operation::Try(hold) => match semaphore.try_acquire() {
                    Ok(permit) => (permit, hold),
                    Err(_) => return world.happened(Event::Refused),
                },
                _ => return $many(&world, operation).await,
            };
            world.happened(Event::Acquired(1));
            let _permit = permit;
            let _released = OnDrop(|| world.happened(Event::Released(1)));
            if hold > 0 {
                sleep(Duration::from_micros(hold)).await;
            }
        }
    };
}

fn release_unbounded(world: &World<Semaphore, Permits>) {
    world.happened(Event::Released(1));
    world.primitive.release();
}

async fn have_many(world: &World<Semaphore, Permits>, operation: Operation) {
    let semaphore = &world.primitive;
    let (Operation::Many(count, hold)
    | Operation::TryMany(count, hold)
    | Operation::Split(count, hold)) = operation
    else {
        unreachable!("the others have one");
    };
    let many = count as usize;
    let permits = match operation {
        Operation::TryMany(..) => semaphore.try_acquire_many(count).ok(),
        _ => Some(world.wait(many, semaphore.acquire_many(count)).await),
    };
    let Some(mut permits) = permits else { return world.happened(Event::Refused) };
    world.happened(Event::Acquired(many));
    let early = match operation {
        Operation::Split(..) => many / 2,
        _ => 0,
    };
    let split = permits.split(early).expect("it has more");
    let _permits = permits;
    let released = Cell::new(0);
    let _released = OnDrop(|| world.happened(Event::Released(many - released.get())));
    sleep(Duration::from_micros(hold)).await;
    released.set(early);
    world.happened(Event::Released(early));
    drop(split);
    sleep(Duration::from_micros(hold)).await;
}

perform!(perform_unbounded, Semaphore, release_unbounded, have_many);

fn operations_on_many() -> impl Strategy<Value = Operation> {
    let (permits, hold) = (|| 0..4u32, || 0..4u64);
    prop_oneof![
        2 => operations(),
        2 => (permits(), hold()).prop_map(|(permits, hold)| Operation::Many(permits, hold)),
        1 => (permits(), hold()).prop_map(|(permits, hold)| Operation::TryMany(permits, hold)),
        1 => (permits(), hold()).prop_map(|(permits, hold)| Operation::Split(permits, hold)),
    ]
}

#[test]
fn semaphore_of_which_many_take_many_agrees_with_its_model() {
    let make = |_| (Semaphore::new(3), Permits { left: 3, bound: usize::MAX, waiting: Vec::new() });
    check_model(operations_on_many(), make, perform_unbounded);
}

#[test]
fn semaphore_agrees_with_its_model() {
    let make = |_| (Semaphore::new(2), Permits { left: 2, bound: usize::MAX, waiting: Vec::new() });
    check_model(operations(), make, perform_unbounded);
}

fn release_bounded(world: &World<BoundedSemaphore, Permits>) {
    // Only what was taken without a guard: see `bounded_operations`.
    let left_before = world.model.borrow().left;
    match world.primitive.release() {
        Ok(()) => world.happened(Event::Released(1)),
        Err(_) => assert!(left_before >= 2, "refused, although a permit is out"),
    }
}

async fn have_one_only(_: &World<BoundedSemaphore, Permits>, _: Operation) {
    unreachable!("see `bounded_operations`");
}

perform!(perform_bounded, BoundedSemaphore, release_bounded, have_one_only);

/// Without guards, whose permits a bare release would give back a second time.
fn bounded_operations() -> impl Strategy<Value = Operation> {
    prop_oneof![2 => Just(Operation::Acquire), 1 => Just(Operation::Release)]
}

#[test]
fn bounded_semaphore_agrees_with_its_model() {
    let make = |_| (BoundedSemaphore::new(2), Permits { left: 2, bound: 2, waiting: Vec::new() });
    check_model(bounded_operations(), make, perform_bounded);
}
