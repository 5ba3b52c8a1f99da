//! A shutdown that stops everything at once.
//!
//! - Symptom: a program ends, and the last order that it took is in no ledger.
//! - Cause: all parts are told to stop by one token. The ledger may stop before the orders that
//!   were taken have come to it.
//! - Shortest schedule: the plain one: orders are taken faster than they are entered.
//! - Fix: stop in the order of the flow: first who takes orders, which closes the channel; the
//!   ledger stops when the channel is closed and empty.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::{FutureExt, select_biased};
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::{sleep, task};
use unpick::primitives::{CancellationToken, mpsc};
use unpick::sim::pick;
use unpick::{Kind, event};

/// Who takes orders, and a ledger.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "unordered-shutdown",
    summary: "a ledger is told to stop together with what sends to it",
    variants: &[
        Variant::buggy(&|| program(trade(keep_buggy)), Kind::Error, 1),
        Variant::fixed(&|| program(trade(keep_fixed))),
    ],
};

const ORDERS: u32 = 3;

struct Books {
    ledger: RefCell<Vec<u32>>,
    shutdown: CancellationToken,
}

impl Books {
    async fn enter(&self, order: u32) {
        sleep(Duration::from_millis(1)).await;
        self.ledger.borrow_mut().push(order);
        event!("entered {order}");
    }
}

/// Keeps the ledger until it is told to stop.
async fn keep_buggy(books: &Books, orders: &mut mpsc::Receiver<u32>) {
    loop {
        let order = select_biased! {
            () = books.shutdown.cancelled().fuse() => return,
            order = orders.recv().fuse() => order,
        };
        let Some(order) = order else { return };
        books.enter(order).await;
    }
}

/// Keeps the ledger until nobody is left who takes orders.
async fn keep_fixed(books: &Books, orders: &mut mpsc::Receiver<u32>) {
    while let Some(order) = orders.recv().await {
        books.enter(order).await;
    }
}

/// Takes orders until it is told to stop, and says how many.
async fn take_orders(books: Rc<Books>, ledger: mpsc::Sender<u32>) -> u32 {
    for order in 0..ORDERS {
        if books.shutdown.is_cancelled() || ledger.send(order).await.is_err() {
            return order;
        }
        event!("took {order}");
        sleep(Duration::from_millis(pick(3) as u64)).await;
    }
    ORDERS
}

async fn trade(
    keep: impl AsyncFn(&Books, &mut mpsc::Receiver<u32>) + 'static,
) -> Result<(), String> {
    let books = Rc::new(Books {
        ledger: RefCell::default(),
        shutdown: CancellationToken::new().named("shutdown"),
    });
    let (sender, mut receiver) = mpsc::named_channel("orders", ORDERS as usize);
    let counter = task().named("counter").spawn(take_orders(books.clone(), sender));
    let kept = books.clone();
    let keeper = task().named("keeper").spawn(async move { keep(&kept, &mut receiver).await });
    sleep(Duration::from_millis(2)).await;
    books.shutdown.cancel();
    let taken = counter.await.map_err(|error| error.to_string())?;
    keeper.await.map_err(|error| error.to_string())?;
    match books.ledger.borrow().len() as u32 {
        entered if entered == taken => Ok(()),
        entered => Err(format!("{taken} orders were taken, {entered} are in the ledger")),
    }
}
