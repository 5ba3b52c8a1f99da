//! A write lock taken after the read lock was given back.
//!
//! - Symptom: of two things put into a cart at a time, one is not there.
//! - Cause: the cart is read under a read lock, a price is asked for, and the cart with the price
//!   in it is written under a write lock. Another request may have had the write lock in between:
//!   a read lock that was given back protects nothing.
//! - Shortest schedule: one switch, between the two locks.
//! - Fix: ask for the price first, and then read and write under one write lock.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Lock, RwLock};
use unpick::sim::Shared;
use unpick::{Kind, event};

/// Two requests to put something into one cart.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dropped-read-lock",
    summary: "a cart is read under a read lock, and written under a later write lock",
    variants: &[
        Variant::buggy(&|| program(shop(put_buggy)), Kind::LostUpdate, 10),
        Variant::fixed(&|| program(shop(put_fixed))),
    ],
};

struct Shop {
    /// Guards the total.
    cart: RwLock,
    total: Shared<u32>,
    prices: Lock<[u32; 2]>,
}

impl Shop {
    async fn price(&self, article: usize) -> u32 {
        self.prices.lock().await[article]
    }
}

async fn put_buggy(shop: &Shop, article: usize) {
    let seen = {
        let _cart = shop.cart.read().await;
        shop.total.get()
    };
    let price = shop.price(article).await;
    let _cart = shop.cart.write().await;
    shop.total.set(seen + price);
    event!("the total is {}", seen + price);
}

async fn put_fixed(shop: &Shop, article: usize) {
    let price = shop.price(article).await;
    let _cart = shop.cart.write().await;
    shop.total.update(|total| *total += price);
    event!("put article {article} into the cart");
}

async fn shop(put: impl AsyncFn(&Shop, usize) + Copy + 'static) -> Result<(), String> {
    let shop = Rc::new(Shop {
        cart: RwLock::new(()).named("cart"),
        total: Shared::new(0).named("total"),
        prices: Lock::new([7, 30]).named("prices"),
    });
    let requests = [0, 1].map(|article| {
        let shop = shop.clone();
        task().named(format!("put-{article}")).spawn(async move { put(&shop, article).await })
    });
    for request in requests {
        request.await.map_err(|error| error.to_string())?;
    }
    match shop.total.get() {
        37 => Ok(()),
        total => Err(format!("the total is {total}, not 37")),
    }
}
