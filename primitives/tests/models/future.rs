//! A future is resolved once, and everybody sees the same.

use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::Future;
use unpick_primitives::future::{FutureError, Outcome};

use crate::harness::{Model, World, check_model};

#[derive(Default)]
struct Resolved(Option<Outcome<u8, char>>);

#[derive(Debug)]
enum Event {
    /// Somebody wanted to resolve it, and was accepted or not.
    Resolved(Outcome<u8, char>, bool),
    Seen(Option<Outcome<u8, char>>),
}

impl Model for Resolved {
    type Event = Event;
    type Want = ();

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match event {
            Event::Resolved(outcome, is_accepted) => {
                let could = self.0.is_none();
                self.0.get_or_insert(*outcome);
                could == *is_accepted
            }
            Event::Seen(outcome) => self.0 == *outcome,
        };
        if is_possible { Ok(()) } else { Err(format!("it is {:?}", self.0)) }
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        self.0.is_none()
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Wait,
    Resolve(Outcome<u8, char>),
    Look,
}

async fn perform(world: Rc<World<Future<u8, char>, Resolved>>, operation: Operation) {
    let future = &world.primitive;
    match operation {
        Operation::Wait => {
            let outcome = world.wait((), future.wait()).await;
            world.happened(Event::Seen(Some(outcome)));
        }
        Operation::Look => world.happened(Event::Seen(future.result())),
        Operation::Resolve(outcome) => {
            let is_accepted = match outcome {
                Ok(value) => future.set_result(value).is_ok(),
                Err(FutureError::Failed(error)) => future.set_error(error).is_ok(),
                Err(FutureError::Cancelled) => future.cancel(),
            };
            world.happened(Event::Resolved(outcome, is_accepted));
        }
    }
}

#[test]
fn future_agrees_with_its_model() {
    let operations = prop_oneof![
        5 => Just(Operation::Wait),
        1 => any::<u8>().prop_map(|value| Operation::Resolve(Ok(value))),
        1 => any::<char>().prop_map(|error| Operation::Resolve(Err(FutureError::Failed(error)))),
        1 => Just(Operation::Resolve(Err(FutureError::Cancelled))),
        1 => Just(Operation::Look),
    ];
    check_model(operations, |_| (Future::new(), Resolved::default()), perform);
}
