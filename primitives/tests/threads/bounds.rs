//! What can go from thread to thread, and be used by several: as tokio's, which is checked here
//! too, so that the table stays true.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use tokio::sync as theirs;
use unpick_primitives as ours;

/// Can be sent to another thread, and not be shared.
type Sent = Cell<u8>;
/// Cannot even be sent.
type Kept = Rc<u8>;

/// The marker traits of a type.
struct Bounds<T>(PhantomData<T>);

/// What holds of every type. A constant of the type's own, where its bounds hold, comes first.
trait Lacking {
    const IS_SEND: bool = false;
    const IS_SYNC: bool = false;
}

impl<T> Lacking for Bounds<T> {}

impl<T: Send> Bounds<T> {
    const IS_SEND: bool = true;
}

impl<T: Sync> Bounds<T> {
    const IS_SYNC: bool = true;
}

/// Whether a type is `Send`, and whether it is `Sync`.
macro_rules! bounds {
    ($type:ty) => {
        (Bounds::<$type>::IS_SEND, Bounds::<$type>::IS_SYNC)
    };
}

/// Compares ours with theirs, around values that are shared, sent, and kept.
macro_rules! same_bounds {
    ($name:ident: $($ours:ident)::+, $($theirs:ident)::+) => {
        #[test]
        fn $name() {
            assert_eq!(bounds!(ours::$($ours)::+<u8>), bounds!(theirs::$($theirs)::+<u8>), "shared");
            assert_eq!(bounds!(ours::$($ours)::+<Sent>), bounds!(theirs::$($theirs)::+<Sent>), "sent");
            assert_eq!(bounds!(ours::$($ours)::+<Kept>), bounds!(theirs::$($theirs)::+<Kept>), "kept");
        }
    };
}

same_bounds!(lock: Lock, Mutex);
same_bounds!(owned_lock_guard: lock::OwnedLockGuard, OwnedMutexGuard);
same_bounds!(once_cell: OnceCell, OnceCell);
same_bounds!(oneshot_sender: oneshot::Sender, oneshot::Sender);
same_bounds!(oneshot_receiver: oneshot::Receiver, oneshot::Receiver);
same_bounds!(mpsc_sender: mpsc::Sender, mpsc::Sender);
same_bounds!(mpsc_receiver: mpsc::Receiver, mpsc::Receiver);
same_bounds!(mpsc_owned_permit: mpsc::OwnedPermit, mpsc::OwnedPermit);
same_bounds!(mpsc_unbounded_sender: mpsc::UnboundedSender, mpsc::UnboundedSender);
same_bounds!(mpsc_unbounded_receiver: mpsc::UnboundedReceiver, mpsc::UnboundedReceiver);
same_bounds!(broadcast_sender: broadcast::Sender, broadcast::Sender);
same_bounds!(broadcast_receiver: broadcast::Receiver, broadcast::Receiver);
same_bounds!(watch_sender: watch::Sender, watch::Sender);
same_bounds!(watch_receiver: watch::Receiver, watch::Receiver);
same_bounds!(write_guard: rwlock::OwnedRwLockWriteGuard, OwnedRwLockWriteGuard);

/// Readers of ours have the value by reference counts, so that the lock can be sent only if
/// they could.
#[test]
fn a_read_write_lock_can_be_sent_if_its_value_can_be_shared() {
    assert_eq!(bounds!(ours::RwLock<u8>), (true, true));
    assert_eq!(bounds!(ours::RwLock<Sent>), (false, false));
    assert_eq!(bounds!(theirs::RwLock<Sent>), (true, false));
}

#[test]
fn what_has_no_value_can_be_sent_and_shared() {
    let both = (true, true);
    assert_eq!(bounds!(ours::Event), both);
    assert_eq!(bounds!(ours::Semaphore), both);
    assert_eq!(bounds!(ours::BoundedSemaphore), both);
    assert_eq!(bounds!(ours::Barrier), both);
    assert_eq!(bounds!(ours::Notify), both);
    assert_eq!(bounds!(ours::CancellationToken), both);
    assert_eq!(bounds!(ours::semaphore::OwnedSemaphorePermit), both);
    assert_eq!(bounds!(ours::notify::OwnedNotified), both);
}

#[test]
fn queues_and_conditions_can_be_shared_if_their_values_can_be_sent() {
    let both = (true, true);
    assert_eq!(bounds!(ours::Condition<Sent>), both);
    assert_eq!(bounds!(ours::Queue<Sent>), both);
    assert_eq!(bounds!(ours::LifoQueue<Sent>), both);
    assert_eq!(bounds!(ours::PriorityQueue<Sent>), both);
    assert_eq!(bounds!(ours::Queue<Kept>), (false, false));
}

/// Everybody who waits for it gets a clone of one value.
#[test]
fn a_future_can_be_sent_and_shared_if_its_value_can_be_shared() {
    assert_eq!(bounds!(ours::Future<u8>), (true, true));
    assert_eq!(bounds!(ours::Future<Sent>), (false, false));
}
