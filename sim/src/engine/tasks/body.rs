//! A task's future and then its output, in the one allocation that a task costs.

#![expect(unsafe_code, reason = "a pinned body is seen as what it is: there is no safe downcast")]

use std::any::{Any, TypeId};
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// A task's future, and then its output, whatever their types.
pub(crate) type TaskBody = Pin<Box<dyn Body>>;

/// A future that keeps its output, and can be replaced by another one of its type.
pub(crate) trait Body {
    /// Polls the future. When that returns, it is dropped, and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Moves the output to `place` if that is an `Option` of its type, and drops it otherwise.
    fn give_up(self: Pin<&mut Self>, place: &mut dyn Any);

    /// The type of all of this.
    fn type_id(&self) -> TypeId;
}

impl dyn Body {
    /// This as the stage of a future of type `F`, if that is what it is.
    #[inline]
    fn stage_of<F>(self: Pin<&mut Self>) -> Option<Pin<&mut Stage<F>>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if Body::type_id(&*self) != TypeId::of::<Stage<F>>() {
            return None;
        }
        // SAFETY: `Body` is private to the engine and `Stage` alone implements it, with a `type_id`
        // that is its own: so this is a `Stage<F>`. The pointer to it is that of the body, which
        // stays borrowed for as long, and nothing is moved out of what is pinned.
        Some(unsafe { self.map_unchecked_mut(|body| &mut *ptr::from_mut(body).cast()) })
    }
}

/// Moves the future that is in `future` into the body in `place`, if that is of its type and
/// nothing is left there, or into a new one.
#[inline]
pub(super) fn fill<F>(place: &mut Option<TaskBody>, future: &mut Option<F>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    // Not before its place is known: it may be large, and is to be moved once.
    let mut taken = || future.take().expect("a future is there to be moved");
    if let Some(body) = place
        && let Some(mut stage) = body.as_mut().stage_of::<F>()
        && let Projected::Over { output: None } = stage.as_mut().project()
    {
        stage.set(Stage::Going { future: taken() });
        return;
    }
    *place = Some(Box::pin(Stage::Going { future: taken() }));
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
    fn give_up(self: Pin<&mut Self>, place: &mut dyn Any) {
        if let Projected::Over { output } = self.project() {
            match place.downcast_mut::<Option<F::Output>>() {
                Some(place) => *place = output.take(),
                None => *output = None,
            }
        }
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
        place.as_mut().expect("it was filled").as_mut().give_up(&mut output);
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
        fill(&mut place, &mut Some(still(&polls)));
        let first = address(&place);
        for round in 1..=3 {
            assert_eq!(poll(&mut place), Poll::Pending);
            assert_eq!(poll(&mut place), Poll::Ready(()));
            let given: Option<Rc<Cell<u32>>> = output(&mut place);
            assert_eq!(given.map(|polls| polls.get()), Some(round));
            fill(&mut place, &mut Some(still(&polls)));
            assert_eq!(address(&place), first, "the allocation is the same");
        }
        assert_eq!(Rc::strong_count(&polls), 2);
        drop(place);
        assert_eq!(Rc::strong_count(&polls), 1, "the future is dropped with its body");
    }

    #[test]
    fn a_future_of_another_type_gets_a_body_of_its_own() {
        let mut place = None;
        fill(&mut place, &mut Some(ready(1_u64)));
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(1_u64)));
        fill(&mut place, &mut Some(ready(2_i64)));
        assert_eq!((poll(&mut place), output(&mut place)), (Poll::Ready(()), Some(2_i64)));
        // What was not given up, or has not returned, is not written over but dropped.
        let kept = Rc::new(());
        fill(&mut place, &mut Some(ready(kept.clone())));
        assert_eq!(poll(&mut place), Poll::Ready(()));
        fill(&mut place, &mut Some(ready(kept.clone())));
        assert_eq!(Rc::strong_count(&kept), 2);
        fill(&mut place, &mut Some(pending::<()>()));
        assert_eq!(Rc::strong_count(&kept), 1);
    }
}
