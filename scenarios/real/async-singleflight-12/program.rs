//! async_singleflight 0.6.1: after a load was given up, several others begin it anew.
//!
//! - Symptom: a page is loaded several times at once, which is what the crate is there to prevent.
//! - Cause: everybody who waited for a load that was given up removes the note that somebody loads.
//!   Whoever comes late removes the note of the one who has begun anew meanwhile.
//! - Upstream: <https://github.com/PureWhiteWu/async_singleflight/issues/12>.
//! - Fix: with async_singleflight 0.6.2 those that waited remove nothing.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_singleflight::DefaultGroup;
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the database takes for a page.
const LOADING: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Pages {
    loads: DefaultGroup<String, String>,
    /// How many loads are going on.
    loading: AtomicUsize,
}

impl Pages {
    async fn page(&self) -> Result<String, String> {
        let load = async {
            let loading = Loading::begin(&self.loading)?;
            sleep(LOADING).await;
            drop(loading);
            Ok(String::from("page 7"))
        };
        self.loads.work("7", load).await.map_err(|error| error.unwrap_or_default())
    }
}

/// A load, which counts until it is over or given up.
struct Loading<'a>(&'a AtomicUsize);

impl<'a> Loading<'a> {
    fn begin(loading: &'a AtomicUsize) -> Result<Loading<'a>, String> {
        let begun = Loading(loading);
        match loading.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(begun),
            others => Err(format!("the page is loaded {} times at once", others + 1)),
        }
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Three requests for a page; the client of the first hangs up while it loads.
async fn program() -> Result<(), String> {
    let pages = Arc::new(Pages::default());
    let requests = [(); 3].map(|()| {
        let pages = Arc::clone(&pages);
        tokio::spawn(async move { pages.page().await })
    });
    sleep(LOADING / 2).await;
    requests[0].abort();
    for (number, request) in requests.into_iter().enumerate() {
        match request.await {
            Ok(page) => drop(page?),
            Err(error) if number == 0 && error.is_cancelled() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}
