//! Waiting for a change of what a lock guards: asyncio's `Condition`, as of Python 3.13.
//!
//! Waiting releases the lock, waits to be notified, and takes the lock again before it returns.
//! A notification wakes those who have waited longest; it is not stored, and lost if nobody
//! waits. Who was notified then queues for the lock like everybody else, so that what it waited
//! for may have changed again: hence [`wait_for`](Condition::wait_for).
//!
//! A wait may also return for nothing: whoever is dropped while it waits, or before it has the
//! lock again, notifies the next, whether it was notified itself or not. So does CPython since
//! 3.13. Unlike there, a cancelled wait does not take the lock again first: its guard is gone.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::lock::{Acquire, Lock, LockGuard};
use crate::probe::{Access, Cause, Spurious};
use crate::waiters::Waiters;

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "wait", by: &["notify"], owed: &[] }];

/// Tells tasks that what a lock guards has changed.
///
/// # Examples
/// ```
/// use unpick_primitives::Condition;
///
/// let basket = Condition::new(Vec::new()).named("basket");
/// futures::executor::block_on(async {
///     let eats = async {
///         let guard = basket.lock().await;
///         let mut guard = basket.wait_for(guard, |items| !items.is_empty()).await;
///         guard.pop()
///     };
///     let fills = async {
///         basket.lock().await.push("apple");
///         let _guard = basket.lock().await;
///         basket.notify(1);
///     };
///     assert_eq!(futures::join!(eats, fills).0, Some("apple"));
/// });
/// ```
pub struct Condition<T = ()> {
    base: Instrumented<Waiters>,
    lock: Arc<Lock<T>>,
}

impl<T> Condition<T> {
    /// Makes a condition with a lock of its own around a value.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Condition::new(0).locked());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(value: T) -> Condition<T> {
        Condition::over(Arc::new(Lock::new(value)))
    }

    /// Makes a condition over a lock that it shares with others.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use unpick_primitives::{Condition, Lock};
    ///
    /// let buffer = Arc::new(Lock::new(Vec::<u8>::new()));
    /// let not_empty = Condition::over(buffer.clone());
    /// let not_full = Condition::over(buffer);
    /// let guard = not_empty.lock();
    /// # drop((guard, not_full));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn over(lock: Arc<Lock<T>>) -> Condition<T> {
        Condition {
            base: Instrumented::new("condition", Waiters::new())
                .with_causes(&CAUSES)
                .with_spurious_wakes(Spurious::Notified),
            lock,
        }
    }

    /// Gives it a name, for traces, reports and `Debug`; a lock of its own gets the same.
    ///
    /// # Examples
    /// ```
    /// let condition = unpick_primitives::Condition::new(()).named("ready");
    /// assert_eq!(format!("{condition:?}"), "<Condition ready [unlocked]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Condition<T> {
        let name = name.into();
        if let Some(lock) = Arc::get_mut(&mut self.lock) {
            lock.set_name(name.clone());
        }
        self.base.set_name(name);
        self
    }

    /// Waits until the lock is this caller's: see [`Lock::lock`].
    ///
    /// # Cancel safety
    /// As of [`Lock::lock`].
    ///
    /// # Examples
    /// ```
    /// let condition = unpick_primitives::Condition::new(1);
    /// let value = futures::executor::block_on(async { *condition.lock().await });
    /// assert_eq!(value, 1);
    /// ```
    #[track_caller]
    pub fn lock(&self) -> Acquire<'_, T> {
        self.lock.lock()
    }

    /// Whether somebody has the lock.
    ///
    /// # Examples
    /// ```
    /// let condition = unpick_primitives::Condition::new(());
    /// let guard = futures::executor::block_on(condition.lock());
    /// assert!(condition.locked());
    /// # drop(guard);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// Releases the lock, waits until it is notified, and takes the lock again.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the lock to others, and notifies the next waiter, even if
    /// nobody has notified this one.
    ///
    /// # Panics
    /// If the guard is of another lock than the condition's.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Condition;
    ///
    /// let condition = Condition::new(0);
    /// futures::executor::block_on(async {
    ///     let waits = async { *condition.wait(condition.lock().await).await };
    ///     let notifies = async {
    ///         let mut guard = condition.lock().await;
    ///         *guard = 7;
    ///         condition.notify(1);
    ///     };
    ///     assert_eq!(futures::join!(waits, notifies).0, 7);
    /// });
    /// ```
    #[track_caller]
    pub fn wait<'a>(&'a self, guard: LockGuard<'a, T>) -> ConditionWait<'a, T> {
        self.check(&guard);
        self.wait_at(guard, Location::caller())
    }

    /// Waits, again and again, until the predicate holds for what the lock guards. If it holds
    /// at once the lock is not released.
    ///
    /// # Cancel safety
    /// As of [`wait`](Self::wait).
    ///
    /// # Panics
    /// If the guard is of another lock than the condition's.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Condition;
    ///
    /// let condition = Condition::new(3);
    /// futures::executor::block_on(async {
    ///     let guard = condition.lock().await;
    ///     assert_eq!(*condition.wait_for(guard, |value| *value > 2).await, 3);
    /// });
    /// ```
    #[track_caller]
    pub fn wait_for<'a, P>(
        &'a self,
        guard: LockGuard<'a, T>,
        predicate: P,
    ) -> impl Future<Output = LockGuard<'a, T>> + use<'a, T, P>
    where
        P: FnMut(&mut T) -> bool,
    {
        self.check(&guard);
        wait_for(self, guard, predicate, Location::caller())
    }

    /// Wakes those who have waited longest, `count` at the most.
    ///
    /// # Panics
    /// If nobody has the lock: asyncio's `RuntimeError`.
    ///
    /// # Examples
    /// ```
    /// let condition = unpick_primitives::Condition::new(());
    /// let guard = futures::executor::block_on(condition.lock());
    /// condition.notify(1);
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn notify(&self, count: usize) {
        assert!(
            self.lock.is_locked(),
            "{self:?} was notified, but nobody holds its lock; allowed: with the lock held"
        );
        self.base.object.immediate("notify", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().grant_up_to(count, ());
        self.base.object.notified(woken.len());
        woken.wake();
    }

    /// Wakes everybody who waits.
    ///
    /// # Panics
    /// As [`notify`](Self::notify).
    ///
    /// # Examples
    /// ```
    /// let condition = unpick_primitives::Condition::new(());
    /// let guard = futures::executor::block_on(condition.lock());
    /// condition.notify_all();
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    #[track_caller]
    fn check(&self, guard: &LockGuard<'_, T>) {
        assert!(
            std::ptr::eq(guard.lock(), &raw const *self.lock),
            "a wait on {self:?} with a guard of {:?}; allowed: a guard of its own lock",
            guard.lock()
        );
    }

    const fn wait_at<'a>(
        &'a self,
        guard: LockGuard<'a, T>,
        site: &'static Location<'static>,
    ) -> ConditionWait<'a, T> {
        let waiting = Waiting::new("wait", Access::Change, site);
        ConditionWait { condition: self, stage: Stage::Holds(guard), waiting }
    }

    /// Somebody was dropped before it had the lock, and may have been notified.
    fn pass_on(&self) {
        let woken = self.base.lock().grant_up_to(1, ());
        self.base.object.notified(woken.len());
        woken.wake();
    }
}

