//! Watched values.

use proptest::prelude::*;

use crate::hand::{SLOTS, Slots, check_same, once};

#[derive(Clone, Debug)]
enum Operation {
    Send(u8),
    SendReplace(u8),
    SendModify,
    /// Changes the value, and says whether it did.
    SendIfModified(bool),
    SenderBorrow,
    Borrow(usize),
    BorrowAndUpdate(usize),
    HasChanged(usize),
    MarkChanged(usize),
    MarkUnchanged(usize),
    /// In a slot, with a clone of the receiver.
    Changed(usize),
    /// Polls for a change, and gives up waiting for it.
    ChangedOnce(usize),
    /// Until the value is that much, in a slot, with the receiver.
    WaitFor(usize, u8),
    Subscribe(usize),
    Clone(usize, usize),
    Closed(usize),
    Poll(usize),
    Drop(usize),
    DropReceiver(usize),
    DropSender,
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let (sender, receiver) = watch::channel(0);
            let mut receivers: [Option<watch::Receiver<u8>>; SLOTS] = Default::default();
            receivers[0] = Some(receiver);
            let mut world = World { sender: Some(sender), receivers, slots: Slots::default() };
            operations.iter().map(|operation| world.perform(operation)).collect()
        }

        struct World {
            sender: Option<watch::Sender<u8>>,
            receivers: [Option<watch::Receiver<u8>>; SLOTS],
            slots: Slots,
        }

        fn show(value: watch::Ref<'_, u8>) -> String {
            format!("{} {}", *value, value.has_changed())
        }

        impl World {
            fn perform(&mut self, operation: &Operation) -> String {
                let done = self.send(operation).or_else(|| self.receive(operation));
                let done = done.unwrap_or_else(|| String::from("nobody"));
                let counts = self.sender.as_ref().map(|sender| {
                    (sender.is_closed(), sender.receiver_count(), sender.sender_count())
                });
                let closed = self.receivers.each_ref().map(|receiver| {
                    receiver.as_ref().map(|receiver| receiver.has_changed().map_err(|_| ()))
                });
                format!("{operation:?}: {done}, {counts:?}, {closed:?}, {:?}", self.slots.woken())
            }

            fn send(&mut self, operation: &Operation) -> Option<String> {
                let sender = self.sender.as_ref()?;
                Some(match *operation {
                    Operation::Send(value) => {
                        format!("{:?}", sender.send(value).map_err(|error| error.0))
                    }
                    Operation::SendReplace(value) => format!("{}", sender.send_replace(value)),
                    Operation::SendModify => {
                        sender.send_modify(|value| *value = value.wrapping_add(1));
                        String::from("modified")
                    }
                    Operation::SendIfModified(says) => {
                        let told = sender.send_if_modified(|value| {
                            *value = value.wrapping_add(1);
                            says
                        });
                        format!("{told}")
                    }
                    Operation::SenderBorrow => show(sender.borrow()),
                    Operation::Subscribe(slot) => {
                        self.receivers[slot] = Some(sender.subscribe());
                        String::from("subscribed")
                    }
                    Operation::Closed(slot) => {
                        let sender = sender.clone();
                        self.slots.begin(slot, async move {
                            sender.closed().await;
                            String::from("closed")
                        })
                    }
                    Operation::DropSender => {
                        self.sender = None;
                        String::from("dropped")
                    }
                    _ => return None,
                })
            }

            fn receive(&mut self, operation: &Operation) -> Option<String> {
                Some(match *operation {
                    Operation::Poll(slot) => self.slots.poll(slot),
                    Operation::Drop(slot) => {
                        self.slots.drop(slot);
                        String::from("dropped")
                    }
                    Operation::Borrow(slot) => show(self.receivers[slot].as_ref()?.borrow()),
                    Operation::BorrowAndUpdate(slot) => {
                        show(self.receivers[slot].as_mut()?.borrow_and_update())
                    }
                    Operation::HasChanged(slot) => {
                        let has_changed = self.receivers[slot].as_ref()?.has_changed();
                        format!("{:?}", has_changed.map_err(|_| ()))
                    }
                    Operation::MarkChanged(slot) => {
                        self.receivers[slot].as_mut()?.mark_changed();
                        String::from("marked")
                    }
                    Operation::MarkUnchanged(slot) => {
                        self.receivers[slot].as_mut()?.mark_unchanged();
                        String::from("marked")
                    }
                    Operation::Changed(slot) => {
                        let mut receiver = self.receivers[slot].clone()?;
                        self.slots.begin(slot, async move {
                            format!("{:?}", receiver.changed().await.map_err(|_| ()))
                        })
                    }
                    Operation::ChangedOnce(slot) => {
                        let changed = self.receivers[slot].as_mut()?.changed();
                        once(async { changed.await.map_err(|_| ()) })
                    }
                    Operation::WaitFor(slot, least) => {
                        let mut receiver = self.receivers[slot].take()?;
                        self.slots.begin(slot, async move {
                            let waited = receiver.wait_for(|value| *value >= least).await;
                            waited.map_or_else(|_| String::from("gone"), show)
                        })
                    }
                    Operation::Clone(from, to) => {
                        self.receivers[to] = Some(self.receivers[from].as_ref()?.clone());
                        String::from("cloned")
                    }
                    Operation::DropReceiver(slot) => {
                        self.receivers[slot] = None;
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
    use unpick_primitives::watch;

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::watch;

    side!();
}

#[test]
fn our_watched_values_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        4 => any::<u8>().prop_map(Operation::Send),
        1 => any::<u8>().prop_map(Operation::SendReplace),
        1 => Just(Operation::SendModify),
        2 => any::<bool>().prop_map(Operation::SendIfModified),
        1 => Just(Operation::SenderBorrow),
        1 => slot.clone().prop_map(Operation::Borrow),
        2 => slot.clone().prop_map(Operation::BorrowAndUpdate),
        1 => slot.clone().prop_map(Operation::HasChanged),
        1 => slot.clone().prop_map(Operation::MarkChanged),
        1 => slot.clone().prop_map(Operation::MarkUnchanged),
        4 => slot.clone().prop_map(Operation::Changed),
        3 => slot.clone().prop_map(Operation::ChangedOnce),
        3 => (slot.clone(), any::<u8>()).prop_map(|(slot, least)| Operation::WaitFor(slot, least)),
        2 => slot.clone().prop_map(Operation::Subscribe),
        1 => (slot.clone(), slot.clone()).prop_map(|(from, to)| Operation::Clone(from, to)),
        1 => slot.clone().prop_map(Operation::Closed),
        5 => slot.clone().prop_map(Operation::Poll),
        1 => slot.clone().prop_map(Operation::Drop),
        1 => slot.prop_map(Operation::DropReceiver),
        1 => Just(Operation::DropSender),
    ];
    check_same(operations, ours::run, tokios::run);
}
