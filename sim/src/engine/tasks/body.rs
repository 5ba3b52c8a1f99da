//! A task's future and then its output, in the one allocation that a task costs.

#![expect(unsafe_code, reason = "a pinned body is seen as what it is: there is no safe downcast")]

use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// A task's future, and then its output, whatever their types.
pub(crate) type TaskBody = Pin<Box<dyn Body>>;

/// How large a body may be that is kept for tasks of later runs.
const SPARE_BYTES_MAX: usize = 256;

/// A future that keeps its output, and can be replaced by another one of its type.
pub(crate) trait Body {
    /// Polls the future. When that returns, it is dropped, and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Moves the output to `place`, or drops it if there is none. Says whether what is left is
    /// small enough to be kept for a task of a later run.
    fn give_up(self: Pin<&mut Self>, place: Option<Place<'_>>) -> bool;

    /// The type of all of this.
    fn type_id(&self) -> TypeId;
}

impl dyn Body {
    /// This as the stage of a future of type `F`, if that is plainly what it is: at first sight, by
    /// a look at the table of its methods. There may be several for one type.
    #[inline(always)]
    fn plain_stage_of<F>(self: Pin<&mut Self>) -> Option<Pin<&mut Stage<F>>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let body: *const dyn Body = &raw const *self;
        // Of the same address: so they are equal if the table is the same one.
        let stage: *const dyn Body = body.cast::<Stage<F>>();
        // SAFETY: A table has the `type_id` of its type, so what shares one is of one type.
        if ptr::eq(body, stage) { Some(unsafe { self.as_stage() }) } else { None }
    }

    /// This as the stage of a future of type `F`.
    ///
    /// # Safety
    /// That is what it must be, as its `type_id` says.
    #[inline(always)]
    unsafe fn as_stage<F>(self: Pin<&mut Self>) -> Pin<&mut Stage<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        debug_assert_eq!(Body::type_id(&*self), TypeId::of::<Stage<F>>(), "a bug in unpick");
        // SAFETY: `Body` is private to the engine and `Stage` alone implements it, with a `type_id`
        // that is its own: so this is a `Stage<F>`. The pointer to it is that of the body, which
        // stays borrowed for as long, and nothing is moved out of what is pinned.
        unsafe { self.map_unchecked_mut(|body| &mut *ptr::from_mut(body).cast()) }
    }
}

/// Where an output is moved to.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    at: NonNull<()>,
    borrowed: PhantomData<&'a mut ()>,
    #[cfg(debug_assertions)]
    of: TypeId,
}

impl<'a> Place<'a> {
    /// A place for an output of type `T`, in which there is none.
    ///
    /// # Safety
    /// It must be given to a body only whose future has outputs of that type.
    #[inline]
    pub(crate) unsafe fn new<T: 'static>(place: &'a mut Option<T>) -> Place<'a> {
        Place {
            at: NonNull::from(place).cast(),
            borrowed: PhantomData,
            #[cfg(debug_assertions)]
            of: TypeId::of::<T>(),
        }
    }

    /// Moves an output to it, which is of its type.
    #[inline]
    fn put<T: 'static>(self, output: Option<T>) {
        #[cfg(debug_assertions)]
        debug_assert_eq!(self.of, TypeId::of::<T>(), "an output of another type; a bug in unpick");
        // SAFETY: Whoever made this place says that it is an `Option` of the type of the output of
        // the body that it is given to, and that body alone calls this, with that output. It is
        // borrowed for as long as this lives. There was nothing in it that would have to be dropped.
        unsafe { self.at.cast::<Option<T>>().write(output) };
    }
}

/// Moves a future into the body in `place`, if that is of its type and nothing is left there, or
/// into a new one.
#[inline(always)]
pub(super) fn fill<F>(place: &mut Option<TaskBody>, future: F)
where
    F: Future + 'static,
    F::Output: 'static,
{
    if let Some(body) = place
        && let Some(stage) = body.as_mut().plain_stage_of::<F>()
        && stage.is_vacant()
    {
        // SAFETY: It is vacant.
        unsafe { stage.refill(future) };
        return;
    }
    // It has this function's table from here on, by which it is known the next time.
    let body: TaskBody = refilled_or_new(place.take(), future);
    // Forgotten, because it is known to be empty: its drop need not be looked at.
    std::mem::forget(place.replace(body));
}

/// The same, where the body is not plainly of the future's type.
#[inline(never)]
fn refilled_or_new<F>(body: Option<TaskBody>, future: F) -> Pin<Box<Stage<F>>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if let Some(mut body) = body
        && Body::type_id(&*body) == TypeId::of::<Stage<F>>()
    {
        // SAFETY: That it is, was just asked.
        let stage = unsafe { body.as_mut().as_stage::<F>() };
        if stage.is_vacant() {
            // SAFETY: It is vacant.
            unsafe { stage.refill(future) };
            // SAFETY: It is of this type, so the allocation is one of its size and alignment. It
            // goes from one pinned box to another, and is not moved.
            return unsafe {
                let body: *mut Stage<F> = Box::into_raw(Pin::into_inner_unchecked(body)).cast();
                Pin::new_unchecked(Box::from_raw(body))
            };
        }
    }
    Box::pin(Stage::Going { future })
}

