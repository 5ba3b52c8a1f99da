//! Retries that keep a server busy with what nobody waits for any more.
//!
//! One of the "Metastable Failures in Distributed Systems" (Bronson and others, HotOS 2021).
//!
//! - Symptom: after a short overload a server is busy all the time, and no client gets an answer.
//! - Cause: clients that time out ask again, and the server goes on working off the requests that
//!   were given up, so that the new ones are late too. It does not end when the overload does.
//! - Shortest schedule: the plain one.
//! - Fix: before the work begins, look whether somebody still waits for the answer.

use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::{sleep, task, timeout};
use unpick::primitives::{Queue, oneshot};
use unpick::sim::pick;
use unpick::{Kind, event};

/// Eight clients, and a server that has just been away.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "retry-storm",
    summary: "a server works off requests that were given up while the retries time out",
    variants: &[
        Variant::buggy(&|| program(overload(Serving::Everything)), Kind::Error, 1),
        Variant::fixed(&|| program(overload(Serving::WhatIsWaitedFor))),
    ],
};

const CLIENTS: usize = 8;
const ATTEMPTS: u32 = 8;
/// How long a client waits. All of them can be served in that time, but not all of them twice.
const PATIENCE: Duration = Duration::from_millis(20);
const WORK: Duration = Duration::from_millis(2);

/// Which requests the server works off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serving {
    /// All that came.
    Everything,
    /// Those whose client has not given up.
    WhatIsWaitedFor,
}

type Requests = Queue<oneshot::Sender<()>>;

async fn serve(requests: Rc<Requests>, serving: Serving) {
    // It was restarted, and takes a while.
    sleep(Duration::from_millis(70)).await;
    while let Ok(answer) = requests.get().await {
        if serving == Serving::WhatIsWaitedFor && answer.is_closed() {
            continue;
        }
        sleep(WORK).await;
        // The client may have given up.
        let _ = answer.send(());
    }
}

async fn ask(requests: Rc<Requests>, client: usize) -> Result<(), String> {
    sleep(Duration::from_millis(pick(3) as u64)).await;
    for attempt in 0..ATTEMPTS {
        let (sender, receiver) = oneshot::channel();
        requests.put(sender).await.map_err(|error| error.to_string())?;
        if let Ok(Ok(())) = timeout(PATIENCE, receiver).await {
            event!("client {client} was served at attempt {attempt}");
            return Ok(());
        }
    }
    Err(format!("client {client} gave up after {ATTEMPTS} attempts"))
}

async fn overload(serving: Serving) -> Result<(), String> {
    let requests = Rc::new(Queue::new(0).named("requests"));
    task().named("server").daemon().spawn(serve(requests.clone(), serving));
    let clients: [_; CLIENTS] = std::array::from_fn(|client| {
        task().named(format!("client-{client}")).spawn(ask(requests.clone(), client))
    });
    for client in clients {
        client.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}
