//! A condition's notification reaches somebody who can use it, even if waiters are cancelled.

use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::Condition;
use unpick_primitives::task::sleep;

use crate::harness::{Model, World, check_model};

/// How many units there are to be taken, one by each waiter.
#[derive(Default)]
struct Units(u32);

#[derive(Debug)]
enum Event {
    Added(u32),
    Taken,
}

impl Model for Units {
    type Event = Event;
    type Want = ();

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        self.0 = match event {
            Event::Added(count) => self.0 + count,
            Event::Taken => self.0.checked_sub(1).ok_or("there is none")?,
        };
        Ok(())
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        self.0 == 0
    }
}

#[derive(Clone, Debug)]
enum Operation {
    /// Waits for a unit, takes it, and keeps the lock for a while.
    Take(u64),
    /// Adds units and notifies as many.
    Add(u32),
    /// Adds units and notifies all.
    AddForAll(u32),
}

async fn perform(world: Rc<World<Condition<u32>, Units>>, operation: Operation) {
    let condition = &world.primitive;
    match operation {
        Operation::Take(hold) => {
            let taking = async {
                let guard = condition.lock().await;
                condition.wait_for(guard, |units| *units > 0).await
            };
            let mut guard = world.wait((), taking).await;
            *guard -= 1;
            world.happened(Event::Taken);
            if hold > 0 {
                sleep(Duration::from_micros(hold)).await;
            }
        }
        Operation::Add(count) | Operation::AddForAll(count) => {
            let mut guard = condition.lock().await;
            *guard += count;
            world.happened(Event::Added(count));
            match operation {
                Operation::AddForAll(_) => condition.notify_all(),
                _ => condition.notify(count as usize),
            }
        }
    }
}

#[test]
fn condition_agrees_with_its_model() {
    let operations = prop_oneof![
        4 => (0..3u64).prop_map(Operation::Take),
        2 => (0..3u32).prop_map(Operation::Add),
        1 => (0..3u32).prop_map(Operation::AddForAll),
    ];
    check_model(operations, |_| (Condition::new(0), Units::default()), perform);
}
