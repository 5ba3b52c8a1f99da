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

/// For how many slots there is room at first, once there are any.
const SLOTS_MIN: usize = 8;

/// A queue of waiters which want a `W` each, and are granted a `G`.
pub(crate) struct Waiters<G = (), W = ()> {
    slots: Vec<Slot<G, W>>,
    /// The first of the free slots, which are linked by `next`.
    free: u32,
    first: u32,
    last: u32,
    // Invariant: how many slots have a waiter: those that the links lead through.
    waiting: usize,
    // Invariant: how many slots have something that was granted.
    granted: usize,
}

struct Slot<G, W> {
    previous: u32,
    next: u32,
    content: Content<G, W>,
}

enum Content<G, W> {
    /// It is free.
    Nothing,
    /// Whom to wake and what it wants, who is in the queue: until it is granted something, or its
    /// future is dropped.
    Waiter(Wakeup, W),
    /// What it was granted, which has left the queue: until its future takes that, or is dropped.
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
        match &self.slots.get(self.first as usize)?.content {
            Content::Waiter(_, wants) => Some(wants),
            Content::Nothing | Content::Granted(_) => None,
        }
    }

    /// Puts a waiter behind all others.
    #[inline(always)]
    pub(crate) fn push(&mut self, wakeup: Wakeup, wants: W) -> Key {
        let previous = self.last;
        let index = self.take_slot();
        let slot = &mut self.slots[index as usize];
        (slot.previous, slot.next) = (previous, NIL);
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(std::mem::replace(&mut slot.content, Content::Waiter(wakeup, wants)));
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = index,
            None => self.first = index,
        }
        self.last = index;
        self.waiting += 1;
        self.check_invariants();
        Key(index)
    }

    /// A slot that is free no more.
    #[inline(always)]
    fn take_slot(&mut self) -> u32 {
        let index = self.free;
        if let Some(slot) = self.slots.get(index as usize) {
            self.free = slot.next;
            return index;
        }
        self.make_room()
    }

    /// Makes room for as many slots as there are.
    /// Makes as many slots again as there are, and takes the first of them.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> u32 {
        let old = self.slots.len();
        let more = old.max(SLOTS_MIN);
        assert!(old + more < NIL as usize, "{old} waiters at one object: more than it can have");
        self.slots.reserve_exact(more);
        let (first, end) = (old as u32, (old + more) as u32);
        let free = |next| Slot { previous: NIL, next, content: Content::Nothing };
        self.slots.extend((first + 1..=end).map(free));
        if let Some(last) = self.slots.last_mut() {
            last.next = NIL;
        }
        self.free = first + 1;
        first
    }

    /// Whether a waiter is woken by what is like `wakeup`.
    #[inline]
    pub(crate) fn is_woken_alike(&self, key: &Key, wakeup: &Wakeup) -> bool {
        let content = &self.slots[key.0 as usize].content;
        matches!(content, Content::Waiter(own, _) if own.is_alike(wakeup))
    }

    /// Puts a new waker in the place of a waiter's, and returns the one that is not needed: the
    /// old one, or the new one if the waiter does not wait any more.
    pub(crate) fn refresh(&mut self, key: &Key, wakeup: Wakeup) -> Wakeup {
        match &mut self.slots[key.0 as usize].content {
            Content::Waiter(old, _) => std::mem::replace(old, wakeup),
            Content::Nothing | Content::Granted(_) => wakeup,
        }
    }

    /// Grants something to the first waiter, which leaves the queue. If nobody waits it comes
    /// back.
    #[inline(always)]
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

    /// Takes what a waiter was granted, and gives its slot back. `None` while it waits.
    #[inline]
    pub(crate) fn take_granted(&mut self, key: &Key) -> Option<G> {
        let slot = &mut self.slots[key.0 as usize];
        if !matches!(slot.content, Content::Granted(_)) {
            return None;
        }
        let Content::Granted(grant) = slot.vacate(&mut self.free, key.0) else { return None };
        self.granted -= 1;
        self.check_invariants();
        Some(grant)
    }

    /// Gives up a waiter whose future is dropped.
    pub(crate) fn remove(&mut self, key: Key) -> Removed<G> {
        if let Some(grant) = self.take_granted(&key) {
            return Removed::Granted(grant);
        }
        let slot = &mut self.slots[key.0 as usize];
        let links = (slot.previous, slot.next);
        let waiter = slot.vacate(&mut self.free, key.0);
        self.unlink(links);
        self.check_invariants();
        Removed::Waiting(waiter.into_wakeup())
    }

    #[inline(always)]
    fn grant(&mut self, index: u32, grant: G) -> Result<Wakeup, G> {
        if index == NIL {
            return Err(grant);
        }
        self.granted += 1;
        let slot = &mut self.slots[index as usize];
        let links = (slot.previous, slot.next);
        let waiter = std::mem::replace(&mut slot.content, Content::Granted(grant));
        self.unlink(links);
        Ok(waiter.into_wakeup())
    }

    /// Takes a waiter with these links out of the queue.
    #[inline(always)]
    fn unlink(&mut self, (previous, next): (u32, u32)) {
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

    fn check_invariants(&self) {
        debug_assert_eq!(self.first == NIL, self.waiting == 0);
        debug_assert_eq!(self.last == NIL, self.waiting == 0);
        debug_assert!(self.waiting + self.granted <= self.slots.len());
    }
}

impl<G, W> Slot<G, W> {
    /// Puts this slot among the free ones, and hands out what was in it.
    #[inline(always)]
    const fn vacate(&mut self, free: &mut u32, own: u32) -> Content<G, W> {
        self.next = *free;
        *free = own;
        std::mem::replace(&mut self.content, Content::Nothing)
    }
}

impl<G, W> Content<G, W> {
    /// Whom to wake, of one who is in the queue.
    #[inline(always)]
    fn into_wakeup(self) -> Wakeup {
        match self {
            Content::Waiter(wakeup, _) => wakeup,
            Content::Nothing | Content::Granted(_) => {
                panic!("who is in the queue waits; this is a bug in unpick")
            }
        }
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
