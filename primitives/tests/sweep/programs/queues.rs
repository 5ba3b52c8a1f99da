//! Queues.

use std::cell::RefCell;
use std::rc::Rc;

use unpick_primitives::{LifoQueue, PriorityQueue, Queue};
use unpick_sim::spawn;

use crate::sweep;
use crate::victim::all;

/// Two producers of three items each and two consumers over a queue with one place. Items that
/// were put are consumed once, and `join` returns.
macro_rules! items_are_consumed_once {
    ($name:ident, $queue:ident) => {
        #[test]
        fn $name() {
            sweep(4, |victim| async move {
                let queue = Rc::new($queue::new(1));
                let put = Rc::new(RefCell::new(Vec::new()));
                let got = Rc::new(RefCell::new(Vec::new()));
                let consume = |queue: Rc<$queue<u32>>, got: Rc<RefCell<Vec<u32>>>| async move {
                    while let Ok(item) = queue.get().await {
                        got.borrow_mut().push(item);
                        queue.task_done().expect("an item was taken");
                    }
                };
                let consumers =
                    [2, 3].map(|number| victim.spawn(number, consume(queue.clone(), got.clone())));
                let producers = [0, 1].map(|number| {
                    let (queue, put) = (queue.clone(), put.clone());
                    victim.spawn(number, async move {
                        for item in 0..3 {
                            queue.put(10 * number + item).await.expect("nobody shuts it down");
                            put.borrow_mut().push(10 * number + item);
                        }
                    })
                });
                all(producers.into()).await;
                queue.join().await;
                for consumer in &consumers {
                    consumer.abort();
                }
                all(consumers.into()).await;
                assert!(queue.empty(), "{queue:?}");
                let (mut put, mut got) = (put.take(), got.take());
                put.sort_unstable();
                got.sort_unstable();
                assert_eq!(put, got);
                // It works on.
                let consumer = spawn(consume(queue.clone(), Rc::default()));
                queue.put(99).await.expect("nobody shuts it down");
                queue.join().await;
                consumer.abort();
            });
        }
    };
}

items_are_consumed_once!(items_of_a_queue_are_consumed_once, Queue);
items_are_consumed_once!(items_of_a_lifo_queue_are_consumed_once, LifoQueue);
items_are_consumed_once!(items_of_a_priority_queue_are_consumed_once, PriorityQueue);

/// Getters that wait when an item comes: a woken one that is cancelled wakes the next.
#[test]
fn every_item_reaches_a_getter_that_is_left() {
    sweep(3, |victim| async move {
        let queue = Rc::new(Queue::new(0));
        let got = Rc::new(RefCell::new(0_u32));
        let getters = (0..3).map(|number| {
            let (queue, got) = (queue.clone(), got.clone());
            victim.spawn(number, async move {
                queue.get().await.expect("nobody shuts it down");
                *got.borrow_mut() += 1;
            })
        });
        let getters: Vec<_> = getters.collect();
        unpick_sim::yield_now().await;
        for item in 0..3 {
            queue.put_nowait(item).expect("it has no bound");
        }
        all(getters).await;
        let left = queue.qsize() as u32;
        assert_eq!(*got.borrow() + left, 3);
    });
}
