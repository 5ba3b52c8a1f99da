//! `Notify` does what a list of waiters and one stored permit would do, poll by poll.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::*;
use unpick_primitives::Notify;
use unpick_primitives::notify::Notified;

const SLOTS: usize = 4;

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

/// A waiter, as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Waiter {
    Created,
    Queued,
    NotifiedFirst,
    NotifiedLast,
    /// With everybody else, or by what was stored: nothing is passed on.
    NotifiedForGood,
    Over,
}

#[derive(Default)]
struct Model {
    is_stored: bool,
    queue: Vec<usize>,
    waiters: [Option<Waiter>; SLOTS],
}

impl Model {
    /// Whether the waiter is notified when it is enabled or polled.
    fn arrive(&mut self, slot: usize) -> bool {
        match self.waiters[slot] {
            Some(Waiter::Created) if self.is_stored => {
                self.is_stored = false;
                self.waiters[slot] = Some(Waiter::NotifiedForGood);
                true
            }
            Some(Waiter::Created) => {
                self.queue.push(slot);
                self.waiters[slot] = Some(Waiter::Queued);
                false
            }
            Some(Waiter::Queued) | None => false,
            Some(_) => {
                self.waiters[slot] = Some(Waiter::NotifiedForGood);
                true
            }
        }
    }

    fn notify(&mut self, whom: Waiter) {
        if self.queue.is_empty() {
            self.is_stored = true;
            return;
        }
        let at = if whom == Waiter::NotifiedLast { self.queue.len() - 1 } else { 0 };
        let slot = self.queue.remove(at);
        self.waiters[slot] = Some(whom);
    }

    fn notify_waiters(&mut self) {
        self.queue.clear();
        for waiter in self.waiters.iter_mut().flatten() {
            if matches!(waiter, Waiter::Created | Waiter::Queued) {
                *waiter = Waiter::NotifiedForGood;
            }
        }
    }

    fn remove(&mut self, slot: usize) {
        self.queue.retain(|queued| *queued != slot);
        let removed = self.waiters[slot].take();
        if let Some(whom @ (Waiter::NotifiedFirst | Waiter::NotifiedLast)) = removed {
            self.notify(whom);
        }
    }
}

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn check(operations: &[Operation]) -> Result<(), TestCaseError> {
    let notify = Notify::new();
    let mut model = Model::default();
    let mut waiters: [Option<Pin<Box<Notified<'_>>>>; SLOTS] = std::array::from_fn(|_| None);
    let wakes: [Arc<Wakes>; SLOTS] = std::array::from_fn(|_| Arc::new(Wakes(AtomicUsize::new(0))));
    for operation in operations {
        match *operation {
            Operation::Create(slot) if waiters[slot].is_none() => {
                waiters[slot] = Some(Box::pin(notify.notified()));
                model.waiters[slot] = Some(Waiter::Created);
            }
            Operation::Drop(slot) => {
                waiters[slot] = None;
                model.remove(slot);
            }
            Operation::Enable(slot) => {
                let Some(waiter) = &mut waiters[slot] else { continue };
                prop_assert_eq!(waiter.as_mut().enable(), model.arrive(slot));
            }
            Operation::Poll(slot) => {
                let Some(waiter) = &mut waiters[slot] else { continue };
                if model.waiters[slot] == Some(Waiter::Over) {
                    continue;
                }
                let waker = Waker::from(wakes[slot].clone());
                let polled = waiter.as_mut().poll(&mut Context::from_waker(&waker));
                let is_notified = model.arrive(slot);
                prop_assert_eq!(polled == Poll::Ready(()), is_notified, "poll of {}", slot);
                if is_notified {
                    model.waiters[slot] = Some(Waiter::Over);
                }
            }
            Operation::NotifyOne => {
                notify.notify_one();
                model.notify(Waiter::NotifiedFirst);
            }
            Operation::NotifyLast => {
                notify.notify_last();
                model.notify(Waiter::NotifiedLast);
            }
            Operation::NotifyWaiters => {
                notify.notify_waiters();
                model.notify_waiters();
            }
            Operation::Create(_) => {}
        }
        let stored = if model.is_stored { "stored" } else { "empty" };
        let shown = match model.queue.len() {
            0 => format!("<Notify [{stored}]>"),
            count => format!("<Notify [{stored}, waiters:{count}]>"),
        };
        prop_assert_eq!(format!("{:?}", notify), shown, "after {:?}", operation);
    }
    Ok(())
}

#[test]
fn notify_agrees_with_its_model() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        4 => slot.clone().prop_map(Operation::Create),
        5 => slot.clone().prop_map(Operation::Poll),
        2 => slot.clone().prop_map(Operation::Enable),
        2 => slot.prop_map(Operation::Drop),
        3 => Just(Operation::NotifyOne),
        1 => Just(Operation::NotifyLast),
        1 => Just(Operation::NotifyWaiters),
    ];
    let programs = prop::collection::vec(operations, 1..40);
    crate::harness::check_property(&programs, 3000, |program| check(&program));
}