impl<T: Default> Default for Condition<T> {
    #[track_caller]
    fn default() -> Condition<T> {
        Condition::new(T::default())
    }
}

/// Returns the guard as soon as the predicate holds.
async fn wait_for<'a, T, P>(
    condition: &'a Condition<T>,
    mut guard: LockGuard<'a, T>,
    mut predicate: P,
    site: &'static Location<'static>,
) -> LockGuard<'a, T>
where
    P: FnMut(&mut T) -> bool,
{
    while !predicate(&mut guard) {
        guard = condition.wait_at(guard, site).await;
    }
    guard
}

/// The future of [`Condition::wait`].
#[must_use = "futures do nothing unless they are polled"]
pub struct ConditionWait<'a, T = ()> {
    condition: &'a Condition<T>,
    stage: Stage<'a, T>,
    waiting: Waiting,
}

enum Stage<'a, T> {
    /// Has the lock. Left when it is in the queue, which releases the lock.
    Holds(LockGuard<'a, T>),
    /// Is in the queue. Left when it is notified.
    Waits,
    /// Was notified, and waits for the lock. Left when it has the lock.
    Acquires(Acquire<'a, T>),
    /// Has returned.
    Over,
}

const fn queue(waiters: &mut Waiters) -> &mut Waiters {
    waiters
}

impl<'a, T> Future for ConditionWait<'a, T> {
    type Output = LockGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LockGuard<'a, T>> {
        let ConditionWait { condition, stage, waiting } = &mut *self;
        if matches!(stage, Stage::Holds(_) | Stage::Waits) {
            let base = &condition.base;
            let polled = match base.ends_by_hand(waiting, queue) {
                true => Poll::Ready(()),
                false => base.poll(waiting, cx, queue, |_, notified: Option<()>| notified),
            };
            if polled.is_pending() {
                // The lock is released only when this is in the queue: whoever gets it then
                // cannot notify too early.
                if waiting.is_queued()
                    && let Stage::Holds(guard) = std::mem::replace(stage, Stage::Waits)
                {
                    drop(guard);
                }
                return Poll::Pending;
            }
            base.object.observe();
            *stage = Stage::Acquires(condition.lock.lock_at(waiting.site()));
        }
        let Stage::Acquires(acquire) = stage else {
            panic!("a future was polled after it had returned");
        };
        let guard = ready!(Pin::new(acquire).poll(cx));
        *stage = Stage::Over;
        Poll::Ready(guard)
    }
}

impl<T> Drop for ConditionWait<'_, T> {
    fn drop(&mut self) {
        let base = &self.condition.base;
        let _its_own = base.cancel(&mut self.waiting, queue, |_, ()| ());
        if matches!(self.stage, Stage::Waits | Stage::Acquires(_)) {
            self.condition.pass_on();
        }
    }
}

impl<T> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = if self.lock.is_locked() { "locked" } else { "unlocked" };
        let waiters = Count("waiters", self.base.lock().len());
        show(f, "Condition", &self.base.object, format_args!("{locked}{waiters}"))
    }
}

impl<T> fmt::Debug for ConditionWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ConditionWait of {:?}>", self.condition)
    }
}
