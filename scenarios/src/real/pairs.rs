//! The pairs: one entry each, and a folder of the same name in `scenarios/real`.

use super::Release;

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
    /// How the crate comes by its tokio.
    pub tokio: Tokio,
}

/// How real crates come by their tokio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokio {
    /// It needs no runtime, and the program is over `unpick` itself.
    None,
    /// The program is over `unpick-tokio`. Crates that use tokio have tokio's own, driven by the
    /// run's clock.
    Driven,
    /// Besides, the crate itself and these others are built against `unpick-tokio`: what they do is
    /// announced and interleaved as if it were the program's own.
    Moved(&'static [Release]),
}

impl Pair {
    /// Which crates are built against `unpick-tokio`, for this version of the pair's own.
    pub fn moved(&self, version: &'static str) -> impl Iterator<Item = Release> {
        let (own, others) = match self.tokio {
            Tokio::None | Tokio::Driven => (None, &[][..]),
            Tokio::Moved(others) => (Some(Release { krate: self.krate, version }), others),
        };
        own.into_iter().chain(others.iter().copied())
    }
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
    /// The program itself says that something is wrong.
    Wrong,
    /// A panic on the way out of a panic ends the process.
    Aborts,
}

impl Symptom {
    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Symptom::Stuck => "stuck",
            Symptom::Hangs => "hangs",
            Symptom::Panics => "panics",
            Symptom::Wrong => "wrong",
            Symptom::Aborts => "aborts",
        }
    }

    /// The kinds of findings that tell of it.
    #[must_use]
    pub const fn kinds(self) -> &'static [&'static str] {
        match self {
            Symptom::Stuck => &["deadlock", "futurelock", "lost wake-up"],
            Symptom::Hangs => &["hang"],
            Symptom::Panics => &["panic"],
            Symptom::Wrong => &["error"],
            Symptom::Aborts => &["crash"],
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
        tokio: Tokio::None,
    },
    Pair {
        name: "tokio-3652",
        krate: "tokio",
        buggy: "1.4.0",
        fixed: "1.5.0",
        upstream: "https://github.com/tokio-rs/tokio/pull/3652",
        symptom: Symptom::Stuck,
        runs: 300,
        tokio: Tokio::None,
    },
    Pair {
        name: "event-listener-36e5220",
        krate: "event-listener",
        buggy: "2.3.2",
        fixed: "2.3.3",
        upstream: "https://github.com/smol-rs/event-listener/commit/36e522035ecdea9e95d1e1032c9277be4123262d",
        symptom: Symptom::Stuck,
        runs: 200,
        tokio: Tokio::None,
    },
    Pair {
        name: "async-lock-41",
        krate: "async-lock",
        buggy: "2.7.0",
        fixed: "2.8.0",
        upstream: "https://github.com/smol-rs/async-lock/issues/41",
        symptom: Symptom::Hangs,
        runs: 100,
        tokio: Tokio::None,
    },
    Pair {
        name: "deadpool-52e73e9",
        krate: "deadpool",
        buggy: "0.3.0",
        fixed: "0.4.0",
        upstream: "https://github.com/deadpool-rs/deadpool/commit/52e73e917a357c35a23278733074fe44c3b98654",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::None,
    },
    Pair {
        name: "moka-59",
        krate: "moka",
        buggy: "0.6.2",
        fixed: "0.6.3",
        upstream: "https://github.com/moka-rs/moka/issues/59",
        symptom: Symptom::Panics,
        runs: 100,
        tokio: Tokio::Driven,
    },
    Pair {
        name: "thingbuf-83",
        krate: "thingbuf",
        buggy: "0.1.5",
        fixed: "0.1.6",
        upstream: "https://github.com/hawkw/thingbuf/issues/83",
        symptom: Symptom::Hangs,
        runs: 100,
        tokio: Tokio::None,
    },
    Pair {
        name: "tokio-util-6751",
        krate: "tokio-util",
        buggy: "0.7.11",
        fixed: "0.7.12",
        upstream: "https://github.com/tokio-rs/tokio/issues/6751",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "tokio-7965",
        krate: "tokio",
        buggy: "1.50.0",
        fixed: "1.51.0",
        upstream: "https://github.com/tokio-rs/tokio/issues/7965",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::None,
    },
    Pair {
        name: "tokio-util-8274",
        krate: "tokio-util",
        buggy: "0.7.18",
        fixed: "0.7.19",
        upstream: "https://github.com/tokio-rs/tokio/pull/8274",
        symptom: Symptom::Wrong,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "tokio-util-8320",
        krate: "tokio-util",
        buggy: "0.7.19",
        fixed: "0.7.20",
        upstream: "https://github.com/tokio-rs/tokio/pull/8320",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "tokio-util-8279",
        krate: "tokio-util",
        buggy: "0.7.18",
        fixed: "0.7.19",
        upstream: "https://github.com/tokio-rs/tokio/pull/8279",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "tokio-util-4497",
        krate: "tokio-util",
        buggy: "0.7.0",
        fixed: "0.7.1",
        upstream: "https://github.com/tokio-rs/tokio/pull/4497",
        symptom: Symptom::Stuck,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "bb8-167",
        krate: "bb8",
        buggy: "0.8.3",
        fixed: "0.8.4",
        upstream: "https://github.com/djc/bb8/issues/167",
        symptom: Symptom::Wrong,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "deadpool-205",
        krate: "deadpool",
        buggy: "0.9.4",
        fixed: "0.9.5",
        upstream: "https://github.com/deadpool-rs/deadpool/issues/205",
        symptom: Symptom::Wrong,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "deadpool-380",
        krate: "deadpool",
        buggy: "0.12.1",
        fixed: "0.12.2",
        upstream: "https://github.com/deadpool-rs/deadpool/issues/380",
        symptom: Symptom::Panics,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "async-singleflight-12",
        krate: "async_singleflight",
        buggy: "0.6.1",
        fixed: "0.6.2",
        upstream: "https://github.com/PureWhiteWu/async_singleflight/issues/12",
        symptom: Symptom::Wrong,
        runs: 100,
        tokio: Tokio::Moved(&[]),
    },
    Pair {
        name: "quick-cache-40",
        krate: "quick_cache",
        buggy: "0.6.1",
        fixed: "0.6.2",
        upstream: "https://github.com/arthurprs/quick-cache/pull/40",
        symptom: Symptom::Aborts,
        runs: 100,
        tokio: Tokio::Driven,
    },
];
