//! A barrier lets its parties go on together, and nobody alone.

use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::Barrier;

use crate::harness::{Model, World, check_model};

const PARTIES: usize = 2;

/// Counts who is on the way: what is exact without cancellation is a bound with it.
#[derive(Default)]
struct Rounds {
    waiting: usize,
    begun: usize,
    passed: usize,
    aborted: bool,
}

#[derive(Debug)]
enum Event {
    Passed(usize),
    Refused,
    Aborted,
    Reset,
}

impl Model for Rounds {
    type Event = Event;
    type Want = ();

    fn begin(&mut self, (): &()) -> u64 {
        self.waiting += 1;
        self.begun += 1;
        0
    }

    fn end(&mut self, (): &()) {
        self.waiting -= 1;
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Passed(index) => {
                self.passed += 1;
                if *index >= PARTIES {
                    return Err("the index is too large".into());
                }
                let company = self.begun.next_multiple_of(PARTIES);
                if self.passed > company || (self.begun < PARTIES) {
                    return Err("too few have come".into());
                }
            }
            Event::Refused if !self.aborted => return Err("it was not broken".into()),
            Event::Refused => {}
            Event::Aborted | Event::Reset => self.aborted = true,
        }
        Ok(())
    }

    fn may_wait(&self, (): &(), _begun: u64) -> bool {
        self.waiting < PARTIES
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Wait,
    Abort,
    Reset,
}

async fn perform(world: Rc<World<Barrier, Rounds>>, operation: Operation) {
    let barrier = &world.primitive;
    match operation {
        Operation::Wait => match world.wait((), barrier.wait()).await {
            Ok(index) => world.happened(Event::Passed(index)),
            Err(_) => world.happened(Event::Refused),
        },
        Operation::Abort => {
            barrier.abort();
            world.happened(Event::Aborted);
        }
        Operation::Reset => {
            barrier.reset();
            world.happened(Event::Reset);
        }
    }
}

#[test]
fn barrier_agrees_with_its_model() {
    let operations = prop_oneof![
        12 => Just(Operation::Wait),
        1 => Just(Operation::Abort),
        2 => Just(Operation::Reset),
    ];
    check_model(operations, |_| (Barrier::new(PARTIES), Rounds::default()), perform);
}
