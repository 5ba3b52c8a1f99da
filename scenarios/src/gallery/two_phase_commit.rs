//! Two-phase commit with a coordinator that may crash, and no timeouts.
//!
//! Why it blocks, and what does not, is in Dale Skeen's "Nonblocking Commit Protocols" (1981).
//!
//! - Symptom: a row is locked for ever.
//! - Cause: a participant that has voted yes holds its row until it hears the decision. A
//!   coordinator that crashes before it has decided never sends one.
//! - Shortest schedule: the plain one, with the crash.
//! - Fix: who waits too long looks into the coordinator's log. Is there no decision yet, it writes
//!   an abort there itself, which binds the coordinator too.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::{sleep, task, timeout};
use unpick::primitives::{Barrier, Event, Lock};
use unpick::sim::{chance, pick};
use unpick::{Kind, event};

/// A coordinator and two participants.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "two-phase-commit",
    summary: "participants hold their rows until a coordinator that has crashed decides",
    variants: &[
        Variant::buggy(&|| program(commit(decision_buggy)), Kind::Deadlock, 120),
        Variant::fixed(&|| program(commit(decision_fixed))),
    ],
};

const PATIENCE: Duration = Duration::from_millis(100);
const DEBIT: i32 = -10;
const CREDIT: i32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Commit,
    Abort,
}

struct Transaction {
    /// Where all participants have voted, and the coordinator counts.
    votes: Barrier,
    /// The coordinator's log, which outlives it and takes one decision.
    log: Cell<Option<Decision>>,
    is_decided: Event,
    rows: [Lock<i32>; 2],
}

impl Transaction {
    /// Writes a decision unless there is one, and gives back the one that holds.
    fn decide(&self, decision: Decision) -> Decision {
        let decision = self.log.get().unwrap_or(decision);
        self.log.set(Some(decision));
        decision
    }

    /// What the log says, for one that was told to look.
    fn decided(&self) -> Decision {
        self.log.get().expect("it is told after it was written")
    }
}

async fn coordinate(transaction: Rc<Transaction>) {
    transaction.votes.wait().await.expect("nobody breaks it");
    // It may be slow.
    sleep(Duration::from_millis(50 * pick(4) as u64)).await;
    if chance(0.1) {
        event!("the coordinator crashed");
        return;
    }
    let decision = transaction.decide(Decision::Commit);
    event!("the coordinator decided: {decision:?}");
    transaction.is_decided.set();
}

async fn decision_buggy(transaction: &Transaction) -> Decision {
    transaction.is_decided.wait().await;
    transaction.decided()
}

async fn decision_fixed(transaction: &Transaction) -> Decision {
    match timeout(PATIENCE, transaction.is_decided.wait()).await {
        Ok(_) => transaction.decided(),
        Err(_) => transaction.decide(Decision::Abort),
    }
}

async fn commit(
    decision: impl AsyncFn(&Transaction) -> Decision + Copy + 'static,
) -> Result<(), String> {
    let transaction = Rc::new(Transaction {
        votes: Barrier::new(3).named("votes"),
        log: Cell::new(None),
        is_decided: Event::new().named("is_decided"),
        rows: ["payer", "payee"].map(|name| Lock::new(100).named(name)),
    });
    task().named("coordinator").spawn(coordinate(transaction.clone()));
    let participants = [("payer", 0, DEBIT), ("payee", 1, CREDIT)];
    let participants = participants.map(|(name, row, change)| {
        let transaction = transaction.clone();
        task().named(name).spawn(async move {
            let mut balance = transaction.rows[row].lock().await;
            transaction.votes.wait().await.expect("nobody breaks it");
            if decision(&transaction).await == Decision::Commit {
                *balance += change;
            }
        })
    });
    for participant in participants {
        participant.await.map_err(|error| error.to_string())?;
    }
    let balances = [*transaction.rows[0].lock().await, *transaction.rows[1].lock().await];
    match transaction.decided() {
        Decision::Commit if balances == [90, 110] => Ok(()),
        Decision::Abort if balances == [100, 100] => Ok(()),
        decision => Err(format!("after a {decision:?} the balances are {balances:?}")),
    }
}
