//! Deliberate breakages of hunts, strategies, detectors, explanations and what is kept: each is to be
//! caught by the tests.

// By their paths, because the example that includes this file is elsewhere.
#[path = "list/detectors.rs"]
mod detectors;
#[path = "list/engine.rs"]
mod engine;
#[path = "list/hunts.rs"]
mod hunts;
#[path = "list/strategies.rs"]
mod strategies;

/// One breakage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What is broken.
    pub(crate) name: &'static str,
    /// The file, below `sim/src`.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) original: &'static str,
    /// What is put in its place.
    pub(crate) broken: &'static str,
    /// What catches it: a folder of `tests`, `lib` for what is in the package itself, or `contracts`
    /// for those of the primitives.
    pub(crate) tests: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    original: &'static str,
    broken: &'static str,
    tests: &'static str,
) -> Mutant {
    Mutant { name, file, original, broken, tests }
}

/// Every breakage.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutant> {
    [hunts::MUTANTS, strategies::MUTANTS, engine::MUTANTS, detectors::MUTANTS].into_iter().flatten()
}
