//! The programs of [`workloads`](crate::workloads), once for each engine: the text is the same, and
//! the names in it are those of the engine that is in scope.

macro_rules! programs {
    () => {
        use std::cell::Cell;
        use std::rc::Rc;
        use std::time::Duration;

        pub(in crate::limit) async fn empty() {}

        async fn yields(count: u32) {
            for _ in 0..count {
                yield_now().await;
            }
        }

        pub(in crate::limit) async fn steps(tasks: u32, count: u32) {
            let handles: Vec<_> = (0..tasks).map(|_| spawn(yields(count))).collect();
            for handle in handles {
                handle.await.expect("a task that yields returns");
            }
        }

        pub(in crate::limit) async fn timers(tasks: u64, count: u64) {
            let handles: Vec<_> = (0..tasks)
                .map(|task| {
                    spawn(async move {
                        for round in 0..count {
                            sleep(Duration::from_nanos(1 + (task * 7 + round * 13) % 1000)).await;
                        }
                    })
                })
                .collect();
            for handle in handles {
                handle.await.expect("a task that sleeps returns");
            }
        }

        pub(in crate::limit) async fn spawns(tasks: u32) {
            let handles: Vec<_> = (0..tasks).map(|_| spawn(yield_now())).collect();
            for handle in handles {
                handle.await.expect("a task that yields returns");
            }
        }

        /// Ten tasks read a counter, give way, and write it back.
        pub(in crate::limit) async fn lost_update() {
            let counter = Rc::new(Cell::new(0));
            let add = |counter: Rc<Cell<u32>>| async move {
                let seen = counter.get();
                yield_now().await;
                counter.set(seen + 1);
            };
            let handles: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
            for handle in handles {
                handle.await.expect("nobody aborts it");
            }
        }

        /// Ten tasks hold a lock over a yield.
        pub(in crate::limit) async fn lock_over_yield() {
            let counter = Rc::new(Lock::new(0));
            let add = |counter: Rc<Lock<u32>>| async move {
                let mut held = counter.lock().await;
                yield_now().await;
                *held += 1;
            };
            let handles: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
            for handle in handles {
                handle.await.expect("nobody aborts it");
            }
        }

        /// Two producers put ten items each into a queue with two places, and two consumers get
        /// them.
        pub(in crate::limit) async fn bounded_queue() {
            let queue = Rc::new(Queue::new(2));
            let produce = |queue: Rc<Queue<u32>>| async move {
                for item in 0..10 {
                    queue.put(item).await.expect("nobody shuts it down");
                }
            };
            let consume = |queue: Rc<Queue<u32>>| async move {
                for _ in 0..10 {
                    queue.get().await.expect("nobody shuts it down");
                }
            };
            let handles = [
                spawn(produce(queue.clone())),
                spawn(produce(queue.clone())),
                spawn(consume(queue.clone())),
                spawn(consume(queue.clone())),
            ];
            for handle in handles {
                handle.await.expect("nobody aborts it");
            }
        }
    };
}

/// Over the minimal engine, which is told who holds and who waits.
pub(super) mod told {
    use crate::limit::tasks::{spawn, yield_now};
    use crate::limit::timers::sleep;

    type Lock<T> = crate::limit::lock::Lock<T, true>;
    type Queue<T> = crate::limit::queue::Queue<T, true>;

    programs!();
}

/// Over the minimal engine, which is not told.
pub(super) mod bare {
    #![expect(dead_code, reason = "most programs are the same as those above")]

    use crate::limit::tasks::{spawn, yield_now};
    use crate::limit::timers::sleep;

    type Lock<T> = crate::limit::lock::Lock<T, false>;
    type Queue<T> = crate::limit::queue::Queue<T, false>;

    programs!();
}

/// Over Unpick.
#[cfg(test)]
pub(super) mod unpicked {
    use unpick::primitives::{Lock, Queue};
    use unpick::sim::time::sleep;
    use unpick::sim::{spawn, yield_now};

    programs!();
}
