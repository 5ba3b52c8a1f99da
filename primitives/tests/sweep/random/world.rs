//! One of each primitive, what was done to it, and what must hold of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use unpick_primitives::queue::{BaseQueue, Shutdown, Storage};
use unpick_primitives::{
    Barrier, BoundedSemaphore, CancellationToken, Condition, Event, Future, LifoQueue, Lock,
    Notify, OnceCell, PriorityQueue, Queue, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use unpick_sim::options::TimeModel;

/// How many permits the semaphores have.
pub(super) const PERMITS: usize = 3;
/// How many places queues have.
const PLACES: usize = 1;
/// How many places channels have.
pub(super) const CHANNEL_PLACES: usize = 2;

/// A queue, and which items went in and out.
pub(super) struct Kept<S: Storage<u32>> {
    pub(super) queue: BaseQueue<u32, S>,
    pub(super) put: RefCell<Vec<u32>>,
    pub(super) got: RefCell<Vec<u32>>,
}

impl<S: Storage<u32>> Kept<S> {
    fn new(queue: BaseQueue<u32, S>) -> Kept<S> {
        Kept { queue, put: RefCell::default(), got: RefCell::default() }
    }

    /// Notes that an item was got, and that the work on it is done.
    pub(super) fn has_got(&self, item: u32) {
        self.got.borrow_mut().push(item);
        self.queue.task_done().expect("an item was got");
    }

    /// Makes up for puts and gets without a counterpart.
    pub(super) fn help(&self) {
        if self.queue.empty() {
            self.queue.put_nowait(0).expect("it is empty");
            self.put.borrow_mut().push(0);
        } else if let Ok(item) = self.queue.get_nowait() {
            self.has_got(item);
        }
    }

    fn complaint(&self) -> Option<String> {
        let shown = format!("{:?}", self.queue);
        let is_stuck = (!self.queue.empty() && shown.contains("getters:"))
            || (!self.queue.full() && shown.contains("putters:"));
        is_stuck.then_some(shown)
    }

    async fn check_end(&self) {
        while let Ok(item) = self.queue.get_nowait() {
            self.has_got(item);
        }
        let (mut put, mut got) = (self.put.take(), self.got.take());
        put.sort_unstable();
        got.sort_unstable();
        assert_eq!(put, got, "items that were put and got");
        assert!(self.queue.task_done().is_err(), "an item counts as unfinished");
        self.queue.join().await;
        self.queue.shutdown(Shutdown::Immediate);
        assert_nobody_waits(&self.queue);
    }
}

pub(super) struct World {
    time: TimeModel,
    pub(super) locks: [Arc<Lock<u32>>; 2],
    pub(super) rwlock: Arc<RwLock<u32>>,
    pub(super) semaphore: Arc<Semaphore>,
    pub(super) bounded: BoundedSemaphore,
    pub(super) condition: Condition<u32>,
    /// How often somebody began to wait for the condition.
    pub(super) wanted: Cell<u32>,
    pub(super) notify: Arc<Notify>,
    /// How often somebody began to wait for a notification.
    pub(super) registered: Cell<u32>,
    pub(super) barrier: Barrier,
    pub(super) event: Event,
    pub(super) cell: OnceCell<u32>,
    pub(super) future: Future<u32>,
    pub(super) token: CancellationToken,
    pub(super) fifo: Kept<unpick_primitives::queue::Fifo<u32>>,
    pub(super) lifo: Kept<unpick_primitives::queue::Lifo<u32>>,
    pub(super) priority: Kept<unpick_primitives::queue::Priority<u32>>,
    /// Until the tasks have theirs.
    senders: RefCell<Option<(mpsc::Sender<u32>, mpsc::UnboundedSender<u32>)>>,
    pub(super) receivers: RefCell<Option<(mpsc::Receiver<u32>, mpsc::UnboundedReceiver<u32>)>>,
    pub(super) sent: RefCell<Vec<u32>>,
    pub(super) received: RefCell<Vec<u32>>,
    /// Whether the receivers have got everything.
    pub(super) is_received: Cell<bool>,
    pub(super) broadcast: broadcast::Sender<u32>,
    pub(super) watch: watch::Sender<u32>,
    /// Who waits for an answer.
    pub(super) questions: RefCell<Vec<oneshot::Sender<u32>>>,
    numbers: Cell<u32>,
    /// How much goes on apart from the tasks.
    going_on: Cell<u32>,
}

/// What each task has of its own.
pub(super) struct Own {
    pub(super) sender: mpsc::Sender<u32>,
    pub(super) unbounded: mpsc::UnboundedSender<u32>,
    pub(super) broadcast: broadcast::Receiver<u32>,
    pub(super) watch: watch::Receiver<u32>,
}

/// Counts as going on until it is dropped.
pub(super) struct GoingOn(Rc<World>);

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.0.going_on.set(self.0.going_on.get() - 1);
    }
}

impl World {
    pub(super) fn new(time: TimeModel) -> World {
        let (sender, receiver) = mpsc::channel(CHANNEL_PLACES);
        let (unbounded_sender, unbounded_receiver) = mpsc::unbounded_channel();
        World {
            time,
            locks: [Arc::new(Lock::new(0)), Arc::new(Lock::new(0))],
            rwlock: Arc::new(RwLock::new(0)),
            semaphore: Arc::new(Semaphore::new(PERMITS)),
            bounded: BoundedSemaphore::new(PERMITS),
            condition: Condition::new(0),
            wanted: Cell::new(0),
            notify: Arc::new(Notify::new()),
            registered: Cell::new(0),
            barrier: Barrier::new(2),
            event: Event::new(),
            cell: OnceCell::new(),
            future: Future::new(),
            token: CancellationToken::new(),
            fifo: Kept::new(Queue::new(PLACES)),
            lifo: Kept::new(LifoQueue::new(PLACES)),
            priority: Kept::new(PriorityQueue::new(PLACES)),
            senders: RefCell::new(Some((sender, unbounded_sender))),
            receivers: RefCell::new(Some((receiver, unbounded_receiver))),
            sent: RefCell::default(),
            received: RefCell::default(),
            is_received: Cell::new(false),
            broadcast: broadcast::channel(4).0,
            watch: watch::channel(0).0,
            questions: RefCell::default(),
            numbers: Cell::new(0),
            going_on: Cell::new(0),
        }
    }

