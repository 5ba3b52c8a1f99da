//! A read-write lock is held by readers or by one writer, and by nobody only if nobody waits.

use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unpick_primitives::RwLock;
use unpick_primitives::task::sleep;

use crate::harness::{Model, OnDrop, World, check_model};

#[derive(Default)]
struct Holders {
    readers: u32,
    writers: u32,
}

#[derive(Debug)]
enum Event {
    Reads,
    HasRead,
    Writes,
    HasWritten,
    Downgrades,
}

impl Model for Holders {
    type Event = Event;
    type Want = &'static str;

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Reads => self.readers += 1,
            Event::HasRead => self.readers -= 1,
            Event::Writes => self.writers += 1,
            Event::HasWritten => self.writers -= 1,
            Event::Downgrades => {
                self.writers -= 1;
                self.readers += 1;
            }
        }
        match (self.readers, self.writers) {
            (_, 0) | (0, 1) => Ok(()),
            (readers, writers) => Err(format!("{readers} readers, {writers} writers")),
        }
    }

    fn may_wait(&self, _want: &&'static str, _begun: u64) -> bool {
        // Every holder gives the lock back.
        self.readers + self.writers > 0
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Read(u64),
    Write(u64),
    TryRead(u64),
    TryWrite(u64),
    WriteThenRead(u64),
}

async fn pause(hold: u64) {
    if hold > 0 {
        sleep(Duration::from_micros(hold)).await;
    }
}

async fn perform(world: Rc<World<RwLock<u32>, Holders>>, operation: Operation) {
    let lock = &world.primitive;
    match operation {
        Operation::Read(hold) | Operation::TryRead(hold) => {
            let guard = match operation {
                Operation::Read(_) => world.wait("read", lock.read()).await,
                _ => match lock.try_read() {
                    Ok(guard) => guard,
                    Err(_) => return,
                },
            };
            world.happened(Event::Reads);
            let _ended = OnDrop(|| world.happened(Event::HasRead));
            let seen = *guard;
            pause(hold).await;
            assert_eq!(*guard, seen, "somebody wrote beside a reader");
        }
        Operation::Write(hold) | Operation::TryWrite(hold) => {
            let mut guard = match operation {
                Operation::Write(_) => world.wait("write", lock.write()).await,
                _ => match lock.try_write() {
                    Ok(guard) => guard,
                    Err(_) => return,
                },
            };
            world.happened(Event::Writes);
            let _ended = OnDrop(|| world.happened(Event::HasWritten));
            *guard += 1;
            pause(hold).await;
        }
        Operation::WriteThenRead(hold) => {
            let mut guard = world.wait("write", lock.write()).await;
            world.happened(Event::Writes);
            *guard += 1;
            let guard = guard.downgrade();
            world.happened(Event::Downgrades);
            let _ended = OnDrop(|| world.happened(Event::HasRead));
            let seen = *guard;
            pause(hold).await;
            assert_eq!(*guard, seen, "somebody wrote beside a reader");
        }
    }
}

#[test]
fn rwlock_agrees_with_its_model() {
    let operations = prop_oneof![
        4 => (0..4u64).prop_map(Operation::Read),
        3 => (0..4u64).prop_map(Operation::Write),
        1 => (0..4u64).prop_map(Operation::TryRead),
        1 => (0..4u64).prop_map(Operation::TryWrite),
        1 => (0..4u64).prop_map(Operation::WriteThenRead),
    ];
    check_model(operations, |_| (RwLock::new(0), Holders::default()), perform);
}
