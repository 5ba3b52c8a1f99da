//! A channel for one value gives what was sent, once, or tells that nothing comes.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::oneshot::{self, Receiver, RecvError, Sender, TryRecvError};

use crate::harness::{Model, OnDrop, World, check_model};

/// Each is taken out by whoever uses it, for a while or for good.
struct Ends {
    sender: RefCell<Option<Sender<u8>>>,
    receiver: RefCell<Option<Receiver<u8>>>,
}

#[derive(Debug)]
struct Channel {
    value: Option<u8>,
    has_sender: bool,
    is_closed: bool,
}

#[derive(Debug)]
enum Event {
    /// A value was sent, or came back.
    Sent(u8, Result<(), u8>),
    SenderDropped,
    /// The receiver was closed or dropped.
    Closed,
    Received(Result<u8, RecvError>),
    Tried(Result<u8, TryRecvError>),
    /// A sender was told whether the receiver is closed.
    Told(bool),
}

impl Channel {
    fn is_over(&self) -> bool {
        !self.has_sender || self.is_closed
    }
}

impl Model for Channel {
    type Event = Event;
    type Want = Operation;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match *event {
            Event::Sent(value, sent) => {
                self.has_sender = false;
                self.value = (!self.is_closed).then_some(value);
                sent == if self.is_closed { Err(value) } else { Ok(()) }
            }
            Event::SenderDropped => {
                self.has_sender = false;
                true
            }
            Event::Closed => {
                self.is_closed = true;
                true
            }
            Event::Received(received) => match self.value.take() {
                Some(value) => received == Ok(value),
                None => received == Err(RecvError) && self.is_over(),
            },
            Event::Tried(received) => match (self.value.take(), self.is_over()) {
                (Some(value), _) => received == Ok(value),
                (None, true) => received == Err(TryRecvError::Closed),
                (None, false) => received == Err(TryRecvError::Empty),
            },
            Event::Told(is_closed) => is_closed == self.is_closed,
        };
        if is_possible { Ok(()) } else { Err(format!("{self:?}")) }
    }

    fn may_wait(&self, want: &Operation, _begun: u64) -> bool {
        match want {
            Operation::Receive => self.value.is_none() && !self.is_over(),
            _ => !self.is_closed,
        }
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    DropSender,
    /// Waits until the receiver is closed or gone.
    AwaitClosed,
    AskClosed,
    Receive,
    Try,
    Close,
    DropReceiver,
}

type ChannelWorld = World<Ends, Channel>;

async fn perform(world: Rc<ChannelWorld>, operation: Operation) {
    match operation {
        Operation::Send(_) | Operation::DropSender => {
            let Some(sender) = world.primitive.sender.take() else { return };
            match operation {
                Operation::Send(value) => world.happened(Event::Sent(value, sender.send(value))),
                _ => {
                    drop(sender);
                    world.happened(Event::SenderDropped);
                }
            }
        }
        Operation::AwaitClosed | Operation::AskClosed => ask(&world, operation).await,
        _ => receive(&world, operation).await,
    }
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn ask(world: &ChannelWorld, operation: Operation) {
    let Some(sender) = world.primitive.sender.take() else { return };
    let sender = RefCell::new(Some(sender));
    let _back = OnDrop(|| *world.primitive.sender.borrow_mut() = sender.take());
    let mut sender = sender.borrow_mut();
    let sender = sender.as_mut().expect("it was taken for this");
    match operation {
        Operation::AwaitClosed => {
            world.wait(operation, sender.closed()).await;
            world.happened(Event::Told(true));
        }
        _ => world.happened(Event::Told(sender.is_closed())),
    }
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn receive(world: &ChannelWorld, operation: Operation) {
    let Some(receiver) = world.primitive.receiver.take() else { return };
    if let Operation::DropReceiver = operation {
        drop(receiver);
        return world.happened(Event::Closed);
    }
    let receiver = RefCell::new(Some(receiver));
    let _back = OnDrop(|| {
        let receiver = receiver.take();
        // One that has returned must not be polled again; it is dropped.
        *world.primitive.receiver.borrow_mut() = receiver.filter(|it| !it.is_terminated());
    });
    let mut receiver = receiver.borrow_mut();
    let receiver = receiver.as_mut().expect("it was taken for this");
    match operation {
        Operation::Receive => {
            let received = world.wait(operation, &mut *receiver).await;
            world.happened(Event::Received(received));
            // It is dropped in the same step, which closes it.
            world.happened(Event::Closed);
        }
        Operation::Try => world.happened(Event::Tried(receiver.try_recv())),
        _ => {
            receiver.close();
            world.happened(Event::Closed);
        }
    }
}

#[test]
fn oneshot_agrees_with_its_model() {
    let operations = prop_oneof![
        3 => any::<u8>().prop_map(Operation::Send),
        1 => Just(Operation::DropSender),
        2 => Just(Operation::AwaitClosed),
        1 => Just(Operation::AskClosed),
        4 => Just(Operation::Receive),
        1 => Just(Operation::Try),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropReceiver),
    ];
    let make = |_| {
        let (sender, receiver) = oneshot::channel();
        let ends = Ends { sender: Some(sender).into(), receiver: Some(receiver).into() };
        (ends, Channel { value: None, has_sender: true, is_closed: false })
    };
    check_model(operations, make, perform);
}