pin_project! {
    #[project = Projected]
    enum Stage<F: Future> {
        /// The future has not returned. Left when it does.
        Going { #[pin] future: F },
        /// It has returned this, unless somebody has taken it. Left when it is refilled.
        Over { output: Option<F::Output> },
    }
}

impl<F: Future> Stage<F> {
    /// Whether the future has returned, and nothing is left of it.
    #[inline(always)]
    fn is_vacant(&self) -> bool {
        matches!(self, Stage::Over { output: None })
    }

    /// Begins anew with another future, which is moved straight into its place: it may be large.
    ///
    /// # Safety
    /// It must be vacant: what is left is not dropped.
    #[inline(always)]
    unsafe fn refill(self: Pin<&mut Self>, future: F) {
        debug_assert!(self.is_vacant(), "something is left of a task; a bug in unpick");
        // SAFETY: Nothing is pinned in it but a future, and there is none any more.
        unsafe { ptr::write(self.get_unchecked_mut(), Stage::Going { future }) };
    }
}

impl<F> Body for Stage<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let output = match self.as_mut().project() {
            Projected::Going { future } => ready!(future.poll(cx)),
            Projected::Over { .. } => panic!("an ended task was polled; this is a bug in unpick"),
        };
        self.set(Stage::Over { output: Some(output) });
        Poll::Ready(())
    }

    #[inline]
    fn give_up(self: Pin<&mut Self>, place: Option<Place<'_>>) -> bool {
        if let Projected::Over { output } = self.project() {
            let output = output.take();
            match place {
                Some(place) => place.put(output),
                None => drop(output),
            }
        }
        size_of::<Self>() <= SPARE_BYTES_MAX
    }

    #[inline]
    fn type_id(&self) -> TypeId {
        TypeId::of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};
    use std::marker::PhantomPinned;
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    /// Polls what is in a place.
    fn poll(place: &mut Option<TaskBody>) -> Poll<()> {
        let body = place.as_mut().expect("it was filled");
        body.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn output<T: 'static>(place: &mut Option<TaskBody>) -> Option<T> {
        let mut output = None;
        // SAFETY: The tests ask for what the future that they have put there returns.
        let to = unsafe { Place::new(&mut output) };
        place.as_mut().expect("it was filled").as_mut().give_up(Some(to));
        output
    }

    /// Where a body is.
    fn address(place: &Option<TaskBody>) -> usize {
        let body: *const dyn Body = &**place.as_ref().expect("it was filled");
        body.addr()
    }

    /// A future of a type of its own, which knows where it was polled and must not be moved since.
    struct Still {
        at: usize,
        polls: Rc<Cell<u32>>,
        _pinned: PhantomPinned,
    }

    impl Future for Still {
        type Output = Rc<Cell<u32>>;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Rc<Cell<u32>>> {
            let at = ptr::from_ref(&*self).addr();
            if self.at == 0 {
                // SAFETY: a number is written, and nothing is moved.
                unsafe { self.get_unchecked_mut() }.at = at;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            assert_eq!(self.at, at, "it was moved");
            self.polls.set(self.polls.get() + 1);
            Poll::Ready(self.polls.clone())
        }
    }

    fn still(polls: &Rc<Cell<u32>>) -> Still {
        Still { at: 0, polls: polls.clone(), _pinned: PhantomPinned }
    }

    #[test]
    fn a_body_that_has_given_up_its_output_is_filled_with_a_future_of_its_type() {
        let (mut place, polls) = (None, Rc::new(Cell::new(0)));
        fill(&mut place, still(&polls));
        let first = address(&place);
        for round in 1..=3 {
            assert_eq!(poll(&mut place), Poll::Pending);
            assert_eq!(poll(&mut place), Poll::Ready(()));
            let given: Option<Rc<Cell<u32>>> = output(&mut place);
            assert_eq!(given.map(|polls| polls.get()), Some(round));
            fill(&mut place, still(&polls));
            assert_eq!(address(&place), first, "the allocation is the same");
        }
        assert_eq!(Rc::strong_count(&polls), 2);
        drop(place);
        assert_eq!(Rc::strong_count(&polls), 1, "the future is dropped with its body");
    }

    #[test]
    fn a_body_is_filled_again_whichever_table_of_its_type_it_has() {
        let mut place = None;
        fill(&mut place, ready(1_u64));
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(1_u64)));
        let first = address(&place);
        // As if another unit of the program had made it, with a table of its own.
        let body = refilled_or_new(place.take(), ready(2_u64));
        assert_eq!(ptr::from_ref(&*body).addr(), first, "the allocation is the same");
        place = Some(body);
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(2_u64)));
        drop(refilled_or_new(place.take(), ready(Rc::new(()))));
    }

    #[test]
    fn a_large_body_is_not_worth_keeping() {
        let mut place = None;
        let give_up = |place: &mut Option<TaskBody>| {
            assert_eq!(poll(place), Poll::Ready(()));
            place.as_mut().expect("it was filled").as_mut().give_up(None)
        };
        fill(&mut place, ready([0_u8; SPARE_BYTES_MAX / 2]));
        assert!(give_up(&mut place));
        fill(&mut place, ready([0_u8; 2 * SPARE_BYTES_MAX]));
        assert!(!give_up(&mut place));
    }

    #[test]
    fn a_future_of_another_type_gets_a_body_of_its_own() {
        let mut place = None;
        fill(&mut place, ready(1_u64));
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(1_u64)));
        fill(&mut place, ready(2_i64));
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(2_i64)));
        // What was not given up, or has not returned, is not written over but dropped.
        let kept = Rc::new(());
        fill(&mut place, ready(kept.clone()));
        assert_eq!(poll(&mut place), Poll::Ready(()));
        fill(&mut place, ready(kept.clone()));
        assert_eq!(Rc::strong_count(&kept), 2);
        fill(&mut place, pending::<()>());
        assert_eq!(Rc::strong_count(&kept), 1);
    }
}
