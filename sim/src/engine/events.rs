//! The events that a run keeps.

use std::ops::Deref;

use crate::trace::{Event, EventKind};

/// Events by number, all of them or the last ones. It derefs to those that are there.
#[derive(Debug, Default)]
pub(crate) struct Events {
    kept: Vec<Event>,
    /// How many came before them.
    dropped: usize,
    /// How many are kept at the least, once there are so many; all if it is `None`.
    last: Option<usize>,
}

impl Events {
    /// Keeps the last so many; of more, up to twice as many, so that dropping is rare.
    pub(super) fn last(last: u32) -> Events {
        Events { last: Some(last as usize), ..Events::default() }
    }

    pub(super) fn push(&mut self, event: Event) {
        if let Some(last) = self.last
            && self.kept.len() >= last.saturating_mul(2).max(1)
        {
            self.cut(last);
        }
        self.kept.push(event);
    }

    fn cut(&mut self, last: usize) {
        let surplus = self.kept.len().saturating_sub(last);
        self.kept.drain(..surplus);
        self.dropped += surplus;
    }

    /// How many there were.
    pub(super) fn count(&self) -> usize {
        self.dropped + self.kept.len()
    }

    /// The event of this number, if it is still there.
    pub(super) fn numbered(&self, number: usize) -> Option<&Event> {
        self.kept.get(number.checked_sub(self.dropped)?)
    }

    /// The same, to be changed.
    pub(super) fn numbered_mut(&mut self, number: usize) -> Option<&mut Event> {
        self.kept.get_mut(number.checked_sub(self.dropped)?)
    }

    /// Those before the one of this number that are still there.
    pub(super) fn before(&self, number: usize) -> Option<&[Event]> {
        self.kept.get(..number.checked_sub(self.dropped)?)
    }

    /// Those of a trace: if not all are there, the first says how many came before.
    pub(super) fn into_trace(mut self) -> Vec<Event> {
        if let Some(last) = self.last {
            self.cut(last);
        }
        if self.dropped > 0 {
            let at = self.kept.first().map_or(crate::time::Instant::START, |event| event.at);
            let kind = EventKind::Elided { events: self.dropped as u64 };
            self.kept.insert(0, Event { at, task: None, kind });
        }
        self.kept
    }
}

impl Deref for Events {
    type Target = [Event];

    fn deref(&self) -> &[Event] {
        &self.kept
    }
}
