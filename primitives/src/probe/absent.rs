//! Stand-ins for the probes: they do nothing, and take no room but for an object's name.

mod line;

use std::borrow::Cow;
use std::marker::PhantomData;
use std::panic::Location;
use std::task::{Context, Poll, Waker};

pub(crate) use self::line::Ticket;

/// Whether this thread is inside of a run: there are none.
pub(crate) const fn is_inside_run() -> bool {
    false
}

/// Whether an operation changes its object.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// It leaves the object as it is.
    Read,
    /// It changes the object.
    Change,
}

/// In which way an object is held.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// Alone.
    Exclusive,
    /// Beside others, as a reader.
    Shared,
    /// One of several permits.
    Permit,
    /// Without a guard.
    Unguarded,
}

/// Which operations move things through an object: nobody asks.
pub(crate) struct Passage {
    /// The operations that take something out.
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) takes: &'static [&'static str],
    /// The operations that put something in.
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) gives: &'static [&'static str],
}

/// What ends one kind of wait at an object: nobody asks.
pub(crate) struct Cause {
    /// The operation that waits.
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) wait: &'static str,
    /// What ends it.
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) by: &'static [&'static str],
    /// What has to be followed by that.
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) owed: &'static [&'static str],
}

/// Whether a wait may end for nothing: nobody tries.
#[derive(Clone, Copy)]
pub(crate) enum Spurious {
    /// After what woke nobody.
    Unheard,
    /// After anything that would have ended it.
    Notified,
}

/// Kind and name of an object.
pub(crate) struct Object {
    name: Option<Cow<'static, str>>,
}

impl Object {
    pub(crate) const fn new(_kind: &'static str) -> Object {
        Object { name: None }
    }

