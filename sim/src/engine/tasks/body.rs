//! A task's future and then its output, in the one allocation that a task costs.

#![expect(unsafe_code, reason = "a pinned body is seen as what it is: there is no safe downcast")]

use std::any::TypeId;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, ready};

/// A task's future, and then its output, whatever their types.
pub(crate) type TaskBody = Pin<Box<dyn Body>>;

/// How large a body may be that is kept for tasks of later runs.
const SPARE_BYTES_MAX: usize = 256;

/// A future that keeps its output, and can be replaced by another one of its type.
pub(crate) trait Body {
    /// Polls the future. When that returns, it is dropped, and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the output, if it is there.
    fn drop_output(self: Pin<&mut Self>);

    /// The type of all of this, and that of the output.
    fn types(&self) -> (TypeId, TypeId);
}

/// The body of a task that is polled while it stays in the task's record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolledBody(NonNull<dyn Body>);

impl PolledBody {
    #[inline(always)]
    pub(crate) fn of(body: &mut TaskBody) -> PolledBody {
        // SAFETY: Nothing is moved: it is seen pinned only.
        PolledBody(NonNull::from(unsafe { body.as_mut().get_unchecked_mut() }))
    }

    /// Polls the future in it.
    ///
    /// # Safety
    /// Since this was made of the body, and until it returns, nobody may have dropped the body or
    /// looked at what is in it. Where the record is meanwhile is of no importance.
    #[inline(always)]
    pub(crate) unsafe fn poll(mut self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: The body is there, as whoever calls this says, and nobody else refers to what is
        // in it. It is pinned, and stays where it is in its allocation.
        unsafe { Pin::new_unchecked(self.0.as_mut()) }.poll(cx)
    }
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
        // SAFETY: A table has the `types` of its type, so what shares one is of one type.
        if ptr::eq(body, stage) { Some(unsafe { self.as_stage() }) } else { None }
    }

    /// This as the stage of a future of type `F`.
    ///
    /// # Safety
    /// That is what it must be, as its `types` say.
    #[inline(always)]
    unsafe fn as_stage<F>(self: Pin<&mut Self>) -> Pin<&mut Stage<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        debug_assert_eq!(self.types().0, TypeId::of::<Stage<F>>(), "a bug in unpick");
        // SAFETY: `Body` is private to the engine and `Stage` alone implements it, with `types`
        // that are its own: so this is a `Stage<F>`. The pointer to it is that of the body, which
        // stays borrowed for as long, and nothing is moved out of what is pinned.
        unsafe { self.map_unchecked_mut(|body| &mut *ptr::from_mut(body).cast()) }
    }

    /// Whether what is left of it is worth keeping for a task of a later run.
    #[inline(always)]
    pub(super) fn is_small(&self) -> bool {
        size_of_val(self) <= SPARE_BYTES_MAX
    }

    /// Takes the output, if it is there.
    ///
    /// # Safety
    /// The future's outputs must be of type `T`.
    #[inline(always)]
    pub(super) unsafe fn take_output<T: 'static>(self: Pin<&mut Self>) -> Option<T> {
        debug_assert_eq!(self.types().1, TypeId::of::<T>(), "another output; a bug in unpick");
        // SAFETY: Nothing is moved out of what is pinned: an output is not.
        let body = unsafe { self.get_unchecked_mut() };
        let left = size_of_val(body) - align_of_val(body);
        let body = ptr::from_mut(body).cast::<u8>();
        // SAFETY: `Stage` alone implements `Body`. It is laid out as in C: the slot comes first, and
        // behind it in one byte what is left, with which begins one more unit of their alignment, the
        // last. If an output is left, one of type `T` is in the slot, and it is taken once: nothing is
        // left after that.
        unsafe {
            let left = body.add(left).cast::<Left>();
            if *left != Left::Output {
                return None;
            }
            *left = Left::Nothing;
            Some(body.cast::<T>().read())
        }
    }
}

