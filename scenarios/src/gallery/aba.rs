//! ABA: the value is the same, the world is not.
//!
//! Maged Michael's "Hazard Pointers" (2004) has its history, from IBM's System/370 on.
//!
//! - Symptom: an address is leased to two clients.
//! - Cause: the free addresses are a linked list in a store that offers compare-and-set. A client
//!   reads the head A and what follows it, B. Before it sets the head from A to B, another one
//!   takes A, takes B, and gives A back. The head is A again, the comparison holds, and B, which
//!   is in use, is free.
//! - Shortest schedule: one switch, to the other client's three operations.
//! - Fix: keep a version beside the head, and compare that too.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::sim::step;
use unpick::{Kind, event};

/// Two clients and a list of free addresses.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "aba",
    summary: "a compare-and-set on the head of a free list takes an old head for a new one",
    variants: &[
        Variant::buggy(&|| program(lease(|one, two| one.address == two.address)), Kind::Panic, 180),
        Variant::fixed(&|| program(lease(|one, two| one == two))),
    ],
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    address: Option<usize>,
    /// Of use only if it is compared.
    version: u32,
}

struct Pool {
    head: Cell<Head>,
    /// The free address behind each one.
    next: [Cell<Option<usize>>; 4],
    is_leased: [Cell<bool>; 4],
    /// When the store takes two heads for the same.
    is_same: fn(Head, Head) -> bool,
}

impl Pool {
    async fn compare_and_set(&self, seen: Head, address: Option<usize>) -> bool {
        step().await;
        let is_unchanged = (self.is_same)(self.head.get(), seen);
        if is_unchanged {
            self.head.set(Head { address, version: self.head.get().version + 1 });
        }
        is_unchanged
    }

    async fn take(&self) -> usize {
        loop {
            let seen = self.head.get();
            let address = seen.address.expect("there are addresses enough");
            let next = self.next[address].get();
            if self.compare_and_set(seen, next).await {
                let was_leased = self.is_leased[address].replace(true);
                assert!(!was_leased, "address {address} was leased twice");
                event!("took {address}");
                return address;
            }
        }
    }

    async fn give_back(&self, address: usize) {
        self.is_leased[address].set(false);
        loop {
            let seen = self.head.get();
            self.next[address].set(seen.address);
            if self.compare_and_set(seen, Some(address)).await {
                event!("gave {address} back");
                return;
            }
        }
    }
}

async fn lease(is_same: fn(Head, Head) -> bool) -> Result<(), String> {
    let pool = Rc::new(Pool {
        head: Cell::new(Head { address: Some(0), version: 0 }),
        next: [Some(1), Some(2), Some(3), None].map(Cell::new),
        is_leased: Default::default(),
        is_same,
    });
    let [keeping, giving_back] = [pool.clone(), pool];
    let keeps = task().named("keeps").spawn(async move {
        keeping.take().await;
        keeping.take().await;
    });
    let gives_back = task().named("gives-back").spawn(async move {
        let first = giving_back.take().await;
        giving_back.take().await;
        giving_back.give_back(first).await;
    });
    keeps.await.map_err(|error| error.to_string())?;
    gives_back.await.map_err(|error| error.to_string())
}
