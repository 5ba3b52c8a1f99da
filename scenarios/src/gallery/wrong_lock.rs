//! One value under two locks.
//!
//! The collection SCTBench has it as `wronglock`.
//!
//! - Symptom: a count of sessions is off by one, once in many days.
//! - Cause: logins change the count under one lock, and the reaper of old sessions under another,
//!   which keeps the two apart from nobody but themselves.
//! - Shortest schedule: the plain one: nothing orders the accesses, whoever comes first.
//! - Fix: one lock for one value, which it contains.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::sim::Shared;
use unpick::{Kind, event};

/// Two logins and a reaper.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "wrong-lock",
    summary: "logins and a reaper change a count under different locks",
    variants: &[
        Variant::buggy(&|| program(count_sessions(|registry| &registry.expiries)), Kind::Race, 1),
        Variant::fixed(&|| program(count_sessions(|registry| &registry.sessions))),
    ],
};

struct Registry {
    sessions: Lock,
    /// Guards the times at which sessions expire.
    expiries: Lock,
    count: Shared<i32>,
}

async fn log_in(registry: Rc<Registry>) {
    let _sessions = registry.sessions.lock().await;
    registry.count.update(|count| *count += 1);
    event!("logged in");
}

async fn reap(registry: Rc<Registry>, lock_of: fn(&Registry) -> &Lock) {
    let _guard = lock_of(&registry).lock().await;
    registry.count.update(|count| *count -= 1);
    event!("reaped");
}

/// Counts sessions, with the lock that the reaper is to take.
async fn count_sessions(lock_of: fn(&Registry) -> &Lock) -> Result<(), String> {
    let registry = Rc::new(Registry {
        sessions: Lock::new(()).named("sessions"),
        expiries: Lock::new(()).named("expiries"),
        count: Shared::new(1).named("count"),
    });
    let tasks = [
        task().named("login-1").spawn(log_in(registry.clone())),
        task().named("reaper").spawn(reap(registry.clone(), lock_of)),
        task().named("login-2").spawn(log_in(registry.clone())),
    ];
    for task in tasks {
        task.await.map_err(|error| error.to_string())?;
    }
    match registry.count.get() {
        2 => Ok(()),
        count => Err(format!("{count} sessions were counted")),
    }
}
