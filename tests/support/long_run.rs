//! A long run that gets stuck at its end: for its reports, which are to be short and in time.

use std::rc::Rc;

use unpick::primitives::{Lock, Queue};
use unpick::sim::{spawn, task, yield_now};

/// Two pairs hand items over, and then two locks are taken in a ring.
pub(crate) async fn talk_and_get_stuck(rounds: usize) {
    let pairs = [1, 2].map(|number| {
        let queue = Rc::new(Queue::new(1).named(format!("q{number}")));
        let other = queue.clone();
        let sender = task().named(format!("sender-{number}")).spawn(async move {
            for round in 0..rounds {
                queue.put(round).await.expect("it is not shut down");
            }
        });
        let receiver = spawn(async move {
            for _ in 0..rounds {
                other.get().await.expect("it is not shut down");
            }
        });
        [sender, receiver]
    });
    for task in pairs.into_iter().flatten() {
        task.await.expect("nobody aborts it");
    }
    let locks = Rc::new([Lock::new(()).named("one"), Lock::new(()).named("two")]);
    let other = locks.clone();
    let child = spawn(async move {
        let _second = other[1].lock().await;
        yield_now().await;
        let _first = other[0].lock().await;
    });
    let _first = locks[0].lock().await;
    yield_now().await;
    let _second = locks[1].lock().await;
    child.await.expect("nobody aborts it");
}
