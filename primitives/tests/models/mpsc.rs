//! A channel delivers what was sent, in order, and has no more messages than places.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::mpsc::{
    self, BaseReceiver, BaseSender, Bound, Bounded, SendError, Sender, TryRecvError, TrySendError,
    Unbounded,
};
use unpick_primitives::task::sleep;

use crate::harness::{Model, OnDrop, World, check_model};

const CAPACITY: usize = 2;

struct Ends<B: Bound> {
    sender: RefCell<Option<BaseSender<u8, B>>>,
    /// Taken out by whoever receives.
    receiver: RefCell<Option<BaseReceiver<u8, B>>>,
}

#[derive(Default)]
struct Channel {
    capacity: usize,
    messages: VecDeque<u8>,
    /// Places that are kept by permits which their owners know of.
    kept: usize,
    /// How many places each sender that waits wants.
    wanted: Vec<usize>,
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

    fn begin(&mut self, want: &Operation) -> u64 {
        self.wanted.extend(want.places());
        0
    }

    fn end(&mut self, want: &Operation) {
        if let Some(places) = want.places() {
            let at = self.wanted.iter().position(|wanted| *wanted == places);
            self.wanted.swap_remove(at.expect("it began to wait"));
        }
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let used = self.messages.len() + self.kept;
        let is_possible = match event {
            Event::Sent(message) => {
                self.messages.push_back(*message);
                used < self.capacity
            }
            Event::Kept => {
                self.kept += 1;
                used < self.capacity
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
            Operation::Recv | Operation::RecvMany(_) => self.messages.is_empty() && !self.is_over(),
            // Too few are free for it, or for somebody who may have come before.
            _ => {
                let used = self.messages.len() + self.kept;
                !self.is_closed && self.wanted.iter().any(|wanted| used + wanted > self.capacity)
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    TrySend(u8),
    /// Keeps a place for a while, and uses it or not.
    Reserve(u64, Option<u8>),
    /// Keeps several places for a while, and uses so many of them.
    ReserveMany(usize, u64, usize),
    Recv,
    RecvMany(usize),
    TryRecv,
    Close,
    DropSender,
}

impl Operation {
    /// How many places it waits for, if it sends.
    fn places(&self) -> Option<usize> {
        match *self {
            Operation::Send(_) | Operation::Reserve(..) => Some(1),
            Operation::ReserveMany(places, ..) => Some(places),
            _ => None,
        }
    }
}

type ChannelWorld<B> = World<Ends<B>, Channel>;

async fn perform_bounded(world: Rc<ChannelWorld<Bounded>>, operation: Operation) {
    match operation {
        Operation::Send(_)
        | Operation::TrySend(_)
        | Operation::Reserve(..)
        | Operation::ReserveMany(..) => {
            let Some(sender) = world.primitive.sender.borrow().clone() else { return };
            world.model.borrow_mut().sending += 1;
            let _ended = OnDrop(|| world.model.borrow_mut().sending -= 1);
            send(&world, &sender, operation).await;
        }
        _ => perform_on_any(&world, operation).await,
    }
}

async fn perform_unbounded(world: Rc<ChannelWorld<Unbounded>>, operation: Operation) {
    match operation {
        Operation::Send(message) => {
            let sender = world.primitive.sender.borrow();
            let Some(sender) = sender.as_ref() else { return };
            match sender.send(message) {
                Ok(()) => world.happened(Event::Sent(message)),
                Err(SendError(_)) => world.happened(Event::Refused),
            }
        }
        _ => perform_on_any(&world, operation).await,
    }
}

async fn perform_on_any<B: Bound>(world: &ChannelWorld<B>, operation: Operation) {
    if let Operation::DropSender = operation {
        let sender = world.primitive.sender.take();
        if sender.is_some() {
            world.happened(Event::SenderDropped);
        }
        return;
    }
    let Some(receiver) = world.primitive.receiver.take() else { return };
    let receiver = RefCell::new(Some(receiver));
    let _back = OnDrop(|| {
        *world.primitive.receiver.borrow_mut() = receiver.take();
    });
    receive(world, &receiver, operation).await;
}

async fn send(world: &ChannelWorld<Bounded>, sender: &Sender<u8>, operation: Operation) {
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
        Operation::ReserveMany(places, hold, used) => {
            let Ok(mut permits) = world.wait(operation, sender.reserve_many(places)).await else {
                return world.happened(Event::Refused);
            };
            let left = std::cell::Cell::new(permits.len());
            (0..places).for_each(|_| world.happened(Event::Kept));
            let _returned = OnDrop(|| {
                (0..left.get()).for_each(|_| world.happened(Event::Returned));
            });
            if hold > 0 {
                sleep(Duration::from_micros(hold)).await;
            }
            for permit in permits.by_ref().take(used) {
                left.set(left.get() - 1);
                permit.send(0);
                world.happened(Event::SentKept(0));
            }
        }
        _ => unreachable!("the others receive"),
    }
}

#[expect(clippy::await_holding_refcell_ref, reason = "nobody else can borrow it meanwhile")]
async fn receive<B: Bound>(
    world: &ChannelWorld<B>,
    receiver: &RefCell<Option<BaseReceiver<u8, B>>>,
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
        Operation::RecvMany(limit) => {
            let mut buffer = Vec::new();
            let count = world.wait(operation, receiver.recv_many(&mut buffer, limit)).await;
            assert!(count == buffer.len() && count <= limit);
            buffer.iter().for_each(|&message| world.happened(Event::Received(message)));
            if count == 0 {
                world.happened(Event::Ended);
            }
        }
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
        3 => (1..=CAPACITY, 0..4u64, 0..=CAPACITY)
            .prop_map(|(places, hold, used)| Operation::ReserveMany(places, hold, used)),
        7 => Just(Operation::Recv),
        3 => (1..4_usize).prop_map(Operation::RecvMany),
        2 => Just(Operation::TryRecv),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropSender),
    ];
    let make = |_| {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let ends = Ends { sender: Some(sender).into(), receiver: Some(receiver).into() };
        (ends, Channel { capacity: CAPACITY, has_sender: true, ..Channel::default() })
    };
    check_model(operations, make, perform_bounded);
}

#[test]
fn unbounded_channel_agrees_with_its_model() {
    let operations = prop_oneof![
        6 => any::<u8>().prop_map(Operation::Send),
        4 => Just(Operation::Recv),
        2 => (1..4_usize).prop_map(Operation::RecvMany),
        1 => Just(Operation::TryRecv),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropSender),
    ];
    let make = |_| {
        let (sender, receiver) = mpsc::unbounded_channel();
        let ends = Ends { sender: Some(sender).into(), receiver: Some(receiver).into() };
        (ends, Channel { capacity: usize::MAX, has_sender: true, ..Channel::default() })
    };
    check_model(operations, make, perform_unbounded);
}
