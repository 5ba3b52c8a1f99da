//! Steering a run into a deadlock that other runs let one expect: each task is paused when it is
//! about to take what another one holds, until all of them are there (after DeadlockFuzzer:
//! Joshi, Park, Sen, Naik, PLDI 2009).

use std::panic::Location;

use super::{Divergence, Notice, OperationView, Point, Strategy, TurnKey};
use crate::choice::Label;
use crate::streams::{Stream, Streams};

/// One task that is to be paused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detour {
    /// The hash of its path.
    pub(crate) task: u64,
    /// Where it takes what it then holds.
    pub(crate) holds_at: &'static Location<'static>,
    /// Where it is paused.
    pub(crate) takes_at: &'static Location<'static>,
}

/// A task on its detour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Has not taken the first thing yet. Left when that operation was executed.
    Coming,
    /// Holds the first thing, for all that is known. Left when it is about to take the second.
    Holding,
    /// Gave way before taking the second, and is about to be announced.
    GivingWay,
    /// Is paused with this turn.
    Paused(TurnKey),
}

/// A random walk in which some tasks are paused.
#[derive(Debug)]
pub(crate) struct Detours {
    detours: Vec<(Detour, Progress)>,
    /// The hash of each task's path.
    paths: Vec<u64>,
    /// Once all are paused there is nothing more to be done.
    is_over: bool,
}

impl Detours {
    pub(crate) fn new(detours: Vec<Detour>) -> Detours {
        let detours = detours.into_iter().map(|detour| (detour, Progress::Coming)).collect();
        Detours { detours, paths: Vec::new(), is_over: false }
    }

    /// The detour of a task that is about to take its second thing.
    fn about_to(&mut self, task: u32, operation: OperationView) -> Option<&mut Progress> {
        let path = self.paths.get(task as usize).copied()?;
        let mut detours = self.detours.iter_mut();
        let (_, progress) =
            detours.find(|(detour, _)| detour.task == path && detour.takes_at == operation.site)?;
        (!matches!(progress, Progress::Coming)).then_some(progress)
    }

    fn paused(&self) -> impl Iterator<Item = TurnKey> {
        self.detours.iter().filter_map(|(_, progress)| match progress {
            Progress::Paused(turn) if !self.is_over => Some(*turn),
            _ => None,
        })
    }

    /// Evenly among the alternatives from this one on whose turns are not paused.
    fn draw(&self, point: &Point<'_>, from: u32, streams: &mut Streams) -> Option<u32> {
        let mut paused: Vec<u32> =
            self.paused().filter_map(|turn| point.alternative(turn)).collect();
        paused.sort_unstable();
        let free =
            (point.arity - from).checked_sub(paused.len() as u32).filter(|&free| free > 0)?;
        let mut taken = from + streams.below(Stream::Strategy, free);
        for place in paused {
            taken += u32::from(place <= taken);
        }
        Some(taken)
    }
}

impl Strategy for Detours {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule || self.is_over {
            return Ok(point.draw(streams));
        }
        if let Some((task, operation)) = point.in_place
            && self.about_to(task, operation).is_some()
        {
            if self.paused().count() + 1 == self.detours.len() {
                self.is_over = true;
                return Ok(0);
            }
            let Some(other) = self.draw(point, 1, streams) else { return Ok(0) };
            if let Some(progress) = self.about_to(task, operation) {
                *progress = Progress::GivingWay;
            }
            return Ok(other);
        }
        Ok(self.draw(point, 0, streams).unwrap_or_else(|| point.draw(streams)))
    }

    fn hear(&mut self, notice: &Notice, _streams: &mut Streams) {
        match *notice {
            Notice::Spawned { task, path, .. } => {
                self.paths.resize(self.paths.len().max(task as usize + 1), 0);
                self.paths[task as usize] = path;
            }
            Notice::Executed { task, operation } => {
                let path = self.paths.get(task as usize).copied();
                for (detour, progress) in &mut self.detours {
                    if Some(detour.task) == path && detour.holds_at == operation.site {
                        *progress = Progress::Holding;
                    }
                }
            }
            Notice::Ready { turn, task, operation: Some(operation) } => {
                if let Some(progress) = self.about_to(task, operation) {
                    *progress = Progress::Paused(turn);
                    self.is_over |= self.paused().count() == self.detours.len();
                }
            }
            Notice::Gone { turn } => {
                for (_, progress) in &mut self.detours {
                    if *progress == Progress::Paused(turn) {
                        *progress = Progress::Holding;
                    }
                }
            }
            _ => {}
        }
    }
}
