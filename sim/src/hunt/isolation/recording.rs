//! A strategy that tells each choice before it takes effect, and each turn.

use super::records::{Polled, Record};
use super::worker::send;
use crate::choice::Choice;
use crate::engine::all_beacons;
use crate::seed::RunId;
use crate::strategy::{Chooser, Divergence, Notice, Point, Strategy};
use crate::streams::Streams;

/// Chooses as another one does, and tells it.
#[derive(Debug)]
pub(super) struct Recording {
    chooser: Chooser,
    id: RunId,
}

impl Recording {
    pub(super) fn new(chooser: Chooser, id: RunId) -> Recording {
        Recording { chooser, id }
    }
}

impl Strategy for Recording {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        let taken = match &mut self.chooser {
            Chooser::RandomWalk => point.draw(streams),
            Chooser::Strategy(strategy) => strategy.choose(point, streams)?,
        };
        send(&Record::Choice(Choice::new(point.label, point.arity, taken)));
        Ok(taken)
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        if let Notice::Step { task, .. } = *notice {
            // A worker has one run at a time, but for those on fresh threads, which are not
            // recorded.
            let beacons = all_beacons();
            let own = beacons.iter().find(|beacon| beacon.run() == self.id && beacon.is_lit());
            if let Some(beacon) = own {
                let (task, site) = beacon.task(task);
                send(&Record::Step(Polled { task, spawned: site.map(Into::into) }));
            }
        }
        if let Chooser::Strategy(strategy) = &mut self.chooser {
            strategy.hear(notice, streams);
        }
    }

    fn finish(&mut self, tape: &[Choice]) -> Result<(), Box<Divergence>> {
        match &mut self.chooser {
            Chooser::RandomWalk => Ok(()),
            Chooser::Strategy(strategy) => strategy.finish(tape),
        }
    }
}
