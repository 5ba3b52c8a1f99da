//! A once-cell runs one initializer at a time, and none any more once one has succeeded.

use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::OnceCell;
use unpick_primitives::once_cell::SetError;
use unpick_primitives::task::sleep;

use crate::harness::{Model, OnDrop, World, check_model};

#[derive(Default)]
struct Cell {
    value: Option<u64>,
    running: u32,
}

#[derive(Debug)]
enum Event {
    Begun,
    Ended,
    Set(u64),
    Got(u64),
    Failed,
    SetRefused(SetError<u64>),
}

impl Model for Cell {
    type Event = Event;
    type Want = ();

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match event {
            Event::Begun => {
                self.running += 1;
                self.running == 1 && self.value.is_none()
            }
            Event::Ended => {
                self.running -= 1;
                true
            }
            Event::Set(value) => self.value.replace(*value).is_none() && self.running == 0,
            // Who has made the value says so by having got it.
            Event::Got(value) => *self.value.get_or_insert(*value) == *value,
            Event::Failed => true,
            Event::SetRefused(SetError::AlreadyInitialized(_)) => self.value.is_some(),
            // Somebody may have been given the turn who has not run yet.
            Event::SetRefused(SetError::Initializing(_)) => self.value.is_none(),
        };
        if is_possible { Ok(()) } else { Err(format!("{:?}, {} run", self.value, self.running)) }
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        false
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Get { value: u64, hold: u64, succeeds: bool },
    Set(u64),
}

async fn perform(world: Rc<World<OnceCell<u64>, Cell>>, operation: Operation) {
    let cell = &world.primitive;
    match operation {
        Operation::Get { value, hold, succeeds } => {
            let initialize = async || {
                world.happened(Event::Begun);
                let _ended = OnDrop(|| world.happened(Event::Ended));
                if hold > 0 {
                    sleep(Duration::from_micros(hold)).await;
                }
                if succeeds { Ok(value) } else { Err(()) }
            };
            match world.wait((), cell.get_or_try_init(initialize)).await {
                Ok(value) => world.happened(Event::Got(*value)),
                Err(()) => world.happened(Event::Failed),
            }
        }
        Operation::Set(value) => match cell.set(value) {
            Ok(()) => world.happened(Event::Set(value)),
            Err(error) => world.happened(Event::SetRefused(error)),
        },
    }
}

#[test]
fn once_cell_agrees_with_its_model() {
    let operations = prop_oneof![
        6 => (any::<u64>(), 0..4u64, prop::bool::weighted(0.3))
            .prop_map(|(value, hold, succeeds)| Operation::Get { value, hold, succeeds }),
        1 => any::<u64>().prop_map(Operation::Set),
    ];
    check_model(operations, |_| (OnceCell::new(), Cell::default()), perform);
}
