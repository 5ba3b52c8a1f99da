//! A leader whose lease ran out while it was not looking.
//!
//! Martin Kleppmann's "How to do distributed locking" describes it, and the fix.
//!
//! - Symptom: a leader that has been replaced overwrites what its successor has written.
//! - Cause: it looks at its lease, finds it good, and writes. Between the two the machine stalls,
//!   the lease runs out, and another node becomes leader.
//! - Shortest schedule: while the leader is about to write, the clock runs ahead to the end of the
//!   lease, and then one switch, to the successor.
//! - Fix: number the leases, send the number along with each write, and let the storage refuse
//!   what is numbered lower than what it has seen.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::{Instant, sleep_until, task};
use unpick::{Kind, event};

/// Two nodes, one lease, one storage.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "leader-lease",
    summary: "a leader stalls between the look at its lease and its write",
    variants: &[
        Variant::buggy(&|| program(elect(|_, _| true)), Kind::Error, 190).stalling(),
        Variant::fixed(&|| program(elect(|seen, term| term >= seen))).stalling(),
    ],
};

const LEASE: Duration = Duration::from_millis(100);

/// The number of a lease.
type Term = u32;

/// When the storage that has seen the first term takes a write of the second.
type Accepts = fn(Term, Term) -> bool;

#[derive(Clone, Copy)]
struct Lease {
    term: Term,
    ends: Instant,
}

struct Cluster {
    lease: Lock<Lease>,
    storage: Lock<Term>,
    accepts: Accepts,
    /// Whether a write came after one of a later leader.
    was_overwritten: Cell<bool>,
}

impl Cluster {
    /// Waits until the lease is to be had.
    async fn become_leader(&self) -> Lease {
        loop {
            let mut lease = self.lease.lock().await;
            if lease.ends <= Instant::now() {
                *lease = Lease { term: lease.term + 1, ends: Instant::now() + LEASE };
                return *lease;
            }
            let ends = lease.ends;
            drop(lease);
            sleep_until(ends).await;
        }
    }

    async fn write(&self, term: Term) {
        let mut stored = self.storage.lock().await;
        if !(self.accepts)(*stored, term) {
            event!("the write of term {term} is refused");
            return;
        }
        event!("term {term} writes over term {}", *stored);
        if term < *stored {
            self.was_overwritten.set(true);
        }
        *stored = term;
    }
}

async fn lead(cluster: Rc<Cluster>) {
    let lease = cluster.become_leader().await;
    while Instant::now() < lease.ends {
        cluster.write(lease.term).await;
        sleep_until(Instant::now() + LEASE / 2).await;
    }
}

async fn elect(accepts: Accepts) -> Result<(), String> {
    let lease = Lease { term: 0, ends: Instant::START };
    let cluster = Rc::new(Cluster {
        lease: Lock::new(lease).named("lease"),
        storage: Lock::new(0).named("storage"),
        accepts,
        was_overwritten: Cell::new(false),
    });
    let nodes = ["node-1", "node-2"].map(|name| task().named(name).spawn(lead(cluster.clone())));
    for node in nodes {
        node.await.map_err(|error| error.to_string())?;
    }
    if cluster.was_overwritten.get() {
        return Err(String::from("a write of an earlier leader came after one of a later leader"));
    }
    Ok(())
}
