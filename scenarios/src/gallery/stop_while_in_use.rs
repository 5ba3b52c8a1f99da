//! A device that is closed while it is in use.
//!
//! The shape of a race in a Bluetooth driver, from Qadeer and Wu's "KISS: Keep It Simple and
//! Sequential" (2004), that many papers on concurrency testing use.
//!
//! - Symptom: a request reaches a device that is closed.
//! - Cause: a request looks whether the device is stopping, writes to a log, and then counts as
//!   a user. Whoever stops the device in between sees no user, and closes it.
//! - Shortest schedule: one switch, between the look and the count.
//! - Fix: count as a user first, then look, and leave again if it is too late.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Event, Lock};
use unpick::{Kind, event};

/// One request and one stop.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "stop-while-in-use",
    summary: "a device is closed between a request's look and its being counted as a user",
    variants: &[
        Variant::buggy(&|| program(race(enter_buggy)), Kind::Panic, 100),
        Variant::fixed(&|| program(race(enter_fixed))),
    ],
};

struct Device {
    is_stopping: Cell<bool>,
    is_closed: Cell<bool>,
    users: Cell<u32>,
    idle: Event,
    log: Lock<Vec<&'static str>>,
}

impl Device {
    fn leave(&self) {
        self.users.set(self.users.get() - 1);
        if self.users.get() == 0 {
            self.idle.set();
        }
    }

    async fn send(&self) {
        self.log.lock().await.push("sending");
        assert!(!self.is_closed.get(), "a request was sent to a device that is closed");
        event!("sent");
    }

    async fn stop(&self) {
        self.is_stopping.set(true);
        self.log.lock().await.push("stopping");
        while self.users.get() > 0 {
            self.idle.clear();
            self.idle.wait().await;
        }
        self.is_closed.set(true);
        event!("closed");
    }
}

/// Says whether the caller is a user of the device now.
async fn enter_buggy(device: &Device) -> bool {
    if device.is_stopping.get() {
        return false;
    }
    device.log.lock().await.push("entering");
    device.users.set(device.users.get() + 1);
    true
}

async fn enter_fixed(device: &Device) -> bool {
    device.users.set(device.users.get() + 1);
    device.log.lock().await.push("entering");
    if device.is_stopping.get() {
        device.leave();
        return false;
    }
    true
}

async fn race(enter: impl AsyncFn(&Device) -> bool + 'static) -> Result<(), String> {
    let device = Rc::new(Device {
        is_stopping: Cell::new(false),
        is_closed: Cell::new(false),
        users: Cell::new(0),
        idle: Event::new().named("idle"),
        log: Lock::new(Vec::new()).named("log"),
    });
    let [used, stopped] = [device.clone(), device];
    let request = task().named("request").spawn(async move {
        if enter(&used).await {
            used.send().await;
            used.leave();
        }
    });
    let stop = task().named("stop").spawn(async move { stopped.stop().await });
    request.await.map_err(|error| error.to_string())?;
    stop.await.map_err(|error| error.to_string())
}
