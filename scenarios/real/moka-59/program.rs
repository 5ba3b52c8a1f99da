//! moka 0.6.2: whoever asks for a key whose loading was aborted panics.
//!
//! - Symptom: requests for one page panic, one after the other, until the service is restarted.
//! - Cause: `Cache::get_or_insert_with` leaves a note for others that the value is being loaded. A
//!   request that is aborted then, because its client has gone, leaves the note behind: others wait
//!   for a value, find none, and panic after 200 tries.
//! - Upstream: <https://github.com/moka-rs/moka/issues/59>.
//! - Fix: moka 0.6.3 takes the note away when the loading future is dropped.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::time::Duration;

use moka::future::Cache;
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the database takes for a page.
const LOADING: Duration = Duration::from_millis(10);

async fn page(pages: Cache<u32, String>, number: u32) -> String {
    let load = async move {
        sleep(LOADING).await;
        format!("page {number}")
    };
    pages.get_or_insert_with(number, load).await
}

/// Two requests for a page; the client of the first hangs up just when it could have been served.
async fn program() -> Result<(), String> {
    let pages = Cache::new(16);
    let request = tokio::spawn(page(pages.clone(), 7));
    let client = tokio::spawn(async move {
        sleep(LOADING).await;
        request.abort();
        let _ = request.await;
    });
    client.await.map_err(|error| error.to_string())?;
    let served = page(pages, 7).await;
    if served == "page 7" { Ok(()) } else { Err(format!("got {served}")) }
}
