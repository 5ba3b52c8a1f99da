//! Queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use unpick_primitives::Queue;
use unpick_primitives::queue::Shutdown;

use crate::load::{ROUNDS, TASKS, disturb, join, runtime};

#[test]
fn queue_delivers_every_item_once_although_getters_are_aborted() {
    runtime().block_on(async {
        let queue = Arc::new(Queue::new(3));
        let sum = Arc::new(AtomicUsize::new(0));
        let count = Arc::new(AtomicUsize::new(0));
        let consume = {
            let (queue, sum, count) = (queue.clone(), sum.clone(), count.clone());
            move || {
                let (queue, sum, count) = (queue.clone(), sum.clone(), count.clone());
                async move {
                    while let Ok(item) = queue.get().await {
                        // No await in between: an abort cannot lose the item here.
                        sum.fetch_add(item, Ordering::SeqCst);
                        count.fetch_add(1, Ordering::SeqCst);
                        queue.task_done().expect("it was put");
                    }
                }
            }
        };
        let consumers: Vec<_> = (0..TASKS).map(|_| tokio::spawn(consume())).collect();
        let produce = |queue: Arc<Queue<usize>>, first: usize| async move {
            for item in 0..ROUNDS {
                queue.put(first * ROUNDS + item).await.expect("it is open");
            }
        };
        let producers = (0..TASKS).map(|task| tokio::spawn(produce(queue.clone(), task))).collect();
        disturb(producers, consume).await;
        queue.join().await;
        queue.shutdown(Shutdown::Drain);
        join(consumers).await;
        let total = TASKS * ROUNDS;
        assert_eq!(count.load(Ordering::SeqCst), total);
        assert_eq!(sum.load(Ordering::SeqCst), total * (total - 1) / 2);
    });
}

#[test]
fn aborted_putters_leave_no_place_unused() {
    runtime().block_on(async {
        let queue = Arc::new(Queue::new(1));
        let produce = |queue: Arc<Queue<usize>>| async move {
            for _ in 0..ROUNDS {
                queue.put(1).await.expect("it is open");
            }
        };
        let producers = (0..TASKS).map(|_| tokio::spawn(produce(queue.clone()))).collect();
        let drained = queue.clone();
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(item) = drained.get().await {
                sum += item;
            }
            sum
        });
        disturb(producers, || {
            let queue = queue.clone();
            async move {
                loop {
                    queue.put(0).await.expect("it is open");
                }
            }
        })
        .await;
        queue.shutdown(Shutdown::Drain);
        assert_eq!(join(vec![consumer]).await, [TASKS * ROUNDS]);
    });
}
