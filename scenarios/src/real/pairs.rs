//! The pairs: one entry each, and a folder of the same name in `scenarios/real`.

/// A crate at two versions: one with a known bug, and the one that fixed it.
#[derive(Debug)]
pub struct Pair {
    /// Its folder in `scenarios/real`, and its name on the command line.
    pub name: &'static str,
    /// The crate with the bug.
    pub krate: &'static str,
    /// The version with the bug.
    pub buggy: &'static str,
    /// The version that fixed it.
    pub fixed: &'static str,
    /// Where the bug was published or mended.
    pub upstream: &'static str,
    /// What its user sees, and what a hunt of the first version is to find.
    pub symptom: Symptom,
    /// Within how many runs. The other is to be clean over ten times as many.
    pub runs: u64,
}

/// What the user of a crate sees of its bug. Which kind of finding that makes depends on what the
/// detectors know of the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// Tasks wait, and nobody wakes them.
    Stuck,
    /// A poll never returns.
    Hangs,
    /// A task panics.
    Panics,
}

impl Symptom {
    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Symptom::Stuck => "stuck",
            Symptom::Hangs => "hangs",
            Symptom::Panics => "panics",
        }
    }

    /// The kinds of findings that tell of it.
    #[must_use]
    pub const fn kinds(self) -> &'static [&'static str] {
        match self {
            Symptom::Stuck => &["deadlock", "futurelock", "lost wake-up"],
            Symptom::Hangs => &["hang"],
            Symptom::Panics => &["panic"],
        }
    }
}

/// Every pair.
pub const PAIRS: &[Pair] = &[
    Pair {
        name: "tokio-8260",
        krate: "tokio",
        buggy: "1.52.3",
        fixed: "1.53.0",
        upstream: "https://github.com/tokio-rs/tokio/pull/8260",
        symptom: Symptom::Stuck,
        runs: 100,
    },
    Pair {
        name: "tokio-3652",
        krate: "tokio",
        buggy: "1.4.0",
        fixed: "1.5.0",
        upstream: "https://github.com/tokio-rs/tokio/pull/3652",
        symptom: Symptom::Stuck,
        runs: 300,
    },
    Pair {
        name: "event-listener-36e5220",
        krate: "event-listener",
        buggy: "2.3.2",
        fixed: "2.3.3",
        upstream: "https://github.com/smol-rs/event-listener/commit/36e522035ecdea9e95d1e1032c9277be4123262d",
        symptom: Symptom::Stuck,
        runs: 200,
    },
    Pair {
        name: "async-lock-41",
        krate: "async-lock",
        buggy: "2.7.0",
        fixed: "2.8.0",
        upstream: "https://github.com/smol-rs/async-lock/issues/41",
        symptom: Symptom::Hangs,
        runs: 100,
    },
    Pair {
        name: "deadpool-52e73e9",
        krate: "deadpool",
        buggy: "0.3.0",
        fixed: "0.4.0",
        upstream: "https://github.com/deadpool-rs/deadpool/commit/52e73e917a357c35a23278733074fe44c3b98654",
        symptom: Symptom::Stuck,
        runs: 100,
    },
    Pair {
        name: "moka-59",
        krate: "moka",
        buggy: "0.6.2",
        fixed: "0.6.3",
        upstream: "https://github.com/moka-rs/moka/issues/59",
        symptom: Symptom::Panics,
        runs: 100,
    },
    Pair {
        name: "thingbuf-83",
        krate: "thingbuf",
        buggy: "0.1.5",
        fixed: "0.1.6",
        upstream: "https://github.com/hawkw/thingbuf/issues/83",
        symptom: Symptom::Hangs,
        runs: 100,
    },
    Pair {
        name: "tokio-util-6751",
        krate: "tokio-util",
        buggy: "0.7.11",
        fixed: "0.7.12",
        upstream: "https://github.com/tokio-rs/tokio/issues/6751",
        symptom: Symptom::Stuck,
        runs: 100,
    },
];
