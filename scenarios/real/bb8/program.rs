//! bb8: requests over a pool of two connections, that time out, hang up and break connections.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bb8::{ManageConnection, Pool};
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long it takes to connect, and how long a query takes.
const NETWORK: Duration = Duration::from_millis(10);

/// How many connections there may be.
const CONNECTIONS: usize = 2;

struct Connection {
    open: Arc<AtomicUsize>,
    is_broken: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Database {
    open: Arc<AtomicUsize>,
}

impl ManageConnection for Database {
    type Connection = Connection;
    type Error = String;

    async fn connect(&self) -> Result<Connection, String> {
        sleep(NETWORK).await;
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(open <= CONNECTIONS, "{open} connections are open");
        Ok(Connection { open: Arc::clone(&self.open), is_broken: false })
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), String> {
        sleep(NETWORK / 2).await;
        if connection.is_broken { Err(String::from("broken")) } else { Ok(()) }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_broken
    }
}

async fn query(pool: Pool<Database>, breaks: bool) -> Result<(), String> {
    let mut connection = pool.get().await.map_err(|error| format!("{error:?}"))?;
    sleep(NETWORK).await;
    connection.is_broken = breaks;
    Ok(())
}

/// Four requests, of which one breaks its connection, and one hangs up half-way; and one that waits
/// for a connection for a short time only.
async fn program() -> Result<(), String> {
    let pool = Pool::builder()
        .max_size(CONNECTIONS as u32)
        .connection_timeout(Duration::from_secs(1))
        .build(Database::default())
        .await?;
    let requests: Vec<_> =
        (0..4).map(|number| tokio::spawn(query(pool.clone(), number == 0))).collect();
    let hasty = tokio::spawn(tokio::time::timeout(NETWORK * 2, query(pool.clone(), false)));
    sleep(NETWORK).await;
    requests[1].abort();
    for (number, request) in requests.into_iter().enumerate() {
        match request.await {
            Ok(answer) => answer?,
            Err(error) if number == 1 && error.is_cancelled() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    // It may have been too late.
    let _ = hasty.await.map_err(|error| error.to_string())?;
    query(pool.clone(), false).await?;
    let state = pool.state();
    if state.connections == state.idle_connections && state.connections > 0 {
        Ok(())
    } else {
        Err(format!("{state:?}"))
    }
}
