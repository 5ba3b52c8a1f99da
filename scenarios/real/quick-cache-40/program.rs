//! quick_cache 0.6.1: who waits for a value panics when another one took its place.
//!
//! - Symptom: now and then requests for a page panic while it is being edited; in a debug build the
//!   process is aborted.
//! - Cause: a guard whose place was taken by `Cache::insert` hands its value to those that wait, and
//!   then goes as if it had none: they find a load that was given up, which the code takes for
//!   impossible.
//! - Upstream: <https://github.com/arthurprs/quick-cache/pull/40>.
//! - Fix: with quick_cache 0.6.2 such a guard counts as one that has a value.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the database takes for a page.
const LOADING: Duration = Duration::from_millis(10);

type Pages = Arc<Cache<u32, String>>;

async fn page(pages: Pages, number: u32) -> String {
    let load = async {
        sleep(LOADING).await;
        Ok::<_, ()>(format!("page {number}"))
    };
    pages.get_or_insert_async(&number, load).await.unwrap_or_default()
}

/// An editor puts a new text into the cache, and two requests ask for the page.
async fn program() -> Result<(), String> {
    let pages = Pages::new(Cache::new(16));
    let edited = Arc::clone(&pages);
    let editor = tokio::spawn(async move { edited.insert(7, String::from("page 7, edited")) });
    let requests = [tokio::spawn(page(Arc::clone(&pages), 7)), tokio::spawn(page(pages, 7))];
    editor.await.map_err(|error| error.to_string())?;
    for request in requests {
        let served =
            request.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        if !served.starts_with("page 7") {
            return Err(format!("served: {served:?}"));
        }
    }
    Ok(())
}
