//! A barrier that is used again before everybody has left it.
//!
//! Allen Downey's "Little Book of Semaphores" builds a barrier that can be used again step by
//! step, and passes through this one.
//!
//! - Symptom: a worker leaves a phase that another one has not completed.
//! - Cause: the hand-written barrier counts who has arrived, and starts afresh when the last one
//!   has left. A fast worker leaves, comes back for the next phase, finds the count of the last
//!   one still complete, and goes right through.
//! - Shortest schedule: the plain one: who completes the count goes on without a pause.
//! - Fix: let newcomers wait until the last round has been left, as `Barrier` does.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Barrier, Condition};
use unpick::{Kind, event};

/// Two workers and three phases.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "barrier-reuse",
    summary: "a fast worker goes through a hand-written barrier twice",
    variants: &[
        Variant::buggy(&|| program(compute::<Counting>()), Kind::Panic, 1),
        Variant::fixed(&|| program(compute::<Barrier>())),
    ],
};

const WORKERS: usize = 2;
const PHASES: u32 = 3;

/// Where all workers meet between two phases.
trait Meeting: 'static {
    fn create() -> Self;
    async fn meet(&self);
}

#[derive(Default)]
struct Count {
    arrived: usize,
    left: usize,
}

/// A barrier written by hand.
struct Counting {
    count: Condition<Count>,
}

impl Meeting for Counting {
    fn create() -> Counting {
        Counting { count: Condition::new(Count::default()).named("count") }
    }

    async fn meet(&self) {
        let mut count = self.count.lock().await;
        count.arrived += 1;
        if count.arrived == WORKERS {
            self.count.notify_all();
        }
        let mut count = self.count.wait_for(count, |count| count.arrived >= WORKERS).await;
        count.left += 1;
        if count.left == WORKERS {
            *count = Count::default();
        }
    }
}

impl Meeting for Barrier {
    fn create() -> Barrier {
        Barrier::new(WORKERS).named("phase")
    }

    async fn meet(&self) {
        self.wait().await.expect("nobody breaks it");
    }
}

struct Computation<M> {
    meeting: M,
    /// The phase that each worker has completed.
    completed: [Cell<u32>; WORKERS],
}

async fn work<M: Meeting>(computation: Rc<Computation<M>>, worker: usize) {
    for phase in 1..=PHASES {
        computation.completed[worker].set(phase);
        event!("completed phase {phase}");
        computation.meeting.meet().await;
        let slowest = computation.completed.iter().map(Cell::get).min();
        assert!(slowest >= Some(phase), "worker {worker} left phase {phase} too early");
    }
}

async fn compute<M: Meeting>() -> Result<(), String> {
    let computation = Computation { meeting: M::create(), completed: Default::default() };
    let computation = Rc::new(computation);
    let workers: [_; WORKERS] = std::array::from_fn(|worker| {
        task().named(format!("worker-{worker}")).spawn(work(computation.clone(), worker))
    });
    for worker in workers {
        worker.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
