//! A `select!` that drops a read half-way.
//!
//! Oxide Computer Company's RFD 400, "Dealing with cancel safety in async Rust", is about such
//! futures.
//!
//! - Symptom: a connection that was fine delivers garbage.
//! - Cause: a message is a length and then as many bytes, read in turns. The loop waits for a
//!   message or for its heartbeat; the heartbeat drops a read that has taken the length off the
//!   wire already, and the next one takes bytes for a length.
//! - Shortest schedule: the plain one, with a heartbeat while the message is under way.
//! - Fix: keep the read across the turns of the loop, and begin a new one only when it is done.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::{FutureExt, select_biased};
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Queue;
use unpick::primitives::queue::Shutdown;
use unpick::primitives::task::{sleep, task};
use unpick::sim::pick;
use unpick::{Kind, event};

/// Two messages and a heartbeat.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "half-read-frame",
    summary: "a heartbeat drops the read of a message of which the length was read",
    variants: &[
        Variant::buggy(&|| program(converse(receive_buggy)), Kind::Error, 30),
        Variant::fixed(&|| program(converse(receive_fixed))),
    ],
};

const MESSAGES: [&[u8]; 2] = [b"ab", b"c"];
const HEARTBEAT: Duration = Duration::from_millis(3);

/// What arrives, byte by byte, until it is shut down.
type Wire = Queue<u8>;

async fn send(wire: Rc<Wire>) {
    for message in MESSAGES {
        let length = message.len() as u8;
        for byte in std::iter::once(&length).chain(message) {
            wire.put_nowait(*byte).expect("the wire has no bound");
            sleep(Duration::from_millis(pick(3) as u64)).await;
        }
    }
    wire.shutdown(Shutdown::Drain);
}

/// Reads one message, or the end. What it has read is lost when it is dropped.
async fn read(wire: &Wire) -> Option<Vec<u8>> {
    let length = wire.get().await.ok()?;
    let mut message = Vec::new();
    for _ in 0..length {
        message.push(wire.get().await.ok()?);
    }
    Some(message)
}

async fn receive_buggy(wire: &Wire) -> Option<Vec<u8>> {
    loop {
        let mut reading = pin!(read(wire).fuse());
        select_biased! {
            message = reading => return message,
            () = sleep(HEARTBEAT).fuse() => event!("heartbeat"),
        }
    }
}

async fn receive_fixed(wire: &Wire) -> Option<Vec<u8>> {
    let mut reading = pin!(read(wire).fuse());
    loop {
        select_biased! {
            message = reading => return message,
            () = sleep(HEARTBEAT).fuse() => event!("heartbeat"),
        }
    }
}

async fn converse(receive: impl AsyncFn(&Wire) -> Option<Vec<u8>>) -> Result<(), String> {
    let wire = Rc::new(Queue::new(0).named("wire"));
    let sender = task().named("sender").spawn(send(wire.clone()));
    for sent in MESSAGES {
        let received = receive(&wire).await;
        if received.as_deref() != Some(sent) {
            return Err(format!("{sent:?} was sent and {received:?} received"));
        }
    }
    sender.await.map_err(|error| error.to_string())
}
