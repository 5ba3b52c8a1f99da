//! The lost invalidation of a cache.
//!
//! "Scaling Memcache at Facebook" (NSDI 2013) calls it a stale set, and has leases against it.
//!
//! - Symptom: a price is changed and its cache entry dropped, yet the old price is served for
//!   ever after.
//! - Cause: a reader that missed the cache has asked the database before the change, and fills
//!   the cache with its answer after the invalidation.
//! - Shortest schedule: one switch, to the writer, while the reader's answer is under way.
//! - Fix: fill the cache only if nothing was invalidated since the question was asked.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::sim::step;
use unpick::{Kind, event};

/// One reader, one writer, one price.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "lost-cache-fill",
    summary: "a cache is filled with what the database said before the invalidation",
    variants: &[
        Variant::buggy(&|| program(serve(price_buggy)), Kind::Error, 10),
        Variant::fixed(&|| program(serve(price_fixed))),
    ],
};

struct Shop {
    database: Lock<u32>,
    cache: Cell<Option<u32>>,
    /// How often the cache was invalidated.
    generation: Cell<u32>,
}

impl Shop {
    async fn query(&self) -> u32 {
        let price = *self.database.lock().await;
        // The answer travels.
        step().await;
        price
    }

    async fn change(&self, price: u32) {
        *self.database.lock().await = price;
        self.cache.set(None);
        self.generation.set(self.generation.get() + 1);
        event!("changed to {price}");
    }
}

async fn price_buggy(shop: &Shop) -> u32 {
    if let Some(price) = shop.cache.get() {
        return price;
    }
    let price = shop.query().await;
    shop.cache.set(Some(price));
    event!("cached {price}");
    price
}

async fn price_fixed(shop: &Shop) -> u32 {
    if let Some(price) = shop.cache.get() {
        return price;
    }
    let generation = shop.generation.get();
    let price = shop.query().await;
    if shop.generation.get() == generation {
        shop.cache.set(Some(price));
        event!("cached {price}");
    }
    price
}

async fn serve(price: impl AsyncFn(&Shop) -> u32 + Copy + 'static) -> Result<(), String> {
    let database = Lock::new(100).named("database");
    let shop = Rc::new(Shop { database, cache: Cell::new(None), generation: Cell::new(0) });
    let [reading, changing] = [shop.clone(), shop.clone()];
    let reader = task().named("reader").spawn(async move { price(&reading).await });
    let writer = task().named("writer").spawn(async move { changing.change(120).await });
    writer.await.map_err(|error| error.to_string())?;
    reader.await.map_err(|error| error.to_string())?;
    match price(&shop).await {
        120 => Ok(()),
        stale => Err(format!("the price is 120, but {stale} is served")),
    }
}
