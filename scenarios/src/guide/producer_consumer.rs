//! Producer and consumer over a queue, with `task_done`, `join` and a consumer that is cancelled
//! when all is done.

use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::primitives::Queue;
use unpick::primitives::task::{sleep, task};

/// Ten items, one a second.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "producer-consumer",
    summary: "ten items over a queue; the consumer is cancelled when all are done",
    variants: &[Variant::fixed(&|| program(produce_and_consume()))],
};

async fn produce(queue: Rc<Queue<u32>>) {
    for item in 0..10 {
        event!("Producing {item}");
        // The queue has no bound and is not shut down.
        let _ = queue.put(item).await;
        sleep(Duration::from_secs(1)).await;
    }
}

async fn consume(queue: Rc<Queue<u32>>) {
    while let Ok(item) = queue.get().await {
        event!("Consuming {item}");
        if queue.task_done().is_err() {
            return;
        }
    }
}

async fn produce_and_consume() -> Result<(), String> {
    let queue = Rc::new(Queue::new(0).named("items"));
    let producer = task().named("producer").spawn(produce(queue.clone()));
    let consumer = task().named("consumer").spawn(consume(queue.clone()));
    producer.await.map_err(|error| error.to_string())?;
    queue.join().await;
    consumer.abort();
    match consumer.await {
        Err(error) if error.is_cancelled() => Ok(()),
        ended => Err(format!("the consumer was not cancelled: {ended:?}")),
    }
}
