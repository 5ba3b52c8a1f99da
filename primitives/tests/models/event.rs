//! An event lets through whoever finds it set or waited when it was.

use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::Event;

use crate::harness::{Model, World, check_model};

#[derive(Default)]
struct Flag {
    is_set: bool,
    sets: u64,
}

#[derive(Debug)]
enum Happened {
    Set,
    Cleared,
    Seen(bool),
    /// Somebody was let through who began after so many `set`s.
    Passed(u64),
}

impl Model for Flag {
    type Event = Happened;
    type Want = ();

    fn begin(&mut self, (): &()) -> u64 {
        self.sets
    }

    fn happen(&mut self, event: &Happened) -> Result<(), String> {
        match *event {
            Happened::Set => {
                self.is_set = true;
                self.sets += 1;
            }
            Happened::Cleared => self.is_set = false,
            Happened::Seen(seen) if seen != self.is_set => return Err("it is not so".into()),
            Happened::Passed(begun) if !self.is_set && begun == self.sets => {
                return Err("it was not set meanwhile".into());
            }
            Happened::Seen(_) | Happened::Passed(_) => {}
        }
        Ok(())
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        !self.is_set
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Wait,
    Set,
    Clear,
    Look,
}

async fn perform(world: Rc<World<Event, Flag>>, operation: Operation) {
    let event = &world.primitive;
    match operation {
        Operation::Wait => {
            let begun = world.model.borrow().sets;
            world.wait((), event.wait()).await;
            world.happened(Happened::Passed(begun));
        }
        Operation::Set => {
            event.set();
            world.happened(Happened::Set);
        }
        Operation::Clear => {
            event.clear();
            world.happened(Happened::Cleared);
        }
        Operation::Look => world.happened(Happened::Seen(event.is_set())),
    }
}

#[test]
fn event_agrees_with_its_model() {
    let operations = prop_oneof![
        4 => Just(Operation::Wait),
        2 => Just(Operation::Set),
        2 => Just(Operation::Clear),
        1 => Just(Operation::Look),
    ];
    check_model(operations, |_| (Event::new(), Flag::default()), perform);
}
