//! Read-write locks.

use std::sync::Arc;

use unpick_primitives::RwLock;

use crate::hand::{ready, waiting};

#[test]
fn a_waiting_writer_keeps_later_readers_out() {
    let lock = RwLock::new(());
    let reads = ready(lock.read());
    let mut writer = waiting(lock.write());
    let mut reader = waiting(lock.read());
    assert!(lock.try_read().is_err());
    drop(reads);
    assert_eq!((writer.wakes(), reader.wakes()), (1, 0));
    drop(writer.assert_ready());
    drop(reader.assert_ready());
}

#[test]
fn a_release_lets_in_all_readers_in_front_of_the_next_writer() {
    let lock = RwLock::new(());
    let writes = ready(lock.write());
    let readers = [waiting(lock.read()), waiting(lock.read())];
    let writer = waiting(lock.write());
    let late = waiting(lock.read());
    drop(writes);
    assert_eq!(readers.each_ref().map(|reader| reader.wakes()), [1, 1]);
    assert_eq!((writer.wakes(), late.wakes()), (0, 0));
}

#[test]
fn a_cancelled_writer_lets_the_readers_behind_it_in() {
    let lock = RwLock::new(());
    let _reads = ready(lock.read());
    let writer = waiting(lock.write());
    let mut reader = waiting(lock.read());
    drop(writer);
    assert_eq!(reader.wakes(), 1);
    drop(reader.assert_ready());
}

#[test]
fn a_cancelled_waiter_passes_the_lock_on() {
    let lock = RwLock::new(());
    let writes = ready(lock.write());
    let first = waiting(lock.write());
    let mut second = waiting(lock.write());
    drop(writes);
    drop(first);
    assert_eq!(second.wakes(), 1);
    let writes = second.assert_ready();
    let reader = waiting(lock.read());
    let mut writer = waiting(lock.write());
    drop(writes);
    drop(reader);
    drop(writer.assert_ready());
}

#[test]
fn downgrading_lets_readers_in_and_no_writer() {
    let lock = RwLock::new(1);
    let mut writes = ready(lock.write());
    let mut reader = waiting(lock.read());
    let mut writer = waiting(lock.write());
    *writes = 2;
    let reads = writes.downgrade();
    assert_eq!((reader.wakes(), writer.wakes()), (1, 0));
    assert_eq!((*reads, *reader.assert_ready()), (2, 2));
    drop(reads);
    drop(writer.assert_ready());
}

#[test]
fn debug_is_in_asyncios_manner() {
    let lock = RwLock::new(()).named("config");
    let reads = ready(lock.read());
    let writer = waiting(lock.write());
    assert_eq!(format!("{lock:?}"), "<RwLock config [reading, readers:1, waiters:1]>");
    drop((reads, writer));
}

#[test]
fn owned_guards_hand_over_as_any_others() {
    let lock = Arc::new(RwLock::new(0));
    let mut written = ready(lock.clone().write_owned());
    let cancelled = waiting(lock.clone().write_owned());
    let (mut first, mut second) = (waiting(lock.clone().read_owned()), waiting(lock.read()));
    *written += 1;
    let read = written.downgrade();
    assert_eq!((first.wakes(), second.wakes()), (0, 0), "a writer comes first");
    drop(cancelled);
    assert_eq!((*first.assert_ready(), *second.assert_ready(), *read), (1, 1, 1));
}

#[test]
fn readers_behind_a_writer_that_gives_up_join_those_inside() {
    let lock = RwLock::new(());
    let inside = ready(lock.read());
    let writer = waiting(lock.write());
    let mut behind = waiting(lock.read());
    drop(writer);
    assert_eq!(behind.wakes(), 1);
    drop((behind.assert_ready(), inside));
}

#[test]
fn guards_show_the_value() {
    let lock = RwLock::from(1.5);
    assert_eq!(format!("{:.2}", lock.try_read().expect("it is free")), "1.50");
    assert_eq!(format!("{:.2}", lock.try_write().expect("it is free")), "1.50");
}
