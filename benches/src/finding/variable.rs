//! A shared variable each of whose accesses is a step of its own.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::rc::Rc;
use std::task::Poll;

use unpick::sim::probe::{Access, Object, Operation};

/// A shared variable: reading and writing it are announced, so that another task may come in
/// between.
#[derive(Clone)]
pub(super) struct Variable<T> {
    inner: Rc<(Object, Cell<T>)>,
}

impl<T: Copy> Variable<T> {
    pub(super) fn new(value: T) -> Variable<T> {
        Variable { inner: Rc::new((Object::new("variable"), Cell::new(value))) }
    }

    /// What is in it, without a step.
    pub(super) fn peek(&self) -> T {
        self.inner.1.get()
    }

    #[track_caller]
    pub(super) fn get(&self) -> impl Future<Output = T> + use<'_, T> {
        let mut operation = Operation::new("read", Access::Read, Location::caller());
        poll_fn(move |cx| {
            let (object, cell) = &*self.inner;
            if operation.poll_announce(Some(object), cx).is_pending() {
                return Poll::Pending;
            }
            operation.executed(Some(object));
            Poll::Ready(cell.get())
        })
    }

    #[track_caller]
    pub(super) fn set(&self, value: T) -> impl Future<Output = ()> + use<'_, T> {
        let mut operation = Operation::new("write", Access::Change, Location::caller());
        poll_fn(move |cx| {
            let (object, cell) = &*self.inner;
            if operation.poll_announce(Some(object), cx).is_pending() {
                return Poll::Pending;
            }
            operation.executed(Some(object));
            cell.set(value);
            Poll::Ready(())
        })
    }
}
