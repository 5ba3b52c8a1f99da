//! deadpool 0.12.1: a pool that is made smaller and larger again panics, and every request after it.
//!
//! - Symptom: a service that adapts its pool to the load stops serving.
//! - Cause: `Pool::resize` takes it that there are never more connections than there may be. While
//!   some are in use that do not fit into the smaller pool, what is left of a larger one is negative;
//!   and the panic poisons the pool's lock.
//! - Upstream: <https://github.com/deadpool-rs/deadpool/issues/380>.
//! - Fix: deadpool 0.12.2 adds what the pool has become larger by.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long it takes to connect, and how long a query takes.
const NETWORK: Duration = Duration::from_millis(10);

struct Connection;

struct Database;

impl Manager for Database {
    type Type = Connection;
    type Error = String;

    async fn create(&self) -> Result<Connection, String> {
        sleep(NETWORK).await;
        Ok(Connection)
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<String> {
        Ok(())
    }
}

async fn query(pool: Pool<Database>) -> Result<(), String> {
    let _connection = pool.get().await.map_err(|error| error.to_string())?;
    sleep(NETWORK).await;
    Ok(())
}

/// Five requests, while the pool is made smaller for a moment.
async fn program() -> Result<(), String> {
    let pool = Pool::builder(Database).max_size(4).build().map_err(|error| error.to_string())?;
    let requests = [(); 5].map(|()| tokio::spawn(query(pool.clone())));
    sleep(NETWORK).await;
    pool.resize(1);
    sleep(NETWORK / 2).await;
    pool.resize(3);
    for request in requests {
        request.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}
