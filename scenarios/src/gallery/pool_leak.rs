//! A connection lost by a cancelled checkout.
//!
//! The crate deadpool had a bug of this shape, up to its version 0.3: the example `real` hunts
//! it.
//!
//! - Symptom: after some timeouts a pool has no connections any more, and everybody waits.
//! - Cause: a checkout takes a connection out of the pool, and pings it before it hands it out.
//!   A caller that gives up during the ping drops the checkout, and the connection with it.
//! - Shortest schedule: the plain one, with one ping that is slow.
//! - Fix: wrap the connection, as soon as it is out of the pool, in a guard whose drop puts it
//!   back.

use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Queue;
use unpick::primitives::task::{sleep, timeout};
use unpick::sim::pick;
use unpick::{Kind, event};

/// One connection, one caller in a hurry, and one that is not.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "pool-leak",
    summary: "a checkout that is cancelled during its ping loses the connection",
    variants: &[
        Variant::buggy(&|| program(use_pool(check_out_buggy)), Kind::Deadlock, 50),
        Variant::fixed(&|| program(use_pool(check_out_fixed))),
    ],
};

struct Connection;

impl Connection {
    async fn ping(&self) {
        sleep(Duration::from_millis(5 * pick(4) as u64)).await;
    }
}

type Pool = Queue<Connection>;

/// A connection that goes back to the pool when this is dropped.
struct Lease {
    connection: Option<Connection>,
    pool: Rc<Pool>,
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("only the drop takes it out")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // The pool has place for every connection that came out of it.
        let _ = self.pool.put_nowait(connection);
    }
}

async fn take(pool: &Pool) -> Connection {
    pool.get().await.expect("nobody shuts the pool down")
}

async fn check_out_buggy(pool: &Rc<Pool>) -> Lease {
    let connection = take(pool).await;
    connection.ping().await;
    Lease { connection: Some(connection), pool: pool.clone() }
}

async fn check_out_fixed(pool: &Rc<Pool>) -> Lease {
    let lease = Lease { connection: Some(take(pool).await), pool: pool.clone() };
    lease.ping().await;
    lease
}

async fn use_pool(check_out: impl AsyncFn(&Rc<Pool>) -> Lease) -> Result<(), String> {
    let pool = Rc::new(Queue::new(1).named("idle"));
    pool.put(Connection).await.map_err(|error| error.to_string())?;
    match timeout(Duration::from_millis(12), check_out(&pool)).await {
        Ok(lease) => lease.ping().await,
        Err(_) => event!("gave up"),
    }
    check_out(&pool).await.ping().await;
    match pool.qsize() {
        1 => Ok(()),
        connections => Err(format!("{connections} connections are in the pool")),
    }
}
