//! A fair lock around a value, which is handed over.

#![expect(unsafe_code, reason = "whoever holds the lock has the value, which stays in it")]

use std::cell::UnsafeCell;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use super::NONE;
use super::engine::{Core, Engine, HEARD, engine, not_here};
use super::objects::{FREE, Kind, Place, Turn, Waiting, poll};

/// A lock; `TOLD` says whether the engine is told who holds it and who waits for it.
pub(crate) struct Lock<T, const TOLD: bool> {
    place: Place,
    /// Whether somebody has it, whichever thread's run that is in.
    is_held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through guards alone, of which there is one at a time: see `poll`
// of `Acquire`. So it is sent from one thread to another, and never shared.
unsafe impl<T: Send, const TOLD: bool> Sync for Lock<T, TOLD> {}

impl<T, const TOLD: bool> Lock<T, TOLD> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Lock<T, TOLD> {
        let (is_held, value) = (AtomicBool::new(false), UnsafeCell::new(value));
        Lock { place: Place::new("lock"), is_held, value }
    }

    /// Hands it to the first who waits, or leaves it free. `HELD` says whether it is told of
    /// whoever has held it.
    #[inline(always)]
    fn pass_on<const HELD: bool>(&self) {
        if !release::<HELD>(engine(), &self.place) {
            self.is_held.store(false, Ordering::Release);
        }
    }

    /// Waits until the lock is the caller's.
    #[track_caller]
    pub(crate) fn lock(&self) -> Acquire<'_, T, TOLD> {
        Acquire { lock: self, waiting: Waiting::new(Location::caller()) }
    }
}

/// The future of [`Lock::lock`].
pub(crate) struct Acquire<'a, T, const TOLD: bool> {
    lock: &'a Lock<T, TOLD>,
    waiting: Waiting,
}

impl<'a, T, const TOLD: bool> Future for Acquire<'a, T, TOLD> {
    type Output = Guard<'a, T, TOLD>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Acquire { lock, waiting } = &mut *self;
        let (lock, own) = (*lock, (&lock.place, &lock.is_held));
        match acquire::<TOLD>(engine(), own, waiting, cx) {
            Some(()) => Poll::Ready(Guard { lock }),
            None => Poll::Pending,
        }
    }
}

static ACQUIRE: Kind = Kind { name: "acquire", line: 0 };

/// Polls for a lock.
#[inline(never)]
fn acquire<const TOLD: bool>(
    engine: &Engine,
    (place, is_held): (&Place, &AtomicBool),
    waiting: &mut Waiting,
    cx: &Context<'_>,
) -> Option<()> {
    let site = waiting.site;
    poll::<TOLD, ()>(engine, (place, waiting), &ACQUIRE, cx, |core, index, turn| {
        let (id, now_ns) = (core.current, core.now_ns);
        let object = &mut core.objects[index];
        // Whom it was handed to has it already.
        if turn == Turn::First {
            if object.holder != FREE {
                return None;
            }
            assert!(!is_held.swap(true, Ordering::Acquire), "it is held elsewhere");
            object.holder = id;
        }
        if TOLD {
            (object.held_at, object.held_since_ns) = (site, now_ns);
            object.takes = object.takes.wrapping_add(1);
            let task = &mut core.tasks[id as usize];
            task.held += 1;
            if task.held > 1 {
                // Locks that are taken while others are held have an order.
                core.nested += 1;
            }
        }
        Some(())
    })
}

impl<T, const TOLD: bool> Drop for Acquire<'_, T, TOLD> {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_known() {
            self.drop_known();
        }
    }
}

impl<T, const TOLD: bool> Acquire<'_, T, TOLD> {
    #[cold]
    #[inline(never)]
    fn drop_known(&self) {
        let was_handed = engine().core.borrow_mut().withdraw(&self.waiting);
        if was_handed {
            // It was never held, and is not told of as given back.
            self.lock.pass_on::<false>();
        }
    }
}

/// Has the lock.
pub(crate) struct Guard<'a, T, const TOLD: bool> {
    // Invariant: `is_held` of the lock was set by whoever made the first guard since it was last
    // cleared, and each later one was made when the one before was dropped.
    lock: &'a Lock<T, TOLD>,
}

impl<T, const TOLD: bool> Deref for Guard<'_, T, TOLD> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this is the lock's only guard, which is borrowed for as long as the value is.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, const TOLD: bool> DerefMut for Guard<'_, T, TOLD> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and it is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T, const TOLD: bool> Drop for Guard<'_, T, TOLD> {
    #[inline]
    fn drop(&mut self) {
        self.lock.pass_on::<TOLD>();
    }
}

/// Hands a lock to the first who waits for it; says whether somebody does.
#[inline(never)]
fn release<const HELD: bool>(engine: &Engine, place: &Place) -> bool {
    let core: &mut Core = &mut engine.core.borrow_mut();
    let Some(index) = place.known_index(core) else { return false };
    if core.attention & HEARD != 0 {
        not_here();
    }
    if HELD {
        let holder = core.objects[index].holder;
        core.tasks[holder as usize].held -= 1;
    }
    let heir = core.hand_to_first(index, 0);
    core.objects[index].holder = heir;
    heir != NONE
}
