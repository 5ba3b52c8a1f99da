//! What a package brings along to every run of its process.

use std::sync::OnceLock;

/// What a package brings along to every run of its process, whoever makes it: such as a runtime of
/// another kind, which the code of others looks for in a thread-local.
///
/// Most programs need nothing of the kind. So that they do not pay for it, the runs of a hunt are
/// made [on trial](Manner::OnTrial) first: the companion then only watches whether it is missed.
/// If it was, in any run, the hunt begins anew, and makes its runs [for good](Manner::ForGood).
///
/// All of it is called inside of the run, on its thread.
#[derive(Debug)]
pub struct Companion {
    /// Called before the program is.
    pub begin: fn(Manner),
    /// Told what each panic says, whoever catches it.
    pub panicked: fn(&str),
    /// Called when all is over that the program did, in a run on trial alone.
    pub end: fn() -> Standing,
}

/// How a run is made that a companion goes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The run can be made again.
    OnTrial,
    /// The run is made this once, and must have all that it may need.
    ForGood,
}

/// Whether a run on trial was what it would have been for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was.
    Stands,
    /// The companion was missed: nothing that came of the run is to be believed.
    Void,
}

/// Has the companion go with every run that begins from here on in this process. There is one at
/// the most: says whether this is it.
pub fn accompany(companion: &'static Companion) -> bool {
    std::ptr::eq(*COMPANION.get_or_init(|| companion), companion)
}

static COMPANION: OnceLock<&'static Companion> = OnceLock::new();

/// The companion of this process's runs.
#[inline]
pub(crate) fn companion() -> Option<&'static Companion> {
    COMPANION.get().copied()
}
