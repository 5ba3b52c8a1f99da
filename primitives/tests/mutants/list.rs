//! Deliberate breakages of the primitives: each is to be caught by the tests.

// By their paths, because the example that includes this file is elsewhere.
#[path = "list/channels.rs"]
mod channels;
#[path = "list/locks.rs"]
mod locks;
#[path = "list/tasks.rs"]
mod tasks;

/// One breakage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What is broken.
    pub(crate) name: &'static str,
    /// The file, below `primitives/src`.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) original: &'static str,
    /// What is put in its place.
    pub(crate) broken: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    original: &'static str,
    broken: &'static str,
) -> Mutant {
    Mutant { name, file, original, broken }
}

/// Every breakage.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutant> {
    [locks::MUTANTS, channels::MUTANTS, tasks::MUTANTS].into_iter().flatten()
}
