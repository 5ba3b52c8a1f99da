//! A lock is held by one at a time, in the order of arrival, and never idle while somebody waits.

use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::Lock;
use unpick_primitives::task::sleep;

use crate::harness::{Model, OnDrop, World, check_model};

#[derive(Default)]
struct Held(bool);

#[derive(Debug)]
enum Event {
    Acquired,
    Released,
    Refused,
}

impl Model for Held {
    type Event = Event;
    type Want = ();

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let (before, after) = match event {
            Event::Acquired => (false, true),
            Event::Released => (true, false),
            Event::Refused => (true, true),
        };
        if self.0 != before {
            return Err(format!("held is {}", self.0));
        }
        self.0 = after;
        Ok(())
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        self.0
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Lock(u64),
    Try(u64),
}

async fn perform(world: Rc<World<Lock<u32>, Held>>, operation: Operation) {
    let (guard, hold) = match operation {
        Operation::Lock(hold) => (world.wait((), world.primitive.lock()).await, hold),
        Operation::Try(hold) => match world.primitive.try_lock() {
            Ok(guard) => (guard, hold),
            Err(_) => {
                // It may be refused while the lock is handed over and its owner has not run.
                if world.model.borrow().0 {
                    world.happened(Event::Refused);
                }
                return;
            }
        },
    };
    world.happened(Event::Acquired);
    let mut guard = guard;
    let seen = *guard;
    // Dropped before the guard: the model is told first.
    let _released = OnDrop(|| world.happened(Event::Released));
    if hold > 0 {
        sleep(Duration::from_micros(hold)).await;
    }
    *guard = seen + 1;
}

#[test]
fn lock_agrees_with_its_model() {
    use proptest::prelude::*;
    let operations = prop_oneof![3 => (0..4u64).prop_map(Operation::Lock), 1 => (0..4u64).prop_map(Operation::Try)];
    check_model(operations, |_| (Lock::new(0), Held::default()), perform);
}