/// Moves a future into the body in `place`, if that is of its type and nothing is left there, or
/// into a new one.
///
/// # Safety
/// `future` is moved from: it must not be used or dropped any more.
#[inline(always)]
pub(super) unsafe fn fill<F>(place: &mut Option<TaskBody>, future: &ManuallyDrop<F>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    if let Some(body) = place
        && let Some(stage) = body.as_mut().plain_stage_of::<F>()
        && stage.left == Left::Nothing
    {
        // SAFETY: It is vacant, and the future is not used any more.
        unsafe { stage.refill(future) };
        return;
    }
    // It has this function's table from here on, by which it is known the next time.
    // SAFETY: The future is not used any more.
    let body: TaskBody = unsafe { refilled_or_new(place.take(), future) };
    // Forgotten, because it is known to be empty: its drop need not be looked at.
    std::mem::forget(place.replace(body));
}

/// The same, where the body is not plainly of the future's type.
///
/// # Safety
/// `future` is moved from: it must not be used or dropped any more.
#[inline(never)]
unsafe fn refilled_or_new<F>(body: Option<TaskBody>, future: &ManuallyDrop<F>) -> Pin<Box<Stage<F>>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if let Some(mut body) = body
        && body.types().0 == TypeId::of::<Stage<F>>()
    {
        // SAFETY: That it is, was just asked.
        let stage = unsafe { body.as_mut().as_stage::<F>() };
        if stage.left == Left::Nothing {
            // SAFETY: It is vacant, and the future is not used any more. The allocation is one of
            // this type's size and alignment. It goes from one pinned box to another, and is not
            // moved.
            return unsafe {
                stage.refill(future);
                let body: *mut Stage<F> = Box::into_raw(Pin::into_inner_unchecked(body)).cast();
                Pin::new_unchecked(Box::from_raw(body))
            };
        }
    }
    let mut stage = Box::pin(Stage { slot: Slot { nothing: () }, left: Left::Nothing });
    // SAFETY: It is vacant, and the future is not used any more.
    unsafe { stage.as_mut().refill(future) };
    stage
}

/// What there is in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Left {
    /// Nothing any more. Left when it is refilled.
    Nothing,
    /// The future, which has not returned. Left when it does.
    Future,
    /// What it has returned. Left when somebody takes that.
    Output,
}

/// A place for a future and then its output: a union rather than an enum, so that a future is moved
/// straight into it.
#[repr(C)]
union Slot<F: Future> {
    nothing: (),
    /// Invariant: pinned, if it is there.
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
}

/// A body, laid out so that an output is [found](<dyn Body>::take_output) whatever the future is.
#[repr(C)]
struct Stage<F: Future> {
    slot: Slot<F>,
    /// Invariant: what there is in the slot.
    left: Left,
}

impl<F: Future> Stage<F> {
    /// Begins anew with another future, which is moved straight into its place: it may be large.
    ///
    /// # Safety
    /// It must be vacant: what is left is not dropped. The future is moved from: it must not be used
    /// or dropped any more.
    #[inline(always)]
    unsafe fn refill(self: Pin<&mut Self>, future: &ManuallyDrop<F>) {
        debug_assert!(self.left == Left::Nothing, "something is left of a task; a bug in unpick");
        // SAFETY: Nothing is moved out of what is pinned: there is nothing. The slot has room for a
        // future, and does not overlap with the one that is moved, which is not used any more.
        unsafe {
            let this = self.get_unchecked_mut();
            ptr::copy_nonoverlapping(future, &raw mut this.slot.future, 1);
            this.left = Left::Future;
        }
    }
}

impl<F> Body for Stage<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: Nothing is moved out of it. What `left` says is asked of this, and not of a shared
        // reference to all of it: a future may have references to itself, which are to stay good.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(this.left == Left::Future, "an ended task was polled; this is a bug in unpick");
        // SAFETY: The future is in the slot, as `left` says, and stays there until it is dropped in
        // its place.
        let future = unsafe { Pin::new_unchecked(&mut *this.slot.future) };
        let output = ready!(future.poll(cx));
        // Before it is dropped: if that panics, nothing is dropped again.
        this.left = Left::Nothing;
        // SAFETY: The future is in the slot, and is not touched any more.
        unsafe { ManuallyDrop::drop(&mut this.slot.future) };
        this.slot.output = ManuallyDrop::new(output);
        this.left = Left::Output;
        Poll::Ready(())
    }

    fn drop_output(self: Pin<&mut Self>) {
        // SAFETY: Nothing is moved out of what is pinned: an output is not.
        let this = unsafe { self.get_unchecked_mut() };
        if this.left == Left::Output {
            // Before it is dropped: if that panics, nothing is dropped again.
            this.left = Left::Nothing;
            // SAFETY: The output is in the slot, as was said there, and is not touched any more.
            unsafe { ManuallyDrop::drop(&mut this.slot.output) };
        }
    }

    fn types(&self) -> (TypeId, TypeId) {
        (TypeId::of::<Self>(), TypeId::of::<F::Output>())
    }
}