    /// What a task is to have of its own.
    pub(super) fn subscribe(&self) -> Own {
        let senders = self.senders.borrow().clone();
        let (sender, unbounded) = senders.expect("the conductor has not hung up");
        let (broadcast, watch) = (self.broadcast.subscribe(), self.watch.subscribe());
        Own { sender, unbounded, broadcast, watch }
    }

    /// From here on, channels end with the tasks.
    pub(super) fn hang_up(&self) {
        drop(self.senders.take());
    }

    /// A number that is given once.
    pub(super) fn number(&self) -> u32 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Something begins that the program has to see the end of.
    pub(super) fn go_on(self: &Rc<Self>) -> GoingOn {
        self.going_on.set(self.going_on.get() + 1);
        GoingOn(self.clone())
    }

    pub(super) fn is_going_on(&self) -> bool {
        self.going_on.get() > 0 || self.barrier.n_waiting() > 0
    }

    /// Looks at everybody who waits, when nothing else can run.
    pub(super) fn check_that_all_have_to_wait(&self) {
        if self.time != TimeModel::Exact {
            return;
        }
        let waits = |shown: &str| shown.contains("waiters:");
        let mut complaints = Vec::new();
        for lock in &self.locks {
            complaints.extend(Some(format!("{lock:?}")).filter(|it| waits(it) && !lock.locked()));
        }
        let unlocked = |it: &String| waits(it) && it.contains("unlocked");
        complaints.extend(Some(format!("{:?}", self.rwlock)).filter(unlocked));
        complaints.extend(Some(format!("{:?}", self.bounded)).filter(unlocked));
        let is_idle = self.semaphore.available_permits() == PERMITS;
        let all_left = |it: &String| waits(it) && is_idle;
        complaints.extend(Some(format!("{:?}", self.semaphore)).filter(all_left));
        let stored = |it: &String| waits(it) && it.contains("stored");
        complaints.extend(Some(format!("{:?}", self.notify)).filter(stored));
        let made = |it: &String| waits(it) && !it.contains("initializing");
        complaints.extend(Some(format!("{:?}", self.cell)).filter(made));
        complaints.extend(self.fifo.complaint());
        complaints.extend(self.lifo.complaint());
        complaints.extend(self.priority.complaint());
        assert!(complaints.is_empty(), "nothing moves, but somebody could: {complaints:?}");
    }

    /// Looks at everything once all tasks have ended.
    pub(super) async fn check_end(&self) {
        for lock in &self.locks {
            assert!(lock.try_lock().is_ok(), "{lock:?}");
            assert_nobody_waits(lock);
        }
        assert!(self.rwlock.try_write().is_ok(), "{:?}", self.rwlock);
        assert_eq!(self.semaphore.available_permits(), PERMITS, "{:?}", self.semaphore);
        let permits = self.semaphore.try_acquire_many(PERMITS as u32);
        assert!(permits.is_ok(), "{:?}", self.semaphore);
        assert!(self.bounded.release().is_err(), "{:?}", self.bounded);
        let permits: Vec<_> = (0..PERMITS).map(|_| self.bounded.try_acquire()).collect();
        assert!(permits.iter().all(Result::is_ok), "{:?}", self.bounded);
        assert!(!self.condition.locked(), "{:?}", self.condition);
        assert!(!self.barrier.broken(), "{:?}", self.barrier);
        assert_nobody_waits(&self.rwlock);
        assert_nobody_waits(&self.semaphore);
        assert_nobody_waits(&self.bounded);
        assert_nobody_waits(&self.condition);
        assert_eq!(self.barrier.n_waiting(), 0);
        assert_nobody_waits(&self.event);
        assert_nobody_waits(&self.notify);
        assert_nobody_waits(&self.cell);
        assert_nobody_waits(&self.future);
        assert_nobody_waits(&self.token);
        self.fifo.check_end().await;
        self.lifo.check_end().await;
        self.priority.check_end().await;
        self.check_messages();
        assert_eq!(self.broadcast.receiver_count(), 0);
        assert_eq!(self.watch.receiver_count(), 0);
        // It works on.
        assert_eq!(*self.cell.get_or_init(|| async { 0 }).await % 2, 0);
    }

    fn check_messages(&self) {
        let (mut sent, mut received) = (self.sent.take(), self.received.take());
        sent.sort_unstable();
        received.sort_unstable();
        if self.is_received.get() {
            assert_eq!(sent, received, "messages that were sent and received");
        } else {
            // The receiver was cancelled.
            let was_sent = |message| sent.binary_search(message).is_ok();
            assert!(received.iter().all(was_sent), "{received:?} of {sent:?}");
        }
    }
}

#[track_caller]
fn assert_nobody_waits(primitive: &impl std::fmt::Debug) {
    let shown = format!("{primitive:?}");
    let waits = ["waiters:", "getters:", "putters:", "waiting:"];
    assert!(!waits.iter().any(|waits| shown.contains(waits)), "{shown}");
}
