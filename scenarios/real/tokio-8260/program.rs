//! tokio 1.52.3: a reservation that fails does not say that it has given its permits back.
//!
//! - Symptom: now and then a service does not come down: what ships its events waits for more of
//!   them, although the queue is closed and empty.
//! - Cause: `Sender::reserve_many` holds the permits that it has got so far while it waits for the
//!   rest. When the queue is closed it fails and puts them back, but does not wake the receiver,
//!   which waits for just that.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/8260>.
//! - Fix: tokio 1.53.0 wakes the receiver when such a reservation is dropped.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;

use tokio::sync::mpsc::{self, Receiver, Sender};
use unpick::event;
use unpick::sim::task;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

enum Message {
    Measured,
    Stop,
}

/// Readings of one sensor that belong together, and are sent together.
const BATCH: usize = 5;

/// Sends a batch, unless the service is going down.
async fn measure(events: Sender<Message>) {
    match events.reserve_many(BATCH).await {
        Ok(permits) => permits.for_each(|permit| permit.send(Message::Measured)),
        Err(_) => event!("no more measurements are taken"),
    }
}

/// Ships events until it is told to stop, and then those that are still on their way.
async fn ship(mut events: Receiver<Message>) -> usize {
    let mut shipped = 0;
    while let Some(message) = events.recv().await {
        match message {
            Message::Measured => shipped += 1,
            Message::Stop => events.close(),
        }
    }
    shipped
}

async fn program() -> Result<(), String> {
    let (events, queue) = mpsc::channel(8);
    let shipper = task().named("shipper").spawn(ship(queue));
    for name in ["indoors", "outdoors"] {
        task().named(name).spawn(measure(events.clone()));
    }
    events.send(Message::Stop).await.map_err(|_| "nobody ships events")?;
    let shipped = shipper.await.map_err(|error| error.to_string())?;
    // The service's own end of the queue lives as long as the service.
    drop(events);
    match shipped % BATCH {
        0 => Ok(()),
        _ => Err(format!("{shipped} events are no whole batches")),
    }
}
