//! thingbuf 0.1.5: a sender that finds no room never lets go of its thread.
//!
//! - Symptom: when the receiver is behind, the sender takes a whole core, and on a runtime of one
//!   thread nothing goes on.
//! - Cause: a slot that the receiver still looks at is skipped. After that "the head is one round
//!   behind the tail" no longer says that the buffer is full, and `push_ref` spins until a slot is
//!   free, which the receiver would have to see to, on the same thread.
//! - Upstream: <https://github.com/hawkw/thingbuf/issues/83>.
//! - Fix: thingbuf 0.1.6 also looks at the round in which the slot was written.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;

use thingbuf::mpsc::{Receiver, Sender, channel};
use unpick::sim::{task, yield_now};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// A picture: a whole one, or what has changed since the last whole one.
#[derive(Clone, Copy, Default, PartialEq)]
enum Frame {
    Whole(u32),
    #[default]
    Change,
}

/// One frame in four is whole.
async fn film(frames: Sender<Frame>) {
    for number in 0..8 {
        let frame = if number % 4 == 0 { Frame::Whole(number) } else { Frame::Change };
        if frames.send(frame).await.is_err() {
            return;
        }
        yield_now().await;
    }
}

/// Shows every frame. A whole one is kept, where it is, until the next one: changes refer to it.
async fn show(frames: Receiver<Frame>) -> u32 {
    let (mut whole, mut shown) = (None, 0);
    while let Some(frame) = frames.recv_ref().await {
        shown += 1;
        if *frame != Frame::Change {
            whole = Some(frame);
        }
        yield_now().await;
    }
    drop(whole);
    shown
}

async fn program() -> Result<(), String> {
    let (camera, screen) = channel(3);
    task().named("camera").spawn(film(camera));
    let screen = task().named("screen").spawn(show(screen));
    let shown = screen.await.map_err(|error| error.to_string())?;
    if shown == 8 { Ok(()) } else { Err(format!("{shown} frames of 8 were shown")) }
}
