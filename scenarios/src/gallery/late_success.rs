//! A timeout that is taken for a failure.
//!
//! gRPC's core concepts say of its deadlines that a call may succeed on one side and fail on the
//! other.
//!
//! - Symptom: a bill is paid twice.
//! - Cause: the client gives up when the bank's answer does not come in time, and pays again. The
//!   bank had done what it was asked for; only the answer was late.
//! - Shortest schedule: the plain one, with an answer that comes after the deadline, or at the
//!   deadline itself, when either may win.
//! - Fix: give each payment a key of its own, the same in every attempt, by which the bank knows
//!   those that it has made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::oneshot;
use unpick::primitives::task::{sleep, task, timeout};
use unpick::sim::pick;
use unpick::{Kind, event};

/// A client and a bank.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "late-success",
    summary: "a client pays again when the bank's answer does not come in time",
    variants: &[
        Variant::buggy(&|| program(pay(|attempt| attempt)), Kind::Error, 30),
        Variant::fixed(&|| program(pay(|_| 0))),
    ],
};

const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Bank {
    /// The amounts that were paid, by the key of the payment.
    payments: RefCell<BTreeMap<u32, u32>>,
}

impl Bank {
    async fn handle(self: Rc<Bank>, key: u32, amount: u32, answer: oneshot::Sender<()>) {
        self.payments.borrow_mut().entry(key).or_insert(amount);
        event!("paid {amount} under key {key}");
        // The answer travels, to a client that may have given up.
        sleep(Duration::from_millis(10 * pick(4) as u64)).await;
        let _ = answer.send(());
    }
}

/// Pays 50, with the key that an attempt is to have.
async fn pay(key_of: fn(u32) -> u32) -> Result<(), String> {
    let bank = Rc::new(Bank::default());
    for attempt in 0..ATTEMPTS {
        let (sender, receiver) = oneshot::named_channel("answer");
        let handle = bank.clone().handle(key_of(attempt), 50, sender);
        task().named(format!("request-{attempt}")).spawn(handle);
        match timeout(PATIENCE, receiver).await {
            Ok(answer) => {
                answer.map_err(|error| error.to_string())?;
                break;
            }
            Err(_) => event!("attempt {attempt} timed out"),
        }
    }
    match bank.payments.borrow().values().sum() {
        50 => Ok(()),
        paid => Err(format!("{paid} were paid for a bill of 50")),
    }
}
