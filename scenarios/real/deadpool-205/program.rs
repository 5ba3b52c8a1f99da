//! deadpool 0.9.4: a connection that cannot be used again makes the pool larger.
//!
//! - Symptom: more connections are open than there may be.
//! - Cause: when a connection cannot be recycled it is given up together with a permit, although
//!   the request that found it keeps its own, and makes another connection.
//! - Upstream: <https://github.com/deadpool-rs/deadpool/issues/205>.
//! - Fix: deadpool 0.9.5 gives no permit back for a connection that nobody had been handed.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deadpool::managed::{Manager, Pool, RecycleError, RecycleResult};
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long it takes to connect, and how long a query takes.
const NETWORK: Duration = Duration::from_millis(10);

/// How many connections there may be.
const CONNECTIONS: usize = 1;

/// A connection, which counts as open until it is dropped.
struct Connection(Arc<AtomicUsize>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Database(Arc<AtomicUsize>);

#[async_trait]
impl Manager for Database {
    type Type = Connection;
    type Error = String;

    async fn create(&self) -> Result<Connection, String> {
        sleep(NETWORK).await;
        let open = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let connection = Connection(Arc::clone(&self.0));
        if open > CONNECTIONS {
            return Err(format!("{open} connections are open, of {CONNECTIONS}"));
        }
        Ok(connection)
    }

    /// The server has closed it.
    async fn recycle(&self, _: &mut Connection) -> RecycleResult<String> {
        Err(RecycleError::Message(String::from("it was closed")))
    }
}

async fn query(pool: Pool<Database>) -> Result<(), String> {
    let _connection = pool.get().await.map_err(|error| error.to_string())?;
    sleep(NETWORK).await;
    Ok(())
}

/// A request, and two more when it is over.
async fn program() -> Result<(), String> {
    let database = Database(Arc::default());
    let pool = Pool::builder(database).max_size(CONNECTIONS).build();
    let pool = pool.map_err(|error| error.to_string())?;
    query(pool.clone()).await?;
    let requests = [(); 2].map(|()| tokio::spawn(query(pool.clone())));
    for request in requests {
        request.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}
