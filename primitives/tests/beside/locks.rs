//! Locks.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;

use crate::hand::{SLOTS, Slots, check_same};

#[derive(Clone, Debug)]
enum Operation {
    Lock(usize),
    TryLock(usize),
    Read(usize),
    TryRead(usize),
    Write(usize),
    TryWrite(usize),
    Downgrade(usize),
    /// Polls who waits.
    Poll(usize),
    /// Drops who waits.
    Drop(usize),
    Release(usize),
}

macro_rules! side {
    () => {
        pub(super) fn run(operations: &[super::Operation]) -> Vec<String> {
            let mut world = World {
                mutex: Arc::new(Mutex::new(0)),
                lock: Arc::new(RwLock::new(0)),
                guards: Guards::default(),
                slots: Slots::default(),
            };
            operations.iter().map(|operation| world.perform(operation)).collect()
        }

        enum Guard {
            Lock(OwnedMutexGuard<u32>),
            Read(OwnedRwLockReadGuard<u32>),
            Write(OwnedRwLockWriteGuard<u32>),
        }

        impl Guard {
            /// Uses the value under the lock.
            fn touch(&mut self) -> u32 {
                match self {
                    Guard::Lock(guard) => {
                        **guard += 1;
                        **guard
                    }
                    Guard::Read(guard) => **guard,
                    Guard::Write(guard) => {
                        **guard += 1;
                        **guard
                    }
                }
            }
        }

        #[derive(Clone, Default)]
        struct Guards(Rc<RefCell<[Vec<Guard>; SLOTS]>>);

        impl Guards {
            fn keep(&self, slot: usize, mut guard: Guard) -> String {
                let value = guard.touch();
                self.0.borrow_mut()[slot].push(guard);
                format!("has it, {value}")
            }
        }

        struct World {
            mutex: Arc<Mutex<u32>>,
            lock: Arc<RwLock<u32>>,
            guards: Guards,
            slots: Slots,
        }

        impl World {
            fn perform(&mut self, operation: &Operation) -> String {
                let (mutex, lock) = (self.mutex.clone(), self.lock.clone());
                let guards = self.guards.clone();
                let held = |_| String::from("held");
                let done = match *operation {
                    Operation::Lock(slot) => self.slots.begin(slot, async move {
                        guards.keep(slot, Guard::Lock(mutex.lock_owned().await))
                    }),
                    Operation::Read(slot) => self.slots.begin(slot, async move {
                        guards.keep(slot, Guard::Read(lock.read_owned().await))
                    }),
                    Operation::Write(slot) => self.slots.begin(slot, async move {
                        guards.keep(slot, Guard::Write(lock.write_owned().await))
                    }),
                    Operation::TryLock(slot) => {
                        let taken = mutex.try_lock_owned();
                        taken.map_or_else(held, |guard| guards.keep(slot, Guard::Lock(guard)))
                    }
                    Operation::TryRead(slot) => {
                        let taken = lock.try_read_owned();
                        taken.map_or_else(held, |guard| guards.keep(slot, Guard::Read(guard)))
                    }
                    Operation::TryWrite(slot) => {
                        let taken = lock.try_write_owned();
                        taken.map_or_else(held, |guard| guards.keep(slot, Guard::Write(guard)))
                    }
                    Operation::Downgrade(slot) => {
                        let taken = guards.0.borrow_mut()[slot].pop();
                        match taken {
                            Some(Guard::Write(guard)) => {
                                guards.keep(slot, Guard::Read(guard.downgrade()))
                            }
                            Some(other) => guards.keep(slot, other),
                            None => String::from("nobody"),
                        }
                    }
                    Operation::Poll(slot) => self.slots.poll(slot),
                    Operation::Drop(slot) => {
                        self.slots.drop(slot);
                        String::from("dropped")
                    }
                    Operation::Release(slot) => {
                        let released = guards.0.borrow_mut()[slot].pop();
                        format!("{}", released.is_some())
                    }
                };
                format!("{operation:?}: {done}, {:?}", self.slots.woken())
            }
        }
    };
}

mod ours {
    use super::*;
    use unpick_primitives::lock::{Lock as Mutex, OwnedLockGuard as OwnedMutexGuard};
    use unpick_primitives::rwlock::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

    side!();
}

mod tokios {
    use super::*;
    use tokio::sync::{
        Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    };

    side!();
}

#[test]
fn our_locks_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        3 => slot.clone().prop_map(Operation::Lock),
        1 => slot.clone().prop_map(Operation::TryLock),
        1 => slot.clone().prop_map(Operation::Poll),
        1 => slot.clone().prop_map(Operation::Drop),
        2 => slot.prop_map(Operation::Release),
    ];
    check_same(operations, ours::run, tokios::run);
}

#[test]
fn our_read_write_locks_do_what_tokios_do() {
    let slot = 0..SLOTS;
    let operations = prop_oneof![
        4 => slot.clone().prop_map(Operation::Read),
        3 => slot.clone().prop_map(Operation::Write),
        1 => slot.clone().prop_map(Operation::TryRead),
        1 => slot.clone().prop_map(Operation::TryWrite),
        2 => slot.clone().prop_map(Operation::Downgrade),
        4 => slot.clone().prop_map(Operation::Poll),
        2 => slot.clone().prop_map(Operation::Drop),
        4 => slot.prop_map(Operation::Release),
    ];
    check_same(operations, ours::run, tokios::run);
}
