//! Permits.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync as real;
use unpick_sim::probe::{Access, Hold, Mode};

use super::Semaphore;

/// Has permits of a semaphore: tokio's [`SemaphorePermit`](real::SemaphorePermit).
#[must_use]
#[clippy::has_significant_drop]
pub struct SemaphorePermit<'a> {
    marks: Marks,
    inner: real::SemaphorePermit<'a>,
    semaphore: &'a Semaphore,
}

/// Has permits of a semaphore that it keeps alive: tokio's
/// [`OwnedSemaphorePermit`](real::OwnedSemaphorePermit).
#[must_use]
#[clippy::has_significant_drop]
pub struct OwnedSemaphorePermit {
    marks: Marks,
    // Invariant: so many of the inner semaphore's permits belong to this one.
    permits: usize,
    semaphore: Arc<Semaphore>,
}

/// What the engine knows of permits.
struct Marks {
    site: &'static Location<'static>,
    hold: Hold,
}

impl Marks {
    #[inline]
    fn acquired(semaphore: &Semaphore, n: usize, site: &'static Location<'static>) -> Marks {
        let hold = match units(n) {
            0 => Hold::none(),
            n => semaphore.object.acquired_at(n, Mode::Permit, site),
        };
        Marks { site, hold }
    }

    /// Notes that there are so many from here on.
    fn count(&mut self, semaphore: &Semaphore, n: usize) {
        self.hold = Hold::none();
        if n > 0 {
            self.hold = semaphore.object.hold_at(units(n), Mode::Permit, self.site);
        }
    }

    /// Notes that they are nobody's any more, and gone.
    fn forget(&mut self, semaphore: &Semaphore, n: usize) {
        self.hold = Hold::none();
        semaphore.object.take(units(n), self.site);
    }

    #[inline]
    fn release(&mut self, semaphore: &Semaphore) {
        semaphore.object.release(std::mem::replace(&mut self.hold, Hold::none()));
    }
}

fn units(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl<'a> SemaphorePermit<'a> {
    #[inline]
    pub(super) fn new(
        semaphore: &'a Semaphore,
        inner: real::SemaphorePermit<'a>,
        site: &'static Location<'static>,
    ) -> Self {
        let marks = Marks::acquired(semaphore, inner.num_permits(), site);
        SemaphorePermit { marks, inner, semaphore }
    }

    /// As tokio's [`forget`](real::SemaphorePermit::forget).
    #[track_caller]
    pub fn forget(mut self) {
        self.semaphore.object.immediate("forget", Access::Change);
        self.marks.forget(self.semaphore, self.inner.num_permits());
        self.take_inner().forget();
    }

    /// As tokio's [`merge`](real::SemaphorePermit::merge).
    ///
    /// # Panics
    /// If the other is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            std::ptr::eq(self.semaphore, other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.inner.merge(other.take_inner());
        other.marks.count(self.semaphore, 0);
        self.marks.count(self.semaphore, self.inner.num_permits());
    }

    /// As tokio's [`split`](real::SemaphorePermit::split).
    pub fn split(&mut self, n: usize) -> Option<Self> {
        let inner = self.inner.split(n)?;
        self.marks.count(self.semaphore, self.inner.num_permits());
        let mut marks = Marks { site: self.marks.site, hold: Hold::none() };
        marks.count(self.semaphore, n);
        Some(SemaphorePermit { marks, inner, semaphore: self.semaphore })
    }

    /// As tokio's [`semaphore`](real::SemaphorePermit::semaphore).
    pub const fn semaphore(&self) -> &Semaphore {
        self.semaphore
    }

    /// As tokio's [`num_permits`](real::SemaphorePermit::num_permits).
    pub fn num_permits(&self) -> usize {
        self.inner.num_permits()
    }

    /// All the permits, so that none are left.
    fn take_inner(&mut self) -> real::SemaphorePermit<'a> {
        let all = self.inner.num_permits();
        self.inner.split(all).expect("a permit can be split into itself and nothing")
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.inner.num_permits() > 0 {
            self.marks.release(self.semaphore);
        }
    }
}

impl OwnedSemaphorePermit {
    pub(super) fn new(
        semaphore: Arc<Semaphore>,
        permits: u32,
        site: &'static Location<'static>,
    ) -> Self {
        let permits = permits as usize;
        let marks = Marks::acquired(&semaphore, permits, site);
        OwnedSemaphorePermit { marks, permits, semaphore }
    }

    /// As tokio's [`forget`](real::OwnedSemaphorePermit::forget).
    #[track_caller]
    pub fn forget(mut self) {
        self.semaphore.object.immediate("forget", Access::Change);
        self.marks.forget(&self.semaphore, std::mem::take(&mut self.permits));
    }

    /// As tokio's [`merge`](real::OwnedSemaphorePermit::merge).
    ///
    /// # Panics
    /// If the other is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.permits += std::mem::take(&mut other.permits);
        other.marks.count(&self.semaphore, 0);
        self.marks.count(&self.semaphore, self.permits);
    }

    /// As tokio's [`split`](real::OwnedSemaphorePermit::split).
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        self.marks.count(&self.semaphore, self.permits);
        let mut marks = Marks { site: self.marks.site, hold: Hold::none() };
        marks.count(&self.semaphore, n);
        Some(OwnedSemaphorePermit { marks, permits: n, semaphore: self.semaphore.clone() })
    }

    /// As tokio's [`semaphore`](real::OwnedSemaphorePermit::semaphore).
    pub const fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// As tokio's [`num_permits`](real::OwnedSemaphorePermit::num_permits).
    pub const fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.marks.release(&self.semaphore);
        }
        // Tokio's own does so too, however many there are.
        self.semaphore.inner.add_permits(self.permits);
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedSemaphorePermit")
            .field("sem", &self.semaphore)
            .field("permits", &self.permits)
            .finish()
    }
}
