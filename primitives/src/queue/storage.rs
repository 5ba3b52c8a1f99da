//! In which order items leave a queue.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

pub(super) use sealed::Stamped;
use sealed::Store;

/// What a storage does, out of reach for other crates.
mod sealed {
    use crate::probe::Stamp;

    /// An item, and what its putter had done.
    pub struct Stamped<T> {
        pub(in crate::queue) item: T,
        pub(in crate::queue) stamp: Stamp,
    }

    pub trait Store<T>: Default {
        /// What the queue is called in traces.
        const KIND: &'static str;
        /// What the queue is called in `Debug`.
        const NAME: &'static str;
        /// Whether it compares items, which is code of others.
        const COMPARES: bool = false;
        fn push(&mut self, item: Stamped<T>);
        fn pop(&mut self) -> Option<Stamped<T>>;
        fn count(&self) -> usize;
    }
}

/// Where a queue keeps its items. The three that there are are this crate's own.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{BaseQueue, LifoQueue, Queue, Storage};
///
/// /// Takes what is there, in whichever order it leaves.
/// fn drain<T, S: Storage<T>>(queue: &BaseQueue<T, S>) -> Vec<T> {
///     std::iter::from_fn(|| queue.get_nowait().ok()).collect()
/// }
///
/// let (queue, stack) = (Queue::new(0), LifoQueue::new(0));
/// for item in 1..=3 {
///     queue.put_nowait(item).expect("it has no bound");
///     stack.put_nowait(item).expect("it has no bound");
/// }
/// assert_eq!(drain(&queue), [1, 2, 3]);
/// assert_eq!(drain(&stack), [3, 2, 1]);
/// ```
pub trait Storage<T>: Store<T> {}

/// The oldest item leaves first.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{BaseQueue, Fifo, Queue};
///
/// let queue: BaseQueue<u8, Fifo<u8>> = Queue::new(1);
/// assert_eq!(format!("{queue:?}"), "<Queue [maxsize:1, items:0]>");
/// ```
pub struct Fifo<T> {
    items: VecDeque<Stamped<T>>,
}

/// The newest item leaves first.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{BaseQueue, Lifo, LifoQueue};
///
/// let queue: BaseQueue<u8, Lifo<u8>> = LifoQueue::new(1);
/// assert_eq!(format!("{queue:?}"), "<LifoQueue [maxsize:1, items:0]>");
/// ```
pub struct Lifo<T> {
    items: Vec<Stamped<T>>,
}

/// The least item leaves first, and of equal ones the oldest.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{BaseQueue, Priority, PriorityQueue};
///
/// let queue: BaseQueue<u8, Priority<u8>> = PriorityQueue::new(1);
/// assert_eq!(format!("{queue:?}"), "<PriorityQueue [maxsize:1, items:0]>");
/// ```
pub struct Priority<T> {
    items: BinaryHeap<Reverse<Entry<T>>>,
    pushed: u64,
}

/// An item and its number: equal items leave in the order in which they came.
struct Entry<T> {
    item: Stamped<T>,
    number: u64,
}

impl<T> Default for Fifo<T> {
    fn default() -> Fifo<T> {
        Fifo { items: VecDeque::new() }
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Lifo<T> {
        Lifo { items: Vec::new() }
    }
}

impl<T: Ord> Default for Priority<T> {
    fn default() -> Priority<T> {
        Priority { items: BinaryHeap::new(), pushed: 0 }
    }
}

impl<T> Storage<T> for Fifo<T> {}
impl<T> Storage<T> for Lifo<T> {}
impl<T: Ord> Storage<T> for Priority<T> {}

impl<T> Store<T> for Fifo<T> {
    const KIND: &'static str = "queue";
    const NAME: &'static str = "Queue";

    #[inline]
    fn push(&mut self, item: Stamped<T>) {
        self.items.push_back(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<Stamped<T>> {
        self.items.pop_front()
    }

    fn count(&self) -> usize {
        self.items.len()
    }
}

impl<T> Store<T> for Lifo<T> {
    const KIND: &'static str = "lifo_queue";
    const NAME: &'static str = "LifoQueue";

    fn push(&mut self, item: Stamped<T>) {
        self.items.push(item);
    }

    fn pop(&mut self) -> Option<Stamped<T>> {
        self.items.pop()
    }

    fn count(&self) -> usize {
        self.items.len()
    }
}

impl<T: Ord> Store<T> for Priority<T> {
    const KIND: &'static str = "priority_queue";
    const NAME: &'static str = "PriorityQueue";
    const COMPARES: bool = true;

    fn push(&mut self, item: Stamped<T>) {
        let number = self.pushed;
        self.pushed += 1;
        self.items.push(Reverse(Entry { item, number }));
    }

    fn pop(&mut self) -> Option<Stamped<T>> {
        let Reverse(Entry { item, .. }) = self.items.pop()?;
        Some(item)
    }

    fn count(&self) -> usize {
        self.items.len()
    }
}

impl<T: Ord> Ord for Entry<T> {
    fn cmp(&self, other: &Entry<T>) -> Ordering {
        self.item.item.cmp(&other.item.item).then(self.number.cmp(&other.number))
    }
}

impl<T: Ord> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Entry<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Entry<T> {
    fn eq(&self, other: &Entry<T>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Entry<T> {}
