//! Properties of a run, as far as the engine has to do with them.

use std::panic::Location;

use super::ids::Packed;
use super::waker::Waiter;
use super::{Core, TaskId};
use crate::finding::{Finding, Kind, Place};
use crate::properties::{Passed, Site};
use crate::strategy::{Notice, text_hash};
use crate::trace::EventKind;

/// Conditions that are looked at whenever nothing else can run.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    places: Vec<Option<Watched>>,
    /// How many are there.
    count: usize,
    /// The number of steps when they were last woken, and how many were.
    woken_at: u64,
    woken: u64,
    /// Whether one of them came true since then.
    has_settled: bool,
}

#[derive(Debug)]
struct Watched {
    /// Taken while it is woken.
    waiter: Option<Waiter>,
    /// Whether it was woken because nothing else could run.
    is_quiet: bool,
}

impl Watches {
    pub(super) const fn new() -> Watches {
        Watches { places: Vec::new(), count: 0, woken_at: 0, woken: 0, has_settled: false }
    }

    /// Whether there has been none in the run.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty() && !self.has_settled
    }

    pub(super) fn clear(&mut self) {
        *self = Watches::new();
    }
}

impl Core {
    /// Notes that a point was passed, for whoever looks.
    pub(crate) fn pass_point(&mut self, label: &'static str, site: &'static Location<'static>) {
        if self.teardown {
            return;
        }
        if self.is_asking {
            let task = self.current.unwrap_or(TaskId::MAIN);
            let name = self.names().of.get(&task).map_or(0, |name| text_hash(name));
            let path = text_hash(&self.task_path(task));
            self.tell(Notice::Passed { task: task.0, label, name, path });
        }
        self.record(|_| EventKind::Passed { label, site: site.into() });
    }

    /// Notes that a property was passed in this run.
    #[cold]
    pub(crate) fn note_property(&mut self, site: &'static Site, held: bool) {
        let known = self.properties.iter_mut().find(|known| std::ptr::eq(known.site, site));
        match known {
            Some(known) => known.held |= held,
            None => self.properties.push(Passed { site, held }),
        }
    }

    /// Ends the run because a property is violated.
    #[cold]
    pub(crate) fn fail_property(&mut self, message: String, place: Place) {
        let mut finding = Finding::new(Kind::Property, message, self.now());
        finding.task = Some(self.task_title(self.current.unwrap_or(TaskId::MAIN)));
        finding.place = Some(place);
        self.fail(finding);
    }

    /// Watches a condition, or goes on watching it. Says whether it was woken because nothing
    /// else could run, and hands back what is to be dropped outside of the engine.
    pub(crate) fn watch(
        &mut self,
        watch: Packed,
        waiter: Waiter,
    ) -> (Packed, bool, Option<Waiter>) {
        let known =
            watch.of(self.stamp).and_then(|index| self.watches.places.get_mut(index as usize));
        if let Some(Some(watched)) = known {
            let old = watched.waiter.replace(waiter);
            return (watch, std::mem::take(&mut watched.is_quiet), old);
        }
        let watches = &mut self.watches;
        let index = watches.places.iter().position(Option::is_none).unwrap_or_else(|| {
            watches.places.push(None);
            watches.places.len() - 1
        });
        watches.places[index] = Some(Watched { waiter: Some(waiter), is_quiet: false });
        watches.count += 1;
        (Packed::new(self.stamp, index as u32), false, None)
    }

    /// A watched condition came true.
    pub(crate) fn settle_watch(&mut self, watch: Packed) -> Option<Waiter> {
        self.watches.has_settled = true;
        self.give_up_watch(watch)
    }

    /// Nobody watches it any more.
    pub(crate) fn give_up_watch(&mut self, watch: Packed) -> Option<Waiter> {
        let index = watch.of(self.stamp)?;
        let watched = self.watches.places.get_mut(index as usize)?.take()?;
        self.watches.count -= 1;
        watched.waiter
    }

    /// Nothing else can run: wakes whoever watches a condition, unless nothing happened since
    /// the last time. Says whether there is anybody to be polled now.
    pub(super) fn wake_watches(&mut self) -> bool {
        if self.watches.count == 0 {
            return false;
        }
        let steps = self.steps - self.watches.woken_at;
        if steps <= self.watches.woken && !self.watches.has_settled {
            return false;
        }
        let mut woken = 0;
        for index in 0..self.watches.places.len() {
            let Some(watched) = &mut self.watches.places[index] else { continue };
            if let Some(waiter) = watched.waiter.take() {
                watched.is_quiet = true;
                woken += 1;
                self.wake_waiter(waiter);
            }
        }
        self.watches.woken_at = self.steps;
        self.watches.woken = woken;
        self.watches.has_settled = false;
        woken > 0
    }
}
