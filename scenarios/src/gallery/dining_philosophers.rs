//! Dijkstra's dining philosophers, of his "Hierarchical Ordering of Sequential Processes" (1971).
//!
//! - Symptom: three philosophers at a round table starve, each with a fork in the left hand.
//! - Cause: each takes the left fork first, so that all can wait for one another in a ring.
//! - Shortest schedule: one switch, when the first one has the left fork.
//! - Fix: number the forks, and take the one with the smaller number first. The last philosopher
//!   then takes the right one first, and no ring can close.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Three philosophers.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dining-philosophers",
    summary: "three philosophers take the left fork first",
    variants: &[
        Variant::buggy(&|| program(dine(left_first)), Kind::Deadlock, 10),
        Variant::fixed(&|| program(dine(smaller_first))),
    ],
};

const SEATS: usize = 3;

struct Table {
    forks: [Lock; SEATS],
    meals: Cell<usize>,
}

/// Which forks the philosopher in this seat takes, and in which order.
type Order = fn(usize) -> (usize, usize);

fn left_first(seat: usize) -> (usize, usize) {
    (seat, (seat + 1) % SEATS)
}

fn smaller_first(seat: usize) -> (usize, usize) {
    let (left, right) = left_first(seat);
    (left.min(right), left.max(right))
}

async fn philosopher(table: Rc<Table>, seat: usize, order: Order) {
    let (first, second) = order(seat);
    let _first = table.forks[first].lock().await;
    event!("seat {seat} has fork {first}");
    let _second = table.forks[second].lock().await;
    table.meals.set(table.meals.get() + 1);
}

async fn dine(order: Order) -> Result<(), String> {
    let fork = |number| Lock::new(()).named(format!("fork-{number}"));
    let table = Rc::new(Table { forks: std::array::from_fn(fork), meals: Cell::new(0) });
    let philosophers: [_; SEATS] = std::array::from_fn(|seat| {
        let name = format!("philosopher-{seat}");
        task().named(name).spawn(philosopher(table.clone(), seat, order))
    });
    for philosopher in philosophers {
        philosopher.await.map_err(|error| error.to_string())?;
    }
    match table.meals.get() {
        SEATS => Ok(()),
        meals => Err(format!("{meals} meals were eaten")),
    }
}
