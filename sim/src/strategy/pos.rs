//! Partial-order sampling: a random priority for each announced operation, drawn again when
//! something that races with it was executed (Yuan, Yang, Gu, CAV 2018).

use std::collections::BTreeMap;

use super::queue::PriorityQueue;
use super::{Divergence, Notice, OperationView, Point, Strategy, TurnKey};
use crate::choice::Label;
use crate::probe::Access;
use crate::streams::{Stream, Streams};

/// Runs the turn of the highest priority. It learns nothing, and samples interleavings of
/// operations that race more evenly than a random walk does.
///
/// What a resumed task is about to do is not known: such a turn races with nothing here.
#[derive(Debug, Default)]
pub struct Pos {
    queue: PriorityQueue,
    /// The announced operations on each object that are ready.
    on_object: BTreeMap<u32, Vec<(TurnKey, Access)>>,
    /// The object of each turn that is in one of those lists, by key.
    objects: Vec<Option<u32>>,
    /// The priority that an operation drew when it could have gone on in place, for when it is
    /// announced: the task's number, and the priority.
    gave_way: Option<(u32, u64)>,
}

impl Pos {
    /// Partial-order sampling of one run.
    #[must_use]
    pub fn new() -> Pos {
        Pos::default()
    }

    /// Draws new priorities for what races with an operation that was executed.
    fn redraw(&mut self, executed: OperationView, streams: &mut Streams) {
        let Some(turns) = executed.object.and_then(|object| self.on_object.get(&object)) else {
            return;
        };
        for &(turn, access) in turns {
            if executed.access == Access::Change || access == Access::Change {
                self.queue.push(turn, draw(streams));
            }
        }
    }
}

fn draw(streams: &mut Streams) -> u64 {
    let high = u64::from(streams.word(Stream::Strategy));
    (high << 32 | u64::from(streams.word(Stream::Strategy))).max(1)
}

impl Strategy for Pos {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule {
            return Ok(point.draw(streams));
        }
        let in_place = point.in_place.map(|(task, _)| (task, draw(streams)));
        let highest = self.queue.highest(point);
        Ok(match (in_place, highest) {
            (Some((_, priority)), Some((queued, ..))) if priority >= queued => 0,
            (_, Some((_, _, alternative))) => {
                self.gave_way = in_place;
                alternative
            }
            (_, None) => 0,
        })
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        match *notice {
            Notice::Ready { turn, task, operation } => {
                let kept = match operation {
                    Some(_) => self.gave_way.take_if(|(gave_way, _)| *gave_way == task),
                    None => None,
                };
                let priority = kept.map_or_else(|| draw(streams), |(_, priority)| priority);
                self.queue.push(turn, priority);
                if let Some(OperationView { object: Some(object), access, .. }) = operation {
                    self.on_object.entry(object).or_default().push((turn, access));
                    let index = turn.0 as usize;
                    if index >= self.objects.len() {
                        self.objects.resize(index + 1, None);
                    }
                    self.objects[index] = Some(object);
                }
            }
            Notice::Gone { turn } => {
                self.queue.remove(turn);
                let object = self.objects.get_mut(turn.0 as usize).and_then(Option::take);
                if let Some(turns) = object.and_then(|object| self.on_object.get_mut(&object)) {
                    turns.retain(|(other, _)| *other != turn);
                }
            }
            Notice::Executed { operation, .. } => self.redraw(operation, streams),
            _ => {}
        }
    }
}
