//! Futures to be resolved.

use std::sync::Arc;
use std::sync::Mutex;

use unpick_primitives::Future;
use unpick_primitives::future::{FutureError, InvalidStateError};

use crate::hand::{ready, waiting};

#[test]
fn everybody_gets_a_clone_of_the_outcome() {
    let future = Future::<String>::new();
    let mut waiters = [waiting(future.wait()), waiting(future.wait())];
    assert_eq!(future.set_result("done".to_owned()), Ok(()));
    for waiter in &mut waiters {
        assert_eq!(waiter.assert_ready(), Ok("done".to_owned()));
    }
    assert_eq!(ready(future.wait()), Ok("done".to_owned()));
}

#[test]
fn it_is_resolved_once() {
    let future = Future::<u8, u8>::new();
    assert_eq!(future.set_error(1), Ok(()));
    assert_eq!(future.set_result(2), Err(InvalidStateError(2)));
    assert_eq!(future.set_error(3), Err(InvalidStateError(3)));
    assert!(!future.cancel());
    assert_eq!(future.result(), Some(Err(FutureError::Failed(1))));
}

#[test]
fn a_cancelled_waiter_leaves_it_as_it_is() {
    let future = Future::<u8>::new();
    let (first, mut second) = (waiting(future.wait()), waiting(future.wait()));
    drop(first);
    assert!(!future.done());
    assert_eq!(future.set_result(1), Ok(()));
    assert_eq!(second.assert_ready(), Ok(1));
}

#[test]
fn callbacks_are_called_in_order_and_at_once_if_it_is_late() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let future = Future::<u8>::new();
    let note = |number| {
        let calls = calls.clone();
        move |outcome: &Result<u8, FutureError<_>>| {
            calls.lock().expect("no panic").push((number, *outcome));
        }
    };
    future.add_done_callback(note(1));
    future.add_done_callback(note(2));
    assert!(calls.lock().expect("no panic").is_empty());
    assert!(future.cancel());
    future.add_done_callback(note(3));
    let cancelled = Err(FutureError::Cancelled);
    assert_eq!(*calls.lock().expect("no panic"), [(1, cancelled), (2, cancelled), (3, cancelled)]);
}

#[test]
fn a_callback_may_use_the_future() {
    let future = Arc::new(Future::<u8>::new());
    let same = future.clone();
    future.add_done_callback(move |_| assert!(same.done()));
    assert_eq!(future.set_result(1), Ok(()));
}
