//! The cell that is initialized once.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Mode, Object, is_inside_run};

use super::SetError;
use super::cell::filled_once;
use super::held::Held;
use super::waiting::Waiting;

/// Who ends whose wait, apart from whoever initializes it.
static CAUSES: [Cause; 1] = [Cause { wait: "get_or_init", by: &["set"], owed: &[] }];

/// A value that is made once, by an async function: tokio's [`OnceCell`](real::OnceCell).
///
/// Inside of a run the engine knows who is making it.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::OnceCell;
///
/// let outcome = Run::new().execute(|| async {
///     let config = OnceCell::new();
///     // It needs itself.
///     config.get_or_init(async || *config.get_or_init(async || 1).await).await;
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::Deadlock);
/// ```
pub struct OnceCell<T> {
    object: Object,
    inner: real::OnceCell<T>,
}

filled_once!(OnceCell, "once_cell", &CAUSES);

impl<T> OnceCell<T> {
    /// As tokio's [`get_mut`](real::OnceCell::get_mut).
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// As tokio's [`set`](real::OnceCell::set).
    ///
    /// # Errors
    /// If it has a value, or somebody is making one.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.object.immediate("set", Access::Change);
        self.object.publish();
        self.inner.set(value)
    }

    /// As tokio's [`get_or_init`](real::OnceCell::get_or_init).
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, f: F) -> impl Future<Output = &T> + use<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let site = Location::caller();
        async move {
            if !is_inside_run() {
                return self.inner.get_or_init(f).await;
            }
            let made = self.make(site, async move || Ok::<T, Infallible>(f().await));
            let Ok(value) = made.await;
            value
        }
    }

    /// As tokio's [`get_or_try_init`](real::OnceCell::get_or_try_init).
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<&T, E>> + use<'_, T, E, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let site = Location::caller();
        async move {
            if !is_inside_run() {
                return self.inner.get_or_try_init(f).await;
            }
            self.make(site, f).await
        }
    }

    /// Gets the value or makes it, inside of a run.
    async fn make<E, F, Fut>(&self, site: &'static Location<'static>, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let has_turn = AtomicBool::new(false);
        let mut made = pin!(self.inner.get_or_try_init(|| {
            // Tokio has given the turn; that is told before `f` is called.
            let pause = poll_fn(|_| match has_turn.swap(true, Ordering::Relaxed) {
                false => Poll::Pending,
                true => Poll::Ready(()),
            });
            async move {
                pause.await;
                f().await
            }
        }));
        let mut waiting = Waiting::for_object("get_or_init", site);
        let entered = poll_fn(|cx| {
            waiting.poll(&self.object, cx, |cx| match made.as_mut().poll(cx) {
                Poll::Ready(made) => Poll::Ready(Some(made)),
                Poll::Pending if has_turn.load(Ordering::Relaxed) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
        });
        if let Some(made) = entered.await {
            self.object.observe();
            return made;
        }
        let hold = self.object.acquired_at(1, Mode::Exclusive, site);
        let _held = Held { object: &self.object, hold };
        made.await
    }

    /// As tokio's [`take`](real::OnceCell::take).
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        self.object.immediate("take", Access::Change);
        self.inner.take()
    }
}
