//! Channels from many to one.

use std::sync::Arc;
use std::task::{Context, Waker};

use proptest::prelude::*;

use crate::hand::{Flag, SLOTS, Slots, check_same, pause};

const CAPACITY: usize = 2;

#[derive(Clone, Debug)]
enum Operation {
    TrySend(u8),
    Send(usize, u8),
    /// Keeps a place until the next poll, and uses it or not.
    Reserve(usize, Option<u8>),
    ReserveOwned(usize, Option<u8>),
    /// Keeps so many places until the next poll, and uses so many of them.
    ReserveMany(usize, usize, usize),
    TryReserveMany(usize, usize),
    Closed(usize),
    Poll(usize),
    Drop(usize),
    PollRecv,
    PollRecvMany(usize),
    TryRecv,
    Close,
    DropReceiver,
    DropSender,
    Downgrade,
    Upgrade,
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let mut world = World::new();
            operations.iter().map(|operation| world.perform(operation)).collect()
        }

        struct World {
            sender: Option<mpsc::Sender<u8>>,
            weak: Option<mpsc::WeakSender<u8>>,
            receiver: Option<mpsc::Receiver<u8>>,
            slots: Slots,
            receiving: Arc<Flag>,
            is_closed: bool,
        }

        impl World {
            fn new() -> World {
                let (sender, receiver) = mpsc::channel(CAPACITY);
                World {
                    sender: Some(sender),
                    weak: None,
                    receiver: Some(receiver),
                    slots: Slots::default(),
                    receiving: Arc::default(),
                    is_closed: false,
                }
            }

            fn perform(&mut self, operation: &Operation) -> String {
                let done = self.send(operation).or_else(|| self.receive(operation));
                let done = done.unwrap_or_else(|| String::from("nobody"));
                let counts = self
                    .sender
                    .as_ref()
                    .map(|sender| (sender.is_closed(), sender.strong_count(), sender.weak_count()));
                let left = self.receiver.as_ref().map(|receiver| {
                    (
                        receiver.len(),
                        receiver.is_empty(),
                        receiver.is_closed(),
                        receiver.max_capacity(),
                    )
                });
                // Once it has closed the channel, both wake the receiver more often than it takes.
                let woken = (self.slots.woken(), self.receiving.take() && !self.is_closed);
                format!("{operation:?}: {done}, {counts:?}, {left:?}, woken {woken:?}")
            }

            /// `None` if there is no sender, or it is not for one.
            fn send(&mut self, operation: &Operation) -> Option<String> {
                match *operation {
                    Operation::Poll(slot) => return Some(self.slots.poll(slot)),
                    Operation::Drop(slot) => {
                        self.slots.drop(slot);
                        return Some(String::from("dropped"));
                    }
                    Operation::Upgrade => {
                        let upgraded = self.weak.as_ref()?.upgrade();
                        return Some(format!("{}", upgraded.is_some()));
                    }
                    _ => {}
                }
                let sender = self.sender.as_ref()?.clone();
                Some(match *operation {
                    Operation::TrySend(message) => match sender.try_send(message) {
                        Ok(()) => String::from("sent"),
                        Err(error::TrySendError::Full(back)) => format!("full {back}"),
                        Err(error::TrySendError::Closed(back)) => format!("closed {back}"),
                    },
                    Operation::Send(slot, message) => self.slots.begin(slot, async move {
                        format!("{:?}", sender.send(message).await.map_err(|error| error.0))
                    }),
                    Operation::Reserve(slot, message) => self.slots.begin(slot, async move {
                        let Ok(permit) = sender.reserve().await else { return "refused".into() };
                        pause().await;
                        if let Some(message) = message {
                            permit.send(message);
                        }
                        String::from("reserved")
                    }),
                    Operation::ReserveOwned(slot, message) => self.slots.begin(slot, async move {
                        let Ok(permit) = sender.reserve_owned().await else {
                            return "refused".into();
                        };
                        pause().await;
                        drop(match message {
                            Some(message) => permit.send(message),
                            None => permit.release(),
                        });
                        String::from("reserved")
                    }),
                    Operation::ReserveMany(slot, count, used) => {
                        self.slots.begin(slot, async move {
                            let Ok(mut permits) = sender.reserve_many(count).await else {
                                return "refused".into();
                            };
                            pause().await;
                            permits.by_ref().take(used).for_each(|permit| permit.send(9));
                            format!("{} left", permits.len())
                        })
                    }
                    Operation::TryReserveMany(count, used) => {
                        match sender.try_reserve_many(count) {
                            Ok(permits) => {
                                permits.take(used).for_each(|permit| permit.send(8));
                                String::from("reserved")
                            }
                            Err(error::TrySendError::Full(())) => String::from("full"),
                            Err(error::TrySendError::Closed(())) => String::from("closed"),
                        }
                    }
                    Operation::Closed(slot) => self.slots.begin(slot, async move {
                        sender.closed().await;
                        String::from("closed")
                    }),
                    Operation::DropSender => {
                        self.sender = None;
                        String::from("dropped")
                    }
                    Operation::Downgrade => {
                        self.weak = Some(sender.downgrade());
                        String::from("downgraded")
                    }
                    _ => return None,
                })
            }

            fn receive(&mut self, operation: &Operation) -> Option<String> {
                let receiver = self.receiver.as_mut()?;
                let waker = Waker::from(self.receiving.clone());
                let mut cx = Context::from_waker(&waker);
                Some(match *operation {
                    Operation::PollRecv => format!("{:?}", receiver.poll_recv(&mut cx)),
                    Operation::PollRecvMany(limit) => {
                        let mut buffer = vec![0];
                        let received = receiver.poll_recv_many(&mut cx, &mut buffer, limit);
                        format!("{received:?} {buffer:?}")
                    }
                    Operation::TryRecv => match receiver.try_recv() {
                        Ok(message) => format!("received {message}"),
                        Err(error::TryRecvError::Empty) => String::from("empty"),
                        Err(error::TryRecvError::Disconnected) => String::from("disconnected"),
                    },
                    Operation::Close => {
                        receiver.close();
                        self.is_closed = true;
                        String::from("closed")
                    }
                    Operation::DropReceiver => {
                        self.receiver = None;
                        String::from("dropped")
                    }
                    _ => return None,
                })
            }
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::mpsc::{self, self as error};

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::mpsc::{self, error};

    side!();
}

