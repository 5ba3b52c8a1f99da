//! Channels for one value.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use proptest::prelude::*;

use crate::hand::{Flag, check_same, once};

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    Closed,
    Poll,
    TryRecv,
    Close,
    DropSender,
    DropReceiver,
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let (sender, receiver) = oneshot::channel();
            let mut world = World {
                sender: Some(sender),
                receiver: Some(receiver),
                receiving: Arc::default(),
                is_over: false,
            };
            operations.iter().map(|operation| world.perform(operation)).collect()
        }

        struct World {
            sender: Option<oneshot::Sender<u8>>,
            receiver: Option<oneshot::Receiver<u8>>,
            receiving: Arc<Flag>,
            is_over: bool,
        }

        impl World {
            fn perform(&mut self, operation: &Operation) -> String {
                let done = self.try_perform(operation).unwrap_or_else(|| String::from("nobody"));
                let is_closed = self.sender.as_ref().map(|sender| sender.is_closed());
                let is_empty = self.receiver.as_ref().map(|receiver| receiver.is_empty());
                let is_woken = self.receiving.take();
                format!("{operation:?}: {done}, {is_closed:?}, {is_empty:?}, {is_woken}")
            }

            fn try_perform(&mut self, operation: &Operation) -> Option<String> {
                Some(match *operation {
                    Operation::Send(value) => format!("{:?}", self.sender.take()?.send(value)),
                    Operation::Closed => once(self.sender.as_mut()?.closed()),
                    Operation::Poll => {
                        let receiver = self.receiver.as_mut().filter(|_| !self.is_over)?;
                        let waker = Waker::from(self.receiving.clone());
                        let polled = Pin::new(receiver).poll(&mut Context::from_waker(&waker));
                        self.is_over = polled.is_ready();
                        format!("{:?}", polled.map_err(|_| ()))
                    }
                    Operation::TryRecv => {
                        let received = self.receiver.as_mut()?.try_recv();
                        // Tokio's must not be polled any more then; ours says that it is over.
                        self.is_over |= received != Err(error::TryRecvError::Empty);
                        match received {
                            Ok(value) => format!("received {value}"),
                            Err(error::TryRecvError::Empty) => String::from("empty"),
                            Err(error::TryRecvError::Closed) => String::from("closed"),
                        }
                    }
                    Operation::Close => {
                        self.receiver.as_mut()?.close();
                        // Ours is woken if it was polled before: it is to look again.
                        self.receiving.take();
                        String::from("closed")
                    }
                    Operation::DropSender => {
                        self.sender = None;
                        String::from("dropped")
                    }
                    Operation::DropReceiver => {
                        self.receiver = None;
                        self.receiving.take();
                        String::from("dropped")
                    }
                })
            }
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::oneshot::{self, self as error};

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::oneshot::{self, error};

    side!();
}

#[test]
fn our_oneshots_do_what_tokios_do() {
    let operations = prop_oneof![
        3 => any::<u8>().prop_map(Operation::Send),
        2 => Just(Operation::Closed),
        5 => Just(Operation::Poll),
        3 => Just(Operation::TryRecv),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropSender),
        1 => Just(Operation::DropReceiver),
    ];
    check_same(operations, ours::run, tokios::run);
}
