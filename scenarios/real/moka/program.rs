//! moka's async cache: requests for pages, some of which are loaded in vain, given up, or removed.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use moka::future::Cache;
use tokio::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the database takes for a page.
const LOADING: Duration = Duration::from_millis(10);

#[derive(Clone)]
struct Pages {
    cache: Cache<u32, String>,
    /// How many loads of each page are going on.
    loading: Arc<[AtomicUsize; 3]>,
    /// How many loads have failed.
    failed: Arc<AtomicUsize>,
}

/// A load, which counts until it is over or given up.
struct Loading<'a>(&'a AtomicUsize);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pages {
    async fn page(self, number: u32) -> Result<String, String> {
        let load = async {
            let loading = &self.loading[number as usize];
            let others = loading.fetch_add(1, Ordering::Relaxed);
            let _loading = Loading(loading);
            assert_eq!(others, 0, "page {number} is loaded by several at once");
            sleep(LOADING).await;
            // The first load of a page fails.
            if number == 2 && self.failed.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(String::from("the database is away"));
            }
            Ok(format!("page {number}"))
        };
        self.cache.try_get_with(number, load).await.map_err(|error| error.to_string())
    }
}

/// Requests for three pages, some of them for the same; a client hangs up, and a page is removed.
async fn program() -> Result<(), String> {
    let pages = Pages {
        cache: Cache::builder().max_capacity(2).build(),
        loading: Arc::default(),
        failed: Arc::default(),
    };
    let numbers = [0, 0, 1, 0, 2, 2, 1];
    let requests = numbers.map(|number| tokio::spawn(pages.clone().page(number)));
    let editor = pages.cache.clone();
    let editor = tokio::spawn(async move {
        sleep(LOADING).await;
        editor.invalidate(&1).await;
        editor.run_pending_tasks().await;
    });
    sleep(LOADING / 2).await;
    requests[0].abort();
    for (position, request) in requests.into_iter().enumerate() {
        let number = numbers[position];
        match request.await {
            Ok(Ok(page)) if page == format!("page {number}") => {}
            Ok(Err(error)) if number == 2 && error == "the database is away" => {}
            Err(error) if position == 0 && error.is_cancelled() => {}
            other => return Err(format!("page {number}: {other:?}")),
        }
    }
    editor.await.map_err(|error| error.to_string())?;
    pages.cache.run_pending_tasks().await;
    match pages.cache.entry_count() {
        0..=2 => Ok(()),
        entries => Err(format!("{entries} pages are kept, of 2")),
    }
}
