//! A semaphore acquired twice by one task.
//!
//! HikariCP's page "About Pool Sizing" calls it pool-locking.
//!
//! - Symptom: a crawler that is allowed two requests at a time stops when two pages redirect.
//! - Cause: a fetch keeps its permit while it fetches the page that it was redirected to, which
//!   takes another. Two fetches with one each wait for a second one.
//! - Shortest schedule: one switch, when the first fetch has its permit.
//! - Fix: give the permit back before the redirect is followed.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Semaphore;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Two pages that redirect, and two permits.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "semaphore-twice",
    summary: "a fetch keeps its permit while it follows a redirect with another",
    variants: &[
        Variant::buggy(&|| program(crawl(fetch_buggy)), Kind::Deadlock, 10),
        Variant::fixed(&|| program(crawl(fetch_fixed))),
    ],
};

/// Where a page redirects to.
fn redirect(page: &str) -> Option<&'static str> {
    match page {
        "/old" | "/older" => Some("/new"),
        _ => None,
    }
}

async fn fetch_buggy(requests: &Semaphore, page: &'static str) -> &'static str {
    let _permit = requests.acquire().await;
    event!("GET {page}");
    match redirect(page) {
        Some(target) => Box::pin(fetch_buggy(requests, target)).await,
        None => page,
    }
}

async fn fetch_fixed(requests: &Semaphore, page: &'static str) -> &'static str {
    let permit = requests.acquire().await;
    event!("GET {page}");
    let target = redirect(page);
    drop(permit);
    match target {
        Some(target) => Box::pin(fetch_fixed(requests, target)).await,
        None => page,
    }
}

async fn crawl(
    fetch: impl AsyncFn(&Semaphore, &'static str) -> &'static str + Copy + 'static,
) -> Result<(), String> {
    let requests = Rc::new(Semaphore::new(2).named("requests"));
    let fetches = ["/old", "/older"].map(|page| {
        let requests = requests.clone();
        task().named(page).spawn(async move { fetch(&requests, page).await })
    });
    for fetch in fetches {
        let page = fetch.await.map_err(|error| error.to_string())?;
        assert_eq!(page, "/new");
    }
    Ok(())
}
