//! Every receiver of a broadcast gets every message, or is told exactly how many it has missed.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::broadcast::{self, Receiver, RecvError, Sender, TryRecvError};

use crate::harness::{Model, OnDrop, World, check_model};

const CAPACITY: usize = 2;
const RECEIVERS: usize = 2;

struct Ends {
    sender: Sender<u8>,
    /// Each taken out by whoever receives.
    receivers: [RefCell<Option<Receiver<u8>>>; RECEIVERS],
}

#[derive(Default)]
struct Channel {
    sent: Vec<u8>,
    next: [usize; RECEIVERS],
}

#[derive(Debug)]
enum Event {
    Sent(u8),
    Received(usize, Result<u8, TryRecvError>),
}

impl Model for Channel {
    type Event = Event;
    type Want = usize;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let (receiver, received) = match *event {
            Event::Sent(message) => {
                self.sent.push(message);
                return Ok(());
            }
            Event::Received(receiver, received) => (receiver, received),
        };
        let next = &mut self.next[receiver];
        let missed = self.sent.len().saturating_sub(CAPACITY).saturating_sub(*next);
        let expected = match missed {
            0 => self.sent.get(*next).copied().ok_or(TryRecvError::Empty),
            missed => Err(TryRecvError::Lagged(missed as u64)),
        };
        *next += match received {
            Ok(_) => 1,
            Err(TryRecvError::Lagged(missed)) => missed as usize,
            Err(_) => 0,
        };
        if received == expected { Ok(()) } else { Err(format!("expected {expected:?}")) }
    }

    fn may_wait(&self, receiver: &usize, _begun: u64) -> bool {
        self.next[*receiver] == self.sent.len()
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    Recv(usize),
    TryRecv(usize),
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn perform(world: Rc<World<Ends, Channel>>, operation: Operation) {
    match operation {
        Operation::Send(message) => {
            assert!(world.primitive.sender.send(message).is_ok() || is_nobody_there(&world));
            world.happened(Event::Sent(message));
        }
        Operation::Recv(number) | Operation::TryRecv(number) => {
            let home = &world.primitive.receivers[number];
            let Some(receiver) = home.take() else { return };
            let receiver = RefCell::new(receiver);
            let _back = OnDrop(|| {
                let (_, fresh) = broadcast::channel(1);
                *home.borrow_mut() = Some(receiver.replace(fresh));
            });
            let received = match operation {
                Operation::TryRecv(_) => receiver.borrow_mut().try_recv(),
                _ => {
                    let mut receiver = receiver.borrow_mut();
                    world.wait(number, receiver.recv()).await.map_err(|error| match error {
                        RecvError::Closed => TryRecvError::Closed,
                        RecvError::Lagged(missed) => TryRecvError::Lagged(missed),
                    })
                }
            };
            world.happened(Event::Received(number, received));
        }
    }
}

/// Receivers are never dropped before the end.
fn is_nobody_there(world: &World<Ends, Channel>) -> bool {
    world.primitive.sender.receiver_count() == 0
}

#[test]
fn broadcast_agrees_with_its_model() {
    let operations = prop_oneof![
        3 => any::<u8>().prop_map(Operation::Send),
        3 => (0..RECEIVERS).prop_map(Operation::Recv),
        1 => (0..RECEIVERS).prop_map(Operation::TryRecv),
    ];
    let make = |_| {
        let (sender, first) = broadcast::channel(CAPACITY);
        let receivers = [Some(first).into(), Some(sender.subscribe()).into()];
        (Ends { sender, receivers }, Channel::default())
    };
    check_model(operations, make, perform);
}
