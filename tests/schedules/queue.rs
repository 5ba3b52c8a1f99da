//! A bounded queue of a user's own, and its bug: `put` looks for room, gives way, and puts.

use std::cell::RefCell;
use std::collections::VecDeque;

use unpick::primitives::Notify;
use unpick::sim::step;

/// Whether `put` looks for room again after it has given way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// It does not.
    Buggy,
    /// It does.
    Fixed,
}

/// A queue of at most `capacity` items.
pub(crate) struct Bounded {
    items: RefCell<VecDeque<u32>>,
    capacity: usize,
    changed: Notify,
    care: Care,
}

impl Bounded {
    pub(crate) fn new(capacity: usize, care: Care) -> Bounded {
        Bounded { items: RefCell::default(), capacity, changed: Notify::new(), care }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.borrow().len()
    }

    fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    pub(crate) async fn put(&self, item: u32) {
        loop {
            while self.is_full() {
                self.changed.notified().await;
            }
            // Counts the item in some statistics, say.
            step().await;
            if self.care == Care::Buggy || !self.is_full() {
                break;
            }
        }
        self.items.borrow_mut().push_back(item);
        self.changed.notify_waiters();
    }

    pub(crate) async fn get(&self) -> u32 {
        loop {
            if let Some(item) = self.items.borrow_mut().pop_front() {
                self.changed.notify_waiters();
                return item;
            }
            self.changed.notified().await;
        }
    }
}