    pub(crate) fn set_name(&mut self, name: impl Into<Cow<'static, str>>) {
        self.name = Some(name.into());
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) const fn immediate(&self, _name: &'static str, _access: Access) {}

    pub(crate) const fn immediate_at(
        &self,
        _name: &'static str,
        _access: Access,
        _site: &'static Location<'static>,
    ) {
    }

    pub(crate) fn remark(&self, _text: impl FnOnce() -> String) {}

    pub(crate) const fn hold_at(
        &self,
        _units: u32,
        _mode: Mode,
        _site: &'static Location<'static>,
    ) -> Hold {
        Hold
    }

    pub(crate) const fn release(&self, _hold: Hold) {}

    pub(crate) fn bring_about(&self, effect: Effect) {
        effect.take_place();
    }

    pub(crate) const fn acquired_at(
        &self,
        _units: u32,
        _mode: Mode,
        _site: &'static Location<'static>,
    ) -> Hold {
        Hold
    }

    pub(crate) const fn forget(&self, _units: u32, _site: &'static Location<'static>) {}

    pub(crate) const fn give_back(&self, _units: u32) {}

    pub(crate) const fn publish(&self) {}

    pub(crate) const fn observe(&self) {}

    pub(crate) const fn notified(&self, _woken: usize) {}

    pub(crate) const fn counted(&self, _what: &'static str, _now: usize, _all: usize) {}

    pub(crate) const fn set_spurious(&mut self, _spurious: Spurious) {}

    pub(crate) const fn set_causes(&mut self, _causes: &'static [Cause]) {}

    pub(crate) const fn set_passage(&mut self, _passage: &'static Passage) {}
}

/// A hold on nothing.
pub(crate) struct Hold;

impl Hold {
    pub(crate) const fn none() -> Hold {
        Hold
    }

    pub(crate) const fn forget(self) {}
}

/// An operation that never gives way.
pub(crate) struct Operation {
    site: &'static Location<'static>,
}

impl Operation {
    pub(crate) const fn new(
        _name: &'static str,
        _access: Access,
        site: &'static Location<'static>,
    ) -> Operation {
        Operation { site }
    }

    pub(crate) const fn unannounced(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Operation {
        Operation::new(name, access, site)
    }

    pub(crate) const fn site(&self) -> &'static Location<'static> {
        self.site
    }

    pub(crate) const fn poll_announce(
        &mut self,
        _object: Option<&Object>,
        _cx: &mut Context<'_>,
    ) -> Poll<()> {
        Poll::Ready(())
    }

    pub(crate) const fn executed(&mut self, _object: Option<&Object>) {}

    pub(crate) const fn is_woken_by_hand(&self) -> bool {
        false
    }

    pub(crate) fn park(&mut self, _object: Option<&Object>, cx: &mut Context<'_>) -> Wakeup {
        Wakeup { waker: cx.waker().clone() }
    }

    pub(crate) fn try_park<R>(
        &mut self,
        _object: Option<&Object>,
        _cx: &mut Context<'_>,
        _enter: impl FnOnce(Wakeup) -> R,
    ) -> Option<R> {
        None
    }
}

/// Nothing: there are no runs.
pub(crate) struct Entry<'a>(PhantomData<&'a ()>);

/// Does it outside of a run.
pub(crate) fn enter<R>(act: impl FnOnce(Entry<'_>) -> R) -> R {
    act(Entry(PhantomData))
}

/// Where nothing is entered.
#[derive(Clone, Copy)]
pub(crate) struct Door;

impl Door {
    pub(crate) const fn here() -> Door {
        Door
    }

    pub(crate) fn enter<R>(self, act: impl FnOnce(Entry<'_>) -> R) -> R {
        act(Entry(PhantomData))
    }
}

impl<'a> Entry<'a> {
    pub(crate) const fn inside(self) -> Option<Entry<'a>> {
        None
    }

    pub(crate) const fn stamp(&mut self) -> Stamp {
        Stamp
    }
}

/// Where an operation stands: nobody comes to ask.
#[derive(Clone, Copy)]
pub(crate) enum Announced {
    /// It is to be tried at once.
    Go,
    /// It gives way.
    #[expect(dead_code, reason = "it is for the engine")]
    GivesWay,
    /// It takes code of others to say.
    #[expect(dead_code, reason = "it is for the engine")]
    Unsettled,
}

impl Operation {
    pub(crate) const fn poll_announce_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _cx: &Context<'_>,
    ) -> Announced {
        Announced::Go
    }

    pub(crate) const fn wakeup_in(&self, _entry: &Entry<'_>, _cx: &Context<'_>) -> Option<Wakeup> {
        None
    }

    pub(crate) const fn park_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _cx: &Context<'_>,
    ) -> Option<Wakeup> {
        None
    }

    pub(crate) const fn parks_again_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _cx: &Context<'_>,
    ) -> bool {
        false
    }

    pub(crate) const fn executed_in(&mut self, _entry: &mut Entry<'_>, _object: &Object) {}

    pub(crate) fn executed_waking_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        wakes: Option<Wakeup>,
        _effect: impl FnOnce() -> Effect,
    ) -> Option<Wakeup> {
        wakes
    }

    pub(crate) const fn executed_holding_in(
        &mut self,
        _entry: &mut Entry<'_>,
        _object: &Object,
        _units: u32,
        _mode: Mode,
    ) -> Hold {
        Hold
    }
}

impl Object {
    pub(crate) fn release_in(
        &self,
        _entry: &mut Entry<'_>,
        _hold: Hold,
        heir: Option<Wakeup>,
    ) -> Option<Wakeup> {
        heir
    }
}

/// Whom to wake.
pub(crate) struct Wakeup {
    waker: Waker,
}

impl Wakeup {
    pub(crate) fn nobody(_operation: &Operation) -> Wakeup {
        Wakeup { waker: Waker::noop().clone() }
    }

    pub(crate) const fn is_alike(&self, _other: &Wakeup) -> bool {
        false
    }

    pub(crate) fn woken(self) {
        self.waker.wake();
    }

    pub(crate) fn granted(self) {
        self.waker.wake();
    }
}

/// What follows from an operation: whom it wakes.
#[derive(Default)]
pub(crate) struct Effect {
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) received: Stamp,
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) observes: bool,
    #[expect(dead_code, reason = "it is for the engine")]
    pub(crate) publishes: bool,
    pub(crate) wakes: Option<Wakeup>,
}

impl Effect {
    fn take_place(self) {
        if let Some(wakeup) = self.wakes {
            wakeup.woken();
        }
    }
}

/// A message that nobody orders.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stamp;

impl Stamp {
    pub(crate) const fn here() -> Stamp {
        Stamp
    }

    pub(crate) const fn observe(self) {}
}
