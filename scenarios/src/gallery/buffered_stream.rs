//! A buffered stream that is not polled while its items are processed.
//!
//! The async vision document's story "Barbara battles buffered streams" is about these.
//!
//! - Symptom: a program that fetches pages ahead, and stores each, hangs.
//! - Cause: the fetches run inside of the stream, and only while the loop waits for the next
//!   page. Those that have a connection, or are handed one, keep it, unpolled, while the body of
//!   the loop waits for a connection to store the page with.
//! - Shortest schedule: the plain one, as soon as the first fetch is done before the second.
//! - Fix: fetch in tasks, which go on whatever the loop does.

use std::rc::Rc;
use std::time::Duration;

use futures::{StreamExt, stream};
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Semaphore;
use unpick::primitives::task::{sleep, spawn};
use unpick::sim::pick;
use unpick::{Kind, event};

/// Four pages, three fetched ahead, over two connections.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "buffered-stream",
    summary: "fetches in a buffered stream keep their connections while a page is stored",
    variants: &[
        Variant::buggy(&|| program(mirror_buggy()), Kind::Futurelock, 1),
        Variant::fixed(&|| program(mirror_fixed())),
    ],
};

const PAGES: u32 = 4;
const AHEAD: usize = 3;
const CONNECTIONS: usize = 2;

async fn fetch(connections: Rc<Semaphore>, page: u32) -> u32 {
    let _connection = connections.acquire().await;
    sleep(Duration::from_millis(pick(4) as u64)).await;
    event!("fetched {page}");
    page
}

async fn store(connections: &Semaphore, page: u32) {
    let _connection = connections.acquire().await;
    event!("stored {page}");
}

/// Fewer than pages are fetched ahead.
fn connections() -> Rc<Semaphore> {
    Rc::new(Semaphore::new(CONNECTIONS).named("connections"))
}

async fn mirror_buggy() -> Result<(), String> {
    let connections = connections();
    let fetches = stream::iter(0..PAGES).map(|page| fetch(connections.clone(), page));
    let mut pages = fetches.buffered(AHEAD);
    while let Some(page) = pages.next().await {
        store(&connections, page).await;
    }
    Ok(())
}

async fn mirror_fixed() -> Result<(), String> {
    let connections = connections();
    let fetches = stream::iter(0..PAGES).map(|page| spawn(fetch(connections.clone(), page)));
    let mut pages = fetches.buffered(AHEAD);
    while let Some(page) = pages.next().await {
        store(&connections, page.map_err(|error| error.to_string())?).await;
    }
    Ok(())
}