impl<F: Future> Drop for Stage<F> {
    fn drop(&mut self) {
        // SAFETY: What `left` says is in the slot, and is not touched any more. A future is dropped
        // where it is pinned.
        unsafe {
            match self.left {
                Left::Nothing => {}
                Left::Future => ManuallyDrop::drop(&mut self.slot.future),
                Left::Output => ManuallyDrop::drop(&mut self.slot.output),
            }
        }
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

    /// Moves a future into the body in a place.
    fn fill<F: Future + 'static>(place: &mut Option<TaskBody>, future: F) {
        // SAFETY: It is not used any more.
        unsafe { super::fill(place, &ManuallyDrop::new(future)) };
    }

    /// Polls what is in a place.
    fn poll(place: &mut Option<TaskBody>) -> Poll<()> {
        let body = place.as_mut().expect("it was filled");
        body.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn output<T: 'static>(place: &mut Option<TaskBody>) -> Option<T> {
        // SAFETY: The tests ask for what the future that they have put there returns.
        unsafe { place.as_mut().expect("it was filled").as_mut().take_output() }
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
        // SAFETY: The futures are not used any more.
        let refilled = |body, future| unsafe { refilled_or_new(body, &ManuallyDrop::new(future)) };
        let body = refilled(place.take(), ready(2_u64));
        assert_eq!(ptr::from_ref(&*body).addr(), first, "the allocation is the same");
        place = Some(body);
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(2_u64)));
        fill(&mut place, ready(Rc::new(())));
        assert_eq!(poll(&mut place), Poll::Ready(()));
    }

    #[test]
    fn an_output_is_found_whatever_the_future_and_its_alignment() {
        #[derive(Debug, PartialEq)]
        #[repr(align(64))]
        struct Aligned(u8);

        fn check<T: Clone + PartialEq + std::fmt::Debug + 'static>(output: T) {
            let mut place = None;
            let (kept, wide) = (output.clone(), Aligned(7));
            fill(&mut place, ready(output.clone()));
            assert_eq!((poll(&mut place), self::output(&mut place)), (Poll::Ready(()), Some(kept)));
            assert_eq!(self::output::<T>(&mut place), None, "it is taken once");
            let kept = output.clone();
            fill(&mut place, async move {
                ready(()).await;
                assert_eq!(wide, Aligned(7));
                output
            });
            assert_eq!((poll(&mut place), self::output(&mut place)), (Poll::Ready(()), Some(kept)));
        }
        check(());
        check(1_u8);
        check((2_u8, 3_u64));
        check(u128::MAX);
        check(String::from("four"));
        check([5_u16; 100]);
        check(Rc::new(6));
    }

    #[test]
    fn an_output_that_nobody_takes_is_dropped_once() {
        let kept = Rc::new(());
        let mut place = None;
        fill(&mut place, ready(kept.clone()));
        assert_eq!(poll(&mut place), Poll::Ready(()));
        let body = place.as_mut().expect("it was filled");
        body.as_mut().drop_output();
        assert_eq!(Rc::strong_count(&kept), 1);
        body.as_mut().drop_output();
        drop(place);
        assert_eq!(Rc::strong_count(&kept), 1);
    }

    #[test]
    fn a_large_body_is_not_worth_keeping() {
        let is_small = |place: &Option<TaskBody>| place.as_ref().is_some_and(|it| it.is_small());
        let mut place = None;
        fill(&mut place, ready([0_u8; SPARE_BYTES_MAX / 2]));
        assert!(is_small(&place));
        fill(&mut place, ready([0_u8; 2 * SPARE_BYTES_MAX]));
        assert!(!is_small(&place));
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
