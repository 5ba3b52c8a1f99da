//! Lines: outside of runs there are none.

use std::task::{Context, Waker};

use super::{Entry, Hold, Mode, Object, Operation, Wakeup};

/// No operation's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket;

impl Ticket {
    pub(crate) const NONE: Ticket = Ticket;
}

impl Wakeup {
    pub(crate) const fn ticket(&self) -> Ticket {
        Ticket
    }
}

impl Operation {
    pub(crate) const fn lining_up(self) -> Operation {
        self
    }

    pub(crate) const fn ticket(&self) -> Ticket {
        Ticket
    }

    pub(crate) const fn is_noted(&self) -> bool {
        false
    }

    pub(crate) const fn is_in_line(&self) -> bool {
        false
    }

    pub(crate) const fn waker_in_line(&self, _cx: &Context<'_>) -> Option<Waker> {
        None
    }

    pub(crate) const fn line_up(
        &mut self,
        _object: &Object,
        waker: Option<Waker>,
    ) -> Option<Waker> {
        waker
    }

    pub(crate) const fn taken_over_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _units: u32,
        _mode: Mode,
    ) -> Hold {
        Hold
    }

    pub(crate) const fn line_up_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _cx: &Context<'_>,
    ) -> bool {
        false
    }
}

impl Object {
    pub(crate) const fn next_in_line_in(&self, _entry: &mut Entry<'_>) -> Option<Wakeup> {
        None
    }

    pub(crate) const fn hand_on_in(
        &self,
        _entry: &mut Entry<'_>,
        hold: Hold,
    ) -> Result<Ticket, Hold> {
        Err(hold)
    }

    pub(crate) const fn has_line(&self) -> bool {
        false
    }

    pub(crate) const fn line_length(&self) -> usize {
        0
    }
}
