//! Futures that are given up by what holds them.

use std::panic::Location;

use crate::engine::with_run;
use crate::trace::EventKind;

/// Kept by a future that polls another one and may give it up, as a timeout does. It says when
/// that was begun, so that a report can name what was lost when it was dropped half-way.
///
/// # Examples
/// ```
/// use unpick_sim::probe::Scope;
///
/// let mut scope = Scope::new();
/// let mut held = Some(std::future::pending::<()>());
/// // Before each poll of what is held:
/// scope.polls();
/// // When its time is up:
/// scope.time_out(|| held = None);
/// assert!(held.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    site: &'static Location<'static>,
    /// How many events there were before the first poll, in a traced run.
    since: Option<usize>,
}

impl Scope {
    /// A scope whose future has not been polled. Its site is the caller's.
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "its site is the caller's")]
    pub const fn new() -> Scope {
        Scope { site: Location::caller(), since: None }
    }

    /// Notes that the future is about to be polled.
    #[inline]
    pub fn polls(&mut self) {
        if self.since.is_none() {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.since = Some(with_run(|core| core.event_count()).unwrap_or(0));
    }

    /// Calls `drop`, which drops the future because its time is up.
    pub fn time_out<R>(self, drop: impl FnOnce() -> R) -> R {
        let Scope { site, since } = self;
        let before = with_run(|core| {
            core.record(move |_| EventKind::TimedOut { site: site.into() });
            core.is_traced().then(|| core.begin_giving_up(since.unwrap_or(0), Some(site)))
        });
        let dropped = drop();
        if let Some(before) = before.flatten() {
            with_run(|core| core.end_giving_up(before));
        }
        dropped
    }
}
