//! The one queue of waiters under all primitives: first in, first out, and cancel-safe.
//!
//! A waiter is in the queue until somebody grants it something, or its future is dropped. A
//! granted waiter has left the queue, but keeps its slot with what it was granted until its
//! future takes that or is dropped, so that nothing granted is ever lost. Pushing, granting the
//! first, and removing any of them take constant time: slots are linked by their indices.
//!
//! Wakers are other people's code. None is woken, cloned or dropped in here: they come back in
//! a [`Wakeup`] or a [`Removed`], for the time when the primitive's mutex is free again.

pub(crate) use crate::probe::Wakeup;

/// The index of no slot.
const NIL: u32 = u32::MAX;

/// How many slots there are at first, once there are any.
const SLOTS_MIN: usize = 8;

/// A queue of waiters which want a `W` each, and are granted a `G`.
pub(crate) struct Waiters<G = (), W = ()> {
    slots: Vec<Slot<G, W>>,
    /// The first of the free slots, which are linked by `next`.
    free: u32,
    first: u32,
    last: u32,
    // Invariant: how many slots are in state `Waiting`: those that the links lead through.
    waiting: usize,
    // Invariant: how many slots are in state `Granted`.
    granted: usize,
}

struct Slot<G, W> {
    previous: u32,
    next: u32,
    state: State<G, W>,
}

enum State<G, W> {
    /// Belongs to nobody. Left when a waiter is pushed into it.
    Free,
    /// Is in the queue. Left when it is granted something, or its future is dropped.
    Waiting(Wakeup, W),
    /// Has left the queue. Left when its future takes what it was granted, or is dropped.
    Granted(G),
}

/// A waiter's place: held by its future, which alone can give the slot back.
#[derive(Debug)]
pub(crate) struct Key(u32);

/// What a waiter was when its future gave it up.
pub(crate) enum Removed<G> {
    /// It was waiting; its waker is to be dropped outside of the mutex.
    Waiting(Wakeup),
    /// It had been granted this, and has not taken it.
    Granted(G),
}

impl<G, W> Waiters<G, W> {
    pub(crate) const fn new() -> Waiters<G, W> {
        Waiters { slots: Vec::new(), free: NIL, first: NIL, last: NIL, waiting: 0, granted: 0 }
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nobody waits, and nobody was granted something that is not taken yet.
    pub(crate) const fn is_idle(&self) -> bool {
        self.waiting == 0 && self.granted == 0
    }

    /// Whether somebody was granted something that is not taken yet.
    pub(crate) const fn has_granted(&self) -> bool {
        self.granted > 0
    }

    /// What the first waiter wants.
    pub(crate) fn first_wants(&self) -> Option<&W> {
        match &self.slots.get(self.first as usize)?.state {
            State::Waiting(_, wants) => Some(wants),
            State::Free | State::Granted(_) => None,
        }
    }

    /// Puts a waiter behind all others.
    #[inline]
    pub(crate) fn push(&mut self, wakeup: Wakeup, wants: W) -> Key {
        let previous = self.last;
        let index = self.take_slot(previous, || State::Waiting(wakeup, wants));
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = index,
            None => self.first = index,
        }
        self.last = index;
        self.waiting += 1;
        self.check_invariants();
        Key(index)
    }

    /// Makes a place for somebody who has been granted something without waiting.
    pub(crate) fn push_granted(&mut self, grant: G) -> Key {
        self.granted += 1;
        Key(self.take_slot(NIL, || State::Granted(grant)))
    }

    #[inline(always)]
    fn take_slot(&mut self, previous: u32, state: impl FnOnce() -> State<G, W>) -> u32 {
        if self.free == NIL {
            self.make_room();
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.next;
        (slot.previous, slot.next) = (previous, NIL);
        // Forgotten, because it is known to be free: its drop need not be looked at.
        std::mem::forget(std::mem::replace(&mut slot.state, state()));
        index
    }

    /// Adds free slots, as many as there are.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let (old, new) = (self.slots.len(), (self.slots.len() * 2).max(SLOTS_MIN));
        assert!(new < NIL as usize, "{old} waiters at one object: more than it can have");
        self.slots.reserve_exact(new - old);
        // The first one is used first, as if it were pushed.
        let next = |index: usize| if index + 1 < new { index as u32 + 1 } else { NIL };
        let free = |index| Slot { previous: NIL, next: next(index), state: State::Free };
        self.slots.extend((old..new).map(free));
        self.free = old as u32;
    }

    /// Puts a new waker in the place of a waiter's, and returns the one that is not needed: the
    /// old one, or the new one if the waiter does not wait any more.
    pub(crate) fn refresh(&mut self, key: &Key, wakeup: Wakeup) -> Wakeup {
        match &mut self.slots[key.0 as usize].state {
            State::Waiting(old, _) => std::mem::replace(old, wakeup),
            State::Free | State::Granted(_) => wakeup,
        }
    }

    /// Grants something to the first waiter, which leaves the queue. If nobody waits it comes
    /// back.
    #[inline]
    pub(crate) fn grant_first(&mut self, grant: G) -> Result<Wakeup, G> {
        self.grant(self.first, grant)
    }

    /// Grants something to the last waiter, which leaves the queue. If nobody waits it comes
    /// back.
    pub(crate) fn grant_last(&mut self, grant: G) -> Result<Wakeup, G> {
        self.grant(self.last, grant)
    }