fn one_at_a_time() -> impl Strategy<Value = Operation> {
    let slot = 0..SLOTS;
    let message = any::<u8>();
    prop_oneof![
        3 => message.prop_map(Operation::TrySend),
        4 => (slot.clone(), message).prop_map(|(slot, message)| Operation::Send(slot, message)),
        3 => (slot.clone(), any::<Option<u8>>())
            .prop_map(|(slot, message)| Operation::Reserve(slot, message)),
        2 => (slot.clone(), any::<Option<u8>>())
            .prop_map(|(slot, message)| Operation::ReserveOwned(slot, message)),
        1 => slot.clone().prop_map(Operation::Closed),
        6 => slot.clone().prop_map(Operation::Poll),
        3 => slot.prop_map(Operation::Drop),
        5 => Just(Operation::PollRecv),
        2 => (0..4_usize).prop_map(Operation::PollRecvMany),
        2 => Just(Operation::TryRecv),
        1 => Just(Operation::DropReceiver),
        1 => Just(Operation::DropSender),
        1 => Just(Operation::Downgrade),
        1 => Just(Operation::Upgrade),
    ]
}

#[test]
fn our_channels_do_what_tokios_do() {
    let operations = prop_oneof![20 => one_at_a_time(), 1 => Just(Operation::Close)];
    check_same(operations, ours::run, tokios::run);
}

/// Never closed: then tokio's ends only when those have run that wait for several places, some of
/// which were kept for them.
#[test]
fn our_channels_keep_several_places_as_tokios_do() {
    let operations = prop_oneof![
        6 => one_at_a_time(),
        2 => (0..SLOTS, 0..=CAPACITY + 1, 0..=CAPACITY)
            .prop_map(|(slot, count, used)| Operation::ReserveMany(slot, count, used)),
        1 => (0..=CAPACITY, 0..=CAPACITY)
            .prop_map(|(count, used)| Operation::TryReserveMany(count, used)),
    ];
    check_same(operations, ours::run, tokios::run);
}
