//! Whoever watches sees the last value, and hears of every change but those it has slept through.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::watch::{self, Receiver, Sender};

use crate::harness::{Model, OnDrop, World, check_model};

const RECEIVERS: usize = 2;

struct Ends {
    sender: Sender<u8>,
    /// Each taken out by whoever receives.
    receivers: [RefCell<Option<Receiver<u8>>>; RECEIVERS],
}

#[derive(Default)]
struct Channel {
    value: u8,
    version: u64,
    seen: [u64; RECEIVERS],
}

#[derive(Debug)]
enum Event {
    Sent(u8),
    Changed(usize),
    Saw(usize, u8),
    Asked(usize, bool),
    Found(usize, u8),
}

impl Model for Channel {
    type Event = Event;
    type Want = Operation;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match *event {
            Event::Sent(value) => {
                self.value = value;
                self.version += 1;
                true
            }
            Event::Changed(receiver) => {
                std::mem::replace(&mut self.seen[receiver], self.version) != self.version
            }
            Event::Saw(receiver, value) => {
                self.seen[receiver] = self.version;
                value == self.value
            }
            Event::Asked(receiver, answer) => answer == (self.seen[receiver] != self.version),
            Event::Found(receiver, value) => {
                self.seen[receiver] = self.version;
                value == self.value && value >= ENOUGH
            }
        };
        if is_possible {
            Ok(())
        } else {
            Err(format!("{} in version {}", self.value, self.version))
        }
    }

    fn may_wait(&self, want: &Operation, _begun: u64) -> bool {
        match want {
            Operation::Changed(receiver) => self.seen[*receiver] == self.version,
            _ => self.value < ENOUGH,
        }
    }
}

const ENOUGH: u8 = 200;

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    Changed(usize),
    See(usize),
    Ask(usize),
    /// Waits for a value that is enough.
    Find(usize),
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn perform(world: Rc<World<Ends, Channel>>, operation: Operation) {
    let number = match operation {
        Operation::Send(value) => {
            world.primitive.sender.send_replace(value);
            return world.happened(Event::Sent(value));
        }
        Operation::Changed(number) | Operation::See(number) => number,
        Operation::Ask(number) | Operation::Find(number) => number,
    };
    let home = &world.primitive.receivers[number];
    let Some(receiver) = home.take() else { return };
    let receiver = RefCell::new(Some(receiver));
    let _back = OnDrop(|| *home.borrow_mut() = receiver.take());
    let mut borrowed = receiver.borrow_mut();
    let receiver = borrowed.as_mut().expect("it was taken for this");
    match operation {
        Operation::Changed(_) => {
            world.wait(operation, receiver.changed()).await.expect("the sender is there");
            world.happened(Event::Changed(number));
        }
        Operation::Find(_) => {
            // Values that are not enough count as seen, which only `Changed` would tell.
            let found = receiver.wait_for(|value| *value >= ENOUGH);
            let value = *world.wait(operation, found).await.expect("the sender is there");
            world.happened(Event::Found(number, value));
        }
        Operation::Ask(_) => {
            let answer = receiver.has_changed().expect("the sender is there");
            world.happened(Event::Asked(number, answer));
        }
        _ => {
            let value = *receiver.borrow_and_update();
            world.happened(Event::Saw(number, value));
        }
    }
}

fn make() -> (Ends, Channel) {
    let (sender, first) = watch::channel(0);
    let receivers = [Some(first).into(), Some(sender.subscribe()).into()];
    (Ends { sender, receivers }, Channel::default())
}

#[test]
fn watch_agrees_with_its_model() {
    let operations = prop_oneof![
        4 => any::<u8>().prop_map(Operation::Send),
        4 => (0..RECEIVERS).prop_map(Operation::Changed),
        2 => (0..RECEIVERS).prop_map(Operation::See),
        1 => (0..RECEIVERS).prop_map(Operation::Ask),
    ];
    check_model(operations, |_| make(), perform);
}

#[test]
fn waiting_for_a_value_agrees_with_its_model() {
    let operations = prop_oneof![
        4 => any::<u8>().prop_map(Operation::Send),
        3 => (0..RECEIVERS).prop_map(Operation::Find),
    ];
    check_model(operations, |_| make(), perform);
}