    /// Grants the same to everybody who waits now.
    pub(crate) fn grant_all(&mut self, grant: G) -> Wakeups
    where
        G: Clone,
    {
        self.grant_up_to(usize::MAX, grant)
    }

    /// Grants the same to the first waiters, `count` at the most.
    pub(crate) fn grant_up_to(&mut self, count: usize, grant: G) -> Wakeups
    where
        G: Clone,
    {
        let mut wakeups = Wakeups::none();
        while wakeups.len() < count
            && let Ok(wakeup) = self.grant_first(grant.clone())
        {
            wakeups.push(wakeup);
        }
        wakeups
    }

    /// Whether a waiter was granted something.
    pub(crate) fn is_granted(&self, key: &Key) -> bool {
        matches!(self.slots[key.0 as usize].state, State::Granted(_))
    }

    /// Takes what a waiter was granted, and gives its slot back. `None` while it waits.
    pub(crate) fn take_granted(&mut self, key: &Key) -> Option<G> {
        if !self.is_granted(key) {
            return None;
        }
        match self.release_slot(key.0) {
            State::Granted(grant) => Some(grant),
            State::Free | State::Waiting(..) => None,
        }
    }

    /// Gives up a waiter whose future is dropped.
    pub(crate) fn remove(&mut self, key: Key) -> Removed<G> {
        if matches!(self.slots[key.0 as usize].state, State::Waiting(..)) {
            self.unlink(key.0);
        }
        match self.release_slot(key.0) {
            State::Waiting(wakeup, _) => Removed::Waiting(wakeup),
            State::Granted(grant) => Removed::Granted(grant),
            State::Free => unreachable!("a key's slot is in use; this is a bug in unpick"),
        }
    }

    #[inline]
    fn grant(&mut self, index: u32, grant: G) -> Result<Wakeup, G> {
        if index == NIL {
            return Err(grant);
        }
        self.unlink(index);
        self.granted += 1;
        let state = &mut self.slots[index as usize].state;
        match std::mem::replace(state, State::Granted(grant)) {
            State::Waiting(wakeup, _) => Ok(wakeup),
            State::Free | State::Granted(_) => {
                unreachable!("who is in the queue waits; this is a bug in unpick")
            }
        }
    }

    /// Takes a waiting slot out of the queue.
    #[inline]
    fn unlink(&mut self, index: u32) {
        let Slot { previous, next, .. } = self.slots[index as usize];
        match previous {
            NIL => self.first = next,
            previous => self.slots[previous as usize].next = next,
        }
        match next {
            NIL => self.last = previous,
            next => self.slots[next as usize].previous = previous,
        }
        self.waiting -= 1;
    }

    /// Puts a slot that is not in the queue among the free ones.
    fn release_slot(&mut self, index: u32) -> State<G, W> {
        let slot = &mut self.slots[index as usize];
        slot.next = self.free;
        self.free = index;
        let state = std::mem::replace(&mut slot.state, State::Free);
        self.granted -= usize::from(matches!(state, State::Granted(_)));
        self.check_invariants();
        state
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.first == NIL, self.waiting == 0);
        debug_assert_eq!(self.last == NIL, self.waiting == 0);
        debug_assert!(self.waiting + self.granted <= self.slots.len());
    }
}

/// Waiters to be woken as soon as no mutex is held.
#[must_use = "who was taken out of a queue has to be woken"]
pub(crate) struct Wakeups {
    first: Option<Wakeup>,
    /// The others, in order.
    others: Vec<Wakeup>,
}

impl Wakeups {
    pub(crate) const fn none() -> Wakeups {
        Wakeups { first: None, others: Vec::new() }
    }

    pub(crate) fn push(&mut self, wakeup: Wakeup) {
        match self.first {
            None => self.first = Some(wakeup),
            Some(_) => self.others.push(wakeup),
        }
    }

    pub(crate) fn append(&mut self, more: Wakeups) {
        more.into_iter().for_each(|wakeup| self.push(wakeup));
    }

    pub(crate) const fn len(&self) -> usize {
        // At most one more than a `Vec` has, which never fills the address space.
        self.first.is_some() as usize + self.others.len()
    }

    /// Wakes them: they are to look again.
    #[inline]
    pub(crate) fn wake(self) {
        self.wake_by(Wakeup::woken);
    }

    /// Wakes them: each has been handed what it waited for.
    #[inline]
    pub(crate) fn wake_granted(self) {
        self.wake_by(Wakeup::granted);
    }

    #[inline]
    fn wake_by(self, wake: fn(Wakeup)) {
        if !self.others.is_empty() {
            wake_each(self.into_iter(), wake);
        } else if let Some(first) = self.first {
            wake(first);
        }
    }

    fn into_iter(self) -> impl Iterator<Item = Wakeup> {
        self.first.into_iter().chain(self.others)
    }
}

impl From<Option<Wakeup>> for Wakeups {
    fn from(first: Option<Wakeup>) -> Wakeups {
        Wakeups { first, others: Vec::new() }
    }
}

/// Wakes all, even if a waker panics in between.
#[cold]
fn wake_each(waiters: impl Iterator<Item = Wakeup>, wake: fn(Wakeup)) {
    struct Rest<I: Iterator<Item = Wakeup>>(I, fn(Wakeup));

    impl<I: Iterator<Item = Wakeup>> Drop for Rest<I> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(self.1);
        }
    }

    let mut rest = Rest(waiters, wake);
    rest.0.by_ref().for_each(wake);
}

#[cfg(test)]
#[path = "waiters/tests.rs"]
mod tests;
