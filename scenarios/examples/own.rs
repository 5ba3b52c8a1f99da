//! The `unpick` command over a program of one's own.
//!
//! `cargo run --release -p unpick-scenarios --example own -- hunt`

use std::process::ExitCode;
use std::rc::Rc;

use unpick::cli::{self, Scenario};
use unpick::sim::{Shared, spawn, step};

/// Moves money from one account to another, and back, at the same time.
async fn transfer() {
    let accounts = Rc::new([Shared::synchronized(100), Shared::synchronized(100)]);
    let there = spawn(pay(accounts.clone(), 0, 1, 30));
    pay(accounts.clone(), 1, 0, 50).await;
    there.await.expect("nobody aborts it");
    assert_eq!(accounts[0].get() + accounts[1].get(), 200, "no money is lost");
}

async fn pay(accounts: Rc<[Shared<u32>; 2]>, from: usize, to: usize, amount: u32) {
    let (left, right) = (accounts[from].get(), accounts[to].get());
    step().await;
    accounts[from].set(left - amount);
    accounts[to].set(right + amount);
}

fn main() -> ExitCode {
    cli::main(&[Scenario::new("transfer", "moves money to and fro", transfer)])
}
