//! deadpool: requests over a pool of two connections that is resized and closed, with connections
//! that cannot be used again and clients that hang up.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool, PoolError, RecycleError, RecycleResult};
use tokio::time::{sleep, timeout};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long it takes to connect, and how long a query takes.
const NETWORK: Duration = Duration::from_millis(10);

/// How many connections there may be.
const CONNECTIONS: usize = 2;

/// A connection, which counts as open until it is dropped.
struct Connection {
    open: Arc<AtomicUsize>,
    is_broken: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Database(Arc<AtomicUsize>);

impl Manager for Database {
    type Type = Connection;
    type Error = String;

    async fn create(&self) -> Result<Connection, String> {
        sleep(NETWORK).await;
        let open = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let connection = Connection { open: Arc::clone(&self.0), is_broken: false };
        assert!(open <= CONNECTIONS, "{open} connections are open");
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<String> {
        sleep(NETWORK / 2).await;
        match connection.is_broken {
            true => Err(RecycleError::message("broken")),
            false => Ok(()),
        }
    }
}

async fn query(pool: Pool<Database>, breaks: bool) -> Result<(), PoolError<String>> {
    let mut connection = pool.get().await?;
    sleep(NETWORK).await;
    connection.is_broken = breaks;
    Ok(())
}

/// Five requests, of which one breaks its connection, one hangs up half-way, and one does not wait
/// for long; and when they are over, one that comes as the pool is closed.
async fn program() -> Result<(), String> {
    let database = Database(Arc::default());
    let pool = Pool::builder(database).max_size(CONNECTIONS).build();
    let pool = pool.map_err(|error| error.to_string())?;
    let requests: Vec<_> =
        (0..4).map(|number| tokio::spawn(query(pool.clone(), number == 0))).collect();
    let hasty = tokio::spawn(timeout(NETWORK * 2, query(pool.clone(), false)));
    sleep(NETWORK).await;
    requests[1].abort();
    for (number, request) in requests.into_iter().enumerate() {
        match request.await {
            Ok(answer) => answer.map_err(|error| error.to_string())?,
            Err(error) if number == 1 && error.is_cancelled() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    // It may have been too late.
    let _ = hasty.await.map_err(|error| error.to_string())?;
    pool.resize(1);
    let last = tokio::spawn(query(pool.clone(), false));
    sleep(NETWORK / 4).await;
    pool.close();
    match last.await.map_err(|error| error.to_string())? {
        Ok(()) | Err(PoolError::Closed) => {}
        Err(error) => return Err(error.to_string()),
    }
    match pool.status().size {
        0 => Ok(()),
        size => Err(format!("{size} connections are left in a closed pool")),
    }
}
