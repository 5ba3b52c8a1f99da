//! Notifications.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use proptest::prelude::*;

use crate::hand::{Flag, SLOTS, check_same};

#[derive(Clone, Debug)]
enum Operation {
    Create(usize),
    Poll(usize),
    Enable(usize),
    Drop(usize),
    NotifyOne,
    NotifyLast,
    NotifyWaiters,
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let notify = Arc::new(Notify::new());
            let mut waiters: [Option<Pin<Box<OwnedNotified>>>; SLOTS] = Default::default();
            let flags: [Arc<Flag>; SLOTS] = Default::default();
            let perform = |operation: &Operation| {
                let mut done = String::new();
                match *operation {
                    Operation::Create(slot) => {
                        waiters[slot] = Some(Box::pin(notify.clone().notified_owned()));
                        flags[slot].take();
                    }
                    Operation::Poll(slot) => {
                        let waker = Waker::from(flags[slot].clone());
                        let mut cx = Context::from_waker(&waker);
                        let waiter = waiters[slot].as_mut();
                        done = format!("{:?}", waiter.map(|waiter| waiter.as_mut().poll(&mut cx)));
                    }
                    Operation::Enable(slot) => {
                        let waiter = waiters[slot].as_mut();
                        done = format!("{:?}", waiter.map(|waiter| waiter.as_mut().enable()));
                    }
                    Operation::Drop(slot) => {
                        waiters[slot] = None;
                        flags[slot].take();
                    }
                    Operation::NotifyOne => notify.notify_one(),
                    Operation::NotifyLast => notify.notify_last(),
                    Operation::NotifyWaiters => notify.notify_waiters(),
                }
                let woken = flags.each_ref().map(|flag| flag.take());
                format!("{operation:?}: {done}, {woken:?}")
            };
            operations.iter().map(perform).collect()
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::notify::{Notify, OwnedNotified};

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::Notify;
    use tokio::sync::futures::OwnedNotified;

    side!();
}

#[test]
fn our_notifications_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        4 => slot.clone().prop_map(Operation::Create),
        6 => slot.clone().prop_map(Operation::Poll),
        2 => slot.clone().prop_map(Operation::Enable),
        2 => slot.prop_map(Operation::Drop),
        3 => Just(Operation::NotifyOne),
        1 => Just(Operation::NotifyLast),
        1 => Just(Operation::NotifyWaiters),
    ];
    check_same(operations, ours::run, tokios::run);
}
