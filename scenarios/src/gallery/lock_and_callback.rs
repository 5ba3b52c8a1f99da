//! A lock held while somebody else's code runs.
//!
//! Joshua Bloch's "Effective Java" warns of such calls, as of alien methods.
//!
//! - Symptom: publishing an event hangs, with nobody else around.
//! - Cause: the listeners are called with the list of listeners locked. One of them, when it has
//!   seen enough, takes itself off the list, and so waits for the lock that its caller has.
//! - Shortest schedule: one switch, so that the last message comes before a late one.
//! - Fix: copy the list, and call the listeners without the lock.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Two publishers and one listener.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "lock-and-callback",
    summary: "a listener takes itself off the list that its caller has locked",
    variants: &[
        Variant::buggy(&|| program(publish_all(publish_buggy)), Kind::Deadlock, 30),
        Variant::fixed(&|| program(publish_all(publish_fixed))),
    ],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Progress,
    Finished,
}

/// Takes itself off the list when what it follows makes progress after it has finished.
struct Listener {
    has_finished: Cell<bool>,
}

struct Bus {
    listeners: Lock<Vec<Rc<Listener>>>,
}

impl Bus {
    async fn unsubscribe(&self, listener: &Listener) {
        let mut listeners = self.listeners.lock().await;
        listeners.retain(|other| !std::ptr::eq(&raw const **other, listener));
    }
}

impl Listener {
    async fn hear(&self, bus: &Bus, message: Message) {
        match message {
            Message::Finished => self.has_finished.set(true),
            Message::Progress if self.has_finished.get() => bus.unsubscribe(self).await,
            Message::Progress => event!("progress"),
        }
    }
}

async fn publish_buggy(bus: &Bus, message: Message) {
    for listener in bus.listeners.lock().await.iter() {
        listener.hear(bus, message).await;
    }
}

async fn publish_fixed(bus: &Bus, message: Message) {
    let listeners = bus.listeners.lock().await.clone();
    for listener in listeners {
        listener.hear(bus, message).await;
    }
}

async fn publish_all(publish: impl AsyncFn(&Bus, Message) + Copy + 'static) -> Result<(), String> {
    let listener = Rc::new(Listener { has_finished: Cell::new(false) });
    let listeners = Lock::new(vec![listener]).named("listeners");
    let bus = Rc::new(Bus { listeners });
    let publishers = [("download", Message::Progress), ("watch", Message::Finished)];
    let publishers = publishers.map(|(name, message)| {
        let bus = bus.clone();
        task().named(name).spawn(async move { publish(&bus, message).await })
    });
    for publisher in publishers {
        publisher.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
