//! Queues.

use std::cmp::Ordering;
use std::rc::Rc;

use unpick_primitives::queue::{QueueShutDown, Shutdown};
use unpick_primitives::task::{spawn, yield_now};
use unpick_primitives::{PriorityQueue, Queue};
use unpick_sim::point;

use crate::hand::{check_always, ready, waiting};

#[test]
fn a_put_wakes_one_getter() {
    let queue = Queue::new(0);
    let mut first = waiting(queue.get());
    let second = waiting(queue.get());
    queue.put_nowait(1).expect("it has no bound");
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(first.assert_ready(), Ok(1));
}

#[test]
fn a_woken_getter_queues_again_behind_the_others_if_a_newcomer_was_faster() {
    let queue = Queue::new(0);
    let mut first = waiting(queue.get());
    let mut second = waiting(queue.get());
    queue.put_nowait(1).expect("it has no bound");
    assert_eq!(ready(queue.get()), Ok(1));
    first.assert_pending();
    queue.put_nowait(2).expect("it has no bound");
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(second.assert_ready(), Ok(2));
}

#[test]
fn a_cancelled_woken_getter_wakes_the_next() {
    let queue = Queue::new(0);
    let first = waiting(queue.get());
    let mut second = waiting(queue.get());
    queue.put_nowait(1).expect("it has no bound");
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.assert_ready(), Ok(1));
}

#[test]
fn a_cancelled_woken_getter_wakes_nobody_if_the_item_is_gone() {
    let queue = Queue::new(0);
    let first = waiting(queue.get());
    let second = waiting(queue.get());
    queue.put_nowait(1).expect("it has no bound");
    assert_eq!(queue.get_nowait(), Ok(1));
    drop(first);
    assert_eq!(second.wakes(), 0);
}

#[test]
fn a_cancelled_woken_putter_wakes_the_next() {
    let queue = Queue::new(1);
    ready(queue.put(1)).expect("it is open");
    let first = waiting(queue.put(2));
    let mut second = waiting(queue.put(3));
    assert_eq!(queue.get_nowait(), Ok(1));
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.assert_ready(), Ok(()));
    assert_eq!(queue.get_nowait(), Ok(3), "the cancelled put has put nothing");
}

#[test]
fn shutting_down_wakes_everybody_with_an_error() {
    let queue = Queue::<u8>::new(1);
    let mut getter = waiting(queue.get());
    queue.shutdown(Shutdown::Drain);
    assert_eq!(getter.assert_ready(), Err(QueueShutDown(())));
    let queue = Queue::new(1);
    ready(queue.put('a')).expect("it is open");
    let mut putter = waiting(queue.put('b'));
    let mut joiner = waiting(queue.join());
    queue.shutdown(Shutdown::Immediate);
    assert_eq!(putter.assert_ready(), Err(QueueShutDown('b')));
    joiner.assert_ready();
    assert_eq!(ready(queue.get()), Err(QueueShutDown(())));
}

#[test]
fn a_joiner_that_was_woken_returns_even_if_more_is_put() {
    let queue = Queue::new(0);
    queue.put_nowait(1).expect("it has no bound");
    let mut joiner = waiting(queue.join());
    queue.task_done().expect("it was put");
    queue.put_nowait(2).expect("it has no bound");
    joiner.assert_ready();
    waiting(queue.join());
}

#[test]
fn the_last_task_done_wakes_every_joiner() {
    let queue = Queue::new(0);
    queue.put_nowait(1).expect("it has no bound");
    let mut joiners = [waiting(queue.join()), waiting(queue.join())];
    queue.task_done().expect("it was put");
    joiners.iter_mut().for_each(|joiner| joiner.assert_ready());
}

#[test]
fn equal_priorities_leave_in_the_order_in_which_they_came() {
    #[derive(Debug)]
    struct Job(u8, u8);
    impl PartialEq for Job {
        fn eq(&self, other: &Job) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Job {}
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Job) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Job {
        fn cmp(&self, other: &Job) -> Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::new(0);
    for number in 0..20 {
        queue.put_nowait(Job(number % 2, number)).expect("it has no bound");
    }
    let order: Vec<u8> = std::iter::from_fn(|| queue.get_nowait().ok()).map(|job| job.1).collect();
    let expected: Vec<u8> = (0..20).step_by(2).chain((1..20).step_by(2)).collect();
    assert_eq!(order, expected);
}

/// Compares by code that enters the engine.
#[derive(Debug, PartialEq, Eq)]
struct Asking(u8);

impl Ord for Asking {
    fn cmp(&self, other: &Asking) -> Ordering {
        point!("compared");
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Asking {
    fn partial_cmp(&self, other: &Asking) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn the_items_of_a_priority_queue_may_ask_the_engine_as_they_are_compared() {
    check_always(&(), || async {
        let queue = Rc::new(PriorityQueue::new(0));
        let puts = [3, 1, 2].map(|number| {
            let queue = queue.clone();
            spawn(async move { queue.put(Asking(number)).await })
        });
        for put in puts {
            put.await.expect("nobody aborts it").expect("it is open");
        }
        for number in 1..=3 {
            assert_eq!(queue.get().await, Ok(Asking(number)));
        }
    });
}

#[test]
fn debug_is_in_asyncios_manner() {
    let queue = Queue::new(1).named("jobs");
    let getter = waiting(queue.get());
    assert_eq!(format!("{queue:?}"), "<Queue jobs [maxsize:1, items:0, getters:1]>");
    drop(getter);
    ready(queue.put(1)).expect("it is open");
    let putter = waiting(queue.put(2));
    queue.shutdown(Shutdown::Drain);
    let shown = "<Queue jobs [maxsize:1, items:1, unfinished:1, shut down]>";
    assert_eq!(format!("{queue:?}"), shown);
    drop(putter);
}

#[test]
fn every_item_arrives_once_although_getters_are_aborted() {
    check_always(&(0..12).collect::<Vec<_>>(), || async {
        let queue = Rc::new(Queue::new(1));
        let taken = Rc::new(std::cell::RefCell::new(Vec::new()));
        let consume = |queue: Rc<Queue<i32>>, taken: Rc<std::cell::RefCell<Vec<i32>>>| async move {
            while let Ok(item) = queue.get().await {
                taken.borrow_mut().push(item);
                queue.task_done().expect("it was put");
            }
        };
        let consumers: Vec<_> =
            (0..3).map(|_| spawn(consume(queue.clone(), taken.clone()))).collect();
        let producers: Vec<_> = (0..3)
            .map(|first| {
                let queue = queue.clone();
                spawn(async move {
                    for item in (first..12).step_by(3) {
                        queue.put(item).await.expect("it is open");
                    }
                })
            })
            .collect();
        yield_now().await;
        consumers[0].abort();
        consumers[1].abort();
        for producer in producers {
            producer.await.expect("it returns");
        }
        queue.join().await;
        queue.shutdown(Shutdown::Drain);
        for consumer in consumers {
            let _ended = consumer.await;
        }
        let mut taken = taken.borrow().clone();
        taken.sort_unstable();
        taken
    });
}
