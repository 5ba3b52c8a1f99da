//! bb8 0.8.3: nobody is told of the place that a broken connection leaves.
//!
//! - Symptom: requests time out although the pool has no connections and may make some.
//! - Cause: a connection that is found to be broken when it comes back is dropped. Whoever waits for
//!   one is not woken, and would be the one to make another.
//! - Upstream: <https://github.com/djc/bb8/issues/167>.
//! - Fix: bb8 0.8.4 notifies those that wait when it drops a connection.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use bb8::{ManageConnection, Pool};
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long a query takes.
const NETWORK: Duration = Duration::from_millis(10);

/// A connection, and whether it is broken.
struct Connection(bool);

struct Database;

#[async_trait]
impl ManageConnection for Database {
    type Connection = Connection;
    type Error = String;

    async fn connect(&self) -> Result<Connection, String> {
        Ok(Connection(false))
    }

    async fn is_valid(&self, _: &mut Connection) -> Result<(), String> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.0
    }
}

async fn query(pool: Pool<Database>) -> Result<(), String> {
    let mut connection = pool.get().await.map_err(|error| format!("{error:?}"))?;
    sleep(NETWORK).await;
    // The server closes it after each query.
    connection.0 = true;
    Ok(())
}

/// Two requests, over one connection at a time.
async fn program() -> Result<(), String> {
    let pool = Pool::builder().max_size(1).build(Database).await?;
    let requests = [(); 2].map(|()| tokio::spawn(query(pool.clone())));
    for request in requests {
        request.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}
