//! A consumer that forgets `task_done` where something fails.
//!
//! - Symptom: a program has worked off its queue, and waits for the queue for ever.
//! - Cause: a job that fails is logged and passed over by `continue`, and so is the call of
//!   `task_done` at the end of the loop's body. `join` waits for that.
//! - Shortest schedule: the plain one, with one job that fails.
//! - Fix: say that the job is done whatever came of it, in one place.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Queue;
use unpick::primitives::task::{task, yield_now};
use unpick::sim::chance;
use unpick::{Kind, event};

/// Three jobs, which may fail.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "forgotten-task-done",
    summary: "a consumer does not say that a job which failed is done",
    variants: &[
        Variant::buggy(&|| program(work_off(consume_buggy)), Kind::Deadlock, 80),
        Variant::fixed(&|| program(work_off(consume_fixed))),
    ],
};

async fn resize(image: u32) -> Result<(), String> {
    yield_now().await;
    if chance(0.1) { Err(format!("image {image} is damaged")) } else { Ok(()) }
}

async fn consume_buggy(images: &Queue<u32>) {
    while let Ok(image) = images.get().await {
        if let Err(error) = resize(image).await {
            event!("{error}");
            continue;
        }
        event!("image {image} is resized");
        images.task_done().expect("this one was not done yet");
    }
}

async fn consume_fixed(images: &Queue<u32>) {
    while let Ok(image) = images.get().await {
        match resize(image).await {
            Ok(()) => event!("image {image} is resized"),
            Err(error) => event!("{error}"),
        }
        images.task_done().expect("this one was not done yet");
    }
}

async fn work_off(consume: impl AsyncFn(&Queue<u32>) + Copy + 'static) -> Result<(), String> {
    let images = Rc::new(Queue::new(0).named("images"));
    for number in 0..2 {
        let images = images.clone();
        let consumer = task().named(format!("consumer-{number}")).daemon();
        consumer.spawn(async move { consume(&images).await });
    }
    for image in 0..3 {
        images.put(image).await.map_err(|error| error.to_string())?;
    }
    images.join().await;
    Ok(())
}
