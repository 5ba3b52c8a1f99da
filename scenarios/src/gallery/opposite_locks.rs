//! Two locks taken in opposite orders: the AB-BA deadlock.
//!
//! The circular wait of "System Deadlocks" (Coffman and others, 1971).
//!
//! - Symptom: two transfers between the same two accounts hang, each waiting for the other.
//! - Cause: a transfer locks the account that it takes from first, and the two go in opposite
//!   directions.
//! - Shortest schedule: one switch, when the first transfer has one of its locks.
//! - Fix: lock in one order everywhere: the account with the smaller number first.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Two transfers in opposite directions.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "opposite-locks",
    summary: "transfers in opposite directions lock two accounts in opposite orders",
    variants: &[
        Variant::buggy(&|| program(transfers(transfer_buggy)), Kind::Deadlock, 10),
        Variant::fixed(&|| program(transfers(transfer_fixed))),
    ],
};

type Accounts = [Lock<u32>; 2];

async fn transfer_buggy(accounts: &Accounts, from: usize, to: usize, amount: u32) {
    let mut source = accounts[from].lock().await;
    let mut target = accounts[to].lock().await;
    *source -= amount;
    *target += amount;
    event!("{amount} from {from} to {to}");
}

async fn transfer_fixed(accounts: &Accounts, from: usize, to: usize, amount: u32) {
    let mut smaller = accounts[from.min(to)].lock().await;
    let mut larger = accounts[from.max(to)].lock().await;
    let (source, target) =
        if from < to { (&mut smaller, &mut larger) } else { (&mut larger, &mut smaller) };
    **source -= amount;
    **target += amount;
    event!("{amount} from {from} to {to}");
}

async fn transfers(
    transfer: impl AsyncFn(&Accounts, usize, usize, u32) + Copy + 'static,
) -> Result<(), String> {
    let named = |name| Lock::new(100).named(name);
    let accounts = Rc::new([named("savings"), named("checking")]);
    let orders = [("save", 1, 0, 30), ("spend", 0, 1, 50)];
    let tasks = orders.map(|(name, from, to, amount)| {
        let accounts = accounts.clone();
        task().named(name).spawn(async move { transfer(&accounts, from, to, amount).await })
    });
    for task in tasks {
        task.await.map_err(|error| error.to_string())?;
    }
    let balances = [*accounts[0].lock().await, *accounts[1].lock().await];
    if balances == [80, 120] { Ok(()) } else { Err(format!("the balances are {balances:?}")) }
}
