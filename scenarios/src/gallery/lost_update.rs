//! The lost update.
//!
//! P4 in "A Critique of ANSI SQL Isolation Levels" (Berenson and others, 1995).
//!
//! - Symptom: two deposits of 10 and 20 to an account of 100 leave 110 or 120.
//! - Cause: a teller reads the balance, waits for the audit log, and writes back what it read
//!   plus its deposit. The other teller's write in between is overwritten.
//! - Shortest schedule: one switch, between a teller's read and its write.
//! - Fix: hold the audit lock over the whole of it.

use std::rc::Rc;

use unpick::Kind;
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::sim::{Shared, task};

/// Two tellers and one balance.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "lost-update",
    summary: "two tellers read, wait for the audit log, and write back",
    variants: &[
        Variant::buggy(&|| program(deposits(deposit_buggy)), Kind::LostUpdate, 10),
        Variant::fixed(&|| program(deposits(deposit_fixed))),
    ],
};

struct Bank {
    balance: Shared<u32>,
    audit: Lock<Vec<u32>>,
}

async fn deposit_buggy(bank: Rc<Bank>, amount: u32) {
    let seen = bank.balance.get();
    bank.audit.lock().await.push(amount);
    bank.balance.set(seen + amount);
}

async fn deposit_fixed(bank: Rc<Bank>, amount: u32) {
    let mut audit = bank.audit.lock().await;
    let seen = bank.balance.get();
    audit.push(amount);
    bank.balance.set(seen + amount);
}

async fn deposits<Fut>(deposit: fn(Rc<Bank>, u32) -> Fut) -> Result<(), String>
where
    Fut: Future<Output = ()> + 'static,
{
    let audit = Lock::new(Vec::new()).named("audit");
    let bank = Rc::new(Bank { balance: Shared::synchronized(100).named("balance"), audit });
    let tellers = [("teller-1", 10), ("teller-2", 20)];
    let tellers =
        tellers.map(|(name, amount)| task().named(name).spawn(deposit(bank.clone(), amount)));
    for teller in tellers {
        teller.await.map_err(|error| error.to_string())?;
    }
    match bank.balance.get() {
        130 => Ok(()),
        balance => Err(format!("the balance is {balance}, not 130")),
    }
}
