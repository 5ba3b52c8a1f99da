//! Snapshots of traces, through [insta](https://docs.rs/insta): feature `insta`.

pub use insta;

use super::Trace;
use crate::run::Outcome;

/// What has a trace.
pub trait Traced {
    /// The trace.
    ///
    /// # Panics
    /// If the run was not traced.
    fn trace(&self) -> &Trace;
}

impl Traced for Trace {
    fn trace(&self) -> &Trace {
        self
    }
}

impl<T> Traced for Outcome<T> {
    fn trace(&self) -> &Trace {
        let trace = self.trace.as_ref();
        trace.expect("a run whose trace is pinned has to be traced: call `Run::traced` on it")
    }
}

impl<T: Traced + ?Sized> Traced for &T {
    fn trace(&self) -> &Trace {
        (**self).trace()
    }
}

/// Pins the text of a trace, of a [`Trace`] or of the [`Outcome`] of a traced run, as
/// `insta::assert_snapshot!` does: with a name in front, or named after the test.
///
/// # Examples
/// ```no_run
/// use unpick_sim::{Run, assert_trace_snapshot, spawn};
///
/// # fn test() {
/// assert_trace_snapshot!(Run::new().plain().traced().execute(|| async { spawn(async {}).await }));
/// # }
/// ```
#[macro_export]
macro_rules! assert_trace_snapshot {
    ($name:literal, $traced:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $name,
            $crate::trace::snapshot::Traced::trace(&$traced).to_text()
        )
    };
    ($traced:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $crate::trace::snapshot::Traced::trace(&$traced).to_text()
        )
    };
}

/// Pins the [normal form](crate::trace::NormalForm) of a trace, which stays the same when
/// independent things come in another order: otherwise like
/// [`assert_trace_snapshot`](crate::assert_trace_snapshot).
///
/// # Examples
/// ```no_run
/// use unpick_sim::{Run, assert_normal_form_snapshot, spawn};
///
/// # fn test() {
/// let outcome = Run::new().seed(7).traced().execute(|| async { spawn(async {}).await });
/// assert_normal_form_snapshot!("a_child", outcome);
/// # }
/// ```
#[macro_export]
macro_rules! assert_normal_form_snapshot {
    ($name:literal, $traced:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $name,
            $crate::trace::snapshot::Traced::trace(&$traced).normal_form()
        )
    };
    ($traced:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $crate::trace::snapshot::Traced::trace(&$traced).normal_form()
        )
    };
}

/// Pins the [lanes](crate::trace::Lanes) of a trace, without places in the source, which change
/// with every edit; with a finding behind it, the lanes of the tasks that it is about. Otherwise
/// like [`assert_trace_snapshot`](crate::assert_trace_snapshot).
///
/// # Examples
/// ```no_run
/// use unpick_sim::{Run, assert_lanes_snapshot, spawn};
///
/// # fn test() {
/// let outcome = Run::new().plain().traced().execute(|| async { spawn(async {}).await });
/// assert_lanes_snapshot!("a_child_in_its_lane", outcome);
/// # }
/// ```
#[macro_export]
macro_rules! assert_lanes_snapshot {
    ($name:literal, $traced:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $name,
            $crate::trace::snapshot::Traced::trace(&$traced).lanes().with_sites(false)
        )
    };
    ($name:literal, $traced:expr, $finding:expr $(,)?) => {
        $crate::trace::snapshot::insta::assert_snapshot!(
            $name,
            $crate::trace::snapshot::Traced::trace(&$traced)
                .lanes()
                .involving(&$finding)
                .with_sites(false)
        )
    };
}
