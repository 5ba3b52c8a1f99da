//! Queues give what was put, in their order, to somebody, and count what is unfinished.

use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::queue::{BaseQueue, GetError, PutError, QueueShutDown, Shutdown, Storage};
use unpick_primitives::{LifoQueue, PriorityQueue, Queue};

use crate::harness::{Model, World, check_model};

struct Items {
    items: Vec<u8>,
    maxsize: usize,
    unfinished: usize,
    is_shut_down: bool,
    /// How often nothing was unfinished any more.
    finished: u64,
    /// Which of the items leaves first.
    next: fn(&[u8]) -> usize,
}

#[derive(Debug)]
enum Event {
    Put(u8),
    PutRefused(PutError<u8>),
    Got(u8),
    GetRefused(GetError),
    Done(bool),
    /// Somebody joined who began after so many times of being finished.
    Joined(u64),
    ShutDown(Shutdown),
    Counted(usize),
}

impl Items {
    fn is_full(&self) -> bool {
        self.maxsize > 0 && self.items.len() >= self.maxsize
    }

    fn done(&mut self, count: usize) {
        self.unfinished -= count;
        self.finished += u64::from(self.unfinished == 0);
    }
}

impl Model for Items {
    type Event = Event;
    type Want = Operation;

    fn begin(&mut self, _want: &Operation) -> u64 {
        self.finished
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let is_possible = match event {
            Event::Put(item) => {
                let fits = !self.is_full() && !self.is_shut_down;
                self.items.push(*item);
                self.unfinished += 1;
                fits
            }
            Event::PutRefused(PutError::ShutDown(_)) => self.is_shut_down,
            Event::PutRefused(PutError::Full(_)) => self.is_full() && !self.is_shut_down,
            Event::Got(item) => {
                let at = (self.next)(&self.items);
                !self.items.is_empty() && self.items.remove(at) == *item
            }
            Event::GetRefused(GetError::ShutDown) => self.is_shut_down && self.items.is_empty(),
            Event::GetRefused(GetError::Empty) => !self.is_shut_down && self.items.is_empty(),
            Event::Done(is_accepted) => {
                let could = self.unfinished > 0;
                if could {
                    self.done(1);
                }
                could == *is_accepted
            }
            Event::Joined(begun) => self.unfinished == 0 || self.finished > *begun,
            Event::ShutDown(how) => {
                self.is_shut_down = true;
                if *how == Shutdown::Immediate {
                    let count = self.items.len().min(self.unfinished);
                    self.items.clear();
                    self.done(count);
                }
                true
            }
            Event::Counted(count) => self.items.len() == *count,
        };
        match is_possible {
            true => Ok(()),
            false => Err(format!("{:?}, {} unfinished", self.items, self.unfinished)),
        }
    }

    fn may_wait(&self, want: &Operation, begun: u64) -> bool {
        match want {
            Operation::Put(_) => self.is_full() && !self.is_shut_down,
            Operation::Get => self.items.is_empty() && !self.is_shut_down,
            Operation::Join => self.unfinished > 0 && self.finished == begun,
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Put(u8),
    Get,
    PutNowait(u8),
    GetNowait,
    TaskDone,
    Join,
    Shutdown(Shutdown),
    Count,
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => any::<u8>().prop_map(Operation::Put),
        12 => Just(Operation::Get),
        4 => any::<u8>().prop_map(Operation::PutNowait),
        4 => Just(Operation::GetNowait),
        6 => Just(Operation::TaskDone),
        3 => Just(Operation::Join),
        1 => Just(Operation::Shutdown(Shutdown::Drain)),
        1 => Just(Operation::Shutdown(Shutdown::Immediate)),
        2 => Just(Operation::Count),
    ]
}

type QueueWorld<S> = World<BaseQueue<u8, S>, Items>;

async fn perform<S: Storage<u8>>(world: Rc<QueueWorld<S>>, operation: Operation) {
    let queue = &world.primitive;
    match operation.clone() {
        Operation::Put(item) => match world.wait(operation, queue.put(item)).await {
            Ok(()) => world.happened(Event::Put(item)),
            Err(QueueShutDown(item)) => world.happened(Event::PutRefused(PutError::ShutDown(item))),
        },
        Operation::Get => match world.wait(operation, queue.get()).await {
            Ok(item) => world.happened(Event::Got(item)),
            Err(QueueShutDown(())) => world.happened(Event::GetRefused(GetError::ShutDown)),
        },
        Operation::PutNowait(item) => match queue.put_nowait(item) {
            Ok(()) => world.happened(Event::Put(item)),
            Err(error) => world.happened(Event::PutRefused(error)),
        },
        Operation::GetNowait => match queue.get_nowait() {
            Ok(item) => world.happened(Event::Got(item)),
            Err(error) => world.happened(Event::GetRefused(error)),
        },
        Operation::TaskDone => world.happened(Event::Done(queue.task_done().is_ok())),
        Operation::Join => {
            let begun = world.model.borrow().finished;
            world.wait(operation, queue.join()).await;
            world.happened(Event::Joined(begun));
        }
        Operation::Shutdown(how) => {
            queue.shutdown(how);
            world.happened(Event::ShutDown(how));
        }
        Operation::Count => world.happened(Event::Counted(queue.qsize())),
    }
}

fn items(maxsize: usize, next: fn(&[u8]) -> usize) -> Items {
    Items { items: Vec::new(), maxsize, unfinished: 0, is_shut_down: false, finished: 0, next }
}

fn least(items: &[u8]) -> usize {
    (0..items.len()).min_by_key(|&at| items[at]).unwrap_or(0)
}

#[test]
fn queue_agrees_with_its_model() {
    for maxsize in 0..3 {
        check_model(operations(), |_| (Queue::new(maxsize), items(maxsize, |_| 0)), perform);
    }
}

#[test]
fn lifo_queue_agrees_with_its_model() {
    for maxsize in 0..3 {
        let newest = |items: &[u8]| items.len().saturating_sub(1);
        check_model(operations(), |_| (LifoQueue::new(maxsize), items(maxsize, newest)), perform);
    }
}

#[test]
fn priority_queue_agrees_with_its_model() {
    for maxsize in 0..3 {
        check_model(
            operations(),
            |_| (PriorityQueue::new(maxsize), items(maxsize, least)),
            perform,
        );
    }
}
