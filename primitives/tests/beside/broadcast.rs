//! Broadcasts.

use proptest::prelude::*;

use crate::hand::{SLOTS, Slots, check_same, once};

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    Subscribe(usize),
    Resubscribe(usize, usize),
    /// Receives in a slot, with the receiver, which is gone afterwards.
    Recv(usize),
    /// Polls for a message, and gives up waiting for it.
    RecvOnce(usize),
    TryRecv(usize),
    Closed(usize),
    Poll(usize),
    Drop(usize),
    DropReceiver(usize),
    DropSender,
    Downgrade,
    Upgrade,
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            // Three are four, as both say.
            let (sender, receiver) = broadcast::channel(3);
            let mut receivers: [Option<broadcast::Receiver<u8>>; SLOTS] = Default::default();
            receivers[0] = Some(receiver);
            let mut world =
                World { sender: Some(sender), weak: None, receivers, slots: Slots::default() };
            operations.iter().map(|operation| world.perform(operation)).collect()
        }

        struct World {
            sender: Option<broadcast::Sender<u8>>,
            weak: Option<broadcast::WeakSender<u8>>,
            receivers: [Option<broadcast::Receiver<u8>>; SLOTS],
            slots: Slots,
        }

        impl World {
            fn perform(&mut self, operation: &Operation) -> String {
                let done = self.try_perform(operation).unwrap_or_else(|| String::from("nobody"));
                let counts = self.sender.as_ref().map(|sender| {
                    let senders = (sender.strong_count(), sender.weak_count());
                    (senders, sender.receiver_count(), sender.len(), sender.is_empty())
                });
                let left = self.receivers.each_ref().map(|receiver| {
                    receiver.as_ref().map(|receiver| (receiver.len(), receiver.is_closed()))
                });
                format!("{operation:?}: {done}, {counts:?}, {left:?}, {:?}", self.slots.woken())
            }

            fn try_perform(&mut self, operation: &Operation) -> Option<String> {
                Some(match *operation {
                    Operation::Poll(slot) => self.slots.poll(slot),
                    Operation::Drop(slot) => {
                        self.slots.drop(slot);
                        String::from("dropped")
                    }
                    Operation::Send(message) => {
                        let sent = self.sender.as_ref()?.send(message);
                        format!("{:?}", sent.map_err(|error| error.0))
                    }
                    Operation::Subscribe(slot) => {
                        self.receivers[slot] = Some(self.sender.as_ref()?.subscribe());
                        String::from("subscribed")
                    }
                    Operation::Resubscribe(from, to) => {
                        self.receivers[to] = Some(self.receivers[from].as_ref()?.resubscribe());
                        String::from("subscribed")
                    }
                    Operation::Recv(slot) => {
                        let mut receiver = self.receivers[slot].take()?;
                        self.slots
                            .begin(slot, async move { format!("{:?}", receiver.recv().await) })
                    }
                    Operation::RecvOnce(slot) => once(self.receivers[slot].as_mut()?.recv()),
                    Operation::TryRecv(slot) => {
                        format!("{:?}", self.receivers[slot].as_mut()?.try_recv())
                    }
                    Operation::Closed(slot) => {
                        let sender = self.sender.clone()?;
                        self.slots.begin(slot, async move {
                            sender.closed().await;
                            String::from("closed")
                        })
                    }
                    Operation::DropReceiver(slot) => {
                        self.receivers[slot] = None;
                        String::from("dropped")
                    }
                    Operation::DropSender => {
                        self.sender = None;
                        String::from("dropped")
                    }
                    Operation::Downgrade => {
                        self.weak = Some(self.sender.as_ref()?.downgrade());
                        String::from("downgraded")
                    }
                    Operation::Upgrade => {
                        let upgraded = self.weak.as_ref()?.upgrade();
                        format!("{}", upgraded.is_some())
                    }
                })
            }
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::broadcast;

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::broadcast;

    side!();
}

#[test]
fn our_broadcasts_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        8 => any::<u8>().prop_map(Operation::Send),
        2 => slot.clone().prop_map(Operation::Subscribe),
        1 => (slot.clone(), slot.clone()).prop_map(|(from, to)| Operation::Resubscribe(from, to)),
        4 => slot.clone().prop_map(Operation::Recv),
        3 => slot.clone().prop_map(Operation::RecvOnce),
        3 => slot.clone().prop_map(Operation::TryRecv),
        1 => slot.clone().prop_map(Operation::Closed),
        4 => slot.clone().prop_map(Operation::Poll),
        1 => slot.clone().prop_map(Operation::Drop),
        1 => slot.prop_map(Operation::DropReceiver),
        1 => Just(Operation::DropSender),
        1 => Just(Operation::Downgrade),
        1 => Just(Operation::Upgrade),
    ];
    check_same(operations, ours::run, tokios::run);
}
