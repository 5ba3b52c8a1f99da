//! Random programs over every primitive, which end whoever is cancelled, and what must hold when
//! they have.
//!
//! A program is balanced by construction. What a task takes it gives back; what it waits for
//! comes from a conductor, which runs along and is never cancelled: it answers, notifies and
//! signals as often as somebody began to wait for it, and makes up for puts and gets that have no
//! counterpart. Whenever nothing else can run it looks whether somebody waits who need not.

mod conductor;
mod steps;
mod world;

use std::rc::Rc;

use proptest::collection::vec;
use proptest::prelude::*;
use unpick_sim::Run;
use unpick_sim::options::{Switching, TimeModel};
use unpick_sim::seed::RunId;

use super::victim::{Manner, Victim};
use conductor::conduct;
use steps::{Step, step};
use world::World;

/// No task of these programs suspends more often than this.
const AWAITS_MAX: u32 = 200;

/// A few tasks with a few steps each. One more receives what they send.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    tasks: Vec<Vec<Step>>,
}

pub(crate) fn programs() -> impl Strategy<Value = Program> {
    vec(vec(step(), 1..4), 2..4).prop_map(|tasks| Program { tasks })
}

/// Runs a program without a cancellation, and then with each of its tasks cancelled at each of
/// its awaits, in both manners. Says how many cancellations took place.
pub(crate) fn sweep(program: &Program) -> Result<u32, String> {
    let mut cancelled = 0;
    check(program, &Victim::nobody())?;
    for task in 0..=program.tasks.len() as u32 {
        for manner in [Manner::InPlace, Manner::Aborted] {
            let mut at = 0;
            loop {
                let victim = Victim::new(task, at, manner);
                check(program, &victim)?;
                if !victim.was_struck() {
                    break;
                }
                cancelled += 1;
                at += 1;
                if at == AWAITS_MAX {
                    return Err(format!("task {task} suspends more than {AWAITS_MAX} times"));
                }
            }
        }
    }
    Ok(cancelled)
}

/// Runs a program with one cancellation, in both switching modes and both time models.
fn check(program: &Program, victim: &Victim) -> Result<(), String> {
    let modes = [
        (Switching::Cooperative, TimeModel::Exact),
        (Switching::Preemptive, TimeModel::Exact),
        (Switching::Preemptive, TimeModel::Stalling),
    ];
    for (number, (switching, time)) in modes.into_iter().enumerate() {
        // Another schedule for every cancellation.
        let id = RunId::new(0x5eed, victim.number() * modes.len() as u64 + number as u64);
        let run = Run::new().id(id).switching(switching).time(time);
        let outcome = run.execute(|| async {
            let world = Rc::new(World::new(time));
            let tasks = program.tasks.iter().cloned().enumerate();
            let tasks = tasks.map(|(number, steps)| {
                let (world, own) = (world.clone(), world.subscribe());
                victim.spawn(number as u32, steps::perform_all(world, own, steps))
            });
            let mut tasks: Vec<_> = tasks.collect();
            let receiving = steps::receive_all(world.clone());
            tasks.push(victim.spawn(program.tasks.len() as u32, receiving));
            world.hang_up();
            conduct(&world, &tasks).await;
            super::victim::all(tasks).await;
            world.check_end().await;
        });
        if let Err(finding) = outcome.result {
            let tape = outcome.tape.token();
            return Err(format!("{victim:?} under {switching:?}, {time:?}, {tape}: {finding}"));
        }
    }
    Ok(())
}
