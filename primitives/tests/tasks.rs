//! What holds of tasks and of what combines them.

#![cfg(feature = "sim")]

#[path = "tasks/as_completed.rs"]
mod as_completed;
#[path = "tasks/gather.rs"]
mod gather;
#[path = "tasks/group.rs"]
mod group;
#[path = "tasks/structured.rs"]
mod structured;
#[path = "tasks/timeout.rs"]
mod timeout;
#[path = "tasks/wait.rs"]
mod wait;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use unpick_sim::Run;
use unpick_sim::options::Switching;
use unpick_sim::strategy::Systematic;

/// What tasks note, in order.
#[derive(Clone, Default)]
struct Notes(Rc<RefCell<Vec<String>>>);

impl Notes {
    fn add(&self, text: impl Into<String>) {
        self.0.borrow_mut().push(text.into());
    }

    /// Notes that it is dropped.
    fn on_drop(&self, name: &'static str) -> NotesDrop {
        NotesDrop { notes: self.clone(), name }
    }

    #[track_caller]
    fn check(&self, expected: &[&str]) {
        assert_eq!(*self.0.borrow(), expected);
    }
}

struct NotesDrop {
    notes: Notes,
    name: &'static str,
}

impl Drop for NotesDrop {
    fn drop(&mut self) {
        self.notes.add(format!("{} dropped", self.name));
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The plain, cooperative run of a program that comes to its end.
#[track_caller]
fn plain<F: Future>(program: impl FnOnce() -> F) -> F::Output {
    let outcome = Run::new().plain().switching(Switching::Cooperative).execute(program);
    outcome.result.unwrap_or_else(|finding| panic!("{finding}"))
}

/// Every output that some tape of a program leads to.
#[track_caller]
fn every<F>(switching: Switching, program: impl Fn() -> F) -> BTreeSet<F::Output>
where
    F: Future,
    F::Output: Ord + Debug,
{
    let mut systematic = Systematic::new();
    let mut outputs = BTreeSet::new();
    for _ in 0..100_000 {
        let run = Run::new().strategy(systematic.strategy()).switching(switching);
        let outcome = run.execute(&program);
        outputs.insert(outcome.result.unwrap_or_else(|finding| panic!("{finding}")));
        if !systematic.advance(&outcome.tape) {
            return outputs;
        }
    }
    panic!("more than 100 000 tapes");
}
