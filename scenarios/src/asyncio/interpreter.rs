//! Carries a program out with the primitives of Unpick, and keeps the log that the oracle keeps.

mod actor;
mod journal;
mod things;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::task::{sleep, task};
use unpick::sim::finding::{Finding, Kind};
use unpick::sim::options::{Detection, Detectors};
use unpick::{Outcome, Run, Switching};

use self::actor::{Actor, World};
use self::journal::Journal;
use super::program::{End, Program, Report};

/// The plain run of a program, where tasks give way only where they really block.
#[must_use]
pub fn run_plain(program: &Program) -> Report {
    execute(program, Run::new().plain()).0
}

/// A run under another strategy, traced if the run is, with its outcome: tasks give way only
/// where they really block.
pub fn run_under(program: &Program, run: Run) -> (Report, Outcome<()>) {
    execute(program, run)
}

fn execute(program: &Program, run: Run) -> (Report, Outcome<()>) {
    let journal = Rc::new(Journal::default());
    // What tasks that are woken by hand do is nothing that asyncio does.
    // Nor does it stop at a ring of tasks while others go on, or at a heartbeat that hides a hang:
    // such a program finishes.
    let detectors = Detectors {
        lost_wakeups: Detection::Off,
        deadlocks: Detection::Off,
        standstills: Detection::Off,
        ..Detectors::DEFAULT
    };
    let run = run.switching(Switching::Cooperative).detectors(detectors);
    let outcome = run.execute(|| main_task(program, journal.clone()));
    let (log, blocked) = journal.take();
    let end = match &outcome.result {
        Ok(()) => End::Finished,
        // Children that were left behind wait for one another: asyncio does not look.
        Err(finding) if is_left_behind(finding, &blocked) => End::Finished,
        Err(finding) if finding.kind == Kind::Deadlock => {
            unaccounted(finding, &blocked).map_or(End::Deadlock, End::Finding)
        }
        Err(finding) => End::Finding(format!("{}: {}", finding.kind, finding.message)),
    };
    let time_us = outcome.elapsed.as_nanos() / 1_000;
    (Report { end, time_us, blocked, log }, outcome)
}

/// Whether a deadlock is one of some tasks that were left behind when the main one had ended.
fn is_left_behind(finding: &Finding, unfinished: &BTreeMap<String, String>) -> bool {
    finding.kind == Kind::Deadlock
        && finding.blocked.len() <= unfinished.len()
        && finding.blocked.iter().all(|blocked| blocked.task != "main")
}

/// In what the tasks that a deadlock's finding says are blocked differ from those that have not
/// come to their end; `None` if in nothing.
fn unaccounted(finding: &Finding, unfinished: &BTreeMap<String, String>) -> Option<String> {
    // The main task is in no journal, and children have no names.
    let blocked: Vec<&str> = finding.blocked.iter().map(|blocked| blocked.task.as_str()).collect();
    let named: BTreeSet<&str> =
        blocked.iter().filter_map(|task| Some(task.split_once(' ')?.1)).collect();
    let expected: BTreeSet<&str> =
        unfinished.keys().map(String::as_str).filter(|name| !name.contains('/')).collect();
    let is_same = named == expected && blocked.len() == unfinished.len() + 1;
    (!is_same).then(|| format!("blocked are {blocked:?}, unfinished {:?}", unfinished.keys()))
}

/// Spawns the program's tasks in order, and waits for all of them, whatever each one's outcome.
/// Then children that were left behind do what they still can in that instant: how many turns
/// it takes until the main task goes on, and cuts them off, is nobody's contract.
async fn main_task(program: &Program, journal: Rc<Journal>) {
    let _closing = journal.closing();
    let world = Rc::new(World::new(program, journal.clone()));
    let mut handles = Vec::new();
    for (number, body) in program.tasks.iter().enumerate() {
        let name = format!("t{number}");
        let actor = Actor::new(&world, name.clone());
        handles.push(task().named(name).spawn(actor.perform(body.clone())));
    }
    world.set_victims(handles.iter().map(|handle| handle.abort_handle()));
    for handle in handles {
        let _whatever = handle.await;
    }
    // The clock moves only when nothing can run.
    sleep(Duration::from_nanos(1)).await;
}
