//! Systematic search: how many runs it takes until all schedules of a small program were tried.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use unpick::Run;
use unpick::primitives::Lock;
use unpick::sim::strategy::Systematic;
use unpick::sim::{spawn, yield_now};

/// The programs.
pub const PROGRAMS: [&str; 2] = ["locks_3", "lost_update_4"];

/// What came of a search.
#[derive(Clone, Copy, Debug)]
pub struct Exhausted {
    runs: u64,
    is_whole: bool,
    nanoseconds: u128,
}

/// Prints what a peer's program prints: the number of runs, whether these were all, nanoseconds.
impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.is_whole { "whole" } else { "cut" };
        write!(f, "{} {whole} {}", self.runs, self.nanoseconds)
    }
}

/// Goes through the schedules of a program, `runs_max` at the most.
///
/// # Errors
/// If there is no such program.
#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
pub fn exhaust(program: &str, runs_max: u64) -> Result<Exhausted, String> {
    let begin = Instant::now();
    let (mut systematic, mut runs) = (Systematic::new(), 0);
    let mut is_whole = false;
    while runs < runs_max && !is_whole {
        let run = Run::new().strategy(systematic.strategy());
        let tape = match program {
            "locks_3" => run.execute(locks_3).tape,
            "lost_update_4" => run.execute(lost_update_4).tape,
            _ => {
                let names = PROGRAMS.join(", ");
                return Err(format!("there is no program `{program}`; allowed: {names}"));
            }
        };
        runs += 1;
        is_whole = !systematic.advance(&tape);
    }
    Ok(Exhausted { runs, is_whole, nanoseconds: begin.elapsed().as_nanos() })
}

/// Three tasks take a lock and give it back, once each.
async fn locks_3() {
    let lock = Rc::new(Lock::new(()));
    let task = |lock: Rc<Lock<()>>| async move { drop(lock.lock().await) };
    let tasks: Vec<_> = (0..3).map(|_| spawn(task(lock.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Four tasks read a counter, give way, and write it back.
async fn lost_update_4() {
    let counter = Rc::new(Cell::new(0));
    let add = |counter: Rc<Cell<u32>>| async move {
        let seen = counter.get();
        yield_now().await;
        counter.set(seen + 1);
    };
    let tasks: Vec<_> = (0..4).map(|_| spawn(add(counter.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}
