//! A bounded channel delivers what was sent, in order, and has no more messages than places.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::mpsc::{self, Receiver, SendError, Sender, TryRecvError, TrySendError};
use unpick_primitives::task::sleep;

use crate::harness::{Model, OnDrop, World, check_model};

const CAPACITY: usize = 2;

struct Ends {
    sender: RefCell<Option<Sender<u8>>>,
    /// Taken out by whoever receives.
    receiver: RefCell<Option<Receiver<u8>>>,
}

#[derive(Default)]
struct Channel {
    messages: VecDeque<u8>,
    /// Places that are kept by permits which their owners know of.
    kept: usize,
    is_closed: bool,
    /// How many tasks use a sender, besides the one that is there for all.
    sending: usize,
    has_sender: bool,
}

#[derive(Debug)]
enum Event {
    Sent(u8),
    Kept,
    Returned,
    SentKept(u8),
    Received(u8),
    Ended,
    Refused,
    Full,
    Empty,
    Closed,
    SenderDropped,
}

impl Channel {
    fn is_over(&self) -> bool {
        self.is_closed || (!self.has_sender && self.sending == 0)
    }
}

impl Model for Channel {
    type Event = Event;
    type Want = Operation;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let used = self.messages.len() + self.kept;
        let is_possible = match event {
            Event::Sent(message) => {
                self.messages.push_back(*message);
                used < CAPACITY
            }
            Event::Kept => {
                self.kept += 1;
                used < CAPACITY
            }
            Event::Returned => {
                self.kept -= 1;
                true
            }
            Event::SentKept(message) => {
                self.kept -= 1;
                self.messages.push_back(*message);
                true
            }
            Event::Received(message) => self.messages.pop_front() == Some(*message),
            Event::Ended => self.messages.is_empty() && self.is_over(),
            Event::Refused => self.is_closed,
            // A place may belong to a sender that has not run yet.
            Event::Full => !self.is_closed,
            Event::Empty => self.messages.is_empty(),
            Event::Closed => {
                self.is_closed = true;
                true
            }
            Event::SenderDropped => {
                self.has_sender = false;
                true
            }
        };
        if is_possible { Ok(()) } else { Err(format!("{:?}, {} kept", self.messages, self.kept)) }
    }

    fn may_wait(&self, want: &Operation, _begun: u64) -> bool {
        match want {
            Operation::Recv => self.messages.is_empty() && !self.is_over(),
            _ => self.messages.len() + self.kept >= CAPACITY && !self.is_closed,
        }
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    TrySend(u8),
    /// Keeps a place for a while, and uses it or not.
    Reserve(u64, Option<u8>),
    Recv,
    TryRecv,
    Close,
    DropSender,
}

type ChannelWorld = World<Ends, Channel>;

async fn perform(world: Rc<ChannelWorld>, operation: Operation) {
    match operation {
        Operation::Recv | Operation::TryRecv | Operation::Close => {
            let Some(receiver) = world.primitive.receiver.take() else { return };
            let receiver = RefCell::new(Some(receiver));
            let _back = OnDrop(|| {
                *world.primitive.receiver.borrow_mut() = receiver.take();
            });
            receive(&world, &receiver, operation).await;
        }
        Operation::DropSender => {
            let sender = world.primitive.sender.take();
            if sender.is_some() {
                world.happened(Event::SenderDropped);
            }
        }
        _ => {
            let Some(sender) = world.primitive.sender.borrow().clone() else { return };
            world.model.borrow_mut().sending += 1;
            let _ended = OnDrop(|| world.model.borrow_mut().sending -= 1);
            send(&world, &sender, operation).await;
        }
    }
}

async fn send(world: &ChannelWorld, sender: &Sender<u8>, operation: Operation) {
    match operation.clone() {
        Operation::Send(message) => match world.wait(operation, sender.send(message)).await {
            Ok(()) => world.happened(Event::Sent(message)),
            Err(SendError(back)) => {
                assert_eq!(back, message);
                world.happened(Event::Refused);
            }
        },
        Operation::TrySend(message) => match sender.try_send(message) {
            Ok(()) => world.happened(Event::Sent(message)),
            Err(TrySendError::Full(_)) => world.happened(Event::Full),
            Err(TrySendError::Closed(_)) => world.happened(Event::Refused),
        },
        Operation::Reserve(hold, message) => {
            let Ok(permit) = world.wait(operation, sender.reserve()).await else {
                return world.happened(Event::Refused);
            };
            world.happened(Event::Kept);
            let is_used = std::cell::Cell::new(false);
            let _returned = OnDrop(|| {
                if !is_used.get() {
                    world.happened(Event::Returned);
                }
            });
            if hold > 0 {
                sleep(Duration::from_micros(hold)).await;
            }
            if let Some(message) = message {
                is_used.set(true);
                permit.send(message);
                world.happened(Event::SentKept(message));
            }
        }
        _ => unreachable!("the others receive"),
    }
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn receive(
    world: &ChannelWorld,
    receiver: &RefCell<Option<Receiver<u8>>>,
    operation: Operation,
) {
    let mut receiver = receiver.borrow_mut();
    let receiver = receiver.as_mut().expect("it was taken for this");
    match operation {
        Operation::Close => {
            receiver.close();
            world.happened(Event::Closed);
        }
        Operation::TryRecv => match receiver.try_recv() {
            Ok(message) => world.happened(Event::Received(message)),
            Err(TryRecvError::Empty) => world.happened(Event::Empty),
            Err(TryRecvError::Disconnected) => world.happened(Event::Ended),
        },
        _ => match world.wait(operation, receiver.recv()).await {
            Some(message) => world.happened(Event::Received(message)),
            None => world.happened(Event::Ended),
        },
    }
}

#[test]
fn bounded_channel_agrees_with_its_model() {
    let operations = prop_oneof![
        8 => any::<u8>().prop_map(Operation::Send),
        2 => any::<u8>().prop_map(Operation::TrySend),
        4 => (0..4u64, any::<Option<u8>>())
            .prop_map(|(hold, message)| Operation::Reserve(hold, message)),
        10 => Just(Operation::Recv),
        2 => Just(Operation::TryRecv),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropSender),
    ];
    let make = |_| {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let ends = Ends { sender: Some(sender).into(), receiver: Some(receiver).into() };
        (ends, Channel { has_sender: true, ..Channel::default() })
    };
    check_model(operations, make, perform);
}
