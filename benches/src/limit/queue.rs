//! A queue with a bound: newcomers barge, and whoever was woken looks again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::engine::{Core, Engine, engine};
use super::objects::{Kind, Place, Waiting, poll};

/// A queue; `TOLD` says whether the engine is told who waits at it.
pub(crate) struct Queue<T, const TOLD: bool> {
    place: Place,
    room: usize,
    items: Mutex<VecDeque<T>>,
}

const GETTERS: usize = 0;
const PUTTERS: usize = 1;

impl<T, const TOLD: bool> Queue<T, TOLD> {
    #[track_caller]
    pub(crate) fn new(room: usize) -> Queue<T, TOLD> {
        Queue { place: Place::new("queue"), room, items: Mutex::new(VecDeque::new()) }
    }

    /// Waits until there is room, and puts an item.
    #[track_caller]
    pub(crate) fn put(&self, item: T) -> Put<'_, T, TOLD> {
        Put { queue: self, item: Some(item), waiting: Waiting::new(Location::caller()) }
    }

    /// Waits until there is an item, and takes it.
    #[track_caller]
    pub(crate) fn get(&self) -> Get<'_, T, TOLD> {
        Get { queue: self, waiting: Waiting::new(Location::caller()) }
    }
}

impl Core {
    /// Something was put or taken: the first in the other line is to look.
    #[inline(always)]
    fn has_moved<const TOLD: bool>(
        &mut self,
        object: usize,
        line: usize,
        site: &'static Location<'static>,
    ) {
        if TOLD {
            self.objects[object].deeds[line] = Some((self.current, site, self.now_ns));
        }
        self.hand_to_first(object, line);
    }
}

/// The future of [`Queue::put`].
pub(crate) struct Put<'a, T, const TOLD: bool> {
    queue: &'a Queue<T, TOLD>,
    item: Option<T>,
    waiting: Waiting,
}

impl<T, const TOLD: bool> Unpin for Put<'_, T, TOLD> {}

impl<T, const TOLD: bool> Future for Put<'_, T, TOLD> {
    type Output = Result<(), Infallible>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Put { queue, item, waiting } = &mut *self;
        match put(engine(), queue, item, waiting, cx) {
            Some(()) => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }
}

static PUT: Kind = Kind { name: "put", line: PUTTERS as u8 };
static GET: Kind = Kind { name: "get", line: GETTERS as u8 };

#[inline(never)]
fn put<T, const TOLD: bool>(
    engine: &Engine,
    queue: &Queue<T, TOLD>,
    item: &mut Option<T>,
    waiting: &mut Waiting,
    cx: &Context<'_>,
) -> Option<()> {
    let site = waiting.site;
    poll::<TOLD, ()>(engine, (&queue.place, waiting), &PUT, cx, |core, object, _| {
        {
            let mut items = queue.items.lock().unwrap_or_else(PoisonError::into_inner);
            if items.len() >= queue.room {
                return None;
            }
            items.push_back(item.take().expect("it is put once"));
        }
        core.has_moved::<TOLD>(object, GETTERS, site);
        Some(())
    })
}

#[inline(never)]
fn get<T, const TOLD: bool>(
    engine: &Engine,
    queue: &Queue<T, TOLD>,
    waiting: &mut Waiting,
    cx: &Context<'_>,
) -> Option<T> {
    let site = waiting.site;
    poll::<TOLD, T>(engine, (&queue.place, waiting), &GET, cx, |core, object, _| {
        let item = queue.items.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        core.has_moved::<TOLD>(object, PUTTERS, site);
        Some(item)
    })
}

/// The future of [`Queue::get`].
pub(crate) struct Get<'a, T, const TOLD: bool> {
    queue: &'a Queue<T, TOLD>,
    waiting: Waiting,
}

impl<T, const TOLD: bool> Future for Get<'_, T, TOLD> {
    type Output = Result<T, Infallible>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Get { queue, waiting } = &mut *self;
        match get(engine(), queue, waiting, cx) {
            Some(item) => Poll::Ready(Ok(item)),
            None => Poll::Pending,
        }
    }
}

impl<T, const TOLD: bool> Drop for Put<'_, T, TOLD> {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_known() {
            pass_on(&self.queue.place, &self.waiting, PUTTERS);
        }
    }
}

impl<T, const TOLD: bool> Drop for Get<'_, T, TOLD> {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_known() {
            pass_on(&self.queue.place, &self.waiting, GETTERS);
        }
    }
}

/// Who was woken and is dropped has the next one look.
#[cold]
#[inline(never)]
fn pass_on(place: &Place, waiting: &Waiting, line: usize) {
    let engine = engine();
    let core: &mut Core = &mut engine.core.borrow_mut();
    if core.withdraw(waiting) {
        let object = place.index(core);
        core.hand_to_first(object, line);
    }
}
